// What was spent, by day.
import type { CommandCall, Outcome } from "../command.ts";
import { dollars, tokens } from "../format.ts";
import { table } from "../table.ts";

interface Totals {
  input: number;
  output: number;
  cacheRead: number;
  cacheWrite: number;
  totalTokens: number;
  totalCost: number;
  missingCostEntries: number;
}
type Day = Totals & { date: string };

export async function run(call: CommandCall): Promise<Outcome> {
  const days = call.options.whole("days", 1) ?? 30;
  const connection = await call.gateway();
  const cost = await connection.call<{ days: number; daily: Day[]; totals: Totals }>("usage.cost", { days });
  const rows = [...cost.daily.filter((day) => day.totalTokens > 0), { ...cost.totals, date: "all" }];
  if (rows.length === 1) return { json: cost, text: `Nothing was spent in the last ${days} days.` };
  const shown = table(
    call.terminal,
    [
      { title: "day", value: (row: Day) => row.date },
      { title: "in", align: "right", value: (row) => tokens(row.input) },
      { title: "out", align: "right", value: (row) => tokens(row.output) },
      { title: "from cache", align: "right", value: (row) => tokens(row.cacheRead) },
      { title: "cost", align: "right", value: (row) => `${row.missingCostEntries > 0 ? "≥ " : ""}${dollars(row.totalCost)}` },
    ],
    rows,
  );
  const note = cost.totals.missingCostEntries > 0 ? "Some models have no known price; their tokens count, their cost does not.\n" : "";
  return { json: cost, text: shown + note };
}
