import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { deepEqual, withoutValue, withValue } from "./path.ts";
import { editSource, parseSource } from "./source.ts";
import { lineOf, pointAt } from "./source-tree.ts";

const yamlText = `# mine
gateway: # the door
  # keep this port
  port: 19000   # high
  auth:
    token: "abc"
    sharedTokenScopes: [operator.read, "operator.write"] # two

agents:
  list:
    # the first
    - id: main
      name: Main # shown
    - id: helper
models:
  providers:
    local: { baseUrl: http://127.0.0.1:1/v1, api: openai-completions }
`;
const json5Text = `// mine
{
  gateway: { port: 19000, /* high */ auth: { token: 'abc' } },
  agents: {
    list: [
      { id: "main", name: "Main" }, // shown
      { id: "helper" }
    ], // agents
    defaults: {
      workspace: "/w", // here
    },
  },
}
`;

async function edit(text: string, format: "yaml" | "json5", change: (value: unknown) => unknown): Promise<string> {
  const parsed = await parseSource(text, format);
  if (!parsed.ok) throw new Error(parsed.message);
  const wanted = change(parsed.value);
  const edited = await editSource(text, format, parsed.value, wanted);
  const again = await parseSource(edited, format);
  expect(again.ok && again.value).toEqual(wanted);
  return edited;
}

/** Lines of `after` that are not in `before` and the other way round. */
function changedLines(before: string, after: string): { gone: string[]; added: string[] } {
  const old = before.split("\n");
  const now = after.split("\n");
  return { gone: old.filter((line) => !now.includes(line)), added: now.filter((line) => !old.includes(line)) };
}

describe("editing YAML", () => {
  it("changes one scalar and no other byte", async () => {
    expect(await edit(yamlText, "yaml", (value) => withValue(value, ["gateway", "port"], 20001))).toBe(yamlText.replace("19000", "20001"));
  });
  it("keeps a comment on a key line where it is", async () => {
    const edited = await edit(yamlText, "yaml", (value) => withValue(value, ["gateway", "bind"], "lan"));
    expect(changedLines(yamlText, edited)).toEqual({ gone: [], added: ["  bind: lan"] });
    expect(edited).toContain("gateway: # the door\n");
  });
  it("adds a section, a nested map and a list item below their neighbours", async () => {
    const edited = await edit(yamlText, "yaml", (value) => withValue(withValue(withValue(value, ["session", "reset"], { mode: "daily" }), ["agents", "list", 2], { id: "third", name: "T: x" }), ["gateway", "auth", "mode"], "token"));
    expect(changedLines(yamlText, edited).gone).toEqual([]);
    expect(edited).toContain("    - id: helper\n    - id: third\n      name: \"T: x\"\n");
    expect(edited).toContain("session:\n  reset:\n    mode: daily\n");
  });
  it("removes a key with its line and leaves the comments around it", async () => {
    const edited = await edit(yamlText, "yaml", (value) => withValue(value, ["gateway", "port"], undefined));
    expect(changedLines(yamlText, edited)).toEqual({ gone: ["  port: 19000   # high"], added: [] });
  });
  it("removes the last key of a map and puts another in its place", async () => {
    const edited = await edit(yamlText, "yaml", (value) => withValue(withValue(value, ["models"], undefined), ["logging"], { level: "debug" }));
    expect(edited).toContain("- id: helper\nlogging:\n  level: debug\n");
    expect(edited).toContain("gateway: # the door\n");
  });
  it("opens an empty map into lines like its neighbours", async () => {
    const empty = "# mine\ngateway:\n  auth: {} # who\n  port: 1\nmodels: {}\nsession: { reset: {} }\n";
    const edited = await edit(empty, "yaml", (value) => withValue(withValue(withValue(value, ["gateway", "auth", "mode"], "token"), ["models", "providers", "a"], { baseUrl: "http://a", models: [{ id: "m" }] }), ["session", "reset", "mode"], "daily"));
    expect(edited).toBe("# mine\ngateway:\n  auth:\n    mode: token # who\n  port: 1\nmodels:\n  providers:\n    a:\n      baseUrl: http://a\n      models:\n        - id: m\nsession: { reset: {\"mode\":\"daily\"} }\n");
    expect(await edit("# mine\n{}\n", "yaml", () => ({ gateway: { port: 1 } }))).toBe("# mine\ngateway:\n  port: 1\n");
    expect(await edit("list:\n  - id: a\n    own: {}\n", "yaml", (value) => withValue(value, ["list", 0, "own", "x"], 1))).toBe("list:\n  - id: a\n    own:\n      x: 1\n");
  });
  it("takes out the maps that a removal leaves empty, and keeps the comments around them", async () => {
    const deep = "# mine\nsession:\n  # kept\n  mainKey: a\nmodels: # gone\n  providers:\n    a:\n      apiKey: k\n# last\nlogging:\n  level: debug\n";
    expect(await edit(deep, "yaml", (value) => withoutValue(value, ["models", "providers", "a", "apiKey"]))).toBe("# mine\nsession:\n  # kept\n  mainKey: a\n# last\nlogging:\n  level: debug\n");
    expect(withoutValue({ list: [{ a: 1 }], b: {}, c: { d: {} } }, ["list", 0, "a"])).toEqual({ list: [{}], b: {}, c: { d: {} } });
    expect(withoutValue({ c: { d: {} } }, ["c", "d", "e"])).toEqual({ c: { d: {} } });
  });
  it("removes one item of a list", async () => {
    const edited = await edit(yamlText, "yaml", (value) => withValue(value, ["agents", "list", 1], undefined));
    expect(changedLines(yamlText, edited)).toEqual({ gone: ["    - id: helper"], added: [] });
  });
  it("edits inside brackets", async () => {
    const edited = await edit(yamlText, "yaml", (value) => withValue(withValue(value, ["models", "providers", "local", "api"], "a, b"), ["gateway", "auth", "sharedTokenScopes"], ["x"]));
    expect(edited).toContain('{ baseUrl: http://127.0.0.1:1/v1, api: "a, b" }');
    expect(edited).toContain('sharedTokenScopes: ["x"] # two');
    const grown = await edit(yamlText, "yaml", (value) => withValue(withValue(value, ["models", "providers", "local", "headers"], { "X-A": "b" }), ["gateway", "auth", "sharedTokenScopes", 2], "operator.admin"));
    expect(grown).toContain('{ baseUrl: http://127.0.0.1:1/v1, api: openai-completions, headers: {"X-A":"b"} }');
    expect(grown).toContain('[operator.read, "operator.write", "operator.admin"] # two');
    const shrunk = await edit(yamlText, "yaml", (value) => withValue(withValue(value, ["models", "providers", "local", "baseUrl"], undefined), ["gateway", "auth", "sharedTokenScopes"], ["operator.read"]));
    expect(shrunk).toContain("local: { api: openai-completions }");
    expect(shrunk).toContain("[operator.read] # two");
  });
  it("reads references and merged maps, and can still change beside them", async () => {
    const shared = "base: &base\n  api: openai-completions # dialect\nproviders:\n  one:\n    <<: *base\n    baseUrl: http://a\n  two: *base\n";
    const parsed = await parseSource(shared, "yaml");
    expect(parsed).toMatchObject({ ok: true, value: { providers: { one: { api: "openai-completions", baseUrl: "http://a" }, two: { api: "openai-completions" } } } });
    const edited = await edit(shared, "yaml", (value) => withValue(value, ["extra"], 1));
    expect(edited).toBe(`${shared}extra: 1\n`);
    await edit(shared, "yaml", (value) => withValue(value, ["providers", "one", "api"], "ollama"));
    await edit(shared, "yaml", (value) => withValue(value, ["base"], undefined));
  });
  it("writes a key called << so that it is no merge, and leaves a person's merges alone", async () => {
    expect(await edit("", "yaml", () => ({ a: { "<<": "" } }))).toBe('a:\n  "<<": ""\n');
    const shared = "base: &base { x: 1 }\none:\n  <<: *base # as above\n  y: 2\nlist:\n  - a\nflow: { x: 1 }\n";
    const edited = await edit(shared, "yaml", (value) => withValue(withValue(value, ["flow", "<<"], 5), ["list", 1], { "<<": { z: 1 } }));
    expect(edited).toBe(shared.replace("flow: { x: 1 }", 'flow: { x: 1, "<<": 5 }').replace("- a\n", '- a\n  - "<<":\n      z: 1\n'));
    // Where the library writes the document: the text block cannot be replaced in place.
    const rewritten = await edit(`${shared}quoted: { '<<': 1 }\nlong: |\n  text\n`, "yaml", (value) => withValue(value, ["long"], { "<<": [1] }));
    expect(rewritten).toContain("  <<: *base # as above\n");
    expect(rewritten).toContain("quoted: { '<<': 1 }\n");
    expect(rewritten).toContain('long:\n  "<<":\n');
    expect(await edit("one:\n  y: 2\n", "yaml", (value) => withValue(value, ["one", "<<"], { "<<": "<<" }))).toBe('one:\n  y: 2\n  "<<":\n    "<<": <<\n');
  });
  it("never quotes the text it cannot read: what stands there may be a secret", async () => {
    const secret = "hunter2-hunter2";
    for (const line of [`password: !${secret}`, `password: *${secret}`, `password: &${secret} *${secret}x`, `password: "a" ${secret}`, `password: @${secret}`, `password: %${secret}`, `password: {${secret}`, `password: [${secret}]]`, `  - ${secret}\n password: x`, `password: "\\q${secret}"`, `<<: ${secret}`]) {
      const parsed = await parseSource(`gateway:\n  auth:\n    ${line}\n`, "yaml");
      if (!parsed.ok) expect(parsed.message, line).not.toContain("hunter2");
    }
    expect(await parseSource(`password: !${secret}`, "yaml")).toMatchObject({ ok: false, message: "Unresolved tag", line: 1 });
  });
  it("begins an empty document and one of comments only", async () => {
    expect(await edit("", "yaml", () => ({ gateway: { port: 1 } }))).toBe("gateway:\n  port: 1\n");
    expect(await edit("# only words\n", "yaml", () => ({ a: 1 }))).toBe("# only words\na: 1\n");
  });
});

describe("editing JSON5", () => {
  it("changes one scalar and no other byte", async () => {
    expect(await edit(json5Text, "json5", (value) => withValue(value, ["gateway", "port"], 20001))).toBe(json5Text.replace("19000", "20001"));
  });
  it("adds keys and items in the spelling of their neighbours", async () => {
    const edited = await edit(json5Text, "json5", (value) => withValue(withValue(withValue(value, ["agents", "list", 2], { id: "third" }), ["agents", "defaults", "model"], "demo/assistant"), ["session"], { scope: "global" }));
    expect(edited).toContain("// mine");
    expect(edited).toContain("// shown");
    expect(edited).toContain("// here");
    expect(edited).toContain('model: "demo/assistant",');
  });
  it("removes keys and items", async () => {
    const edited = await edit(json5Text, "json5", (value) => withValue(withValue(value, ["gateway", "auth"], undefined), ["agents", "list", 0], undefined));
    expect(edited).toContain("/* high */");
    expect(edited).toContain("// agents");
  });
  it("writes line ends that JSON5 frowns upon so that reading them says nothing on the terminal", async () => {
    const warn = vi.spyOn(console, "warn");
    const begun = await edit("", "json5", () => ({ a: "x\u2028y" }));
    const grown = await edit(begun, "json5", (value) => withValue(withValue(value, ["b\u2029"], ["\u2028"]), ["a"], "\u2029"));
    expect(grown).toBe('{\n  "a": "\\u2029",\n  "b\\u2029": [\n    "\\u2028"\n  ]\n}\n');
    expect(warn).not.toHaveBeenCalled();
    warn.mockRestore();
  });
  it("starts an empty document", async () => {
    expect(await edit("", "json5", () => ({ a: 1 }))).toBe('{\n  "a": 1\n}\n');
  });
});

describe("any edit of any document", () => {
  const key = fc.oneof(fc.constantFrom("a", "b", "list", "true", "1", "__proto__", "with space", "a.b", "#x", "- y", "é", "<<"), fc.string({ maxLength: 4 }));
  const scalar = fc.oneof(fc.string({ maxLength: 8 }), fc.constantFrom("yes", "null", "0x1", "a: b", "# c", "line\nbreak", "", "~", "[x]"), fc.integer(), fc.boolean(), fc.constant(null));
  const { tree } = fc.letrec<{ tree: unknown; map: Record<string, unknown> }>((tie) => ({
    tree: fc.oneof({ maxDepth: 4, withCrossShrink: true }, scalar, fc.array(tie("tree"), { maxLength: 4 }), tie("map")),
    map: fc.dictionary(key, tie("tree"), { maxKeys: 5, noNullPrototype: true }) as fc.Arbitrary<Record<string, unknown>>,
  }));
  const map = fc.dictionary(key, tree, { maxKeys: 5, noNullPrototype: true });

  for (const format of ["yaml", "json5"] as const) {
    it(`in ${format} reads back as exactly what was asked for`, async () => {
      await fc.assert(fc.asyncProperty(map, map, map, async (first, second, third) => {
        const start = await editSource("", format, {}, first);
        const middle = await editSource(start, format, first, { ...first, ...second });
        const end = await editSource(middle, format, { ...first, ...second }, third);
        const read = await parseSource(end, format);
        expect(read.ok && deepEqual(read.value, third)).toBe(true);
      }), { numRuns: 400, examples: [[{ "": { "<<": "" } }, {}, { "": { "<<": "" } }], [{}, { "<<": "<<" }, { "<<": 1 }]] });
    });
  }
});

describe("broken documents", () => {
  it.each([
    ["yaml", "gateway:\n  port: [1\n", 3],
    ["yaml", "a: 1\na: 2\n", 2],
    ["yaml", "a: &x 1\nb: *y\n", 1],
    ["yaml", "a: !!js/function x\n", 1],
    ["yaml", "a:\n  <<: 5\n", 1],
    ["yaml", "- just\n- a list\n", 1],
    ["yaml", "a: \0\n", 1],
    ["json5", "{\n  a: 1,\n  b: }\n", 3],
    ["json5", "[1]", 1],
    ["json5", "{ a: 'x", 1],
  ] as const)("in %s say where: %j", async (format, text, line) => {
    const parsed = await parseSource(text, format);
    expect(parsed).toMatchObject({ ok: false, line });
  });
  it("do not take the parser down by depth or by references", async () => {
    expect((await parseSource(`a: ${"[".repeat(20_000)}`, "yaml")).ok).toBe(false);
    expect((await parseSource(`{a: ${"[".repeat(20_000)}`, "json5")).ok).toBe(false);
    expect((await parseSource(`{a: ${"[".repeat(200)}${"]".repeat(200)}}`, "json5")).ok).toBe(false);
    const bomb = ["a: &a [x,x,x,x,x,x,x,x,x]", ..."bcdefgh".split("").map((name, index) => `${name}: &${name} [${Array(9).fill(`*${"abcdefg"[index]}`).join(",")}]`)].join("\n");
    expect((await parseSource(bomb, "yaml")).ok).toBe(false);
  });
});

describe("positions", () => {
  it("point at the key of a path in both formats, or at its nearest parent", async () => {
    for (const [text, format] of [[yamlText, "yaml"], [json5Text, "json5"]] as const) {
      const parsed = await parseSource(text, format);
      if (!parsed.ok) throw new Error(parsed.message);
      const at = pointAt(parsed.place(), ["agents", "list", 1, "id", "deeper"]);
      expect(text.slice(at, (at ?? 0) + 2)).toBe("id");
      expect(lineOf(text, at ?? 0).line).toBe(text.slice(0, text.indexOf("helper")).split("\n").length);
    }
  });
});
