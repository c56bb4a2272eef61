// Paths into the configuration: `agents.list[0].name`, with quotes where a key has dots of its own.
import { fault } from "../base/faults.ts";

export type Path = readonly (string | number)[];

export function formatPath(path: Path): string {
  let text = "";
  for (const step of path) {
    if (typeof step === "number") text += `[${step}]`;
    else if (/^[\w$/:@-]+$/.test(step)) text += text === "" ? step : `.${step}`;
    else text += `[${JSON.stringify(step)}]`;
  }
  return text;
}

/** Reads what formatPath writes. Throws request.invalid for anything else. */
export function parsePath(text: string): Path {
  const path: (string | number)[] = [];
  const step = /\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\]|\.?([^.[\]]+)/y;
  while (step.lastIndex < text.length) {
    const match = step.exec(text);
    if (!match) throw fault("request.invalid", { reason: `not a config path: ${text}` });
    if (match[1] !== undefined) path.push(Number(match[1]));
    else path.push(match[2] !== undefined ? (JSON.parse(match[2]) as string) : (match[3] ?? ""));
  }
  if (path.length === 0) throw fault("request.invalid", { reason: "a config path is empty" });
  return path;
}

export function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function valueAt(root: unknown, path: Path): unknown {
  let value = root;
  for (const step of path) {
    if (typeof step === "number") value = Array.isArray(value) ? value[step] : undefined;
    else value = isMap(value) && Object.hasOwn(value, step) ? value[step] : undefined;
  }
  return value;
}

/** A copy of `root` with `path` set, or removed when `value` is undefined. Missing maps on the way are made. */
export function withValue(root: unknown, path: Path, value: unknown): unknown {
  const [step, ...rest] = path;
  if (step === undefined) return value;
  if (typeof step === "number" || Array.isArray(root)) {
    const list: unknown[] = Array.isArray(root) ? [...root] : [];
    if (typeof step !== "number" || step > list.length) throw fault("request.invalid", { reason: `no list entry ${String(step)}` });
    const next = withValue(list[step], rest, value);
    if (next === undefined) list.splice(step, 1);
    else list[step] = next;
    return list;
  }
  const map: Record<string, unknown> = isMap(root) ? { ...root } : {};
  if (value === undefined && !Object.hasOwn(map, step)) return root;
  const next = withValue(map[step], rest, value);
  if (next === undefined) delete map[step];
  else define(map, step, next);
  return map;
}

/** A copy of `root` without `path`, and without the maps that this leaves empty. */
export function withoutValue(root: unknown, path: Path): unknown {
  const removed = withValue(root, path, undefined);
  const above = path.slice(0, -1);
  const left = valueAt(removed, above);
  const isEmptied = isMap(left) && Object.keys(left).length === 0 && valueAt(root, path) !== undefined;
  // An entry of a list stays: its place is told by number.
  return isEmptied && above.length > 0 && typeof above.at(-1) === "string" ? withoutValue(root, above) : removed;
}

/** Sets an own property, also one called __proto__. */
export function define(map: Record<string, unknown>, key: string, value: unknown): void {
  Object.defineProperty(map, key, { value, writable: true, enumerable: true, configurable: true });
}

export function deepEqual(a: unknown, b: unknown): boolean {
  if (a === b || (Number.isNaN(a) && Number.isNaN(b))) return true;
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((item, index) => deepEqual(item, b[index]));
  if (!isMap(a) || !isMap(b)) return false;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && deepEqual(a[key], b[key]));
}

/** RFC 7396: null removes, maps merge, everything else replaces. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isMap(patch)) return patch;
  const merged: Record<string, unknown> = isMap(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete merged[key];
    else define(merged, key, mergePatch(Object.hasOwn(merged, key) ? merged[key] : undefined, value));
  }
  return merged;
}

/** Leaf paths in which two documents differ; a list counts as one leaf. */
export function changedPaths(before: unknown, after: unknown, at: Path = []): Path[] {
  if (deepEqual(before, after)) return [];
  if (!isMap(before) && !isMap(after)) return [at];
  const old = isMap(before) ? before : {};
  const now = isMap(after) ? after : {};
  const keys = new Set([...Object.keys(old), ...Object.keys(now)]);
  if (keys.size === 0) return [at];
  return [...keys].flatMap((key) => changedPaths(Object.hasOwn(old, key) ? old[key] : undefined, Object.hasOwn(now, key) ? now[key] : undefined, [...at, key]));
}
