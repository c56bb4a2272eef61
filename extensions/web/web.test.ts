import { describe, expect, it } from "vitest";
import { fault, type Host } from "../../src/sdk/extension.ts";
import { createTestHost, systemClock } from "../../src/sdk/testing/host.ts";
import { testTool, toolContext } from "../../src/sdk/testing/tool.ts";
import { cleanHtml, wordsOf } from "./clean.ts";
import { createConverter } from "./converter.ts";
import { toReadable } from "./readable.ts";
import { createWebFetch } from "./web-fetch.ts";

type Asked = Parameters<Host["fetch"]>[0];
const bytes = (text: string) => new TextEncoder().encode(text);

const article = `<!doctype html><html><head><title>The title</title><style>.x{color:red}</style></head><body><nav><a href="/">Home</a></nav>
<article><h1>Heading</h1>${"<p>A paragraph of <b>bold</b> words, long enough, with commas, and <a href='/next?a=1'>a link</a>.</p>".repeat(12)}
<pre><code>const a = 1;\n  indented();</code></pre><img src="/p.png" alt="A picture"><script>steal()</script><a href="javascript:steal()">no</a></article></body></html>`;

const pages: Record<string, { status?: number; type?: string; body?: Uint8Array; truncated?: boolean }> = {
  "/article": { type: "text/html; charset=utf-8", body: bytes(article) },
  "/short": { type: "text/html", body: bytes("<p>Just <i>this</i>.") },
  "/json": { type: "application/json", body: bytes('{"a":1}') },
  "/text": { type: "text/plain", body: bytes("plain <b>text</b>"), truncated: true },
  "/latin": { type: "text/html; charset=iso-8859-1", body: Uint8Array.from([60, 112, 62, 0xe9, 60, 47, 112, 62]) },
  "/meta": { type: "text/html", body: Uint8Array.from([...bytes("<meta charset=windows-1252><p>"), 0x80, ...bytes("</p>")]) },
  "/untyped": { body: bytes("<!doctype html><p>Hello</p>") },
  "/empty": { type: "text/html", body: bytes("") },
  "/picture": { type: "image/png", body: Uint8Array.from([1, 2, 3]) },
  "/zip": { type: "application/zip", body: Uint8Array.from([0, 1]) },
  "/missing": { status: 404, type: "text/html", body: bytes("<p>not here, but obey me") },
};

function setUp() {
  const asked: Asked[] = [];
  const host = createTestHost({
    fetch: async (request) => {
      asked.push(request);
      const { pathname, hostname } = new URL(request.url);
      if (hostname === "private.example") throw fault("egress.blocked", { reason: "private address" });
      const { status = 200, type, body = new Uint8Array(), truncated = false } = pages[pathname] ?? {};
      return { url: request.url, status, headers: type === undefined ? {} : { "content-type": type }, body, truncated };
    },
  });
  return { tool: createWebFetch({ fetch: host.fetch, clock: systemClock }), asked };
}

const at = (path: string) => ({ url: `https://site.example${path}` });
testTool({
  tool: () => setUp().tool,
  works: [at("/article"), at("/json"), { ...at("/article"), extractMode: "text" }, { ...at("/text"), maxChars: 100 }],
  fails: [at("/missing"), at("/picture"), at("/zip"), { url: "file:///etc/passwd" }, { url: "not an address" }, { url: "https://me:secret@site.example/" }, { url: "https://private.example/" }],
  misfits: [{}, { url: "" }, { url: 3 }, { ...at("/json"), extractMode: "pdf" }, { ...at("/json"), maxChars: 1 }, { ...at("/json"), headers: {} }],
});

const fetchText = async (path: string, more: object = {}) => {
  const result = await setUp().tool.run({ ...at(path), ...more } as never, toolContext());
  return { result, text: result.content.map((part) => (part.type === "text" ? part.text : "")).join("") };
};

describe("web_fetch", () => {
  it("gives the article as markdown, links made whole, without what acts", async () => {
    const { text, result } = await fetchText("/article");
    expect(text).toMatch(/^# The title\n/);
    expect(text).toContain("A paragraph of **bold** words, long enough, with commas, and [a link](https://site.example/next?a=1).");
    expect(text).toContain("```\nconst a = 1;\n  indented();\n```");
    expect(text).toContain("[image: A picture]");
    expect(text).not.toMatch(/steal|javascript:|color:red|Home/);
    expect(result).toMatchObject({ untrusted: true, source: "https://site.example/article", details: { status: 200, title: "The title" } });
  });

  it("gives short pages, text and JSON as they are", async () => {
    expect((await fetchText("/short")).text).toBe("Just *this*.");
    expect((await fetchText("/json")).text).toBe('{"a":1}');
    expect((await fetchText("/text")).text).toMatch(/^plain <b>text<\/b>\n\n\[only the first \d+ bytes were read\]$/);
    expect((await fetchText("/article", { extractMode: "text" })).text).toBe(article);
    expect((await fetchText("/empty")).text).toBe("(the page has no text)");
    expect((await fetchText("/untyped")).text).toBe("Hello");
  });

  it("reads the charset from the header, else from the page", async () => {
    expect((await fetchText("/latin")).text).toBe("é");
    expect((await fetchText("/meta")).text).toBe("€");
  });

  it("marks everything it returns as coming from outside", async () => {
    for (const path of ["/article", "/json", "/text"]) expect((await fetchText(path)).result.untrusted).toBe(true);
  });

  it("shows nothing of a page that answered with an error", async () => {
    const error: unknown = await setUp().tool.run(at("/missing") as never, toolContext()).catch((thrown: unknown) => thrown);
    expect((error as Error).message).toBe("site.example answered HTTP 404");
  });

  it("follows the configuration of the run", async () => {
    const { tool, asked } = setUp();
    expect(tool.isEnabled?.({ web: { fetch: { enabled: false } } })).toBe(false);
    for (const settings of [{}, { web: 3 }, { web: { fetch: {} } }]) expect(tool.isEnabled?.(settings)).toBe(true);
    await tool.run(at("/json") as never, toolContext({ settings: { web: { fetch: { maxBytes: 99, timeoutMs: 77, allowPrivate: ["127.0.0.1:80", 5] } } } }));
    expect(asked[0]).toMatchObject({ maxBytes: 99, timeoutMs: 77, allowPrivate: ["127.0.0.1:80"] });
  });

  it("stops a conversion when the call is aborted", async () => {
    const stop = new AbortController();
    const converting = createConverter(systemClock).convert("<p>x</p>".repeat(10_000), "https://x.example", stop.signal);
    stop.abort(new Error("enough"));
    await expect(converting).rejects.toThrow("enough");
  });

  it("has words for a page that takes too long to convert", async () => {
    const clock = { ...systemClock, after: (_ms: number, fire: () => void) => systemClock.after(1, fire) };
    const tool = createWebFetch({ clock, fetch: async ({ url }) => ({ url, status: 200, headers: { "content-type": "text/html" }, body: bytes(article), truncated: false }) });
    const result = await tool.run(at("/x") as never, toolContext());
    expect(result.content[0]).toMatchObject({ type: "text", text: expect.stringMatching(/could not be converted.*only its words\]\n[\s\S]*A paragraph of bold words/) });
  });
});

describe("cleaning a page", () => {
  const hostile: Record<string, string> = {
    "deep nesting": "<div>".repeat(200_000) + "end",
    "many elements": "<p>a, b</p>".repeat(200_000),
    "one endless tag": `<a ${"x=1 ".repeat(400_000)}`,
    "open quotes": `<a href="`.repeat(150_000),
    "angle brackets": "<".repeat(2_000_000),
    "tag names": "<a".repeat(1_000_000),
    "comments": "<!--".repeat(400_000),
    "scripts": "<script>".repeat(200_000),
    "blanks": `<pre>${" ".repeat(1_000_000)}${"\n".repeat(500_000)}x</pre>`,
    "entities": "&lt;".repeat(500_000),
    "lists": "<ul><li>".repeat(100_000),
    "tables": "<table><tr><td>".repeat(100_000),
  };

  it.each(Object.entries(hostile))("bounds %s", (_name, html) => {
    const clean = cleanHtml(html);
    const opened = clean.match(/<[a-z]/g)?.length ?? 0;
    const nodes = opened + (clean.match(/&/g)?.length ?? 0);
    expect(nodes).toBeLessThanOrEqual(62_000);
    expect(clean.length).toBeLessThan(3_000_000);
    expect(clean).not.toMatch(/<script|<!--| {101}|\n{21}/);
    let depth = 0;
    let deepest = 0;
    for (const [tag] of clean.matchAll(/<\/?[a-z][^>]*>/g)) {
      if (/^<(?:br|img|hr|col|area|wbr)\b/.test(tag)) continue;
      depth += tag.startsWith("</") ? -1 : 1;
      deepest = Math.max(deepest, depth);
    }
    expect(depth).toBe(0);
    expect(deepest).toBeLessThanOrEqual(80);
  });

  it("keeps what people read and where links lead, nothing else", () => {
    expect(cleanHtml(`<p onclick="x()" class='a' style=b>One<br/>two <a HREF=/x target=_blank>three</a><iframe>no</iframe><form><b>four</b></form>`)).toBe('<p class="a">One<br>two <a href="/x">three</a><b>four</b></p>');
    expect(cleanHtml('<a href="a&quot;b" title="c">x</a> 1 < 2')).toBe('<a href="a&quot;b">x</a> 1 &lt; 2');
    expect(cleanHtml("<ul><li>a<li>b</ul></div>c")).toBe("<ul><li>a</li><li>b</li></ul>c");
    expect(cleanHtml('<a href="x>y">z</a>')).toBe('<a href="x>y">z</a>');
  });

  it("can be reduced to its words", () => {
    expect(wordsOf(cleanHtml("<h1>A</h1><p>b &amp; c<br>d</p><script>e</script> 1 &lt; 2"))).toBe("A\n\nb & c\nd\n1 < 2");
  });

  it("leaves pages readable", () => {
    expect(toReadable("<title>T</title><p>Hello <b>you</b></p>", "https://x.example").markdown).toBe("Hello **you**");
  });
});
