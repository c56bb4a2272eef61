// Conversations: open, list, patch, reset, delete, fork. The only door to sessions.json.
import type { Clock } from "../base/clock.ts";
import { fault } from "../base/faults.ts";
import type { Ids } from "../base/ids.ts";
import type { Log } from "../base/log.ts";
import type { Config } from "../config/config.ts";
import type { Caller } from "../protocol/scopes.ts";
import type { SessionEntry, SessionStore, TranscriptEntry } from "../sdk/backends.ts";
import type { Bus, DomainEvents } from "../sdk/events.ts";
import { countersSince } from "./counters.ts";
import { createDigests } from "./digest.ts";
import { forkedEntry, mergedEntry, renewedEntry } from "./entry.ts";
import { isExpired, ruleFor, type ResetRules } from "./expiry.ts";
import { findKey, type SessionQuery } from "./find.ts";
import { buildKey, canonicalKey, isMainKey, resetTypeOf } from "./key.ts";
import { applyPatch } from "./patch.ts";
import { previewItems, type SessionPreview } from "./preview.ts";
import { createRegistry } from "./registry.ts";
import { rowOf, type RunStatus, type SessionFilter } from "./row.ts";
import { createSessionList, type SessionListResult } from "./session-list.ts";
import type { MessageEntry } from "./transcript-tree.ts";
import { createTranscripts, type Transcript, type TranscriptRef } from "./transcript.ts";

export interface Session {
  /** Canonical key, `agent:<id>:<rest>`. */
  readonly key: string;
  readonly agentId: string;
  readonly sessionId: string;
  /** As it was when the session was opened; changes make a new one. */
  readonly entry: SessionEntry;
  readonly transcript: Transcript;
}

export interface SessionPatch { [field: string]: unknown }

export interface Sessions {
  /** Canonical key of what a caller wrote: short (`main`) or full. Throws session.key, or session.not-found for another person's. */
  resolve(spoken: string, caller: Pick<Caller, "person" | "scopes">): string;
  /** Opens or creates; applies the reset rules. Waits for the disk only when the key or the id is new. */
  open(key: string): Promise<Session>;
  /** Without creating. */
  peek(key: string): Promise<Session | undefined>;
  /** Counters and last-used facts; written later, merged. */
  touch(key: string, change: Partial<SessionEntry>): void;
  /** What a run does right now, for rows only; undefined when nothing runs. */
  mark(key: string, status: RunStatus | undefined): void;
  /** The same object for the same filter while nothing changed. */
  list(filter: SessionFilter): Promise<SessionListResult>;
  count(): number;
  preview(keys: readonly string[], limit: number, maxChars: number): Promise<SessionPreview[]>;
  find(by: SessionQuery): Promise<string>;
  patch(key: string, patch: SessionPatch): Promise<{ path: string; entry: SessionEntry }>;
  /** New session id; overrides kept, counters zeroed, old transcript stays. */
  reset(key: string): Promise<SessionEntry>;
  remove(key: string, options: { deleteTranscript: boolean }): Promise<{ deleted: boolean; archived: string[] }>;
  /** A new key whose transcript starts as a copy up to `entryId` (all when absent), with parentSession set. */
  fork(key: string, options: { entryId?: string; label?: string }): Promise<Session>;
  /** Keeps the header and the last `maxLines` lines; the whole file is kept beside as `.bak`. */
  trim(key: string, maxLines: number): Promise<{ compacted: boolean; kept?: number; archived?: string; reason?: string }>;
  /** Conversations without an entry in sessions.json, for /v1 requests without a key. Unsynced, swept after a day. */
  ephemeral(agentId: string, rest: string): Promise<Session>;
  close(): Promise<void>;
}

export interface SessionsDeps {
  store: SessionStore;
  clock: Clock;
  ids: Ids;
  log: Log;
  config: Pick<Config, "current">;
  events: Pick<Bus, "emit">;
  /** Working folder of an agent, for transcript headers. */
  workspaceOf(agentId: string): string;
  /** Bytes of transcripts kept in memory beyond what is in use; 64 MiB when absent. */
  transcriptBytes?: number;
}

/** Facts that are written later may wait this long. */
const TOUCH_WITHIN_MS = 1_000;

/** Reads every agent's sessions.json; no transcript. */
export async function createSessions(deps: SessionsDeps): Promise<Sessions> {
  const { store, clock, ids, log } = deps;
  const registry = await createRegistry(deps);
  const running = new Map<string, RunStatus>();
  const digests = createDigests();

  const transcripts = createTranscripts({
    clock,
    ids,
    log,
    openLog: (ref) => (ref.scratch ? store.scratch(ref.agentId, ref.sessionId) : store.transcript(ref.agentId, ref.sessionId, ref.file)),
    workspaceOf: deps.workspaceOf,
    ...(deps.transcriptBytes === undefined ? {} : { maxBytes: deps.transcriptBytes }),
    onRead: (ref, tree) => recount(ref.sessionId, tree.messageEntries),
    onAppended(ref, appended) {
      const key = registry.keyOfSession(ref.sessionId);
      if (key === undefined) return;
      if (digests.appended(ref.sessionId, appended)) list.changed(key);
      const counters = countersSince(appended.filter((entry): entry is MessageEntry => entry.type === "message"), 0);
      if (counters) touch(key, { ...counters });
    },
  });
  const list = createSessionList({
    *keys() {
      for (const [key] of registry.all()) yield key;
    },
    row(key) {
      const entry = registry.entry(key);
      return entry && rowOf(key, entry, { agentId: registry.agentOf(key), isMain: isMainKey(key, registry.keySettings()), status: running.get(key) });
    },
    path: (filter) => registry.path(filter.agentId),
    digests,
    excerpt: (key) => excerpt(key),
    nowMs: clock.now,
  });

  const changed = (key: string, reason: DomainEvents["session.changed"]["reason"]) => {
    list.changed(key);
    deps.events.emit("session.changed", { sessionKey: key, agentId: registry.agentOf(key), reason });
  };
  const excerpt = async (key: string): Promise<{ head: TranscriptEntry[]; tail: TranscriptEntry[] }> => {
    const entry = registry.entry(key);
    if (!entry) return { head: [], tail: [] };
    const tree = transcripts.loaded(entry.sessionId);
    if (tree) {
      const all = [...tree.entries];
      return { head: all, tail: all };
    }
    const { agentId, sessionId, file } = registry.ref(key, entry);
    return store.transcript(agentId, sessionId, file).excerpt();
  };
  const touch = (key: string, change: Partial<SessionEntry>) => {
    const document = registry.opened(registry.agentOf(key));
    const entry = document?.entries.get(key);
    if (!document || !entry) return;
    void document.put(key, mergedEntry(entry, change), { durable: false, withinMs: TOUCH_WITHIN_MS });
    changed(key, "touched");
  };
  /** A crash may have taken counters that were still to be written; the transcript has them. */
  const recount = (sessionId: string, history: readonly MessageEntry[]) => {
    const key = registry.keyOfSession(sessionId);
    const entry = key === undefined ? undefined : registry.entry(key);
    const counters = entry && countersSince(history, entry.updatedAt ?? 0);
    if (key !== undefined && counters) touch(key, { ...counters });
  };
  const fresh = () => ({ sessionId: ids.uuid(), updatedAt: clock.now() });
  const sessionOf = (key: string, entry: SessionEntry, ref: TranscriptRef = registry.ref(key, entry)): Session => ({ key, agentId: ref.agentId, sessionId: ref.sessionId, entry, transcript: transcripts.get(ref) });
  const isOver = (key: string, entry: SessionEntry): boolean => {
    const rules = deps.config.current().value.session as ResetRules; // the schema's own members, read as the rules name them
    const last = typeof entry["lastInteractionAt"] === "number" ? entry["lastInteractionAt"] : (entry.updatedAt ?? 0);
    return isExpired(ruleFor(rules, resetTypeOf(key, entry["chatType"])), last, clock.now());
  };
  const stored = async (key: string) => registry.entry(key) ?? (await registry.document(registry.agentOf(key))).entries.get(key);
  const create = async (key: string): Promise<SessionEntry> => {
    const begun = fresh();
    const entry: SessionEntry = { ...begun, lastInteractionAt: begun.updatedAt };
    await registry.put(key, entry, { durable: true });
    changed(key, "created");
    return entry;
  };
  const reset = async (key: string): Promise<SessionEntry> => {
    const before = await stored(key);
    if (!before) return create(key);
    const entry = renewedEntry(before, fresh());
    await registry.put(key, entry, { durable: true });
    await transcripts.get(registry.ref(key, before)).close();
    digests.forget(before.sessionId);
    changed(key, "reset");
    return entry;
  };
  /** Two first messages of one session at once make one session. */
  const opening = new Map<string, Promise<SessionEntry>>();
  const begin = (key: string): Promise<SessionEntry> => {
    let begun = opening.get(key);
    if (!begun) opening.set(key, (begun = reset(key).finally(() => opening.delete(key))));
    return begun;
  };

  return {
    resolve(spoken, caller) {
      const key = canonicalKey(spoken, registry.keySettings());
      const person = registry.entry(key)?.["person"] ?? "owner";
      if (caller.person !== "owner" && caller.person !== person) throw fault("session.not-found", { key: spoken });
      return key;
    },
    async open(key) {
      const entry = await stored(key);
      if (!entry || isOver(key, entry)) return sessionOf(key, await begin(key));
      const now = clock.now();
      touch(key, { updatedAt: now, lastInteractionAt: now });
      return sessionOf(key, registry.entry(key) ?? entry);
    },
    async peek(key) {
      const entry = await stored(key);
      return entry && sessionOf(key, entry);
    },
    touch,
    mark(key, status) {
      if (running.get(key) === status) return;
      if (status === undefined) running.delete(key);
      else running.set(key, status);
      if (registry.entry(key)) changed(key, "touched");
    },
    list: (filter) => list.list(filter),
    count: registry.count,
    preview: (keys, limit, maxChars) => Promise.all(keys.map((key) => preview(key, limit, maxChars))),
    find: async (by) => findKey(registry.all(), by, registry.agentOf),
    async patch(key, patch) {
      const document = await registry.document(registry.agentOf(key));
      const before = document.entries.get(key);
      const entry = applyPatch(before ?? fresh(), patch, { key, isLabelTaken: (label) => isTaken(document.entries, key, label) });
      entry.updatedAt = clock.now();
      await registry.put(key, entry, { durable: true });
      changed(key, before ? "patched" : "created");
      return { path: document.path, entry };
    },
    reset,
    async remove(key, { deleteTranscript }) {
      if (isMainKey(key, registry.keySettings())) throw fault("session.main", { key });
      const entry = await stored(key);
      if (!entry) return { deleted: false, archived: [] };
      const ref = registry.ref(key, entry);
      await transcripts.get(ref).close();
      await registry.remove(key);
      const archived = deleteTranscript ? await store.archiveTranscript(ref.agentId, ref.sessionId, "deleted", ref.file) : undefined;
      digests.forget(entry.sessionId);
      running.delete(key);
      changed(key, "deleted");
      return { deleted: true, archived: archived === undefined ? [] : [archived] };
    },
    async fork(key, { entryId, label }) {
      const source = await stored(key);
      if (!source) throw fault("session.not-found", { key });
      const parent = registry.ref(key, source);
      const path = await transcripts.get(parent).path(entryId);
      if (!path) throw fault("request.invalid", { reason: `no such entry: ${String(entryId)}` });
      const begun = forkedEntry(source, fresh());
      const next = buildKey(parent.agentId, `fork:${begun.sessionId}`);
      const { entries } = await registry.document(parent.agentId);
      const entry = label === undefined ? begun : applyPatch(begun, { label }, { key: next, isLabelTaken: (wanted) => isTaken(entries, next, wanted) });
      const ref: TranscriptRef = { ...registry.ref(next, entry), isNew: true, parentSession: store.transcriptPath(parent.agentId, parent.sessionId, parent.file) };
      await transcripts.get(ref).adopt(path);
      await registry.put(next, entry, { durable: true });
      changed(next, "created");
      return sessionOf(next, entry);
    },
    async trim(key, maxLines) {
      const entry = await stored(key);
      if (!entry) return { compacted: false, reason: "no sessionId" };
      const ref = registry.ref(key, entry);
      const transcript = transcripts.get(ref);
      const [header, ...lines] = await transcript.entries();
      if (!header) return { compacted: false, reason: "no transcript" };
      if (lines.length <= maxLines) return { compacted: false, kept: lines.length };
      const kept = lines.slice(-maxLines).map((line, index) => (index === 0 && line.type !== "session" ? { ...line, parentId: null } : line));
      await transcript.close();
      const archived = await store.replaceTranscript(ref.agentId, ref.sessionId, [header, ...kept], ref.file);
      touch(key, { inputTokens: 0, outputTokens: 0, totalTokens: 0 });
      changed(key, "compacted");
      return { compacted: true, kept: kept.length, archived };
    },
    async ephemeral(agentId, rest) {
      const entry: SessionEntry = fresh();
      return sessionOf(buildKey(agentId, rest), entry, { agentId, sessionId: entry.sessionId, scratch: true, isNew: true });
    },
    close: () => transcripts.close(),
  };

  async function preview(key: string, limit: number, maxChars: number): Promise<SessionPreview> {
    try {
      const entry = await stored(key);
      if (!entry) return { key, status: "missing", items: [] };
      const { head, tail } = await excerpt(key);
      let items = previewItems(tail, limit, maxChars);
      if (items.length < limit && head !== tail) items = previewItems(await transcripts.get(registry.ref(key, entry)).entries(), limit, maxChars);
      return { key, status: items.length === 0 ? "empty" : "ok", items };
    } catch (error) {
      log.warn("a conversation could not be previewed", { sessionKey: key, error });
      return { key, status: "error", items: [] };
    }
  }
}

function isTaken(entries: ReadonlyMap<string, SessionEntry>, key: string, label: string): boolean {
  for (const [other, entry] of entries) if (other !== key && entry["label"] === label) return true;
  return false;
}

export type { SessionFilter, SessionRow } from "./row.ts";
export type { SessionPreview } from "./preview.ts";
