// Prints how big our files and functions are: median, 90th percentile, and what is above the picture we aim at.
import { globSync, readFileSync } from "node:fs";
import path from "node:path";
import { parseSync } from "rolldown/utils";

const root = path.dirname(import.meta.dirname);
const LONG_FILE = 400;
const LONG_FUNCTION = 60;
const AREAS = ["src", "extensions", "ui", "scripts", "test"];

interface Measured {
  name: string;
  lines: number;
}

interface Node {
  type: string;
  start: number;
  end: number;
  id?: { name?: string } | null;
  [key: string]: unknown;
}

function sourceFiles(area: string, isTest: boolean): string[] {
  return globSync(`${area}/**/*.{ts,mjs}`, { cwd: root, exclude: (name) => /(^|\/)(node_modules|dist|generated)(\/|$)/.test(name) }).filter((file) => file.endsWith(".test.ts") === isTest);
}

function functionsOf(file: string, text: string): Measured[] {
  const { program, errors } = parseSync(file, text);
  if (errors.length > 0) throw new Error(`${file} does not parse: ${errors[0]?.message}`);
  const lineStarts = [0, ...[...text.matchAll(/\n/g)].map((match) => match.index + 1)];
  const lineAt = (offset: number): number => lineStarts.findLastIndex((start) => start <= offset) + 1;
  const found: Measured[] = [];
  visit(program, (node, name) => {
    if (!/^(FunctionDeclaration|FunctionExpression|ArrowFunctionExpression)$/.test(node.type)) return;
    found.push({ name: `${file}:${lineAt(node.start)} ${node.id?.name ?? name ?? "(anonymous)"}`, lines: lineAt(node.end) - lineAt(node.start) + 1 });
  });
  return found;
}

/** Calls `onNode` for every node; `name` is that of the variable or property that holds it. */
function visit(value: unknown, onNode: (node: Node, name: string | undefined) => void, name?: string): void {
  if (Array.isArray(value)) {
    for (const each of value) visit(each, onNode, name);
    return;
  }
  if (!isNode(value)) return;
  onNode(value, name);
  const holder = nameOf(value["id"]) ?? nameOf(value["key"]);
  for (const child of Object.values(value)) visit(child, onNode, holder ?? (value.type === "CallExpression" ? undefined : name));
}

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && "type" in value && "start" in value;
}

function nameOf(value: unknown): string | undefined {
  return isNode(value) && typeof value["name"] === "string" ? value["name"] : undefined;
}

function percentile(sorted: Measured[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]?.lines ?? 0;
}

function row(label: string, measured: Measured[], limit: number): string {
  const sorted = measured.toSorted((a, b) => a.lines - b.lines);
  const total = sorted.reduce((sum, each) => sum + each.lines, 0);
  const above = sorted.filter((each) => each.lines > limit).length;
  return [label.padEnd(22), sorted.length, total, percentile(sorted, 0.5), percentile(sorted, 0.9), sorted.at(-1)?.lines ?? 0, above].map((cell) => String(cell).padStart(8)).join(" ");
}

const files = new Map<string, Measured[]>();
const functions = new Map<string, Measured[]>();
for (const area of AREAS) {
  for (const isTest of [false, true]) {
    const label = isTest ? `${area} (tests)` : area;
    for (const file of sourceFiles(area, isTest)) {
      const text = readFileSync(path.join(root, file), "utf8");
      files.set(label, [...(files.get(label) ?? []), { name: file, lines: text.split("\n").length - 1 }]);
      functions.set(label, [...(functions.get(label) ?? []), ...functionsOf(file, text)]);
    }
  }
}

const head = (limit: number): string => ["".padEnd(22), "count", "lines", "median", "p90", "max", `> ${limit}`].map((cell) => cell.padStart(8)).join(" ");
console.log(`files\n${head(LONG_FILE)}`);
for (const [label, measured] of files) console.log(row(label, measured, LONG_FILE));
console.log(`\nfunctions\n${head(LONG_FUNCTION)}`);
for (const [label, measured] of functions) console.log(row(label, measured, LONG_FUNCTION));
for (const [title, groups, limit] of [["files", files, LONG_FILE], ["functions", functions, LONG_FUNCTION]] as const) {
  const long = [...groups.values()].flat().filter((each) => each.lines > limit).toSorted((a, b) => b.lines - a.lines);
  if (long.length > 0) console.log(`\n${title} above ${limit} lines\n${long.map((each) => `${String(each.lines).padStart(6)}  ${each.name}`).join("\n")}`);
}
