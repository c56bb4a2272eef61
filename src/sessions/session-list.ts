// sessions.list: rows kept per session, results kept per filter until something changes, words of a conversation only for the rows shown.
import type { TranscriptEntry } from "../sdk/backends.ts";
import type { Digests } from "./digest.ts";
import { derivedTitle, matches, newestFirst, type SessionFilter, type SessionRow } from "./row.ts";

export interface SessionListResult {
  path: string;
  /** Rows that match, before offset and limit. */
  total: number;
  rows: SessionRow[];
}

export interface SessionList {
  /** The same object for the same filter while nothing changed: what is made of it can be kept by it. */
  list(filter: SessionFilter): Promise<SessionListResult>;
  /** Something about this session changed, or all of them when absent. */
  changed(key?: string): void;
}

export interface SessionListDeps {
  keys(): Iterable<string>;
  /** Undefined when there is no such session. */
  row(key: string): SessionRow | undefined;
  path(filter: SessionFilter): string;
  digests: Digests;
  excerpt(key: string): Promise<{ head: TranscriptEntry[]; tail: TranscriptEntry[] }>;
  nowMs(): number;
}

/** Filters whose results are kept; a person's few views. */
const MAX_KEPT = 16;

export function createSessionList(deps: SessionListDeps): SessionList {
  const rows = new Map<string, SessionRow>();
  const results = new Map<string, Promise<SessionListResult>>();
  let sorted: SessionRow[] | undefined;
  let version = 0;

  const allRows = (): SessionRow[] => {
    if (sorted) return sorted;
    const all: SessionRow[] = [];
    for (const key of deps.keys()) {
      const row = rows.get(key) ?? deps.row(key);
      if (!row) continue;
      rows.set(key, row);
      all.push(row);
    }
    sorted = all.sort(newestFirst);
    return sorted;
  };
  const withWords = async (row: SessionRow, filter: SessionFilter): Promise<SessionRow> => {
    const isNamed = typeof row["displayName"] === "string" || typeof row["subject"] === "string";
    const wantsWords = filter.includeLastMessage === true || !isNamed;
    const digest = wantsWords && row.sessionId !== undefined ? await deps.digests.get(row.sessionId, () => deps.excerpt(row.key)) : {};
    return {
      ...row,
      ...(filter.includeDerivedTitles ? { derivedTitle: derivedTitle(row, digest.firstQuestion) } : {}),
      ...(filter.includeLastMessage && digest.lastMessage !== undefined ? { lastMessagePreview: digest.lastMessage } : {}),
    };
  };
  const make = async (filter: SessionFilter): Promise<SessionListResult> => {
    const nowMs = deps.nowMs();
    const found = allRows().filter((row) => matches(row, filter, nowMs));
    const offset = filter.offset ?? 0;
    const page = found.slice(offset, filter.limit === undefined ? undefined : offset + filter.limit);
    const needsWords = filter.includeDerivedTitles === true || filter.includeLastMessage === true;
    return { path: deps.path(filter), total: found.length, rows: needsWords ? await Promise.all(page.map((row) => withWords(row, filter))) : page };
  };

  return {
    list(filter) {
      if (filter.activeMinutes !== undefined) return make(filter);
      const name = JSON.stringify(filter);
      const kept = results.get(name);
      if (kept) return kept;
      const at = version;
      const made = make(filter);
      results.set(name, made);
      made.then(() => at === version || results.delete(name), () => results.delete(name));
      const oldest = results.keys().next();
      if (results.size > MAX_KEPT && !oldest.done) results.delete(oldest.value);
      return made;
    },
    changed(key) {
      version++;
      sorted = undefined;
      results.clear();
      if (key === undefined) rows.clear();
      else rows.delete(key);
    },
  };
}
