// The doctor: runs every check, puts right what it may, and says what is left.
import type { CommandCall, Outcome } from "../command.ts";
import { checks, type Finding } from "../doctor-checks.ts";
import { providerFindings } from "../doctor-providers.ts";
import { exitCodes, failure } from "../failure.ts";
import { count } from "../format.ts";
import { withProgress } from "../progress.ts";
import { plainLines, type Paint } from "../terminal.ts";

const marks: Record<Finding["state"], { sign: string; paint: Paint }> = { ok: { sign: "✓", paint: "green" }, fixed: { sign: "✓", paint: "cyan" }, warn: { sign: "!", paint: "yellow" }, fail: { sign: "✗", paint: "red" } };

export async function run(call: CommandCall): Promise<Outcome> {
  const fixes = call.options.flag("fix");
  const findings: Finding[] = [];
  await withProgress({ terminal: call.terminal, clock: call.machine.clock, quiet: call.json }, "Looking", async () => {
    for (const check of checks) findings.push(...(await check({ call, fixes })));
    findings.push(...(await providerFindings(call)));
  });
  const failed = findings.filter((finding) => finding.state === "fail");
  const mendable = findings.filter((finding) => finding.fixable && finding.state !== "fixed");
  const next = mendable.length > 0 ? "`openclaw doctor --fix` puts right what can be." : (failed[0]?.next ?? "");
  if (call.json) {
    const error = failed.length === 0 ? {} : { error: { code: "DOCTOR", message: count(failed.length, "check failed", "checks failed"), ...(next === "" ? {} : { next }) } };
    return { json: { ok: failed.length === 0, ...error, checks: findings }, exitCode: failed.length === 0 ? exitCodes.ok : exitCodes.failed };
  }
  call.terminal.out(findings.map((finding) => line(call, finding)).join(""));
  if (failed.length > 0) throw failure("DOCTOR", `${count(failed.length, "check failed", "checks failed")}.`, next);
  return { json: undefined, text: next !== "" ? next : findings.some((finding) => finding.state === "warn") ? "No check failed." : "All is well." };
}

function line({ terminal }: CommandCall, { state, title, detail, next }: Finding): string {
  const { sign, paint } = marks[state];
  const hint = next === undefined || state === "ok" || state === "fixed" ? "" : `\n    ${terminal.paint("dim", `→ ${next}`)}`;
  return `${terminal.paint(paint, sign)} ${title}: ${plainLines(detail).trim()}${hint}\n`;
}
