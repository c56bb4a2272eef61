// What was said and is not in the history yet: sent once, under one key, however often the connection breaks; kept over reloads.
import type { Problem } from "../app/problem.ts";
import { createValue, type Subscribable } from "../app/value.ts";

export interface Attachment {
  fileName: string;
  mimeType: string;
  /** base64 without a prefix. */
  content: string;
  sizeBytes: number;
}

export interface Sent {
  /** Idempotency key and run id. */
  key: string;
  sessionKey: string;
  text: string;
  attachments: readonly Attachment[];
  atMs: number;
  queueMode?: string;
  /** `waiting` for a connection, `sending`, `accepted` by the gateway, or `failed` for good. */
  state: "waiting" | "sending" | "accepted" | "failed";
  problem?: Problem;
}

export interface OutboxStore {
  load(): Promise<Sent[]>;
  save(entries: readonly Sent[]): Promise<void>;
}

/** What became of one attempt. */
export type Outcome = { kind: "accepted" } | { kind: "over" } | { kind: "again" } | { kind: "failed"; problem: Problem };

export interface Outbox extends Subscribable {
  list(sessionKey: string): readonly Sent[];
  /** Throws when too much waits already. */
  add(entry: Pick<Sent, "sessionKey" | "text" | "attachments"> & { queueMode?: string | undefined }): Sent;
  /** Sends what waits, oldest first; at most one attempt of an entry at a time. */
  flush(): Promise<void>;
  /** Tries a failed one again, under its own key. */
  retry(key: string): void;
  remove(key: string): void;
  /** Reads what an earlier page left; it is sent again under its own key. */
  restore(): Promise<void>;
}

export const maxWaiting = 50;

export function createOutbox(deps: { store: OutboxStore; send: (entry: Sent) => Promise<Outcome>; newKey: () => string; now: () => number; isOnline: () => boolean }): Outbox {
  const entries = createValue<readonly Sent[]>([]);
  let flushing: Promise<void> | undefined;

  const set = (next: readonly Sent[]): void => {
    entries.set(next);
    deps.store.save(next).catch(() => undefined); // without storage it lives as long as the page
  };
  const change = (key: string, part: Partial<Sent>): void => set(entries.get().map((entry) => (entry.key === key ? { ...entry, ...part } : entry)));
  const remove = (key: string): void => {
    if (entries.get().some((entry) => entry.key === key)) set(entries.get().filter((entry) => entry.key !== key));
  };

  const attempt = async (entry: Sent): Promise<boolean> => {
    change(entry.key, { state: "sending" });
    const outcome = await deps.send(entry);
    if (outcome.kind === "over") remove(entry.key);
    else if (outcome.kind === "accepted") change(entry.key, { state: "accepted" });
    else if (outcome.kind === "failed") change(entry.key, { state: "failed", problem: outcome.problem });
    else change(entry.key, { state: "waiting" });
    return outcome.kind !== "again";
  };

  const flushAll = async (): Promise<void> => {
    for (;;) {
      const next = entries.get().find((entry) => entry.state === "waiting");
      // Without a connection the order is kept by waiting with all of them.
      if (next === undefined || !deps.isOnline() || !(await attempt(next))) return;
    }
  };

  const flush = (): Promise<void> => {
    flushing ??= flushAll().finally(() => (flushing = undefined));
    return flushing;
  };

  return {
    subscribe: (listener) => entries.subscribe(listener),
    list: (sessionKey) => entries.get().filter((entry) => entry.sessionKey === sessionKey),
    add({ queueMode, ...said }) {
      if (entries.get().filter((entry) => entry.state !== "accepted").length >= maxWaiting) throw new Error(`${maxWaiting} messages wait already; they are sent once the connection is back`);
      const entry: Sent = { ...said, key: deps.newKey(), atMs: deps.now(), state: "waiting", ...(queueMode !== undefined && { queueMode }) };
      set([...entries.get(), entry]);
      void flush();
      return entry;
    },
    flush,
    retry(key) {
      const now = entries.get().find((entry) => entry.key === key);
      if (now === undefined) return;
      const { problem: _gone, ...rest } = now;
      set(entries.get().map((entry) => (entry.key === key ? { ...rest, state: "waiting" } : entry)));
      void flush();
    },
    remove,
    async restore() {
      const kept = await deps.store.load();
      const known = new Set(entries.get().map((entry) => entry.key));
      // What was under way when the page went is sent again: the key keeps it from being said twice.
      const again = kept.filter((entry) => !known.has(entry.key)).map((entry): Sent => (entry.state === "failed" ? entry : { ...entry, state: "waiting" }));
      if (again.length > 0) set([...again, ...entries.get()]);
      await flush();
    },
  };
}
