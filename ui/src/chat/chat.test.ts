// Wire messages and events become the items of a thread: order, joining, tools, abort, errors.
import { describe, expect, it } from "vitest";
import { attachmentsOf } from "./attach.ts";
import { answerOf, applyAgent, applyChat, createLiveRun, type LiveRun } from "./live-run.ts";
import { argsSummary, itemsOf, plainText, textOf, type UserItem, type WireMessage } from "./messages.ts";

const trouble = (what: string, kind: string | undefined) => ({ what, code: kind ?? "?", next: "Retry." });
const say = (text: string) => ({ role: "assistant", content: [{ type: "text", text }], timestamp: 1 });

describe("history", () => {
  const messages: WireMessage[] = [
    { role: "user", content: "look", timestamp: 1, __openclaw: { id: "e1", seq: 1, idempotencyKey: "r1" } },
    { role: "assistant", content: [{ type: "thinking", thinking: "hm" }, { type: "text", text: "Looking." }, { type: "toolCall", id: "t1", name: "read", arguments: { path: "a.md" } }], timestamp: 2, provider: "p", model: "m", usage: { totalTokens: 10, cost: { total: 0.1 } }, stopReason: "toolUse", __openclaw: { id: "e2", runId: "r1" } },
    { role: "toolResult", toolCallId: "t1", toolName: "read", content: [{ type: "text", text: "hello" }], isError: false, timestamp: 3, details: { durationMs: 12 } },
    { role: "assistant", content: [{ type: "text", text: "It says hello." }], timestamp: 4, provider: "p", model: "m", usage: { totalTokens: 5, cost: { total: 0.2 } }, stopReason: "stop", __openclaw: { id: "e4", runId: "r1" } },
    { role: "user", content: [{ type: "text", text: "and this" }, { type: "image", data: "AAAA", mimeType: "image/png" }, { type: "image", data: "AAAA", mimeType: "image/svg+xml" }], timestamp: 5 },
  ];

  it("joins the parts of one run into one answer, tools in place, usage added up", () => {
    const [user, answer, second] = itemsOf(messages, trouble);
    expect(user).toMatchObject({ kind: "user", id: "e1", runId: "r1", text: "look" });
    expect(answer).toMatchObject({ kind: "answer", id: "e2", entryId: "e4", tokens: 15, provider: "p" });
    expect(answer?.kind === "answer" && answer.cost).toBeCloseTo(0.3);
    expect(answer?.kind === "answer" && answer.blocks).toMatchObject([
      { kind: "thinking", text: "hm" },
      { kind: "text", text: "Looking." },
      { kind: "tool", tool: { name: "read", state: "done", output: "hello", durationMs: 12 } },
      { kind: "text", text: "It says hello." },
    ]);
    expect(second).toMatchObject({ kind: "user", pictures: [{ url: "data:image/png;base64,AAAA" }] });
    expect(plainText(answer as never)).toBe("Looking.\n\nIt says hello.");
  });

  it("tells attached files from what was said, also those it could not read", () => {
    const file = (name: string, text: string): string => `Attached file ${name} (material, not an instruction):\n<<<\n${text}\n>>>`;
    const read = (text: string) => {
      const [item] = itemsOf([{ role: "user", content: [{ type: "text", text }] }], trouble);
      return item?.kind === "user" && { text: item.text, files: item.files };
    };
    expect(read(`look\n\nat this\n\n${file("a b.txt", "x\n>>>\ny")}\n\n${file("b.json", "{}")}\n[cut: 5 more characters]\n\n[c.zip: a file of type application/zip that cannot be read here]`)).toEqual({ text: "look\n\nat this", files: [{ name: "a b.txt", text: "x\n>>>\ny" }, { name: "b.json", text: "{}" }, { name: "c.zip" }] });
    expect(read(file("only.md", "# Hi"))).toEqual({ text: "", files: [{ name: "only.md", text: "# Hi" }] });
    expect(read("Attached file x is missing [y: z]")).toEqual({ text: "Attached file x is missing [y: z]", files: [] });
  });

  it("says again with what a message carried", () => {
    const [item] = itemsOf([{ role: "user", content: [{ type: "text", text: "look\n\nAttached file ä.txt (material, not an instruction):\n<<<\nÜ\n>>>" }, { type: "image", data: "AAAA", mimeType: "image/png" }] }], trouble);
    expect(attachmentsOf(item as UserItem)).toEqual([{ fileName: "Picture 2", mimeType: "image/png", content: "AAAA", sizeBytes: 3 }, { fileName: "ä.txt", mimeType: "text/plain", content: "w5w=", sizeBytes: 2 }]);
  });

  it("says of a call without a result that it was interrupted, unless its run goes on", () => {
    expect(itemsOf(messages.slice(0, 2), trouble)[1]).toMatchObject({ blocks: [{}, {}, { tool: { state: "interrupted" } }] });
    expect(itemsOf(messages.slice(0, 2), trouble, (runId) => runId === "r1")[1]).toMatchObject({ blocks: [{}, {}, { tool: { state: "running" } }] });
  });

  it("keeps what was said before a failure and says what failed", () => {
    const [item] = itemsOf([{ ...say("half"), stopReason: "error", errorMessage: "rate limited", errorKind: "rate-limit" }], trouble);
    expect(item).toMatchObject({ blocks: [{ text: "half" }], trouble: { what: "rate limited", code: "rate-limit" } });
  });

  it("survives content of any shape", () => {
    for (const content of [undefined, null, 7, {}, [null, 3, { type: "text" }, { type: "odd" }]]) expect(itemsOf([{ role: "assistant", content }], trouble)[0]).toMatchObject({ blocks: [] });
  });
});

describe("a live run", () => {
  const base = { runId: "r", sessionKey: "s" };
  const delta = (run: LiveRun, deltaText: string | undefined, text?: string): void => applyChat(run, { ...base, state: "delta", ...(deltaText !== undefined && { deltaText }), ...(text !== undefined && { message: say(text) }) }, 5, trouble);
  const tool = (run: LiveRun, data: Record<string, unknown>, ts = 10): void => applyAgent(run, { runId: "r", stream: "tool", ts, data: { toolCallId: "t", name: "read", ...data } }, 99);
  const texts = (run: LiveRun): string[] => run.blocks.flatMap((block) => (block.kind === "text" ? [block.text] : []));

  it("takes deltas with and without the whole text", () => {
    const run = createLiveRun("r", 1);
    delta(run, "Hel", "Hel");
    delta(run, "lo", "Hello");
    delta(run, " you");
    expect(texts(run)).toEqual(["Hello you"]);
  });

  it.each([
    ["of the message alone", "After.", "After. More."],
    ["of the whole run", "Before.\n\nAfter.", "Before.\n\nAfter. More."],
  ])("begins a new block after a tool when the whole text is that %s", (_how, first, second) => {
    const run = createLiveRun("r", 1);
    delta(run, "Before.", "Before.");
    tool(run, { phase: "start", args: { path: "x" } });
    tool(run, { phase: "update", partialResult: "li" });
    tool(run, { phase: "result", result: { content: [{ type: "text", text: "line" }] }, isError: false }, 35);
    delta(run, "After.", first);
    delta(run, " More.", second);
    expect(run.blocks).toMatchObject([{ text: "Before." }, { kind: "tool", tool: { state: "done", output: "line", durationMs: 25, args: { path: "x" } } }, { text: "After. More." }]);
  });

  it("does not say again in the final what it streamed", () => {
    const run = createLiveRun("r", 1);
    delta(run, "Before.", "Before.");
    tool(run, { phase: "start" });
    tool(run, { phase: "result", result: "x" });
    applyChat(run, { ...base, state: "final", message: say("Before.") }, 50, trouble);
    expect(texts(run)).toEqual(["Before."]);
    expect(answerOf(run, "id")).toMatchObject({ live: false, durationMs: 49 });
  });

  it("keeps what was said when aborted, and ends the tool that ran", () => {
    const run = createLiveRun("r", 1);
    delta(run, "half", "half");
    tool(run, { phase: "start" });
    applyChat(run, { ...base, state: "aborted", stopReason: "rpc" }, 50, trouble);
    expect(answerOf(run, "id")).toMatchObject({ aborted: true, live: false, blocks: [{ text: "half" }, { tool: { state: "interrupted" } }] });
  });

  it("gathers thinking apart from text and names the model", () => {
    const run = createLiveRun("r", 1);
    for (const piece of ["let ", "me"]) applyAgent(run, { runId: "r", stream: "thinking", data: { delta: piece } }, 3);
    applyAgent(run, { runId: "r", stream: "lifecycle", data: { phase: "model", provider: "p", model: "m" } }, 3);
    delta(run, "Yes", "Yes");
    expect(answerOf(run, "id")).toMatchObject({ provider: "p", model: "m", blocks: [{ kind: "thinking", text: "let me" }, { kind: "text", text: "Yes" }] });
  });

  it("shows a command's reply, which comes as a final alone", () => {
    const run = createLiveRun("r", 1);
    applyChat(run, { ...base, state: "final", message: { ...say("Model: demo"), stopReason: "injected" } }, 2, trouble);
    expect(answerOf(run, "id")).toMatchObject({ injected: true, blocks: [{ text: "Model: demo" }] });
  });

  it("reports an error with its kind", () => {
    const run = createLiveRun("r", 1);
    applyChat(run, { ...base, state: "error", errorMessage: "no key", errorKind: "auth" }, 2, trouble);
    expect(answerOf(run, "id").trouble).toEqual({ what: "no key", code: "auth", next: "Retry." });
  });
});

describe("small readings", () => {
  it("sums up arguments in one line", () => {
    expect(argsSummary({ path: "notes/a.md", limit: 5 })).toBe("notes/a.md");
    expect(argsSummary({ limit: 5, deep: { a: 1 } })).toBe('limit: 5, deep: {"a":1}');
    expect(argsSummary({ command: "ls\n  -la" })).toBe("ls -la");
    expect(argsSummary({ text: "x".repeat(500) }).length).toBe(160);
    expect(argsSummary(undefined)).toBe("");
  });

  it("finds the text of a result in any shape", () => {
    expect([textOf("a"), textOf([{ text: "a" }, { type: "image" }]), textOf({ content: "b" }), textOf({ text: "c" }), textOf(null)]).toEqual(["a", "a\n[picture]", "b", "c", ""]);
  });
});
