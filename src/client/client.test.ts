// The client against a small gateway of its own wire: handshake, calls, events, reconnecting, refusals.
import { createHash, createPublicKey, generateKeyPairSync, sign, verify } from "node:crypto";
import { afterEach, describe, expect, it } from "vitest";
import { WebSocket as Ws, WebSocketServer } from "ws";
import { CallError } from "./call-error.ts";
import { type ClientIdentity, type ClientOptions, type ClientState, connect, type Gap, type GatewayClient } from "./client.ts";
import { platformTimers, type Timers } from "./timers.ts";

interface Peer {
  socket: Ws;
  nonce: string;
  challengeTs: number;
  connect: Record<string, any>; // oxlint-disable-line typescript/no-explicit-any -- a recorded frame, looked into by tests only
  send(frame: object): void;
}
type Request = { id: string; method: string; params: Record<string, unknown> };
interface Script {
  connect?: (peer: Peer, id: string) => void;
  request?: (peer: Peer, request: Request) => void;
}

const hello = (extra: object = {}): object => ({
  type: "hello-ok",
  protocol: 4,
  server: { version: "1", connId: "c1" },
  features: { methods: ["health"], events: ["tick"] },
  snapshot: { presence: [], health: {}, stateVersion: { presence: 1, health: 1 }, uptimeMs: 5 },
  auth: { role: "operator", scopes: ["operator.read"] },
  policy: { maxPayload: 20_000, maxBufferedBytes: 1_000_000, tickIntervalMs: 30_000 },
  ...extra,
});

const open: { server: WebSocketServer; clients: GatewayClient[] }[] = [];

async function gateway(script: Script = {}): Promise<{ url: string; peers: Peer[]; client(options?: Partial<ClientOptions>): GatewayClient; stop(): Promise<void> }> {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  await new Promise((resolve) => server.once("listening", resolve));
  const peers: Peer[] = [];
  const clients: GatewayClient[] = [];
  server.on("connection", (socket) => {
    const peer: Peer = { socket, nonce: `nonce-${peers.length}`, challengeTs: 1_700_000_000_000 + peers.length, connect: {}, send: (frame) => socket.send(JSON.stringify(frame)) };
    peers.push(peer);
    socket.on("message", (data) => {
      const request = JSON.parse(String(data)) as Request;
      if (request.method !== "connect") return script.request?.(peer, request);
      peer.connect = request.params;
      if (script.connect) script.connect(peer, request.id);
      else peer.send({ type: "res", id: request.id, ok: true, payload: hello() });
      return undefined;
    });
    peer.send({ type: "event", event: "connect.challenge", payload: { nonce: peer.nonce, ts: peer.challengeTs } });
  });
  const url = `ws://127.0.0.1:${(server.address() as { port: number }).port}`;
  open.push({ server, clients });
  return {
    url,
    peers,
    client(options = {}) {
      const client = connect({ url, client: { id: "test", mode: "test", version: "1", platform: "Linux" }, ...options });
      clients.push(client);
      return client;
    },
    stop: () => closeServer(server),
  };
}

function closeServer(server: WebSocketServer): Promise<void> {
  for (const socket of server.clients) socket.terminate();
  return new Promise((resolve) => server.close(() => resolve()));
}

afterEach(async () => {
  for (const { server, clients } of open.splice(0)) {
    for (const client of clients) client.close();
    await closeServer(server);
  }
});

function reach<K extends ClientState["kind"]>(client: GatewayClient, kind: K): Promise<Extract<ClientState, { kind: K }>> {
  return new Promise((resolve) => {
    const look = (state: ClientState): void => {
      if (state.kind === kind) resolve(state as Extract<ClientState, { kind: K }>);
    };
    client.onState(look);
    look(client.state);
  });
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 1));
}

/** Real time, but pauses of the client are noted and pass at once. */
function quick(pauses: number[], chance = 0.5): Timers {
  return { ...platformTimers, random: () => chance, after: (delayMs, fire) => (delayMs < 10_000 ? (pauses.push(delayMs), platformTimers.after(1, fire)) : platformTimers.after(delayMs, fire)) };
}

const refuse = (details: object, message = "no", code = "INVALID_REQUEST") => (peer: Peer, id: string) => {
  peer.send({ type: "res", id, ok: false, error: { code, message, details } });
  peer.socket.close(1008, message);
};

function identity(): ClientIdentity & { raw: Buffer } {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const raw = publicKey.export({ format: "der", type: "spki" }).subarray(12);
  return { raw, deviceId: createHash("sha256").update(raw).digest("hex"), publicKey: raw.toString("base64url"), sign: async (text) => sign(null, Buffer.from(text), privateKey).toString("base64url") };
}

describe("handshake", () => {
  it("answers the challenge, offers protocols 3 to 4 and reports the hello", async () => {
    const server = await gateway();
    const client = server.client({ scopes: ["operator.read"], caps: ["tool-events"], auth: { token: "t" } });
    const welcome = await client.ready();
    expect(welcome.server.connId).toBe("c1");
    expect(client.state.kind).toBe("online");
    expect(server.peers[0]?.connect).toMatchObject({ minProtocol: 3, maxProtocol: 4, role: "operator", scopes: ["operator.read"], caps: ["tool-events"], auth: { token: "t" }, client: { id: "test" } });
    expect(server.peers[0]?.connect).not.toHaveProperty("device");
  });

  it("signs the device payload that the gateway can rebuild from what was sent", async () => {
    const server = await gateway();
    const key = identity();
    const client = server.client({ identity: key, scopes: ["operator.admin", "operator.read"], auth: { deviceToken: "dt" }, client: { id: "test", mode: "ui", version: "1", platform: " LinuxÄ ", deviceFamily: "Desk" } });
    await client.ready();
    const { nonce, challengeTs, connect: sent } = server.peers[0] as Peer;
    expect(sent.auth).toEqual({ token: "dt", deviceToken: "dt" });
    expect(sent.device).toMatchObject({ id: key.deviceId, publicKey: key.publicKey, nonce, signedAt: challengeTs });
    const payload = ["v3", key.deviceId, "test", "ui", "operator", "operator.admin,operator.read", challengeTs, "dt", nonce, "linuxÄ", "desk"].join("|");
    const publicKey = createPublicKey({ key: Buffer.concat([Buffer.from("302a300506032b6570032100", "hex"), key.raw]), format: "der", type: "spki" });
    expect(verify(null, Buffer.from(payload), publicKey, Buffer.from(sent.device.signature as string, "base64url"))).toBe(true);
  });

  it("gives up on a peer that answers connect with something else", async () => {
    const server = await gateway({ connect: (peer, id) => peer.send({ type: "res", id, ok: true, payload: { type: "hi" } }) });
    const client = server.client({ reconnect: false });
    await expect(client.ready()).rejects.toMatchObject({ code: "OFFLINE", details: { code: "BAD_ANSWER" } });
  });

  it("takes the `ws` package as its socket", async () => {
    const server = await gateway();
    const client = server.client({ socket: (url) => new Ws(url) as unknown as WebSocket /* the browser's interface in all that is used */ });
    expect((await client.ready()).protocol).toBe(4);
  });
});

describe("calls", () => {
  it("matches answers that come out of order", async () => {
    const held: Request[] = [];
    const server = await gateway({
      request(peer, request) {
        held.push(request);
        if (held.length === 2) for (const { id, params } of held.toReversed()) peer.send({ type: "res", id, ok: true, payload: params });
      },
    });
    const client = server.client();
    expect(await Promise.all([client.call("a", { n: 1 }), client.call("b", { n: 2 })])).toEqual([{ n: 1 }, { n: 2 }]);
  });

  it("rejects with the gateway's code, details and payload", async () => {
    const server = await gateway({ request: (peer, { id }) => peer.send({ type: "res", id, ok: false, payload: { runId: "r" }, error: { code: "FORBIDDEN", message: "missing scope: operator.admin", details: { code: "MISSING_SCOPE" }, retryAfterMs: 7 } }) });
    const error = await server.client().call("x").catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(CallError);
    expect(error).toMatchObject({ code: "FORBIDDEN", detailsCode: "MISSING_SCOPE", retryAfterMs: 7, payload: { runId: "r" } });
  });

  it("reports the first of two answers and resolves with the second only when asked to", async () => {
    const server = await gateway({
      request(peer, { id }) {
        peer.send({ type: "res", id, ok: true, payload: { status: "accepted", runId: "r" } });
        peer.send({ type: "res", id, ok: true, payload: { status: "ok", runId: "r" } });
      },
    });
    const client = server.client();
    const early: unknown[] = [];
    expect(await client.call("agent", {}, { expectFinal: true, onAccepted: (payload) => early.push(payload) })).toEqual({ status: "ok", runId: "r" });
    expect(early).toEqual([{ status: "accepted", runId: "r" }]);
    expect(await client.call("agent", {})).toEqual({ status: "accepted", runId: "r" });
  });

  it("stops waiting when its signal fires, when time is up, and when the connection ends", async () => {
    const server = await gateway();
    const client = server.client({ reconnect: false });
    await client.ready();
    const giveUp = new AbortController();
    const aborted = client.call("slow", {}, { signal: giveUp.signal });
    giveUp.abort(new Error("changed my mind"));
    await expect(aborted).rejects.toThrow("changed my mind");
    await expect(client.call("slow", {}, { timeoutMs: 5 })).rejects.toMatchObject({ code: "TIMEOUT" });
    const cut = client.call("slow");
    server.peers[0]?.socket.terminate();
    await expect(cut).rejects.toMatchObject({ code: "CONNECTION_LOST", retryable: true });
    await expect(client.call("slow")).rejects.toMatchObject({ code: "OFFLINE" });
  });

  it("refuses a request larger than the gateway takes, counting bytes and not letters", async () => {
    const server = await gateway({ request: (peer, { id }) => peer.send({ type: "res", id, ok: true, payload: "took it" }) });
    const client = server.client();
    await expect(client.call("big", { text: "ü".repeat(10_001) })).rejects.toMatchObject({ code: "TOO_LARGE" });
    await expect(client.call("fits", { text: "u".repeat(10_001) })).resolves.toBe("took it");
  });
});

describe("events", () => {
  it("delivers by name and to the wildcard, and tells of a gap in seq before the event after it", async () => {
    const server = await gateway();
    const client = server.client();
    const seen: unknown[] = [];
    client.on("chat", (payload) => seen.push(payload));
    client.on<Gap>("gap", (gap) => seen.push(gap));
    const all = new Promise<void>((resolve) => client.on("*", (_payload, frame) => frame.event === "last" && resolve()));
    await client.ready();
    const send = (event: string, seq: number | undefined, payload: unknown): void => server.peers[0]?.send({ type: "event", event, payload, ...(seq !== undefined && { seq }) });
    send("chat", 7, "a");
    send("chat", undefined, "targeted");
    send("chat", 8, "b");
    send("chat", 11, "c");
    send("last", 12, null);
    await all;
    expect(seen).toEqual(["a", "targeted", "b", { expected: 9, received: 11 }, "c"]);
  });

  it("tells what was missed while away before anything newer, each once and in order", async () => {
    const resumable = (connId: string): object => hello({ server: { version: "1", connId }, features: { methods: ["events.resume"], events: [] } });
    const asked: unknown[] = [];
    const server = await gateway({
      connect: (peer, id) => peer.send({ type: "res", id, ok: true, payload: resumable(`c${server.peers.length}`) }),
      request(peer, { id, params }) {
        asked.push(params);
        peer.send({ type: "event", event: "chat", payload: "newer", seq: 1 }); // arrives while the missed ones are fetched
        peer.send({ type: "res", id, ok: true, payload: { resync: false, events: [{ event: "chat", payload: "missed 1", seq: 8 }, { event: "chat", payload: "missed 2", seq: 9 }] } });
      },
    });
    const client = server.client({ timers: quick([]) });
    const seen: unknown[] = [];
    client.on("chat", (payload) => seen.push(payload));
    client.on("gap", () => seen.push("gap"));
    await client.ready();
    server.peers[0]?.send({ type: "event", event: "chat", payload: "before", seq: 7 });
    await until(() => seen.length === 1);
    server.peers[0]?.socket.terminate();
    await reach(client, "offline");
    await client.ready();
    expect(asked).toEqual([{ connId: "c1", seq: 7 }]);
    expect(seen).toEqual(["before", "missed 1", "missed 2", "newer"]);
    server.peers[1]?.send({ type: "event", event: "chat", payload: "after", seq: 2 });
    await until(() => seen.length === 5);
    expect(seen.at(-1)).toBe("after");
  });

  it.each([
    ["too much was missed", { resync: true, reason: "10,001 events", events: [] }],
    ["the answer is none", { hello: 1 }],
  ])("says once that the state must be read anew when %s", async (_why, answer) => {
    const server = await gateway({
      connect: (peer, id) => peer.send({ type: "res", id, ok: true, payload: hello({ features: { methods: ["events.resume"], events: [] } }) }),
      request: (peer, { id }) => peer.send({ type: "res", id, ok: true, payload: answer }),
    });
    const client = server.client({ timers: quick([]) });
    const gaps: Gap[] = [];
    client.on<Gap>("gap", (gap) => gaps.push(gap));
    await client.ready();
    server.peers[0]?.socket.terminate();
    await reach(client, "offline");
    await client.ready();
    expect(gaps).toMatchObject([{ expected: 1, reason: expect.any(String) }]);
  });

  it("starts a new count on a new connection", async () => {
    const server = await gateway();
    const client = server.client({ timers: quick([]) });
    const gaps: unknown[] = [];
    client.on("gap", (gap) => gaps.push(gap));
    await client.ready();
    server.peers[0]?.send({ type: "event", event: "a", seq: 40 });
    server.peers[0]?.socket.close(1012, "service restart");
    await reach(client, "offline");
    await reach(client, "online");
    const got = new Promise<void>((resolve) => client.on("b", () => resolve()));
    server.peers[1]?.send({ type: "event", event: "b", seq: 99 });
    await got;
    // One for the reconnect to a gateway that keeps no events, none for the other numbers.
    expect(gaps).toMatchObject([{ expected: 41, reason: "the gateway keeps no events" }]);
  });

  it("closes with 4000 and returns when nothing is heard for two tick intervals", async () => {
    const server = await gateway({ connect: (peer, id) => peer.send({ type: "res", id, ok: true, payload: hello({ policy: { maxPayload: 9_999, maxBufferedBytes: 9_999, tickIntervalMs: 20 } }) }) });
    const client = server.client({ timers: quick([]) });
    await client.ready();
    const code = await new Promise((resolve) => server.peers[0]?.socket.on("close", resolve));
    expect(code).toBe(4000);
    await reach(client, "online");
    expect(server.peers.length).toBeGreaterThan(1);
  });
});

describe("reconnecting", () => {
  it("waits a random part of a doubling pause, up to the cap", async () => {
    const pauses: number[] = [];
    const server = await gateway();
    await server.stop();
    const client = server.client({ timers: quick(pauses) });
    await new Promise<void>((resolve) => client.onState((state) => state.kind === "offline" && state.attempt === 9 && resolve()));
    expect(pauses.filter((pause) => pause < 10_000)).toEqual([125, 250, 500, 1000, 2000, 4000, 7500, 7500, 7500]);
    expect(client.state).toMatchObject({ kind: "offline", code: "CLOSE_1006", reason: "The gateway cannot be reached." });
  });

  it("adds the time a restart was said to take", async () => {
    const pauses: number[] = [];
    const server = await gateway();
    const client = server.client({ timers: quick(pauses) });
    await client.ready();
    server.peers[0]?.send({ type: "event", event: "shutdown", payload: { reason: "restart", restartExpectedMs: 900 } });
    server.peers[0]?.socket.close(1012, "service restart");
    expect(await reach(client, "offline")).toMatchObject({ code: "CLOSE_1012" });
    await reach(client, "online");
    expect(pauses).toContain(900 + 125);
  });

  it("cuts a pause short when told to, and stays closed once closed", async () => {
    const server = await gateway();
    const client = server.client({ timers: { ...platformTimers, after: (delayMs, fire) => platformTimers.after(delayMs < 10_000 ? 3_600_000 : delayMs, fire) } });
    await client.ready();
    server.peers[0]?.socket.terminate();
    await reach(client, "offline");
    client.retryNow();
    await client.ready();
    expect(server.peers.length).toBe(2);
    client.close();
    await expect(client.ready()).rejects.toMatchObject({ code: "CLOSED" });
  });
});

describe("refusals", () => {
  it("stops at a refusal that only a person can mend, with a reason and a next step", async () => {
    const server = await gateway({ connect: refuse({ code: "AUTH_TOKEN_MISMATCH" }, "unauthorized: gateway token mismatch") });
    const client = server.client({ auth: { token: "wrong" }, timers: quick([]) });
    const state = await reach(client, "refused");
    expect(state).toMatchObject({ code: "AUTH_TOKEN_MISMATCH", reason: "The token is not the gateway's." });
    expect(state.nextStep).toContain("gateway.auth.token");
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(server.peers.length).toBe(1);
  });

  it("waits for approval with the request id and the words, and is let in once approved", async () => {
    let approved = false;
    const pending = refuse({ code: "PAIRING_REQUIRED", requestId: "req-1", pairingCode: "one two three four five six", deviceId: "d", reason: "not-paired" }, "pairing required: device", "NOT_PAIRED");
    const server = await gateway({ connect: (peer, id) => (approved ? peer.send({ type: "res", id, ok: true, payload: hello() }) : pending(peer, id)) });
    const client = server.client({ timers: quick([]) });
    expect(await reach(client, "pairing")).toMatchObject({ requestId: "req-1", words: "one two three four five six", deviceId: "d", why: "not-paired" });
    approved = true;
    await client.ready();
    expect(client.state.kind).toBe("online");
  });

  it("hands out a new device token, uses it next time, and forgets it when it is refused", async () => {
    const seen: unknown[] = [];
    const server = await gateway({
      connect(peer, id) {
        seen.push(peer.connect.auth);
        if (peer.connect.auth?.deviceToken === "old") refuse({ code: "AUTH_DEVICE_TOKEN_MISMATCH" })(peer, id);
        else peer.send({ type: "res", id, ok: true, payload: hello({ auth: { role: "operator", scopes: [], deviceToken: "new" } }) });
      },
    });
    const kept: string[] = [];
    const client = server.client({ auth: { deviceToken: "old" }, onDeviceTokenRefused: () => kept.push("refused"), onDeviceToken: ({ token }) => kept.push(token), timers: quick([]) });
    await client.ready();
    server.peers.at(-1)?.socket.terminate();
    await reach(client, "offline");
    await client.ready();
    expect(kept).toEqual(["refused", "new", "new"]);
    expect(seen).toEqual([{ token: "old", deviceToken: "old" }, undefined, { token: "new", deviceToken: "new" }]);
  });

  it("falls back to the stored device token once when the shared one is refused and the gateway says so", async () => {
    const seen: unknown[] = [];
    const server = await gateway({
      connect(peer, id) {
        seen.push(peer.connect.auth?.token);
        refuse({ code: "AUTH_TOKEN_MISMATCH", canRetryWithDeviceToken: true })(peer, id);
      },
    });
    const client = server.client({ auth: { token: "shared", deviceToken: "mine" }, timers: quick([]) });
    await reach(client, "refused");
    expect(seen).toEqual(["shared", "mine", "shared"]);
  });

  it("tries again after the pause that a starting gateway asks for", async () => {
    const pauses: number[] = [];
    const server = await gateway({
      connect(peer, id) {
        if (server.peers.length > 1) peer.send({ type: "res", id, ok: true, payload: hello() });
        else peer.send({ type: "res", id, ok: false, error: { code: "UNAVAILABLE", message: "gateway starting", retryable: true, retryAfterMs: 640 } });
      },
    });
    const client = server.client({ timers: quick(pauses) });
    await client.ready();
    expect(pauses).toContain(640 + 125);
  });

  it("connects once and says why not when it shall not reconnect", async () => {
    const server = await gateway({ connect: refuse({ code: "PAIRING_REQUIRED", requestId: "req-2" }, "pairing required") });
    await expect(server.client({ reconnect: false }).ready()).rejects.toMatchObject({ code: "OFFLINE", details: { code: "PAIRING_REQUIRED", requestId: "req-2" } });
  });
});
