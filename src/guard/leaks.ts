// Finds secrets in text that is about to leave: known values in every disguise first, then the shapes of vendors' keys. One pass over the text.
import type { Secret } from "../base/secret.ts";
import { barePartOf, disguisesOf, minSecretChars, separatorCodes } from "./disguises.ts";
import { discordToken, infixShapes, keyShapes, telegramToken } from "./key-shapes.ts";

export interface Leak {
  start: number;
  end: number;
  /** `known` is a value of ours; anything else names the vendor's key. */
  label: string;
}

export interface LeakScanner {
  /** In order, not overlapping. */
  find(text: string): Leak[];
  redact(text: string): string;
  /** For text that arrives in pieces: what a piece may still become is held back. */
  stream(): LeakStream;
}

export interface LeakStream {
  /** The redacted text that is safe to pass on now. */
  push(piece: string): string;
  /** The rest. */
  end(): string;
}

/** For the log's sink: a function that cuts secrets out of a finished line. */
export function createRedactor(known: () => readonly Secret[]): (line: string) => string {
  return createLeakScanner(known).redact;
}

export interface LeakOptions {
  /** Known values shorter than this are not looked for; 6 by default. */
  minChars?: number;
  /** Also the shapes of vendors' keys; true by default. */
  shapes?: boolean;
}

export function createLeakScanner(known: () => readonly Secret[], options: LeakOptions = {}): LeakScanner {
  let from: readonly Secret[] | undefined;
  let table = compile([], options);
  /** Compiled again only when the list is another one: lists are replaced, never changed. */
  const current = (): Table => {
    const list = known();
    if (list !== from) {
      from = list;
      table = compile(list, options);
    }
    return table;
  };
  return {
    find: (text) => scan(current(), text),
    redact: (text) => cut(text, scan(current(), text)),
    stream: () => createStream(current),
  };
}

/** What begins with certain three characters. */
type Candidate =
  | { kind: "known"; text: string }
  | { kind: "shape"; anchor: string; label: string; pattern: RegExp }
  | { kind: "infix"; anchor: string; label: string; pattern: RegExp; before: number };

interface Table {
  /** One bit per hash of three characters: whether any candidate begins so. */
  heads: Uint8Array;
  candidates: ReadonlyMap<number, readonly Candidate[]>;
  /** The same for known values without their separators. */
  bareHeads: Uint8Array;
  bares: ReadonlyMap<number, readonly string[]>;
  /** First one and two characters of every known spelling, and the longest of them: for what a stream must hold back. */
  beginnings: ReadonlySet<string>;
  longest: number;
  shapes: boolean;
}

const HASH_BITS = 15;
const HASH_MASK = (1 << HASH_BITS) - 1;
/** Each step pushes the character before the last two out of the hash. */
const next = (hash: number, code: number): number => ((hash << 5) ^ code) & HASH_MASK;
const hashOf = (text: string): number => next(next(next(0, text.charCodeAt(0)), text.charCodeAt(1)), text.charCodeAt(2));

function compile(secrets: readonly Secret[], { minChars = minSecretChars, shapes = true }: LeakOptions): Table {
  const values = secrets.map((secret) => secret.reveal()).filter((value) => value.length >= minChars);
  const spellings = [...new Set(values.flatMap(disguisesOf))];
  const bareTexts = [...new Set(values.flatMap((value) => barePartOf(value) ?? []))];
  const candidates = new Map<number, Candidate[]>();
  const add = (text: string, candidate: Candidate) => void candidates.set(hashOf(text), [...(candidates.get(hashOf(text)) ?? []), candidate]);
  for (const text of spellings) add(text, { kind: "known", text });
  for (const { anchors, label, pattern } of shapes ? keyShapes : []) for (const anchor of anchors) add(anchor, { kind: "shape", anchor, label, pattern });
  for (const { anchors, label, pattern, before } of shapes ? infixShapes : []) for (const anchor of anchors) add(anchor, { kind: "infix", anchor, label, pattern, before });
  const bares = new Map<number, string[]>();
  for (const text of bareTexts) bares.set(hashOf(text), [...(bares.get(hashOf(text)) ?? []), text]);
  return { heads: bitsOf(candidates), candidates, bareHeads: bitsOf(bares), bares, beginnings: new Set([...spellings, ...bareTexts].flatMap((text) => [text.slice(0, 1), text.slice(0, 2)])), longest: Math.max(0, ...spellings.map((text) => text.length)), shapes };
}

function bitsOf(map: ReadonlyMap<number, unknown>): Uint8Array {
  const bits = new Uint8Array(1 << HASH_BITS);
  for (const hash of map.keys()) bits[hash] = 1;
  return bits;
}

const separatorTable = new Uint8Array(65_536);
for (const code of separatorCodes) separatorTable[code] = 1;
const COLON = 58;
const DOT = 46;

function scan(table: Table, text: string): Leak[] {
  const leaks: Leak[] = [];
  const { heads, bareHeads } = table;
  const looksBare = table.bares.size > 0;
  let hash = 0;
  let bareHash = 0;
  // Where the last three characters that are no separators stand.
  let first = 0;
  let second = 0;
  let third = 0;
  let bareCount = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    hash = next(hash, code);
    if (at >= 2 && heads[hash] === 1) tryHeads(table, text, at - 2, hash, leaks);
    if ((code === COLON || code === DOT) && table.shapes) tryPunctuation(text, at, code, leaks);
    if (!looksBare || separatorTable[code] === 1) continue;
    bareHash = next(bareHash, code);
    first = second;
    second = third;
    third = at;
    if (++bareCount >= 3 && bareHeads[bareHash] === 1) tryBare(table, text, first, bareHash, leaks);
  }
  return leaks.length < 2 ? leaks : merged(leaks);
}

function tryHeads(table: Table, text: string, start: number, hash: number, leaks: Leak[]): void {
  for (const candidate of table.candidates.get(hash) ?? []) {
    if (candidate.kind === "known") {
      if (text.startsWith(candidate.text, start)) leaks.push({ start, end: start + candidate.text.length, label: "known" });
    } else if (text.startsWith(candidate.anchor, start)) {
      if (candidate.kind === "shape") tryShape(text, start, candidate.label, candidate.pattern, leaks);
      else for (let begin = Math.max(0, start - candidate.before); begin <= start; begin++) if (tryPattern(text, begin, candidate.label, candidate.pattern, leaks)) break;
    }
  }
}

/** A key's beginning in the middle of a word is not a key's beginning. */
function tryShape(text: string, start: number, label: string, pattern: RegExp, leaks: Leak[]): void {
  if (start === 0 || !isWordCode(text.charCodeAt(start - 1))) tryPattern(text, start, label, pattern, leaks);
}

function tryPattern(text: string, start: number, label: string, pattern: RegExp, leaks: Leak[]): boolean {
  pattern.lastIndex = start;
  const match = pattern.exec(text);
  if (!match) return false;
  const [from, to] = match.indices?.[1] ?? [start, start + match[0].length];
  leaks.push({ start: from, end: to, label });
  return true;
}

function tryPunctuation(text: string, at: number, code: number, leaks: Leak[]): void {
  let start = at;
  if (code === COLON) {
    while (start > 0 && at - start < 10 && isDigit(text.charCodeAt(start - 1))) start--;
    if (at - start >= 8) tryPattern(text, start, "Telegram bot token", telegramToken, leaks);
    return;
  }
  while (start > 0 && at - start < 28 && isWordCode(text.charCodeAt(start - 1))) start--;
  if (at - start >= 24) tryPattern(text, start, "Discord bot token", discordToken, leaks);
}

/** A known value with separators strewn in. Without any it was found already. */
function tryBare(table: Table, text: string, start: number, hash: number, leaks: Leak[]): void {
  for (const bare of table.bares.get(hash) ?? []) {
    const end = endOfBare(text, start, bare);
    if (end !== undefined && end - start > bare.length) leaks.push({ start, end, label: "known" });
  }
}

/** Where `bare` ends when its characters stand from `start` on with separators between; undefined when they do not. */
function endOfBare(text: string, start: number, bare: string): number | undefined {
  let at = start;
  for (let index = 0; index < bare.length; at++) {
    if (at >= text.length) return undefined;
    const code = text.charCodeAt(at);
    if (separatorTable[code] === 1) continue;
    if (code !== bare.charCodeAt(index)) return undefined;
    index++;
  }
  return at;
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

function isWordCode(code: number): boolean {
  return isDigit(code) || (code >= 65 && code <= 90) || (code >= 97 && code <= 122) || code === 95 || code === 45;
}

/** Known values win over shapes they stand in; what overlaps becomes one. */
function merged(leaks: readonly Leak[]): Leak[] {
  const result: Leak[] = [];
  for (const leak of leaks.toSorted((a, b) => a.start - b.start || b.end - a.end)) {
    const last = result.at(-1);
    if (!last || leak.start >= last.end) result.push({ ...leak });
    else {
      last.end = Math.max(last.end, leak.end);
      if (leak.label === "known") last.label = "known";
    }
  }
  return result;
}

function cut(text: string, leaks: readonly Leak[]): string {
  if (leaks.length === 0) return text;
  let result = "";
  let from = 0;
  for (const { start, end, label } of leaks) {
    result += `${text.slice(from, start)}[redacted${label === "known" ? "" : `: ${label}`}]`;
    from = end;
  }
  return result + text.slice(from);
}

/** Text already passed on that is kept to recognise what follows it. */
const CONTEXT_CHARS = 256;
/** No key is longer; a longer run without a space (an image, say) is passed on. */
const MAX_HELD_CHARS = 8_192;

function createStream(current: () => Table): LeakStream {
  let context = "";
  let held = "";
  const release = (upTo: number): string => {
    const whole = context + held;
    const limit = context.length + upTo;
    const leaks = scan(current(), whole).filter((leak) => leak.end > context.length && leak.start < limit).map((leak) => ({ ...leak, start: Math.max(leak.start, context.length) - context.length, end: leak.end - context.length }));
    const last = leaks.at(-1);
    const stop = last && last.end > upTo ? last.start : upTo;
    const out = cut(held.slice(0, stop), leaks.filter((leak) => leak.end <= stop));
    context = (context + held.slice(0, stop)).slice(-CONTEXT_CHARS);
    held = held.slice(stop);
    return out;
  };
  return {
    push(piece) {
      held += piece;
      return release(safeLength(current(), held));
    },
    end: () => release(held.length),
  };
}

/** How much of the text cannot become part of a secret whatever follows. */
function safeLength(table: Table, text: string): number {
  const floor = Math.max(0, text.length - MAX_HELD_CHARS);
  let safe = text.length;
  while (safe > floor && isPrintable(text.charCodeAt(safe - 1))) safe--;
  const begin = text.lastIndexOf("-----BEGIN ");
  if (begin >= floor && !/-----END [A-Z0-9 ]{1,60}-----/.test(text.slice(begin))) safe = Math.min(safe, begin);
  return Math.min(safe, openEnd(table, text, floor), openBareEnd(table, text, floor));
}

function isPrintable(code: number): boolean {
  return code > 32 && code < 127;
}

/** Where the beginning of a known spelling stands at the end of the text; the text's length when none does. */
function openEnd(table: Table, text: string, floor: number): number {
  const from = Math.max(floor, text.length - table.longest);
  let hash = 0;
  for (let at = from; at < text.length; at++) {
    hash = next(hash, text.charCodeAt(at));
    if (at - from < 2 || table.heads[hash] !== 1) continue;
    const tail = text.slice(at - 2);
    if ((table.candidates.get(hash) ?? []).some((candidate) => candidate.kind === "known" && candidate.text.startsWith(tail))) return at - 2;
  }
  for (const length of [2, 1]) if (table.beginnings.has(text.slice(-length))) return text.length - length;
  return text.length;
}

/** The same for values with separators strewn in. */
function openBareEnd(table: Table, text: string, floor: number): number {
  if (table.bares.size === 0) return text.length;
  const places: number[] = [];
  let bareHash = 0;
  for (let at = Math.max(floor, text.length - table.longest * 4); at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (separatorTable[code] === 1) continue;
    bareHash = next(bareHash, code);
    places.push(at);
    const start = places.at(-3);
    if (start === undefined || table.bareHeads[bareHash] !== 1) continue;
    if ((table.bares.get(bareHash) ?? []).some((bare) => isOpenBare(text, start, bare))) return start;
  }
  for (const count of [2, 1]) {
    const last = places.slice(-count);
    if (last.length === count && table.beginnings.has(last.map((at) => text.charAt(at)).join(""))) return last[0] ?? text.length;
  }
  return text.length;
}

/** Whether the text ends before `bare` does. */
function isOpenBare(text: string, start: number, bare: string): boolean {
  let index = 0;
  for (let at = start; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (separatorTable[code] === 1) continue;
    if (code !== bare.charCodeAt(index)) return false;
    if (++index === bare.length) return false;
  }
  return true;
}
