import fc from "fast-check";
import { expect, test } from "vitest";
import { createMemoryTranscript } from "../../test/fixtures/memory-transcript.ts";
import { systemClock } from "../base/clock.ts";
import type { RoutedEvent, RoutedRequest } from "../models/models.ts";
import type { AssistantMessage, Message } from "../sdk/provider.ts";
import type { Transcript } from "../sessions/transcript.ts";
import { compact, currentLines, type CompactionDeps, type CompactionSettings } from "./compact.ts";
import { estimateTokens } from "./model-view.ts";

const usage = { input: 0, output: 0, cacheRead: 0, cacheWrite: 0, totalTokens: 0 };
const user = (content: string): Message => ({ role: "user", content, timestamp: 1 });
const said = (content: AssistantMessage["content"]): Message => ({ role: "assistant", content, api: "a", provider: "p", model: "m", usage, stopReason: "stop", timestamp: 1 });
const result = (id: string, text: string): Message => ({ role: "toolResult", toolCallId: id, toolName: "look", content: [{ type: "text", text }], isError: false, timestamp: 1 });
const settings: CompactionSettings = { mode: "default", keepRecentTokens: 500, reserveTokens: 100 };
const signal = new AbortController().signal;

const transcriptOf = createMemoryTranscript;

const model = (text: string): CompactionDeps["stream"] =>
  async function* (): AsyncGenerator<RoutedEvent> {
    yield { type: "done", message: said([{ type: "text", text }]) as AssistantMessage };
  };
const shorten = (transcript: Transcript, stream?: CompactionDeps["stream"], more: Partial<CompactionSettings> = {}, roomTokens = 2_000) =>
  compact({ clock: systemClock, ...(stream ? { stream } : {}) }, { transcript, roomTokens, settings: { ...settings, ...more }, sessionId: "s" }, signal);

const long = (n: number) => Array.from({ length: n }, (_, i) => [user(`question ${i} ${"x".repeat(400)}`), said([{ type: "text", text: `answer ${i} ${"y".repeat(400)}` }])]).flat();

test("the model's summary stands for what was dropped, and the newest part is kept word for word", async () => {
  const transcript = transcriptOf(long(20));
  const before = await transcript.messages();
  const newest = before.at(-1);
  const done = await shorten(transcript, model("They talked about twenty questions, one after the other, and all were answered."));
  expect(done).toMatchObject({ compacted: true });
  const after = await transcript.messages();
  expect(after[0]).toMatchObject({ role: "user", content: expect.stringContaining("twenty questions") });
  expect(after.at(-1)).toEqual(newest);
  expect(estimateTokens(after)).toBeLessThan(1_000);
  expect((await transcript.history()).length).toBe(40);
});

const broken: [string, CompactionDeps["stream"]][] = [
  ["is absent", undefined],
  ["says nothing", model("")],
  ["answers with a word", model("ok")],
  ["answers with more than was asked", model("z".repeat(200_000))],
  ["fails", async function* () { yield { type: "failed", kind: "server", reason: "down", message: said([]) as AssistantMessage }; }],
  ["ends without a word", async function* () {}],
];
test.each(broken)("a digest by rule does where the model %s", async (_, stream) => {
  const transcript = transcriptOf([user("Never delete anything without asking me."), ...long(20)]);
  const done = await shorten(transcript, stream);
  expect(done.compacted).toBe(true);
  const summary = String((await transcript.messages())[0]?.content);
  expect(summary).toContain("earlier messages were left out");
  expect(summary).toContain("question 3");
  expect(summary).toContain("- Never delete anything without asking me.");
});

test("standing instructions survive every further compaction word for word", async () => {
  const transcript = transcriptOf([user("From now on never send mail without my approval. Nice weather today."), ...long(10)]);
  for (let round = 0; round < 4; round++) {
    await shorten(transcript, round % 2 === 0 ? model("A summary that forgets everything the person ever asked for.") : undefined);
    await transcript.append(long(10).map((message) => ({ type: "message", message })), { durable: true });
  }
  const summary = String((await transcript.messages())[0]?.content);
  expect(summary).toContain("- From now on never send mail without my approval.");
  expect(summary).not.toContain("- Nice weather");
});

test("the summary's source is said to be untrusted when outside text was in it, also after a second time", async () => {
  const outside: Message = { ...(result("1", "page") as Extract<Message, { role: "toolResult" }>), details: { untrusted: true } };
  const transcript = transcriptOf([user("a"), said([{ type: "toolCall", id: "1", name: "look", arguments: {} }]), outside, ...long(10)]);
  for (let round = 0; round < 2; round++) {
    await shorten(transcript);
    expect(currentLines(await transcript.entries()).compaction?.details).toMatchObject({ untrusted: true });
    await transcript.append(long(10).map((message) => ({ type: "message", message })), { durable: true });
  }
});

test("nothing to shorten is no failure", async () => {
  expect(await shorten(transcriptOf([]))).toMatchObject({ compacted: false, reason: "nothing to shorten" });
  expect(await shorten(transcriptOf([user("hi"), said([{ type: "text", text: "hello" }])]))).toMatchObject({ compacted: false });
});

test("whatever the history is, calls keep their results and the view gets no longer", async () => {
  const turn = fc.record({ text: fc.integer({ min: 0, max: 8_000 }), calls: fc.integer({ min: 0, max: 3 }), output: fc.integer({ min: 0, max: 20_000 }) });
  let cases = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(turn, { maxLength: 12 }), fc.integer({ min: 10, max: 4_000 }), async (turns, keepRecentTokens) => {
      cases++;
      const messages = turns.flatMap(({ text, calls, output }, i): Message[] => {
        const ids = Array.from({ length: calls }, (_, n) => `${i}-${n}`);
        return [user("u".repeat(text)), ...(ids.length === 0 ? [] : [said(ids.map((id) => ({ type: "toolCall" as const, id, name: "look", arguments: {} }))), ...ids.map((id) => result(id, "r".repeat(output)))]), said([{ type: "text", text: "end" }])];
      });
      const transcript = transcriptOf(messages);
      const before = estimateTokens(await transcript.messages());
      const done = await shorten(transcript, undefined, { keepRecentTokens }, 8_000);
      const after = await transcript.messages();
      const called = new Set(after.flatMap((message) => (message.role === "assistant" ? message.content.flatMap((block) => (block.type === "toolCall" ? [block.id] : [])) : [])));
      for (const message of after) if (message.role === "toolResult") expect(called.has(message.toolCallId)).toBe(true);
      if (done.compacted) expect(estimateTokens(after)).toBeLessThanOrEqual(before + 4_000);
      else expect(after).toHaveLength(messages.length);
    }),
    { numRuns: 60 },
  );
  console.log(`compaction of ${cases} random histories`);
});

test("a request for a summary is within the model's window", async () => {
  const asked: RoutedRequest[] = [];
  const transcript = transcriptOf([...long(5), user("q"), said([{ type: "toolCall", id: "1", name: "look", arguments: {} }]), result("1", "huge ".repeat(100_000)), ...long(5)]);
  await shorten(transcript, async function* (request): AsyncGenerator<RoutedEvent> {
    asked.push(request);
    yield { type: "failed", kind: "server", reason: "down", message: said([]) as AssistantMessage };
  });
  expect(asked).toHaveLength(1);
  expect(estimateTokens(asked[0]?.messages ?? [])).toBeLessThan(2_000);
});
