// Rewrites any HTML as small, well-formed HTML in one pass over it: bounded in elements, depth and length, without what acts or is never read.
// The libraries behind it take exponential time or all memory on pages built for that; what leaves here they can bear. Pure.

const MAX_ELEMENTS = 30_000;
const MAX_DEPTH = 80;
const MAX_OUT_CHARS = 1_500_000;
/** Attributes are looked for in this much of a tag. */
const MAX_TAG_CHARS = 2_048;
const MAX_VALUE_CHARS = 1_024;

const voids = new Set(["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"]);
/** Gone with all that is in them. */
const skippedWhole = new Set(["script", "style", "noscript", "template", "iframe", "object", "svg", "canvas", "math", "select", "textarea", "xmp", "plaintext", "noembed", "noframes"]);
/** Gone, but what is in them stays. */
const skippedTags = new Set(["form", "input", "button", "link", "meta", "embed", "base", "param", "source", "track"]);
/** A new one ends the one before it. */
const selfClosing = new Set(["p", "li", "td", "th", "tr", "dt", "dd", "option"]);
const keptAttributes = new Set(["href", "src", "alt", "class", "id", "hidden", "aria-hidden", "role", "lang"]);

export function cleanHtml(html: string): string {
  const out = createOut();
  let at = 0;
  while (at < html.length && !out.isFull()) {
    const open = html.indexOf("<", at);
    if (open === -1) {
      out.text(html.slice(at));
      break;
    }
    if (open > at) out.text(html.slice(at, open));
    at = html.startsWith("<!--", open) ? after(html, "-->", open + 4) : tagAt(html, open, out);
  }
  return out.end();
}

type Out = ReturnType<typeof createOut>;

function tagAt(html: string, open: number, out: Out): number {
  const named = /^<(\/?)([a-zA-Z][a-zA-Z0-9:-]{0,40})/.exec(html.slice(open, open + 48));
  if (!named) {
    if (html[open + 1] === "!" || html[open + 1] === "?" || html[open + 1] === "/") return after(html, ">", open + 2);
    out.text("<");
    return open + 1;
  }
  const name = (named[2] ?? "").toLowerCase();
  const end = endOfTag(html, open + named[0].length);
  if (named[1] === "/") out.close(name);
  else if (skippedWhole.has(name)) return afterElement(html, name, end);
  else out.open(name, html.slice(open + named[0].length, Math.min(end - 1, open + MAX_TAG_CHARS)));
  return end;
}

/** Just behind the `>` that is not inside quotes; a tag that never closes swallows the rest, as in a browser. */
function endOfTag(html: string, from: number): number {
  let quote = "";
  const limit = Math.min(html.length, from + 65_536);
  for (let at = from; at < limit; at++) {
    const char = html[at] ?? "";
    if (quote !== "") {
      if (char === quote) quote = "";
    } else if (char === '"' || char === "'") quote = char;
    else if (char === ">") return at + 1;
  }
  return after(html, ">", limit);
}

function after(html: string, mark: string, from: number): number {
  const at = html.indexOf(mark, from);
  return at === -1 ? html.length : at + mark.length;
}

function afterElement(html: string, name: string, from: number): number {
  const closing = new RegExp(`</${name}`, "gi");
  closing.lastIndex = from;
  const found = closing.exec(html);
  return found ? after(html, ">", found.index) : html.length;
}

function createOut() {
  const pieces: string[] = [];
  const stack: string[] = [];
  let chars = 0;
  let elements = 0;
  const put = (piece: string) => {
    pieces.push(piece);
    chars += piece.length;
  };
  const closeTop = () => put(`</${stack.pop()}>`);
  return {
    isFull: () => chars > MAX_OUT_CHARS || elements > MAX_ELEMENTS,
    text(text: string) {
      const kept = (stack.includes("pre") ? shortBlanks(text) : text.replace(/\s+/g, " ")).slice(0, MAX_OUT_CHARS - chars + 1);
      // A parser makes a node of each entity, so they count as elements.
      const parts = kept.split("&", Math.max(1, MAX_ELEMENTS - elements + 1));
      elements += parts.length - 1 + (kept === "<" ? 1 : 0);
      put(parts.join("&").replaceAll("<", "&lt;"));
    },
    open(name: string, attributes: string) {
      if (skippedTags.has(name)) return;
      if (selfClosing.has(name) && stack.at(-1) === name) closeTop();
      elements++;
      if (voids.has(name)) return put(`<${name}${keep(attributes)}>`);
      if (stack.length >= MAX_DEPTH) return undefined;
      stack.push(name);
      return put(`<${name}${keep(attributes)}>`);
    },
    close(name: string) {
      const depth = stack.lastIndexOf(name);
      if (depth === -1) return;
      while (stack.length > depth) closeTop();
    },
    end() {
      while (stack.length > 0) closeTop();
      return pieces.join("");
    },
  };
}

/** Text as it is, but without endless blanks and blank lines. */
function shortBlanks(text: string): string {
  return text.replace(/[ \t]{100,}/g, " ".repeat(100)).replace(/(?:\r?\n){20,}/g, "\n".repeat(20));
}

const entities: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", nbsp: " " };

/** Only the words of a cleaned page: for when it cannot be read in a better way. */
export function wordsOf(clean: string): string {
  return clean
    .replace(/<\/?(?:p|div|li|tr|h[1-6]|br|section|article|blockquote|pre)[^>]*>/g, "\n")
    .replace(/<[^>]*>/g, "")
    .replace(/&(amp|lt|gt|quot|apos|nbsp);/g, (_, name: string) => entities[name] ?? "")
    .split("\n")
    .map((line) => line.trim())
    .join("\n")
    .replace(/\n{3,}/g, "\n\n")
    .trim();
}

/** Walks the attributes once, by hand: a regular expression would look at the same characters again and again. */
function keep(attributes: string): string {
  const kept: string[] = [];
  let at = 0;
  const skip = (isPart: (char: string) => boolean) => {
    const from = at;
    while (at < attributes.length && isPart(attributes[at] ?? "")) at++;
    return attributes.slice(from, at);
  };
  const isSpace = (char: string) => char <= " " || char === "/";
  while (at < attributes.length) {
    skip(isSpace);
    const name = skip((char) => char > " " && char !== "=" && char !== "/").toLowerCase();
    skip((char) => char <= " ");
    let value = "";
    if (attributes[at] === "=") {
      at++;
      skip((char) => char <= " ");
      const quote = attributes[at];
      if (quote === '"' || quote === "'") {
        at++;
        value = skip((char) => char !== quote);
        at++;
      } else value = skip((char) => char > " ");
    } else if (name === "") at++;
    if (keptAttributes.has(name)) kept.push(` ${name}="${value.slice(0, MAX_VALUE_CHARS).replaceAll('"', "&quot;").replaceAll("<", "&lt;")}"`);
  }
  return kept.join("");
}
