// Clients of last winter, frame by frame as protocol.md tells: Apple's binary frames, signatures v1 and v2, no scopes, short keys, strict integers.
// Each trap of the protocol that concerns this gateway is a test. Once with what existing clients expect on loopback, once as a fresh installation has it.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { allScopes, openClawConfig, startGateway, testToken, type GatewayProcess } from "../fixtures/gateway-process.ts";
import { startModelServer, type ModelServer } from "../fixtures/model-server/model-server.ts";
import { attempt, connectParams, connectWire, makeDevice, openWire, type ConnectWish, type Wire, type WireFrame } from "../fixtures/wire-client.ts";

let models: ModelServer;
let compatible: GatewayProcess;
let strict: GatewayProcess;
let early: Wire;

const mac = { id: "moltbot-macos", mode: "ui", version: "2026.1.27", platform: "macOS 15.1.0", deviceFamily: "Mac", modelIdentifier: "Mac15,3", displayName: "Study" };
const threeScopes = ["operator.admin", "operator.approvals", "operator.pairing"];
const androidUi = { id: "moltbot-control-ui", mode: "ui", version: "1.0", platform: "android", deviceFamily: "Android" };
const auth = { token: testToken };

beforeAll(async () => {
  models = await startModelServer();
  const config = (scopes?: string[]) => openClawConfig({ baseUrl: models.baseUrl("openai-chat"), ...(scopes === undefined ? {} : { scopes }) });
  [compatible, strict] = await Promise.all([startGateway({ config: config(allScopes) }), startGateway({ config: config() })]);
  early = await connectWire(compatible.wsUrl, { protocol: 3, client: { id: "cli", mode: "cli" }, scopes: threeScopes, auth });
});
afterAll(async () => {
  early?.close();
  await Promise.all([compatible?.destroy(), strict?.destroy()]);
  await models?.close();
});

const v3 = (wish: ConnectWish): ConnectWish => ({ protocol: 3, auth, ...wish });
const chats = (wire: Wire, runId: string) => wire.events.filter((frame) => frame.event === "chat" && frame.payload?.["runId"] === runId);
const textOf = (payload: Record<string, unknown> | undefined) => (payload?.["message"] as { content: { text: string }[] } | undefined)?.content[0]?.text ?? "";
/** Members with a fractional number, as Swift's decoder would trip over them. */
const fractions = (text: string) => [...text.matchAll(/"(\w+)":-?\d+(?:\.\d+|[eE][+-]?\d+)/g)].map((match) => match[1]);

describe("[rpc.v3] with sharedTokenScopes for existing clients", () => {
  test("[trap.1] the Mac app speaks in binary frames, is paired in silence and gets all it asks for", async () => {
    const device = makeDevice();
    const wire = await connectWire(compatible.wsUrl, v3({ client: mac, scopes: threeScopes, device }), { binary: true });
    expect(wire.hello).toMatchObject({ type: "hello-ok", protocol: 3, auth: { role: "operator", scopes: threeScopes } });
    expect(wire.hello.auth.deviceToken).toMatch(/^[\w-]{32,}$/);
    expect(wire.hello.server["host"]).toBeTruthy();
    expect(wire.hello.snapshot.sessionDefaults).toMatchObject({ mainKey: "main", mainSessionKey: "agent:main:main" });
    await early.until((frame) => frame.event === "device.pair.resolved" && frame.payload?.["deviceId"] === device.id && frame.payload["decision"] === "approved", "the silent approval");
    expect(early.events.some((frame) => frame.event === "device.pair.requested")).toBe(false);
    expect((await wire.call<{ ok: boolean }>("health")).ok).toBe(true);
    expect((await wire.call<{ hash: string }>("config.get")).hash).toBeTruthy();
    wire.close();
  });

  test("[trap.2] [trap.18] both numberings are told apart, and one device holds a token per role", async () => {
    const device = makeDevice();
    for (const form of ["v2", "v1"] as const) {
      const { answer, wire } = await attempt(compatible.wsUrl, v3({ client: mac, scopes: threeScopes, device, form }));
      expect(answer.ok, `protocol 3 signed ${form}`).toBe(true);
      wire.close();
    }
    for (const form of ["v3", "v2"] as const) {
      const { answer, wire } = await attempt(compatible.wsUrl, { protocol: 4, auth, scopes: ["operator.read"], device, form });
      expect(answer.ok, `protocol 4 signed ${form}`).toBe(true);
      wire.close();
    }
    const asOperator = await connectWire(compatible.wsUrl, v3({ client: mac, scopes: threeScopes, device }));
    const asNode = await connectWire(compatible.wsUrl, v3({ client: { ...mac, mode: "node" }, role: "node", scopes: [], device, commands: ["canvas.present"] }));
    const [operatorToken = "", nodeToken = ""] = [asOperator.hello.auth.deviceToken, asNode.hello.auth.deviceToken];
    expect(operatorToken).not.toBe(nodeToken);
    const again = await attempt(compatible.wsUrl, v3({ client: mac, scopes: threeScopes, device, auth: { token: operatorToken } }));
    expect(again.answer.ok).toBe(true);
    const swapped = await attempt(compatible.wsUrl, v3({ client: { ...mac, mode: "node" }, role: "node", scopes: [], device, auth: { token: operatorToken } }));
    expect(swapped.answer.ok).toBe(false);
    for (const wire of [asOperator, asNode, again.wire, swapped.wire]) wire.close();
  });

  test("[trap.3] [trap.4] [trap.6] [trap.16] Android sends no scopes and no nonce on loopback, and is admin; in protocol 4 no scopes are none", async () => {
    const device = makeDevice();
    const wire = await connectWire(compatible.wsUrl, v3({ client: androidUi, device, form: "v1" }));
    expect(wire.hello.auth.scopes).toContain("operator.admin");
    expect((await wire.request("config.schema", {})).ok).toBe(true);
    const none = await connectWire(compatible.wsUrl, { protocol: 4, auth, scopes: [] });
    expect(none.hello.auth.scopes).toEqual([]);
    expect((await none.request("health")).ok).toBe(false);
    wire.close();
    none.close();
  });

  test("[I.5] a nonce-less signature counts once, and only for protocol 3", async () => {
    const device = makeDevice();
    const wire = openWire(compatible.wsUrl);
    const params = connectParams(v3({ client: androidUi, device, form: "v1" }), await wire.challenge);
    expect((await wire.request("connect", params)).ok).toBe(true);
    wire.close();
    const replay = openWire(compatible.wsUrl);
    await replay.challenge;
    const refused = await replay.request("connect", params);
    expect(refused.error?.message).toBe("device signature expired");
    expect((await replay.closed).code).toBe(1008);
    const four = await attempt(compatible.wsUrl, { protocol: 4, auth, scopes: ["operator.read"], device, form: "v1" });
    expect(four.answer.error?.message).toMatch(/device nonce required|invalid connect params/);
  });

  test("[trap.5] everything that protocol 4 added to connect is taken", async () => {
    const { answer, wire } = await attempt(compatible.wsUrl, {
      auth: { ...auth, deviceToken: "x".repeat(43) },
      scopes: ["operator.read"],
      extra: { client: { id: "openclaw-tui", version: "2026.9.1", platform: "linux", mode: "cli", buildId: "b1", timeZone: "Europe/Berlin" }, locale: "de", userAgent: "test", minProtocol: 3, maxProtocol: 7 },
    });
    expect(answer.ok).toBe(true);
    expect((answer.payload as { protocol: number }).protocol).toBe(4);
    wire.close();
  });

  test("[trap.7] `agent` answers twice with one id, `chat.send` once", async () => {
    const wire = await connectWire(compatible.wsUrl, v3({ client: { id: "cli", mode: "cli" }, scopes: threeScopes }));
    wire.send({ type: "req", id: "a1", method: "agent", params: { message: "two answers", sessionKey: "twice", idempotencyKey: "v3-agent" } });
    const answers = () => wire.frames.filter((frame) => frame.id === "a1");
    await wire.until((frame) => frame.id === "a1" && frame.payload?.["status"] === "ok", "the second answer");
    expect(answers().map((frame) => frame.payload?.["status"])).toEqual(["accepted", "ok"]);
    expect(answers()[1]?.payload).toMatchObject({ runId: "v3-agent", summary: "completed", result: { payloads: [{ text: "echo: two answers" }] } });
    const sent = await wire.call("chat.send", { sessionKey: "main", message: "one answer", idempotencyKey: "v3-once" });
    expect(sent).toEqual({ runId: "v3-once", status: "started" });
    await wire.until((frame) => frame.event === "chat" && frame.payload?.["runId"] === "v3-once" && frame.payload["state"] === "final", "the final");
    wire.close();
  });

  test("[trap.8] [trap.9] chat deltas are cumulative, throttled, and echo the key that was used; protocol 4 gets increments and the canonical key", async () => {
    const [old, newer] = await Promise.all([connectWire(compatible.wsUrl, v3({ client: androidUi, device: makeDevice() })), connectWire(compatible.wsUrl, { auth, scopes: ["operator.read"] })]);
    const begun = performance.now();
    await old.call("chat.send", { sessionKey: "main", message: "[[scenario:text chunks=40 delay=15 one two three four five six seven eight nine ten eleven twelve]]", idempotencyKey: "v3-delta" });
    await Promise.all([old, newer].map((wire) => wire.until((frame) => frame.event === "chat" && frame.payload?.["runId"] === "v3-delta" && frame.payload["state"] === "final", "the final")));
    const tookMs = performance.now() - begun;
    const oldChats = chats(old, "v3-delta");
    const final = textOf(oldChats.at(-1)?.payload);
    expect(new Set(oldChats.map((frame) => frame.payload?.["sessionKey"]))).toEqual(new Set(["main"]));
    const deltas = oldChats.filter((frame) => frame.payload?.["state"] === "delta").map((frame) => textOf(frame.payload));
    expect(deltas.length).toBeGreaterThanOrEqual(2);
    expect(deltas.length).toBeLessThanOrEqual(Math.ceil(tookMs / 150) + 1);
    for (const [index, text] of deltas.entries()) {
      expect(final.startsWith(text.trim())).toBe(true);
      expect(text.length).toBeGreaterThan(deltas[index - 1]?.length ?? 0);
    }
    const known = ["runId", "sessionKey", "seq", "state", "message", "errorMessage", "stopReason", "usage"];
    for (const frame of oldChats) expect(Object.keys(frame.payload ?? {}).filter((key) => !known.includes(key))).toEqual([]);
    const newChats = chats(newer, "v3-delta");
    expect(new Set(newChats.map((frame) => frame.payload?.["sessionKey"]))).toEqual(new Set(["agent:main:main"]));
    expect(newChats.filter((frame) => frame.payload?.["state"] === "delta").map((frame) => frame.payload?.["deltaText"]).join("").trim()).toBe(final);
    old.close();
    newer.close();
  });

  test("[trap.10] a node that subscribed gets its session's chat as targeted frames without seq", async () => {
    const node = await connectWire(compatible.wsUrl, v3({ client: { id: "moltbot-ios", mode: "node", platform: "iOS 18.1.0", deviceFamily: "iPhone", version: "1.0" }, role: "node", scopes: [], device: makeDevice(), commands: ["canvas.present"], caps: ["canvas"] }), { binary: true });
    expect((await node.request("node.event", { event: "chat.subscribe", payloadJSON: JSON.stringify({ sessionKey: "main" }) })).payload).toEqual({ ok: true });
    expect((await node.request("node.event", { event: "something.else", payloadJSON: null })).ok).toBe(true);
    await early.call("chat.send", { sessionKey: "main", message: "for the phone", idempotencyKey: "v3-node" });
    const frame = await node.until((one) => one.event === "chat" && one.payload?.["runId"] === "v3-node" && one.payload["state"] === "final" && one.seq === undefined, "the targeted copy");
    expect(frame.payload?.["sessionKey"]).toBe("main");
    expect((await node.request("health")).error?.message).toBe("unauthorized role: node");
    expect((await early.request("node.event", { event: "x" })).error?.message).toBe("unauthorized role: operator");
    node.close();
  });

  test("[trap.11] seq has no holes for a client that may see less", async () => {
    const wire = await connectWire(compatible.wsUrl, v3({ client: { id: "cli", mode: "cli" }, scopes: ["operator.write"] }));
    (await connectWire(compatible.wsUrl, v3({ client: mac, scopes: threeScopes, device: makeDevice() }))).close(); // causes device.pair.resolved, which this client may not see
    await wire.call("chat.send", { sessionKey: "seq", message: "count", idempotencyKey: "v3-seq" });
    await wire.until((frame) => frame.event === "chat" && frame.payload?.["state"] === "final", "the final");
    expect(wire.events.some((frame) => frame.event?.startsWith("device."))).toBe(false);
    const seqs = wire.events.filter((frame) => frame.seq !== undefined).map((frame) => frame.seq ?? 0);
    expect(seqs).toEqual(seqs.map((_, index) => (seqs[0] ?? 0) + index));
    wire.close();
  });

  test("[trap.14] node invokes carry their params and results as JSON text, also null", async () => {
    const device = makeDevice();
    const node = await connectWire(compatible.wsUrl, v3({ client: { id: "moltbot-android", mode: "node", platform: "android", version: "1" }, role: "node", device, commands: ["canvas.present", "canvas.eval"] }), { binary: true });
    const asked = early.request("node.invoke", { nodeId: device.id, command: "canvas.eval", params: { javaScript: "1+1" }, idempotencyKey: "v3-invoke" });
    const request = await node.until((frame) => frame.event === "node.invoke.request", "the invoke");
    expect(request.seq).toBeUndefined();
    expect(JSON.parse(request.payload?.["paramsJSON"] as string)).toEqual({ javaScript: "1+1" });
    expect((await node.request("node.invoke.result", { id: request.payload?.["id"], nodeId: device.id, ok: true, payloadJSON: '{"result":"2"}', error: null })).payload).toEqual({ ok: true });
    expect((await asked).payload).toMatchObject({ ok: true, payload: { result: "2" }, payloadJSON: '{"result":"2"}' });
    const bare = early.request("node.invoke", { nodeId: device.id, command: "canvas.present", idempotencyKey: "v3-invoke-2" });
    const second = await node.until((frame) => frame.event === "node.invoke.request" && frame.payload?.["command"] === "canvas.present", "the second invoke");
    expect(second.payload?.["paramsJSON"]).toBeNull();
    await node.request("node.invoke.result", { id: second.payload?.["id"], nodeId: device.id, ok: true, payloadJSON: null });
    expect((await bare).payload).toMatchObject({ ok: true, payloadJSON: null });
    node.close();
  });

  test("[trap.15] whatever Apple decodes strictly holds integers only", async () => {
    const wire = await connectWire(compatible.wsUrl, v3({ client: mac, scopes: threeScopes, device: makeDevice() }), { binary: true });
    await wire.call("chat.send", { sessionKey: "integers", message: "count me", idempotencyKey: "v3-int" });
    await wire.until((frame) => frame.event === "chat" && frame.payload?.["runId"] === "v3-int" && frame.payload["state"] === "final", "the final");
    const calls: [string, unknown][] = [["chat.history", { sessionKey: "integers" }], ["sessions.list", {}], ["sessions.preview", { keys: ["integers"] }], ["config.get", {}], ["device.pair.list", {}], ["node.list", {}], ["health", {}], ["status", {}], ["system-presence", {}], ["agents.list", {}], ["models.list", {}], ["usage.cost", {}], ["wizard.start", {}]];
    for (const [method, params] of calls) {
      const answer = await wire.request(method, params);
      expect(answer.ok, `${method}: ${answer.error?.message}`).toBe(true);
      if (method === "wizard.start") await wire.call("wizard.cancel", { sessionId: (answer.payload as { sessionId: string }).sessionId });
    }
    // Costs are money; the event loop's figures are ratios that no client of that time reads. Everything else counts.
    const allowed = new Set(["totalCost", "inputCost", "outputCost", "cacheReadCost", "cacheWriteCost", "cost", "total"]);
    const wrong = wire.texts.flatMap((text) => fractions(text.replace(/"(cost|eventLoop)":\{[^}]*\}/g, '"$1":{}')).filter((key) => !allowed.has(key ?? "")).map((key) => `${key} in ${text.slice(0, 80)}`));
    console.log(`trap.15: ${wire.texts.length} frames`);
    expect(wrong).toEqual([]);
    wire.close();
  });

  test("[trap.17] the scope is judged before the method is looked up", async () => {
    const reader = await connectWire(compatible.wsUrl, v3({ client: { id: "cli", mode: "cli" }, scopes: ["operator.read"] }));
    for (const method of ["no.such.method", "cron.list2", "__proto__", "constructor"]) {
      expect((await reader.request(method)).error).toMatchObject({ code: "INVALID_REQUEST", message: "missing scope: operator.admin" });
      expect((await early.request(method)).error).toMatchObject({ code: "INVALID_REQUEST", message: `unknown method: ${method}` });
    }
    // The schema comes after the scope.
    expect((await reader.request("sessions.patch", { nonsense: true })).error?.message).toBe("missing scope: operator.admin");
    expect((await early.request("connect", {})).error).toMatchObject({ code: "INVALID_REQUEST", message: "connect is only valid as the first request" });
    reader.close();
  });

  test("[trap.20] config writes need the hash, and secrets are redacted for protocol 3 too", async () => {
    const read = await early.call<{ hash: string; raw: string; config: object }>("config.get");
    expect(JSON.stringify(read)).not.toContain("mock-key");
    expect(JSON.stringify(read)).not.toContain(testToken);
    expect((await early.request("config.set", { raw: "{}" })).error?.message).toBe("config base hash required; re-run config.get and retry");
    expect((await early.request("config.set", { raw: "{}", baseHash: "0".repeat(64) })).error?.message).toBe("config changed since last load; re-run config.get and retry");
    expect((await early.request("config.set", { raw: read.raw, baseHash: read.hash })).ok).toBe(true);
    // The marks in what was written back stand for the stored values: the token still opens, the model still answers.
    const wire = await connectWire(compatible.wsUrl, v3({ client: { id: "cli", mode: "cli" }, scopes: ["operator.write"] }));
    await wire.call("chat.send", { sessionKey: "main", message: "still there", idempotencyKey: "v3-redacted" });
    await wire.until((frame) => frame.event === "chat" && textOf(frame.payload) === "echo: still there", "the answer");
    wire.close();
  });

  test("[trap.27] a close reason stays within 120 bytes, whole characters", async () => {
    const wire = openWire(compatible.wsUrl);
    const params = connectParams(v3({}), await wire.challenge);
    void wire.request("connect", { ...params, [`ü${"ö".repeat(300)}`]: 1 }).catch(() => undefined);
    const closed = await wire.closed;
    expect(closed.code).toBe(1008);
    expect(closed.reason).toMatch(/^invalid connect params: /);
    expect(Buffer.byteLength(closed.reason)).toBeLessThanOrEqual(120);
    expect(closed.reason).not.toContain("�");
  });

  test("[trap.31] frames above 512 KiB are taken after connect", async () => {
    const picture = Buffer.alloc(1_500_000, 7).toString("base64");
    const sent = await early.request("chat.send", { sessionKey: "big", message: "look", idempotencyKey: "v3-big", attachments: [{ type: "image", mimeType: "image/png", fileName: "a.png", content: `data:image/png;base64,${picture}` }] });
    expect(sent.payload).toMatchObject({ status: "started" });
    expect(early.socket.readyState).toBe(early.socket.OPEN);
  });

  test("[rpc.frames] what is no request is answered or ignored, never fatal after connect", async () => {
    const wire = await connectWire(compatible.wsUrl, v3({ client: { id: "cli", mode: "cli" }, scopes: ["operator.read"] }));
    wire.send("this is not JSON");
    wire.send({ type: "req", id: "", method: "health" });
    wire.send({ type: "res", id: "odd", ok: true });
    wire.send([1, 2, 3]);
    const odd = await wire.until((frame) => frame.type === "res" && frame.id === "odd", "the complaint");
    expect(odd.error).toMatchObject({ code: "INVALID_REQUEST", message: expect.stringMatching(/^invalid request frame: /) });
    expect((await wire.request("health")).ok).toBe(true);
    expect(wire.frames.filter((frame) => frame.id === "invalid").length).toBe(2);
    wire.close();
  });

  test("[rpc.handshake] refusals carry their codes, words and close codes", async () => {
    const cases: [string, (wire: Wire, challenge: { nonce: string; ts: number }) => unknown, { message: RegExp; close: number; reason?: RegExp }][] = [
      ["range below", (_, challenge) => connectParams(v3({ extra: { minProtocol: 1, maxProtocol: 2 } }), challenge), { message: /^protocol mismatch$/, close: 1002 }],
      ["range above", (_, challenge) => connectParams(v3({ extra: { minProtocol: 5, maxProtocol: 6 } }), challenge), { message: /^protocol mismatch$/, close: 1002 }],
      ["unknown client", (_, challenge) => connectParams(v3({ client: { id: "somebody" } }), challenge), { message: /^invalid connect params/, close: 1008 }],
      ["role", (_, challenge) => connectParams(v3({ role: "king" }), challenge), { message: /^invalid role$/, close: 1008 }],
      ["wrong token", (_, challenge) => connectParams({ protocol: 3, auth: { token: "wrong-token" } }, challenge), { message: /^unauthorized: gateway token mismatch/, close: 1008 }],
      ["no credential", (_, challenge) => connectParams({ protocol: 3 }, challenge), { message: /^device identity required$/, close: 1008 }],
      ["control UI without device", (_, challenge) => connectParams(v3({ client: { id: "moltbot-control-ui", mode: "webchat" } }), challenge), { message: /^control ui requires HTTPS or localhost/, close: 1008 }],
      ["foreign nonce", (_, challenge) => connectParams(v3({ device: makeDevice(), nonce: "another" }), challenge), { message: /^device nonce mismatch$/, close: 1008 }],
      ["old clock", (_, challenge) => connectParams(v3({ device: makeDevice(), signedAt: Date.now() - 700_000 }), challenge), { message: /^device signature expired$/, close: 1008 }],
      ["another's id", (_, challenge) => ({ ...connectParams(v3({ device: makeDevice() }), challenge), device: { ...(connectParams(v3({ device: makeDevice() }), challenge)["device"] as object), id: makeDevice().id } }), { message: /^device identity mismatch$/, close: 1008 }],
      ["scopes changed after signing", (_, challenge) => ({ ...connectParams(v3({ device: makeDevice(), scopes: ["operator.read"] }), challenge), scopes: threeScopes }), { message: /^device signature invalid$/, close: 1008 }],
    ];
    for (const [name, make, expected] of cases) {
      const wire = openWire(compatible.wsUrl);
      const answer = await wire.request("connect", make(wire, await wire.challenge));
      const closed = await wire.closed;
      expect({ name, ok: answer.ok, message: answer.error?.message, code: closed.code }).toEqual({ name, ok: false, message: expect.stringMatching(expected.message), code: expected.close });
    }
    const notConnect = openWire(compatible.wsUrl);
    await notConnect.challenge;
    expect((await notConnect.request("health")).error?.message).toBe("invalid handshake: first request must be connect");
    const noFrame = openWire(compatible.wsUrl);
    await noFrame.challenge;
    noFrame.send({ hello: "there" });
    expect(await noFrame.closed).toEqual({ code: 1008, reason: "invalid request frame" });
    const noJson = openWire(compatible.wsUrl);
    await noJson.challenge;
    noJson.send("nonsense");
    expect(await noJson.closed).toEqual({ code: 1000, reason: "" });
    console.log(`rpc.handshake: ${cases.length + 3} refusals`);
  });

  test("[rpc.compat] no compression is negotiated, any path is a gateway socket, ::1 answers", async () => {
    const wire = await connectWire(`${compatible.wsUrl}/ws/anything?x=1`, v3({ client: { id: "cli", mode: "cli" }, scopes: ["operator.read"] }));
    expect(wire.socket.extensions).toBe("");
    wire.close();
    const six = await connectWire(`ws://[::1]:${compatible.port}`, v3({ client: { id: "cli", mode: "cli" }, scopes: ["operator.read"] }));
    six.close();
  });
});

describe("[rpc.v3] as a fresh installation has it", () => {
  test("[I.6] a device-less client that asks for admin gets the intersection, hello says so, the rest answers missing scope", async () => {
    const wire = await connectWire(strict.wsUrl, v3({ client: { id: "cli", mode: "cli" }, scopes: threeScopes }));
    expect(wire.hello.auth.scopes.toSorted()).toEqual(["operator.read", "operator.write"]);
    expect((await wire.request("config.get")).error).toMatchObject({ code: "INVALID_REQUEST", message: "missing scope: operator.admin" });
    expect((await wire.request("device.pair.list")).error?.message).toBe("missing scope: operator.pairing");
    expect((await wire.request("chat.history", { sessionKey: "main" })).ok).toBe(true);
    wire.close();
  });

  test("[I.6] [trap.4] [trap.19] a device without scopes asks for admin, and waits for a person under one request id", async () => {
    const device = makeDevice();
    const ids = new Set<unknown>();
    for (let again = 0; again < 3; again++) {
      const { answer, wire } = await attempt(strict.wsUrl, v3({ client: androidUi, device }));
      expect(answer.error).toMatchObject({ code: "NOT_PAIRED", message: "pairing required" });
      ids.add(answer.error?.details?.["requestId"]);
      expect(await wire.closed).toEqual({ code: 1008, reason: "pairing required" });
    }
    expect(ids.size).toBe(1);
    const plain = await connectWire(strict.wsUrl, v3({ client: mac, scopes: ["operator.read", "operator.write"], device: makeDevice() }));
    expect(plain.hello.auth).toMatchObject({ scopes: ["operator.read", "operator.write"] });
    plain.close();
  });
});

test("[trap.12] a tick comes every policy.tickIntervalMs, numbered like the rest", async () => {
  const tick = await early.until((frame: WireFrame) => frame.event === "tick", "a tick", 32_000);
  expect(Number.isInteger(tick.payload?.["ts"])).toBe(true);
  expect(tick.seq).toBeGreaterThan(0);
});
