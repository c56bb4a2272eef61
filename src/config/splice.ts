// Edits of a document as small replacements in its text, so that everything beside them stays byte for byte.
import { deepEqual, isMap } from "./path.ts";
import type { Place } from "./source-tree.ts";

export interface Splice {
  start: number;
  end: number;
  text: string;
}

/** How one format writes what is put in. Each returns undefined where a replacement cannot be told safely. */
export interface Style {
  replace(place: Place, value: unknown): Splice | undefined;
  /** Behind the entry at `behindIndex`, which stays. */
  insertEntry(map: Place, behindIndex: number, key: string, value: unknown): Splice | undefined;
  removeEntry(map: Place, index: number): Splice | undefined;
  appendItem(list: Place, value: unknown): Splice | undefined;
  removeItem(list: Place, index: number): Splice | undefined;
}

/** The replacements that turn `before` into `after`, or undefined when one of them is not possible. */
export function planSplices(place: Place, before: unknown, after: unknown, style: Style): Splice[] | undefined {
  if (deepEqual(before, after)) return [];
  if (place.kind === "map" && isMap(before) && isMap(after)) return planMap(place, before, after, style) ?? whole(place, after, style);
  if (place.kind === "list" && Array.isArray(before) && Array.isArray(after)) return planList(place, before, after, style) ?? whole(place, after, style);
  return whole(place, after, style);
}

/** Later positions first, so that earlier ones keep their offsets. */
export function applySplices(text: string, splices: readonly Splice[]): string {
  let result = text;
  // Two insertions at one place keep the order in which they were planned.
  const ordered = splices.map((splice, order) => ({ splice, order })).sort((a, b) => b.splice.start - a.splice.start || b.order - a.order);
  for (const { splice } of ordered) result = result.slice(0, splice.start) + splice.text + result.slice(splice.end);
  return result;
}

function whole(place: Place, after: unknown, style: Style): Splice[] | undefined {
  const splice = style.replace(place, after);
  return splice && [splice];
}

function planMap(place: Place, before: Record<string, unknown>, after: Record<string, unknown>, style: Style): Splice[] | undefined {
  const entries = place.entries ?? [];
  if (entries.length !== Object.keys(before).length) return undefined;
  const lastKept = entries.findLastIndex((entry) => Object.hasOwn(after, entry.key));
  if (lastKept === -1) return undefined;
  const splices: (Splice | undefined)[] = [];
  entries.forEach((entry, index) => {
    if (!Object.hasOwn(after, entry.key)) splices.push(style.removeEntry(place, index));
    else splices.push(...(planSplices(entry.value, before[entry.key], after[entry.key], style) ?? [undefined]));
  });
  for (const key of Object.keys(after)) if (!Object.hasOwn(before, key)) splices.push(style.insertEntry(place, lastKept, key, after[key]));
  return complete(splices);
}

function planList(place: Place, before: readonly unknown[], after: readonly unknown[], style: Style): Splice[] | undefined {
  const items = place.items ?? [];
  if (items.length !== before.length || items.length === 0 || after.length === 0) return undefined;
  if (after.length === before.length) return complete(items.flatMap((item, index) => planSplices(item, before[index], after[index], style) ?? [undefined]));
  if (after.length > before.length) {
    if (!deepEqual(before, after.slice(0, before.length))) return undefined;
    return complete(after.slice(before.length).map((value) => style.appendItem(place, value)));
  }
  const gone = removedFrom(before, after);
  return gone && complete(gone.map((index) => style.removeItem(place, index)));
}

/** Positions whose removal makes `after` of `before`; undefined when more than that changed. */
function removedFrom(before: readonly unknown[], after: readonly unknown[]): number[] | undefined {
  const gone: number[] = [];
  let kept = 0;
  before.forEach((value, index) => {
    if (kept < after.length && deepEqual(value, after[kept])) kept++;
    else gone.push(index);
  });
  return kept === after.length ? gone : undefined;
}

function complete(splices: readonly (Splice | undefined)[]): Splice[] | undefined {
  return splices.includes(undefined) ? undefined : (splices as Splice[]); // no undefined left
}
