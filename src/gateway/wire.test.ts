// Both protocols at one gateway: what each is told of the same run, numbers, answers, errors, nodes; frames to protocol 4 against the published schema.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";
import { PROTOCOL_VERSION } from "@openclaw/gateway-protocol/version";
import { Compile } from "typebox/compile";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { maxProtocol } from "../protocol/frames.ts";
import { compatible, dial, helloOf, makeDevice, startKit, Wire, type Frame, type Kit } from "../../test/fixtures/gateway-kit.ts";

let kit: Kit;
beforeAll(async () => {
  kit = await startKit({ gatewayConfig: { auth: { sharedTokenScopes: compatible } } });
});
afterAll(() => kit.close());

const chatScopes = ["operator.read", "operator.write"];
const chats = (wire: Wire, runId: string) => wire.events("chat").filter((event) => event.runId === runId);
const isFinal = (runId: string) => (payload: Record<string, unknown>) => payload.runId === runId && payload.state === "final";

function textOf(event: Record<string, unknown> | undefined): string | undefined {
  return (event?.message as { content?: { text: string }[] } | undefined)?.content?.[0]?.text;
}

async function converse(wire: Wire, sessionKey: string, runId: string, message = "hello"): Promise<Frame> {
  const accepted = await wire.call("chat.send", { sessionKey, message, idempotencyKey: runId });
  expect(accepted).toMatchObject({ runId, status: "started" });
  return wire.event("chat", isFinal(runId));
}

describe("one run, two protocols", () => {
  it("[rpc.events.run] reaches each in its own spelling, agent first and then chat, in order and without gaps", async () => {
    const [old, now, quiet] = await Promise.all([dial(kit, { protocol: 3, scopes: chatScopes }), dial(kit, { scopes: chatScopes, caps: ["tool-events"] }), dial(kit, { scopes: [] })]);
    await converse(old, "main", "run-1");
    await now.event("chat", isFinal("run-1"));
    const [three, four] = [chats(old, "run-1"), chats(now, "run-1")];
    expect(new Set(three.map((event) => event.sessionKey))).toEqual(new Set(["main"]));
    expect(new Set(four.map((event) => event.sessionKey))).toEqual(new Set(["agent:main:main"]));
    const added = four.filter((event) => event.state === "delta").map((event) => event.deltaText).join("");
    const final = textOf(four.at(-1));
    expect(added.trim()).toBe(final);
    expect(textOf(three.at(-1))).toBe(final);
    for (const wire of [old, now]) {
      const numbers = wire.frames.filter((frame) => frame.seq !== undefined).map((frame) => frame.seq);
      expect(numbers).toEqual(numbers.map((_, i) => i + 1));
      const lifecycle = wire.events("agent").filter((event) => event.runId === "run-1" && event.stream === "lifecycle").map((event) => (event.data as { phase: string }).phase);
      expect(lifecycle.filter((phase) => phase === "start" || phase === "end" || phase === "error")).toEqual(["start", "end"]);
      const seqs = wire.events("agent").filter((event) => event.runId === "run-1").map((event) => event.seq as number);
      expect([...seqs].sort((a, b) => a - b)).toEqual(seqs);
    }
    expect(quiet.events("chat")).toEqual([]);
    for (const wire of [old, now, quiet]) wire.close();
  });

  it("[rpc.trap.session-key-echo] a protocol 3 client that turned to the canonical key hears that one", async () => {
    const old = await dial(kit, { protocol: 3, scopes: chatScopes });
    await converse(old, "main", "run-turned-1");
    await converse(old, "agent:main:main", "run-turned-2");
    const events = old.frames.filter((frame) => frame.payload?.runId === "run-turned-2" && frame.event !== undefined);
    expect(events.length).toBeGreaterThan(2);
    expect(new Set(events.map((frame) => frame.payload?.sessionKey))).toEqual(new Set(["agent:main:main"]));
    await converse(old, "main", "run-turned-3");
    expect(new Set(chats(old, "run-turned-3").map((event) => event.sessionKey))).toEqual(new Set(["main"]));
    // Under `agent` the answer comes when all its events have been sent.
    old.socket.send(JSON.stringify({ type: "req", id: "turned", method: "agent", params: { message: "hello", idempotencyKey: "run-turned-4", sessionKey: "agent:main:main" } }));
    await old.event("chat", isFinal("run-turned-4"));
    expect(new Set(chats(old, "run-turned-4").map((event) => event.sessionKey))).toEqual(new Set(["agent:main:main"]));
    old.close();
  });

  it("[rpc.trap.session-key-echo] a protocol 3 client that used the short key hears it, whoever started the run", async () => {
    const [old, now] = await Promise.all([dial(kit, { protocol: 3, scopes: chatScopes }), dial(kit, { scopes: chatScopes })]);
    await old.call("chat.history", { sessionKey: "main" });
    await converse(now, "agent:main:main", "run-2");
    await old.event("chat", isFinal("run-2"));
    expect(new Set(chats(old, "run-2").map((event) => event.sessionKey))).toEqual(new Set(["main"]));
    old.close();
    now.close();
  });

  it("[rpc.trap.two-answers] agent answers twice under one id, chat.send once", async () => {
    for (const protocol of [3, 4] as const) {
      const wire = await dial(kit, { protocol, scopes: chatScopes });
      wire.socket.send(JSON.stringify({ type: "req", id: "two", method: "agent", params: { message: "hello", idempotencyKey: `agent-${protocol}`, sessionKey: "main" } }));
      await wire.until((frame) => frame.id === "two" && frame.payload?.status === "ok", "the second answer");
      const answers = wire.frames.filter((frame) => frame.id === "two");
      expect(answers.map((answer) => answer.payload?.status)).toEqual(["accepted", "ok"]);
      expect(answers[1]?.payload).toMatchObject({ runId: `agent-${protocol}`, summary: "completed" });
      await converse(wire, "main", `once-${protocol}`);
      wire.close();
    }
  });
});

describe("events to everybody", () => {
  it("[rpc.trap.shutdown] say null to protocol 3 and nothing to protocol 4 where no restart is expected; sockets close with 1012", async () => {
    const own = await startKit();
    const [old, now] = await Promise.all([dial(own, { protocol: 3 }), dial(own)]);
    const stopped = own.gateway.stop({ reason: "test", graceMs: 50 });
    expect((await old.event("shutdown")).payload).toEqual({ reason: "test", restartExpectedMs: null });
    expect((await now.event("shutdown")).payload).toEqual({ reason: "test" });
    expect(await old.closed).toEqual({ code: 1012, reason: "service restart" });
    expect(await now.closed).toEqual({ code: 1012, reason: "service restart" });
    await stopped;
    await own.close();
  });

  it("[rpc.presence] a row per device or instance, told when one goes, with its version", async () => {
    const watcher = await dial(kit, { scopes: ["operator.read"] });
    const app = await dial(kit, { scopes: ["operator.read"], client: { id: "openclaw-macos", mode: "ui", displayName: "Mac", instanceId: "I-1" } });
    const rows = await watcher.call<{ instanceId?: string; reason?: string; ts: number; mode?: string }[]>("system-presence");
    expect(rows.find((row) => row.instanceId === "I-1")).toMatchObject({ host: "Mac", reason: "connect", mode: "ui", scopes: ["operator.read"], roles: ["operator"] });
    expect(rows.find((row) => row.mode === "gateway")).toMatchObject({ reason: "self" });
    const command = await dial(kit, { client: { id: "cli", mode: "cli" } });
    app.close();
    const event = await watcher.event("presence", (payload) => (payload.presence as { instanceId?: string; reason?: string }[]).some((row) => row.instanceId === "I-1" && row.reason === "disconnect"));
    expect((event as Frame & { stateVersion?: { presence: number } }).stateVersion?.presence).toBeGreaterThan(1);
    expect((event.payload as { presence: { host?: string }[] }).presence.some((row) => row.host === "cli")).toBe(false);
    watcher.close();
    command.close();
  });

  it("[rpc.health] is refreshed after a sign-in and told to all, whole numbers throughout", async () => {
    const wire = await dial(kit, { protocol: 3, scopes: ["operator.read"] });
    const event = await wire.event("health");
    expect(event.payload).toMatchObject({ ok: true, defaultAgentId: "main", channels: {}, channelOrder: [] });
    const health = await wire.call("health", { probe: true });
    for (const field of ["ts", "durationMs", "heartbeatSeconds"]) expect(Number.isInteger(health[field])).toBe(true);
    wire.close();
  });
});

describe("configuration over the wire", () => {
  it("[rpc.trap.config-hash] a write needs the hash of the last read, under both protocols", async () => {
    const own = await startKit({ gatewayConfig: { auth: { sharedTokenScopes: compatible } } });
    for (const protocol of [3, 4] as const) {
      const wire = await dial(own, { protocol, device: makeDevice(), scopes: ["operator.admin"] });
      const read = await wire.call<{ hash: string; raw: string | null; config: Record<string, unknown> }>("config.get");
      expect(read.hash).toBeTypeOf("string");
      expect((await wire.ask("config.patch", { raw: "{logging:{level:'warn'}}" })).error?.message).toBe("config base hash required; re-run config.get and retry");
      expect((await wire.ask("config.patch", { raw: "{logging:{level:'warn'}}", baseHash: "0".repeat(64) })).error?.message).toBe("config changed since last load; re-run config.get and retry");
      const done = await wire.call("config.patch", { raw: `{logging:{level:'${protocol === 3 ? "warn" : "error"}'}}`, baseHash: read.hash });
      expect(done).toMatchObject({ ok: true, config: { logging: { level: protocol === 3 ? "warn" : "error" } } });
      expect((await wire.ask("config.set", { raw: "{logging:{level:5}}", baseHash: done.hash })).error?.message).toBe("invalid config");
      wire.close();
    }
    await own.close();
  });

  it("config.schema.lookup finds sections, fields and names that anybody chose", async () => {
    const wire = await dial(kit, { scopes: ["operator.read"] });
    const section = await wire.call<{ children: { key: string; hasChildren: boolean; reloadKind: string }[] }>("config.schema.lookup", { path: "gateway" });
    expect(section.children.find((child) => child.key === "auth")?.hasChildren).toBe(true);
    expect(section.children.find((child) => child.key === "port")?.reloadKind).toBe("restart");
    const provider = await wire.call<{ children: { key: string }[] }>("config.schema.lookup", { path: "models.providers.anything" });
    expect(provider.children.map((child) => child.key)).toContain("apiKey");
    expect((await wire.ask("config.schema.lookup", { path: "no.such.key" })).ok).toBe(false);
    wire.close();
  });
});

describe("nodes over the wire", () => {
  const nodeClient = { id: "node-host", mode: "node", platform: "linux" };

  it("[rpc.node.invoke] an operator's command travels to the node and its answer back; once per key", async () => {
    const device = makeDevice();
    const node = await dial(kit, { protocol: 3, device, role: "node", client: nodeClient, caps: ["system"], commands: ["system.which", "camera.snap"] });
    const operator = await dial(kit, { scopes: chatScopes });
    const listed = await operator.call<{ nodes: Record<string, unknown>[] }>("node.list");
    expect(listed.nodes.find((row) => row.nodeId === device.id)).toMatchObject({ connected: true, paired: true, commands: ["system.which"], caps: ["system"], approvalState: "approved" });
    const params = { nodeId: device.id, command: "system.which", params: { bins: ["git"] }, idempotencyKey: "i1" };
    const asked = operator.ask("node.invoke", params);
    const request = await node.event("node.invoke.request");
    expect(request.seq).toBeUndefined();
    expect(request.payload).toMatchObject({ nodeId: device.id, command: "system.which", paramsJSON: '{"bins":["git"]}' });
    expect(await node.call("node.invoke.result", { id: request.payload?.id, nodeId: device.id, ok: true, payloadJSON: '{"bins":{"git":"/usr/bin/git"}}', error: null })).toEqual({ ok: true });
    const answer = (await asked).payload;
    expect(answer).toEqual({ ok: true, nodeId: device.id, command: "system.which", payload: { bins: { git: "/usr/bin/git" } }, payloadJSON: '{"bins":{"git":"/usr/bin/git"}}' });
    expect((await operator.ask("node.invoke", params)).payload).toEqual(answer);
    expect(node.events("node.invoke.request")).toHaveLength(1);
    expect((await operator.ask("node.invoke", { ...params, command: "system.run" })).error).toMatchObject({ message: "idempotency key was used with another request" });
    expect((await operator.ask("node.invoke", { ...params, command: "camera.snap", idempotencyKey: "i2" })).error).toMatchObject({ code: "INVALID_REQUEST", message: "node command not allowed", details: { reason: "command not allowlisted" } });
    expect(await node.call("node.invoke.result", { id: "late", nodeId: device.id, ok: true })).toEqual({ ok: true, ignored: true });
    expect((await node.ask("node.invoke.result", { id: "x", nodeId: "other", ok: true })).error?.message).toBe("nodeId mismatch");
    node.close();
    await expect.poll(async () => (await operator.ask("node.invoke", { ...params, idempotencyKey: `i-${Math.random()}` })).error?.details?.code).toBe("NOT_CONNECTED");
    operator.close();
  });

  it("[rpc.node.invoke] a failure is told whole, the first time and again under the same key", async () => {
    const device = makeDevice();
    const node = await dial(kit, { protocol: 3, device, role: "node", client: nodeClient, commands: ["system.which"] });
    const operator = await dial(kit, { scopes: chatScopes });
    const params = { nodeId: device.id, command: "system.which", params: {}, timeoutMs: 20, idempotencyKey: "never-answered" };
    const first = (await operator.ask("node.invoke", params)).error;
    expect(first).toMatchObject({ code: "UNAVAILABLE", message: "node invoke timed out", retryable: true, details: { nodeError: { code: "TIMEOUT" } } });
    expect((await operator.ask("node.invoke", params)).error).toEqual(first);
    expect(node.events("node.invoke.request")).toHaveLength(1);
    for (const wire of [node, operator]) wire.close();
  });

  it("[rpc.limits.run-key] a key becomes the id of a run in every event, so it has a length", async () => {
    const node = await dial(kit, { device: makeDevice(), role: "node", client: nodeClient });
    const operator = await dial(kit, { scopes: chatScopes });
    const key = "k".repeat(513);
    expect(await node.call("node.event", { event: "agent.request", payload: { message: "hi", key } })).toMatchObject({ handled: false, reason: "key is longer than 512 characters" });
    for (const [method, params] of [["chat.send", { sessionKey: "main" }], ["agent", { sessionKey: "main" }], ["sessions.send", { key: "main" }], ["sessions.create", { key: "long" }]] as const) {
      expect((await operator.ask(method, { ...params, message: "hi", idempotencyKey: key })).error?.message, method).toContain(`invalid ${method} params`);
    }
    for (const wire of [node, operator]) wire.close();
  });

  it("[rpc.trap.node-broadcast] a node hears of a conversation only after it asked to, without numbers", async () => {
    const device = makeDevice();
    const node = await dial(kit, { protocol: 3, device, role: "node", client: nodeClient });
    const operator = await dial(kit, { scopes: chatScopes });
    await converse(operator, "main", "before");
    expect(node.events("chat")).toEqual([]);
    expect(await node.call("node.event", { event: "chat.subscribe", payloadJSON: '{"sessionKey":"main"}' })).toEqual({ ok: true });
    await converse(operator, "main", "after");
    const final = await node.event("chat", isFinal("after"));
    expect(final.seq).toBeUndefined();
    expect(final.payload?.sessionKey).toBe("main");
    expect(node.events("agent").length).toBeGreaterThan(0);
    await node.call("node.event", { event: "chat.unsubscribe", payload: { sessionKey: "main" }, payloadJSON: null });
    const seen = node.events("chat").length;
    await converse(operator, "main", "later");
    expect(node.events("chat")).toHaveLength(seen);
    const four = await dial(kit, { protocol: 3, device: makeDevice(), role: "node", client: nodeClient });
    expect(await four.call("node.event", { event: "made.up", payload: {} })).toEqual({ ok: true });
    for (const wire of [node, operator, four]) wire.close();
  });

  it("[rpc.trap.android] Android's operator socket calls itself the Control UI and gets in with its device", async () => {
    const wire = await dial(kit, { protocol: 3, device: makeDevice(), client: { id: "clawdbot-control-ui", mode: "ui", platform: "android" } });
    expect(helloOf(wire).auth.scopes).toEqual(["operator.admin"]);
    wire.close();
  });
});

describe("subscriptions", () => {
  it("[rpc.sessions.subscribe] tell of changes and lines to those who asked, and to nobody else", async () => {
    const [follower, other] = await Promise.all([dial(kit, { scopes: chatScopes }), dial(kit, { scopes: chatScopes })]);
    await follower.call("sessions.subscribe");
    expect(await follower.call("sessions.messages.subscribe", { key: "followed" })).toMatchObject({ subscribed: true, key: "agent:main:followed" });
    await converse(other, "followed", "sub-1");
    await follower.event("sessions.changed", (payload) => payload.sessionKey === "agent:main:followed");
    await follower.event("session.message", (payload) => payload.sessionKey === "agent:main:followed");
    expect(other.events("sessions.changed")).toEqual([]);
    expect(other.events("session.message")).toEqual([]);
    follower.close();
    other.close();
  });
});

describe("[rpc.v4.schema] the published schema of protocol 4", () => {
  type Definition = Record<string, unknown> & { properties?: Record<string, unknown> };
  const file = fileURLToPath(new URL("../protocol.schema.json", pathToFileURL(createRequire(import.meta.url).resolve("@openclaw/gateway-protocol"))));
  const { definitions } = JSON.parse(readFileSync(file, "utf8")) as { definitions: Record<string, Definition> };
  /** Members that running gateways of that protocol add to the envelope although the file does not list them. */
  const alsoSent: Record<string, string[]> = { AgentEvent: ["sessionKey", "agentId"] };
  const checks = new Map<string, ReturnType<typeof Compile>>();
  const problems = (name: string, value: unknown): string[] => {
    let check = checks.get(name);
    if (!check) {
      const definition = structuredClone(definitions[name]) as Definition;
      for (const member of alsoSent[name] ?? []) definition.properties = { ...definition.properties, [member]: { type: "string" } };
      checks.set(name, (check = Compile(definition as never)));
    }
    return check.Check(value) ? [] : [...check.Errors(value)].map((error) => `${name} ${(error as { instancePath: string }).instancePath}: ${(error as { message: string }).message}`);
  };
  const payloads: Record<string, (payload: Record<string, unknown>) => string> = {
    "agent": () => "AgentEvent", "tick": () => "TickEvent", "shutdown": () => "ShutdownEvent", "device.pair.requested": () => "DevicePairRequestedEvent", "device.pair.resolved": () => "DevicePairResolvedEvent", "node.invoke.request": () => "NodeInvokeRequestEvent",
    "chat": (payload) => ({ delta: "ChatDeltaEvent", final: "ChatFinalEvent", aborted: "ChatAbortedEvent", error: "ChatErrorEvent" })[String(payload.state)] ?? "ChatEvent",
  };
  const results: Record<string, string> = {
    "connect": "HelloOk", "config.schema": "ConfigSchemaResponse", "config.schema.lookup": "ConfigSchemaLookupResult", "logs.tail": "LogsTailResult", "system.info": "SystemInfoResult", "wizard.start": "WizardStartResult", "wizard.next": "WizardNextResult", "wizard.status": "WizardStatusResult",
    "device.token.rotate": "DeviceTokenRotateResult", "models.list": "ModelsListResult", "agents.list": "AgentsListResult", "node.event": "NodeEventResult", "agent.identity.get": "AgentIdentityResult", "sessions.resolve": "SessionsResolveResult",
  };

  it("[rpc.v4.schema] is of the protocol we speak", () => {
    expect(PROTOCOL_VERSION).toBe(maxProtocol);
  });

  it("[rpc.v4.schema] holds for every frame a protocol 4 client is sent", async () => {
    const device = makeDevice();
    const wire = new Wire(kit.url);
    const asked = new Map<string, string>();
    const ask = async (method: string, params: unknown = {}) => {
      const answer = await wire.ask(method, params);
      asked.set(String(answer.id), method);
      return answer;
    };
    asked.set(String((await wire.connect({ device, scopes: ["operator.admin"], caps: ["tool-events"] })).id), "connect");
    for (const [method, params] of [
      ["health"], ["status"], ["config.get"], ["config.schema"], ["config.schema.lookup", { path: "gateway.auth" }], ["logs.tail", { limit: 5 }], ["system.info"], ["system-presence"], ["models.list"], ["agents.list"], ["agent.identity.get"],
      ["node.list"], ["device.pair.list"], ["gateway.identity.get"], ["device.token.rotate", { deviceId: makeDevice().id, role: "operator" }], ["nope"], ["chat.history", { zzz: 1 }], ["sessions.resolve", { key: "main" }],
    ] as const) await ask(method, params ?? {});
    const wizard = await ask("wizard.start");
    await ask("wizard.status", { sessionId: wizard.payload?.sessionId });
    await ask("wizard.next", { sessionId: wizard.payload?.sessionId });
    await ask("wizard.next", { sessionId: wizard.payload?.sessionId, answer: { stepId: (wizard.payload?.step as { id: string } | undefined)?.id, value: "__later__" } });
    await ask("wizard.status", { sessionId: "nobody" });
    await ask("chat.send", { sessionKey: "main", message: "list files", idempotencyKey: "schema-1" });
    await wire.event("chat", isFinal("schema-1"));
    const slow = await ask("chat.send", { sessionKey: "slow", message: "hello again and again", idempotencyKey: "schema-2" });
    expect(slow.ok).toBe(true);
    await ask("chat.abort", { sessionKey: "slow" });
    await wire.event("chat", (payload) => payload.runId === "schema-2" && ["aborted", "final"].includes(String(payload.state)));
    await dial(kit, { protocol: 4, device: makeDevice(), role: "node", client: { id: "node-host", mode: "node" } }).then((node) => node.close(), () => undefined); // refused or not: it makes pairing events
    await wire.event("device.pair.resolved");
    const wrong: string[] = [];
    for (const frame of wire.frames) {
      wrong.push(...problems(frame.type === "res" ? "ResponseFrame" : "EventFrame", frame));
      if (frame.type === "event") {
        const name = payloads[frame.event ?? ""]?.(frame.payload ?? {});
        if (name) wrong.push(...problems(name, frame.payload));
      } else if (frame.ok) {
        const name = results[asked.get(String(frame.id)) ?? ""];
        if (name) wrong.push(...problems(name, frame.payload));
      } else if (frame.error?.details?.code === "MISSING_SCOPE") wrong.push(...problems("MissingScopeErrorDetails", frame.error.details));
    }
    expect([...new Set(wrong)]).toEqual([]);
    console.log(`[rpc.v4.schema] ${wire.frames.length} frames, ${asked.size} answers`);
    wire.close();
  });
});
