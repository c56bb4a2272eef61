import { expect, test } from "vitest";
import { answered, saying, scriptedModel, recordingTool, type Say, type Script } from "../../test/fixtures/flow-app.ts";
import { createMemoryTranscript } from "../../test/fixtures/memory-transcript.ts";
import { systemClock } from "../base/clock.ts";
import { fault } from "../base/faults.ts";
import { withDefaults } from "../config/defaults.ts";
import type { ToolCallRequest, ToolOutcome } from "../execution/execution.ts";
import type { RoutedEvent, RoutedRequest } from "../models/models.ts";
import type { RunEvent } from "../sdk/events.ts";
import type { Message, UserMessage } from "../sdk/provider.ts";
import type { Tool } from "../sdk/tool.ts";
import { createPiEngine } from "./pi.ts";
import { verdictOn } from "../../test/fixtures/mutant-module.ts";
import { run, type RunEnd, type RunTask } from "./run.ts";
import type { AbortedBy } from "./run-result.ts";
import { createSteering } from "./steering.ts";

const engine = createPiEngine();
const user = (content: string): UserMessage => ({ role: "user", content, timestamp: 1 });

interface Trial {
  script: Script;
  tools?: Tool[];
  call?: (request: ToolCallRequest, signal: AbortSignal) => Promise<Partial<ToolOutcome>>;
  history?: Message[];
  task?: Partial<RunTask>;
  signal?: AbortSignal;
  abortedBy?: () => AbortedBy | undefined;
  contextWindow?: number;
}

async function tryRun(trial: Trial, carry: typeof run = run) {
  const events: RunEvent[] = [];
  const requests: RoutedRequest[] = [];
  const toolCalls: ToolCallRequest[] = [];
  const transcript = createMemoryTranscript(trial.history);
  const task: RunTask = {
    runId: "run",
    sessionKey: "agent:main:main",
    sessionId: "session",
    agentId: "main",
    workspace: "/w",
    authority: { person: "owner", scopes: ["operator.write"], door: "chat", tainted: false },
    config: { value: withDefaults({}), hash: "", path: "", exists: false, format: "yaml", warnings: [], issues: [] },
    system: "be brief",
    transcript,
    opening: [user("go")],
    tools: trial.tools ?? [],
    clientTools: [],
    policy: { candidates: [{ ...scriptedModel, contextWindow: trial.contextWindow ?? 100_000 }], pinned: false },
    request: {},
    limits: { maxSteps: 50, maxTokens: 0, maxRepeatedCalls: 4, maxConsecutiveErrors: 8 },
    timeoutMs: 10_000,
    compaction: { mode: "default", keepRecentTokens: 500, reserveTokens: 1_000 },
    collected: [],
    steering: createSteering(),
    ...trial.task,
  };
  const end: RunEnd = await carry(
    {
      clock: systemClock,
      engine,
      models: {
        async *stream(_policy, request, signal) {
          requests.push({ ...request, messages: [...request.messages] });
          const answer = trial.script(request, requests.length, signal);
          yield* Symbol.asyncIterator in answer ? answer : saying(answer);
        },
      },
      execution: {
        async call(request, signal) {
          toolCalls.push(request);
          return { content: [{ type: "text", text: "result" }], isError: false, untrusted: false, durationMs: 1, ...(await trial.call?.(request, signal)) };
        },
      },
    },
    task,
    trial.signal ?? new AbortController().signal,
    { emit: (event) => void events.push(event), abortedBy: trial.abortedBy ?? (() => undefined) },
  );
  return { ...end, events, requests, toolCalls, transcript, history: (await transcript.history()).map(({ message }) => message) };
}
const look = recordingTool("look", []);
const act = recordingTool("act", [], { effect: true });
const lastWords = (history: Message[]) => {
  const last = history.at(-1);
  return last?.role === "assistant" ? last.content.map((block) => ("text" in block ? block.text : "")).join("") : last?.role;
};

test("a plain run waits for one sync, which comes with the answer", async () => {
  const { transcript, result } = await tryRun({ script: () => ({ text: "hello" }) });
  expect(transcript.writes).toEqual(["user", "assistant!"]);
  expect(result).toMatchObject({ state: "done", text: "hello", usage: { totalTokens: 10 }, provider: "scripted" });
});

test("an answer with calls is on disk before they run, their results before the next model call", async () => {
  const transcript = createMemoryTranscript();
  const before: string[] = [];
  await tryRun({
    script: (_, call): Say => (call === 1 ? { calls: [{ name: "look" }, { name: "look", args: { text: "b" } }] } : { text: "end" }),
    tools: [look],
    call: async () => (before.push(transcript.writes.join()), {}),
    task: { transcript },
  });
  expect(before).toEqual(["user,assistant!", "user,assistant!"]);
  expect(transcript.writes).toEqual(["user", "assistant!", "toolResult", "toolResult", "sync!", "assistant!"]);
  expect((await transcript.messages())[2]).toMatchObject({ role: "toolResult", details: { durationMs: expect.any(Number) } });
});

test.each([
  ["steps", { maxSteps: 3 }, /3 model calls without coming to an end/],
  ["tokens", { maxTokens: 25 }, /used 30 tokens \(limit 25\)/],
  ["the same call", { maxRepeatedCalls: 3 }, /asked for look with the same arguments 3 times/],
] as const)("a run that does not end by itself is stopped by its limit of %s, and says so", async (_, limits, reason) => {
  const script: Script = (_request, call) => ({ calls: [{ name: "look", args: "maxRepeatedCalls" in limits ? {} : { text: String(call) } }] });
  const { result, history, requests } = await tryRun({ script, tools: [look], task: { limits: { maxSteps: 50, maxTokens: 0, maxRepeatedCalls: 4, maxConsecutiveErrors: 8, ...limits } } });
  expect(result).toMatchObject({ state: "failed", error: { code: "run.limit", message: expect.stringMatching(reason) } });
  expect(lastWords(history)).toMatch(reason);
  expect(requests).toHaveLength(3);
  const called = history.flatMap((message) => (message.role === "assistant" ? message.content.flatMap((block) => (block.type === "toolCall" ? [block.id] : [])) : []));
  expect(history.flatMap((message) => (message.role === "toolResult" ? [message.toolCallId] : []))).toEqual(called);
});

test("errors one after another stop the run; a success in between starts the count again", async () => {
  const failing = await tryRun({ script: (_, call) => ({ calls: [{ name: "look", args: { text: String(call) } }] }), tools: [look], call: async () => ({ isError: true }), task: { limits: { maxSteps: 50, maxTokens: 0, maxRepeatedCalls: 4, maxConsecutiveErrors: 3 } } });
  expect(failing.result.error?.message).toMatch(/3 tool calls failed one after another/);
  let calls = 0;
  const mixed = await tryRun({ script: (_, call): Say => (call < 9 ? { calls: [{ name: "look", args: { text: String(call) } }] } : { text: "end" }), tools: [look], call: async () => ({ isError: ++calls % 3 !== 0 }), task: { limits: { maxSteps: 50, maxTokens: 0, maxRepeatedCalls: 4, maxConsecutiveErrors: 3 } } });
  expect(mixed.result.state).toBe("done");
});

test("the call that would be once too often is not made", async () => {
  const { toolCalls } = await tryRun({ script: () => ({ calls: [{ name: "act" }] }), tools: [act], task: { limits: { maxSteps: 50, maxTokens: 0, maxRepeatedCalls: 3, maxConsecutiveErrors: 8 } } });
  expect(toolCalls).toHaveLength(2);
});

test("a run that takes too long ends as timed out, with what was said", async () => {
  const { result, history } = await tryRun({
    async *script(_, __, signal) {
      yield { type: "text", delta: "thinking about it" };
      await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
    },
    task: { timeoutMs: 30 },
  });
  expect(result).toMatchObject({ state: "timed-out", abortedBy: "timeout", text: "thinking about it", error: { kind: "timeout" } });
  expect(lastWords(history)).toMatch(/longer than/);
});

/** A stream that is cut after each number of words. */
async function keepsWhatWasSaid(carry: typeof run): Promise<number> {
  const words = ["one ", "two ", "three ", "four "];
  for (let n = 0; n <= words.length; n++) {
    const { result, requests, history } = await tryRun({
      async *script() {
        for (const word of words.slice(0, n)) yield { type: "text", delta: word };
        yield { type: "failed", kind: "network", reason: "connection lost", message: answered(words.slice(0, n).join(""), { stopReason: "error", tokens: 0 }) };
      },
    }, carry);
    expect(requests.length, "model calls").toBe(1);
    expect(result, "the result").toMatchObject({ state: "failed", text: words.slice(0, n).join(""), error: { code: "model.failed", message: "connection lost", kind: "network" } });
    expect(history.at(-1), "the mark").toMatchObject({ role: "assistant", stopReason: "error", errorMessage: "connection lost" });
  }
  return words.length + 1;
}

test("[R20] a stream that breaks after n words keeps those words and is not tried again", async () => {
  console.log(`[R20] ${await keepsWhatWasSaid(run)} cut streams`);
});

test.each([
  { name: "asks again", file: "src/agents/run.ts", from: "if (!willShorten()) break;", to: "if (!willShorten() && calls > 1) break;", says: /model calls/ },
  { name: "forgets what was said", file: "src/agents/run.ts", from: "text: progress.text(),", to: 'text: failure ? "" : progress.text(),', says: /the result/ },
  { name: "ends as if nothing had happened", file: "src/agents/run.ts", from: 'return lastFailure && { state: "failed"', to: 'return lastFailure?.kind === "auth" && { state: "failed"', says: /the result/ },
])("[R20] the check catches a run that $name", async ({ says, ...mutation }) => {
  expect(await verdictOn<{ run: typeof run }>(mutation, ({ run: mutated }) => keepsWhatWasSaid(mutated))).toMatch(says);
});

test("a model that ends without a word, or throws, is a failed run and no broken one", async () => {
  for (const script of [
    async function* () {},
    async function* (): AsyncGenerator<RoutedEvent> {
      yield { type: "thinking", delta: "hm" };
      throw new Error("bug in a provider");
    },
  ]) {
    const { result } = await tryRun({ script });
    expect(result).toMatchObject({ state: "failed", error: { code: "model.failed" } });
  }
});

test("a disk that is full is not taken for a failure of the model", async () => {
  const transcript = createMemoryTranscript();
  transcript.fault = (write) => (write === "assistant!" ? fault("store.full") : undefined);
  const { result } = await tryRun({ script: () => ({ text: "hello" }), task: { transcript } });
  expect(result).toMatchObject({ state: "failed", error: { code: "store.full" } });
});

test("a call of the client's tool ends the run and is handed over; the gateway's own in the same answer is run", async () => {
  const { result, toolCalls, requests } = await tryRun({
    script: () => ({ text: "both", calls: [{ name: "look", id: "mine" }, { name: "theirs", id: "yours", args: { q: 1 } }] }),
    tools: [look],
    task: { clientTools: [{ name: "theirs", description: "", parameters: {} }] },
  });
  expect(result).toMatchObject({ state: "done", text: "both", clientToolCalls: [{ id: "yours", name: "theirs", arguments: { q: 1 } }] });
  expect(toolCalls.map((call) => call.callId)).toEqual(["mine"]);
  expect(requests).toHaveLength(1);
  expect(requests[0]?.tools.map((tool) => tool.name)).toEqual(["look", "theirs"]);
});

test("a forced tool is forced for the first call only", async () => {
  const { requests } = await tryRun({ script: (_, call): Say => (call === 1 ? { calls: [{ name: "look" }] } : { text: "end" }), tools: [look], task: { request: { toolChoice: { name: "look" } } } });
  expect(requests.map((request) => request.toolChoice)).toEqual([{ name: "look" }, "auto"]);
});

test("once a tool brought outside text, the run's authority is tainted, and later runs with it in view as well", async () => {
  const script: Script = (_, call) => (call < 3 ? { calls: [{ name: "look", args: { text: String(call) } }] } : { text: "end" });
  const first = await tryRun({ script, tools: [look], call: async () => ({ untrusted: true }) });
  expect(first.toolCalls.map((call) => call.authority.tainted)).toEqual([false, true]);
  expect(first.toolCalls[0]?.said).toBe("go");
  const later = await tryRun({ script, tools: [look], history: first.history });
  expect(later.toolCalls.map((call) => call.authority.tainted)).toEqual([true, true]);
});

test("a tool that the model made up is told so and the run goes on", async () => {
  const { result, history } = await tryRun({ script: (_, call): Say => (call === 1 ? { calls: [{ name: "no_such_tool" }] } : { text: "end" }) });
  expect(result.state).toBe("done");
  expect(history[2]).toMatchObject({ role: "toolResult", isError: true });
});

test("a history beyond the window is shortened before the call", async () => {
  const history = Array.from({ length: 40 }, (_, i) => (i % 2 === 0 ? user(`question ${i} ${"x".repeat(400)}`) : answered(`answer ${i} ${"y".repeat(400)}`, { tokens: 0 })));
  const { events, requests, result } = await tryRun({ script: () => ({ text: "ok and this is long enough for a summary of all" }), history, contextWindow: 3_000 });
  expect(result.state).toBe("done");
  expect(events.map((event) => event.type).filter((type) => type.startsWith("compaction"))).toEqual(["compaction.started", "compaction.ended"]);
  expect(requests).toHaveLength(2);
  expect(requests[1]?.messages[0]).toMatchObject({ role: "user", content: expect.stringContaining("in summary") });
  expect(requests[1]?.messages.at(-1)).toMatchObject({ role: "user", content: "go" });
});

test("a provider that finds the history too long gets a shorter one, and the person one answer", async () => {
  const history = Array.from({ length: 40 }, (_, i) => (i % 2 === 0 ? user(`question ${i} ${"x".repeat(400)}`) : answered(`answer ${i} ${"y".repeat(400)}`, { tokens: 0 })));
  let main = 0;
  const { result, events, requests } = await tryRun({
    history,
    script: (request): Say => (request.buffered ? { text: "" } : ++main < 3 ? { fail: { kind: "context-length", reason: "too long" }, tokens: 0 } : { text: "short enough" }),
  });
  expect(result).toMatchObject({ state: "done", text: "short enough" });
  expect(events.filter((event) => event.type === "compaction.ended")).toHaveLength(2);
  const sizes = requests.filter((request) => !request.buffered).map((request) => JSON.stringify(request.messages).length);
  expect(sizes[2]).toBeLessThan(sizes[0] ?? 0);
});

test("a single message beyond the window still gets an answer", async () => {
  let main = 0;
  const { result } = await tryRun({
    history: [],
    contextWindow: 5_000,
    task: { opening: [user("z".repeat(400_000))] },
    script: (request): Say => (request.buffered ? { text: "" } : JSON.stringify(request.messages).length > 20_000 && ++main < 10 ? { fail: { kind: "context-length", reason: "too long" }, tokens: 0 } : { text: "fits" }),
  });
  expect(result).toMatchObject({ state: "done", text: "fits" });
});
