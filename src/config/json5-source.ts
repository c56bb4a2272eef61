// Documents in JSON5: read with positions, edited in place so that comments and spelling survive.
import { deepEqual } from "./path.ts";
import type { Parsed, Place } from "./source-tree.ts";
import { applySplices, planSplices, type Splice, type Style } from "./splice.ts";

export async function parseJson5(text: string): Promise<Parsed> {
  const { default: JSON5 } = await import("json5");
  try {
    const value: unknown = JSON5.parse(text);
    return { ok: true, value, place: () => locate(text) };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    const { lineNumber, columnNumber } = error as SyntaxError & { lineNumber?: number; columnNumber?: number }; // json5 adds them
    return { ok: false, message: error.message.replace(/^JSON5: /, "").replace(/ at \d+:\d+$/, ""), line: lineNumber ?? 1, column: columnNumber ?? 1 };
  }
}

/** Text whose value is `after`; comments of `text` survive wherever their place does. */
export async function editJson5(text: string, before: unknown, after: unknown): Promise<string> {
  const { default: JSON5 } = await import("json5");
  const place = text.trim() === "" ? undefined : locate(text);
  const splices = place && planSplices(place, before, after, styleFor(text));
  if (splices) {
    const edited = applySplices(text, splices);
    try {
      if (deepEqual(JSON5.parse(edited), after)) return edited;
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error; // a replacement went wrong: written whole below
    }
  }
  return `${jsonText(after, 2)}\n`;
}

/** The two line ends that JSON allows bare in a string are escaped: the library warns on the terminal at every read of them. */
function jsonText(value: unknown, unit?: string | number): string {
  return JSON.stringify(value, null, unit).replaceAll("\u2028", "\\u2028").replaceAll("\u2029", "\\u2029");
}

const blank = /(?:\s|\uFEFF|\/\/[^\n\r\u2028\u2029]*|\/\*[\s\S]*?\*\/)*/y;
const quoted = /"(?:[^"\\]|\\[\s\S])*"|'(?:[^'\\]|\\[\s\S])*'/y;
const bare = /[^\s,:{}[\]/"']+/y;

/** Positions in text that JSON5.parse has accepted. */
function locate(text: string): Place {
  let at = 0;
  const take = (pattern: RegExp): string => {
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0] ?? "";
    at += found.length;
    return found;
  };
  const key = (): string => {
    const raw = take(quoted) || take(bare);
    return raw.startsWith('"') || raw.startsWith("'") || raw.includes("\\") ? unquote(raw) : raw;
  };
  const value = (): Place => {
    take(blank);
    const start = at;
    const opening = text[at];
    if (opening !== "{" && opening !== "[") {
      if (!take(quoted)) take(bare);
      return { start, end: at, kind: "scalar", plain: true };
    }
    at++;
    const place: Place = opening === "{" ? { start, end: 0, kind: "map", plain: true, entries: [] } : { start, end: 0, kind: "list", plain: true, items: [] };
    for (;;) {
      take(blank);
      if (at >= text.length || text[at] === "}" || text[at] === "]") break;
      if (place.entries) {
        const keyStart = at;
        const name = key();
        const keyEnd = at;
        take(blank);
        at++; // the colon
        const found = { key: name, keyStart, keyEnd, value: value() };
        const same = place.entries.findIndex((entry) => entry.key === name);
        if (same === -1) place.entries.push(found);
        else place.entries[same] = found; // the last one counts
      } else place.items?.push(value());
      take(blank);
      if (text[at] === ",") at++;
    }
    at++;
    place.end = at;
    return place;
  };
  return value();
}

function unquote(raw: string): string {
  const body = /^["']/.test(raw) ? raw.slice(1, -1) : raw;
  return body.replace(/\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|(\r\n|[\s\S]))/g, (_, u: string | undefined, x: string | undefined, c: string | undefined) => {
    if (u ?? x) return String.fromCharCode(Number.parseInt(u ?? x ?? "", 16));
    const named: Record<string, string> = { n: "\n", t: "\t", r: "\r", b: "\b", f: "\f", v: "\v", 0: "\0" };
    return /^[\r\n\u2028\u2029]/.test(c ?? "") ? "" : (named[c ?? ""] ?? c ?? "");
  });
}

function styleFor(text: string): Style {
  const lineIndent = (offset: number): string => /^[ \t]*/.exec(text.slice(text.lastIndexOf("\n", offset - 1) + 1))?.[0] ?? "";
  const unit = /\n([ \t]+)\S/.exec(text)?.[1] ?? "  ";
  const render = (value: unknown, indent: string) => jsonText(value, unit).replaceAll("\n", `\n${indent}`);
  /** The end of a member with the comma behind it, if one is there. */
  const behind = (offset: number): { at: number; comma: boolean } => {
    blank.lastIndex = offset;
    blank.exec(text);
    return text[blank.lastIndex] === "," ? { at: blank.lastIndex + 1, comma: true } : { at: offset, comma: false };
  };
  const append = (last: { start: number; end: number } | undefined, holder: Place, body: (indent: string) => string): Splice | undefined => {
    if (!last) return undefined;
    const { at, comma } = behind(last.end);
    const inline = !text.slice(holder.start, last.start).includes("\n");
    const indent = lineIndent(last.start);
    const gap = inline ? " " : `\n${indent}`;
    // A comment behind the last member stays on its line.
    const rest = inline ? 0 : (/^[ \t]*(?:\/\/[^\n]*)?/.exec(text.slice(at))?.[0].length ?? 0);
    if (!comma && rest > 0 && text.slice(at, at + rest).includes("//")) return undefined;
    return { start: at + (comma ? rest : 0), end: at + (comma ? rest : 0), text: `${comma ? "" : ","}${gap}${body(indent)}${comma ? "," : ""}` };
  };
  const remove = (member: { start: number; end: number }, holder: Place): Splice => {
    const end = behind(member.end).at;
    const lead = text.slice(0, member.start).search(/[ \t]*$/);
    const trail = /^[ \t]*(?:\/\/[^\n]*)?(?=\n)/.exec(text.slice(end))?.[0].length ?? 0;
    const ownLine = text[lead - 1] === "\n" && text[end + trail] === "\n" && lead > holder.start;
    return ownLine ? { start: lead - 1, end: end + trail, text: "" } : { start: lead, end, text: "" };
  };
  const membersOf = (map: Place) => (map.entries ?? []).map((entry) => ({ start: entry.keyStart, end: entry.value.end }));
  return {
    replace: (place, value) => ({ start: place.start, end: place.end, text: render(value, lineIndent(place.start)) }),
    insertEntry(map, behindIndex, key, value) {
      const bareKeys = map.entries?.[0] !== undefined && /[\w$]/.test(text[map.entries[0].keyStart] ?? "") && /^[A-Za-z_$][\w$]*$/.test(key);
      return append(membersOf(map)[behindIndex], map, (indent) => `${bareKeys ? key : jsonText(key)}: ${render(value, indent)}`);
    },
    removeEntry(map, index) {
      const member = membersOf(map)[index];
      return member && remove(member, map);
    },
    appendItem: (list, value) => append(list.items?.at(-1), list, (indent) => render(value, indent)),
    removeItem(list, index) {
      const item = list.items?.[index];
      return item && remove(item, list);
    },
  };
}
