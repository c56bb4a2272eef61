import { describe, expect, it } from "vitest";
import { snapshotOf } from "../../test/fixtures/models/models-kit.ts";
import type { ConfigDocument } from "../config/schema.ts";
import { globMatches, isOffered, isWithin, taintedRefusal } from "./policy.ts";

const names = ["read", "write", "edit", "list", "search", "session_status", "web_fetch"];
const offered = (tools: NonNullable<ConfigDocument["tools"]>, agent?: object, defaults?: object): string[] => {
  const config = snapshotOf({ tools, agents: { ...(defaults ? { defaults: { tools: defaults } } : {}), list: [{ id: "helper", ...(agent ? { tools: agent } : {}) }] } });
  return names.filter((name) => isOffered({ name }, "helper", config));
};

describe("which tools an agent has", () => {
  it.each([
    ["all by default", {}, undefined, names],
    ["the profile minimal", { profile: "minimal" }, undefined, ["session_status"]],
    ["the profile messaging", { profile: "messaging" }, undefined, ["session_status"]],
    ["the profile coding", { profile: "coding" }, undefined, names],
    ["only what is allowed", { allow: ["read", "list"] }, undefined, ["read", "list"]],
    ["an empty list allows everything", { allow: [] }, undefined, names],
    ["deny wins over allow", { allow: ["group:fs"], deny: ["write", "edit"] }, undefined, ["read", "list", "search"]],
    ["groups, globs and any case", { deny: ["GROUP:fs", "web_*"] }, undefined, ["session_status"]],
    ["an agent's own profile replaces the general one", { profile: "minimal" }, { profile: "full" }, names],
    ["an agent narrows what all may", { allow: ["group:fs"] }, { deny: ["write"] }, ["read", "edit", "list", "search"]],
    ["an agent cannot allow itself what is denied to all", { deny: ["write"] }, { allow: ["write", "read"] }, ["read"]],
    ["allow never adds to a profile", { profile: "minimal", allow: ["read"] }, undefined, []],
    ["nothing matches nothing", { deny: ["*"] }, undefined, []],
  ] as const)("%s", (_what, tools, agent, expected) => {
    expect(offered(tools as never, agent)).toEqual(expected);
  });

  it("the defaults of all agents stand between", () => {
    expect(offered({}, undefined, { profile: "minimal" })).toEqual(["session_status"]);
    expect(offered({}, { profile: "full" }, { deny: ["read"] })).not.toContain("read");
  });
});

describe("what a run may do", () => {
  const authority = (...scopes: string[]) => ({ person: "owner", scopes: scopes as never, door: "chat", tainted: false });
  it("needs the scope of the effect", () => {
    for (const risk of ["write", "network", "exec"] as const) {
      expect(isWithin({ risk }, authority("operator.read"))).toBe(false);
      expect(isWithin({ risk }, authority("operator.write"))).toBe(true);
      expect(isWithin({ risk }, authority("operator.admin"))).toBe(true);
      expect(isWithin({ risk }, authority())).toBe(false);
    }
    expect(isWithin({ risk: "read" }, authority("operator.read"))).toBe(true);
    expect(isWithin({ risk: "read" }, authority())).toBe(false);
  });
});

describe("effects with outside text in the turn", () => {
  const tainted = { person: "owner", scopes: [], door: "chat", tainted: true };
  const write = { name: "write", risk: "write" } as const;
  const fetch = { name: "web_fetch", risk: "network" } as const;
  const isRefused = (tool: typeof write | typeof fetch, target: string | undefined, said?: string) => taintedRefusal(tool, target, tainted, said) !== undefined;

  it("are allowed on what the person named", () => {
    for (const said of ["write it to notes.md", "notes.md", "into `docs/notes.md`? no: notes.md!", '"notes.md"', "(notes.md)", "put it in notes.md.", "./notes.md"]) expect(isRefused(write, "notes.md", said), said).toBe(false);
    expect(isRefused(write, "./notes.md", "to notes.md please")).toBe(false);
    expect(isRefused(fetch, "https://a.example/x?y=1", "read https://a.example/x?y=1, then stop")).toBe(false);
    expect(isRefused(fetch, "https://a.example", "read https://a.example/ now")).toBe(false);
  });

  it("[I.19] are refused on everything else, relatives of what was named included", () => {
    const attempts: [typeof write | typeof fetch, string | undefined, string | undefined][] = [
      [write, "notes.md", undefined],
      [write, "notes.md", "summarise the page"],
      [write, "a.md", "see data.md"],
      [write, "notes.md", "see notes.md.bak"],
      [write, "notes.md", "see my-notes.md"],
      [write, "notes.md", "see notes.mdx"],
      [write, "x/notes.md", "write notes.md"],
      [write, "", "write"],
      [write, "/", "a / b"],
      [fetch, "https://a.example/leak?data=1", "read https://a.example/"],
      [fetch, "https://a.example/", "read https://a.example/page"],
      [fetch, "https://a.example.evil.example", "read https://a.example"],
      [fetch, "https://evil.example", "read https://a.example"],
      [fetch, undefined, "anything"],
    ];
    for (const [tool, target, said] of attempts) expect(isRefused(tool, target, said), `${target} / ${said}`).toBe(true);
    console.log(`[I.19] ${attempts.length} unnamed targets refused`);
  });

  it("never reach the files that become prompts, named or not", () => {
    for (const file of ["AGENTS.md", "soul.md", "docs/MEMORY.md", "Heartbeat.md", "skills/x/SKILL.md", "AGENTS.md/", "AGENTS.md/.", "./SOUL.md//./"]) expect(isRefused(write, file, `please write ${file} or ${file.replace(/[./]+$/, "")}`), file).toBe(true);
  });

  it("do not matter to reading, nor to a turn without outside text", () => {
    expect(taintedRefusal({ name: "read", risk: "read" }, "x", tainted, undefined)).toBeUndefined();
    expect(taintedRefusal(write, "x", { ...tainted, tainted: false }, undefined)).toBeUndefined();
  });
});

describe("globs", () => {
  it.each([
    ["*", "", true], ["a*c", "abc", true], ["a*c", "ac", true], ["a*c", "ab", false], ["*.md", "x.md", true], ["a*b*c", "aXbYc", true], ["a*b*c", "acb", false], ["ab*ba", "aba", false], ["**", "x", true], ["abc", "abc", true], ["abc", "abcd", false],
  ] as const)("%s / %s: %s", (pattern, text, expected) => {
    expect(globMatches(pattern, text)).toBe(expected);
  });
});
