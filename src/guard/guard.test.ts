import { describe, expect, it } from "vitest";
import { silentLog, type LogFields } from "../base/log.ts";
import { Secret } from "../base/secret.ts";
import type { Guard, GuardPoint, Verdict } from "../sdk/guard.ts";
import { createGuards, createLeakGuard, verdictOf } from "./guard.ts";

const guard = (id: string, verdict: Verdict | ((text: string) => Verdict), points: Guard["points"] = ["outbound"]): Guard => ({ id, points, check: (_, text) => (typeof verdict === "function" ? verdict(text) : verdict) });
const check = (guards: Guard[], text = "text") => createGuards({ log: silentLog, guards: () => guards }).check("outbound", text, {});

describe("guards", () => {
  it("pass what nobody minds", () => {
    expect(check([guard("a", { kind: "allow" }), guard("elsewhere", { kind: "block", reason: "x" }, ["inbound"])])).toEqual({ outcome: "pass", text: "text", findings: [] });
  });

  it("show each guard what the one before left", () => {
    const add = (id: string) => guard(id, (text) => ({ kind: "sanitise", text: `${text}+${id}`, reason: "longer" }));
    expect(check([add("a"), add("b")])).toMatchObject({ outcome: "pass", text: "text+a+b", findings: [{ guard: "a" }, { guard: "b" }] });
  });

  it("stop at the first block, also behind a review, and let no text through", () => {
    const asked: string[] = [];
    const late = guard("late", () => (asked.push("late"), { kind: "allow" }));
    expect(check([guard("a", { kind: "review", reason: "odd" }), guard("b", { kind: "block", reason: "bad" }), late])).toEqual({ outcome: "block", text: "", findings: [{ guard: "a", kind: "review", reason: "odd" }, { guard: "b", kind: "block", reason: "bad" }] });
    expect(asked).toEqual([]);
    expect(check([guard("a", { kind: "review", reason: "odd" }), guard("b", { kind: "warn", reason: "hm" })]).outcome).toBe("review");
  });

  it("count a guard that fails as a block", () => {
    expect(check([guard("broken", () => { throw new Error("oops"); })])).toMatchObject({ outcome: "block", findings: [{ reason: "the guard failed: oops" }] });
  });

  it("log every verdict but never the text", () => {
    const lines: string[] = [];
    const log = { ...silentLog, warn: (message: string, fields?: LogFields) => void lines.push(message + JSON.stringify(fields)) };
    createGuards({ log, guards: () => [guard("a", { kind: "warn", reason: "odd" })] }).check("outbound", "private words", { tool: "t", sessionKey: "s" });
    expect(lines).toEqual(['guard{"point":"outbound","guard":"a","verdict":"warn","reason":"odd","tool":"t","sessionKey":"s"}']);
  });

  it("[I.18] keep the installation's secrets from models and tools, and every key from people", () => {
    const known = [new Secret("vault-value-12345"), new Secret("shortish")];
    const guards = createGuards({ log: silentLog, guards: () => [createLeakGuard(() => known)] });
    const verdict = (point: GuardPoint, text: string) => verdictOf(guards.check(point, text, {}));
    const jwt = ["eyJhbGciOiJIUzI1NiJ9", "eyJzdWIiOiIxMjM0NTY3ODkwIn0", "abcdefghijklmnop"].join(".");
    expect(verdict("outbound", `it is vault-value-12345 or ${jwt}.`)).toMatchObject({ kind: "sanitise", text: "it is [redacted] or [redacted: JSON web token]." });
    expect(verdict("tool-result", `vault-value-12345 and ${jwt}`)).toMatchObject({ kind: "sanitise", text: `[redacted] and ${jwt}` });
    expect(verdict("tool-call", JSON.stringify({ url: `https://x.example/?k=${Buffer.from("vault-value-12345").toString("base64")}` }))).toMatchObject({ kind: "block" });
    expect(verdict("tool-call", JSON.stringify({ text: `shortish words and ${jwt}` }))).toEqual({ kind: "allow" });
  });

  it("become one verdict: the block before the review before the changed text", () => {
    expect(verdictOf(check([guard("a", { kind: "review", reason: "odd" }), guard("b", { kind: "sanitise", text: "x", reason: "long" })]))).toEqual({ kind: "review", reason: "odd" });
    expect(verdictOf(check([guard("a", { kind: "sanitise", text: "x", reason: "long" }), guard("b", { kind: "warn", reason: "hm" })]))).toEqual({ kind: "sanitise", text: "x", reason: "hm" });
    expect(verdictOf(check([guard("b", { kind: "warn", reason: "hm" })]))).toEqual({ kind: "allow" });
  });
});
