// What becomes of an entry of sessions.json when its conversation changes: merged, renewed, copied. Pure.
import type { SessionEntry } from "../sdk/backends.ts";

/** Members that describe one transcript and do not outlive it. */
const ofTheTranscript = ["sessionFile", "inputTokens", "outputTokens", "totalTokens", "compactionCount", "memoryFlushAt", "memoryFlushCompactionCount", "status", "cliSessionIds", "claudeCliSessionId"];
/** Settings that a copy takes along. */
const copied = ["thinkingLevel", "verboseLevel", "reasoningLevel", "elevatedLevel", "responseUsage", "providerOverride", "modelOverride", "authProfileOverride", "authProfileOverrideSource", "sendPolicy", "chatType"];

/** With the members of `change`; undefined takes one away. */
export function mergedEntry(entry: SessionEntry, change: Partial<SessionEntry>): SessionEntry {
  const next: SessionEntry = { ...entry };
  for (const [member, value] of Object.entries(change)) {
    if (value === undefined) delete next[member];
    else next[member] = value;
  }
  return next;
}

/** A new conversation under the same key: settings stay, counters start at zero. */
export function renewedEntry(entry: SessionEntry, fresh: { sessionId: string; updatedAt: number }): SessionEntry {
  const next: SessionEntry = { ...entry, ...fresh };
  for (const member of ofTheTranscript) delete next[member];
  return { ...next, lastInteractionAt: fresh.updatedAt, systemSent: false, abortedLastRun: false, inputTokens: 0, outputTokens: 0, totalTokens: 0, compactionCount: 0 };
}

/** The entry of a copy: its settings, not its name and not its past. */
export function forkedEntry(source: SessionEntry, fresh: { sessionId: string; updatedAt: number }): SessionEntry {
  const entry: SessionEntry = { ...fresh, lastInteractionAt: fresh.updatedAt };
  for (const member of copied) if (source[member] !== undefined) entry[member] = source[member];
  return entry;
}
