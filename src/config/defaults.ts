// Fills a document up with the defaults of its schema: every plain section is there afterwards.
import { define, isMap } from "./path.ts";
import { configNode, type ConfigDocument, type ResolvedConfig } from "./schema.ts";
import type { SchemaNode } from "./schema-node.ts";

export function withDefaults(document: ConfigDocument): ResolvedConfig {
  return fill(configNode, document) as ResolvedConfig; // the type is computed from the same schema by the same rule
}

function fill(schema: SchemaNode, value: unknown): unknown {
  if (!schema.properties) return value ?? structuredClone(schema.default);
  const given = isMap(value) ? value : {};
  const filled: Record<string, unknown> = {};
  for (const [key, child] of Object.entries(schema.properties)) {
    const next = fill(child, Object.hasOwn(given, key) ? given[key] : undefined);
    if (next !== undefined) filled[key] = next;
  }
  for (const key of Object.keys(given)) if (!Object.hasOwn(schema.properties, key)) define(filled, key, given[key]);
  return filled;
}
