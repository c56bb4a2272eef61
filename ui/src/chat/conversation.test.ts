// A conversation on screen against a scripted gateway: nothing twice, nothing lost, while history and events overtake each other.
import { describe, expect, it } from "vitest";
import type { App } from "../app/app.ts";
import { createConversation } from "./conversation.ts";
import type { Item } from "./messages.ts";
import { createOutbox, type Outcome } from "./outbox.ts";

type Message = Record<string, unknown>;
const key = "agent:main:main";

function world(messages: Message[] = []) {
  const listeners = new Map<string, Set<(payload: unknown) => void>>();
  const answers: (() => void)[] = [];
  let held = false;
  let extra: object = {};
  let outcome: Outcome = { kind: "accepted" };
  const gateway = {
    isOnline: () => true,
    can: () => false,
    on(event: string, listener: (payload: unknown) => void) {
      const set = listeners.get(event) ?? new Set();
      listeners.set(event, set.add(listener));
      return () => void set.delete(listener);
    },
    call(method: string) {
      if (method !== "chat.history") return Promise.resolve({ aborted: true });
      const answer = { sessionId: "s", messages: structuredClone(messages), hasMore: false, ...extra };
      return held ? new Promise((resolve) => answers.push(() => resolve(answer))) : Promise.resolve(answer);
    },
  };
  let keys = 0;
  const outbox = createOutbox({ store: { load: async () => [], save: async () => undefined }, send: async () => outcome, newKey: () => `r${++keys}`, now: () => Date.now(), isOnline: () => true });
  const app = { gateway, outbox, toasts: { add: () => undefined, failed: () => undefined } } as unknown as App; // what a conversation uses of it
  const conversation = createConversation({ app, key });
  const emit = (event: string, payload: object): void => {
    for (const listener of listeners.get(event) ?? []) listener({ sessionKey: key, ...payload });
  };
  return {
    conversation,
    messages,
    emit,
    agent: (runId: string, stream: string, data: object) => emit("agent", { runId, stream, ts: Date.now(), data }),
    chat: (runId: string, body: object) => emit("chat", { runId, ...body }),
    add: (message: Message) => void messages.push({ timestamp: Date.now(), ...message, __openclaw: { id: `e${messages.length + 1}`, seq: messages.length + 1, ...(message.__openclaw as object | undefined) } }),
    hold: (on: boolean) => {
      held = on;
      if (!on) for (const answer of answers.splice(0)) answer();
    },
    tell: (more: object) => (extra = more),
    answerWith: (next: Outcome) => (outcome = next),
    settle: () => new Promise((resolve) => setTimeout(resolve, 5)),
  };
}

const said = (items: readonly Item[] | undefined): string[] => (items ?? []).map((item) => (item.kind === "user" ? `> ${item.text}` : item.blocks.map((block) => (block.kind === "text" ? block.text : block.kind === "tool" ? `[${block.tool.name} ${block.tool.state}]` : block.kind)).join(" | ")));
const text = (value: string) => ({ role: "assistant", content: [{ type: "text", text: value }] });

describe("a conversation", () => {
  it("does not show a step twice when the history is read in the middle of a run", async () => {
    const { conversation, agent, chat, add, settle } = world();
    conversation.begin();
    await settle();
    conversation.send("go", []);
    await settle();
    agent("r1", "lifecycle", { phase: "start" });
    add({ role: "user", content: "go", __openclaw: { idempotencyKey: "r1" } });
    chat("r1", { state: "delta", message: text("First."), deltaText: "First." });
    agent("r1", "tool", { phase: "start", name: "read", toolCallId: "t", args: {} });
    add({ role: "assistant", content: [{ type: "text", text: "First." }, { type: "toolCall", id: "t", name: "read", arguments: {} }], __openclaw: { runId: "r1" } });
    await conversation.reload();
    expect(said(conversation.items())).toEqual(["> go", "First. | [read running]"]);
    agent("r1", "tool", { phase: "result", name: "read", toolCallId: "t", isError: false, result: "x", durationMs: 9 });
    add({ role: "toolResult", toolCallId: "t", content: [{ type: "text", text: "x" }], isError: false });
    chat("r1", { state: "delta", message: text("Second."), deltaText: "Second.", replace: true });
    await conversation.reload();
    expect(said(conversation.items())).toEqual(["> go", "First. | [read done] | Second."]);
    add({ ...text("Second."), __openclaw: { runId: "r1" } });
    chat("r1", { state: "final", message: text("Second.") });
    await settle();
    expect(said(conversation.items())).toEqual(["> go", "First. | [read done] | Second."]);
    expect(conversation.items()?.[1]).toMatchObject({ live: false, entryId: "e4", blocks: [{}, { tool: { durationMs: 9 } }, {}] });
    expect(conversation.sent()).toEqual([]);
  });

  it("keeps an answer on screen when a history asked for before its end arrives after it", async () => {
    const { conversation, agent, chat, add, hold, settle } = world();
    conversation.begin();
    await settle();
    agent("r9", "lifecycle", { phase: "start" });
    add({ role: "assistant", content: [{ type: "toolCall", id: "t", name: "read", arguments: {} }], __openclaw: { runId: "r9" } });
    hold(true);
    const early = conversation.reload();
    chat("r9", { state: "delta", message: text("Done."), deltaText: "Done." });
    add({ ...text("Done."), __openclaw: { runId: "r9" } });
    chat("r9", { state: "final", message: text("Done.") });
    hold(false);
    await early;
    expect(said(conversation.items()).at(-1)).toContain("Done.");
    await settle();
    expect(said(conversation.items()).at(-1)).toBe("[read interrupted] | Done.");
  });

  it("joins a run that began before it listened: earlier steps from the history, the present one from the run", async () => {
    const { conversation, chat, add, tell, settle } = world();
    add({ role: "user", content: "go", __openclaw: { idempotencyKey: "r5" } });
    add({ ...text("Earlier step."), __openclaw: { runId: "r5" } });
    tell({ inFlightRun: { runId: "r5", text: "Half", startedAt: 1 } });
    conversation.begin();
    await settle();
    expect(said(conversation.items())).toEqual(["> go", "Earlier step.", "Half"]);
    chat("r5", { state: "delta", message: text("Half done"), deltaText: " done" });
    await conversation.reload();
    expect(said(conversation.items())).toEqual(["> go", "Earlier step.", "Half"]);
    tell({});
    add({ ...text("Half done"), __openclaw: { runId: "r5" } });
    chat("r5", { state: "final", message: text("Half done") });
    await settle();
    expect(said(conversation.items())).toEqual(["> go", "Earlier step. | Half done"]);
  });

  it("shows a command beside its answer, though the history has the answer alone", async () => {
    const { conversation, chat, add, settle } = world();
    conversation.begin();
    await settle();
    conversation.send("/status", []);
    await settle();
    add({ ...text("Model: demo"), stopReason: "injected", __openclaw: { runId: "r1" } });
    chat("r1", { state: "final", message: { ...text("Model: demo"), stopReason: "injected" } });
    await settle();
    expect(said(conversation.items())).toEqual(["> /status", "Model: demo"]);
    expect(conversation.sent()).toEqual([]);
  });

  it("says of a message that waits behind a run that it is queued, and shows it in the thread when its turn comes", async () => {
    const { conversation, agent, settle } = world();
    conversation.begin();
    await settle();
    conversation.send("one", []);
    await settle();
    agent("r1", "lifecycle", { phase: "start" });
    conversation.send("two", []);
    await settle();
    expect(conversation.queued()).toEqual([{ runId: "r2", text: "two" }]);
    expect(said(conversation.items())).toEqual(["> one", ""]);
    agent("r2", "lifecycle", { phase: "start" });
    expect(conversation.queued()).toEqual([]);
    expect(said(conversation.items())).toContain("> two");
  });

  it("begins with the new page alone when more was said meanwhile than one page holds", async () => {
    const { conversation, messages, add, settle } = world();
    for (let index = 0; index < 3; index++) add({ role: "user", content: `old ${index}` });
    conversation.begin();
    await settle();
    messages.splice(0, 3);
    messages.push({ role: "user", content: "much later", timestamp: 1, __openclaw: { id: "e90", seq: 90 } });
    await conversation.reload();
    expect(said(conversation.items())).toEqual(["> much later"]);
  });

  it("ignores what is said elsewhere", async () => {
    const { conversation, emit, settle } = world();
    conversation.begin();
    await settle();
    emit("chat", { sessionKey: "agent:main:other", runId: "x", state: "delta", message: text("not here") });
    expect(said(conversation.items())).toEqual([]);
  });
});
