// Replaces a passage in a text the way a person means it: exactly, else forgiving about line ends, trailing spaces and typographic quotes. Pure.

export type EditResult = { ok: true; text: string; count: number } | { ok: false; reason: "same" | "missing" | "ambiguous"; count: number };

export function replacePassage(text: string, oldText: string, newText: string, all: boolean): EditResult {
  if (oldText === newText) return { ok: false, reason: "same", count: 0 };
  const newLine = text.includes("\r\n") ? "\r\n" : "\n";
  const places = findAll(text, oldText) ?? findForgiving(text, oldText);
  if (places.length === 0) return { ok: false, reason: "missing", count: 0 };
  if (places.length > 1 && !all) return { ok: false, reason: "ambiguous", count: places.length };
  const replacement = newText.replace(/\r?\n/g, newLine);
  const pieces: string[] = [];
  let at = 0;
  for (const [from, to] of places) {
    pieces.push(text.slice(at, from), replacement);
    at = to;
  }
  return { ok: true, text: pieces.join("") + text.slice(at), count: places.length };
}

type Span = [from: number, to: number];

function findAll(text: string, wanted: string): Span[] | undefined {
  const spans: Span[] = [];
  for (let at = text.indexOf(wanted); at !== -1; at = text.indexOf(wanted, at + wanted.length)) spans.push([at, at + wanted.length]);
  return spans.length > 0 ? spans : undefined;
}

/** Matches on a simplified text and maps the hits back to the original. */
function findForgiving(text: string, wanted: string): Span[] {
  const simple = simplify(text);
  const needle = simplify(wanted).text;
  if (needle.trim() === "") return [];
  return (findAll(simple.text, needle) ?? []).map(([from, to]) => [simple.origin[from] ?? 0, (simple.origin[to - 1] ?? 0) + 1]);
}

const plain: Readonly<Record<string, string>> = { "‘": "'", "’": "'", "‚": "'", "“": '"', "”": '"', "„": '"', "–": "-", "—": "-", "−": "-", "\u00a0": " ", "\u202f": " " };

/** The text without carriage returns and trailing spaces, in plain quotes; `origin` says where each kept unit stood. */
function simplify(text: string): { text: string; origin: number[] } {
  const kept: string[] = [];
  const origin: number[] = [];
  for (let at = 0; at < text.length; at++) {
    const char = text[at] ?? "";
    if (char === "\r" && text[at + 1] === "\n") continue;
    if (char === " " || char === "\t") {
      let end = at;
      while (text[end] === " " || text[end] === "\t") end++;
      const isTrailing = end >= text.length || text[end] === "\n" || (text[end] === "\r" && text[end + 1] === "\n");
      if (isTrailing) {
        at = end - 1;
        continue;
      }
    }
    kept.push(plain[char] ?? char);
    origin.push(at);
  }
  return { text: kept.join(""), origin };
}
