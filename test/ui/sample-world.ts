// What a gateway with some life in it would answer, for tests of how the places look and behave.
import type { Script } from "./scripted-gateway.ts";

const minute = 60_000;
const hour = 60 * minute;

export const demoModel = { id: "assistant", name: "Demo assistant (built in, not a real model)", provider: "demo", available: true, tags: ["demo"], contextWindow: 32_000, reasoning: true, input: ["text"], thinkingLevels: ["off", "low", "high"].map((id) => ({ id, label: id })) };
export const realModel = { id: "claude-sonnet", name: "Claude Sonnet", provider: "anthropic", available: true, contextWindow: 200_000, reasoning: true, input: ["text", "image"] };

export function sessionRows(now: number, count = 7): Record<string, unknown>[] {
  const titles = ["Plan the garden", "Tax letters", "Lisbon in May", "Why the boiler hums", "Birthday speech", "Reading list", "Shell one-liners"];
  return [
    { key: "agent:main:main", kind: "direct", isMain: true, updatedAt: now - 40_000, sessionId: "7f1c2a", derivedTitle: "Notes for Thursday", lastMessagePreview: "I read both files. The first one names three open points.", totalTokens: 18_400, contextTokens: 200_000, model: "claude-sonnet", modelProvider: "anthropic" },
    ...Array.from({ length: count - 1 }, (_, index) => ({ key: `agent:main:chat-${String(index).padStart(6, "0")}`, kind: "direct", updatedAt: now - (index + 1) * 3 * hour, sessionId: `s-${index}`, derivedTitle: titles[index % titles.length], lastMessagePreview: "The short answer is yes, with two conditions.", totalTokens: 900 * (index + 1), model: index % 2 === 0 ? "claude-sonnet" : "assistant" })),
  ];
}

export function conversation(now: number): Record<string, unknown>[] {
  const mark = (seq: number, extra: object = {}) => ({ __openclaw: { id: `entry-${seq}`, seq, ...extra } });
  return [
    { role: "user", content: "Look into notes/thursday.md and tell me what is still open.", timestamp: now - 5 * minute, ...mark(1, { idempotencyKey: "run-1" }) },
    {
      role: "assistant",
      content: [
        { type: "thinking", thinking: "The person wants the open points. I read the file first, then the one it points to." },
        { type: "text", text: "I look into the file." },
        { type: "toolCall", id: "call-1", name: "read", arguments: { path: "notes/thursday.md" } },
        { type: "toolCall", id: "call-2", name: "search", arguments: { query: "open point", folder: "notes" } },
      ],
      provider: "anthropic", model: "claude-sonnet", stopReason: "toolUse", timestamp: now - 5 * minute + 2_000, usage: { totalTokens: 1_240, cost: { total: 0.0042 } }, ...mark(2, { runId: "run-1" }),
    },
    { role: "toolResult", toolCallId: "call-1", toolName: "read", isError: false, content: [{ type: "text", text: "# Thursday\n\n- [x] room booked\n- [ ] agenda\n- [ ] ask Ines about the budget\n- [ ] print badges" }], details: { durationMs: 12 }, timestamp: now - 5 * minute + 2_500, ...mark(3) },
    { role: "toolResult", toolCallId: "call-2", toolName: "search", isError: true, content: [{ type: "text", text: "The folder notes/archive cannot be read." }], details: { durationMs: 340 }, timestamp: now - 5 * minute + 2_900, ...mark(4) },
    {
      role: "assistant",
      content: [{ type: "text", text: "Three points are open:\n\n1. **Agenda** is not written.\n2. **Budget**: ask Ines.\n3. **Badges** are not printed.\n\nThis counts what is left:\n\n```ts\nconst open = lines.filter((line) => line.startsWith(\"- [ ]\"));\nconsole.log(open.length); // 3\n```\n\nThe archive folder could not be read, so older points may be missing." }],
      provider: "anthropic", model: "claude-sonnet", stopReason: "stop", timestamp: now - 5 * minute + 9_000, usage: { totalTokens: 2_010, cost: { total: 0.0061 } }, ...mark(5, { runId: "run-1" }),
    },
    { role: "user", content: "Thanks. Remind me what we said about the badges?", timestamp: now - 2 * minute, ...mark(6, { idempotencyKey: "run-2" }) },
    { role: "assistant", content: [{ type: "text", text: "You wanted 24 of them" }], provider: "anthropic", model: "claude-sonnet", stopReason: "error", errorMessage: "The provider is overloaded", errorKind: "overloaded", timestamp: now - 2 * minute + 4_000, usage: { totalTokens: 300, cost: { total: 0.001 } }, ...mark(7, { runId: "run-2" }) },
  ];
}

/** Answers for every place. Tests replace what they are about. */
export function sampleMethods(now = Date.now()): NonNullable<Script["methods"]> {
  const messages = conversation(now);
  return {
    "sessions.list": () => ({ ts: now, path: "sessions.json", count: 7, totalCount: 7, defaults: { modelProvider: "anthropic", model: "claude-sonnet", contextTokens: 200_000 }, sessions: sessionRows(now) }),
    "sessions.subscribe": () => ({ subscribed: true }),
    "sessions.messages.subscribe": () => ({ subscribed: true }),
    "sessions.create": () => ({ ok: true, key: "agent:main:chat-fresh" }),
    "sessions.patch": ({ key }) => ({ ok: true, key, path: "sessions.json", entry: {} }),
    "sessions.fork": () => ({ sessionKey: "agent:main:chat-copy" }),
    "sessions.reset": ({ key }) => ({ ok: true, key, entry: {} }),
    "sessions.delete": ({ key }) => ({ ok: true, key, deleted: true, archived: [] }),
    "chat.history": ({ sessionKey }) => ({ sessionKey, sessionId: "7f1c2a", messages: sessionKey === "agent:main:main" ? messages : [], hasMore: false, totalMessages: messages.length, thinkingLevel: "low", sessionInfo: { thinkingLevel: "low" }, pendingInputs: { items: [], total: 0 } }),
    "chat.send": ({ idempotencyKey }) => ({ runId: idempotencyKey, status: "started" }),
    "chat.abort": () => ({ ok: true, aborted: true, runIds: [] }),
    "models.list": () => ({ models: [realModel, { ...realModel, id: "claude-haiku", name: "Claude Haiku" }, demoModel] }),
    "models.authStatus": () => ({
      providers: [
        { id: "anthropic", label: "Anthropic", configured: true, needsKey: true, keySource: "config", keyHint: "sk-ant-…" },
        { id: "lab", label: "lab", configured: true, needsKey: false, baseUrl: "http://10.0.0.7:8080/v1" },
        { id: "openai", label: "OpenAI", configured: false, needsKey: true, keyEnv: "OPENAI_API_KEY" },
        { id: "ollama", label: "Ollama", configured: false, needsKey: false, baseUrl: "http://127.0.0.1:11434" },
        { id: "demo", label: "Demo", configured: true, needsKey: false },
      ],
      circuits: [
        { id: "anthropic/claude-sonnet", provider: "anthropic", circuit: "closed", lastSuccessAt: now - 50_000 },
        { id: "lab/qwen", provider: "lab", circuit: "open", lastFailure: { at: now - 20_000, kind: "network", reason: "connect ECONNREFUSED" } },
      ],
    }),
    "models.probe": ({ provider }) => (provider === "lab" ? { provider, status: "unknown", error: "connect ECONNREFUSED 10.0.0.7:8080", results: [] } : { provider, status: "ok", results: [] }),
    "config.get": () => ({ path: "config.yaml", exists: true, valid: true, hash: "hash-1", issues: [], warnings: [], legacyIssues: [], parsed: { agents: { defaults: { model: { primary: "anthropic/claude-sonnet", fallbacks: ["anthropic/claude-haiku"] } } }, models: { providers: { anthropic: {}, lab: {} } } } }),
    "config.patch": () => ({ ok: true, path: "config.yaml", config: {} }),
    "device.pair.list": () => ({
      pending: [{ requestId: "9b0c5f1e-6a2d-4c40-9a55-0f2f3c1d7e11", deviceId: "c3".repeat(32), displayName: "Firefox on Android", platform: "Linux armv8l", role: "operator", scopes: ["operator.admin", "operator.read", "operator.write", "operator.approvals", "operator.pairing"], remoteIp: "192.168.1.40", ts: now - 40_000, code: "amber lotus comet birch violin moon" }],
      paired: [
        { deviceId: "a1".repeat(32), displayName: "Chrome on Linux", platform: "Linux x86_64", roles: ["operator"], scopes: ["operator.admin", "operator.read", "operator.write", "operator.approvals", "operator.pairing"], tokens: [{ role: "operator", scopes: [], createdAtMs: now - 40 * hour, lastUsedAtMs: now - 5_000 }], createdAtMs: now - 40 * hour, approvedAtMs: now - 40 * hour, approvedVia: "sign-in-link", lastSeenAtMs: now - 5_000, connected: true },
        { deviceId: "b2".repeat(32), displayName: "Kitchen tablet", platform: "iPadOS", roles: ["operator"], scopes: ["operator.read", "operator.write"], tokens: [{ role: "operator", scopes: [], createdAtMs: now - 90 * hour, revokedAtMs: now - 2 * hour }], createdAtMs: now - 90 * hour, approvedAtMs: now - 90 * hour, approvedVia: "host", lastSeenAtMs: now - 3 * hour, connected: false },
      ],
    }),
    "device.pair.approve": ({ requestId }) => ({ requestId, device: {} }),
    "device.pair.reject": ({ requestId }) => ({ requestId, deviceId: "c3".repeat(32) }),
    "device.pair.rename": ({ deviceId, label }) => ({ deviceId, label, displayName: label }),
    "device.pair.remove": ({ deviceId }) => ({ deviceId, removed: true }),
    "device.token.rotate": ({ deviceId, role }) => ({ deviceId, role, scopes: [], rotatedAtMs: now, tokenDelivery: "withheld-cross-device" }),
    "device.token.revoke": ({ deviceId, role }) => ({ deviceId, role, revokedAtMs: now }),
    "node.list": () => ({ ts: now, nodes: [{ nodeId: "d4".repeat(32), displayName: "Workshop laptop", platform: "linux", version: "2026.11.21", caps: [], commands: ["screen.snapshot", "location.get"], connected: true, paired: true }] }),
    status: () => ({
      gateway: { port: 18789, secure: false, hosts: ["127.0.0.1", "::1"], connections: 3, signedIn: 3, uptimeMs: 273_600_000 },
      runs: [], models: [{ id: "anthropic/claude-sonnet", provider: "anthropic", circuit: "closed", lastSuccessAt: now - 50_000 }, { id: "anthropic/claude-haiku", provider: "anthropic", circuit: "closed", lastSuccessAt: now - 90_000, lastFailure: { at: now - 30_000, kind: "rate-limit", reason: "HTTP 429: slow down" } }], sessions: { count: 7, paths: [] }, extensions: [], outbox: { pending: 0 }, warnings: [],
    }),
    health: () => ({ ok: true, ts: now - 12_000, durationMs: 4, eventLoop: { degraded: false, reasons: [], delayP99Ms: 12 }, plugins: { loaded: ["provider-pi", "tools-web"], errors: [] }, channels: {} }),
    "system-presence": () => [
      { host: "Chrome on Linux", platform: "Linux x86_64", mode: "ui", reason: "connect", ts: now - 8_000 },
      { host: "workshop", platform: "linux", mode: "gateway", reason: "self", ts: now - 40_000 },
      { host: "Kitchen tablet", platform: "iPadOS", mode: "ui", reason: "disconnect", ts: now - 200_000 },
    ],
    "usage.cost": () => ({ updatedAt: now, days: 30, daily: Array.from({ length: 30 }, (_, index) => ({ date: new Date(now - (29 - index) * 24 * hour).toISOString().slice(0, 10), totalTokens: index % 7 === 5 ? 0 : 9_000 + ((index * 7_919) % 61) * 1_100, totalCost: 0.2 })), totals: { input: 1, output: 1, cacheRead: 0, cacheWrite: 0, totalTokens: 1_284_000, totalCost: 7.31, missingCostEntries: 4 } }),
  };
}
