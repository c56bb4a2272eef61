import { afterEach, expect, test } from "vitest";
import { createFlowApp, mainKey, saying, type FlowApp, type FlowAppOptions } from "../../test/fixtures/flow-app.ts";
import type { Outcome } from "./accept.ts";

let open: FlowApp[] = [];
afterEach(async () => {
  for (const flow of open) await flow.close();
  open = [];
});

/** A model that answers with the last text it was told, and holds its first answer back until `release`. */
async function heldApp(config: object = {}, more: Partial<FlowAppOptions> = {}) {
  const gate = Promise.withResolvers<void>();
  const flow = await createFlowApp({
    async *script(request, call, signal) {
      if (call === 1) {
        yield { type: "text", delta: "first " };
        await Promise.race([gate.promise, new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()))]);
        if (signal.aborted) return;
      }
      const told = request.messages.slice(-3).flatMap((message) => (message.role === "user" ? [String(message.content)] : []));
      yield* saying({ text: `told ${told.join("+")}` });
    },
    config,
    ...more,
  });
  open.push(flow);
  return { flow, release: gate.resolve };
}
const started = async (flow: FlowApp) => {
  while (flow.requests.length === 0) await new Promise((resolve) => setTimeout(resolve, 2));
};
const outcomeOf = async (accepted: Awaited<ReturnType<FlowApp["send"]>>): Promise<Outcome> => (accepted.kind === "ended" ? { kind: "ran", result: accepted.result } : accepted.outcome);
const userLines = async (flow: FlowApp) => (await (await flow.app.sessions.open(mainKey)).transcript.history()).flatMap(({ message }) => (message.role === "user" ? [message.content] : []));

test("steer joins the run that goes on: the text is taken in before the next model call, once", async () => {
  const { flow, release } = await heldApp();
  const one = await flow.send("one", { key: "k1" });
  await started(flow);
  const two = await flow.send("two", { key: "k2" });
  const three = await flow.send("three", { key: "k3" });
  release();
  expect(await outcomeOf(two)).toEqual({ kind: "joined", runId: "k2", into: "k1" });
  expect(await outcomeOf(three)).toEqual({ kind: "joined", runId: "k3", into: "k1" });
  expect(await outcomeOf(one)).toMatchObject({ kind: "ran", result: { state: "done", text: "told two+three" } });
  expect(await userLines(flow)).toEqual(["one", "two", "three"]);
  expect(flow.events.flatMap(({ name, payload }) => (name === "session.message" && "text" in payload ? [payload.text] : []))).toEqual(["one", "two", "three"]);
  expect(flow.runEvents("k2").map((event) => event.type)).toEqual(["run.queued", "run.ended"]);
  expect(await flow.app.inbox.unsettled()).toEqual([]);
  expect(await flow.send("two", { key: "k2" })).toMatchObject({ kind: "ended", result: { state: "joined", into: "k1" } });
});

test("followup waits for its turn", async () => {
  const { flow, release } = await heldApp();
  const one = await flow.send("one", { key: "k1" });
  await started(flow);
  const two = await flow.send("two", { key: "k2", queueMode: "followup" });
  release();
  expect(await outcomeOf(one)).toMatchObject({ result: { text: "told one" } });
  expect(await outcomeOf(two)).toMatchObject({ kind: "ran", result: { text: "told one+two" } });
});

test("a steering text does not overtake one that waits", async () => {
  const { flow, release } = await heldApp();
  await flow.send("one", { key: "k1" });
  await started(flow);
  const two = await flow.send("two", { key: "k2", queueMode: "followup" });
  const three = await flow.send("three", { key: "k3", queueMode: "steer" });
  release();
  await outcomeOf(two);
  expect(await outcomeOf(three)).toMatchObject({ kind: expect.stringMatching(/ran|joined/) });
  expect(await userLines(flow)).toEqual(["one", "two", "three"]);
});

test("collect makes one turn of what waited, each text once", async () => {
  const { flow, release } = await heldApp({ messages: { queue: { mode: "collect", debounceMs: 10 } } });
  const one = await flow.send("one", { key: "k1" });
  await started(flow);
  const rest = await Promise.all(["two", "three", "four"].map((text) => flow.send(text, { key: text })));
  release();
  expect(await outcomeOf(one)).toMatchObject({ kind: "ran", result: { text: "told one" } });
  expect(await Promise.all(rest.map(outcomeOf))).toMatchObject([
    { kind: "ran", result: { runId: "two", text: "told two+three+four" } },
    { kind: "joined", runId: "three", into: "two" },
    { kind: "joined", runId: "four", into: "two" },
  ]);
  expect(flow.requests).toHaveLength(2);
  expect(await userLines(flow)).toEqual(["one", "two", "three", "four"]);
  expect(await flow.app.inbox.unsettled()).toEqual([]);
});

test("interrupt stops what runs and takes its place", async () => {
  const { flow } = await heldApp();
  const one = await flow.send("one", { key: "k1" });
  await started(flow);
  const two = await flow.send("two", { key: "k2", queueMode: "interrupt" });
  expect(await outcomeOf(one)).toMatchObject({ kind: "ran", result: { state: "aborted", text: "first " } });
  expect(await outcomeOf(two)).toMatchObject({ kind: "ran", result: { state: "done" } });
});

test("only texts of equal authority join: others get a turn of their own", async () => {
  const { flow, release } = await heldApp();
  const less = { person: "owner", scopes: ["operator.read"], door: "chat", tainted: false } as const;
  await flow.send("one", { key: "k1" });
  await started(flow);
  const steered = await flow.send("two", { key: "k2", queueMode: "steer", authority: less });
  const interrupting = await flow.send("three", { key: "k3", queueMode: "interrupt", authority: { ...less, scopes: [] } });
  release();
  expect(await outcomeOf(steered)).toMatchObject({ kind: "ran", result: { state: "done" } });
  expect(await outcomeOf(interrupting)).toMatchObject({ kind: "ran", result: { state: "done" } });
  expect(await flow.app.runs.result("k1")).toMatchObject({ state: "done" });
});

test("a program that waits for its answer gets a turn of its own", async () => {
  const { flow, release } = await heldApp();
  await flow.send("one", { key: "k1" });
  await started(flow);
  const two = await flow.send("two", { key: "k2", door: "agent" });
  release();
  expect(await outcomeOf(two)).toMatchObject({ kind: "ran", result: { state: "done", text: "told one+two" } });
});

test("stopping a waiting text ends it alone; stopping the session ends them all", async () => {
  const { flow } = await heldApp();
  const one = await flow.send("one", { key: "k1" });
  await started(flow);
  const two = await flow.send("two", { key: "k2" });
  const three = await flow.send("three", { key: "k3", queueMode: "followup" });
  expect(flow.app.runs.abort(mainKey, { runId: "k2", by: "rpc" })).toEqual(["k2"]);
  expect(await outcomeOf(two)).toMatchObject({ kind: "ran", result: { state: "aborted", abortedBy: "rpc" } });
  expect(flow.app.runs.live(mainKey).map((run) => run.runId)).toEqual(["k1", "k3"]);
  expect(flow.app.runs.abort(mainKey, { by: "stop" })).toEqual(["k1", "k3"]);
  expect(await outcomeOf(one)).toMatchObject({ result: { state: "aborted" } });
  expect(await outcomeOf(three)).toMatchObject({ result: { state: "aborted" } });
  expect(await userLines(flow)).toEqual(["one"]);
  expect(flow.app.runs.load()).toEqual({ active: 0, waiting: 0 });
});

test.each([{ agents: { defaults: { maxQueued: 2 } } }, { messages: { queue: { cap: 2 } } }])("a queue that is full refuses before it accepts: %j", async (config) => {
  const { flow, release } = await heldApp(config);
  await flow.send("one", { key: "k1" });
  await started(flow);
  const two = await flow.send("two", { key: "k2", queueMode: "followup" });
  await expect(flow.send("three", { key: "k3", queueMode: "followup" })).rejects.toMatchObject({ code: "lane.full" });
  expect(await flow.app.inbox.byKey("k3")).toBeUndefined();
  release();
  await outcomeOf(two);
});

test("the global cap holds runs of other sessions back", async () => {
  const { flow, release } = await heldApp({ agents: { defaults: { maxConcurrent: 1 } } });
  const one = await flow.send("one", { key: "k1" });
  await started(flow);
  const other = await flow.send("other", { key: "k2", sessionKey: "agent:main:other" });
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(flow.requests).toHaveLength(1);
  release();
  await Promise.all([outcomeOf(one), outcomeOf(other)]);
  expect(flow.requests).toHaveLength(2);
});

test("a prompt for an agent that is not there is refused, with nothing on record and no folder for it", async () => {
  const { flow } = await heldApp();
  const before = flow.app.runs.live().length;
  await expect(flow.send("hello", { key: "lost", sessionKey: "agent:nobody:main", agentId: "nobody" })).rejects.toMatchObject({ code: "agent.unknown" });
  expect(flow.app.runs.live()).toHaveLength(before);
  expect(await flow.app.inbox.unsettled()).toEqual([]);
  expect(await flow.app.runs.result("lost")).toBeUndefined();
});
