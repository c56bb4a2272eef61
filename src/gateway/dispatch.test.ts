// The path of a request without a socket's noise: bounds of JSON, deadlines that cost nothing, errors in both spellings.
import { describe, expect, it } from "vitest";
import { createFakeClock } from "../base/fake-clock.ts";
import { fault } from "../base/faults.ts";
import { createCountingIds } from "../base/ids.ts";
import { silentLog } from "../base/log.ts";
import { importMutant } from "../../test/fixtures/mutant-module.ts";
import { boundsProblem, maxDepth, maxKeys } from "./frame-bounds.ts";
import { createPendingCalls } from "./pending-call.ts";
import { prepare, toJson } from "./prepared.ts";
import { wireError } from "./wire-error.ts";

/** What the bounds judge wrongly. */
function boundFailures(check: typeof boundsProblem): string[] {
  const nested = (depth: number) => "[".repeat(depth) + "]".repeat(depth);
  const wide = (count: number) => `{${Array.from({ length: count }, (_, n) => `"k${n}":1`).join(",")}}`;
  const cases: [name: string, text: string, bad: boolean][] = [
    ["flat", '{"a":1}', false],
    ["deep enough", nested(maxDepth), false],
    ["too deep", nested(maxDepth + 1), true],
    ["too deep in objects", '{"a":'.repeat(maxDepth + 1) + "1" + "}".repeat(maxDepth + 1), true],
    ["brackets in a string", JSON.stringify({ a: "[{".repeat(10_000) }), false],
    ["brackets after an escaped quote", `{"a":"\\"${"[".repeat(500)}"}`, false],
    ["brackets after an escaped backslash", `{"a":"\\\\","b":${nested(maxDepth + 1)}}`, true],
    ["an unclosed string", `{"a":"${"[".repeat(500)}`, false],
    ["wide enough", wide(1_000), false],
    ["too wide", wide(maxKeys + 1), true],
    ["colons in a string", JSON.stringify({ a: ":".repeat(maxKeys + 1) }), false],
    ["too many items", `[${"1,".repeat(1_000_001)}1]`, true],
  ];
  return cases.filter(([, text, bad]) => (check(text) !== undefined) !== bad).map(([name]) => name);
}

describe("[I.28] bounds of JSON", () => {
  it("[I.28] are seen before parsing, whatever stands in strings", () => {
    expect(boundFailures(boundsProblem)).toEqual([]);
  });

  it("[I.28] cost little for long strings", () => {
    const text = JSON.stringify({ content: "A".repeat(20_000_000) });
    const begun = performance.now();
    expect(boundsProblem(text)).toBeUndefined();
    expect(performance.now() - begun).toBeLessThan(500);
  });

  it.each([
    { name: "does not count depth", from: "if (++depth > maxDepth) return \"too deep\";", to: "" },
    { name: "does not count keys", from: "if (++keys > maxKeys) return \"too many keys\";", to: "" },
    { name: "does not know escapes", from: "if (slashes % 2 === 0) return quote;", to: "return quote;" },
  ])("[I.28] the check sees a mutant that $name", async ({ name, from, to }) => {
    const mutant = await importMutant<{ boundsProblem: typeof boundsProblem }>({ name, file: "src/gateway/frame-bounds.ts", from, to });
    expect(boundFailures(mutant.boundsProblem).length).toBeGreaterThan(0);
  }, 60_000);
});

describe("a pending call", () => {
  const about = (deadlineMs: number, parent = new AbortController()) => ({ what: "test.method", deadlineMs, parent: () => parent.signal });

  it("costs no timer when the handler answers at once", async () => {
    const clock = createFakeClock();
    const call = createPendingCalls(clock).start(about(1_000));
    expect(await call.wait(Promise.resolve(5))).toBe(5);
    await clock.advance(0);
    expect(clock.pending()).toBe(0);
  });

  it("ends at its deadline with a fault, and tells the handler", async () => {
    const clock = createFakeClock();
    const call = createPendingCalls(clock).start(about(1_000));
    const seen: string[] = [];
    call.signal.addEventListener("abort", () => seen.push("aborted"));
    const waited = call.wait(new Promise(() => {})).catch((error: unknown) => error);
    await clock.advance(1_000);
    expect(await waited).toMatchObject({ code: "request.deadline", message: "test.method did not finish in 1000 ms" });
    expect(seen).toEqual(["aborted"]);
    expect(clock.pending()).toBe(0);
  });

  it("ends with its connection, and not before when the first of two answers was sent", async () => {
    const clock = createFakeClock();
    const parent = new AbortController();
    const call = createPendingCalls(clock).start(about(1_000, parent));
    const waited = call.wait(new Promise(() => {})).catch((error: unknown) => error);
    call.unlimited();
    await clock.advance(100_000);
    let ended = false;
    void waited.then(() => (ended = true));
    await clock.advance(1);
    expect(ended).toBe(false);
    parent.abort(new Error("closed"));
    await clock.advance(1);
    expect(clock.pending()).toBe(0);
  });
});

describe("errors", () => {
  const deps = { ids: createCountingIds(), log: silentLog };

  it("[rpc.frames] are spelt by protocol: no FORBIDDEN for protocol 3, closed details for protocol 4", () => {
    const missing = fault("auth.scope", { scope: "operator.admin" });
    expect(wireError(missing, 3, deps)).toMatchObject({ code: "INVALID_REQUEST", message: "missing scope: operator.admin" });
    expect(wireError(missing, 4, deps)).toEqual({ code: "FORBIDDEN", message: "missing scope: operator.admin", details: { code: "MISSING_SCOPE", missingScope: "operator.admin", requiredScopes: ["operator.admin"] } });
    expect(wireError(fault("wizard.unknown"), 4, deps).details).toEqual({ code: "WIZARD_NOT_FOUND" });
    expect(wireError(fault("agent.unknown", { agentId: "x" }), 4, deps).details).toEqual({ code: "UNKNOWN_AGENT_ID", agentId: "x" });
  });

  it("[I.18] hide what was not foreseen behind an id that is in the log", () => {
    const lines: unknown[] = [];
    const log = { ...silentLog, error: (_message: string, fields?: object) => void lines.push(fields) };
    const shown = wireError(new Error("secret path /home/x"), 4, { ids: createCountingIds(), log });
    expect(JSON.stringify(shown)).not.toContain("secret path");
    const [{ logId }] = lines as [{ logId: string }];
    expect(shown).toMatchObject({ code: "UNAVAILABLE", message: `internal error (log id ${logId})` });
  });
});

it("a prepared answer is turned into JSON once", () => {
  let made = 0;
  const value = prepare({ toJSON: () => ({ n: ++made }) });
  expect([toJson(value), toJson(value)]).toEqual(['{"n":1}', '{"n":1}']);
  expect(toJson(undefined)).toBe("null");
  expect(toJson({ a: 1 })).toBe('{"a":1}');
});
