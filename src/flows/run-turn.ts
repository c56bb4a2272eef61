// An admitted prompt becomes a run: session, agent, model policy, tools and prompt are put together, and what a crash left is taken up.
import { Fault } from "../base/faults.ts";
import { lostResult, modelView, openCalls } from "../agents/model-view.ts";
import type { RunEnd } from "../agents/run.ts";
import type { RunResult } from "../agents/runs.ts";
import type { Joining } from "../agents/steering.ts";
import type { AssistantMessage, ToolResultMessage, UserMessage } from "../sdk/provider.ts";
import type { Session } from "../sessions/sessions.ts";
import type { App } from "./app.ts";
import { tellSaid } from "./deliver.ts";
import { openingOf } from "./enrich.ts";
import type { Turn } from "./entry.ts";
import { sessionModelOf } from "./session-model.ts";
import { findTraces, type Traces } from "./traces.ts";

/** A run is taken up this often after a crash; one that brings the process down every time ends with a word to the person. */
const MAX_RESUMES = 3;
const MAIN_KEYS = /^(agent:[^:]+:[^:]+|global)$/;

export async function runTurn(app: App, turn: Turn, collected: Joining[]): Promise<RunEnd> {
  const session = await openSession(app, turn);
  turn.ticket.sessionId = session.sessionId;
  if (turn.history === undefined) app.sessions.mark(turn.sessionKey, "running");
  try {
    const end = await runIn(app, turn, session, collected);
    noteFate(app, turn, session, end.result);
    return end;
  } finally {
    // What the run did not take along has a turn of its own.
    for (const joining of collected) joining.settle({ joined: false });
    if (turn.history === undefined) app.sessions.mark(turn.sessionKey, undefined);
    else session.transcript.close().catch((error: unknown) => app.log.warn("an ephemeral transcript was not closed", { runId: turn.runId, error }));
  }
}

async function runIn(app: App, turn: Turn, session: Session, collected: Joining[]): Promise<RunEnd> {
  const traces = turn.resumes === undefined ? noTraces : await takeUp(app, turn, session);
  if (traces.kind === "ended") return { result: traces.result, spent: traces.spent };
  const opening = traces.kind === "begun" ? [] : await openingOf(app, turn, await session.transcript.messages());
  const end = isWornOut(turn) ? await failedBefore(app, turn, session, opening, wornOut) : await started(app, turn, session, opening, collected);
  return traces.kind === "begun" ? { ...end, spent: [...traces.spent, ...end.spent] } : end;
}

const noTraces: Traces = { kind: "none" };

const wornOut = { code: "run.interrupted", message: `The gateway stopped ${MAX_RESUMES + 1} times while it worked on this message, so it is not started again. Ask again if it is still wanted.` } as const;

function isWornOut(turn: Turn): boolean {
  return turn.resumes !== undefined && turn.resumes >= MAX_RESUMES;
}

async function started(app: App, turn: Turn, session: Session, opening: readonly (UserMessage | ToolResultMessage)[], collected: Joining[]): Promise<RunEnd> {
  try {
    return await start(app, turn, session, opening, collected);
  } catch (error) {
    if (!(error instanceof Fault) || error.code.startsWith("store.")) throw error;
    return failedBefore(app, turn, session, opening, error);
  }
}

async function openSession(app: App, turn: Turn): Promise<Session> {
  if (turn.history === undefined) {
    if (turn.prompt.fresh && !(await hasBegun(app, turn))) await app.sessions.reset(turn.sessionKey);
    return app.sessions.open(turn.sessionKey);
  }
  const session = await app.sessions.ephemeral(turn.agentId, turn.sessionKey.split(":").slice(2).join(":"));
  if (turn.history.length > 0) await session.transcript.append(turn.history.map((message) => ({ type: "message", message })), { durable: false });
  return session;
}

/** A new conversation was begun for this prompt before a crash: it is not begun again. */
async function hasBegun(app: App, turn: Turn): Promise<boolean> {
  const session = turn.resumes === undefined ? undefined : await app.sessions.peek(turn.sessionKey);
  return (await session?.transcript.history())?.some((line) => line.runId === turn.runId) ?? false;
}

/** What an earlier process did for this prompt, made ready to go on. */
async function takeUp(app: App, turn: Turn, session: Session): Promise<Traces> {
  const traces = findTraces(await session.transcript.history(), turn.runId, (turn.prompt.clientTools ?? []).map((tool) => tool.name), app.clock.now());
  if (traces.kind === "ended") return traces;
  if (!isWornOut(turn)) await app.store.rows.commit([{ table: "runs", key: turn.runId, set: { resumes: (turn.resumes ?? 0) + 1, state: "running", sessionId: session.sessionId, updatedAt: app.clock.now() } }]);
  if (traces.kind === "begun") await closeInterrupted(app, turn, session);
  return traces;
}

/** Calls without a result get one that says what is known; the model decides, nothing is repeated by itself. */
async function closeInterrupted(app: App, turn: Turn, session: Session): Promise<void> {
  const messages = await session.transcript.messages();
  const begun = new Set((await app.execution.interrupted(turn.runId)).map((call) => call.callId));
  const now = app.clock.now();
  const results = openCalls(messages).map((call) =>
    lostResult(call, begun.has(call.id) ? "Interrupted: the gateway stopped while this call ran. It may have had its effect; check before doing it again, and tell the person." : "Interrupted: the gateway stopped before this call gave a result. Ask for it again if it is still needed.", now),
  );
  if (results.length > 0) {
    await session.transcript.append(results.map((message) => ({ type: "message", message, runId: turn.runId })), { durable: true });
    return;
  }
  if (isWornOut(turn)) return;
  // The engine goes on from a person's words or a result; an answer that was cut off needs a word after it.
  if (modelView(messages).at(-1)?.role === "assistant") await session.transcript.append([{ type: "custom_message", customType: "resumed", content: "[The gateway was restarted while you answered. What you said up to there was seen; go on from there.]", display: false }], { durable: false });
}

async function start(app: App, turn: Turn, session: Session, opening: readonly (UserMessage | ToolResultMessage)[], collected: Joining[]): Promise<RunEnd> {
  const { prompt, ticket } = turn;
  const config = app.config.current();
  const agent = app.agents.get(turn.agentId, config);
  const sessionModel = sessionModelOf(session.entry);
  const [policy, tools] = await Promise.all([
    app.models.policy({ agentId: agent.id, config, ...(sessionModel === undefined ? {} : { sessionModel }), ...(prompt.model === undefined ? {} : { runModel: prompt.model }) }),
    app.execution.toolsFor({ agentId: agent.id, authority: prompt.authority, config }),
  ]);
  const clientTools = (prompt.clientTools ?? []).map((tool) => ({ name: tool.name, description: tool.description ?? "", parameters: tool.parameters ?? { type: "object", properties: {} } }));
  const taken = new Set(clientTools.map((tool) => tool.name));
  const system = await app.agents.instructions(agent, { config, isMainSession: MAIN_KEYS.test(turn.sessionKey), hasTools: tools.length > 0, ...(prompt.extraSystem === undefined ? {} : { extraSystem: prompt.extraSystem }) });
  const thinking = levelOf(prompt.thinking) ?? levelOf(session.entry.thinkingLevel) ?? agent.thinkingDefault;
  return app.runs.carry(
    ticket,
    {
      workspace: agent.workspace,
      config,
      system,
      transcript: session.transcript,
      opening,
      collected,
      // Where the client brings a tool of the same name, it is the client's that is meant.
      tools: tools.filter((tool) => !taken.has(tool.name)),
      clientTools,
      policy,
      request: {
        ...(thinking === "off" ? {} : { thinking }),
        ...(prompt.maxTokens === undefined ? {} : { maxTokens: prompt.maxTokens }),
        ...(prompt.temperature === undefined ? {} : { temperature: prompt.temperature }),
        ...(prompt.toolChoice === undefined ? {} : { toolChoice: prompt.toolChoice }),
      },
      limits: agent.limits,
      timeoutMs: Math.max(1, prompt.timeoutMs ?? agent.timeoutMs),
      compaction: agent.compaction,
    },
    (messageIds) => {
      const messageId = messageIds.at(-1);
      if (messageId !== undefined && turn.history === undefined) tellSaid(app, turn, session.sessionId, messageId);
    },
  );
}

/** The run could not start (an unknown model, an agent that was removed): said where the person looks. */
async function failedBefore(app: App, turn: Turn, session: Session, opening: readonly (UserMessage | ToolResultMessage)[], error: { code: string; message: string }): Promise<RunEnd> {
  const now = app.clock.now();
  turn.ticket.emit({ type: "run.started", at: now });
  const notice: AssistantMessage = { role: "assistant", content: [], api: "openclaw", provider: "openclaw", model: "notice", usage: { input: 0, output: 0, cacheRead: 0, cacheWrite: 0, totalTokens: 0 }, stopReason: "error", errorMessage: error.message, timestamp: now };
  await session.transcript.append([...opening, notice].map((message) => ({ type: "message", message, runId: turn.runId, ...(message.role === "user" ? { idempotencyKey: turn.runId } : {}) })), { durable: true });
  return { spent: [], result: { runId: turn.runId, state: "failed", startedAt: now, endedAt: now, text: "", sessionId: session.sessionId, error: { code: error.code, message: error.message } } };
}

const levels = ["off", "minimal", "low", "medium", "high", "xhigh"] as const;

function levelOf(text: unknown): (typeof levels)[number] | undefined {
  return levels.find((level) => level === text);
}

/** Whether the last run was cut off; the session's counters come from the transcript. */
function noteFate(app: App, turn: Turn, session: Session, { state }: RunResult): void {
  const wasAborted = session.entry["abortedLastRun"] === true;
  const isAborted = state === "aborted";
  if (turn.history === undefined && isAborted !== wasAborted) app.sessions.touch(turn.sessionKey, { abortedLastRun: isAborted });
}
