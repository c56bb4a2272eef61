import { describe, expect, it } from "vitest";
import { applyPatch, normalizeLevel, type PatchContext } from "./patch.ts";

const context: PatchContext = { key: "agent:main:main", isLabelTaken: (label) => label === "taken" };
const before = { sessionId: "s", updatedAt: 1, label: "old", thinkingLevel: "low", other: { kept: true } };
const patched = (patch: Record<string, unknown>, change: Partial<PatchContext> = {}) => applyPatch(before, patch, { ...context, ...change });

describe("patching a session", () => {
  it("sets what is given, keeps the rest, and leaves the entry it was given alone", () => {
    expect(patched({ label: " new ", verboseLevel: "on" })).toEqual({ ...before, label: "new", verboseLevel: "on" });
    expect(before.label).toBe("old");
  });

  it("null clears", () => {
    expect(patched({ label: null, thinkingLevel: null, model: null })).toEqual({ sessionId: "s", updatedAt: 1, other: { kept: true } });
  });

  it.each([
    ["thinkingLevel", "HIGH", "high"],
    ["thinkingLevel", "max", "high"],
    ["thinkingLevel", "think-hard", "low"],
    ["thinkingLevel", "off", undefined],
    ["verboseLevel", "off", "off"],
    ["verboseLevel", "yes", "on"],
    ["reasoningLevel", "streaming", "stream"],
    ["reasoningLevel", "off", undefined],
    ["responseUsage", "off", undefined],
    ["responseUsage", "tokens", "tokens"],
    ["elevatedLevel", "off", "off"],
    ["elevatedLevel", "auto", "full"],
    ["execHost", "node", "node"],
    ["sendPolicy", "deny", "deny"],
    ["groupActivation", "always", "always"],
  ])("%s %s is kept as %s", (field, value, expected) => {
    expect((patched({ [field]: value }) as Record<string, unknown>)[field]).toBe(expected);
  });

  it.each([
    [{ thinkingLevel: "galaxy" }, "invalid thinkingLevel (use off|minimal|low|medium|high|xhigh)"],
    [{ verboseLevel: "loud" }, "invalid verboseLevel (use on|off)"],
    [{ execAsk: 5 }, "invalid execAsk (use off|on-miss|always)"],
    [{ elevatedLevel: "constructor" }, "invalid elevatedLevel (use on|off|ask|full)"],
    [{ label: "  " }, "invalid label: empty"],
    [{ label: "x".repeat(513) }, "invalid label: too long (max 512)"],
    [{ label: "taken" }, "label already in use: taken"],
    [{ spawnedBy: "agent:main:main" }, "spawnedBy is only supported for subagent:* sessions"],
    [{ sessionId: "x" }, "unknown field: sessionId"],
    [{ __proto__: 1, updatedAt: 5 }, "unknown field: updatedAt"],
    [{ pinned: "yes" }, "invalid pinned (use true|false)"],
  ])("refuses %j with words", (patch, message) => {
    expect(() => patched(patch)).toThrow(message);
  });

  it("a spawner is set once, on subagents only", () => {
    const key = "agent:main:subagent:1";
    const entry = patched({ spawnedBy: "agent:main:main" }, { key });
    expect(applyPatch(entry, { spawnedBy: "agent:main:main" }, { ...context, key })).toEqual(entry);
    expect(() => applyPatch(entry, { spawnedBy: "agent:main:other" }, { ...context, key })).toThrow("spawnedBy cannot be changed once set");
    expect(() => applyPatch(entry, { spawnedBy: null }, { ...context, key })).toThrow("spawnedBy cannot be cleared once set");
  });

  it("a model is kept as provider and model", () => {
    expect(patched({ model: "openrouter/meta/llama" })).toMatchObject({ providerOverride: "openrouter", modelOverride: "meta/llama" });
    const bare = patched({ model: "opus" });
    expect(bare["modelOverride"]).toBe("opus");
    expect(bare).not.toHaveProperty("providerOverride");
  });

  it("a flag is there or not", () => {
    expect(patched({ pinned: true, archived: false })).toEqual({ ...before, pinned: true });
  });

  it("levels of no field are none", () => {
    expect(normalizeLevel("nothing", "on")).toBeUndefined();
    expect(normalizeLevel("thinkingLevel", "toString")).toBeUndefined();
  });
});
