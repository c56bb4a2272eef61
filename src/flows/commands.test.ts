import { afterEach, expect, test } from "vitest";
import { createFlowApp, mainKey, saying, type FlowApp, type FlowAppOptions } from "../../test/fixtures/flow-app.ts";
import type { ConfigSnapshot } from "../config/config.ts";
import { withDefaults } from "../config/defaults.ts";
import { commands, isStopPhrase, parseCommand } from "./commands.ts";
import { recover } from "./recover.ts";

let open: FlowApp[] = [];
afterEach(async () => {
  for (const flow of open) await flow.close();
  open = [];
});
async function flowApp(options: Partial<FlowAppOptions> = {}): Promise<FlowApp> {
  const flow = await createFlowApp({ script: () => ({ text: "answer" }), ...options });
  open.push(flow);
  return flow;
}
const textOf = async (flow: FlowApp, command: string) => {
  const outcome = await flow.ask(command);
  return outcome.kind === "command" ? outcome.text : outcome.kind;
};

test("stop phrases are these seven, whatever their case and blanks", () => {
  for (const phrase of ["/stop", "stop", "esc", "abort", "wait", "exit", "interrupt", " STOP \n"]) expect(isStopPhrase(phrase)).toBe(true);
  for (const phrase of ["stop it", "please wait", "/stopp", "", "exit now"]) expect(isStopPhrase(phrase)).toBe(false);
});

test("a command is its name, alone or with words after it; other slashes are for the model", () => {
  const app = { config: { current: () => ({ value: withDefaults({ session: { resetTriggers: ["/new", "/reset", "forget"] } }) }) as ConfigSnapshot } };
  const parse = (text: string) => parseCommand(app, text);
  expect(parse("/model a/b")).toMatchObject({ command: { name: "/model" }, args: "a/b" });
  expect(parse(" /RESET ")?.command.name).toBe("/new");
  expect(parse("abort")?.command.name).toBe("/stop");
  expect(parse("/etc/hosts says what?")).toBeUndefined();
  expect(parse("what does /help do")).toBeUndefined();
  expect(parse("forget")?.command.name).toBe("/new");
  expect(parse("forgetful")).toBeUndefined();
});

test("the help names every command", async () => {
  const flow = await flowApp();
  const text = await textOf(flow, "/help");
  for (const command of commands) expect(text).toContain(`${command.name}`);
});

test("a command's answer is in the transcript, on the bus and in the record, and the model never sees it", async () => {
  const flow = await flowApp();
  await flow.ask("hi");
  const outcome = await flow.ask("/status", { key: "cmd-1" });
  expect(outcome).toMatchObject({ kind: "command", runId: "cmd-1", text: expect.stringContaining("Model: scripted/model") });
  const last = (await (await flow.app.sessions.open(mainKey)).transcript.history()).at(-1);
  expect(last).toMatchObject({ runId: "cmd-1", message: { role: "assistant", stopReason: "injected" } });
  expect(flow.events.find(({ name, payload }) => name === "session.message" && "kind" in payload && payload.kind === "command")?.payload).toMatchObject({ runId: "cmd-1", spokenKey: "main" });
  expect(await flow.send("/status", { key: "cmd-1" })).toMatchObject({ kind: "ended", result: { state: "done" } });
  await flow.ask("next");
  expect(flow.requests.at(-1)?.messages.map((message) => message.role)).toEqual(["user", "assistant", "user"]);
});

test("/stop does not wait for the lane", async () => {
  const flow = await flowApp({
    async *script(_, __, signal) {
      yield { type: "text", delta: "on and on" };
      await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
    },
  });
  const run = await flow.send("talk");
  while (flow.requests.length === 0) await new Promise((resolve) => setTimeout(resolve, 2));
  expect(await textOf(flow, "/stop")).toBe("Stopped.");
  expect(run.kind === "started" && (await run.outcome)).toMatchObject({ result: { state: "aborted", abortedBy: "stop" } });
  expect(await textOf(flow, "stop")).toBe("Nothing is running.");
});

test("/new begins another transcript and answers in it", async () => {
  const flow = await flowApp();
  await flow.ask("hi");
  const before = (await flow.app.sessions.open(mainKey)).sessionId;
  expect(await textOf(flow, "/new")).toContain("New conversation");
  const session = await flow.app.sessions.open(mainKey);
  expect(session.sessionId).not.toBe(before);
  expect((await session.transcript.history()).map(({ message }) => message.role)).toEqual(["assistant"]);
  await flow.ask("again");
  expect(flow.requests.at(-1)?.messages).toHaveLength(1);
});

test("/new with words behind it stops what runs and begins the new conversation with them", async () => {
  const flow = await flowApp({
    async *script(_, call, signal) {
      if (call === 1) await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
      else yield* saying({ text: "hello" });
    },
  });
  const old = await flow.send("talk");
  while (flow.requests.length === 0) await new Promise((resolve) => setTimeout(resolve, 2));
  expect(await flow.ask("/new what now?", { key: "k" })).toMatchObject({ kind: "ran", result: { text: "hello" } });
  expect(old.kind === "started" && (await old.outcome)).toMatchObject({ result: { state: "aborted" } });
  expect(flow.requests.at(-1)?.messages).toMatchObject([{ role: "user", content: "what now?" }]);
  expect(await flow.send("/new what now?", { key: "k" })).toMatchObject({ kind: "ended" });
});

test("a command asks for its scope", async () => {
  const flow = await flowApp();
  const reader = { person: "owner", scopes: ["operator.read"], door: "chat", tainted: false } as const;
  expect(await flow.ask("/new", { authority: reader })).toMatchObject({ kind: "command", text: "missing scope: operator.write" });
  expect(await flow.ask("/help", { authority: reader })).toMatchObject({ kind: "command", text: expect.stringContaining("/new") });
});

test("/model shows, chooses and gives up the choice", async () => {
  const flow = await flowApp();
  expect(await textOf(flow, "/model")).toBe("Model: scripted/model");
  expect(await textOf(flow, "/model scripted/model")).toContain("Model: scripted/model");
  expect((await flow.app.sessions.open(mainKey)).entry.modelOverride).toBe("model");
  expect(await textOf(flow, "/model default")).toBe("Model: scripted/model");
  expect((await flow.app.sessions.open(mainKey)).entry.modelOverride).toBeUndefined();
});

test("/compact says when there is nothing to shorten, and refuses while something runs", async () => {
  const flow = await flowApp({
    async *script(_, __, signal) {
      yield { type: "text", delta: "on" };
      await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
    },
  });
  expect(await textOf(flow, "/compact")).toContain("No session found");
  await flow.send("talk");
  while (flow.requests.length === 0) await new Promise((resolve) => setTimeout(resolve, 2));
  expect(await textOf(flow, "/compact")).toContain("still running");
  flow.app.runs.abort(mainKey, { by: "stop" });
});

test("a literal text is not a command", async () => {
  const flow = await flowApp();
  expect(await flow.ask("/help", { literal: true })).toMatchObject({ kind: "ran", result: { text: "answer" } });
});

test("a command that was answered before a crash is settled, not run again", async () => {
  const flow = await createFlowApp({ script: () => ({ text: "x" }), change: (app) => ({ ...app, store: { ...app.store, rows: { ...app.store.rows, commit: async (batch) => (batch.some((write) => "set" in write && write.table === "inbox") ? new Promise(() => {}) : app.store.rows.commit(batch)) } } }) });
  void flow.send("/new", { key: "cmd" });
  while (!flow.events.some(({ name }) => name === "session.message")) await new Promise((resolve) => setTimeout(resolve, 2));
  const sessionId = (await flow.app.sessions.open(mainKey)).sessionId;
  await flow.release();
  const second = await flowApp({ stateDir: flow.stateDir });
  await (await recover(second.app)).begin();
  expect((await second.app.sessions.open(mainKey)).sessionId).toBe(sessionId);
  expect(await second.app.inbox.unsettled()).toEqual([]);
  expect(await second.app.runs.result("cmd")).toMatchObject({ state: "done", text: expect.stringContaining("New conversation") });
});
