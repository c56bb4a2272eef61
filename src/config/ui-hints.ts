// The hints beside the schema from which clients draw a form.
import { configNode } from "./schema.ts";
import { entrySchema, type SchemaNode } from "./schema-node.ts";

export interface UiHint {
  label?: string;
  help: string;
  group?: string;
  order?: number;
  advanced?: boolean;
  sensitive?: boolean;
  placeholder?: string;
}

/** By dot path; `*` stands for any key of a map, `[]` for any entry of a list. */
export function uiHints(): Record<string, UiHint> {
  const hints: Record<string, UiHint> = {};
  let order = 0;
  const visit = (node: SchemaNode, path: string, key: string, isAdvanced: boolean): void => {
    const advanced = isAdvanced || node["x-advanced"] === true;
    if (node.description !== undefined && path !== "") hints[path] = hintOf(node, path, key, order++, advanced);
    for (const branch of node.anyOf ?? []) if (branch.type === "object" && node["x-secret"] !== true) visitMap(branch, path, advanced);
    visitMap(node, path, advanced);
    if (node.items) visit(node.items, `${path}[]`, key, advanced);
  };
  const visitMap = (node: SchemaNode, path: string, isAdvanced: boolean): void => {
    for (const [key, child] of Object.entries(node.properties ?? {})) visit(child, path === "" ? key : `${path}.${key}`, key, isAdvanced);
    const entry = entrySchema(node);
    if (entry?.properties) visit(entry, `${path}.*`, "*", isAdvanced);
  };
  visit(configNode, "", "", false);
  return hints;
}

function hintOf(node: SchemaNode, path: string, key: string, order: number, advanced: boolean): UiHint {
  const example = node.examples?.[0] ?? node.default;
  return {
    ...(key === "*" ? {} : { label: node.title ?? spoken(key) }),
    help: node.description ?? "",
    group: path.split(/[.[]/)[0] ?? path,
    order,
    ...(advanced ? { advanced: true } : {}),
    ...(node["x-secret"] === true ? { sensitive: true } : {}),
    ...(example === undefined || typeof example === "object" ? {} : { placeholder: String(example) }),
  };
}

/** `maxBodyBytes` → `Max body bytes`. */
function spoken(key: string): string {
  const words = key.replace(/([a-z0-9])([A-Z])/g, "$1 $2").toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}
