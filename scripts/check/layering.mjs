// Runs dependency-cruiser over a tree and makes sure that it really saw all of it.
import { execFile } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { parseSync } from "rolldown/utils";

const FOLDERS = ["src", "extensions", "ui", "apps", "test", "scripts"];
const SKIPPED = new Set(["node_modules", "dist"]);

/**
 * Reports { ok, output, violations, unseen }.
 * @param {string} root the tree to look at
 * @param {{ packages?: string, nodeArgs?: string[] }} [options] where node_modules is; flags for the cruiser's Node
 * @returns {Promise<{ ok: boolean, output: string, violations: { rule: string, from: string, to: string }[], unseen: string[] }>}
 */
export async function checkLayering(root, { packages = root, nodeArgs = [] } = {}) {
  const folders = FOLDERS.filter((folder) => existsSync(path.join(root, folder)));
  const bin = path.join(packages, "node_modules", "dependency-cruiser", "bin", "dependency-cruiser.mjs");
  const text = await run(process.execPath, [...nodeArgs, bin, "--config", ".dependency-cruiser.cjs", "--output-type", "json", ...folders], root);
  const { modules, summary } = JSON.parse(text);
  const violations = summary.violations.map(({ rule, from, to, cycle }) => ({
    rule: rule.name,
    from,
    to: cycle ? cycle.map((step) => step.name).join(" → ") : to,
  }));
  const files = folders.flatMap((folder) => sourceFiles(root, folder));
  const unseen = unseenFiles(files, modules.map((module) => module.source));
  const missed = modules.filter(({ source }) => files.includes(source)).flatMap((module) => missedImports(root, module));
  const lines = [
    ...violations.map(({ rule, from, to }) => `${rule}: ${from} → ${to}`),
    ...unseen.map((file) => `not seen by the cruiser: ${file}`),
    ...missed.map((place) => `import not seen by the cruiser: ${place}`),
  ];
  return { ok: lines.length === 0 && files.length > 0, violations, unseen, output: [...lines, `${modules.length} modules, ${files.length} .ts files`].join("\n") };
}

/**
 * The .ts files that the cruiser did not report: without its parser that is all of them.
 * @param {string[]} files
 * @param {string[]} cruised
 */
export function unseenFiles(files, cruised) {
  const seen = new Set(cruised);
  return files.filter((file) => !seen.has(file));
}

// A second parser's view of a file's imports, so that a gap in the first one's cannot hide a forbidden import.
function missedImports(root, { source, dependencies }) {
  const text = readFileSync(path.join(root, source), "utf8");
  const { staticImports, staticExports, dynamicImports } = parseSync(source, text).module;
  const named = [...staticImports, ...staticExports.flatMap((each) => each.entries)].flatMap(({ moduleRequest }) => moduleRequest?.value ?? []);
  const late = dynamicImports.map(({ moduleRequest }) => text.slice(moduleRequest.start, moduleRequest.end)).filter((literal) => /^["'].*["']$/.test(literal));
  const seen = new Set(dependencies.map((dependency) => dependency.module));
  return [...named, ...late.map((literal) => literal.slice(1, -1))].filter((name) => !seen.has(name) && !seen.has(name.replace(/^node:/, ""))).map((name) => `${source} → ${name}`);
}

function sourceFiles(root, folder) {
  return readdirSync(path.join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const file = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return SKIPPED.has(entry.name) ? [] : sourceFiles(root, file);
    return file.endsWith(".ts") && !file.endsWith(".d.ts") ? [file] : [];
  });
}

// The exit code only counts violations, which the report holds as well.
function run(command, args, cwd) {
  return new Promise((resolve, reject) => {
    execFile(command, args, { cwd, maxBuffer: 256 * 1024 * 1024 }, (error, stdout, stderr) => {
      if (stdout.startsWith("{")) resolve(stdout);
      else reject(new Error(stderr || error?.message || "dependency-cruiser said nothing"));
    });
  });
}
