import { join } from "node:path";
import { expect, test } from "vitest";
import { createFakeClock } from "../base/fake-clock.ts";
import type { ConfigSnapshot } from "../config/config.ts";
import { withDefaults } from "../config/defaults.ts";
import { createMemoryDisk } from "../store/memory-disk.ts";
import { createPaths } from "../store/paths.ts";
import { createAgents } from "./agents.ts";
import { workspaceFileNames } from "./workspace.ts";

type Document = Parameters<typeof withDefaults>[0];

function setUp(document: Document = {}) {
  const clock = createFakeClock();
  const disk = createMemoryDisk();
  const snapshot = (): ConfigSnapshot => ({ value: withDefaults(document), hash: "", path: "", exists: true, format: "yaml", warnings: [], issues: [] });
  const config = {
    current: snapshot,
    async set(path: string, value: unknown) {
      expect(path).toBe("agents.list");
      document = { ...document, agents: { ...document.agents, list: value as NonNullable<NonNullable<Document["agents"]>["list"]> } };
      return { applied: true, paths: [path], restart: [], issues: [] };
    },
  };
  const agents = createAgents({ clock, config, paths: createPaths("/state", "/state/config.yaml"), disk, home: "/home/x" });
  const prompt = (id = "main") => agents.instructions(agents.get(id), { config: snapshot(), isMainSession: true, hasTools: true });
  return { agents, disk, clock, prompt };
}

test("without a list there is one agent called main, in the state directory's workspace", () => {
  const { agents } = setUp();
  expect(agents.list()).toMatchObject([{ id: "main", isDefault: true, workspace: "/state/workspace", identity: { name: "Assistant" }, timeoutMs: 600_000, limits: { maxSteps: 50, maxRepeatedCalls: 4 } }]);
  expect(() => agents.get("other")).toThrow(expect.objectContaining({ code: "agent.unknown" }));
});

test("an agent's own settings win over the defaults, and the default agent comes first", () => {
  const { agents } = setUp({ agents: { defaults: { workspace: "~/work", timeoutSeconds: 60, thinkingDefault: "low" }, list: [{ id: "a", workspace: "notes", timeoutSeconds: 5, identity: { name: "Ada", emoji: "*" } }, { id: "b", default: true }] } });
  expect(agents.list()).toMatchObject([
    { id: "b", isDefault: true, workspace: "/home/x/work", timeoutMs: 60_000, thinkingDefault: "low" },
    { id: "a", isDefault: false, workspace: "/state/notes", timeoutMs: 5_000, identity: { name: "Ada", emoji: "*" } },
  ]);
});

test("creating, changing and removing an agent edits the configuration and keeps the others", async () => {
  const { agents, disk } = setUp();
  expect(await agents.create({ id: "helper", name: "Helper", model: "a/b" })).toMatchObject({ id: "helper", workspace: "/state/workspace-helper", identity: { name: "Helper" } });
  expect(agents.list().map((agent) => agent.id)).toEqual(["main", "helper"]);
  expect(disk.peek("/state/workspace-helper/AGENTS.md")).toBeDefined();
  await expect(agents.create({ id: "helper" })).rejects.toMatchObject({ code: "agent.exists" });
  await expect(agents.create({ id: "../up" })).rejects.toMatchObject({ code: "request.invalid" });
  expect(await agents.update("helper", { identity: { emoji: "+" } })).toMatchObject({ identity: { name: "Helper", emoji: "+" } });
  await agents.remove("helper");
  expect(agents.list().map((agent) => agent.id)).toEqual(["main"]);
  await expect(agents.remove("main")).rejects.toMatchObject({ code: "request.invalid" });
});

test("a new workspace gets its files once; one in which somebody lives is left alone", async () => {
  const fresh = setUp();
  await fresh.prompt();
  for (const name of workspaceFileNames) expect(fresh.disk.peek(join("/state/workspace", name))).toBeDefined();
  await fresh.disk.remove("/state/workspace/BOOTSTRAP.md");
  await setUp().prompt();
  fresh.clock.jump(1);
  expect((await fresh.agents.files("main")).find((file) => file.name === "BOOTSTRAP.md")?.missing).toBe(true);

  const lived = setUp();
  lived.disk.plant("/state/workspace/SOUL.md", Buffer.from("my own"));
  expect(await lived.prompt()).toContain("my own");
  expect(lived.disk.peek("/state/workspace/AGENTS.md")).toBeUndefined();

  const unwanted = setUp({ agents: { defaults: { skipBootstrap: true } } });
  expect(await unwanted.prompt()).toContain("[missing");
  expect(unwanted.disk.peek("/state/workspace/AGENTS.md")).toBeUndefined();
});

test("two turns have the same prompt byte for byte, and a file is read again only when it changed", async () => {
  const { agents, disk, clock, prompt } = setUp();
  const first = await prompt();
  await clock.advance(1_000);
  const reads = () => disk.calls.filter((call) => call.op === "readFile").length;
  const before = reads();
  expect(await prompt()).toBe(first);
  expect(reads()).toBe(before);
  await clock.advance(1_000);
  await agents.writeFile("main", "USER.md", "Call me Ishmael.");
  expect(await prompt()).toContain("Call me Ishmael.");
});

test("a file beyond the limit is cut and says so", async () => {
  const { disk, prompt } = setUp({ agents: { defaults: { bootstrapMaxChars: 100 } } });
  disk.plant("/state/workspace/AGENTS.md", Buffer.from("x".repeat(150)));
  expect(await prompt()).toContain(`${"x".repeat(100)}\n[cut: 50 more characters`);
});

test("only the files of a workspace can be read and written through it", async () => {
  const { agents } = setUp();
  await agents.writeFile("main", "TOOLS.md", "the lamp is called lamp");
  expect(await agents.readFile("main", "TOOLS.md")).toBe("the lamp is called lamp");
  expect(await agents.readFile("main", "MEMORY.md")).toBeUndefined();
  for (const name of ["../config.yaml", "notes.md", ""]) await expect(agents.writeFile("main", name, "x")).rejects.toMatchObject({ code: "request.invalid" });
});

test("the date is the person's, and a zone that does not exist is the machine's", async () => {
  const { prompt } = setUp({ agents: { defaults: { userTimezone: "Pacific/Kiritimati" } } });
  expect(await prompt()).toContain("Today is 2026-01-01 (Pacific/Kiritimati).");
  expect(await setUp({ agents: { defaults: { userTimezone: "Nowhere/Else" } } }).prompt()).toMatch(/Today is \d{4}-\d\d-\d\d \(/);
});
