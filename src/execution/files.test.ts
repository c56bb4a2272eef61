import { mkdtemp, readFile, rm, writeFile, mkdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createCountingIds } from "../base/ids.ts";
import { testTool, toolContext } from "../sdk/testing/tool.ts";
import type { Tool, ToolResult } from "../sdk/tool.ts";
import { createFileTools, isBinary } from "./files.ts";
import { createSearchTool } from "./search.ts";
import { replacePassage } from "./text-edit.ts";

let root = "";
const tools = [...createFileTools({ ids: createCountingIds() }), createSearchTool()];
const named = (name: string) => tools.find((tool) => tool.name === name) as Tool;
const call = (name: string, args: object): Promise<ToolResult> => named(name).run(args as never, toolContext({ workspace: root }));
const textOf = (result: ToolResult) => result.content.map((part) => (part.type === "text" ? part.text : part.mimeType)).join("\n");

const sample = join(tmpdir(), `openclaw-files-contract-${process.pid}`);
beforeAll(async () => {
  await mkdir(join(sample, "docs"), { recursive: true });
  await writeFile(join(sample, "a.txt"), "one\ntwo\n");
});
afterAll(() => rm(sample, { recursive: true, force: true }));
const context = { workspace: sample };
testTool({ tool: () => named("read"), context, works: [{ path: "a.txt" }, { path: "a.txt", offset: 2, limit: 1 }], fails: [{ path: "../x" }, { path: "none.txt" }, { path: "a.txt", offset: 99 }, { path: "docs" }], misfits: [{}, { path: "" }, { path: 3 }, { path: "a", offset: 0 }, { path: "a", other: 1 }] });
testTool({ tool: () => named("write"), context, works: [{ path: "b.txt", content: "x" }, { path: "deep/er.txt", content: "" }], fails: [{ path: "/etc/x", content: "x" }, { path: "docs", content: "x" }], misfits: [{ path: "x" }, { content: "x" }] });
testTool({ tool: () => named("edit"), context, works: [], fails: [{ path: "a.txt", oldText: "nope", newText: "x" }, { path: "a.txt", oldText: "one", newText: "one" }], misfits: [{ path: "a", oldText: "", newText: "" }, { path: "a" }] });
testTool({ tool: () => named("list"), context, works: [{}, { path: "docs" }, { path: "." }], fails: [{ path: "a.txt" }, { path: ".." }], misfits: [{ path: "" }, { depth: 1 }] });
testTool({ tool: () => named("search"), context, works: [{ text: "two" }, { glob: "*.txt" }], fails: [{}, { text: "x", path: ".." }], misfits: [{ text: "" }] });

describe("file tools", () => {
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), "openclaw-files-"));
  });
  afterEach(() => rm(root, { recursive: true, force: true }));

  it("read a long file page by page and say how to go on", async () => {
    await writeFile(join(root, "long.txt"), Array.from({ length: 4_500 }, (_, index) => `line ${index + 1}`).join("\n"));
    const first = textOf(await call("read", { path: "long.txt" }));
    expect(first).toMatch(/^line 1\n/);
    expect(first).toMatch(/line 2000\n\[lines 1-2000 of 4500; go on with offset 2001\]$/);
    expect(textOf(await call("read", { path: "long.txt", offset: 4_001 }))).toMatch(/line 4500$/);
  });

  it("show images and refuse other binary files", async () => {
    const png = Buffer.concat([Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]), Buffer.alloc(20)]);
    await writeFile(join(root, "picture.txt"), png);
    await writeFile(join(root, "data.bin"), Buffer.from([1, 2, 0, 3]));
    expect((await call("read", { path: "picture.txt" })).content[1]).toEqual({ type: "image", mimeType: "image/png", data: png.toString("base64") });
    await expect(call("read", { path: "data.bin" })).rejects.toThrow(/binary/);
    await expect(call("edit", { path: "data.bin", oldText: "a", newText: "b" })).rejects.toThrow(/binary/);
  });

  it("tell text from binary also where a character is cut", () => {
    expect(isBinary(Buffer.from("é".repeat(5_000)))).toBe(false);
    expect(isBinary(Buffer.from(`a${"é".repeat(5_000)}`))).toBe(false);
    expect(isBinary(Buffer.from([0x41, 0xff, 0xfe]))).toBe(true);
    expect(isBinary(Buffer.alloc(0))).toBe(false);
  });

  it("lose nothing when one file is edited many times at once", async () => {
    await writeFile(join(root, "list.txt"), Array.from({ length: 30 }, (_, index) => `item ${index};`).join("\n"));
    await Promise.all(Array.from({ length: 30 }, (_, index) => call("edit", { path: "list.txt", oldText: `item ${index};`, newText: `done ${index};` })));
    expect(await readFile(join(root, "list.txt"), "utf8")).toBe(Array.from({ length: 30 }, (_, index) => `done ${index};`).join("\n"));
  });

  it("lose nothing when the path is spelt in several ways at once", async () => {
    await writeFile(join(root, "spelt.txt"), "one; two; three;");
    await Promise.all([["spelt.txt", "one"], ["./spelt.txt", "two"], [join(root, "spelt.txt"), "three"]].map(([path, word]) => call("edit", { path, oldText: `${word};`, newText: `${word}!` })));
    expect(await readFile(join(root, "spelt.txt"), "utf8")).toBe("one! two! three!");
  });

  it("find files by name and lines by text, without caring about case", async () => {
    await call("write", { path: "docs/Plan.md", content: "First\nThe LAUNCH is in May\n" });
    await call("write", { path: "node_modules/x/launch.md", content: "launch" });
    expect(textOf(await call("search", { text: "launch" }))).toBe("docs/Plan.md:2: The LAUNCH is in May");
    expect(textOf(await call("search", { glob: "*.MD" }))).toBe("docs/Plan.md");
    expect(textOf(await call("search", { glob: "docs/*" }))).toBe("docs/Plan.md");
    expect(textOf(await call("search", { text: "nothing like it" }))).toMatch(/^Nothing found/);
    expect(textOf(await call("list", {}))).toBe("docs/\nnode_modules/");
  });
});

describe("replacing a passage", () => {
  const edit = (text: string, from: string, to: string, all = false) => replacePassage(text, from, to, all);
  it.each([
    ["a b c", "b", "x", "a x c"],
    ["a\r\nb\r\nc", "a\nb", "x\ny", "x\r\ny\r\nc"],
    ["say “hi” – now", 'say "hi" - now', "bye", "bye"],
    ["if (x) {   \n  y\n}", "if (x) {\n  y\n}", "z", "z"],
    ["it’s $& here", "it's", "it is $& $1", "it is $& $1 $& here"],
    ["tab\t\nend", "tab\nend", "x", "x"],
  ])("%j: %j → %j", (text, from, to, expected) => {
    expect(edit(text, from, to)).toEqual({ ok: true, text: expected, count: 1 });
  });

  it("keeps what surrounds a forgiving match byte for byte", () => {
    expect(edit("“keep” this \n“old” x\n“keep” that ", '"old" x', "new")).toEqual({ ok: true, text: "“keep” this \nnew\n“keep” that ", count: 1 });
  });

  it("asks for more when the passage is there twice, and replaces all when told", () => {
    expect(edit("a a a", "a", "b")).toEqual({ ok: false, reason: "ambiguous", count: 3 });
    expect(edit("a a a", "a", "b", true)).toEqual({ ok: true, text: "b b b", count: 3 });
  });

  it("refuses what is not there, what changes nothing, and blanks", () => {
    expect(edit("abc", "x", "y")).toMatchObject({ ok: false, reason: "missing" });
    expect(edit("abc", "b", "b")).toMatchObject({ ok: false, reason: "same" });
    expect(edit("abc", "  \n", "y")).toMatchObject({ ok: false, reason: "missing" });
  });
});
