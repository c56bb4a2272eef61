import fc from "fast-check";
import { expect, test } from "vitest";
import type { AssistantMessage, Message } from "../sdk/provider.ts";
import { charsOf, commandModel, cutMiddle, estimateTokens, fitView, lostResult, modelView, notice, openCalls } from "./model-view.ts";

const user = (content: string): Message => ({ role: "user", content, timestamp: 1 });
const said = (text: string, more: Partial<AssistantMessage> = {}): AssistantMessage => ({
  role: "assistant",
  content: text === "" ? [] : [{ type: "text", text }],
  api: "a",
  provider: "p",
  model: "m",
  usage: { input: 0, output: 0, cacheRead: 0, cacheWrite: 0, totalTokens: 0 },
  stopReason: "stop",
  timestamp: 10,
  ...more,
});
const calling = (...ids: string[]) => said("", { content: ids.map((id) => ({ type: "toolCall" as const, id, name: "look", arguments: {} })), stopReason: "toolUse" });
const result = (id: string): Message => ({ role: "toolResult", toolCallId: id, toolName: "look", content: [{ type: "text", text: `result ${id}` }], isError: false, timestamp: 11 });

test("an ordinary history is the same objects in the same order", () => {
  const history = [user("a"), said("b"), user("c"), calling("1"), result("1"), said("d")];
  const view = modelView(history);
  expect(view).toHaveLength(history.length);
  for (const [i, message] of history.entries()) expect(view[i]).toBe(message);
});

test("answers of commands are left out, injected words and notices stay", () => {
  const view = modelView([user("a"), said("status", { stopReason: "injected", ...commandModel }), said("by hand", { stopReason: "injected", model: "gateway-injected" }), notice("it was stopped", 1)]);
  expect(view.map((message) => (message.role === "assistant" ? message.stopReason : message.role))).toEqual(["user", "stop", "stop"]);
});

test("a cut answer is kept as said and cut off, without calls; an empty one is dropped", () => {
  const cut = said("half", { stopReason: "aborted", content: [{ type: "text", text: "half" }, { type: "toolCall", id: "x", name: "look", arguments: {} }] });
  expect(modelView([user("a"), cut, said("", { stopReason: "error", errorMessage: "down" })])).toMatchObject([{ role: "user" }, { stopReason: "stop", content: [{ type: "text", text: "half\n[cut off here]" }] }]);
});

test("a text that was injected between a call and its result comes after the result", () => {
  const view = modelView([user("a"), calling("1", "2"), result("1"), said("by hand", { stopReason: "injected" }), result("2"), said("end")]);
  expect(view.map((message) => message.role)).toEqual(["user", "assistant", "toolResult", "toolResult", "assistant", "assistant"]);
});

test("open calls are those of the last answer that have no result", () => {
  expect(openCalls([user("a"), calling("1", "2"), result("2")]).map((call) => call.id)).toEqual(["1"]);
  expect(openCalls([user("a"), calling("1"), said("status", { stopReason: "injected" })]).map((call) => call.id)).toEqual(["1"]);
  expect(openCalls([user("a"), calling("1"), result("1"), said("end")])).toEqual([]);
  expect(openCalls([])).toEqual([]);
  expect(lostResult({ id: "1", name: "look" }, "gone", 5)).toMatchObject({ role: "toolResult", toolCallId: "1", isError: true });
});

test("the estimate is the provider's figure for the last answer and a quarter of the characters after it", () => {
  const answered = said("x", { usage: { input: 900, output: 100, cacheRead: 0, cacheWrite: 0, totalTokens: 1_000 }, timestamp: 10 });
  expect(estimateTokens([user("y".repeat(4_000)), answered, user("z".repeat(400))])).toBe(1_100);
  expect(estimateTokens([user("y".repeat(4_000)), answered], 10)).toBe(1_001);
  expect(estimateTokens([])).toBe(0);
});

test("whatever is too long fits afterwards, the short parts untouched", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 50_000 }), { minLength: 1, maxLength: 20 }), (sizes) => {
      const messages = sizes.map((size) => user("x".repeat(size)));
      const fitted = fitView(messages, 5_000);
      const chars = fitted.reduce((sum, message) => sum + charsOf(message), 0);
      expect(chars).toBeLessThanOrEqual(Math.max(20_000, sizes.length * 200));
      for (const [i, message] of messages.entries()) if (charsOf(message) <= 20_000 / sizes.length) expect(fitted[i]).toBe(message);
    }),
  );
});

test("a text is cut in the middle and says how much is gone", () => {
  const cut = cutMiddle("a".repeat(500) + "b".repeat(500), 200);
  expect(cut.length).toBeLessThanOrEqual(200);
  expect(cut).toMatch(/^a+\n\[… \d+ characters left out …\]\nb+$/);
});
