// A run's events as clients of both protocols see them, with a clock moved by hand.
import { describe, expect, it } from "vitest";
import { createFakeClock } from "../base/fake-clock.ts";
import type { Caller } from "../protocol/scopes.ts";
import type { RunEvent, RunRef } from "../sdk/events.ts";
import type { ModelFailure } from "../sdk/provider.ts";
import { deltaPeriodMs, createRunFeed } from "./run-feed.ts";
import type { Pushed, Viewer } from "./ring.ts";

const ref: RunRef = { runId: "k1", sessionKey: "agent:main:main", sessionId: "s", agentId: "main", spokenKey: "main" };

function viewer(protocol: 3 | 4, caps: string[] = []): Viewer {
  return { caller: { protocol, caps, role: "operator", scopes: ["operator.read"] } as unknown as Caller, subscriptions: undefined, spoken: () => undefined };
}

function feedWith(verbose = false) {
  const clock = createFakeClock();
  const pushed: Pushed[] = [];
  const feed = createRunFeed({ clock, push: (one) => void pushed.push(one), isVerbose: async () => verbose });
  let seq = 0;
  const run = (event: RunEvent) => feed.run({ ...ref, seq: ++seq, at: clock.now(), event });
  const shown = (protocol: 3 | 4, name: "chat" | "agent", caps: string[] = []) =>
    pushed
      .filter((one) => one.event.name === name && one.protocols.includes(protocol) && (one.audience?.(viewer(protocol, caps)) ?? true))
      .map((one) => one.render({ protocol, sessionKey: protocol === 3 ? (one.session?.spoken ?? one.session?.key) : one.session?.key }) as Record<string, unknown>);
  let said = "";
  const say = (delta: string) => run({ type: "run.text", text: (said += delta), delta });
  const sayNew = (delta: string) => run({ type: "run.text", text: (said = delta), delta });
  return { clock, pushed, feed, run, shown, say, sayNew };
}

const textOf = (event: Record<string, unknown> | undefined) => (event?.message as { content: { text: string }[] } | undefined)?.content[0]?.text;
const ended = (change: Partial<Extract<RunEvent, { type: "run.ended" }>> = {}): RunEvent => ({ type: "run.ended", at: 9, startedAt: 1, state: "done", ...change });

describe("text", () => {
  it("[rpc.trap.delta-text] reaches protocol 4 piece by piece with what was added, protocol 3 as the whole text so far", async () => {
    const { clock, run, shown, say } = feedWith();
    run({ type: "run.started", at: 1 });
    for (const word of ["Hel", "lo ", "wor", "ld"]) {
      say(word);
      await clock.advance(10);
    }
    run(ended({ text: "Hello world " }));
    const four = shown(4, "chat");
    expect(four.filter((event) => event.state === "delta").map((event) => event.deltaText)).toEqual(["Hel", "lo ", "wor", "ld"]);
    expect(four.filter((event) => event.state === "delta").map(textOf)).toEqual(["Hel", "Hello ", "Hello wor", "Hello world"]);
    expect(four.at(-1)).toMatchObject({ state: "final", runId: "k1", sessionKey: "agent:main:main", agentId: "main", stopReason: "stop" });
    const three = shown(3, "chat");
    expect(three.filter((event) => event.state === "delta").map(textOf)).toEqual(["Hel"]);
    expect(three.every((event) => !("deltaText" in event) && !("agentId" in event))).toBe(true);
    expect(textOf(three.at(-1))).toBe("Hello world");
  });

  it("[rpc.trap.session-key-echo] carries the key as protocol 3 spelt it and the canonical one for protocol 4", () => {
    const { run, shown, say } = feedWith();
    run({ type: "run.started", at: 1 });
    say("x");
    expect(shown(3, "chat")[0]?.sessionKey).toBe("main");
    expect(shown(4, "chat")[0]?.sessionKey).toBe("agent:main:main");
    expect(shown(3, "agent")[0]?.sessionKey).toBe("main");
  });

  it("is never held back longer than the period: first at once, the rest together, always flushed", async () => {
    const { clock, shown, say } = feedWith();
    const at: number[] = [];
    say("0 ");
    at.push(clock.monotonic());
    expect(shown(3, "chat")).toHaveLength(1);
    for (let n = 1; n <= 100; n++) {
      await clock.advance(5);
      say(`${n} `);
    }
    await clock.advance(deltaPeriodMs);
    const deltas = shown(3, "chat");
    expect(deltas.length).toBeLessThanOrEqual(1 + Math.ceil((100 * 5 + deltaPeriodMs) / deltaPeriodMs));
    expect(textOf(deltas.at(-1))).toContain("100 ");
    expect(clock.pending()).toBe(0);
  });

  it("long answers do not cost their square: whole texts come once per period, what was added always", async () => {
    const { clock, shown, say } = feedWith();
    for (let n = 0; n < 2_000; n++) {
      say("words and words ");
      if (n % 10 === 0) await clock.advance(10);
    }
    await clock.advance(deltaPeriodMs);
    const four = shown(4, "chat");
    expect(four.map((event) => event.deltaText).join("")).toBe("words and words ".repeat(2_000));
    const bytes = JSON.stringify(four).length + JSON.stringify(shown(4, "agent")).length;
    expect(bytes).toBeLessThan(16_000_000);
    const assistant = shown(4, "agent").map((event) => event.data as { text: string; delta: string });
    expect(assistant.map((data) => data.delta).join("")).toBe("words and words ".repeat(2_000));
    expect(assistant.at(-1)?.text).toHaveLength(32_000);
  });

  it("of one burst costs two frames and not one a word: its reader is not slow", async () => {
    const { clock, shown, say } = feedWith();
    for (let n = 0; n < 1_000; n++) say("word ");
    await clock.advance(1);
    const four = shown(4, "chat");
    expect(four.map((event) => event.deltaText)).toEqual(["word ", "word ".repeat(999)]);
    expect(shown(4, "agent").map((event) => (event.data as { delta: string }).delta)).toEqual(["word ", "word ".repeat(999)]);
  });

  it("a new message of the same run begins anew and says so", async () => {
    const { clock, run, shown, say, sayNew } = feedWith();
    say("Let me look. ");
    run({ type: "tool.started", callId: "c", name: "read", args: {} });
    sayNew("Found it.");
    await clock.advance(1);
    const deltas = shown(4, "chat");
    expect(deltas.map((event) => [event.deltaText, event.replace])).toEqual([["Let me look. ", undefined], ["Found it.", true]]);
    expect(shown(3, "agent").filter((event) => event.stream === "assistant").map((event) => event.data)).toEqual([{ text: "Let me look. ", delta: "Let me look. " }, { text: "Found it.", delta: "Found it." }]);
  });

  it("held text stands before whatever follows it", async () => {
    const { run, shown, say } = feedWith();
    say("a".repeat(9_000));
    say("b");
    run({ type: "tool.started", callId: "c", name: "read", args: {} });
    const streams = shown(4, "agent", ["tool-events"]).map((event) => event.stream);
    expect(streams).toEqual(["assistant", "assistant", "tool"]);
  });
});

describe("the end", () => {
  const cases: [RunEvent, three: Record<string, unknown>, four: Record<string, unknown>, lifecycle: Record<string, unknown>][] = [
    [ended({ text: "ok" }), { state: "final" }, { state: "final", stopReason: "stop" }, { phase: "end", endedAt: 9, startedAt: 1 }],
    [ended({ text: "" }), { state: "final" }, { state: "final" }, { phase: "end" }],
    [ended({ state: "failed", error: { code: "model.failed", message: "no", kind: "rate-limit" } }), { state: "error", errorMessage: "no" }, { state: "error", errorMessage: "no", errorKind: "rate_limit" }, { phase: "error", error: "no" }],
    [ended({ state: "aborted", abortedBy: "rpc" }), { state: "aborted", stopReason: "rpc" }, { state: "aborted", stopReason: "rpc" }, { phase: "end", aborted: true }],
    [ended({ state: "aborted", abortedBy: "stop" }), { state: "aborted", stopReason: "stop" }, { state: "aborted", stopReason: "stop" }, { phase: "end", aborted: true }],
    [ended({ state: "timed-out" }), { state: "aborted", stopReason: "timeout" }, { state: "aborted", stopReason: "timeout" }, { phase: "end", aborted: true }],
    [ended({ state: "joined" }), { state: "final" }, { state: "final", yielded: true }, { phase: "end" }],
  ];
  it.each(cases)("of a run comes once, as agent first and then as chat: %o", (event, three, four, lifecycle) => {
    const { run, shown, pushed } = feedWith();
    run({ type: "run.started", at: 1 });
    run(event);
    expect(shown(3, "chat")).toEqual([expect.objectContaining(three)]);
    expect(shown(4, "chat")).toEqual([expect.objectContaining(four)]);
    expect(shown(4, "agent").at(-1)).toMatchObject({ stream: "lifecycle", data: lifecycle });
    expect(pushed.at(-1)?.event.name).toBe("chat");
    if (textOf(shown(3, "chat")[0]) === undefined) expect(shown(3, "chat")[0]).not.toHaveProperty("message");
  });

  it("with a failed model says why in protocol 4's words, and protocol 3 gets the message alone", () => {
    const words: Record<ModelFailure, string> = {
      "refused": "refusal", "timeout": "timeout", "rate-limit": "rate_limit", "context-length": "context_length",
      "auth": "unknown", "billing": "unknown", "overloaded": "unknown", "server": "unknown", "network": "unknown", "too-long": "unknown", "not-found": "unknown", "bad-response": "unknown", "bad-request": "unknown", "unknown": "unknown",
    };
    for (const [kind, errorKind] of Object.entries(words)) {
      const { run, shown } = feedWith();
      run(ended({ state: "failed", error: { code: "model.failed", message: "no", kind } }));
      const common = { runId: expect.any(String) as unknown, sessionKey: expect.any(String) as unknown, seq: expect.any(Number) as unknown, state: "error", errorMessage: "no" };
      expect(shown(3, "chat"), kind).toEqual([common]);
      expect(shown(4, "chat"), kind).toEqual([{ ...common, agentId: expect.any(String) as unknown, errorKind }]);
    }
  });

  it("nothing follows it", async () => {
    const { clock, run, pushed, say } = feedWith();
    say("a");
    say("b");
    run(ended({ text: "ab" }));
    const count = pushed.length;
    await clock.advance(1_000);
    expect(pushed).toHaveLength(count);
    expect(clock.pending()).toBe(0);
  });
});

describe("tools", () => {
  const events: RunEvent[] = [
    { type: "tool.started", callId: "c1", name: "read", args: { path: "a" } },
    { type: "tool.progress", callId: "c1", name: "read", text: "half" },
    { type: "tool.ended", callId: "c1", name: "read", isError: false, content: [{ type: "text", text: "x".repeat(20_000) }], durationMs: 12 },
  ];

  it("are shown to protocol 4 clients with the capability only", () => {
    const { run, shown } = feedWith();
    for (const event of events) run(event);
    expect(shown(4, "agent")).toEqual([]);
    const tools = shown(4, "agent", ["tool-events"]);
    expect(tools.map((event) => (event.data as { phase: string }).phase)).toEqual(["start", "update", "result"]);
    expect(tools[0]).toMatchObject({ stream: "tool", data: { name: "read", toolCallId: "c1", args: { path: "a" } } });
    const result = JSON.stringify(tools[2]?.data);
    expect(result.length).toBeLessThan(8_500);
  });

  it("are shown to protocol 3 clients of a verbose session only, and count in its numbers all the same", async () => {
    const quiet = feedWith(false);
    quiet.run({ type: "run.started", at: 1 });
    for (const event of events) quiet.run(event);
    quiet.run(ended());
    expect(quiet.shown(3, "agent").map((event) => event.seq)).toEqual([1, 5]);
    const verbose = feedWith(true);
    verbose.run({ type: "run.started", at: 1 });
    await Promise.resolve();
    for (const event of events) verbose.run(event);
    expect(verbose.shown(3, "agent").map((event) => event.stream)).toEqual(["lifecycle", "tool", "tool", "tool"]);
  });
});

it("a command's answer and injected text arrive as one final", () => {
  const { feed, shown } = feedWith();
  feed.line({ ...ref, kind: "command", text: "done", messageId: "m1", runId: "k9" });
  const { runId: _run, ...session } = ref;
  feed.line({ ...session, kind: "inject", text: "note", messageId: "m2" });
  feed.line({ ...ref, kind: "user", text: "hello", messageId: "m3" });
  const finals = shown(3, "chat");
  expect(finals).toHaveLength(2);
  expect(finals[0]).toMatchObject({ runId: "k9", state: "final", message: { stopReason: "injected", usage: { input: 0, output: 0, totalTokens: 0 } } });
  expect(finals[1]).toMatchObject({ runId: "inject-m2", seq: 0 });
});
