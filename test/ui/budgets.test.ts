// What the page may weigh and where it may come from, read off the built files and the headers under which they are served.
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { contentSecurityPolicy } from "../../src/gateway/http/headers.ts";
import { buildUi, type BuiltUi } from "./built-ui.ts";

const shellBudgetBytes = 40 * 1024;

type Files = ReadonlyMap<string, string>;

let ui: BuiltUi;
let files: Files;

beforeAll(async () => {
  ui = await buildUi();
  files = new Map([...(await ui.files())].map(([name, bytes]) => [name, bytes.toString("utf8")]));
});
afterAll(() => ui.remove());

const named = (source: string, pattern: RegExp): string[] => [...source.matchAll(pattern)].map((match) => match[1] ?? match[0]);

/** What a browser fetches before it shows anything: the page, what the page names, and what those import at once. */
function shellOf(built: Files): string[] {
  const wanted = named(built.get("index.html") ?? "", /(?:src|href)="\.\/([^"]+)"/g);
  const reached = new Set(["index.html"]);
  while (wanted.length > 0) {
    const name = wanted.pop() ?? "";
    if (reached.has(name) || !built.has(name)) continue;
    reached.add(name);
    if (name.endsWith(".js")) wanted.push(...named(built.get(name) ?? "", /(?:^|[;}])import(?:[\w*{}\s,$]+from)?"\.\/([^"]+)"/g).map((file) => `assets/${file}`));
  }
  return [...reached];
}

function shellBytes(built: Files): number {
  return shellOf(built).reduce((sum, name) => sum + gzipSync(built.get(name) ?? "").length, 0);
}

/** What in the built files would break the policy, or leave our own origin. */
function faultsOf(built: Files): string[] {
  const page = built.get("index.html") ?? "";
  const inline = [...named(page, /<script(?![^>]*\ssrc=)[^>]*>/g), ...named(page, /<style[^>]*>/g), ...named(page, /\s(?:style|on\w+)=/g)].map((found) => `inline: ${found}`);
  const foreign = [...built].filter(([name]) => /\.(html|css)$/.test(name)).flatMap(([name, source]) => named(source, /(?:https?:)?\/\/[\w.-]+/g).map((origin) => `${name}: ${origin}`));
  const loaded = [...built].filter(([name]) => name.endsWith(".js")).flatMap(([name, source]) => named(source, /import\(?["'`](https?:\/\/[^"'`]+)/g).map((origin) => `${name}: ${origin}`));
  const strings = [...built].filter(([name]) => name.endsWith(".js")).flatMap(([name, source]) => named(source, /[^.\w](?:eval|new Function)\(/g).map((found) => `${name}: ${found}`));
  return [...inline, ...foreign, ...loaded, ...strings];
}

function policyFaults(policy: string): string[] {
  const parts = new Map(policy.split("; ").map((part): [string, string] => [part.split(" ")[0] ?? "", part.split(" ").slice(1).join(" ")]));
  const wanted: [string, string][] = [["default-src", "'none'"], ["script-src", "'self'"], ["style-src", "'self'"], ["connect-src", "'self'"], ["img-src", "'self' data: blob:"], ["font-src", "'self'"], ["frame-ancestors", "'none'"], ["base-uri", "'none'"], ["form-action", "'none'"], ["require-trusted-types-for", "'script'"]];
  return [...wanted.filter(([name, value]) => parts.get(name) !== value).map(([name]) => name), ...named([...parts.values()].join(" "), /unsafe-\w+|https?:\S*|\*/g)];
}

describe("[I.21] the built page", () => {
  it("[I.21] has a shell of at most 40 kB gzip", () => {
    const shell = shellOf(files);
    console.log(`shell: ${shellBytes(files)} bytes gzip in ${shell.length} files`);
    expect(shell.length).toBeGreaterThan(3);
    expect(shell.some((name) => name.endsWith(".css"))).toBe(true);
    expect(shellBytes(files)).toBeLessThanOrEqual(shellBudgetBytes);
  });

  it("[I.21] leaves markdown, colours and places out of the shell", () => {
    const inShell = shellOf(files).map((name) => files.get(name)).join("\n");
    for (const word of ["DOMPurify", "hljs-", "oc-overview\""]) expect(inShell.includes(word), word).toBe(false);
    expect([...files.keys()].some((name) => name.includes("highlight"))).toBe(true);
  });

  it("[I.21] has nothing inline, builds no code from strings and names no other origin", () => {
    console.log(`files looked through: ${files.size}`);
    expect(files.size).toBeGreaterThan(20);
    expect(faultsOf(files)).toEqual([]);
  });

  it("[I.21] is served under a policy that allows nothing inline, no eval and no other origin", () => {
    expect(policyFaults(contentSecurityPolicy())).toEqual([]);
  });
});

describe("[I.21] these checks see", () => {
  const changed = (name: string, edit: (source: string) => string): Files => new Map([...files].map(([file, source]) => [file, file === name ? edit(source) : source]));
  const script = (): string => shellOf(files).find((name) => name.endsWith(".js")) ?? "";

  it.each<[string, () => string[]]>([
    ["an inline script", () => faultsOf(changed("index.html", (page) => page.replace("</body>", "<script>start()</script></body>")))],
    ["an inline style", () => faultsOf(changed("index.html", (page) => page.replace("<body>", "<body style=\"margin:0\">")))],
    ["an inline handler", () => faultsOf(changed("index.html", (page) => page.replace("<body>", "<body onload=\"start()\">")))],
    ["a font from elsewhere", () => faultsOf(changed("index.html", (page) => page.replace("</head>", "<link rel=\"stylesheet\" href=\"https://fonts.example/x.css\"></head>")))],
    ["a script from elsewhere", () => faultsOf(changed(script(), (source) => `${source};import("https://cdn.example/x.js")`))],
    ["code made from a string", () => faultsOf(changed(script(), (source) => `${source};new Function("return 1")`))],
    ["a policy that lets inline styles in", () => policyFaults(contentSecurityPolicy().replace("style-src 'self'", "style-src 'self' 'unsafe-inline'"))],
    ["a policy that lets the page talk to anybody", () => policyFaults(contentSecurityPolicy().replace("connect-src 'self'", "connect-src *"))],
    ["a policy without Trusted Types", () => policyFaults(contentSecurityPolicy().replace("require-trusted-types-for 'script'; ", ""))],
  ])("[I.21] %s", (_name, found) => expect(found()).not.toEqual([]));

  it("[I.21] a shell that has grown", () => {
    const random = Array.from({ length: 20_000 }, (_, index) => ((index * 2_654_435_761) % 4_294_967_296).toString(36)).join("");
    expect(shellBytes(changed(script(), (source) => source + random))).toBeGreaterThan(shellBudgetBytes);
  });
});
