// Reading our schema as plain JSON Schema: the few words that configuration uses.
import { isMap, type Path } from "./path.ts";

export interface SchemaNode {
  type?: string;
  title?: string;
  description?: string;
  default?: unknown;
  const?: unknown;
  enum?: readonly unknown[];
  anyOf?: readonly SchemaNode[];
  properties?: Readonly<Record<string, SchemaNode>>;
  required?: readonly string[];
  patternProperties?: Readonly<Record<string, SchemaNode>>;
  additionalProperties?: boolean | SchemaNode;
  items?: SchemaNode;
  pattern?: string;
  minLength?: number;
  minimum?: number;
  maximum?: number;
  examples?: readonly unknown[];
  "x-secret"?: true;
  "x-restart"?: true;
  "x-advanced"?: true;
}

/** The schema of the values of a map whose keys are free; undefined when its keys are listed. */
export function entrySchema(node: SchemaNode): SchemaNode | undefined {
  const [pattern] = Object.values(node.patternProperties ?? {});
  return pattern ?? (isMap(node.additionalProperties) ? (node.additionalProperties as SchemaNode) : undefined); // a schema is a map
}

/** The branch of a choice of types that a map would take. */
export function mapBranch(node: SchemaNode, value?: unknown): SchemaNode | undefined {
  if (node.type === "object") return node;
  const branches = (node.anyOf ?? []).filter((branch) => branch.type === "object");
  const given = isMap(value) ? Object.keys(value) : [];
  const shared = (branch: SchemaNode) => given.filter((key) => Object.hasOwn(branch.properties ?? {}, key)).length;
  return branches.toSorted((a, b) => shared(b) - shared(a))[0];
}

/** The schema one step down; undefined where the schema ends. */
export function childSchema(node: SchemaNode, step: string | number, value?: unknown): SchemaNode | undefined {
  if (typeof step === "number") return node.items ?? node.anyOf?.find((branch) => branch.items)?.items;
  const map = mapBranch(node, value);
  if (!map) return undefined;
  return Object.hasOwn(map.properties ?? {}, step) ? map.properties?.[step] : entrySchema(map);
}

export function schemaAt(root: SchemaNode, path: Path): SchemaNode | undefined {
  let node: SchemaNode | undefined = root;
  for (const step of path) node = node && childSchema(node, step);
  return node;
}

/** A hint that holds for a path because it or one of its parents has it. */
export function hasHint(root: SchemaNode, path: Path, hint: "x-secret" | "x-restart" | "x-advanced"): boolean {
  let node: SchemaNode | undefined = root;
  for (const step of path) {
    node = node && childSchema(node, step);
    if (node?.[hint] === true) return true;
  }
  return false;
}

/** The texts a choice allows; undefined when it is not one. */
export function choicesOf(node: SchemaNode): string[] | undefined {
  const values = (node.anyOf ?? []).map((branch) => branch.const);
  return values.length > 0 && values.every((value) => typeof value === "string") ? (values as string[]) : undefined; // just checked
}
