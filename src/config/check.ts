// What is wrong with a document, in words a person can act on: each finding has its path and the nearest thing that would be right.
import { formatPath, isMap, type Path } from "./path.ts";
import { childSchema, choicesOf, entrySchema, mapBranch, type SchemaNode } from "./schema-node.ts";

export interface Finding {
  path: Path;
  kind: "unknown-key" | "value" | "variable";
  message: string;
  suggestion?: string;
}

/** More would only repeat itself. */
const MAX_FINDINGS = 100;

/** Every finding of a document. None means that the schema accepts it; values are never quoted, they may be secret. */
export function checkDocument(schema: SchemaNode, value: unknown): Finding[] {
  const findings: Finding[] = [];
  visit(schema, value, [], findings);
  return findings;
}

/** Whether one value fits one field's schema. */
export function accepts(schema: SchemaNode, value: unknown): boolean {
  return checkDocument(schema, value).length === 0;
}

function visit(schema: SchemaNode, value: unknown, path: Path, findings: Finding[]): void {
  if (findings.length >= MAX_FINDINGS) return;
  const report = (message: string, suggestion?: string) => void findings.push({ path, kind: "value", message, ...(suggestion === undefined ? {} : { suggestion }) });
  if (schema.anyOf) return visitChoice(schema, value, path, findings, report);
  if (schema.type === "object") return visitMap(schema, value, path, findings, report);
  if (schema.type === "array") {
    if (!Array.isArray(value)) return report(`must be a list, not ${kindOf(value)}`);
    value.forEach((item, index) => visit(schema.items ?? {}, item, [...path, index], findings));
    return;
  }
  const problem = scalarProblem(schema, value);
  if (problem !== undefined) report(problem);
}

function visitChoice(schema: SchemaNode, value: unknown, path: Path, findings: Finding[], report: (message: string, suggestion?: string) => void): void {
  const choices = choicesOf(schema);
  if (choices) {
    if (typeof value === "string" && choices.includes(value)) return;
    return report(`must be one of ${choices.join(", ")}`, typeof value === "string" ? nearest(value, choices) : undefined);
  }
  if (schema.anyOf?.some((branch) => accepts(branch, value)) === true) return;
  const branch = isMap(value) ? mapBranch(schema, value) : undefined;
  if (branch) return visit(branch, value, path, findings);
  report(`must be ${[...new Set(schema.anyOf?.map((option) => typeWords[option.type ?? ""] ?? "another value"))].join(" or ")}, not ${kindOf(value)}`);
}

function visitMap(schema: SchemaNode, value: unknown, path: Path, findings: Finding[], report: (message: string) => void): void {
  if (!isMap(value)) return report(`must be a map, not ${kindOf(value)}`);
  for (const name of schema.required ?? []) if (!Object.hasOwn(value, name)) report(`needs ${name}`);
  const known = Object.keys(schema.properties ?? {});
  const isOpen = entrySchema(schema) !== undefined || schema.additionalProperties !== false;
  for (const key of Object.keys(value)) {
    const child = childSchema(schema, key, value);
    if (child) visit(child, value[key], [...path, key], findings);
    else if (!isOpen) {
      const suggestion = nearest(key, known);
      findings.push({ path: [...path, key], kind: "unknown-key", message: `unknown key ${formatPath([...path, key])}${suggestion === undefined ? "" : `; did you mean ${suggestion}?`}`, ...(suggestion === undefined ? {} : { suggestion }) });
    }
  }
}

const typeWords: Record<string, string> = { string: "text", integer: "a whole number", number: "a number", boolean: "true or false", object: "a map", array: "a list" };

function scalarProblem(schema: SchemaNode, value: unknown): string | undefined {
  if (schema.enum && !schema.enum.includes(value)) return `must be one of ${schema.enum.map(String).join(", ")}`;
  switch (schema.type) {
    case undefined:
      return schema.const === undefined || value === schema.const ? undefined : "is not the expected value";
    case "string":
      if (typeof value !== "string") return `must be text, not ${kindOf(value)}${typeof value === "object" ? "" : "; put it in quotes"}`;
      if (schema.const !== undefined && value !== schema.const) return `must be ${String(schema.const)}`;
      if (value.length < (schema.minLength ?? 0)) return "must not be empty";
      return schema.pattern === undefined || new RegExp(schema.pattern, "u").test(value) ? undefined : `must match ${schema.pattern}`;
    case "boolean":
      return typeof value === "boolean" ? undefined : `must be true or false, not ${kindOf(value)}`;
    case "integer":
    case "number": {
      if (typeof value !== "number" || !Number.isFinite(value)) return `must be ${typeWords[schema.type]}, not ${kindOf(value)}`;
      if (schema.type === "integer" && !Number.isInteger(value)) return "must be a whole number";
      if (value < (schema.minimum ?? -Infinity)) return `must be at least ${schema.minimum}`;
      return value > (schema.maximum ?? Infinity) ? `must be at most ${schema.maximum}` : undefined;
    }
    default:
      return undefined; // a word of JSON Schema that ours does not use: an extension's own code will see
  }
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return "nothing";
  if (Array.isArray(value)) return "a list";
  return { string: "text", number: "a number", boolean: "true or false", object: "a map" }[typeof value as "string"] ?? typeof value; // other types fall through to their name
}

/** The closest of `options`, when it is close enough to be meant. */
export function nearest(word: string, options: readonly string[]): string | undefined {
  const limit = Math.max(2, Math.floor(word.length / 3));
  const ranked = options.map((option) => ({ option, distance: distance(word.toLowerCase(), option.toLowerCase()) })).filter((entry) => entry.distance <= limit && entry.distance < entry.option.length);
  return ranked.toSorted((a, b) => a.distance - b.distance)[0]?.option;
}

/** Edits (insert, drop, replace, swap) between two short words. */
function distance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 8 || a.length > 64) return Infinity;
  let above: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let best = Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) best = Math.min(best, (above[j - 2] ?? 0) + 1);
      next.push(best);
    }
    above = row;
    row = next;
  }
  return row[b.length] ?? Infinity;
}
