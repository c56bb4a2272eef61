// One run: signal in, events out. Takes everything as arguments, never throws for a model, the network or a tool.
import { deadline } from "../base/abort.ts";
import type { Clock } from "../base/clock.ts";
import { Fault } from "../base/faults.ts";
import type { ConfigSnapshot } from "../config/config.ts";
import type { Execution } from "../execution/execution.ts";
import { narrow } from "../guard/authority.ts";
import type { ModelPolicy, Models } from "../models/models.ts";
import type { Authority } from "../protocol/scopes.ts";
import type { AssistantMessage, Message, ModelEvent, ModelRequest, ToolCallBlock, ToolDeclaration, ToolResultMessage, UserMessage } from "../sdk/provider.ts";
import type { Tool } from "../sdk/tool.ts";
import type { Transcript } from "../sessions/transcript.ts";
import { compact, isUntrustedSummary, type CompactionSettings } from "./compact.ts";
import type { Engine, EngineEvent, EngineTool } from "./engine.ts";
import { cutByRestart, modelCall } from "./model-call.ts";
import { estimateTokens, fitView, isUntrusted, lostResult, modelView, notice, openCalls, wordsOf } from "./model-view.ts";
import { createRunLimits, type Limits, type RunLimits } from "./run-limits.ts";
import { createRunLog, type RunLog } from "./run-log.ts";
import { createProgress, type RunProgress, type RunWatch } from "./run-progress.ts";
import { totalUsage, type RunFailure, type RunResult } from "./run-result.ts";
import { createToolCaller } from "./run-tools.ts";
import type { Joining, Steering } from "./steering.ts";

export interface RunTask {
  runId: string;
  sessionKey: string;
  sessionId: string;
  agentId: string;
  workspace: string;
  authority: Authority;
  config: ConfigSnapshot;
  system: string;
  transcript: Transcript;
  /** What starts the run: the person's text, or results the client brought; empty when the transcript has it already and the run goes on. */
  opening: readonly (UserMessage | ToolResultMessage)[];
  tools: readonly Tool[];
  /** Tools the client brought: their calls end the run. */
  clientTools: readonly ToolDeclaration[];
  policy: ModelPolicy;
  request: Pick<ModelRequest, "thinking" | "maxTokens" | "temperature" | "toolChoice">;
  limits: Limits;
  timeoutMs: number;
  compaction: CompactionSettings;
  /** Texts of others that became part of this prompt, in order. */
  collected: readonly Joining[];
  steering: Steering;
}

export interface RunDeps {
  clock: Clock;
  engine: Engine;
  models: Pick<Models, "stream">;
  execution: Pick<Execution, "call">;
}

export interface RunEnd {
  result: RunResult;
  /** Every model call that was made, for the books; those of summaries too. */
  spent: AssistantMessage[];
}

type ModelFailed = Extract<ModelEvent, { type: "failed" }>;

/** A history that is too long is shortened this often within one run. */
const MAX_COMPACTIONS = 3;
/** A context window that nobody knows is taken for this. */
const USUAL_WINDOW_TOKENS = 128_000;
const LEAST_ROOM_TOKENS = 1_000;

export async function run(deps: RunDeps, task: RunTask, signal: AbortSignal, watch: RunWatch): Promise<RunEnd> {
  const startedAt = deps.clock.now();
  const time = deadline(deps.clock, task.timeoutMs, signal);
  const progress = createProgress(watch);
  const log = createRunLog(task.transcript, task.runId);
  watch.emit({ type: "run.started", at: startedAt });
  let failure: RunFailure | undefined;
  try {
    failure = await createRun({ deps, task, signal: time.signal, watch, progress, log }).carry();
  } catch (error) {
    failure = { state: "failed", error: { code: error instanceof Fault ? error.code : "internal", message: error instanceof Error ? error.message : String(error) } };
  } finally {
    time.clear();
    task.steering.close();
    log.abandon();
  }
  const abortedBy = failure?.state === "aborted" ? (watch.abortedBy() ?? "stop") : failure?.state === "timed-out" ? "timeout" : undefined;
  const usage = totalUsage(progress.spent);
  const clientToolCalls = progress.clientCalls();
  return {
    spent: progress.spent,
    result: {
      runId: task.runId,
      state: failure?.state ?? "done",
      startedAt,
      endedAt: deps.clock.now(),
      text: progress.text(),
      sessionId: task.sessionId,
      ...progress.served(),
      ...(failure?.error === undefined ? {} : { error: failure.error }),
      ...(usage === undefined ? {} : { usage }),
      ...(clientToolCalls.length === 0 ? {} : { clientToolCalls }),
      ...(abortedBy === undefined ? {} : { abortedBy }),
    },
  };
}

interface RunParts {
  deps: RunDeps;
  task: RunTask;
  signal: AbortSignal;
  watch: RunWatch;
  progress: RunProgress;
  log: RunLog;
}

function createRun({ deps, task, signal, watch, progress, log }: RunParts) {
  const { clock } = deps;
  const limits = createRunLimits(task.limits);
  const endsAt = clock.monotonic() + task.timeoutMs;
  const roomTokens = Math.max(LEAST_ROOM_TOKENS, Math.min(task.policy.candidates[0]?.contextWindow ?? USUAL_WINDOW_TOKENS, task.compaction.contextTokens ?? Infinity) - task.compaction.reserveTokens);
  const clientNames = new Set(task.clientTools.map((tool) => tool.name));
  const declarations: ToolDeclaration[] = [...task.tools.map(({ name, description, params }) => ({ name, description, parameters: params })), ...task.clientTools];
  const joinings = new WeakMap<Message, Joining>();
  let calls = 0;
  let compactions = 0;
  let compactedAt = 0;
  let summaryIsUntrusted = false;
  let lastFailure: ModelFailed | undefined;

  /** One call as the engine gets it; how it failed is remembered. */
  async function* stream(messages: readonly Message[], on: AbortSignal): AsyncGenerator<ModelEvent> {
    lastFailure = undefined;
    const events = modelCall(deps.models.stream(task.policy, requestFor(messages), on), on, { now: clock.now, report: progress.report });
    for await (const event of events) {
      if (event.type !== "failed") {
        yield event;
        continue;
      }
      const isRestart = event.kind === "aborted" && watch.abortedBy() === "shutdown";
      lastFailure = isRestart ? { ...event, message: { ...event.message, errorMessage: cutByRestart } } : event;
      yield lastFailure;
    }
  }
  const requestFor = (messages: readonly Message[]) => {
    calls++;
    const isForced = typeof task.request.toolChoice === "object" || task.request.toolChoice === "required";
    return {
      ...task.request,
      // A forced call is forced once: its result has to be answered with words.
      ...(isForced && calls > 1 ? { toolChoice: "auto" as const } : {}),
      system: task.system,
      messages,
      tools: declarations,
      sessionId: task.sessionId,
      remainingMs: Math.max(1, endsAt - clock.monotonic()),
    };
  };

  const shorten = async (isRetry: boolean): Promise<Message[]> => {
    compactions++;
    watch.emit({ type: "compaction.started" });
    const made = await compact({ clock, stream: (request, on) => deps.models.stream(task.policy, request, on) }, { transcript: task.transcript, roomTokens, settings: task.compaction, sessionId: task.sessionId }, signal);
    progress.spend(made.spent);
    compactedAt = clock.now();
    watch.emit({ type: "compaction.ended", retry: isRetry });
    // Where even the newest part is too long, a retry has to be shorter than the try before.
    return fitView(modelView(await task.transcript.messages()), isRetry ? Math.floor(roomTokens / 2 ** (compactions - 1)) : roomTokens);
  };

  const willShorten = () => lastFailure?.kind === "context-length" && compactions < MAX_COMPACTIONS && !signal.aborted;

  /** Opening lines and collected texts, written and in the model's view. */
  const begin = async (): Promise<Message[]> => {
    const history = await task.transcript.messages();
    const last = await task.transcript.compaction();
    if (last) {
      compactedAt = Date.parse(last.timestamp);
      summaryIsUntrusted = isUntrustedSummary(last);
    }
    if (task.opening.length > 0) {
      const ids = await log.opening(task.opening);
      watch.opened?.(ids);
    }
    for (const joining of task.collected) await log.joined(joining);
    return history.concat(task.opening, task.collected.map((joining) => joining.message));
  };

  const turnEnded = async (message: AssistantMessage, results: readonly ToolResultMessage[]): Promise<"go-on" | "end"> => {
    if (results.length > 0) await log.flush();
    limits.tokens(message.usage.totalTokens);
    const asked = message.content.filter((block): block is ToolCallBlock => block.type === "toolCall" && clientNames.has(block.name));
    if (asked.length > 0) progress.handOver(asked);
    if (asked.length > 0 || signal.aborted || limits.reason()) return "end";
    return results.length > 0 && limits.step() ? "end" : "go-on";
  };

  return {
    async carry(): Promise<RunFailure | undefined> {
      const history = await begin();
      const authority = summaryIsUntrusted || history.some(isUntrusted) ? narrow(task.authority, { tainted: true }) : task.authority;
      const tools = createToolCaller({
        clock,
        execution: deps.execution,
        limits,
        about: { runId: task.runId, sessionKey: task.sessionKey, agentId: task.agentId, workspace: task.workspace, config: task.config, authority },
        progress: (call, text) => watch.emit({ type: "tool.progress", callId: call.id, name: call.name, text }),
      });
      const own = history.slice(history.findLastIndex((message) => message.role !== "user") + 1);
      for (const message of own.length > 0 ? own : [history.findLast((message) => message.role === "user")]) tools.heard(wordsOf(message));

      const emit = async (event: EngineEvent): Promise<void> => {
        // A history that was too long is shortened and asked again: nobody saw that answer.
        if (event.type === "message" && event.message.role === "assistant" && willShorten()) return;
        if (event.type === "message") await keep(event.message);
        if (event.type === "tool-ended") limits.ended(event.isError);
        progress.take(event, clock.monotonic());
      };
      const keep = async (message: Message): Promise<void> => {
        if (message.role === "assistant") return log.answer(message);
        if (message.role === "toolResult") return log.note(message);
        tools.heard(wordsOf(message));
        const joining = joinings.get(message);
        return joining && log.joined(joining);
      };
      const joined = (joining: Joining): Message => {
        joinings.set(joining.message, joining);
        return joining.message;
      };

      limits.step();
      let messages: readonly Message[] = modelView(history);
      for (;;) {
        let isFresh = compactions > 0;
        await deps.engine(
          {
            system: task.system,
            messages,
            tools: engineTools(task),
            stream,
            call: tools.call,
            async prepare(now) {
              const wasFresh = isFresh;
              isFresh = false;
              const isTooLong = task.compaction.mode !== "off" && compactions < MAX_COMPACTIONS && estimateTokens(now, compactedAt) > roomTokens;
              return isTooLong && !wasFresh ? shorten(false) : undefined;
            },
            steering: () => task.steering.take().map(joined),
            lastWords: () => task.steering.takeLast().map(joined),
            turnEnded,
            emit,
          },
          signal,
        );
        if (!willShorten()) break;
        messages = await shorten(true);
      }
      await closeCalls(task.transcript, log, clientNames, signal.aborted ? "Aborted before it ended." : "Not run.", clock.now());
      return ending({ task, signal, watch, log, limits, lastFailure, now: clock.now() });
    },
  };
}

function engineTools(task: RunTask): EngineTool[] {
  return [
    ...task.tools.map((tool): EngineTool => ({ name: tool.name, ...(tool.risk === "read" || tool.repeatable ? {} : { sequential: true as const }) })),
    ...task.clientTools.map((tool): EngineTool => ({ name: tool.name, client: true })),
  ];
}

/** How it ended; what the person has to be told about it becomes a line of the transcript. */
async function ending({ task, signal, watch, log, limits, lastFailure, now }: Pick<RunParts, "task" | "signal" | "watch" | "log"> & { limits: RunLimits; lastFailure: ModelFailed | undefined; now: number }): Promise<RunFailure | undefined> {
  if (watch.abortedBy()) {
    await log.flush();
    return { state: "aborted" };
  }
  const limit = signal.aborted ? `it took longer than ${Math.round(task.timeoutMs / 1000)} s` : limits.reason();
  if (limit !== undefined) {
    const message = `the run was stopped: ${limit}`;
    await log.answer(notice(message, now));
    return signal.aborted ? { state: "timed-out", error: { code: "run.limit", message, kind: "timeout" } } : { state: "failed", error: { code: "run.limit", message } };
  }
  await log.flush();
  return lastFailure && { state: "failed", error: { code: "model.failed", message: lastFailure.reason, kind: lastFailure.kind } };
}

/** Every call in the transcript has a result, so that the next request is well formed. */
async function closeCalls(transcript: Transcript, log: RunLog, clientNames: ReadonlySet<string>, reason: string, at: number): Promise<void> {
  const open = openCalls(await transcript.messages()).filter((call) => !clientNames.has(call.name));
  for (const call of open) await log.note(lostResult(call, reason, at));
}
