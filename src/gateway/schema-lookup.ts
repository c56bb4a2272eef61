// One place in the configuration schema: its own schema, and the names below it. Pure.
import { fault } from "../base/faults.ts";

type Node = { type?: string | string[]; properties?: Record<string, Node>; additionalProperties?: Node | boolean; patternProperties?: Record<string, Node>; items?: Node; required?: string[]; anyOf?: Node[]; description?: string; "x-restart"?: boolean };

export interface SchemaChild { key: string; path: string; type?: string | string[]; required: boolean; hasChildren: boolean; reloadKind: "restart" | "hot"; hint?: unknown; hintPath?: string }

/** `path` is dotted; `*` and `[0]` stand for any member. Throws request.invalid for a path that leads nowhere. */
export function lookUpSchema(schema: unknown, uiHints: Record<string, unknown>, path: string) {
  const parts = path.replace(/\[(\w*)\]/g, ".$1").split(/[./]/).filter((part) => part !== "");
  let node = schema as Node; // the configuration's own schema
  for (const part of parts) {
    const next = step(node, part);
    if (!next) throw fault("request.invalid", { reason: `no configuration key ${path}` });
    node = next;
  }
  const at = parts.join(".");
  return { path, schema: node, reloadKind: reloadKind(node), ...hinted(uiHints, at), children: childrenOf(node, at, uiHints) };
}

function childrenOf(node: Node, at: string, uiHints: Record<string, unknown>): SchemaChild[] {
  const own = shape(node);
  return Object.entries(own.properties ?? {}).map(([key, child]) => {
    const path = at === "" ? key : `${at}.${key}`;
    const type = shape(child).type;
    return { key, path, ...(type === undefined ? {} : { type }), required: own.required?.includes(key) ?? false, hasChildren: hasChildren(child), reloadKind: reloadKind(child), ...hinted(uiHints, path) };
  });
}

function hinted(uiHints: Record<string, unknown>, path: string): { hint?: unknown; hintPath?: string } {
  return Object.hasOwn(uiHints, path) ? { hint: uiHints[path], hintPath: path } : {};
}

function step(node: Node, part: string): Node | undefined {
  const own = shape(node);
  if (own.properties && Object.hasOwn(own.properties, part)) return own.properties[part];
  const any = Object.values(own.patternProperties ?? {})[0] ?? (typeof own.additionalProperties === "object" ? own.additionalProperties : undefined) ?? own.items;
  return any;
}

/** Of alternatives, the one with members. */
function shape(node: Node): Node {
  return node.anyOf?.find((one) => one.properties !== undefined || one.items !== undefined) ?? node;
}

function hasChildren(node: Node): boolean {
  const own = shape(node);
  return Object.keys(own.properties ?? {}).length > 0 || own.items !== undefined || own.patternProperties !== undefined || typeof own.additionalProperties === "object";
}

function reloadKind(node: Node): "restart" | "hot" {
  return node["x-restart"] === true ? "restart" : "hot";
}
