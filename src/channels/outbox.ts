// The durable record of what is to be delivered, part by part, in order per target: planned, sending, sent, unknown or dead.
import type { Clock } from "../base/clock.ts";
import { Fault } from "../base/faults.ts";
import type { Ids } from "../base/ids.ts";
import { createLanes } from "../base/lane.ts";
import type { Log } from "../base/log.ts";
import type { MachineRows, OutboxRow } from "../sdk/backends.ts";

/** Hands parts to one kind of target. */
export interface Deliverer {
  /** One attempt for one part; throws a Fault with `retryable` set truthfully. */
  deliver(row: OutboxRow, signal: AbortSignal): Promise<{ receipt: string }>;
  /** The network knows the attempt id: a part found in `sending` goes again with the same one and arrives once. */
  takesIds?: true;
  /** For networks without ids whose history can be read: the receipt of a part that did arrive. */
  find?(row: OutboxRow, signal: AbortSignal): Promise<{ receipt: string } | undefined>;
  /** Nothing to wait for: the part is delivered by being on record. Its rows are planned with their first attempt. */
  immediate?: true;
}

export interface Outbox {
  /** The rows that plan a delivery; added together with the run's end. */
  plan(origin: string, target: string, parts: readonly string[]): OutboxRow[];
  /** Sends what was planned; resolves when every part has its receipt or its verdict. */
  send(planned: readonly OutboxRow[], signal: AbortSignal): Promise<OutboxRow[]>;
  /** At boot: planned parts go on, parts found in `sending` go again where that is safe, else become unknown. */
  resume(signal: AbortSignal): Promise<{ sent: number; unknown: number }>;
  pending(): Promise<number>;
  /** Removes sent rows older than the keep time. */
  sweep(): Promise<number>;
}

export interface OutboxDeps {
  clock: Clock;
  ids: Ids;
  log: Log;
  rows: MachineRows;
  /** Who serves a target: `webchat`, or channel:account:peer. Undefined: nobody does, the part waits. */
  deliverer(target: string): Deliverer | undefined;
  keepMs: () => number;
  /** Tries before a part is put aside for the operator. */
  maxTries?: number;
}

const MAX_TRIES = 8;
const BACKOFF_MS = 1_000;
const MAX_BACKOFF_MS = 10 * 60_000;
/** Targets served at once, and parts waiting for one target. */
const MAX_ACTIVE = 64;
const MAX_PER_TARGET = 10_000;

export function createOutbox(deps: OutboxDeps): Outbox {
  const { clock, ids, log, rows } = deps;
  const lanes = createLanes({ maxActive: MAX_ACTIVE, maxPerKey: MAX_PER_TARGET });
  const maxTries = deps.maxTries ?? MAX_TRIES;

  /** The change as it is committed; a row that someone else moved on meanwhile stays as it is. */
  const move = async (row: OutboxRow, set: Partial<OutboxRow>, commit = rows.commit): Promise<OutboxRow> => {
    const moved = { ...row, ...set, updatedAt: clock.now() };
    const done = await commit([{ table: "outbox", key: row.id, set: { ...set, updatedAt: moved.updatedAt }, expect: { state: row.state } }]);
    return done.ok ? moved : ((await rows.get("outbox", row.id)) ?? row);
  };

  /** Attempts until there is a receipt or a verdict. Between two attempts the part is planned again: it is known not to have arrived. */
  const attempt = async (deliverer: Deliverer, found: OutboxRow, signal: AbortSignal): Promise<OutboxRow> => {
    let row = found;
    while (row.state === "planned" || row.state === "sending") {
      if (row.state === "planned") row = await move(row, { state: "sending", attemptId: row.attemptId ?? ids.uuid(), tries: row.tries + 1 });
      if (row.state !== "sending") break;
      try {
        const { receipt } = await deliverer.deliver(row, signal);
        // Where being on record is the delivery, a receipt that a crash takes is written again at the next start.
        return await move(row, { state: "sent", receipt }, deliverer.immediate ? rows.commitSoon : rows.commit);
      } catch (error) {
        if (signal.aborted) return row;
        const verdict = verdictOf(error, row, deliverer, maxTries);
        log.warn("a part was not delivered", { outboxId: row.id, target: row.target, tries: row.tries, verdict, error });
        row = await move(row, { state: verdict });
        if (verdict === "planned") await clock.sleep(backoffMs(row.tries, error, ids.fraction()), signal);
      }
    }
    return row;
  };

  const deliverAll = async (found: readonly OutboxRow[], signal: AbortSignal): Promise<OutboxRow[]> => {
    const done: OutboxRow[] = [];
    for (const row of found) {
      const deliverer = deps.deliverer(row.target);
      if (!deliverer || (row.state !== "planned" && row.state !== "sending")) {
        done.push(row);
        continue;
      }
      if (deliverer.immediate) {
        done.push(await attempt(deliverer, row, signal));
        continue;
      }
      const place = lanes.place(row.target);
      try {
        await place.turn(signal);
        done.push(await attempt(deliverer, row, signal));
      } finally {
        place.release();
      }
    }
    return done;
  };

  return {
    plan(origin, target, parts) {
      const now = clock.now();
      const immediate = deps.deliverer(target)?.immediate === true;
      return parts.map((payload, part) => {
        const id = `${origin}#${part}`;
        return { id, origin, part, target, payload, state: immediate ? "sending" : "planned", attemptId: immediate ? id : null, receipt: null, tries: immediate ? 1 : 0, plannedAt: now, updatedAt: now };
      });
    },
    send: deliverAll,
    async resume(signal) {
      const found = [...(await rows.find("outbox", { where: { state: "sending" }, orderBy: "plannedAt" })), ...(await rows.find("outbox", { where: { state: "planned" }, orderBy: "plannedAt" }))];
      const open: OutboxRow[] = [];
      let unknown = 0;
      let sent = 0;
      for (const row of found) {
        const deliverer = deps.deliverer(row.target);
        if (row.state === "planned" || !deliverer || deliverer.takesIds || deliverer.immediate) {
          open.push(row);
          continue;
        }
        // It may have arrived: only its history can tell, and without one nobody may send it again.
        const arrived = await deliverer.find?.(row, signal);
        if (arrived) await move(row, { state: "sent", receipt: arrived.receipt });
        else await move(row, deliverer.find ? { state: "planned" } : { state: "unknown" });
        if (arrived) sent++;
        else if (deliverer.find) open.push({ ...row, state: "planned" });
        else unknown++;
      }
      const byTarget = Map.groupBy(open, (row) => row.target);
      const results = await Promise.all([...byTarget.values()].map((parts) => deliverAll(parts, signal)));
      return { sent: sent + results.flat().filter((row) => row.state === "sent").length, unknown };
    },
    async pending() {
      return (await rows.count("outbox", { state: "planned" })) + (await rows.count("outbox", { state: "sending" }));
    },
    sweep: () => rows.sweep("outbox", "updatedAt", clock.now() - deps.keepMs(), { state: "sent" }),
  };
}

/** Again only when the failure says so and sending twice does no harm; a doubtful end on a network without ids is `unknown`. */
function verdictOf(error: unknown, row: OutboxRow, deliverer: Deliverer, maxTries: number): "planned" | "dead" | "unknown" {
  if (!(error instanceof Fault) && !deliverer.takesIds && !deliverer.immediate) return "unknown";
  if (error instanceof Fault && !error.retryable) return "dead";
  return row.tries < maxTries ? "planned" : "dead";
}

function backoffMs(tries: number, error: unknown, jitter: number): number {
  const asked = error instanceof Fault ? error.retryAfterMs : undefined;
  return asked ?? Math.min(MAX_BACKOFF_MS, BACKOFF_MS * 2 ** (tries - 1)) * (0.5 + jitter / 2);
}

/** WebChat: the transcript holds the answer before its row is planned, so being on record is the receipt. */
export const webchatDeliverer: Deliverer = {
  immediate: true,
  deliver: async (row) => ({ receipt: `transcript:${row.origin}` }),
};
