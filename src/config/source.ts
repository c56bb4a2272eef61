// A configuration document as text: one pair of functions for both formats.
import { editJson5, parseJson5 } from "./json5-source.ts";
import { lineOf, type Parsed } from "./source-tree.ts";
import { editYaml, parseYaml } from "./yaml-source.ts";

export type Format = "yaml" | "json5";

/** Nobody writes that much by hand; a larger file is not a configuration. */
const MAX_CHARS = 4_194_304;
const MAX_DEPTH = 64;
const MAX_NODES = 100_000;

/** Never throws for bad text: what is wrong and where comes back instead. An empty document is an empty map. */
export async function parseSource(text: string, format: Format): Promise<Parsed> {
  if (text.length > MAX_CHARS) return { ok: false, message: `larger than ${MAX_CHARS} characters`, line: 1, column: 1 };
  // Nothing to read, so no parser is loaded.
  if (text.trim() === "") return { ok: true, value: {}, place: () => undefined };
  const control = text.search(/[\0\uFFFD]/);
  if (control !== -1) return { ok: false, message: "not text: it contains NUL or broken UTF-8", ...lineOf(text, control) };
  const parsed = await (format === "yaml" ? parseYaml(text) : parseJson5(text)).catch(tooDeep);
  if (!parsed.ok) return parsed;
  if (parsed.value === null || parsed.value === undefined) return { ...parsed, value: {} };
  if (typeof parsed.value !== "object" || Array.isArray(parsed.value)) return { ok: false, message: "the document must be a map of sections", line: 1, column: 1 };
  return withinBounds(parsed.value) ? parsed : tooDeep(new RangeError());
}

/** Text of the same format whose value is `after`. Comments survive where their place does; formatting elsewhere is not touched. */
export function editSource(text: string, format: Format, before: unknown, after: unknown): Promise<string> {
  return format === "yaml" ? editYaml(text, before, after) : editJson5(text, before, after);
}

function tooDeep(error: unknown): Parsed {
  if (!(error instanceof RangeError)) throw error;
  return { ok: false, message: `nested deeper than ${MAX_DEPTH} levels or more than ${MAX_NODES} values`, line: 1, column: 1 };
}

function withinBounds(root: unknown): boolean {
  let nodes = 0;
  const visit = (value: unknown, depth: number): boolean => {
    if (++nodes > MAX_NODES || depth > MAX_DEPTH) return false;
    return typeof value !== "object" || value === null || Object.values(value).every((child) => visit(child, depth + 1));
  };
  return visit(root, 0);
}
