// From the file to a snapshot: read, parse, assess, fill in defaults. A file that cannot be read at all is replaced by the last good one.
import { fault } from "../base/faults.ts";
import { assess } from "./assess.ts";
import type { ConfigIssue, ConfigSnapshot } from "./snapshot.ts";
import { withDefaults } from "./defaults.ts";
import type { ConfigFile, Location } from "./files.ts";
import { parseSource, type Format } from "./source.ts";
import type { ConfigDocument } from "./schema.ts";
import type { Lookup } from "./substitute.ts";

export interface Loaded {
  snapshot: ConfigSnapshot;
  /** The document as parsed: what views and edits start from. Undefined when it cannot be parsed. */
  source: unknown;
  text: string;
  /** Validated, before defaults. */
  document: ConfigDocument;
  legacy: readonly ConfigIssue[];
}

/** The newest file that had no errors. It is read only when it is needed: when the present one differs from it. */
export interface LastGood {
  text: string;
  document(): Promise<ConfigDocument | undefined>;
}

export function createLastGood(text: string, format: Format, env: Lookup): LastGood {
  let read: Promise<ConfigDocument | undefined> | undefined;
  return { text, document: () => (read ??= documentOf(text, format, env)) };
}

export interface LoadInput {
  file: ConfigFile;
  location: Location;
  env: Lookup;
  lastGood: LastGood | undefined;
  /** The text was just made here, so it cannot have been cut off. */
  isOurs?: boolean;
}

/** Throws config.invalid, with line and column, only when the file cannot be parsed and there is no last good one. */
export async function loadConfig(input: LoadInput): Promise<Loaded> {
  const { file, location } = input;
  const lastGood = input.lastGood?.text === file.text ? undefined : await input.lastGood?.document();
  const shadow: ConfigIssue[] = location.shadowed === undefined ? [] : [{ path: "", message: `${location.path} is used; ${location.shadowed} is there too and is not read` }];
  const parsed = await parseSource(file.text, location.format);
  const torn = parsed.ok && input.isOurs !== true && isTorn(file, input.lastGood?.text);
  if (parsed.ok && !torn) {
    const assessed = assess({ value: parsed.value, format: location.format, env: input.env, lastGood, text: file.text, place: parsed.place });
    return finish(input, parsed.value, assessed.document, assessed.issues, [...shadow, ...assessed.warnings], assessed.legacy);
  }
  const issue: ConfigIssue = parsed.ok ? { path: "", message: "the file ends in the middle", line: file.text.split("\n").length, column: 1 } : { path: "", message: parsed.message, line: parsed.line, column: parsed.column };
  if (lastGood === undefined) throw invalid(location.path, [issue]);
  const notice: ConfigIssue = { path: "", message: "the last good configuration is used, because this file cannot be read" };
  return finish(input, parsed.ok ? parsed.value : undefined, lastGood, [issue], [...shadow, notice], []);
}

/** config.invalid with everything that a person needs to find the place. */
export function invalid(path: string, issues: readonly ConfigIssue[]) {
  const [first] = issues;
  return fault("config.invalid", { path, issues, ...(first?.line === undefined ? {} : { line: first.line, column: first.column }), ...(first === undefined ? {} : { reason: first.message }) });
}

function finish(input: LoadInput, source: unknown, document: ConfigDocument, issues: ConfigIssue[], warnings: ConfigIssue[], legacy: ConfigIssue[]): Loaded {
  const { file, location } = input;
  const value = withDefaults(document);
  freeze(value);
  const snapshot: ConfigSnapshot = { value, hash: file.hash, path: location.path, exists: file.exists, format: location.format, warnings, issues };
  return { snapshot, source, text: file.text, document, legacy };
}

async function documentOf(text: string, format: Format, env: Lookup): Promise<ConfigDocument | undefined> {
  const parsed = await parseSource(text, format);
  return parsed.ok ? assess({ value: parsed.value, format, env, lastGood: undefined, text, place: () => undefined }).document : undefined;
}

/** A YAML file cut off by a crash can still be valid: it is the beginning of the last good one and stops inside a line. */
function isTorn(file: ConfigFile, lastGood: string | undefined): boolean {
  if (lastGood === undefined || !file.exists || file.text.length >= lastGood.length) return false;
  if (file.text.trim() === "") return lastGood.trim() !== "";
  return !file.text.endsWith("\n") && lastGood.trimEnd() !== file.text.trimEnd() && lastGood.startsWith(file.text);
}

function freeze(value: unknown): void {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return;
  Object.freeze(value);
  Object.values(value).forEach(freeze);
}
