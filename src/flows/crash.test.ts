import { rm } from "node:fs/promises";
import { afterAll, expect, test } from "vitest";
import { createCrashStore, type CrashPlan } from "../../test/fixtures/crash-store.ts";
import { createFlowApp, mainKey, recordingTool, saying, type FlowApp, type FlowAppOptions, type Script } from "../../test/fixtures/flow-app.ts";
import type { App } from "./app.ts";
import { recover } from "./recover.ts";

const dirs: string[] = [];
afterAll(async () => {
  for (const dir of dirs) await rm(dir, { recursive: true, force: true });
});

interface Scenario {
  /** Later texts may join the run of the first. */
  joins?: true;
  prompts: { key: string; text: string }[];
  script: Script;
  tools(effects: string[]): FlowAppOptions["tools"];
}

const plain: Scenario = { prompts: [{ key: "k1", text: "one" }], script: (request) => ({ text: `answer to ${lastText(request)}` }), tools: () => [] };
const queued: Scenario = { ...plain, prompts: [{ key: "k1", text: "one" }, { key: "k2", text: "two" }, { key: "k3", text: "three" }] };
/** The first answer is slow, so that the other texts arrive while it is given. */
const joining: Scenario = {
  ...queued,
  joins: true,
  async *script(request, call) {
    yield { type: "text", delta: "" };
    if (call === 1) await new Promise((resolve) => setTimeout(resolve, 20));
    yield* saying({ text: `answer to ${lastText(request)}` });
  },
};
/** The model asks for an effect once and words its result, whatever that is. */
const effect: Scenario = {
  prompts: [{ key: "k1", text: "do it" }],
  script: (request) => (request.messages.at(-1)?.role === "user" ? { text: "I will", calls: [{ name: "act" }, { name: "look" }] } : { text: `answer to ${lastText(request)}` }),
  tools: (effects) => [recordingTool("act", effects, { effect: true }), recordingTool("look", [])],
};

function lastText(request: Parameters<Script>[0]): string {
  const user = request.messages.findLast((message) => message.role === "user");
  return typeof user?.content === "string" ? user.content : "?";
}

/** Runs the scenario, kills it at the planned write, starts again, lets clients retry, and says what is wrong with what is there. */
async function killAndRestart(scenario: Scenario, plan: CrashPlan, change: (app: App) => App = (app) => app): Promise<{ faults: string[]; writes: number }> {
  const effects: string[] = [];
  const crash = createCrashStore(plan);
  const options: FlowAppOptions = { script: scenario.script, tools: scenario.tools(effects) ?? [], change };
  const first = await createFlowApp({ ...options, wrapStore: crash.wrap });
  dirs.push(first.stateDir);
  const accepted = new Set<string>();
  const all = Promise.all(
    scenario.prompts.map(async ({ key, text }) => {
      const answer = await first.send(text, { key, queueMode: scenario.joins ? "steer" : "followup" });
      accepted.add(key);
      return answer.kind === "ended" ? undefined : answer.outcome;
    }),
  );
  await Promise.race([all, crash.crashed]);
  // What follows a receipt is written behind the answer.
  if (plan.at !== Infinity) await Promise.race([crash.crashed, new Promise((resolve) => setTimeout(resolve, 30))]);
  const second = await restart(first, options);
  await (await recover(second.app)).begin();
  const answered = new Set<string>();
  for (const key of accepted) if ((await second.app.runs.result(key)) !== undefined) answered.add(key);
  // A client that never heard back asks again under the same key.
  const silent: string[] = [];
  for (const { key, text } of scenario.prompts) {
    const outcome = await Promise.race([second.ask(text, { key, queueMode: "followup" }), new Promise<undefined>((resolve) => setTimeout(resolve, 1_000))]);
    if (!outcome) silent.push(`${key} never gets an answer`);
  }
  const faults = [...silent, ...(await judge(second, scenario, effects))];
  for (const key of accepted) if (!answered.has(key)) faults.push(`${key} was accepted and lost`);
  await second.close({ keepDir: true });
  return { faults, writes: crash.writes.length };
}

/** The first process is gone: only its files are left. */
async function restart(first: FlowApp, options: FlowAppOptions): Promise<FlowApp> {
  await first.release();
  return createFlowApp({ ...options, stateDir: first.stateDir });
}

async function judge(flow: FlowApp, scenario: Scenario, effects: string[]): Promise<string[]> {
  const faults: string[] = [];
  // Read past `open`, which one of the mutants spoils.
  const history = (await (await flow.app.sessions.peek(mainKey))?.transcript.history()) ?? [];
  const told = history.map(({ message }) => (message.role === "assistant" ? message.content.map((block) => (block.type === "text" ? block.text : "")).join("") : ""));
  for (const { key, text } of scenario.prompts) {
    const asked = history.filter((entry) => entry.idempotencyKey === key).length;
    if (asked !== 1) faults.push(`${key} is ${asked} times in the transcript`);
    const answers = told.filter((line) => line === `answer to ${text}`).length;
    const result = await flow.app.runs.result(key);
    const isJoined = scenario.joins && result?.state === "joined";
    // Texts that join together are answered together, after the last of them.
    const isLast = key === scenario.prompts.at(-1)?.key;
    if (scenario.joins && !isLast ? answers > 1 : answers !== 1) faults.push(`${key} was answered ${answers} times`);
    if (result?.state !== "done" && !isJoined) faults.push(`${key} ended as ${result?.state}`);
    const parts = await flow.app.store.rows.find("outbox", { where: { origin: key } });
    if (parts.length !== (isJoined ? 0 : 1)) faults.push(`${key} has ${parts.length} parts`);
  }
  const order = history.flatMap((entry) => (entry.idempotencyKey === undefined ? [] : [entry.idempotencyKey]));
  if (order.join() !== scenario.prompts.map(({ key }) => key).join()) faults.push(`order ${order.join()}`);
  const calls = new Set(history.flatMap(({ message }) => (message.role === "toolResult" ? [message.toolCallId] : [])));
  for (const { message } of history) if (message.role === "assistant") for (const block of message.content) if (block.type === "toolCall" && !calls.has(block.id)) faults.push(`call ${block.id} has no result`);
  if (effects.length > 1) faults.push(`the effect happened ${effects.length} times`);
  const open = await flow.app.inbox.unsettled();
  if (open.length > 0) faults.push(`${open.length} entries are open`);
  return faults;
}

/** Every write of the scenario is the last one once, lost and made. */
async function everywhere(scenario: Scenario, change?: (app: App) => App, expected?: RegExp): Promise<{ cases: number; faults: string[] }> {
  const isCaught = () => expected !== undefined && faults.some((fault) => expected.test(fault));
  const whole = await killAndRestart(scenario, { at: Infinity, when: "before" }, change);
  const faults = [...whole.faults];
  let cases = 1;
  if (isCaught()) return { cases, faults };
  for (let at = 1; at <= whole.writes; at++) {
    for (const when of ["before", "after"] as const) {
      const { faults: found } = await killAndRestart(scenario, { at, when }, change);
      faults.push(...found.map((fault) => `killed ${when} write ${at}: ${fault}`));
      cases++;
      if (isCaught()) return { cases, faults };
    }
  }
  return { cases, faults };
}

test("[R01] [R02] no message is lost and none is answered twice, wherever a plain turn is killed", { timeout: 60_000 }, async () => {
  const { cases, faults } = await everywhere(plain);
  console.log(`[R01] [R02] ${cases} kills of a plain turn`);
  expect(faults).toEqual([]);
  expect(cases).toBeGreaterThan(8);
});

test("[R01] [R02] three waiting messages keep their order and their one answer each, wherever the process is killed", { timeout: 60_000 }, async () => {
  const { cases, faults } = await everywhere(queued);
  console.log(`[R01] [R02] ${cases} kills of three queued turns`);
  expect(faults).toEqual([]);
});

test("[R01] [R02] texts that join a run are in it once, wherever the process is killed", { timeout: 60_000 }, async () => {
  const { cases, faults } = await everywhere(joining);
  console.log(`[R01] [R02] ${cases} kills of a run that others join`);
  expect(faults).toEqual([]);
});

test("[R03] an effect happens at most once and every call has a result, wherever the process is killed", { timeout: 60_000 }, async () => {
  const { cases, faults } = await everywhere(effect);
  console.log(`[R03] ${cases} kills of a turn with an effect`);
  expect(faults).toEqual([]);
});

test("[R01] the check catches entries that are settled before they are answered", { timeout: 60_000 }, async () => {
  const { faults } = await everywhere(plain, (app) => ({ ...app, inbox: { ...app.inbox, accept: (row, run) => app.inbox.accept({ ...row, state: "settled" }, run) } }), /accepted and lost/);
  expect(faults.join("\n")).toContain("accepted and lost");
});

test("[R02] the check catches a gateway that forgets what it was asked", { timeout: 60_000 }, async () => {
  const forgetful = (app: App): App => ({ ...app, inbox: { ...app.inbox, accept: async (row, run) => (await app.store.rows.commit([{ table: "inbox", put: { ...row, dedupeKey: row.id } }, { table: "runs", put: run }]), "accepted") } });
  const { faults } = await everywhere(plain, forgetful, /answered 2 times/);
  expect(faults.join("\n")).toContain("answered 2 times");
});

test("[R03] the check catches a resume that begins the run again", { timeout: 60_000 }, async () => {
  const blind = (app: App): App => ({
    ...app,
    sessions: {
      ...app.sessions,
      open: async (key) => {
        const session = await app.sessions.open(key);
        return { ...session, transcript: { ...session.transcript, history: async () => [] } };
      },
    },
  });
  const { faults } = await everywhere(effect, blind, /the effect happened/);
  expect(faults.join("\n")).toMatch(/the effect happened [2-9] times/);
});
