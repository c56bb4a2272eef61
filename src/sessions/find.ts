// Finding a session's key by what else is known of it, with the words clients show when it fails. Pure.
import { fault } from "../base/faults.ts";
import type { SessionEntry } from "../sdk/backends.ts";

export interface SessionQuery {
  key?: string;
  sessionId?: string;
  label?: string;
  agentId?: string;
  spawnedBy?: string;
}

/** Exactly one of key, sessionId and label; agentId and spawnedBy narrow. Throws session.not-found or request.invalid. */
export function findKey(sessions: Iterable<[string, SessionEntry]>, by: SessionQuery, agentOf: (key: string) => string): string {
  const wanted = [by.key, by.sessionId, by.label].filter((value) => value !== undefined && value !== "");
  if (wanted.length === 0) throw fault("request.invalid", { reason: "Either key, sessionId, or label is required" });
  if (wanted.length > 1) throw fault("request.invalid", { reason: "Provide either key, sessionId, or label (not multiple)" });
  const keys: string[] = [];
  for (const [key, entry] of sessions) {
    if (by.agentId !== undefined && agentOf(key) !== by.agentId) continue;
    if (by.spawnedBy !== undefined && entry["spawnedBy"] !== by.spawnedBy) continue;
    if (by.key === key || by.sessionId === entry.sessionId || (by.label !== undefined && by.label === entry["label"])) keys.push(key);
  }
  return theOne(keys, by);
}

function theOne(keys: readonly string[], by: SessionQuery): string {
  const [key] = keys;
  if (key !== undefined && keys.length === 1) return key;
  const what = by.label === undefined ? "" : " with label";
  const wanted = by.label ?? by.sessionId ?? by.key ?? "";
  if (keys.length > 1) throw fault("request.invalid", { reason: `Multiple sessions found${what}: ${wanted} (${keys.join(", ")})` });
  if (by.label !== undefined) throw fault("request.invalid", { reason: `No session found with label: ${wanted}` });
  throw fault("session.not-found", { key: wanted });
}
