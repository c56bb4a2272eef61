// OpenClaw's own published client against our gateway: identity and tokens, pairing, conversations, both answers of `agent`, configuration, models, a node.
import { afterAll, beforeAll, expect, test } from "vitest";
import { allScopes, openClawConfig, startGateway, testToken, type GatewayProcess } from "../fixtures/gateway-process.ts";
import { startModelServer, type ModelServer } from "../fixtures/model-server/model-server.ts";
import { connectOfficial, type OfficialClient, type OfficialHost } from "../fixtures/official-client.ts";
import { makeDevice } from "../fixtures/wire-client.ts";

let models: ModelServer;
let gateway: GatewayProcess;
let strict: GatewayProcess;
let client: OfficialClient;

beforeAll(async () => {
  models = await startModelServer();
  const config = (scopes?: string[]) => openClawConfig({ baseUrl: models.baseUrl("openai-chat"), ...(scopes === undefined ? {} : { scopes }) });
  [gateway, strict] = await Promise.all([startGateway({ config: config(allScopes) }), startGateway({ config: config() })]);
  client = await connectOfficial({ url: gateway.wsUrl, token: testToken, scopes: allScopes, caps: ["tool-events"] });
});
afterAll(async () => {
  client?.stop();
  await Promise.all([gateway?.destroy(), strict?.destroy()]);
  await models?.close();
});

const newHost = (): OfficialHost => ({ device: makeDevice(), tokens: new Map() });
const chatsOf = (runId: string) => client.events.filter((event) => event.event === "chat" && event.payload["runId"] === runId);
const chat = (runId: string, state: string) => chatsOf(runId).find((event) => event.payload["state"] === state);
const detailsOf = (error: unknown) => (error as { details?: Record<string, unknown> }).details ?? {};

test("[client.v4] sends a message, streams it, reads it back and lists the session", async () => {
  const runId = "official-1";
  expect(await client.request("chat.send", { sessionKey: "main", message: "hello [[scenario:text chunks=5 delay=5 alpha beta gamma delta]]", idempotencyKey: runId })).toMatchObject({ runId, status: "started" });
  await client.until(() => chat(runId, "final") !== undefined, "the final");
  expect(chatsOf(runId).filter((event) => event.payload["state"] === "delta").map((event) => event.payload["deltaText"]).join("").trim()).toBe("alpha beta gamma delta");
  expect(await client.request("chat.send", { sessionKey: "main", message: "hello [[scenario:text chunks=5 delay=5 alpha beta gamma delta]]", idempotencyKey: runId })).toMatchObject({ runId, status: "ok" });
  const history = await client.request<{ messages: { role: string; __openclaw: { id: string; seq: number; runId: string } }[] }>("chat.history", { sessionKey: "main" });
  expect(history.messages.map((message) => message.role)).toEqual(["user", "assistant"]);
  expect(history.messages.every((message) => message.__openclaw.runId === runId && message.__openclaw.id.length > 0)).toBe(true);
  const { sessions } = await client.request<{ sessions: { key: string; totalTokens: number }[] }>("sessions.list", {});
  expect(sessions.find((row) => row.key === "agent:main:main")?.totalTokens).toBeGreaterThan(0);
});

test("[client.v4] `agent` gives its acceptance and, when asked to, its end; tools are seen by who asks for them", async () => {
  const early = await client.request<{ status: string }>("agent", { message: "a", sessionKey: "agents", idempotencyKey: "official-2" });
  expect(early.status).toBe("accepted");
  const final = await client.request<{ status: string; result: { payloads: { text: string }[]; meta: { agentMeta: { provider: string } } } }>("agent", { message: "b [[scenario:tool session_status {}]]", sessionKey: "agents", idempotencyKey: "official-3" }, { expectFinal: true });
  expect(final).toMatchObject({ status: "ok", result: { payloads: [{ text: expect.stringContaining("tool said:") }], meta: { agentMeta: { provider: "mock" } } } });
  const tools = client.events.filter((event) => event.event === "agent" && event.payload["runId"] === "official-3" && event.payload["stream"] === "tool");
  expect(tools.map((event) => (event.payload["data"] as { phase: string }).phase)).toEqual(["start", "result"]);
  const failed = await client.request("agent", { message: "[[scenario:fault http-401]]", sessionKey: "agents", idempotencyKey: "official-4" }, { expectFinal: true }).then(() => undefined, (error: unknown) => error);
  expect(String(failed)).toMatch(/401/);
});

test("[client.v4] changes a session, forks, resets and deletes it", async () => {
  await client.request("agent", { message: "to be changed", sessionKey: "changing", idempotencyKey: "official-5" }, { expectFinal: true });
  expect(await client.request("sessions.patch", { key: "changing", label: "Changed", thinkingLevel: "low" })).toMatchObject({ ok: true, entry: { label: "Changed", thinkingLevel: "low" } });
  const before = await client.request<{ sessionId: string }>("chat.history", { sessionKey: "changing" });
  await client.request("sessions.reset", { key: "changing" });
  const after = await client.request<{ sessionId: string; messages: unknown[] }>("chat.history", { sessionKey: "changing" });
  expect(after.messages).toEqual([]);
  expect(after.sessionId).not.toBe(before.sessionId);
  expect(await client.request("sessions.delete", { key: "changing" })).toMatchObject({ ok: true, deleted: true });
  expect(JSON.stringify(await client.request("sessions.list", {}))).not.toContain("agent:main:changing");
});

test("[client.v4] reads the configuration without secrets and changes it under its hash", async () => {
  const read = await client.request<{ hash: string; config: { models: { providers: { mock: { apiKey: string } } } } }>("config.get", {});
  expect(read.config.models.providers.mock.apiKey).toBe("__OPENCLAW_REDACTED__");
  const listed = await client.request<{ models: { id: string; provider: string; available: boolean }[] }>("models.list", {});
  expect(listed.models).toMatchObject([{ id: "mock-1", provider: "mock", available: true }]);
  await client.request("config.patch", { raw: '{ agents: { defaults: { models: { "mock/mock-1": { alias: "quick" } } } } }', baseHash: read.hash });
  expect(JSON.stringify(await client.request("models.list", {}))).toContain('"alias":"quick"');
  const stale = await client.request("config.patch", { raw: "{}", baseHash: read.hash }).then(() => undefined, (error: unknown) => error);
  expect(String(stale)).toContain("config changed since last load");
});

test("[client.v4] a new device is let in with what the secret is worth, keeps its token, and comes back with the token alone", async () => {
  const host = newHost();
  const first = await connectOfficial({ url: strict.wsUrl, token: testToken, scopes: ["operator.read", "operator.write"], host });
  const kept = host.tokens.get("operator");
  expect(kept?.scopes.toSorted()).toEqual(["operator.read", "operator.write"]);
  first.stop();
  const second = await connectOfficial({ url: strict.wsUrl, scopes: ["operator.read"], host });
  expect(await second.request("health", {})).toMatchObject({ ok: true });
  expect(host.tokens.get("operator")?.token).toBe(kept?.token);
  second.stop();
  const stolen: OfficialHost = { device: makeDevice(), tokens: new Map(host.tokens) };
  const refused = await connectOfficial({ url: strict.wsUrl, scopes: ["operator.read"], host: stolen }).then(() => undefined, (error: unknown) => error);
  expect(String(refused)).toMatch(/unauthorized/);
});

test("[client.v4] [I.6] a device that asks for admin is told to be paired, in the words the client understands", async () => {
  const refused = await connectOfficial({ url: strict.wsUrl, token: testToken, scopes: ["operator.admin"], host: newHost() }).then(() => undefined, (error: unknown) => error);
  expect(detailsOf(refused)).toMatchObject({ code: "PAIRING_REQUIRED", reason: "not-paired", requestId: expect.any(String), requestedScopes: ["operator.admin"] });
  const paired = await connectOfficial({ url: gateway.wsUrl, token: testToken, scopes: ["operator.admin"], host: newHost() });
  expect((paired.hello["auth"] as { scopes: string[] }).scopes).toEqual(["operator.admin"]);
  paired.stop();
});

test("[client.v4] the built-in node host negotiates, is listed, and answers an invoke", async () => {
  const host = newHost();
  const node = await connectOfficial({ url: gateway.wsUrl, token: testToken, role: "node", scopes: [], host, commands: ["system.which"] });
  expect(node.hello["protocol"]).toBe(4);
  const { nodes } = await client.request<{ nodes: { nodeId: string; connected: boolean; commands: string[]; approvalState: string }[] }>("node.list", {});
  expect(nodes.find((one) => one.nodeId === host.device.id)).toMatchObject({ connected: true, commands: ["system.which"], approvalState: "approved" });
  const answer = client.request("node.invoke", { nodeId: host.device.id, command: "system.which", params: { bins: ["sh"] }, idempotencyKey: "official-invoke" });
  await node.until(() => node.events.some((event) => event.event === "node.invoke.request"), "the invoke");
  const request = node.events.find((event) => event.event === "node.invoke.request")?.payload ?? {};
  await node.request("node.invoke.result", { id: request["id"], nodeId: host.device.id, ok: true, payloadJSON: '{"sh":"/bin/sh"}' });
  expect(await answer).toMatchObject({ ok: true, payload: { sh: "/bin/sh" } });
  node.stop();
});
