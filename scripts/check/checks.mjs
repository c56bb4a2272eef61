// The static checks: each is a name and a function that says whether it holds and why not.
import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { checkLayering } from "./layering.mjs";

const root = path.dirname(path.dirname(import.meta.dirname));
const bin = (name) => path.join(root, "node_modules", ".bin", name);

const CHECKS = [
  { name: "types", run: () => tool(bin("tsc"), ["--noEmit", "-p", "."]) },
  { name: "lint", run: () => tool(bin("oxlint"), ["--type-aware", "--deny-warnings", "--report-unused-disable-directives-severity=error"]) },
  { name: "lint exceptions have reasons", run: checkSuppressions },
  { name: "layering", run: () => checkLayering(root) },
  { name: "generated files", run: checkGenerated },
  { name: "unused code", run: () => tool(bin("knip"), ["--no-progress"]) },
];

/** Runs every check, one after the other, and reports each as it ends. */
export async function runChecks() {
  const results = [];
  for (const { name, run } of CHECKS) {
    const startedMs = Date.now();
    const { ok, output } = await settle(run);
    const line = `${ok ? "ok    " : "FAILED"} check: ${name} (${((Date.now() - startedMs) / 1000).toFixed(1)} s)`;
    process.stdout.write(ok ? `${line}\n` : `${line}\n${output.trimEnd()}\n`);
    results.push({ name, ok });
  }
  return results;
}

async function settle(run) {
  try {
    return await run();
  } catch (error) {
    return { ok: false, output: String(error?.stack ?? error) };
  }
}

// Absent only until the generator itself is part of the tree.
function checkGenerated() {
  if (!existsSync(path.join(root, "scripts", "gen.ts"))) return { ok: true, output: "" };
  return tool(process.execPath, ["scripts/gen.ts", "--check"]);
}

function checkSuppressions() {
  const found = ["src", "extensions", "ui", "test", "scripts"].flatMap(unexplained);
  return { ok: found.length === 0, output: found.map((place) => `${place}: a disable comment needs a reason after --`).join("\n") };
}

function unexplained(folder) {
  if (!existsSync(path.join(root, folder))) return [];
  return readdirSync(path.join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const file = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return entry.name === "node_modules" || entry.name === "dist" ? [] : unexplained(file);
    if (!/\.(ts|mjs|cjs)$/.test(file)) return [];
    const lines = readFileSync(path.join(root, file), "utf8").split("\n");
    return lines.flatMap((line, index) => (/(?:\/\/|\/\*)\s*(?:ox|es)lint-disable/.test(line) && !/ -- \S/.test(line) ? [`${file}:${index + 1}`] : []));
  });
}

function tool(command, args) {
  return new Promise((resolve) => {
    let output = "";
    const child = spawn(command, args, { cwd: root, stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, NO_COLOR: "1", FORCE_COLOR: "0" } });
    child.stdout.on("data", (chunk) => (output += chunk));
    child.stderr.on("data", (chunk) => (output += chunk));
    child.once("error", (error) => resolve({ ok: false, output: error.message }));
    child.once("close", (code) => resolve({ ok: code === 0, output }));
  });
}
