// Session keys: `agent:<agentId>:<rest>`, how people and clients shorten them, and what a key says about its conversation. Pure.
import { fault } from "../base/faults.ts";

export interface KeySettings {
  /** Name of the main conversation. */
  mainKey: string;
  /** `global`: one conversation for all senders, under the key `global`. */
  scope: "per-sender" | "global";
  defaultAgentId: string;
}

export interface ParsedKey {
  agentId: string;
  /** Everything after the agent, as it was given. */
  rest: string;
}

export type SessionKind = "direct" | "group" | "global" | "unknown";

const MAX_KEY_CHARS = 512;
const CONTROL_CHARACTERS = /\p{Cc}/u;

/** The agent and the rest of a full key; undefined for short and special ones. */
export function parseKey(key: string): ParsedKey | undefined {
  const parts = key.split(":").filter((part) => part !== "");
  const [head, agentId, ...rest] = parts;
  if (head !== "agent" || agentId === undefined || rest.length === 0) return undefined;
  return { agentId: normalizeAgentId(agentId), rest: rest.join(":") };
}

export function buildKey(agentId: string, rest: string): string {
  return `agent:${normalizeAgentId(agentId)}:${rest}`;
}

/** Lower case letters, digits, `_` and `-`, at most 64; `main` when nothing is left. */
export function normalizeAgentId(text: string): string {
  const kept = text.trim().toLowerCase().replace(/[^a-z0-9_-]+/g, "-").replace(/^[_-]+/, "").slice(0, 64);
  return kept === "" ? "main" : kept;
}

/** The canonical key of what someone wrote. Throws session.key. */
export function canonicalKey(spoken: string, settings: KeySettings): string {
  const key = spoken.trim();
  if (key === "" || key.length > MAX_KEY_CHARS || CONTROL_CHARACTERS.test(key)) throw fault("session.key", { key: key.slice(0, 80) });
  if (key === "global" || key === "unknown") return key;
  const isFull = key.startsWith("agent:");
  const parsed = isFull ? parseKey(key) : { agentId: settings.defaultAgentId, rest: key.split(":").filter((part) => part !== "").join(":") };
  if (!parsed || parsed.rest === "") throw fault("session.key", { key });
  if (parsed.rest !== "main" && parsed.rest !== settings.mainKey) return buildKey(parsed.agentId, parsed.rest);
  return settings.scope === "global" ? "global" : mainKeyOf(parsed.agentId, settings.mainKey);
}

export function mainKeyOf(agentId: string, mainKey: string): string {
  return buildKey(agentId, mainKey);
}

export function isMainKey(key: string, settings: Pick<KeySettings, "mainKey" | "scope">): boolean {
  return settings.scope === "global" ? key === "global" : parseKey(key)?.rest === settings.mainKey;
}

/** The agent of a canonical key; keys without one belong to `defaultAgentId`. */
export function agentIdOf(key: string, defaultAgentId = "main"): string {
  return parseKey(key)?.agentId ?? defaultAgentId;
}

export function kindOf(key: string, chatType?: unknown): SessionKind {
  if (key === "global" || key === "unknown") return key;
  if (chatType === "group" || chatType === "channel") return "group";
  return /:(group|channel):/.test(key) ? "group" : "direct";
}

/** What reset rules by type go by. */
export function resetTypeOf(key: string, chatType?: unknown): "direct" | "group" | "thread" {
  if (/:(thread|topic):/.test(key)) return "thread";
  return kindOf(key, chatType) === "group" ? "group" : "direct";
}

export function isSubagentKey(key: string): boolean {
  return parseKey(key)?.rest.startsWith("subagent:") ?? false;
}
