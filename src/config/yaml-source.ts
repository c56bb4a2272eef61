// Documents in YAML: read with positions, edited in place so that comments and layout survive.
import type * as YamlModule from "yaml";
import type { Node, Pair } from "yaml";
import { deepEqual, isMap } from "./path.ts";
import { lineOf, type Parsed, type Place } from "./source-tree.ts";
import { applySplices, planSplices, type Splice, type Style } from "./splice.ts";

type Yaml = typeof YamlModule;

const readOptions = { prettyErrors: false, stringKeys: true, merge: true } as const;
/** References expanded at most; more is a bomb. */
const MAX_ALIASES = 50;

export async function parseYaml(text: string): Promise<Parsed> {
  const yaml = await import("yaml");
  const document = yaml.parseDocument(text, readOptions);
  const problem = document.errors[0] ?? document.warnings[0];
  if (problem) return { ok: false, message: withoutQuote(problem.message), ...lineOf(text, problem.pos[0]) };
  try {
    const value: unknown = document.toJS({ maxAliasCount: MAX_ALIASES });
    return { ok: true, value, place: () => (document.contents ? placeOf(yaml, document.contents) : undefined) };
  } catch (error) {
    if (!(error instanceof Error) || error instanceof RangeError) throw error;
    // The library's answer to unresolved or too many references and to merges of something that is no map.
    return { ok: false, message: withoutQuote(error.message), line: 1, column: 1 };
  }
}

/** Behind a colon the library quotes the document (an unknown tag, an unexpected token), and that may be a secret; line and column say where. */
function withoutQuote(message: string): string {
  return message.replace(/(?:: |\n)[\s\S]*$/, "");
}

/** Text whose value is `after`: by replacements, else through the document, else written anew. Whatever is returned was read back. */
export async function editYaml(text: string, before: unknown, after: unknown): Promise<string> {
  const yaml = await import("yaml");
  const reads = (edited: string) => {
    const document = yaml.parseDocument(edited, readOptions);
    if (document.errors.length > 0) return false;
    try {
      return deepEqual(document.toJS({ maxAliasCount: MAX_ALIASES }) ?? {}, after);
    } catch (error) {
      if (error instanceof Error) return false; // a reference to what was removed
      throw error;
    }
  };
  const spliced = spliceYaml(yaml, text, before, after);
  if (spliced !== undefined && reads(spliced)) return spliced;
  const rewritten = editDocument(yaml, text, before, after);
  if (rewritten !== undefined && reads(rewritten)) return rewritten;
  return written(yaml, after);
}

/** A new document of this value. */
function written(yaml: Yaml, value: unknown): string {
  const document = new yaml.Document(value);
  quoteMergeKeys(yaml, document);
  return document.toString({ lineWidth: 0 });
}

/** A key that is called `<<` is quoted, or it would be read as a merge. Those that stand in the text keep the form, and so the meaning, that a person gave them. */
function quoteMergeKeys(yaml: Yaml, document: YamlModule.Document): void {
  yaml.visit(document, {
    Pair(_, { key }) {
      if (yaml.isScalar(key) && key.value === "<<") key.type ??= "QUOTE_DOUBLE";
    },
  });
}

function spliceYaml(yaml: Yaml, text: string, before: unknown, after: unknown): string | undefined {
  const document = yaml.parseDocument(text, readOptions);
  if (document.errors.length > 0) return undefined;
  if (document.contents === null || (isMap(before) && Object.keys(before).length === 0 && !text.includes("{"))) {
    return `${text}${text === "" || text.endsWith("\n") ? "" : "\n"}${written(yaml, after)}`;
  }
  const place = placeOf(yaml, document.contents);
  const splices = planSplices(place, before, after, styleFor(yaml, text));
  return splices && applySplices(text, splices);
}

/** The library's own edit: comments survive, but may move and layout is made uniform. */
function editDocument(yaml: Yaml, text: string, before: unknown, after: unknown): string | undefined {
  const document = yaml.parseDocument(text, readOptions);
  const change = (old: unknown, now: unknown, path: string[]): void => {
    if (deepEqual(old, now)) return;
    if (isMap(old) && isMap(now)) for (const key of new Set([...Object.keys(old), ...Object.keys(now)])) change(own(old, key), own(now, key), [...path, key]);
    else if (path.length === 0) document.contents = document.createNode(now) as typeof document.contents; // a plain value becomes a plain node
    else if (now === undefined) document.deleteIn(path);
    else document.setIn(path, document.createNode(now));
  };
  try {
    change(before, after, []);
    quoteMergeKeys(yaml, document);
    // With merges switched on the library writes every `<<` bare.
    document.setSchema(document.directives?.yaml.version ?? "1.2", { merge: false });
    return document.toString({ lineWidth: 0 });
  } catch (error) {
    if (error instanceof Error) return undefined; // a reference to what was removed cannot be written
    throw error;
  }
}

function own(map: Record<string, unknown>, key: string): unknown {
  return Object.hasOwn(map, key) ? map[key] : undefined;
}

function placeOf(yaml: Yaml, node: Node | null, within = false): Place {
  const [start, end] = node?.range ?? [0, 0];
  const flow = within || (yaml.isCollection(node) && node.flow === true);
  if (yaml.isMap(node)) {
    const entries = node.items.map((pair: Pair) => {
      const key = pair.key as Node; // parsed documents have nodes as keys
      const [keyStart, keyEnd] = key.range ?? [0, 0];
      return { key: String(yaml.isScalar(key) ? key.value : ""), keyStart, keyEnd, value: placeOf(yaml, pair.value as Node | null, flow) };
    });
    return { start, end: flow ? end : endOf(entries.map((entry) => entry.value), start), kind: "map", plain: !flow && node.anchor === undefined, flow, isInBrackets: within, entries };
  }
  if (yaml.isSeq(node)) {
    const items = node.items.map((item) => placeOf(yaml, item as Node | null, flow));
    return { start, end: flow ? end : endOf(items, start), kind: "list", plain: !flow && node.anchor === undefined, flow, items };
  }
  const simple = yaml.isScalar(node) && node.anchor === undefined && node.type !== "BLOCK_LITERAL" && node.type !== "BLOCK_FOLDED";
  return { start, end, kind: "scalar", plain: simple, flow };
}

/** A block ends where its last value does; what follows belongs to no one. */
function endOf(values: readonly Place[], start: number): number {
  return values.at(-1)?.end ?? start;
}

function styleFor(yaml: Yaml, text: string): Style {
  const lineStart = (offset: number) => text.lastIndexOf("\n", offset - 1) + 1;
  const lineEnd = (offset: number) => {
    const at = text.indexOf("\n", offset);
    return at === -1 ? text.length : at;
  };
  const column = (offset: number) => offset - lineStart(offset);
  const scalar = (value: unknown) => {
    const plain = typeof value === "string" && /[\n\r]/.test(value) ? JSON.stringify(value) : written(yaml, value).trimEnd();
    return plain.includes("\n") ? JSON.stringify(value) : plain;
  };
  const keyName = (key: string) => (key === "<<" ? JSON.stringify(key) : scalar(key));
  const isInline = (value: unknown) => typeof value !== "object" || value === null || Object.keys(value).length === 0;
  const block = (value: unknown, indent: number) => written(yaml, value).trimEnd().split("\n").map((line) => (line === "" ? line : " ".repeat(indent) + line)).join("\n");
  /** What stands behind `key:` or `- ` for a value, when the holder's entries start at `indent`. */
  const behind = (value: unknown, indent: number) => (isInline(value) ? ` ${scalar(value)}` : `\n${block(value, indent + 2)}`);
  /** A new line behind the one on which a block ends; undefined where text follows that is not a comment. */
  const lineAfter = (end: number, line: string): Splice | undefined => {
    if (end > 0 && text[end - 1] === "\n") return { start: end, end, text: `${line}\n` };
    const at = lineEnd(end);
    return /^\s*(#.*)?$/.test(text.slice(end, at)) ? { start: at, end: at, text: `\n${line}` } : undefined;
  };
  const wholeLines = (from: number, end: number): Splice | undefined => {
    const start = lineStart(from);
    if (text.slice(start, from).trim() !== "") return undefined;
    const stop = end > 0 && text[end - 1] === "\n" ? end : Math.min(lineEnd(end) + 1, text.length);
    return { start, end: stop, text: "" };
  };
  /** Inside brackets: from one member to the next, or with the comma before it when it is the last. */
  const cutOfBrackets = (members: readonly { start: number; end: number }[], index: number): Splice | undefined => {
    const [before, member, behindIt] = [members[index - 1], members[index], members[index + 1]];
    if (!member) return undefined;
    return behindIt ? { start: member.start, end: behindIt.start, text: "" } : { start: before?.end ?? member.start, end: member.end, text: "" };
  };
  const inBrackets = (members: readonly { end: number }[], index: number, member: string): Splice | undefined => {
    const at = members[index]?.end;
    return at === undefined ? undefined : { start: at, end: at, text: `, ${member}` };
  };
  /** `{}` that gets members becomes lines like its neighbours, unless it stands inside brackets itself. */
  const openedMap = (place: Place, value: unknown): Splice | undefined => {
    const isEmpty = place.kind === "map" && place.flow === true && place.isInBrackets !== true && place.entries?.length === 0 && /^\{\s*\}$/.test(text.slice(place.start, place.end));
    if (!isEmpty || !isMap(value) || isInline(value)) return undefined;
    const key = /(?:^|\n)([ \t]*(?:- )*)[^\n]*:[ \t]*$/.exec(text.slice(0, place.start));
    if (key) return { start: text.lastIndexOf(":", place.start) + 1, end: place.end, text: behind(value, key[1]?.length ?? 0) };
    return lineStart(place.start) === place.start ? { start: place.start, end: place.end, text: block(value, 0) } : undefined;
  };
  const membersOf = (map: Place) => (map.entries ?? []).map((entry) => ({ start: entry.keyStart, end: Math.max(entry.keyEnd, entry.value.end) }));
  return {
    replace(place, value) {
      const opened = openedMap(place, value);
      if (opened) return opened;
      if (place.flow === true && (place.plain || place.kind !== "scalar")) return { start: place.start, end: place.end, text: JSON.stringify(value) };
      if (!place.plain) return undefined;
      if (place.kind === "scalar" && isInline(value)) {
        const gap = place.start === place.end && text[place.start - 1] === ":" ? " " : "";
        return { start: place.start, end: place.end, text: gap + scalar(value) };
      }
      const colon = /:[ \t]*(\n\s*)?$/.exec(text.slice(0, place.start));
      if (!colon) return isInline(value) || place.kind !== "list" ? undefined : { start: place.start, end: place.end, text: block(value, column(place.start)).trimStart() };
      const key = lineStart(colon.index);
      const indent = /^[ \t]*(?:- )*/.exec(text.slice(key))?.[0].length ?? 0;
      return { start: colon.index + 1, end: place.end, text: behind(value, indent) };
    },
    insertEntry(map, behindIndex, key, value) {
      if (map.flow === true) return inBrackets(membersOf(map), behindIndex, `${/^[A-Za-z_][\w-]*$/.test(key) ? scalar(key) : JSON.stringify(key)}: ${JSON.stringify(value)}`);
      const first = map.entries?.[0];
      const neighbour = map.entries?.[behindIndex];
      if (!map.plain || !first || !neighbour) return undefined;
      const indent = column(first.keyStart);
      return lineAfter(Math.max(neighbour.keyEnd, neighbour.value.end), `${" ".repeat(indent)}${keyName(key)}:${behind(value, indent)}`);
    },
    removeEntry(map, index) {
      if (map.flow === true) return cutOfBrackets(membersOf(map), index);
      const entry = map.entries?.[index];
      return map.plain && entry ? wholeLines(entry.keyStart, Math.max(entry.keyEnd, entry.value.end)) : undefined;
    },
    appendItem(list, value) {
      if (list.flow === true) return inBrackets(list.items ?? [], (list.items?.length ?? 0) - 1, JSON.stringify(value));
      if (!list.plain) return undefined;
      const indent = column(list.start);
      return lineAfter(list.end, `${" ".repeat(indent)}- ${isInline(value) ? scalar(value) : block(value, indent + 2).trimStart()}`);
    },
    removeItem(list, index) {
      if (list.flow === true) return cutOfBrackets(list.items ?? [], index);
      const item = list.items?.[index];
      if (!list.plain || !item) return undefined;
      const dash = text.lastIndexOf("-", item.start - 1);
      return dash < lineStart(item.start) ? undefined : wholeLines(dash, item.end);
    },
  };
}
