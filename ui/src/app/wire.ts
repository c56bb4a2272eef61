// The parts of the gateway's answers that the UI reads. Everything beyond the required members may be absent.

export interface SessionRow {
  key: string;
  kind: string;
  updatedAt: number | null;
  sessionId?: string;
  agentId?: string;
  label?: string;
  displayName?: string;
  derivedTitle?: string;
  lastMessagePreview?: string;
  channel?: string;
  status?: string;
  lastRunId?: string;
  thinkingLevel?: string;
  model?: string;
  modelProvider?: string;
  modelOverride?: string;
  providerOverride?: string;
  isMain?: boolean;
  inputTokens?: number;
  outputTokens?: number;
  totalTokens?: number;
  contextTokens?: number;
}

export interface ModelRow {
  id: string;
  name: string;
  provider: string;
  available?: boolean;
  alias?: string;
  tags?: string[];
  unavailableReason?: string;
  contextWindow?: number;
  reasoning?: boolean;
  input?: string[];
  thinkingLevels?: { id: string; label: string }[];
}

export interface ProviderRow {
  id: string;
  label: string;
  configured: boolean;
  needsKey: boolean;
  keySource?: string;
  /** What a key of this provider looks like. */
  keyHint?: string;
  keyEnv?: string;
  baseUrl?: string;
}

export interface PendingDevice {
  requestId: string;
  deviceId: string;
  displayName?: string;
  platform?: string;
  clientId?: string;
  role?: string;
  scopes?: string[];
  remoteIp?: string;
  isRepair?: boolean;
  ts: number;
  /** The six words. */
  code?: string;
}

export interface PairedDevice {
  deviceId: string;
  displayName?: string;
  platform?: string;
  clientId?: string;
  clientMode?: string;
  remoteIp?: string;
  roles?: string[];
  scopes?: string[];
  tokens?: { role: string; scopes: string[]; createdAtMs: number; rotatedAtMs?: number; revokedAtMs?: number; lastUsedAtMs?: number }[];
  createdAtMs?: number;
  approvedAtMs?: number;
  approvedVia?: string;
  lastSeenAtMs?: number;
  connected?: boolean;
}

export interface PairingList {
  pending: PendingDevice[];
  paired: PairedDevice[];
}

/** `provider/model`, as models are named everywhere. */
export function modelName(model: { provider: string; id: string }): string {
  return `${model.provider}/${model.id}`;
}

export function isDemo(model: { tags?: string[]; provider: string }): boolean {
  return model.tags?.includes("demo") ?? model.provider === "demo";
}

/** The name in lists; a demo always says that it is one. */
export function shownName(model: ModelRow): string {
  return isDemo(model) && !/demo/i.test(model.name) ? `${model.name} (demo)` : model.name;
}

/** Where nothing was said yet, the gateway has only the id to name a conversation by. */
function isOnlyItsId({ derivedTitle, sessionId, isMain }: SessionRow): boolean {
  return isMain !== true && derivedTitle !== undefined && sessionId !== undefined && derivedTitle.startsWith(sessionId.slice(0, 8));
}

/** The best name a conversation has. */
export function titleOf(row: SessionRow): string {
  const derived = isOnlyItsId(row) ? "New conversation" : row.derivedTitle;
  return row.label ?? row.displayName ?? derived ?? shortKey(row.key);
}

/** The last words on one line, without the marks of markdown. */
export function previewOf(row: SessionRow): string | undefined {
  return row.lastMessagePreview
    ?.replace(/```[\w+#-]*/g, " ")
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, "$1")
    .replace(/^\s*(?:#{1,6}|>|[-*+]|\d+\.)\s+|#{2,6}\s+/g, "")
    .replace(/\*\*|__|~~|`/g, "")
    .replace(/\s+/g, " ")
    .trim();
}

/** `agent:main:telegram:dm:7` → `telegram:dm:7`; the main conversation of an agent is its own name. */
export function shortKey(key: string): string {
  const [first, agent, ...rest] = key.split(":");
  if (first !== "agent" || rest.length === 0) return key;
  if (rest.join(":") !== "main") return rest.join(":");
  return agent === "main" ? "Main conversation" : `${agent}: main conversation`;
}
