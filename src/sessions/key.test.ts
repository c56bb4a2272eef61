import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { agentIdOf, buildKey, canonicalKey, isMainKey, isSubagentKey, kindOf, normalizeAgentId, parseKey, resetTypeOf, type KeySettings } from "./key.ts";

const settings: KeySettings = { mainKey: "main", scope: "per-sender", defaultAgentId: "main" };

describe("session keys", () => {
  it.each([
    ["main", "agent:main:main"],
    [" main ", "agent:main:main"],
    ["agent:main:main", "agent:main:main"],
    ["agent:Work:main", "agent:work:main"],
    ["agent:my agent:x", "agent:my-agent:x"],
    ["global", "global"],
    ["unknown", "unknown"],
    ["cron:j1", "agent:main:cron:j1"],
    ["node-42", "agent:main:node-42"],
    ["hook:abc", "agent:main:hook:abc"],
    ["agent:main:telegram:group:5:topic:7", "agent:main:telegram:group:5:topic:7"],
    ["agent::main::x", "agent:main:x"],
    ["agent:main:openai-user:Ann", "agent:main:openai-user:Ann"],
  ])("%s means %s", (spoken, canonical) => {
    expect(canonicalKey(spoken, settings)).toBe(canonical);
  });

  it("the configured main key stands for main and main for it", () => {
    const named = { ...settings, mainKey: "home", defaultAgentId: "work" };
    expect(canonicalKey("main", named)).toBe("agent:work:home");
    expect(canonicalKey("home", named)).toBe("agent:work:home");
    expect(canonicalKey("agent:other:main", named)).toBe("agent:other:home");
    expect(isMainKey("agent:other:home", named)).toBe(true);
  });

  it("with the global scope the main conversation is global", () => {
    const global = { ...settings, scope: "global" as const };
    expect(canonicalKey("main", global)).toBe("global");
    expect(canonicalKey("agent:main:main", global)).toBe("global");
    expect(isMainKey("global", global)).toBe(true);
    expect(isMainKey("agent:main:main", global)).toBe(false);
  });

  it.each(["", "  ", "agent:", "agent:main", "agent:main:", ":::", "a\u0000b", "x\ny", "k".repeat(513)])("refuses %j", (spoken) => {
    expect(() => canonicalKey(spoken, settings)).toThrow(/invalid session key/);
  });

  it("a canonical key stays as it is, and parts of a built key come back", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, maxLength: 200 }), (spoken) => {
        let canonical: string;
        try {
          canonical = canonicalKey(spoken, settings);
        } catch {
          return;
        }
        expect(canonicalKey(canonical, settings)).toBe(canonical);
        expect(canonical === "global" || canonical === "unknown" || parseKey(canonical) !== undefined).toBe(true);
      }),
    );
    const part = fc.stringMatching(/^[a-z0-9][a-z0-9_-]{0,20}$/);
    fc.assert(
      fc.property(part, fc.array(part, { minLength: 1, maxLength: 4 }), (agentId, rest) => {
        expect(parseKey(buildKey(agentId, rest.join(":")))).toEqual({ agentId, rest: rest.join(":") });
        expect(agentIdOf(buildKey(agentId, rest.join(":")))).toBe(agentId);
      }),
    );
  });

  it("agent ids fit the grammar whatever they were made from", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(normalizeAgentId(text)).toMatch(/^[a-z0-9][a-z0-9_-]{0,63}$/);
      }),
    );
    expect(normalizeAgentId("--")).toBe("main");
  });

  it.each([
    ["agent:main:main", undefined, "direct", "direct"],
    ["agent:main:telegram:group:5", undefined, "group", "group"],
    ["agent:main:discord:channel:5", undefined, "group", "group"],
    ["agent:main:discord:channel:5:thread:6", undefined, "group", "thread"],
    ["agent:main:telegram:group:5:topic:6", undefined, "group", "thread"],
    ["agent:main:x", "channel", "group", "group"],
    ["global", undefined, "global", "direct"],
    ["unknown", undefined, "unknown", "direct"],
  ])("%s with chat type %s is %s, and resets as %s", (key, chatType, kind, type) => {
    expect(kindOf(key, chatType)).toBe(kind);
    expect(resetTypeOf(key, chatType)).toBe(type);
  });

  it("knows subagents", () => {
    expect(isSubagentKey("agent:main:subagent:1")).toBe(true);
    expect(isSubagentKey("agent:main:main")).toBe(false);
  });
});
