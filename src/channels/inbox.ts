// The durable record of every accepted prompt, whatever its door, until it has a visible outcome.
import type { Clock } from "../base/clock.ts";
import { fault } from "../base/faults.ts";
import type { Ids } from "../base/ids.ts";
import type { InboxRow, MachineRows, RunRow, Write } from "../sdk/backends.ts";

export interface Inbox {
  /** Ids that sort in the order in which they were made: entries accepted in one millisecond keep their order. */
  nextId(): string;
  /** Durable when it resolves. The same key with the same digest is `duplicate`; with another it throws request.conflict. */
  accept(row: InboxRow, run: RunRow): Promise<"accepted" | "duplicate">;
  byKey(dedupeKey: string): Promise<InboxRow | undefined>;
  /** The step that settles an entry; committed together with the run's end. Fails the batch when the entry was settled before. */
  settle(inboxId: string, outcome: unknown): Write;
  /** Rows without an outcome, oldest first; boot hands them to the answer flow. */
  unsettled(): Promise<InboxRow[]>;
  /** Removes settled rows older than the keep time, with their runs. */
  sweep(): Promise<number>;
}

export interface InboxDeps {
  clock: Clock;
  ids: Ids;
  rows: MachineRows;
  /** How long a settled row answers duplicates. */
  keepMs: () => number;
}

/** As many as six digits of base 36 hold. */
const COUNTS = 36 ** 6;

export function createInbox({ clock, ids, rows, keepMs }: InboxDeps): Inbox {
  const byKey = async (dedupeKey: string) => (await rows.find("inbox", { where: { dedupeKey }, limit: 1 }))[0];
  let lastAt = 0;
  let count = 0;
  return {
    nextId() {
      // A clock that jumps back does not change the order within this process.
      lastAt = Math.max(lastAt, clock.now());
      count = (count + 1) % COUNTS;
      return `${lastAt.toString(36).padStart(9, "0")}-${count.toString(36).padStart(6, "0")}-${ids.hex(3)}`;
    },
    async accept(row, run) {
      const added = await rows.commit([
        { table: "inbox", add: row },
        { table: "runs", add: run },
      ]);
      if (added.ok) return "accepted";
      const known = await byKey(row.dedupeKey);
      if (known?.digest !== row.digest) throw fault("request.conflict", { key: row.dedupeKey });
      return "duplicate";
    },
    byKey,
    settle: (inboxId, outcome) => ({ table: "inbox", key: inboxId, set: { state: "settled", outcome: JSON.stringify(outcome), settledAt: clock.now() }, expect: { state: "accepted" } }),
    unsettled: () => rows.find("inbox", { where: { state: "accepted" }, orderBy: "id" }),
    async sweep() {
      const before = clock.now() - keepMs();
      const removed = await rows.sweep("inbox", "settledAt", before, { state: "settled" });
      await rows.sweep("runs", "endedAt", before);
      return removed;
    },
  };
}
