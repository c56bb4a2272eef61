// Fair shares, slow readers, floods and noise, over real sockets: what one connection does must not be felt by another.
import { spawn } from "node:child_process";
import { connect as connectTcp, type Socket } from "node:net";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { dial, helloOf, kitToken, startKit, type Kit, type Wire } from "../../test/fixtures/gateway-kit.ts";
import { verdictOnKit } from "../../test/fixtures/mutant-kit.ts";
import { systemClock, type Clock } from "../base/clock.ts";

let kit: Kit;
beforeAll(async () => {
  kit = await startKit();
});
afterAll(() => kit.close());

const p99 = (values: number[]) => [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * 0.99))] ?? 0;

async function latencies(wire: Wire, count: number): Promise<number[]> {
  const times: number[] = [];
  for (let i = 0; i < count; i++) {
    const begun = performance.now();
    await wire.ask("status", {});
    times.push(performance.now() - begun);
  }
  return times;
}

describe("[R30] many calls at once", () => {
  it("[R30] 5,000 calls queued on one socket are all answered and leave others at p99 ≤ 100 ms", async () => {
    const other = await dial(kit, { scopes: ["operator.read"] });
    await latencies(other, 20);
    const calls = 5_000;
    const rounds: number[] = [];
    // The promise is the gateway's; on a busy machine the best of three rounds is its part.
    while (rounds.length < 3 && !rounds.some((worst) => worst <= 100)) {
      const flood = floodFrom(kit, calls);
      await flood.begun;
      rounds.push(p99(await latencies(other, 200)));
      expect(await flood.answers).toBe(calls);
    }
    expect(Math.min(...rounds)).toBeLessThanOrEqual(100);
    console.log(`[R30] ${calls} queued calls, all answered; another client's p99 over 200 calls: ${rounds.map((ms) => `${ms.toFixed(1)} ms`).join(", ")}`);
    other.close();
  }, 60_000);

  const slow = { gatewayConfig: { limits: { requestsPerSecond: 200 } } };
  /** A clock that can be held: no new right to call comes while it stands. */
  const holdable = () => {
    let heldAt: number | undefined;
    const clock: Clock = { ...systemClock, monotonic: () => heldAt ?? systemClock.monotonic() };
    return { clock, hold: () => void (heldAt = systemClock.monotonic()), release: () => void (heldAt = undefined) };
  };

  /** 600 calls while the clock stands: the burst is answered and no more; then it goes on. */
  const waitsBeyondTheRate = async (on: Kit, time: ReturnType<typeof holdable>) => {
    const wire = await dial(on, { scopes: ["operator.read"] });
    const other = await dial(on, { scopes: ["operator.read"] });
    const answered = () => wire.frames.filter((frame) => frame.type === "res" && frame.id?.startsWith("f") === true).length;
    time.hold();
    for (let n = 0; n < 600; n++) wire.socket.send(`{"type":"req","id":"f${n}","method":"health","params":{}}`);
    await expect.poll(answered, { timeout: 10_000 }).toBeGreaterThanOrEqual(400);
    for (let n = 0; n < 200 && answered() <= 400; n++) await other.ask("health"); // each is a turn for both
    const inBurst = answered();
    time.release();
    await expect.poll(answered, { timeout: 10_000 }).toBe(600);
    wire.close();
    other.close();
    expect(inBurst, "answered at once").toBe(400);
  };

  it("[I.23] beyond the rate a connection waits and nothing is lost", async () => {
    const time = holdable();
    const own = await startKit({ ...slow, clock: time.clock });
    await waitsBeyondTheRate(own, time);
    await own.close();
    console.log("[I.23] 600 calls at a rate of 200 a second");
  }, 20_000);

  it("[I.23] the check sees a gateway that does not apply the rate", async () => {
    const time = holdable();
    const mutation = { name: "no rate", file: "src/gateway/gateway.ts", from: "perSecond: limits().requestsPerSecond", to: "perSecond: limits().requestsPerSecond * 1_000" };
    expect(await verdictOnKit(mutation, { ...slow, clock: time.clock }, (on) => waitsBeyondTheRate(on, time))).toMatch(/answered at once/);
  });
});

/** A flood from a process of its own, so that only the gateway's work is shared; its answers are counted by id. */
function floodFrom(on: Kit, calls: number): { begun: Promise<void>; answers: Promise<number> } {
  const script = fileURLToPath(new URL("../../test/fixtures/flood.ts", import.meta.url));
  const child = spawn(process.execPath, [script, on.url, kitToken, String(calls), "status"], { stdio: ["ignore", "pipe", "inherit"] });
  const begun = Promise.withResolvers<void>();
  const answers = Promise.withResolvers<number>();
  child.stdout.on("data", (part: Buffer) => {
    if (part.includes("begun")) begun.resolve();
    const count = /answers (\d+)/.exec(part.toString())?.[1];
    if (count !== undefined) answers.resolve(Number(count));
  });
  child.on("exit", () => begun.resolve());
  return { begun: begun.promise, answers: answers.promise };
}

describe("[R15] slow readers", () => {
  it("[R15] are cut off at their bound, and others do not feel them", async () => {
    const own = await startKit({ gatewayConfig: { limits: { maxBufferedBytes: 262_144 } } });
    const { app } = own.gateway;
    const readers = await Promise.all(Array.from({ length: 20 }, () => neverReads(own)));
    const other = await dial(own, { scopes: ["operator.read"] });
    const before = p99(await latencies(other, 50));
    const text = "x".repeat(200_000);
    for (let n = 0; n < 60; n++) {
      app.events.emit("session.message", { sessionKey: "agent:main:main", sessionId: "s", agentId: "main", kind: "inject", text, messageId: `m${n}` });
      await new Promise((done) => setTimeout(done, 5));
    }
    const during: number[] = [];
    while (during.length < 3 && !during.some((worst) => worst - before <= 20)) during.push(p99(await latencies(other, 50)));
    await expect.poll(() => readers.filter((reader) => reader.closed).length, { timeout: 10_000 }).toBe(20);
    expect(other.events("chat")).toHaveLength(60);
    expect(Math.min(...during) - before).toBeLessThanOrEqual(20);
    console.log(`[R15] 20 readers that never read cut off; others' p99 ${before.toFixed(1)} → ${Math.min(...during).toFixed(1)} ms`);
    other.close();
    await own.close();
  }, 40_000);

  it("[R15] that read one byte at a time are cut off too, when nothing moves for ten seconds", async () => {
    const own = await startKit();
    const reader = await neverReads(own);
    const { app } = own.gateway;
    for (let n = 0; n < 30; n++) app.events.emit("session.message", { sessionKey: "agent:main:main", sessionId: "s", agentId: "main", kind: "inject", text: "y".repeat(200_000), messageId: `m${n}` });
    expect(reader.closed).toBe(false);
    await expect.poll(() => reader.closed, { timeout: 18_000, interval: 250 }).toBe(true);
    await own.close();
  }, 30_000);
});

/** Signs in and then leaves everything unread. */
async function neverReads(on: Kit): Promise<{ closed: boolean }> {
  const socket = connectTcp({ port: on.gateway.port, host: "127.0.0.1" });
  const state = { closed: false };
  socket.on("close", () => (state.closed = true));
  socket.on("error", () => (state.closed = true));
  let text = "";
  const seen = (words: string) => new Promise<void>((done) => {
    const look = (data: Buffer) => {
      text += data.toString("latin1");
      if (!text.includes(words)) return;
      socket.off("data", look);
      done();
    };
    socket.on("data", look);
  });
  const challenged = seen("connect.challenge");
  socket.write(`GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${Buffer.alloc(16, 1).toString("base64")}\r\n\r\n`);
  await challenged;
  const welcomed = seen("hello-ok");
  socket.write(frameOf(JSON.stringify({ type: "req", id: "1", method: "connect", params: { minProtocol: 4, maxProtocol: 4, client: { id: "test", mode: "cli", version: "1", platform: "x" }, scopes: ["operator.read"], auth: { token: kitToken } } })));
  await welcomed;
  socket.pause();
  // A paused socket does not notice that the other side hung up; a write does.
  const poke = setInterval(() => (state.closed ? clearInterval(poke) : socket.write(frameOf("ping"))), 200);
  return state;
}

function frameOf(text: string): Buffer {
  const body = Buffer.from(text);
  const head = body.length < 126 ? Buffer.from([0x81, 0x80 | body.length]) : Buffer.from([0x81, 0xfe, body.length >> 8, body.length & 0xff]);
  return Buffer.concat([head, Buffer.alloc(4), body]); // a mask of zeros changes nothing
}

describe("[R31] noise", () => {
  const total = 50_000;

  const endure = async (on: Kit, frames: number) => {
    const next = random(20_261_121);
    const known = await dial(on, { scopes: ["operator.read", "operator.write"] });
    let sent = 0;
    let cut = 0;
    let slowestMs = 0;
    while (sent < frames) {
      const wire = await dial(on, { scopes: ["operator.read", "operator.write"] });
      const closed = wire.closed.then(() => cut++);
      for (let n = 0; n < 2_000 && sent < frames && wire.socket.readyState === wire.socket.OPEN; n++, sent++) wire.socket.send(mutated(next), { binary: next() < 0.3 });
      const begun = performance.now();
      expect((await known.ask("health")).ok).toBe(true);
      slowestMs = Math.max(slowestMs, performance.now() - begun);
      wire.close();
      await closed;
    }
    expect(on.logs.filter((line) => line.includes("unforeseen")).slice(0, 1), "unforeseen").toEqual([]);
    expect(slowestMs).toBeLessThan(1_000);
    (await dial(on)).close();
    known.close();
    return { sent, cut, slowestMs };
  };

  it(`[R31] ${total.toLocaleString("en")} malformed frames end no process, and the next client is served`, async () => {
    const { sent, cut, slowestMs } = await endure(kit, total);
    console.log(`[R31] ${sent} frames, ${cut} connections, slowest answer beside them ${slowestMs.toFixed(0)} ms`);
  }, 120_000);

  it("[R31] the check sees a gateway that does not look at params", async () => {
    const mutation = { name: "params unseen", file: "src/gateway/dispatch.ts", from: "const params = paramsOf(method, caller, raw);", to: "const params = (raw ?? {}) as never;" };
    expect(await verdictOnKit(mutation, {}, (on) => endure(on, 2_000))).toMatch(/unforeseen/);
  });

  const outliveBytes = async (on: Kit, rounds: number) => {
    const next = random(7);
    const known = await dial(on, { scopes: ["operator.read"] });
    for (let round = 0; round < rounds; round++) {
      await Promise.all(Array.from({ length: 10 }, () => throwBytes(on, rawNoise(next))));
      if (round % 20 === 0) expect((await known.ask("health")).ok).toBe(true);
    }
    expect((await known.ask("health")).ok).toBe(true);
    expect((await fetch(`${on.gateway.url}/health`)).status).toBe(200);
    expect(on.logs.filter((line) => line.includes("unforeseen")).slice(0, 1), "unforeseen").toEqual([]);
    expect(known.socket.readyState, "the known client").toBe(known.socket.OPEN);
    known.close();
    return rounds * 10;
  };

  it("[R31] broken WebSocket frames and HTTP requests end their own socket only", async () => {
    console.log(`[R31] ${await outliveBytes(kit, 60)} broken byte streams`);
  }, 60_000);

  const tellBadFrames = async (on: Kit, patienceMs: number) => {
    const wire = await dial(on, { scopes: ["operator.read"] });
    const cases: [text: string, id: string][] = [
      [`{"type":"req","id":"deep","method":"health","params":${"[".repeat(65)}${"]".repeat(65)}}`, "invalid"],
      [`{"type":"req","id":"wide","method":"health","params":{${Array.from({ length: 100_001 }, (_, n) => `"k${n}":1`).join(",")}}}`, "invalid"],
      ['{"type":"res","id":"x1","ok":true}', "x1"], ["[]", "invalid"], ["null", "invalid"], ["5", "invalid"], ['{"type":"req","id":7,"method":"health"}', "invalid"], ['{"type":"req","id":"x2"}', "x2"], ['{"type":"req","id":"x3","method":""}', "x3"],
    ];
    for (const [text, id] of cases) {
      const before = wire.frames.length;
      wire.socket.send(text);
      await expect.poll(() => wire.frames.slice(before).some((frame) => frame.id === id && frame.error?.message.startsWith("invalid request frame: ")), { timeout: patienceMs, message: text.slice(0, 60) }).toBe(true);
    }
    wire.socket.send("{not json");
    expect((await wire.ask("health")).ok).toBe(true);
    const own = await wire.ask("health", JSON.parse('{"__proto__":{"polluted":true},"constructor":1}'));
    expect(own.ok).toBe(true);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
    wire.close();
    return cases.length + 2;
  };

  it("[I.28] frames too deep, too wide or of the wrong type are told so", async () => {
    console.log(`[I.28] ${await tellBadFrames(kit, 10_000)} frames`);
  });

  it.each([
    { name: "does not bound frames", from: "if (breach !== undefined) return", to: "if (breach === \"\") return", says: /deep/ },
    { name: "keeps quiet about frames that are none", from: "if (!read.ok) return respond(connection, read.id, {", to: "if (!read.ok && read.id === \"invalid\" && text === \"5\") return; if (!read.ok) return respond(connection, read.id, {", says: /5/ },
  ])("[I.28] the check sees a gateway that $name", async ({ says, ...mutation }) => {
    expect(await verdictOnKit({ file: "src/gateway/dispatch.ts", ...mutation }, {}, (on) => tellBadFrames(on, 300))).toMatch(says);
  });
});

function random(seed: number): () => number {
  let state = seed;
  return () => ((state = (state * 1_103_515_245 + 12_345) % 2_147_483_648) / 2_147_483_648);
}

const methods = ["health", "chat.history", "sessions.list", "sessions.patch", "node.invoke", "config.get", "logs.tail", "models.list", "agents.list", "events.resume", "system-presence", "connect", "usage.cost", "sessions.preview", "agent.wait", "chat.abort"];
const odd = ["null", "true", "[]", "{}", '""', '"x"', "-1", "1e999", "0.5", '{"__proto__":{"x":1}}', '"\\u0000"', '"\\ud800"', "[[[[[]]]]]", '{"toString":1}', "9007199254740993", '"agent:::"', '"../../etc"'];
const names = ["sessionKey", "key", "limit", "keys", "nodeId", "idempotencyKey", "connId", "seq", "path", "runId", "timeoutMs", "zzz", "constructor"];

/** A frame that was right once, with a few things wrong. */
function mutated(next: () => number): string {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(next() * list.length)] as T;
  const params = `{${Array.from({ length: Math.floor(next() * 3) }, () => `"${pick(names)}":${pick(odd)}`).join(",")}}`;
  const frame = `{"type":"req","id":"${Math.floor(next() * 1e6)}","method":"${pick(methods)}","params":${next() < 0.2 ? pick(odd) : params}}`;
  const kind = next();
  if (kind < 0.45) return frame;
  if (kind < 0.6) return frame.slice(0, Math.floor(next() * frame.length));
  const at = Math.floor(next() * frame.length);
  if (kind < 0.8) return frame.slice(0, at) + String.fromCharCode(Math.floor(next() * 256)) + frame.slice(at + 1);
  if (kind < 0.9) return frame.slice(0, at) + frame.slice(at + Math.floor(next() * 8));
  return "[".repeat(Math.floor(next() * 200));
}

function rawNoise(next: () => number): Buffer {
  const upgrade = "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n";
  const junk = Buffer.from(Array.from({ length: Math.floor(next() * 400) }, () => Math.floor(next() * 256)));
  if (next() < 0.6) return Buffer.concat([Buffer.from(upgrade), junk]);
  const line = Buffer.from(upgrade);
  const at = Math.floor(next() * line.length);
  line[at] = Math.floor(next() * 256);
  return next() < 0.5 ? line : Buffer.concat([Buffer.from("POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n"), junk]);
}

function throwBytes(on: Kit, bytes: Buffer): Promise<void> {
  return new Promise((done) => {
    const socket: Socket = connectTcp({ port: on.gateway.port, host: "127.0.0.1" });
    const end = () => {
      socket.destroy();
      done();
    };
    socket.on("error", end);
    socket.on("close", end);
    socket.resume();
    socket.write(bytes, () => setTimeout(end, 15));
  });
}

/** The number in a `line n` message. */
function lineOf(payload: Record<string, unknown> | undefined): number {
  const message = payload?.message as { content?: { text: string }[] } | undefined; // a chat event of this test
  return Number(message?.content?.[0]?.text.replace("line ", ""));
}

describe("[R14] a client that was away", () => {
  const missesNothing = async (on: Kit, rounds: number) => {
    const { app } = on.gateway;
    const scopes = ["operator.read", "operator.write"];
    const say = (n: number) => app.events.emit("session.message", { sessionKey: "agent:main:main", sessionId: "s", agentId: "main", kind: "inject", text: `line ${n}`, messageId: `m${n}` });
    const numbers = (wire: Wire) => wire.frames.filter((frame) => frame.event === "chat").map((frame) => lineOf(frame.payload));
    let drops = 0;
    let n = 0;
    let wire = await dial(on, { scopes });
    const got: number[] = [];
    for (; drops < rounds; drops++) {
      for (let i = 0; i < 4; i++) say(n++);
      await expect.poll(() => numbers(wire).length).toBeGreaterThan(0);
      const { connId } = helloOf(wire).server;
      const seen = wire.frames.filter((frame) => frame.seq !== undefined);
      const kept = seen.slice(0, Math.max(1, seen.length - (drops % 3))); // as if the last frames had been lost
      const lastSeq = kept.at(-1)?.seq ?? 0;
      got.push(...kept.filter((frame) => frame.event === "chat").map((frame) => lineOf(frame.payload)));
      if (drops % 2 === 0) wire.close();
      for (let i = 0; i < 3; i++) say(n++);
      const back = await dial(on, { scopes });
      const caught = await back.call<{ resync: boolean; events: { event: string; seq: number; payload: Record<string, unknown> }[] }>("events.resume", { connId, seq: lastSeq });
      expect(caught.resync, "a resync").toBe(false);
      expect(caught.events.map((event) => event.seq), "numbers").toEqual(caught.events.map((_, i) => lastSeq + 1 + i));
      got.push(...caught.events.filter((event) => event.event === "chat").map((event) => lineOf(event.payload)));
      wire.close();
      wire = back;
    }
    expect(got, "events").toEqual(Array.from({ length: n }, (_, i) => i));
    const foreign = await dial(on, { scopes, client: { id: "openclaw-tui" } });
    expect(await foreign.call("events.resume", { connId: helloOf(wire).server.connId, seq: 0 }), "another's events").toMatchObject({ resync: true });
    expect(await wire.call("events.resume", { connId: "00000000-0000-4000-8000-000000000000", seq: 0 })).toMatchObject({ resync: true });
    wire.close();
    foreign.close();
    return n;
  };

  it("[R14] gets what it missed over a new socket, exactly, and only what was its own", async () => {
    console.log(`[R14] 25 dropped sockets, ${await missesNothing(kit, 25)} events, none missing, none twice`);
  }, 60_000);

  it.each([
    { name: "gives anybody what another missed", from: "if (!isSame || !holdsAll) return undefined;", to: "", says: /another's events/ },
    { name: "leaves the last missed event out", from: "for (const { pushed, seq } of missed.events) {", to: "for (const { pushed, seq } of missed.events.slice(0, -1)) {", says: /numbers|events/ },
    { name: "does not know former sockets", from: "const position = live ? live.streamPosition() : app.ring.retired(connId);", to: "const position = live?.streamPosition();", says: /a resync/ },
  ])("[R14] the check sees a gateway that $name", async ({ says, ...mutation }) => {
    expect(await verdictOnKit({ file: "src/gateway/resume.ts", ...mutation }, {}, (on) => missesNothing(on, 3))).toMatch(says);
  });
});
