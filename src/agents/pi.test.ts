import { expect, test } from "vitest";
import type { AssistantMessage, Message, ModelEvent } from "../sdk/provider.ts";
import type { EngineEvent, EngineTask } from "./engine.ts";
import { createPiEngine } from "./pi.ts";

const usage = { input: 1, output: 1, cacheRead: 0, cacheWrite: 0, totalTokens: 2, cost: { input: 0, output: 0, cacheRead: 0, cacheWrite: 0, total: 0 } };
const answer = (content: AssistantMessage["content"], stopReason: AssistantMessage["stopReason"] = "stop"): AssistantMessage => ({ role: "assistant", content, api: "t", provider: "t", model: "t", usage, stopReason, timestamp: 1 });
const user = (content: string): Message => ({ role: "user", content, timestamp: 1 });
const call = (id: string, name: string) => ({ type: "toolCall" as const, id, name, arguments: { id } });

/** A task whose model answers with the given messages, one per call, and which records what it was asked. */
function scripted(messages: Message[], answers: AssistantMessage[], more: Partial<EngineTask> = {}) {
  const requests: Message[][] = [];
  const events: EngineEvent[] = [];
  const task: EngineTask = {
    system: "be brief",
    messages,
    tools: [{ name: "look" }, { name: "act", sequential: true }, { name: "theirs", client: true }],
    async *stream(request): AsyncGenerator<ModelEvent> {
      requests.push([...request]);
      const message = answers[requests.length - 1] ?? answer([{ type: "text", text: "nothing left" }]);
      for (const block of message.content) {
        if (block.type === "text") for (const word of block.text.split(/(?<= )/)) yield { type: "text", delta: word };
        if (block.type === "toolCall") yield { type: "tool-call", call: block };
      }
      yield message.stopReason === "error" ? { type: "failed", kind: "server", reason: "broken", message } : { type: "done", message };
    },
    call: async (toolCall) => ({ content: [{ type: "text", text: `result of ${toolCall.id}` }], isError: toolCall.id.startsWith("bad") }),
    prepare: async () => undefined,
    steering: () => [],
    lastWords: () => [],
    turnEnded: async () => "go-on",
    emit: (event) => void events.push(event),
    ...more,
  };
  return { task, requests, events };
}

const run = (task: EngineTask) => createPiEngine()(task, new AbortController().signal);

test("goes on from a history whose last tool calls got their results as interrupted", async () => {
  const interrupted = (id: string): Message => ({ role: "toolResult", toolCallId: id, toolName: "act", content: [{ type: "text", text: "interrupted" }], isError: true, timestamp: 2 });
  const history = [user("do both"), answer([call("a", "act"), call("b", "act")], "toolUse"), interrupted("a"), interrupted("b")];
  const { task, requests, events } = scripted(history, [answer([{ type: "text", text: "I was interrupted." }])]);
  await run(task);
  expect(requests).toEqual([history]);
  expect(events.filter((event) => event.type === "tool-started")).toEqual([]);
  expect(events.at(-1)).toMatchObject({ type: "message", message: { role: "assistant", content: [{ text: "I was interrupted." }] } });
});

test("streams words, runs a tool, feeds its result back and leaves the caller's array alone", async () => {
  const history = [user("look")];
  const first = answer([{ type: "text", text: "let me see" }, call("c1", "look")], "toolUse");
  const { task, requests, events } = scripted(history, [first, answer([{ type: "text", text: "done" }])]);
  await run(task);
  expect(events.map((event) => (event.type === "message" ? `message:${event.message.role}` : event.type))).toEqual(["text", "text", "text", "message:assistant", "tool-started", "tool-ended", "message:toolResult", "text", "message:assistant"]);
  expect(requests[1]?.map((message) => message.role)).toEqual(["user", "assistant", "toolResult"]);
  expect(history).toHaveLength(1);
});

test("marks a failing tool call as an error and goes on", async () => {
  const { task, requests } = scripted([user("look")], [answer([call("bad1", "look")], "toolUse"), answer([{ type: "text", text: "sorry" }])]);
  await run(task);
  expect(requests[1]?.at(-1)).toMatchObject({ role: "toolResult", toolCallId: "bad1", isError: true, content: [{ text: "result of bad1" }] });
});

test("runs calls with effects one after the other and reads side by side", async () => {
  let running = 0;
  let most = 0;
  const slow: EngineTask["call"] = async () => {
    most = Math.max(most, ++running);
    await new Promise((resolve) => setTimeout(resolve, 5));
    running--;
    return { content: [], isError: false };
  };
  await run(scripted([user("x")], [answer([call("a", "act"), call("b", "look")], "toolUse")], { call: slow }).task);
  expect(most).toBe(1);
  await run(scripted([user("x")], [answer([call("a", "look"), call("b", "look")], "toolUse")], { call: slow }).task);
  expect(most).toBe(2);
});

test("leaves the client's tools to the client and reports the whole message", async () => {
  const called: string[] = [];
  const both = answer([call("mine", "look"), call("yours", "theirs")], "toolUse");
  const { task, events, requests } = scripted([user("x")], [both], {
    call: async (toolCall) => (called.push(toolCall.id), { content: [], isError: false }),
    turnEnded: async (message) => (message.content.some((block) => block.type === "toolCall" && block.name === "theirs") ? "end" : "go-on"),
  });
  await run(task);
  expect(called).toEqual(["mine"]);
  expect(requests).toHaveLength(1);
  expect(events.find((event) => event.type === "message")).toMatchObject({ message: { content: [{ id: "mine" }, { id: "yours" }] } });
});

test("takes steering texts between turns and asks once more before it ends", async () => {
  const steer = [[user("also this")]];
  const last = [[user("and this")], []];
  const { task, requests } = scripted([user("x")], [answer([{ type: "text", text: "1" }]), answer([{ type: "text", text: "2" }])], { steering: () => (requests.length === 1 ? (steer.shift() ?? []) : []), lastWords: () => last.shift() ?? [] });
  await run(task);
  expect(requests.map((messages) => messages.length)).toEqual([1, 3, 5]);
});

test("uses the history that prepare returns", async () => {
  const { task, requests } = scripted([user("old"), user("new")], [answer([])], { prepare: async () => [user("short")] });
  await run(task);
  expect(requests).toEqual([[user("short")]]);
});

test("ends at a failed model call with what was said", async () => {
  const { task, events } = scripted([user("x")], [answer([{ type: "text", text: "half an" }], "error")]);
  await run(task);
  expect(events.at(-1)).toMatchObject({ type: "message", message: { stopReason: "error", content: [{ text: "half an" }] } });
});

test("rejects when the caller's emit does, so that a full disk is not taken for an answer", async () => {
  const { task } = scripted([user("x")], [], { emit: () => Promise.reject(new Error("disk full")) });
  await expect(run(task)).rejects.toThrow("disk full");
});
