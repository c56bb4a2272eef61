import { describe, expect, it } from "vitest";
import { createTestHost, systemClock } from "../../src/sdk/testing/host.ts";
import { testProvider } from "../../src/sdk/testing/provider.ts";
import type { Message, ModelRequest, ToolDeclaration } from "../../src/sdk/provider.ts";
import { createDemoProvider, demoModel } from "./provider.ts";
import { replyTo } from "./replies.ts";

const tool = (name: string): ToolDeclaration => ({ name, description: name, parameters: { type: "object" } });
const tools = ["read", "write", "list", "search", "session_status", "web_fetch"].map(tool);
const user = (content: string): Message => ({ role: "user", content, timestamp: 1 });
const request = (text: string): ModelRequest => ({ model: demoModel, settings: {}, system: "", messages: [user(text)], tools });

const host = createTestHost();
testProvider({
  name: "demo",
  provider: () => createDemoProvider(host.clock),
  setup: { provider: "demo", settings: {} },
  speaks: request("hello"),
  calls: request("list files"),
  pump: () => host.clock.advance(15),
});

describe("the demo model", () => {
  it("says that it is a demo in its name, its label and its first words", async () => {
    expect(demoModel).toMatchObject({ demo: true, name: expect.stringMatching(/demo/i) });
    expect(createDemoProvider(systemClock).label).toMatch(/demo/i);
    for (const text of ["hello", "who are you?", "what can you do?", "xyzzy"]) expect(replyTo([user(text)], tools).text).toMatch(/demo/i);
  });

  it.each([
    ["list files", "list", {}],
    ["Please list my files.", "list", {}],
    ["show me the files in docs/notes", "list", { path: "docs/notes" }],
    ["read notes.md", "read", { path: "notes.md" }],
    ["Please read the file AGENTS.md and tell me what it says", "read", { path: "AGENTS.md" }],
    ["open src/app.test.ts, please.", "read", { path: "src/app.test.ts" }],
    ["show me the notes", "read", { path: "notes" }],
    ['read "my notes.md" to me', "read", { path: "my notes.md" }],
    ["Can you read the file `docs/a b.md`?", "read", { path: "docs/a b.md" }],
    ["write hello to notes.md", "write", { path: "notes.md", content: "hello" }],
    ['write "hello world" into the file notes.md', "write", { path: "notes.md", content: "hello world" }],
    ["search for hello", "search", { text: "hello" }],
    ["fetch https://example.com/a?b=c.", "web_fetch", { url: "https://example.com/a?b=c" }],
    ["status", "session_status", {}],
  ])("%s → calls %s", (text, name, args) => {
    expect(replyTo([user(text)], tools).calls).toEqual([{ name, arguments: args }]);
  });

  it("says so when the tool that it needs is not there", () => {
    const reply = replyTo([user("read notes.md")], []);
    expect(reply.calls).toEqual([]);
    expect(reply.text).toMatch(/not available/);
  });

  it("tells how to add a key", () => {
    expect(replyTo([user("how do I add a key?")], tools).text).toMatch(/openclaw onboard/);
  });

  it("reports what its tools returned, also failures, in a fence that the text cannot close", () => {
    const result = (toolName: string, text: string, isError: boolean): Message => ({ role: "toolResult", toolCallId: toolName, toolName, content: [{ type: "text", text }], isError, timestamp: 2 });
    const { text, calls } = replyTo([user("x"), result("read", "a ```` b", false), result("list", "no such folder", true)], tools);
    expect(calls).toEqual([]);
    expect(text).toContain("`````\na ```` b\n`````");
    expect(text).toContain("`list` did not work: no such folder");
  });

  it("answers long messages made to make patterns hang", () => {
    for (const text of ["write ".repeat(20_000), "a/".repeat(50_000), `read ${"a ".repeat(50_000)}`, "show me the the the ".repeat(5_000)]) {
      expect(replyTo([user(text)], tools).text).not.toBe("");
    }
  });
});
