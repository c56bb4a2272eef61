// A web page as markdown: the article if there is one, else the whole page. Slow on purpose-built pages, so it runs in a thread (see converter.ts).
import { Readability } from "@mozilla/readability";
import { parseHTML } from "linkedom";
import Turndown from "turndown";
import { cleanHtml } from "./clean.ts";

export interface Readable {
  title: string;
  markdown: string;
}

export function toReadable(html: string, url: string): Readable {
  const clean = cleanHtml(html);
  const document = parse(clean, url);
  const title = document.title.trim();
  const article = new Readability(document, { charThreshold: 200 }).parse();
  const content = article?.content ? parse(article.content, url).body : parse(clean, url).body;
  for (const element of content.querySelectorAll("title,[hidden],[aria-hidden=true]")) element.remove();
  const turndown = new Turndown({ headingStyle: "atx", codeBlockStyle: "fenced", bulletListMarker: "-", emDelimiter: "*" });
  turndown.addRule("image", { filter: "img", replacement: (_content, node) => imageText(node as Element) });
  const markdown = turndown.turndown(content as unknown as HTMLElement); // linkedom's elements are DOM elements without saying so
  return { title: (article?.title ?? title).trim(), markdown: tidy(markdown) };
}

function parse(html: string, url: string): Document {
  // A fragment needs a frame, else its first element becomes the document.
  const framed = /<html[\s>]/i.test(html) ? html : `<!doctype html><html><head></head><body>${html}</body></html>`;
  const { document } = parseHTML(framed);
  for (const [selector, attribute] of [["a[href]", "href"], ["img[src]", "src"]] as const) {
    for (const element of document.querySelectorAll(selector)) absolute(element, attribute, url);
  }
  return document as unknown as Document; // linkedom's document is one without saying so
}

function absolute(element: Element, attribute: string, base: string): void {
  const value = element.getAttribute(attribute) ?? "";
  if (/^\s*(?:javascript|data|vbscript):/i.test(value)) element.removeAttribute(attribute);
  else if (URL.canParse(value, base)) element.setAttribute(attribute, new URL(value, base).href);
}

/** An image is what it shows: its address would only invite another fetch. */
function imageText(node: Element): string {
  const alt = (node.getAttribute("alt") ?? "").trim();
  return alt === "" ? "" : `[image: ${alt}]`;
}

function tidy(markdown: string): string {
  return markdown
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n")
    .replace(/\n{3,}/g, "\n\n")
    .trim();
}
