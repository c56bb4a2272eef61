// Markdown to safe nodes: parsed by marked, cleaned by DOMPurify, code blocks handed to oc-code. A lazy chunk of its own.
import DOMPurify from "dompurify";
import { Marked } from "marked";
import "./code.ts";

/** One top-level piece; unchanged text gives an equal `raw`, so its nodes can stay. */
export interface Piece {
  raw: string;
  nodes(): Node;
}

/** Markup that models write into tables and formulas; all other is shown as the text it is. */
const plainTag = /^<\/?(?:br|sub|sup|kbd|b|i|em|strong|s|del|code)\s*\/?>$/i;
const marked = new Marked({ gfm: true, breaks: true, renderer: { html: ({ text }) => (plainTag.test(text.trim()) ? text : escaped(text)) } });

const allowedTags = ["a", "b", "blockquote", "br", "code", "del", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "input", "kbd", "li", "ol", "p", "pre", "s", "strong", "sub", "sup", "table", "tbody", "td", "th", "thead", "tr", "ul", "span"];
/** Values that are no addresses; without this list they would have to look like one. */
const plainAttributes = ["start", "type", "checked", "disabled", "align", "colspan", "rowspan"];
const allowedAttributes = ["href", "title", "class", ...plainAttributes];

DOMPurify.addHook("afterSanitizeAttributes", (node) => {
  if (node.tagName === "A") {
    node.setAttribute("rel", "noopener noreferrer nofollow");
    node.setAttribute("target", "_blank");
  }
  // Only the boxes of task lists, and they are for looking at.
  if (node.tagName === "INPUT") {
    if (node.getAttribute("type") !== "checkbox") node.remove();
    else node.setAttribute("disabled", "");
    node.setAttribute("aria-label", node.hasAttribute("checked") ? "Done" : "To do");
  }
});

export function piecesOf(text: string): Piece[] {
  const tokens = marked.lexer(text);
  const links = tokens.links;
  return tokens
    .filter((token) => token.type !== "space")
    .map((token) => ({
      raw: token.raw,
      nodes: () => clean(marked.parser(Object.assign([token], { links }))),
    }));
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

function clean(markup: string): Node {
  const fragment = DOMPurify.sanitize(markup, { ALLOWED_TAGS: allowedTags, ALLOWED_ATTR: allowedAttributes, ADD_URI_SAFE_ATTR: plainAttributes, ALLOWED_URI_REGEXP: /^(?:https?:|mailto:|#)/i, RETURN_DOM_FRAGMENT: true });
  for (const pre of fragment.querySelectorAll("pre")) pre.replaceWith(codeOf(pre));
  for (const table of fragment.querySelectorAll("table")) wrapTable(table);
  return fragment;
}

function codeOf(pre: HTMLPreElement): HTMLElement {
  const code = pre.querySelector("code");
  const language = /language-([\w+#-]+)/.exec(code?.className ?? "")?.[1] ?? "";
  return Object.assign(document.createElement("oc-code"), { code: (code?.textContent ?? "").replace(/\n$/, ""), language });
}

/** Wide tables scroll by themselves, by keyboard too. */
function wrapTable(table: HTMLTableElement): void {
  const box = document.createElement("div");
  box.className = "table";
  box.tabIndex = 0;
  box.setAttribute("role", "region");
  box.setAttribute("aria-label", "Table");
  table.replaceWith(box);
  box.append(table);
}
