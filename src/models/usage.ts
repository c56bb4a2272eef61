// What each model call cost, from the provider's own figures: rows of the usage table and sums over them.
import type { Clock } from "../base/clock.ts";
import type { MachineRows, UsageRow, Write } from "../sdk/backends.ts";
import type { AssistantMessage } from "../sdk/provider.ts";

export interface UsageTotals {
  input: number;
  output: number;
  cacheRead: number;
  cacheWrite: number;
  totalTokens: number;
  totalCost: number;
  /** Calls whose price is unknown: the cost is at least what it says. */
  missingCostEntries: number;
}

export interface UsageLedger {
  /** The write that books one assistant message; the caller commits it with the run's end. The same run and step replaces itself. */
  book(message: AssistantMessage, about: { runId: string; step: number; sessionKey: string; agentId: string }): Write;
  /** Oldest first, days without a call included. */
  daily(days: number): Promise<(UsageTotals & { date: string })[]>;
  bySession(sessionKey: string): Promise<UsageTotals>;
  rows(since: number): Promise<UsageRow[]>;
}

export interface UsageDeps {
  clock: Clock;
  rows: MachineRows;
}

const DAY_MS = 86_400_000;

export function createUsage({ clock, rows }: UsageDeps): UsageLedger {
  return {
    book(message, about) {
      const { usage } = message;
      const row: UsageRow = {
        id: `${about.runId}:${about.step}`,
        at: message.timestamp,
        day: localDay(message.timestamp),
        sessionKey: about.sessionKey,
        agentId: about.agentId,
        runId: about.runId,
        provider: message.provider,
        model: message.model,
        input: usage.input,
        output: usage.output,
        cacheRead: usage.cacheRead,
        cacheWrite: usage.cacheWrite,
        totalTokens: usage.totalTokens,
        cost: usage.cost?.total ?? null,
      };
      return { table: "usage", put: row };
    },
    async daily(days) {
      const dates = lastDays(clock.now(), days);
      const first = dates[0];
      if (first === undefined) return [];
      const found = await rows.find("usage", { from: { column: "day", value: first } });
      const byDay = Map.groupBy(found, (row) => row.day);
      return dates.map((date) => ({ date, ...sum(byDay.get(date) ?? []) }));
    },
    bySession: async (sessionKey) => sum(await rows.find("usage", { where: { sessionKey } })),
    rows: (since) => rows.find("usage", { from: { column: "at", value: since }, orderBy: "at" }),
  };
}

export function sum(rows: readonly UsageRow[]): UsageTotals {
  const total: UsageTotals = { input: 0, output: 0, cacheRead: 0, cacheWrite: 0, totalTokens: 0, totalCost: 0, missingCostEntries: 0 };
  for (const row of rows) {
    total.input += row.input;
    total.output += row.output;
    total.cacheRead += row.cacheRead;
    total.cacheWrite += row.cacheWrite;
    total.totalTokens += row.totalTokens;
    total.totalCost += row.cost ?? 0;
    if (row.cost === null) total.missingCostEntries++;
  }
  return total;
}

/** yyyy-mm-dd in the machine's zone. */
function localDay(at: number): string {
  const date = new Date(at);
  const two = (value: number) => String(value).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

function lastDays(now: number, count: number): string[] {
  // Noon of each day: a step of 24 h then lands in the right day also where clocks change.
  const noon = new Date(now).setHours(12, 0, 0, 0);
  return Array.from({ length: Math.max(0, count) }, (_, index) => localDay(noon - (count - 1 - index) * DAY_MS));
}
