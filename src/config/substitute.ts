// `${NAME}` in values: from the environment, then from env.vars of the document. Secret fields keep the reference until they are revealed.
import type { Finding } from "./check.ts";
import { define, isMap, valueAt, type Path } from "./path.ts";
import { childSchema, type SchemaNode } from "./schema-node.ts";

export type Lookup = (name: string) => string | undefined;

const reference = /(\$?)\$\{([A-Z_][A-Z0-9_]*)\}/g;

/** What `${NAME}` may mean in this document. */
export function lookupFor(document: unknown, env: Lookup): Lookup {
  return (name) => {
    const own = valueAt(document, ["env", "vars", name]) ?? valueAt(document, ["env", name]);
    return env(name) ?? (typeof own === "string" && own !== "" ? own : undefined);
  };
}

/** The text with its references filled in; `$${NAME}` stands for the characters themselves. */
export function substituteText(text: string, lookup: Lookup): { text: string; missing: string[] } {
  const missing: string[] = [];
  const filled = text.replace(reference, (whole: string, escape: string, name: string) => {
    if (escape) return whole.slice(1);
    const value = lookup(name);
    if (value === undefined) missing.push(name);
    return value ?? "";
  });
  return { text: filled, missing };
}

/** A copy with references filled in. A value whose variable is missing is left out and reported. */
export function substitute(root: SchemaNode, document: unknown, lookup: Lookup): { value: unknown; findings: Finding[] } {
  const findings: Finding[] = [];
  const visit = (schema: SchemaNode | undefined, value: unknown, path: Path): unknown => {
    if (schema?.["x-secret"] === true) return value;
    if (typeof value === "string") {
      if (!value.includes("${")) return value;
      const { text, missing } = substituteText(value, lookup);
      if (missing.length === 0) return text;
      findings.push({ path, kind: "variable", message: `variable ${missing.join(", ")} is not set` });
      return undefined;
    }
    const below = (step: string | number, child: unknown) => visit(schema && childSchema(schema, step, value), child, [...path, step]);
    if (Array.isArray(value)) return value.map((item, index) => below(index, item)).filter((item) => item !== undefined);
    if (!isMap(value)) return value;
    const filled: Record<string, unknown> = {};
    for (const [key, child] of Object.entries(value)) {
      const next = below(key, child);
      if (next !== undefined) define(filled, key, next);
    }
    return filled;
  };
  return { value: visit(root, document, []), findings };
}
