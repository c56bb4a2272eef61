// From a parsed document to one the program can run on: what is wrong is named, only what it must be is left out, and security never drops below the last good document.
import { checkDocument, type Finding } from "./check.ts";
import type { ConfigIssue } from "./snapshot.ts";
import { migrate } from "./migrate.ts";
import { formatPath, isMap, valueAt, withValue, type Path } from "./path.ts";
import { configNode, type ConfigDocument } from "./schema.ts";
import { childSchema, entrySchema, type SchemaNode } from "./schema-node.ts";
import { strengthen, weakerAspects } from "./security-order.ts";
import { withDefaults } from "./defaults.ts";
import type { Format } from "./source.ts";
import { lineOf, pointAt, type Place } from "./source-tree.ts";
import { lookupFor, substitute, type Lookup } from "./substitute.ts";
import { isUpstreamKey } from "./upstream-keys.ts";

export interface Assessment {
  /** Validated; `${ENV}` filled in except in secret fields. */
  document: ConfigDocument;
  /** What made parts of the file unusable. */
  issues: ConfigIssue[];
  /** What was noticed and does no harm. */
  warnings: ConfigIssue[];
  /** Values read under older names. */
  legacy: ConfigIssue[];
}

export interface AssessInput {
  value: unknown;
  format: Format;
  env: Lookup;
  /** The last document that had no issues. */
  lastGood: ConfigDocument | undefined;
  text: string;
  place(): Place | undefined;
}

export function assess(input: AssessInput): Assessment {
  const { value: migrated, notes } = migrate(input.value);
  const { value: filled, findings: missing } = substitute(configNode, migrated, lookupFor(migrated, input.env));
  const findings = checkDocument(configNode, filled);
  const harmless = (finding: Finding) => input.format === "json5" && finding.kind === "unknown-key" && isUpstreamKey(finding.path);
  const faults = [...missing, ...findings.filter((finding) => !harmless(finding))];
  const locate = locator(input);
  const warnings = findings.filter(harmless).map((finding) => locate(finding.path, `${formatPath(finding.path)} is not used by this version`));
  const issues = faults.map((finding) => {
    const isForeign = finding.kind === "unknown-key" && isUpstreamKey(finding.path);
    return isForeign ? locate(finding.path, `unknown key ${formatPath(finding.path)}: other versions of OpenClaw read it, this one does nothing with it; take it out`) : locate(finding.path, finding.message, finding.suggestion);
  });
  const legacy = notes.map((note) => ({ path: note.path, message: note.message }));

  let document: unknown = filled;
  for (const finding of [...findings].reverse()) if (finding.kind === "unknown-key") document = withValue(document, finding.path, undefined);
  for (const unit of disabledUnits(faults, filled, input.format)) document = withValue(document, unit, substituteFor(unit, filled, input.lastGood));
  document = untilValid(document);
  if (faults.length === 0) return { document: document as ConfigDocument, issues, warnings: [...warnings, ...relaxations(input, document as ConfigDocument, locate)], legacy }; // checkDocument found nothing
  const kept = input.lastGood === undefined ? { document: document as ConfigDocument, restored: [] } : strengthen(input.lastGood, document as ConfigDocument); // untilValid left what is valid
  const notices = kept.restored.map((path) => locate(path, `${formatPath(path)} stays as in the last good configuration, because this file has errors`));
  return { document: kept.document, issues, warnings: [...warnings, ...notices], legacy };
}

/** A file without errors may relax what it likes, but not unnoticed. */
function relaxations(input: AssessInput, document: ConfigDocument, locate: ReturnType<typeof locator>): ConfigIssue[] {
  if (input.lastGood === undefined) return [];
  return weakerAspects(withDefaults(input.lastGood), withDefaults(document)).map((path) => locate(path, `${formatPath(path)} was changed to something less strict, or a secret was changed`));
}

/** The parts that cannot be trusted, outermost first and none inside another. */
function disabledUnits(faults: readonly Finding[], document: unknown, format: Format): Path[] {
  const units = faults.flatMap((fault) => unitOf(fault, document, format) ?? []);
  const texts = new Set<string>();
  return units.filter((unit) => {
    const text = formatPath(unit);
    const isCovered = texts.has(text) || units.some((other) => other.length < unit.length && other.every((step, index) => step === unit[index]));
    texts.add(text);
    return !isCovered;
  }).toSorted((a, b) => (compareSteps(a, b)));
}

/** Later list entries first, so that leaving one out does not move the next. */
function compareSteps(a: Path, b: Path): number {
  for (let index = 0; index < Math.min(a.length, b.length); index++) {
    const [x, y] = [a[index], b[index]];
    if (x === y || x === undefined || y === undefined) continue;
    return typeof x === "number" && typeof y === "number" ? y - x : String(x) < String(y) ? -1 : 1;
  }
  return b.length - a.length;
}

/** A wrong value costs itself, or the list entry that needs it. A key nobody knows may be the misspelt half of its section, so it costs the section (in an adopted file, whose keys may be newer than we are, only where security is decided). */
function unitOf(finding: Finding, document: unknown, format: Format): [Path] | undefined {
  const { path } = finding;
  const parent = path.slice(0, -1);
  const entry = enclosingEntry(path, document);
  const guarded = guardedUnit(path);
  if (guarded !== undefined) return [guarded];
  if (finding.kind === "variable") return undefined; // the value is already left out
  if (entry !== undefined && (entry.length === path.length || finding.kind === "value" || format === "yaml")) return [entry];
  if (finding.kind === "value") return [path];
  if (parent.length === 0) return undefined;
  return format === "yaml" || isSecurity(parent) ? [parent] : undefined;
}

/** The innermost entry of a list, or of a map with free keys, around a path. */
function enclosingEntry(path: Path, document: unknown): Path | undefined {
  let node: SchemaNode | undefined = configNode;
  let found: Path | undefined;
  path.forEach((step, index) => {
    const holder = node;
    const value = valueAt(document, path.slice(0, index));
    node = holder && childSchema(holder, step, value);
    const isEntry = typeof step === "number" ? isMap(valueAt(document, path.slice(0, index + 1))) : holder !== undefined && entrySchema(holder) !== undefined && !Object.hasOwn(holder.properties ?? {}, step);
    if (isEntry) found = path.slice(0, index + 1);
  });
  return found;
}

const securitySections = ["gateway", "tools", "extensions"];

function isSecurity(path: Path): boolean {
  return securitySections.includes(String(path[0])) || path.includes("tools");
}

/** Parts in which leaving out one value could allow more than was meant: they stand or fall together. */
const guardedUnits: readonly { unit: Path; strictest(broken: unknown): unknown }[] = [
  { unit: ["gateway", "auth"], strictest: () => ({ mode: "token", sharedTokenScopes: ["operator.read"], allowLegacySignatures: false }) },
  { unit: ["tools"], strictest: () => ({ profile: "minimal" }) },
  { unit: ["agents", "defaults", "tools"], strictest: () => ({ profile: "minimal" }) },
  { unit: ["extensions"], strictest: (broken) => ({ deny: textsIn(broken) }) },
];

function guardedUnit(path: Path): Path | undefined {
  return guardedUnits.find(({ unit }) => {
    const below = path.slice(unit.length);
    return unit.every((step, index) => step === path[index]) && (below.length < 2 || typeof below[1] === "number");
  })?.unit;
}

/** Every text in a list directly below: what a misspelt deny list may have meant. */
function textsIn(broken: unknown): string[] {
  return isMap(broken) ? Object.values(broken).flatMap((value) => (Array.isArray(value) ? value.filter((item) => typeof item === "string") : [])) : [];
}

/** What stands in for a part that cannot be used: the last good one, else nothing, and where nothing would allow more than was meant, the strictest. */
function substituteFor(unit: Path, document: unknown, lastGood: ConfigDocument | undefined): unknown {
  const broken = valueAt(document, unit);
  if (lastGood === undefined) return guardedUnits.find((guarded) => formatPath(guarded.unit) === formatPath(unit))?.strictest(broken);
  if (typeof unit.at(-1) !== "number") return valueAt(lastGood, unit);
  const id = valueAt(broken, ["id"]);
  const entries = valueAt(lastGood, unit.slice(0, -1));
  return id === undefined || !Array.isArray(entries) ? undefined : entries.find((entry) => valueAt(entry, ["id"]) === id);
}

/** Leaves out whatever a substitution left invalid (a list entry that lost its id, say), and in the end everything. */
function untilValid(start: unknown): unknown {
  let document = start;
  for (let round = 0; round < 20; round++) {
    const [finding] = checkDocument(configNode, document);
    if (!finding) return document;
    const holder = enclosingEntry(finding.path, document) ?? finding.path;
    if (holder.length === 0) return {};
    document = withValue(document, holder, undefined);
  }
  return {};
}

function locator(input: AssessInput): (path: Path, message: string, suggestion?: string) => ConfigIssue {
  let place: Place | undefined;
  let isKnown = false;
  return (path, message, suggestion) => {
    if (!isKnown) {
      place = input.place();
      isKnown = true;
    }
    const offset = pointAt(place, path);
    return { path: formatPath(path), message, ...(offset === undefined ? {} : lineOf(input.text, offset)), ...(suggestion === undefined ? {} : { suggestion }) };
  };
}
