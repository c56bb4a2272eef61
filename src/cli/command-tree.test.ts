// The whole tree: every command can be parsed, loaded, helped and described.
import { describe, expect, it } from "vitest";
import type { CommandSpec } from "./command.ts";
import { allCommands, describeCommands, type CommandDescription } from "./command-tree.ts";
import { createProgram, type Chosen } from "./program.ts";

const leaves = (specs: readonly CommandSpec[], path: string[] = []): { spec: CommandSpec; path: string[] }[] =>
  specs.flatMap((spec) => (spec.commands ? leaves(spec.commands, [...path, spec.name]) : [{ spec, path: [...path, spec.name] }]));
const flat = (some: readonly CommandDescription[]): CommandDescription[] => some.flatMap((one) => [one, ...flat(one.commands)]);

function choose(args: string[]): Chosen | undefined {
  let chosen: Chosen | undefined;
  createProgram({ version: "1", commands: allCommands, out: () => undefined, err: () => undefined, choose: (found) => void (chosen = found) }).parse(args, { from: "user" });
  return chosen;
}

describe("every command", () => {
  const all = leaves(allCommands);

  it.each(all.map((leaf) => [leaf.path.join(" "), leaf] as const))("%s is found, takes --json and has an action", async (_name, { spec, path }) => {
    const given = (spec.args ?? []).filter((arg) => arg.name.startsWith("<")).map((arg) => arg.choices?.[0] ?? "x");
    const chosen = choose([...path, ...given, "--json"]);
    expect(chosen?.spec).toBe(spec);
    expect(chosen?.values["json"]).toBe(true);
    expect(chosen?.args).toEqual(given);
    expect(typeof (await spec.action?.())).toBe("function");
  });

  it("has a summary that fits a line, and a name of its own", () => {
    for (const { spec } of all) {
      expect(spec.summary).toMatch(/^[A-Z]/);
      expect(spec.summary).not.toMatch(/\.$/);
      expect(spec.summary.length).toBeLessThan(90);
    }
    const names = all.map((leaf) => leaf.path.join(" "));
    expect(new Set(names).size).toBe(names.length);
  });

  it("that asks the gateway says with which scopes", () => {
    const without = all.filter((leaf) => leaf.spec.scopes === undefined).map((leaf) => leaf.path.join(" "));
    expect(without).toEqual(["gateway run", "gateway start", "gateway stop", "gateway restart", "config file", "config validate", "config schema", "completion", "version"]);
  });
});

describe("parsing", () => {
  it("takes the options of a group's own command without its name", () => {
    expect(choose(["sessions", "--active", "60"])).toMatchObject({ spec: { name: "list" }, values: { active: "60" } });
    expect(choose(["sessions", "list", "--active", "60"])).toMatchObject({ spec: { name: "list" }, values: { active: "60" } });
  });

  it("takes common options before and after the command", () => {
    expect(choose(["--url", "ws://127.0.0.1:1", "health"])?.values).toMatchObject({ url: "ws://127.0.0.1:1" });
    expect(choose(["health", "--url", "ws://127.0.0.1:1", "--timeout", "50"])?.values).toMatchObject({ url: "ws://127.0.0.1:1", timeout: "50" });
  });

  it("hands on several words as they are", () => {
    expect(choose(["sessions", "delete", "a", "b", "--yes"])).toMatchObject({ args: ["a", "b"], values: { yes: true } });
    expect(choose(["config", "set", "a.b", "-"])?.args).toEqual(["a.b", "-"]);
    expect(choose(["config", "set", "a.b", "--", "-5"])?.args).toEqual(["a.b", "-5"]);
  });
});

describe("the description of the tree", () => {
  it("is plain data, the same every time, and without what is hidden", () => {
    const described = describeCommands();
    expect(JSON.parse(JSON.stringify(described))).toEqual(described);
    expect(describeCommands()).toEqual(described);
    expect(JSON.stringify(described)).not.toContain("--background");
  });

  it("has every command once, by its path", () => {
    const paths = flat(describeCommands()).map((one) => one.path);
    expect(paths).toContain("devices approve");
    expect(paths.filter((path) => path === "gateway run")).toHaveLength(1);
    expect(paths.length).toBeGreaterThan(45);
  });
});
