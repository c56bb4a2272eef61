// Chat in a real browser: streaming, tools, stopping, the outbox, history, attachments, and everything around a message.
import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { phone, picture } from "./browser.ts";
import { sampleMethods } from "./sample-world.ts";
import type { Script } from "./scripted-gateway.ts";
import { online, uiSuite, until } from "./ui-suite.ts";

const suite = uiSuite();
const main = "agent:main:main";
const clean = { console: [], policy: [], foreign: [] };

type Message = Record<string, unknown>;

/** A gateway that keeps what is said, as far as these tests need one. */
function talkative(messages: Message[] = []) {
  const sends: Record<string, unknown>[] = [];
  const extra: Record<string, unknown> = {};
  const script: Script = {
    methods: {
      ...sampleMethods(),
      "chat.history": ({ sessionKey, limit = 200, offset = 0 }) => {
        const end = Math.max(0, messages.length - Number(offset));
        const start = Math.max(0, end - Number(limit));
        return { sessionKey, sessionId: "s1", messages: messages.slice(start, end), hasMore: start > 0, totalMessages: messages.length, thinkingLevel: "low", sessionInfo: { thinkingLevel: "low" }, pendingInputs: { items: [], total: 0 }, ...extra };
      },
      "chat.send": (params) => {
        sends.push(params);
        return { runId: params.idempotencyKey, status: "started" };
      },
    },
  };
  const add = (message: Message): void => void messages.push({ timestamp: Date.now(), ...message, __openclaw: { id: `e${messages.length + 1}`, seq: messages.length + 1, ...(message.__openclaw as object | undefined) } });
  return { script, sends, add, extra, messages };
}

const agent = (runId: string, stream: string, data: object): void => suite.gateway.push("agent", { runId, sessionKey: main, seq: 1, stream, ts: Date.now(), data });
const chat = (runId: string, body: object): void => suite.gateway.push("chat", { runId, sessionKey: main, seq: 1, ...body });
const say = (text: string): Message => ({ role: "assistant", content: [{ type: "text", text }], timestamp: Date.now() });
const composer = (page: Page) => page.getByLabel("Message", { exact: true });

async function sendFrom(page: Page, text: string, sends: Record<string, unknown>[]): Promise<string> {
  const before = sends.length;
  await composer(page).fill(text);
  await composer(page).press("Enter");
  await until("the message was sent", () => sends.length > before);
  return String(sends.at(-1)?.idempotencyKey);
}

describe("a streamed answer", () => {
  it("shows every delta before the next one is let go, then becomes history without being drawn twice", async () => {
    const { script, sends, add } = talkative();
    const { page, trouble } = await suite.visit("chat", script);
    const runId = await sendFrom(page, "Count", sends);
    agent(runId, "lifecycle", { phase: "start", startedAt: Date.now() });
    const words = Array.from({ length: 20 }, (_, index) => `part-${String(index + 1).padStart(2, "0")} `);
    let text = "";
    for (const word of words) {
      text += word;
      chat(runId, { state: "delta", deltaText: word, message: say(text) });
      await page.getByText(word.trim()).waitFor(); // the next chunk is held back until this one is on screen
    }
    add({ role: "user", content: "Count", __openclaw: { idempotencyKey: runId } });
    add({ ...say(text.trim()), provider: "anthropic", model: "claude-sonnet", stopReason: "stop", usage: { totalTokens: 42, cost: { total: 0.02 } }, __openclaw: { runId } });
    agent(runId, "lifecycle", { phase: "end", endedAt: Date.now() });
    chat(runId, { state: "final", message: say(text.trim()) });
    await page.getByText("42 tokens").waitFor({ state: "attached" });
    expect(await page.getByText("part-20").count()).toBe(1);
    expect(await page.getByText("Count", { exact: true }).count()).toBe(1);
    console.log(`chunks shown one by one: ${words.length}`);
    expect(trouble).toEqual(clean);
  });

  it("puts tools between the texts around them, with their state, time and output", async () => {
    const { script, sends } = talkative();
    const { page } = await suite.visit("chat", script);
    const runId = await sendFrom(page, "Read it", sends);
    agent(runId, "lifecycle", { phase: "start", startedAt: Date.now() });
    agent(runId, "thinking", { delta: "I should read the file." });
    chat(runId, { state: "delta", deltaText: "First.", message: say("First.") });
    agent(runId, "tool", { phase: "start", name: "read", toolCallId: "t1", args: { path: "notes/a.md" } });
    await page.getByRole("button", { name: /read notes\/a\.md Running/ }).waitFor();
    agent(runId, "tool", { phase: "result", name: "read", toolCallId: "t1", isError: false, durationMs: 340, result: { content: [{ type: "text", text: "one\ntwo\nthree\nfour\nfive" }] } });
    chat(runId, { state: "delta", deltaText: "Second.", replace: true, message: say("Second.") });
    await page.getByText("Second.").waitFor();
    const card = page.getByRole("button", { name: /read notes\/a\.md 340 ms Done/ });
    await card.waitFor();
    await page.getByText("… 2 more lines").waitFor();
    const tops = await Promise.all([page.getByText("First.").boundingBox(), card.boundingBox(), page.getByText("Second.").boundingBox()]);
    expect(tops.map((box) => box?.y ?? 0)).toEqual(tops.map((box) => box?.y ?? 0).toSorted((one, other) => one - other));
    await page.getByText("I should read the file.").waitFor({ state: "hidden" });
    await page.getByText("Thought", { exact: true }).click();
    await page.getByText("I should read the file.").waitFor();
    await card.focus();
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Arguments" }).waitFor();
    await page.getByText("five").waitFor();
    await picture(page, "chat-tools");
  });

  it("stays at the end only while the reader is there", async () => {
    const { script, sends, add } = talkative();
    for (let index = 0; index < 40; index++) add({ role: index % 2 === 0 ? "user" : "assistant", content: [{ type: "text", text: `Line ${index} of a longer talk.\n\nWith a second paragraph.` }] });
    const { page } = await suite.visit("chat", script);
    await page.getByText("Line 39").waitFor();
    const runId = await sendFrom(page, "More", sends);
    agent(runId, "lifecycle", { phase: "start", startedAt: Date.now() });
    const log = page.getByRole("log");
    const place = () => log.evaluate((element) => ({ top: element.scrollTop, fromEnd: element.scrollHeight - element.scrollTop - element.clientHeight }));
    let text = "";
    const grow = async (from: number): Promise<void> => {
      for (let index = from; index < from + 30; index++) {
        text += `row ${index}\n\n`;
        chat(runId, { state: "delta", message: say(text), deltaText: `row ${index}\n\n` });
      }
      await page.getByText(`row ${from + 29}`, { exact: true }).waitFor({ state: "attached" });
    };
    await grow(0);
    await until("it followed the answer", async () => (await place()).fromEnd < 4);
    await log.hover();
    await page.mouse.wheel(0, -700);
    await page.getByRole("button", { name: "Newest" }).waitFor();
    const before = (await place()).top;
    await grow(30);
    expect(Math.abs((await place()).top - before)).toBeLessThan(2);
    await page.getByRole("button", { name: "Newest" }).click();
    await until("it went to the end", async () => (await place()).fromEnd < 4);
  });

  it("is followed to its end although what stands above turns out taller than it was thought to be", async () => {
    const { script, sends, add } = talkative();
    const program = Array.from({ length: 60 }, (_, index) => `const value${index} = ${index};`).join("\n");
    for (let index = 0; index < 24; index++) add(index % 2 === 0 ? { role: "user", content: `Question ${index}` } : say(`Answer ${index}\n\n\`\`\`ts\n${program}\n\`\`\`\n\n${"A long paragraph. ".repeat(60)}`));
    const { page } = await suite.visit("chat", script);
    await page.getByText("Answer 23").waitFor({ state: "attached" });
    const log = page.getByRole("log");
    const fromEnd = () => log.evaluate((element) => element.scrollHeight - element.scrollTop - element.clientHeight);
    await until("it opens at the end", async () => (await fromEnd()) < 4);
    await log.evaluate((element) => (element.scrollTop = 0));
    await page.getByRole("button", { name: "Newest" }).waitFor();
    const runId = await sendFrom(page, "More", sends);
    agent(runId, "lifecycle", { phase: "start", startedAt: Date.now() });
    let text = "";
    for (let index = 0; index < 20; index++) {
      text += `row ${index}\n\n`;
      chat(runId, { state: "delta", message: say(text), deltaText: `row ${index}\n\n` });
      await page.getByText(`row ${index}`, { exact: true }).waitFor({ state: "attached" });
    }
    chat(runId, { state: "error", errorMessage: "the connection broke", errorKind: "unknown" });
    await page.getByText("the connection broke", { exact: false }).waitFor({ state: "attached" });
    await until("the end is in view", async () => (await fromEnd()) < 4);
    expect(await page.getByRole("button", { name: "Newest" }).count()).toBe(0);
  });

  it("is stopped by Escape and keeps what was said", async () => {
    const { script, sends, add } = talkative();
    const aborted: unknown[] = [];
    (script.methods ?? {})["chat.abort"] = (params) => {
      aborted.push(params);
      add({ role: "user", content: "Long", __openclaw: { idempotencyKey: sends[0]?.idempotencyKey } });
      add({ ...say("Half an answer"), stopReason: "aborted", __openclaw: { runId: sends[0]?.idempotencyKey } });
      chat(String(sends[0]?.idempotencyKey), { state: "aborted", stopReason: "rpc", message: say("Half an answer") });
      return { ok: true, aborted: true, runIds: [] };
    };
    const { page } = await suite.visit("chat", script);
    const runId = await sendFrom(page, "Long", sends);
    agent(runId, "lifecycle", { phase: "start", startedAt: Date.now() });
    chat(runId, { state: "delta", deltaText: "Half an answer", message: say("Half an answer") });
    await page.getByText("Half an answer").waitFor();
    await page.getByRole("button", { name: "Stop (Esc)" }).waitFor();
    await page.keyboard.press("Escape");
    await page.getByText("Stopped here").waitFor();
    await page.getByRole("button", { name: "Stop (Esc)" }).waitFor({ state: "detached" });
    expect(aborted).toEqual([{ sessionKey: main, runId: sends[0]?.idempotencyKey }]);
    expect(await page.getByText("Half an answer").count()).toBe(1);
  });

  it("that fails says why, with its code and what to do, and can be retried", async () => {
    const { script, sends, add } = talkative();
    const { page } = await suite.visit("chat", script);
    const runId = await sendFrom(page, "Try", sends);
    agent(runId, "lifecycle", { phase: "start", startedAt: Date.now() });
    add({ role: "user", content: "Try", __openclaw: { idempotencyKey: runId } });
    chat(runId, { state: "error", errorMessage: "429 from the provider", errorKind: "rate_limit" });
    await page.getByText("429 from the provider").waitFor();
    await page.getByText("rate_limit").waitFor();
    await page.getByText("Wait a moment and retry, or choose another model.").waitFor();
    await page.getByRole("button", { name: "Retry" }).click();
    await until("it was said again", () => sends.length === 2);
    expect(sends[1]).toMatchObject({ message: "Try" });
    expect(sends[1]?.idempotencyKey).not.toBe(runId);
  });

  it("that fails for want of a key leads to where keys are", async () => {
    const { script, sends } = talkative();
    const { page } = await suite.visit("chat", script);
    const runId = await sendFrom(page, "Hello", sends);
    agent(runId, "lifecycle", { phase: "start", startedAt: Date.now() });
    chat(runId, { state: "error", errorMessage: "HTTP 401: no such key", errorKind: "unknown" });
    await page.getByText("HTTP 401: no such key").waitFor();
    await page.getByRole("button", { name: "Models and keys" }).click();
    await page.getByRole("heading", { level: 1, name: "Models and keys" }).waitFor();
  });

  it("that began before the page is shown from where it is", async () => {
    const { script, extra, add } = talkative();
    add({ role: "user", content: "Earlier", __openclaw: { idempotencyKey: "run-x" } });
    extra.inFlightRun = { runId: "run-x", text: "Already said", startedAt: Date.now() - 1_000 };
    const { page } = await suite.visit("chat", script);
    await page.getByText("Already said").waitFor();
    chat("run-x", { state: "delta", deltaText: " and more", message: say("Already said and more") });
    await page.getByText("Already said and more").waitFor();
    await page.getByRole("button", { name: "Stop (Esc)" }).waitFor();
  });
});

describe("what is said", () => {
  it("waits while offline and is sent once the connection is back, under one key", async () => {
    const { script, sends } = talkative();
    const { page } = await suite.visit("chat", script);
    suite.gateway.closeNext = { code: 1012, reason: "service restart" };
    suite.gateway.cut();
    await page.getByText("Not connected").first().waitFor();
    await composer(page).fill("Said offline");
    await composer(page).press("Enter");
    await page.getByText("Waits for the connection").waitFor();
    await page.reload(); // it survives the page
    await page.getByText("Cannot reach the gateway").waitFor();
    suite.gateway.closeNext = undefined;
    await online(page);
    await until("it was sent", () => sends.length > 0);
    await page.getByText("Said offline").waitFor();
    expect(sends).toMatchObject([{ message: "Said offline", sessionKey: main }]);
  });

  it("is sent again under the same key when the answer to it was lost", async () => {
    const { script, sends } = talkative();
    const answer = script.methods?.["chat.send"];
    (script.methods ?? {})["chat.send"] = (params, peer) => {
      const answered = answer?.(params, peer);
      if (sends.length === 1) peer.socket.terminate();
      return answered;
    };
    const { page } = await suite.visit("chat", script);
    await composer(page).fill("Only once");
    await composer(page).press("Enter");
    await until("it was sent twice", () => sends.length === 2);
    expect(sends[0]?.idempotencyKey).toBe(sends[1]?.idempotencyKey);
    expect(await page.getByText("Only once", { exact: true }).count()).toBe(1);
  });

  it("that the gateway refuses stays with the reason, can be sent again or discarded", async () => {
    const { script, sends } = talkative();
    const answer = script.methods?.["chat.send"];
    (script.methods ?? {})["chat.send"] = (params, peer) => {
      const answered = answer?.(params, peer);
      if (sends.length < 3) throw Object.assign(new Error("the disk is full"));
      return answered;
    };
    const { page } = await suite.visit("chat", script);
    await composer(page).fill("Keep me");
    await composer(page).press("Enter");
    await page.getByText("The disk is full").waitFor();
    await page.getByRole("button", { name: "Send again" }).click();
    await until("tried again", () => sends.length === 2);
    await page.getByText("The disk is full").waitFor();
    expect(sends[1]?.idempotencyKey).toBe(sends[0]?.idempotencyKey);
    await page.getByRole("button", { name: "Discard" }).click();
    await page.getByText("Keep me").waitFor({ state: "detached" });
  });

  it("while an answer runs is shown as queued and can be taken back", async () => {
    const { script, sends } = talkative();
    const { page } = await suite.visit("chat", script);
    const first = await sendFrom(page, "First", sends);
    agent(first, "lifecycle", { phase: "start", startedAt: Date.now() });
    await page.getByLabel("What a message does now").selectOption("followup");
    const second = await sendFrom(page, "Second", sends);
    expect(sends[1]).toMatchObject({ queueMode: "followup" });
    const queue = page.getByRole("group", { name: "Queued messages" });
    await queue.getByText("Second").waitFor();
    await queue.getByRole("button", { name: "Take back" }).click();
    await queue.waitFor({ state: "detached" });
    expect(suite.gateway.calls.findLast((call) => call.method === "chat.abort")?.params).toEqual({ sessionKey: main, runId: second });
    // It can be said in another way.
    expect(await composer(page).inputValue()).toBe("Second");
  });

  it("and waits is not stopped with the answer that runs, and does not stand there unanswered when it was stopped elsewhere", async () => {
    const { script, sends } = talkative();
    const { page } = await suite.visit("chat", script);
    const first = await sendFrom(page, "First", sends);
    agent(first, "lifecycle", { phase: "start", startedAt: Date.now() });
    await page.getByLabel("What a message does now").waitFor();
    const second = await sendFrom(page, "Second", sends);
    await page.getByRole("group", { name: "Queued messages" }).getByText("Second").waitFor();
    await page.getByRole("button", { name: "Stop (Esc)" }).click();
    await until("the first was stopped", () => suite.gateway.calls.some((call) => call.method === "chat.abort"));
    expect(suite.gateway.calls.filter((call) => call.method === "chat.abort").map((call) => call.params)).toEqual([{ sessionKey: main, runId: first }]);
    expect(await composer(page).evaluate((field) => (field.getRootNode() as ShadowRoot).activeElement === field)).toBe(true);
    chat(second, { state: "aborted", stopReason: "rpc" });
    await page.getByText("Taken back before it was answered: “Second”").waitFor();
    await page.getByRole("group", { name: "Queued messages" }).waitFor({ state: "detached" });
    expect(await page.getByRole("log").getByText("Second").count()).toBe(0);
  });

  it("may carry files by picker, paste and drop", async () => {
    const { script, sends } = talkative();
    const { page } = await suite.visit("chat", script);
    const pixel = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==", "base64");
    await page.locator("input[type=file]").setInputFiles([{ name: "picked.png", mimeType: "image/png", buffer: pixel }]);
    await page.getByText("picked.png").waitFor();
    for (const [kind, name] of [["paste", "pasted.txt"], ["drop", "dropped.txt"]] as const) {
      await composer(page).evaluate((element, [how, file]) => {
        const data = new DataTransfer();
        data.items.add(new File(["hello"], file as string, { type: "text/plain" }));
        const event = how === "paste" ? new ClipboardEvent("paste", { clipboardData: data, bubbles: true, composed: true }) : new DragEvent("drop", { dataTransfer: data, bubbles: true, composed: true });
        element.dispatchEvent(event);
      }, [kind, name]);
      await page.getByText(name).waitFor();
    }
    await page.getByRole("button", { name: "Remove dropped.txt" }).click();
    await sendFrom(page, "Look", sends);
    expect(sends[0]?.attachments).toEqual([
      { fileName: "picked.png", mimeType: "image/png", type: "image", content: pixel.toString("base64") },
      { fileName: "pasted.txt", mimeType: "text/plain", type: "file", content: Buffer.from("hello").toString("base64") },
    ]);
    await page.getByRole("img", { name: "picked.png" }).waitFor();
  });

  it("is helped along by a list of commands", async () => {
    const { script } = talkative();
    const { page } = await suite.visit("chat", script);
    await composer(page).fill("/");
    await page.getByRole("listbox", { name: "Commands" }).waitFor();
    await page.getByRole("option", { name: /\/compact/ }).waitFor();
    await composer(page).fill("/st");
    await until("only the two that fit are left", async () => (await page.getByRole("listbox", { name: "Commands" }).getByRole("option").count()) === 2);
    await composer(page).press("ArrowDown");
    await composer(page).press("Enter");
    expect(await composer(page).inputValue()).toBe("/status ");
  });

  it("stays in the composer when another conversation is looked at", async () => {
    const { script } = talkative();
    const { page } = await suite.visit("chat", script);
    await composer(page).fill("A draft");
    await page.getByRole("link", { name: /Plan the garden/ }).click();
    await page.getByRole("heading", { name: "Plan the garden" }).waitFor();
    expect(await composer(page).inputValue()).toBe("");
    await page.goBack();
    await page.getByRole("heading", { name: "Notes for Thursday" }).waitFor();
    expect(await composer(page).inputValue()).toBe("A draft");
  });
});

describe("history", () => {
  it("is read upwards, and what was being read stays where it was", async () => {
    const { script, add } = talkative();
    for (let index = 1; index <= 260; index++) add({ role: index % 2 === 1 ? "user" : "assistant", content: [{ type: "text", text: `Message ${index}.` }] });
    const { page } = await suite.visit("chat", script);
    await page.getByText("Message 260.", { exact: true }).waitFor();
    expect(await page.getByText("Message 160.", { exact: true }).count()).toBe(0);
    const log = page.getByRole("log");
    await log.evaluate((element) => (element.scrollTop = 300));
    const mark = page.getByText("Message 166.", { exact: true });
    const before = await mark.boundingBox();
    await page.getByText("Message 100.", { exact: true }).waitFor({ state: "attached" });
    await until("the place was kept", async () => Math.abs(((await mark.boundingBox())?.y ?? 0) - (before?.y ?? 0)) < 200);
    expect(suite.gateway.calls.filter((call) => call.method === "chat.history" && call.params.offset !== undefined)[0]?.params).toMatchObject({ offset: 100, limit: 100 });
  });

  it("is read anew after a gap in the events", async () => {
    const { script, add } = talkative();
    add({ role: "user", content: "Before" });
    const { page } = await suite.visit("chat", script);
    await page.getByText("Before").waitFor();
    suite.gateway.push("tick", { ts: 1 }, 5);
    add({ ...say("Missed while away") });
    suite.gateway.push("tick", { ts: 2 }, 9);
    await page.getByText("Missed while away").waitFor();
  });

  it("never runs what a message contains", async () => {
    const { script, add } = talkative();
    add(say("Hello <img src=x onerror='window.hacked=1'> <script>window.hacked=1</script> [link](javascript:window.hacked=1) [safe](https://example.org) <p style='position:fixed'>styled</p> ![remote](https://example.org/x.png)"));
    const { page, trouble } = await suite.visit("chat", script);
    const safe = page.getByRole("link", { name: "safe" });
    await safe.waitFor();
    expect(await safe.getAttribute("rel")).toContain("noopener");
    expect(await page.evaluate(() => (window as unknown as { hacked?: number }).hacked)).toBeUndefined();
    expect(await page.getByText("link", { exact: true }).evaluate((element) => element.getAttribute("href"))).toBeNull();
    await page.getByText("<p style='position:fixed'>styled</p>").waitFor(); // raw markup is shown as the text it is
    expect(trouble).toEqual(clean);
  });
});

describe("a message", () => {
  it("is copied, quoted, looked into and forked from", async () => {
    const { page } = await suite.visit("chat", { methods: sampleMethods() });
    const answer = page.getByRole("article", { name: "Assistant" }).first();
    await answer.hover();
    await answer.getByText("anthropic/claude-sonnet").waitFor();
    await answer.getByRole("button", { name: "Copy message" }).click();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toContain("Three points are open");
    await answer.getByRole("button", { name: "Quote" }).click();
    expect(await composer(page).inputValue()).toContain("> I look into the file.");
    await answer.getByRole("button", { name: "Details" }).click();
    const inspector = page.getByRole("complementary", { name: "Message" });
    await inspector.waitFor();
    await page.locator("oc-drawer").getByText("3.3k tokens").waitFor();
    await picture(page, "chat-inspector");
    await page.keyboard.press("Escape");
    await inspector.waitFor({ state: "detached" });
    await answer.hover();
    await answer.getByRole("button", { name: "Fork from here" }).click();
    await until("the copy is open", () => page.url().endsWith("#/chat/agent:main:chat-copy"));
    expect(suite.gateway.calls.find((call) => call.method === "sessions.fork")?.params).toEqual({ sessionKey: main, entryId: "entry-5" });
  });

  it("has its code coloured and copied alone", async () => {
    const { page } = await suite.visit("chat", { methods: sampleMethods() });
    await page.locator(".hljs-keyword").first().waitFor();
    await page.getByRole("button", { name: "Copy code" }).click();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toMatch(/^const open = [\s\S]*\/\/ 3$/);
  });

  it("keeps what markdown says: which tasks are done, how columns are aligned, how long the code is", async () => {
    const { script, add } = talkative();
    const program = Array.from({ length: 60 }, (_, index) => `line(${index});`).join("\n");
    add(say(`- [ ] sow\n- [x] dig\n\n| What | Size |\n| --- | ---: |\n| seeds | 12 kB |\n\n3. third\n\n\`\`\`js\n${program}\n\`\`\`\n\nThe end`));
    const { page, trouble } = await suite.visit("chat", script);
    await page.getByText("The end").waitFor();
    expect(await page.getByRole("checkbox").evaluateAll((boxes) => boxes.map((box) => [box.getAttribute("aria-label"), (box as HTMLInputElement).checked, (box as HTMLInputElement).disabled]))).toEqual([["To do", false, true], ["Done", true, true]]);
    expect(await page.getByRole("cell", { name: "12 kB" }).evaluate((cell) => getComputedStyle(cell).textAlign)).toBe("end");
    expect(await page.getByRole("log").locator("ol").getAttribute("start")).toBe("3");
    const code = page.getByLabel("Code", { exact: true });
    const height = async (): Promise<number> => (await code.boundingBox())?.height ?? 0;
    const folded = await height();
    await page.getByRole("button", { name: "Show all 60 lines" }).click();
    expect(await height()).toBeGreaterThan(folded * 2);
    await page.getByRole("button", { name: "Show less" }).click();
    expect(await height()).toBe(folded);
    expect(trouble).toEqual(clean);
  });

  it("goes to the model and thinking level that are picked, the demo named as one", async () => {
    const { page } = await suite.visit("chat", { methods: sampleMethods() });
    const picker = page.getByLabel("Model", { exact: true });
    await until("the demo is named as one", async () => (await picker.locator("option").allTextContents()).includes("Demo assistant (built in, not a real model)"));
    await picker.selectOption("demo/assistant");
    await page.getByLabel("Thinking level").selectOption("high");
    await until("both were patched", () => suite.gateway.calls.filter((call) => call.method === "sessions.patch").length === 2);
    expect(suite.gateway.calls.filter((call) => call.method === "sessions.patch").map((call) => call.params)).toEqual([{ key: main, model: "demo/assistant" }, { key: main, thinkingLevel: "high" }]);
  });
});

describe("on a phone", () => {
  it("has the list of conversations behind a button", async () => {
    const { page } = await suite.visit("chat", { methods: sampleMethods() }, { viewport: phone, touch: true });
    await page.getByRole("button", { name: "Conversations" }).click();
    await page.getByRole("link", { name: /Tax letters/ }).click();
    await page.getByRole("heading", { name: "Tax letters" }).waitFor();
    await page.getByRole("complementary", { name: "Conversations" }).waitFor({ state: "detached" });
    await page.getByRole("button", { name: "Search everything" }).click();
    await page.getByRole("combobox", { name: /^Search/ }).fill("overview");
    await page.getByRole("option", { name: "Go to Overview" }).click();
    await page.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
    await page.getByRole("button", { name: "Theme: auto" }).click();
    await page.getByRole("button", { name: /^Theme: (light|dark)$/ }).waitFor();
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    expect(width).toBeLessThanOrEqual(phone.width);
  });
});
