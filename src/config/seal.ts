// Keys that arrive as plain text go into the vault; the document keeps only their names.
import { define, isMap, valueAt, type Path } from "./path.ts";
import { configNode } from "./schema.ts";
import { childSchema, type SchemaNode } from "./schema-node.ts";

/** Clients on this machine read these from the file, without the vault. */
const readByClients = new Set(["gateway"]);

/** Replaces every new plain secret by `{ secret: <its path> }` after `store` has it. What the stored document already says stays as it is. */
export async function sealSecrets(document: unknown, stored: unknown, store: (name: string, value: string) => Promise<void>): Promise<unknown> {
  const visit = async (schema: SchemaNode | undefined, value: unknown, path: Path): Promise<unknown> => {
    if (schema?.["x-secret"] === true) {
      if (typeof value !== "string" || value === "" || value.includes("${") || valueAt(stored, path) === value) return value;
      const name = nameOf(path);
      await store(name, value);
      return { secret: name };
    }
    // A place in a list is no name: it moves when an entry before it goes.
    if (!isMap(value)) return value;
    const sealed: Record<string, unknown> = {};
    for (const [key, child] of Object.entries(value)) {
      const isOutside = path.length === 0 && readByClients.has(key);
      define(sealed, key, isOutside ? child : await visit(schema && childSchema(schema, key, value), child, [...path, key]));
    }
    return sealed;
  };
  return visit(configNode, document, []);
}

/** Names of values that only `before` refers to, each from the field it is named after: what was sealed for it and is used no more. */
export function releasedSecrets(before: unknown, after: unknown): string[] {
  const kept = new Set(references(after).map(({ name }) => name));
  return references(before).flatMap(({ name, path }) => (name === nameOf(path) && !kept.has(name) ? [name] : []));
}

/** The field's path in the letters that the vault takes for names. */
function nameOf(path: Path): string {
  return path.map((step) => String(step).replace(/[^\w@-]/gu, (character) => `:${character.codePointAt(0)?.toString(16)}:`)).join(".");
}

function references(value: unknown, path: Path = []): { name: string; path: Path }[] {
  if (Array.isArray(value)) return value.flatMap((item, index) => references(item, [...path, index]));
  if (!isMap(value)) return [];
  const own = typeof value["secret"] === "string" ? [{ name: value["secret"], path }] : [];
  return [...own, ...Object.entries(value).flatMap(([key, child]) => references(child, [...path, key]))];
}
