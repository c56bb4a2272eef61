// Where each value of a document stands in its text: what YAML and JSON5 documents have in common for messages and edits.
import type { Path } from "./path.ts";

/** The place of one value. Offsets count UTF-16 units, `end` is exclusive. */
export interface Place {
  start: number;
  end: number;
  kind: "map" | "list" | "scalar";
  /** False for YAML in flow style, block scalars, aliases and the like, which are not spliced into. */
  plain: boolean;
  /** Inside YAML brackets, where only JSON's spelling is safe. */
  flow?: boolean;
  /** What holds it is in brackets, too. */
  isInBrackets?: boolean;
  /** Entries of a map, in order. */
  entries?: { key: string; keyStart: number; keyEnd: number; value: Place }[];
  items?: Place[];
}

export type Parsed =
  | { ok: true; value: unknown; /** Positions, worked out only when a message or an edit needs them. */ place(): Place | undefined }
  | { ok: false; message: string; line: number; column: number };

export function placeAt(root: Place | undefined, path: Path): Place | undefined {
  let place = root;
  for (const step of path) place = typeof step === "number" ? place?.items?.[step] : place?.entries?.find((entry) => entry.key === step)?.value;
  return place;
}

/** Where to point for a path: its key, else its value, else the nearest parent that is there. */
export function pointAt(root: Place | undefined, path: Path): number | undefined {
  for (let length = path.length; length > 0; length--) {
    const parent = placeAt(root, path.slice(0, length - 1));
    const last = path[length - 1];
    const entry = typeof last === "string" ? parent?.entries?.find((candidate) => candidate.key === last) : undefined;
    if (entry) return entry.keyStart;
    const item = typeof last === "number" ? parent?.items?.[last] : undefined;
    if (item) return item.start;
  }
  return root?.start;
}

/** One-based line and column of an offset. */
export function lineOf(text: string, offset: number): { line: number; column: number } {
  const before = text.slice(0, offset);
  const lineStart = before.lastIndexOf("\n") + 1;
  let line = 1;
  for (let at = before.indexOf("\n"); at !== -1; at = before.indexOf("\n", at + 1)) line++;
  return { line, column: offset - lineStart + 1 };
}
