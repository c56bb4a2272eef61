// `npm test`: the checks, then every test; the last line is "N passed, N failed". Arguments other than --night filter test files and leave the checks out.
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { runChecks } from "./check/checks.mjs";
import { tally } from "./check/tally.mjs";

const root = path.dirname(import.meta.dirname);
const isCi = process.env.CI === "true";
/** A run that hangs is ended, not waited for; the long tier has no such limit. */
const PROJECT_LIMIT_MS = { unit: 6 * 60_000, e2e: 20 * 60_000 };

async function main(args) {
  const night = args.includes("--night");
  const filters = args.filter((arg) => arg !== "--night");
  const startedMs = Date.now();
  const counts = [await systemPackages()];
  if (filters.length === 0) counts.push(...(await runChecks()).map(({ ok }) => (ok ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 })));
  for (const project of ["unit", "e2e"]) counts.push(await runProject(project, filters, night));
  const passed = counts.reduce((sum, count) => sum + count.passed, 0);
  const failed = counts.reduce((sum, count) => sum + count.failed, 0);
  process.stdout.write(`\nran for ${Math.round((Date.now() - startedMs) / 1000)} s\n${passed} passed, ${failed} failed\n`);
  process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
}

// On a machine that is not ours to change, tests that need a missing package say so themselves.
async function systemPackages() {
  const { code } = await child("sh", ["scripts/debian-deps.sh"], {});
  return { passed: 0, failed: code !== 0 && isCi ? 1 : 0 };
}

async function runProject(project, filters, night) {
  const dir = mkdtempSync(path.join(tmpdir(), "openclaw-test-"));
  const report = path.join(dir, "report.json");
  try {
    const vitest = path.join(root, "node_modules", "vitest", "vitest.mjs");
    const args = [vitest, "run", "--project", project, "--reporter=default", "--reporter=json", `--outputFile.json=${report}`, ...filters];
    const { code } = await child(process.execPath, args, {
      env: { ...process.env, ...(night ? { OPENCLAW_TEST_TIER: "night" } : {}) },
      ...(night ? {} : { limitMs: PROJECT_LIMIT_MS[project] }),
    });
    const count = tally(existsSync(report) ? JSON.parse(readFileSync(report, "utf8")) : undefined, code, { skipsFail: isCi });
    for (const name of count.complaints) process.stdout.write(`FAILED ${project}: ${name}\n`);
    return count;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function child(command, args, { env = process.env, limitMs }) {
  const running = spawn(command, args, { cwd: root, stdio: "inherit", env });
  const onSignal = (signal) => running.kill(signal);
  process.once("SIGTERM", onSignal).once("SIGHUP", onSignal);
  const limit = limitMs && setTimeout(() => {
    process.stdout.write(`not done after ${limitMs / 60_000} minutes: ended\n`);
    running.kill("SIGKILL");
  }, limitMs);
  return new Promise((resolve, reject) => {
    running.once("error", reject);
    running.once("exit", (code) => {
      clearTimeout(limit);
      process.off("SIGTERM", onSignal).off("SIGHUP", onSignal);
      resolve({ code: code ?? 1 });
    });
  });
}

await main(process.argv.slice(2));
