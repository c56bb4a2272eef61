// One row of sessions.list from an entry, and which rows a filter lets through. Pure.
import type { SessionEntry } from "../sdk/backends.ts";
import { kindOf, type SessionKind } from "./key.ts";
import { oneLine } from "./text.ts";

/** One row of `sessions.list` (protocol.md 4.3 and 9.4). */
export interface SessionRow {
  key: string;
  kind: SessionKind;
  updatedAt: number | null;
  sessionId?: string;
  [member: string]: unknown;
}

export interface SessionFilter {
  limit?: number;
  offset?: number;
  activeMinutes?: number;
  includeGlobal?: boolean;
  includeUnknown?: boolean;
  includeDerivedTitles?: boolean;
  includeLastMessage?: boolean;
  label?: string;
  spawnedBy?: string;
  agentId?: string;
  search?: string;
  /** Archived ones are left out when absent. */
  archived?: boolean | "all";
}

export type RunStatus = "queued" | "running" | "done" | "failed" | "killed" | "timeout";

/** Members of an entry that a row shows as they are. */
const shown = [
  "label", "displayName", "channel", "subject", "groupChannel", "space", "chatType", "origin", "systemSent", "abortedLastRun", "thinkingLevel", "verboseLevel", "reasoningLevel",
  "elevatedLevel", "sendPolicy", "inputTokens", "outputTokens", "totalTokens", "responseUsage", "modelProvider", "model", "contextTokens", "deliveryContext", "lastChannel", "lastTo",
  "lastAccountId", "spawnedBy", "lastInteractionAt", "pinned", "archived", "unread", "status",
] as const;

export interface RowContext {
  agentId: string;
  isMain: boolean;
  /** What a run is doing right now; replaces the last outcome kept in the entry. */
  status: RunStatus | undefined;
}

export function rowOf(key: string, entry: SessionEntry, context: RowContext): SessionRow {
  const row: SessionRow = { key, kind: kindOf(key, entry["chatType"]), updatedAt: wholeMs(entry.updatedAt), sessionId: entry.sessionId, agentId: context.agentId, isMain: context.isMain };
  for (const member of shown) if (entry[member] !== undefined) row[member] = entry[member];
  const override = entry["modelOverride"];
  if (typeof override === "string") {
    row["model"] = override;
    if (entry["providerOverride"] !== undefined) row["modelProvider"] = entry["providerOverride"];
  }
  if (context.status) row["status"] = context.status;
  return row;
}

/** Apple's decoders need whole numbers. */
function wholeMs(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) ? Math.trunc(value) : null;
}

const TITLE_CHARS = 60;

/** Display name, else subject, else the first question, else the id's beginning with a date. */
export function derivedTitle(row: SessionRow, firstQuestion: string | undefined): string {
  for (const candidate of [row["displayName"], row["subject"], firstQuestion]) {
    if (typeof candidate === "string" && candidate.trim() !== "") return oneLine(candidate, TITLE_CHARS);
  }
  const head = (row.sessionId ?? row.key).slice(0, 8);
  return row.updatedAt === null ? head : `${head} (${new Date(row.updatedAt).toISOString().slice(0, 10)})`;
}

export function matches(row: SessionRow, filter: SessionFilter, nowMs: number): boolean {
  if (row.kind === "global" && filter.includeGlobal !== true) return false;
  if (row.kind === "unknown" && filter.includeUnknown !== true) return false;
  if (filter.archived !== "all" && (row["archived"] === true) !== (filter.archived ?? false)) return false;
  if (filter.agentId !== undefined && row["agentId"] !== filter.agentId) return false;
  if (filter.label !== undefined && row["label"] !== filter.label) return false;
  if (filter.spawnedBy !== undefined && row["spawnedBy"] !== filter.spawnedBy) return false;
  if (filter.activeMinutes !== undefined && (row.updatedAt ?? 0) < nowMs - filter.activeMinutes * 60_000) return false;
  return filter.search === undefined || isFound(row, filter.search.trim().toLowerCase());
}

function isFound(row: SessionRow, wanted: string): boolean {
  if (wanted === "") return true;
  return [row.key, row["label"], row["displayName"], row["subject"], row.sessionId].some((value) => typeof value === "string" && value.toLowerCase().includes(wanted));
}

/** Newest first; equal times by key, so that pages do not overlap. */
export function newestFirst(a: SessionRow, b: SessionRow): number {
  return (b.updatedAt ?? 0) - (a.updatedAt ?? 0) || (a.key < b.key ? -1 : 1);
}
