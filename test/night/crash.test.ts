// The long tier of the kill harness.
import { expect, test } from "vitest";
import { crashRun } from "../fixtures/crash-harness.ts";

test("[R01] [R02] [R03] 500 kills under load lose nothing, answer nothing twice and repeat no effect", { timeout: 3_600_000 }, async () => {
  const report = await crashRun({ kills: 500, seed: 11, log: console.log });
  console.log(JSON.stringify({ ...report.hits, kills: report.kills, accepted: report.accepted, gaveUp: report.gaveUp.length, interruptedCalls: report.interruptedCalls }));
  expect([report.lost, report.answeredTwice, report.askedTwice, report.toolRanTwice, report.finalTwice].flat()).toEqual([]);
  for (const [state, count] of Object.entries(report.hits)) expect(count, `kills that met a run ${state}`).toBeGreaterThanOrEqual(3);
});
