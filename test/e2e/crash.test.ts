// kill -9 under load: what was accepted is answered once, and no effect happens twice.
import { expect, test } from "vitest";
import { crashRun, type CrashReport } from "../fixtures/crash-harness.ts";
import { makeMutant, type Mutation } from "../fixtures/mutant.ts";

const kills = Number(process.env["OPENCLAW_TEST_KILLS"] ?? 30);

function print(name: string, report: CrashReport): void {
  console.log(`${name}: ${report.kills} kills, ${report.accepted} accepted, met ${JSON.stringify(report.hits)}, lost ${report.lost.length}, answered twice ${report.answeredTwice.length}, tool ran twice ${report.toolRanTwice.length}, given up with a word ${report.gaveUp.length}, calls told as interrupted ${report.interruptedCalls}`);
}

const broken = ({ lost, answeredTwice, askedTwice, toolRanTwice, finalTwice }: CrashReport) => ({ lost, answeredTwice, askedTwice, toolRanTwice, finalTwice });

test(`[R01] [R02] [R03] ${kills} kills under load lose nothing, answer nothing twice and repeat no effect`, { timeout: 600_000 }, async () => {
  const report = await crashRun({ kills, seed: 7 });
  print("R01-R03", report);
  expect(report.accepted).toBeGreaterThan(kills * 3);
  expect(broken(report)).toEqual({ lost: [], answeredTwice: [], askedTwice: [], toolRanTwice: [], finalTwice: [] });
  for (const [state, count] of Object.entries(report.hits)) expect(count, `kills that met a run ${state}`).toBeGreaterThanOrEqual(Math.min(3, kills / 5));
  expect(report.gaveUp.length).toBeLessThan(report.accepted / 4);
});

const mutants: (Mutation & { caughtBy: (report: CrashReport) => string[] })[] = [
  { name: "nothing is taken up at boot", file: "src/flows/recover.ts", from: "const rows = await app.inbox.unsettled();", to: "const rows = (await app.inbox.unsettled()).slice(0, 0);", caughtBy: (report) => report.lost },
  { name: "every retry is a new message", file: "src/flows/accept.ts", from: "const digest = digestOf(asked);", to: "asked = { ...asked, key: app.ids.uuid() }; const digest = digestOf(asked);", caughtBy: (report) => [...report.askedTwice, ...report.answeredTwice] },
  { name: "a run begins again from its first word", file: "src/flows/traces.ts", from: 'if (!last) return { kind: "none" };', to: 'if (!last || runId !== "") return { kind: "none" };', caughtBy: (report) => [...report.toolRanTwice, ...report.askedTwice] },
];

for (const mutation of mutants) {
  test(`[R01] [R02] [R03] the judge catches a gateway where ${mutation.name}`, { timeout: 120_000 }, async () => {
    const mutant = await makeMutant(mutation);
    try {
      const report = await crashRun({ kills: 5, seed: 7, command: mutant.command, settleMs: 3_000 });
      print(mutation.name, report);
      expect(mutation.caughtBy(report).length).toBeGreaterThan(0);
    } finally {
      await mutant.remove();
    }
  });
}
