// Nodes: who is online, what may be asked of them, and how an answer finds its way back.
import { describe, expect, it } from "vitest";
import { createFakeClock } from "../base/fake-clock.ts";
import { createCountingIds } from "../base/ids.ts";
import type { PairedDevice } from "./devices.ts";
import { isAllowed, platformKey } from "./node-commands.ts";
import { createNodes, type NodeInfo } from "./nodes.ts";

const paired: PairedDevice = { deviceId: "n1", publicKey: "k", roles: ["node"], scopes: [], tokens: [], createdAtMs: 0, approvedAtMs: 0, approvedVia: "host", displayName: "Phone" };

function set(rules = { allowCommands: [] as string[], denyCommands: [] as string[] }) {
  const clock = createFakeClock();
  const sent: { connId: string; event: string; payload: Record<string, unknown> }[] = [];
  const nodes = createNodes({ clock, ids: createCountingIds(), rules: () => rules, paired: async () => [paired] });
  const attach = (change: Partial<NodeInfo> = {}, connId = "c1") =>
    nodes.attach({ nodeId: "n1", platform: "ios", caps: ["camera"], commands: ["camera.snap", " location.get ", "system.run"], ...change }, { connId, send: (event, payload) => void sent.push({ connId, event, payload: payload as Record<string, unknown> }) });
  const signal = new AbortController();
  const invoke = (change: Partial<Parameters<typeof nodes.invoke>[0]> = {}) => nodes.invoke({ nodeId: "n1", command: "camera.snap", idempotencyKey: "k", ...change }, signal.signal);
  return { clock, sent, nodes, attach, invoke, signal };
}

describe("the allowlist", () => {
  it("goes by platform, else by family, else everything known", () => {
    expect(platformKey("iOS 18.1", undefined)).toBe("ios");
    expect(platformKey("iPadOS 18", "iPad")).toBe("ios");
    expect(platformKey("macOS 15", undefined)).toBe("macos");
    expect(platformKey("darwin", undefined)).toBe("macos");
    expect(platformKey("win32", undefined)).toBe("windows");
    expect(platformKey("plan9", undefined)).toBe("unknown");
    expect(isAllowed({ platform: "ios" }, "sms.send", { allowCommands: [], denyCommands: [] })).toBe(false);
    expect(isAllowed({ platform: "android" }, "sms.send", { allowCommands: [], denyCommands: [] })).toBe(true);
    expect(isAllowed({ platform: "ios" }, "system.run", { allowCommands: ["system.run"], denyCommands: [] })).toBe(true);
    expect(isAllowed({ platform: "linux" }, "system.run", { allowCommands: ["system.run"], denyCommands: ["system.run"] })).toBe(false);
    expect(isAllowed({}, "made.up", { allowCommands: [], denyCommands: [] })).toBe(false);
  });

  it("filters what a node declares, and every invocation", async () => {
    const { nodes, attach, invoke } = set();
    attach();
    expect((await nodes.list())[0]?.commands).toEqual(["camera.snap", "location.get"]);
    await expect(invoke({ command: "system.run" })).rejects.toMatchObject({ code: "node.refused", details: { reason: "command not allowlisted" } });
    await expect(invoke({ command: "camera.clip" })).rejects.toMatchObject({ details: { reason: "command not declared by node" } });
    await expect(invoke({ command: " " })).rejects.toMatchObject({ details: { reason: "command required" } });
    attach({ commands: [] });
    await expect(invoke()).rejects.toMatchObject({ details: { reason: "node did not declare commands" } });
  });
});

describe("an invocation", () => {
  it("[rpc.trap.params-json] travels as a JSON string and its answer comes back as one or as a value", async () => {
    const { nodes, attach, invoke, sent } = set();
    attach();
    const first = invoke({ params: { quality: 0.5 } });
    expect(sent[0]).toMatchObject({ event: "node.invoke.request", payload: { nodeId: "n1", command: "camera.snap", paramsJSON: '{"quality":0.5}', idempotencyKey: "k" } });
    expect(nodes.settle({ id: String(sent[0]?.payload.id), nodeId: "n1", ok: true, payloadJSON: '{"format":"jpg"}' })).toBe(true);
    expect(await first).toEqual({ payload: { format: "jpg" }, payloadJSON: '{"format":"jpg"}' });
    const second = invoke();
    expect(sent[1]?.payload.paramsJSON).toBeNull();
    nodes.settle({ id: String(sent[1]?.payload.id), nodeId: "n1", ok: true, payload: { a: 1 }, payloadJSON: null });
    expect(await second).toEqual({ payload: { a: 1 }, payloadJSON: null });
  });

  it("fails as the node failed, in time, and with its socket", async () => {
    const { nodes, attach, invoke, sent, clock, signal } = set();
    await expect(invoke()).rejects.toMatchObject({ code: "node.offline", details: { code: "NOT_CONNECTED" } });
    attach();
    const failed = invoke();
    nodes.settle({ id: String(sent[0]?.payload.id), nodeId: "n1", ok: false, error: { code: "CAMERA_DISABLED", message: "CAMERA_DISABLED: enable Camera" } });
    await expect(failed).rejects.toMatchObject({ message: "CAMERA_DISABLED: enable Camera", details: { nodeError: { code: "CAMERA_DISABLED" } } });
    const late = invoke({ timeoutMs: 1_000 }).catch((error: unknown) => error);
    await clock.advance(1_001);
    expect(await late).toMatchObject({ message: "node invoke timed out", details: { nodeError: { code: "TIMEOUT" } } });
    expect(nodes.settle({ id: String(sent[1]?.payload.id), nodeId: "n1", ok: true })).toBe(false);
    const cut = invoke().catch((error: unknown) => error);
    nodes.detach("n1", "c1");
    expect(await cut).toMatchObject({ message: "node disconnected (camera.snap)" });
    attach();
    const dropped = invoke().catch((error: unknown) => error);
    signal.abort(new Error("gone"));
    expect(await dropped).toMatchObject({ message: "gone" });
    expect(clock.pending()).toBe(0);
  });

  it("is not settled by another node", async () => {
    const { nodes, attach, invoke, sent } = set();
    attach();
    const open = invoke();
    expect(nodes.settle({ id: String(sent[0]?.payload.id), nodeId: "n2", ok: true, payload: 1 })).toBe(false);
    expect(nodes.settle({ id: String(sent[0]?.payload.id), nodeId: "n1", ok: true, payload: 1 })).toBe(true);
    expect((await open).payload).toBe(1);
  });
});

describe("a second socket", () => {
  it("[rpc.node.replace] takes the place; the old one's close does not take the node away", async () => {
    const { nodes, attach, invoke, sent } = set();
    attach({}, "c1");
    attach({}, "c2");
    nodes.detach("n1", "c1");
    expect((await nodes.describe("n1")).connected).toBe(true);
    const open = invoke();
    expect(sent[0]?.connId).toBe("c2");
    nodes.settle({ id: String(sent[0]?.payload.id), nodeId: "n1", ok: true, payload: 1 });
    await open;
  });
});

describe("the list", () => {
  it("joins paired and connected ones, the given name first", async () => {
    const { nodes, attach } = set();
    expect(await nodes.list()).toMatchObject([{ nodeId: "n1", displayName: "Phone", paired: true, connected: false }]);
    attach({ displayName: "iPhone von A" });
    expect(await nodes.list()).toMatchObject([{ displayName: "Phone", connected: true, paired: true, caps: ["camera"] }]);
    await expect(nodes.describe("nobody")).rejects.toMatchObject({ code: "node.unknown" });
  });
});
