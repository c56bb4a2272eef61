// Everything that a protocol 4 client gets from us, against the schema that OpenClaw publishes: hello, errors, every method's result, every event.
import { afterAll, beforeAll, expect, test } from "vitest";
import { allScopes, openClawConfig, startGateway, testToken, type GatewayProcess } from "../fixtures/gateway-process.ts";
import { startModelServer, type ModelServer } from "../fixtures/model-server/model-server.ts";
import { isDefined, publishedMethods, violations } from "../fixtures/published-schema.ts";
import { attempt, connectWire, everyScope, makeDevice, type Hello, type Wire, type WireFrame } from "../fixtures/wire-client.ts";

let models: ModelServer;
let gateway: GatewayProcess;
let client: Wire & { hello: Hello };
const nodeDevice = makeDevice();
let node: Wire;

beforeAll(async () => {
  models = await startModelServer();
  gateway = await startGateway({ config: openClawConfig({ baseUrl: models.baseUrl("openai-chat"), scopes: allScopes }) });
  node = await connectWire(gateway.wsUrl, { client: { id: "node-host", mode: "node", platform: "linux" }, role: "node", scopes: [], device: nodeDevice, auth: { token: testToken }, commands: ["system.which"], caps: ["system"] });
  client = await connectWire(gateway.wsUrl, { scopes: everyScope, auth: { token: testToken }, caps: ["tool-events"] });
  node.socket.on("message", (data: Buffer) => {
    const frame = JSON.parse(data.toString()) as WireFrame;
    if (frame.event === "node.invoke.request") void node.request("node.invoke.result", { id: frame.payload?.["id"], nodeId: nodeDevice.id, ok: true, payloadJSON: '{"path":"/bin/sh"}' });
  });
});
afterAll(async () => {
  client?.close();
  node?.close();
  await gateway?.destroy();
  await models?.close();
});

type Json = Record<string, unknown>;
/** Definition of the result where the published name is not `<Method>Result`; `where` picks the part that is defined. */
interface Row { method: string; params?: (seen: Seen) => unknown; result?: string; where?: (payload: Json) => unknown[]; keep?: (payload: Json, seen: Seen) => void }
interface Seen { hash: string; wizard: Json; request: string; entryId: string; created: string; rename: string }

const paired = makeDevice();
const waiting = makeDevice();

/** Every method that the gateway advertises, in an order in which each can succeed. */
const rows: Row[] = [
  { method: "sessions.subscribe", params: () => ({}) },
  { method: "sessions.messages.subscribe", params: () => ({ key: "main" }) },
  { method: "health" },
  { method: "status" },
  { method: "system-presence", result: "PresenceEntry", where: (payload) => Object.values(payload) as unknown[] },
  { method: "system-event", params: () => ({ text: "hello from a beacon" }) },
  { method: "system.info" },
  { method: "gateway.identity.get" },
  { method: "logs.tail", params: () => ({ limit: 50 }) },
  { method: "chat.send", params: () => ({ sessionKey: "main", message: "first words", idempotencyKey: "pf-1" }) },
  { method: "agent.wait", params: () => ({ runId: "pf-1", timeoutMs: 10_000 }) },
  { method: "agent", params: () => ({ message: "second words [[scenario:tool session_status {}]]", sessionKey: "main", idempotencyKey: "pf-2" }) },
  { method: "agent.wait", params: () => ({ runId: "pf-2", timeoutMs: 10_000 }) },
  { method: "agent.identity.get", params: () => ({ agentId: "main" }), result: "AgentIdentityResult" },
  {
    method: "chat.history",
    params: () => ({ sessionKey: "main", limit: 50 }),
    keep: (payload, seen) => {
      const messages = payload["messages"] as { role: string; __openclaw?: { id: string } }[];
      seen.entryId = messages.findLast((message) => message.role === "user")?.__openclaw?.id ?? "";
    },
  },
  { method: "chat.abort", params: () => ({ sessionKey: "main" }) },
  { method: "sessions.list", params: () => ({ includeLastMessage: true, includeDerivedTitles: true }), result: "SessionRow", where: (payload) => payload["sessions"] as unknown[] },
  { method: "sessions.preview", params: () => ({ keys: ["main", "nowhere"] }) },
  { method: "sessions.create", params: () => ({ key: "published-created" }), keep: (payload, seen) => void (seen.created = payload["key"] as string) },
  { method: "sessions.patch", params: (seen) => ({ key: seen.created, label: "A label" }) },
  { method: "sessions.send", params: (seen) => ({ key: seen.created, message: "third words", idempotencyKey: "pf-3" }) },
  { method: "agent.wait", params: () => ({ runId: "pf-3", timeoutMs: 10_000 }) },
  { method: "sessions.abort", params: (seen) => ({ key: seen.created }) },
  { method: "sessions.fork", params: (seen) => ({ sessionKey: "main", entryId: seen.entryId }) },
  { method: "sessions.compact", params: (seen) => ({ key: seen.created }) },
  { method: "sessions.reset", params: (seen) => ({ key: seen.created }) },
  { method: "sessions.messages.unsubscribe", params: () => ({ key: "main" }) },
  { method: "sessions.unsubscribe", params: () => ({}) },
  { method: "sessions.delete", params: (seen) => ({ key: seen.created }) },
  { method: "events.resume", params: () => ({ connId: client.hello.server["connId"], seq: 1 }) },
  { method: "config.get", keep: (payload, seen) => void (seen.hash = payload["hash"] as string) },
  { method: "config.schema", params: () => ({}), result: "ConfigSchemaResponse" },
  { method: "config.schema.lookup", params: () => ({ path: "gateway.port" }) },
  { method: "config.patch", params: (seen) => ({ raw: '{ ui: { seamColor: "#112233" } }', baseHash: seen.hash }) },
  { method: "config.get", keep: (payload, seen) => void (seen.hash = payload["hash"] as string) },
  { method: "config.set", params: (seen) => ({ raw: JSON.stringify(openClawConfig({ baseUrl: models.baseUrl("openai-chat"), scopes: allScopes })), baseHash: seen.hash }) },
  { method: "config.get", keep: (payload, seen) => void (seen.hash = payload["hash"] as string) },
  { method: "config.apply", params: (seen) => ({ raw: JSON.stringify(openClawConfig({ baseUrl: models.baseUrl("openai-chat"), scopes: allScopes })), baseHash: seen.hash }) },
  { method: "wizard.start", params: () => ({ mode: "local" }), keep: (payload, seen) => void (seen.wizard = payload) },
  { method: "wizard.status", params: (seen) => ({ sessionId: seen.wizard["sessionId"] }) },
  { method: "wizard.next", params: (seen) => ({ sessionId: seen.wizard["sessionId"] }) },
  { method: "wizard.cancel", params: (seen) => ({ sessionId: seen.wizard["sessionId"] }), result: "WizardStatusResult" },
  { method: "models.list", params: () => ({}) },
  { method: "models.list", params: () => ({ view: "all" }) },
  { method: "models.authStatus", params: () => ({}) },
  { method: "models.probe", params: () => ({ provider: "mock" }) },
  { method: "usage.cost", params: () => ({ days: 7 }) },
  { method: "usage.status" },
  { method: "agents.list", params: () => ({}) },
  { method: "agents.create", params: () => ({ name: "Second", workspace: `${gateway.stateDir}/second` }) },
  { method: "agents.update", params: () => ({ agentId: "second", name: "Second one" }) },
  { method: "agents.files.set", params: () => ({ agentId: "second", name: "SOUL.md", content: "Kind." }) },
  { method: "agents.files.list", params: () => ({ agentId: "second" }) },
  { method: "agents.files.get", params: () => ({ agentId: "second", name: "SOUL.md" }) },
  { method: "agents.delete", params: () => ({ agentId: "second" }) },
  { method: "device.pair.list", params: () => ({}), keep: (payload, seen) => void (seen.request = (payload["pending"] as { requestId: string; deviceId: string }[]).find((request) => request.deviceId === paired.id)?.requestId ?? "") },
  { method: "device.pair.approve", params: (seen) => ({ requestId: seen.request }) },
  { method: "device.pair.rename", params: () => ({ deviceId: paired.id, label: "Kitchen" }) },
  { method: "device.token.rotate", params: () => ({ deviceId: paired.id, role: "node" }) },
  { method: "device.token.revoke", params: () => ({ deviceId: paired.id, role: "node" }) },
  { method: "device.pair.remove", params: () => ({ deviceId: paired.id }) },
  { method: "device.pair.list", params: () => ({}), keep: (payload, seen) => void (seen.request = (payload["pending"] as { requestId: string; deviceId: string }[]).find((request) => request.deviceId === waiting.id)?.requestId ?? "") },
  { method: "device.pair.reject", params: (seen) => ({ requestId: seen.request }) },
  { method: "device.link.create", params: () => ({}) },
  { method: "node.list", params: () => ({}) },
  { method: "node.describe", params: () => ({ nodeId: nodeDevice.id }) },
  { method: "node.rename", params: () => ({ nodeId: nodeDevice.id, displayName: "Box" }) },
  { method: "node.invoke", params: () => ({ nodeId: nodeDevice.id, command: "system.which", params: { bins: ["sh"] }, idempotencyKey: "pf-invoke" }) },
  { method: "node.pair.list", params: () => ({}) },
];

/** Called by nodes only, or needing a request that no table makes: looked at apart. */
const elsewhere = ["node.invoke.result", "node.event", "node.pair.approve", "node.pair.reject", "node.pair.remove"];

const pascal = (method: string) => method.split(/[.-]/).map((part) => part.charAt(0).toUpperCase() + part.slice(1)).join("");

test("[rpc.v4.schema] every advertised method has a row, and hello-ok is the published one", () => {
  const known = new Set([...rows.map((row) => row.method), ...elsewhere]);
  expect(client.hello.features.methods.filter((method) => !known.has(method))).toEqual([]);
  expect(violations("HelloOk", client.hello)).toEqual([]);
  const unpublished = client.hello.features.methods.filter((method) => !(method in publishedMethods));
  expect(unpublished.sort()).toEqual(["device.link.create", "events.resume", "sessions.unsubscribe"]);
});

test("[rpc.v4.schema] every method's params are taken and every result fits the published schema", async () => {
  // Two devices that are operators and ask to be nodes: that waits for a decision.
  for (const device of [paired, waiting]) {
    (await connectWire(gateway.wsUrl, { device, scopes: ["operator.read"], auth: { token: testToken } })).close();
    const { wire, answer } = await attempt(gateway.wsUrl, { client: { id: "node-host", mode: "node", platform: "linux" }, role: "node", scopes: [], device, auth: { token: testToken } });
    expect(answer.error?.details?.["reason"]).toBe("role-upgrade");
    wire.close();
  }
  const seen: Seen = { hash: "", wizard: {}, request: "", entryId: "", created: "", rename: "" };
  const wrong: string[] = [];
  let checked = 0;
  for (const row of rows) {
    const params = row.params?.(seen);
    const paramsDefinition = `${pascal(row.method)}Params`;
    if (params !== undefined && isDefined(paramsDefinition)) wrong.push(...violations(paramsDefinition, params).map((text) => `our own params: ${text}`));
    const answer = await client.request(row.method, params);
    wrong.push(...violations("ResponseFrame", answer).map((text) => `${row.method}: ${text}`));
    if (answer.ok !== true) {
      wrong.push(`${row.method}: ${answer.error?.message} ${JSON.stringify(answer.error?.details ?? {})}`);
      continue;
    }
    const payload = answer.payload as Json;
    row.keep?.(payload, seen);
    const definition = row.result ?? `${pascal(row.method)}Result`;
    if (!isDefined(definition)) continue;
    const parts = row.where?.(payload) ?? [payload];
    if (row.where && parts.length === 0) wrong.push(`${row.method}: nothing to look at`);
    for (const part of parts) {
      checked++;
      wrong.push(...violations(definition, part).map((text) => `${row.method}: ${text}`));
    }
  }
  console.log(`rpc.v4.schema: ${rows.length} calls, ${checked} values against published result definitions`);
  expect(wrong).toEqual([]);
});

const eventDefinitions: Record<string, string> = {
  "chat": "ChatEvent",
  "agent": "AgentEvent",
  "tick": "TickEvent",
  "shutdown": "ShutdownEvent",
  "device.pair.requested": "DevicePairRequestedEvent",
  "device.pair.resolved": "DevicePairResolvedEvent",
  "node.invoke.request": "NodeInvokeRequestEvent",
};

test("[rpc.v4.schema] every event that was sent fits the published schema, and seq counts without gaps", async () => {
  const bad = await client.request("chat.send", { sessionKey: "main", message: "[[scenario:fault http-401]] fails", idempotencyKey: "pf-fails" });
  expect(bad.ok).toBe(true);
  await client.until((frame) => frame.event === "chat" && frame.payload?.["runId"] === "pf-fails" && frame.payload["state"] === "error", "the error event");
  await client.call("chat.send", { sessionKey: "main", message: "[[scenario:text chunks=100 delay=50 words to cut]]", idempotencyKey: "pf-cut" });
  await client.until((frame) => frame.event === "chat" && frame.payload?.["runId"] === "pf-cut", "its first words");
  await client.call("chat.abort", { sessionKey: "main", runId: "pf-cut" });
  await client.until((frame) => frame.event === "chat" && frame.payload?.["runId"] === "pf-cut" && frame.payload["state"] === "aborted", "the aborted event");
  const wrong: string[] = [];
  const counts: Record<string, number> = {};
  for (const frame of [...client.events, ...node.events]) {
    const name = frame.event ?? "";
    counts[name] = (counts[name] ?? 0) + 1;
    wrong.push(...violations("EventFrame", frame).map((text) => `${name}: ${text}`));
    const definition = eventDefinitions[name];
    if (definition === undefined) continue;
    // The reference gateway itself sends these beyond its schema (protocol.md 6.1).
    const { sessionKey: _key, agentId: _agent, sessionId: _session, ...rest } = frame.payload ?? {};
    wrong.push(...violations(definition, name === "agent" ? rest : frame.payload).map((text) => `${name}: ${text}`));
  }
  for (const entry of client.hello.snapshot.presence) wrong.push(...violations("PresenceEntry", entry));
  const seqs = client.events.map((frame) => frame.seq).filter((seq) => seq !== undefined);
  expect(seqs).toEqual(Array.from({ length: seqs.length }, (_, index) => (seqs[0] ?? 0) + index));
  console.log(`rpc.v4.schema: events ${JSON.stringify(counts)}`);
  expect([...new Set(wrong)]).toEqual([]);
  for (const name of ["chat", "agent", "health", "presence", "device.pair.resolved", "device.pair.requested", "node.invoke.request", "session.message", "sessions.changed", "config.changed"]) expect(counts[name], name).toBeGreaterThan(0);
});

test("[rpc.v4.schema] refusals are the published error shapes", async () => {
  const reader = await connectWire(gateway.wsUrl, { scopes: ["operator.read"], auth: { token: testToken } });
  const missing = await reader.request("config.set", { raw: "{}" });
  expect(missing.error?.code).toBe("FORBIDDEN");
  expect(violations("MissingScopeErrorDetails", missing.error?.details)).toEqual([]);
  const cases: [string, unknown][] = [["chat.send", { sessionKey: 5 }], ["no.such.method", {}], ["agents.delete", { agentId: "main" }], ["sessions.delete", { key: "main" }], ["node.describe", { nodeId: "nobody" }], ["agent", { message: "x", idempotencyKey: "pf-e", agentId: "nobody" }]];
  for (const [method, params] of cases) {
    const answer = await client.request(method, params);
    expect(answer.ok, method).toBe(false);
    expect(violations("ResponseFrame", answer), method).toEqual([]);
    expect(violations("ErrorShape", answer.error), method).toEqual([]);
  }
  const denied = await attempt(gateway.wsUrl, { auth: { token: "not-the-token-at-all" } });
  expect(violations("ErrorShape", denied.answer.error)).toEqual([]);
  expect(denied.answer.error?.details?.["code"]).toBe("AUTH_TOKEN_MISMATCH");
  reader.close();
});
