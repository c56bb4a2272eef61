// From a result to its visible outcome: one transaction ends the run, books what it cost, plans the parts and settles the entry.
import { Fault } from "../base/faults.ts";
import type { RunEnd } from "../agents/run.ts";
import type { RunResult } from "../agents/runs.ts";
import type { Write } from "../sdk/backends.ts";
import type { App } from "./app.ts";
import type { Outcome, PromptEntry, Turn } from "./entry.ts";

/** Where the answers of prompts without a channel go. */
const WEBCHAT = "webchat";

export async function endRun(app: App, turn: Turn, { result, spent }: RunEnd): Promise<Outcome> {
  const usage = spent.map((message, step) => app.usage.book(message, { runId: turn.runId, step, sessionKey: turn.sessionKey, agentId: turn.agentId }));
  if (turn.inboxId === undefined) {
    turn.ticket.finish(result);
    inBackground(app, turn.runId, app.store.rows.commitSoon(usage));
    return { kind: "ran", result };
  }
  const parts = result.text === "" ? [] : [JSON.stringify({ text: result.text })];
  const planned = app.outbox.plan(turn.runId, WEBCHAT, parts);
  const send = () => inBackground(app, turn.runId, app.outbox.send(planned, app.signal));
  const record = () => settle(app, turn, result, [...usage, ...planned.map((row): Write => ({ table: "outbox", add: row }))], { kind: "ran", state: result.state });
  try {
    await record();
  } catch (error) {
    if (!isStoreFault(error)) throw error;
    return unrecorded(app, turn, error, async () => {
      await record();
      send();
    });
  }
  turn.ticket.finish(result);
  send();
  return { kind: "ran", result };
}

/** Its text is in the transcript as part of another run. */
export async function endJoined(app: App, turn: Turn, into: string, messageId?: string): Promise<Outcome> {
  const now = app.clock.now();
  const result: RunResult = { runId: turn.runId, state: "joined", startedAt: now, endedAt: now, text: "", into };
  if (messageId !== undefined) tellSaid(app, turn, app.runs.find(into)?.sessionId ?? "", messageId);
  await settle(app, turn, result, [], { kind: "joined", into });
  turn.ticket.finish(result);
  return { kind: "joined", runId: turn.runId, into };
}

/** The person's line is in the transcript now: whoever watches the session may show it. */
export function tellSaid(app: App, turn: Turn, sessionId: string, messageId: string): void {
  app.events.emit("session.message", { sessionKey: turn.sessionKey, sessionId, agentId: turn.agentId, spokenKey: turn.prompt.spokenKey, runId: turn.runId, kind: "user", text: turn.prompt.text, messageId });
}

/** Stopped before its turn came. */
export async function endAborted(app: App, turn: Turn): Promise<Outcome> {
  const now = app.clock.now();
  const result: RunResult = { runId: turn.runId, state: "aborted", startedAt: now, endedAt: now, text: "", abortedBy: turn.ticket.abortedBy ?? "stop" };
  await settle(app, turn, result, [], { kind: "ran", state: "aborted" });
  turn.ticket.finish(result);
  return { kind: "ran", result };
}

/** The process stops: nothing is settled, the row is found at the next start. */
export function leaveForRestart(app: App, turn: Turn, cut?: RunResult): Outcome {
  const now = app.clock.now();
  const waiting: RunResult = { runId: turn.runId, state: "interrupted", startedAt: now, endedAt: now, text: "", error: { code: "run.interrupted", message: "the gateway is stopping; the message is kept and answered after the restart" }, abortedBy: "shutdown" };
  const result = cut ?? waiting;
  turn.ticket.finish(result);
  return { kind: "ran", result };
}

/** A flow that broke (a bug, a disk that is full): the person is told, whatever else fails. */
export async function endBroken(app: App, entry: PromptEntry, error: unknown): Promise<Outcome> {
  app.log.error("an accepted message could not be answered", { runId: entry.runId, sessionKey: entry.sessionKey, error });
  const result = brokenResult(app, entry, error);
  const record = () => settle(app, entry, result, [], { kind: "ran", state: "failed" });
  try {
    await record();
  } catch (cause) {
    return unrecorded(app, entry, cause, record);
  }
  return tell(app, entry, result);
}

/** The outcome is known and cannot be kept: the person is told at once, the record follows when there is room, at the latest at the next start. */
function unrecorded(app: App, entry: PromptEntry, error: unknown, record: () => Promise<void>): Outcome {
  inBackground(app, entry.runId, untilRecorded(app, record));
  return tell(app, entry, brokenResult(app, entry, error));
}

const FIRST_RETRY_MS = 1_000;
const LAST_RETRY_MS = 30_000;

async function untilRecorded(app: App, record: () => Promise<void>): Promise<void> {
  for (let delayMs = FIRST_RETRY_MS; ; delayMs = Math.min(LAST_RETRY_MS, delayMs * 2)) {
    await app.clock.sleep(delayMs, app.signal);
    try {
      return await record();
    } catch (error) {
      if (!isStoreFault(error)) throw error;
    }
  }
}

function brokenResult(app: App, entry: PromptEntry, error: unknown): RunResult {
  const now = app.clock.now();
  const known = error instanceof Fault ? { code: error.code, message: error.message } : { code: "internal", message: "internal error; see the gateway's log" };
  return { runId: entry.runId, state: "failed", startedAt: now, endedAt: now, text: "", error: known };
}

function tell(app: App, entry: PromptEntry, result: RunResult): Outcome {
  if (entry.ticket) entry.ticket.finish(result);
  else app.runs.note(result);
  return { kind: "ran", result };
}

function isStoreFault(error: unknown): boolean {
  return error instanceof Fault && error.code.startsWith("store.");
}

/** The run's end and the entry's outcome in one transaction, with what else belongs to it. An entry that is settled already stays as it is. */
export async function settle(app: App, entry: PromptEntry, result: RunResult, more: readonly Write[], outcome: object): Promise<void> {
  if (entry.inboxId === undefined) return;
  const done = await app.store.rows.commit([
    { table: "runs", key: entry.runId, set: { state: result.state, sessionId: result.sessionId ?? entry.ticket?.sessionId ?? "", startedAt: result.startedAt, endedAt: result.endedAt, result: JSON.stringify(result), updatedAt: app.clock.now() } },
    app.inbox.settle(entry.inboxId, outcome),
    ...more,
  ]);
  if (!done.ok) app.log.warn("an entry was settled before", { runId: entry.runId, conflict: done.conflict });
}

/** The receipt and the books of conversations that are not recorded follow behind; nobody waits for them. */
function inBackground(app: App, runId: string, work: Promise<unknown>): void {
  work.catch((error: unknown) => {
    if (!app.signal.aborted) app.log.error("work after a run failed", { runId, error });
  });
}
