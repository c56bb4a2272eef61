// A run as its events arrive: text, thinking and tools in the order they happened, until the history has it all. Pure.
import { type AnswerItem, type Block, textOf, type ToolUse, type Trouble } from "./messages.ts";

export interface ChatEvent {
  runId: string;
  sessionKey: string;
  state: "delta" | "final" | "aborted" | "error" | "status";
  deltaText?: string;
  replace?: boolean;
  message?: unknown;
  errorMessage?: string;
  errorKind?: string;
  stopReason?: string;
}

export interface AgentEvent {
  runId: string;
  sessionKey?: string;
  stream: string;
  ts?: number;
  data?: Record<string, unknown>;
}

export interface LiveRun {
  readonly runId: string;
  readonly startedAtMs: number;
  /** The agent has begun; before that the message waits in the queue. */
  started: boolean;
  /** Every event of it was seen here; else the history tells what came before. */
  whole: boolean;
  blocks: Block[];
  ended: "no" | "final" | "aborted" | "error";
  endedAtMs?: number;
  injected?: boolean;
  provider?: string;
  model?: string;
  trouble?: Trouble;
}

export function createLiveRun(runId: string, startedAtMs: number): LiveRun {
  return { runId, startedAtMs, started: false, whole: false, blocks: [], ended: "no" };
}

export function applyChat(run: LiveRun, event: ChatEvent, nowMs: number, troubleOf: (message: string, kind: string | undefined) => Trouble): void {
  if (event.state === "status") return;
  if (event.state === "delta") {
    run.started = true;
    applyText(run, event.message === undefined ? undefined : textOf(event.message), event.deltaText, event.replace === true);
    return;
  }
  if (event.state === "final" && event.message !== undefined) {
    const message = event.message as { stopReason?: unknown }; // only looked at
    applyText(run, textOf(event.message), undefined, false);
    if (message.stopReason === "injected" || event.stopReason === "injected") run.injected = true;
  }
  if (event.state === "error") run.trouble = troubleOf(event.errorMessage ?? "The run failed", event.errorKind);
  end(run, event.state, nowMs);
}

export function applyAgent(run: LiveRun, event: AgentEvent, nowMs: number): void {
  const data = event.data ?? {};
  if (event.stream === "lifecycle") applyLifecycle(run, data);
  else if (event.stream === "thinking" || event.stream === "reasoning") applyThinking(run, data);
  else if (event.stream === "tool") applyTool(run, data, event.ts ?? nowMs);
}

/** The run as the thread shows it. */
export function answerOf(run: LiveRun, id: string): AnswerItem {
  const { provider, model, trouble } = run;
  return {
    kind: "answer",
    id,
    runId: run.runId,
    blocks: run.blocks,
    live: run.ended === "no",
    atMs: run.endedAtMs ?? run.startedAtMs,
    ...(run.endedAtMs !== undefined && { durationMs: run.endedAtMs - run.startedAtMs }),
    ...(provider !== undefined && { provider }),
    ...(model !== undefined && { model }),
    ...(run.injected && { injected: true }),
    ...(run.ended === "aborted" && { aborted: true }),
    ...(trouble !== undefined && { trouble }),
  };
}

function end(run: LiveRun, how: "final" | "aborted" | "error", nowMs: number): void {
  run.ended = how;
  run.endedAtMs = nowMs;
  for (const block of run.blocks) if (block.kind === "tool" && block.tool.state === "running") block.tool.state = "interrupted";
}

/** `whole` is the text of the message so far, or of all messages of the run so far: both are understood. */
function applyText(run: LiveRun, whole: string | undefined, delta: string | undefined, replaces: boolean): void {
  const last = run.blocks.at(-1);
  const open = last?.kind === "text" ? last : undefined;
  if (whole === undefined) {
    if (delta === undefined || delta === "") return;
    if (open === undefined || replaces) run.blocks.push({ kind: "text", text: delta });
    else open.text += delta;
    return;
  }
  const earlier = run.blocks.flatMap((block) => (block.kind === "text" && block !== open ? [block.text] : []));
  const text = ownPart(whole, earlier);
  if (text === "" && open === undefined) return;
  if (open === undefined || (replaces && !text.startsWith(open.text))) run.blocks.push({ kind: "text", text });
  else if (text.length >= open.text.length || !open.text.startsWith(text)) open.text = text;
}

/** Takes away what earlier blocks of the run show already. */
function ownPart(whole: string, earlier: readonly string[]): string {
  let rest = whole;
  for (const text of earlier) {
    const trimmed = rest.trimStart();
    if (!trimmed.startsWith(text.trim())) return rest === whole && earlier.at(-1)?.trim() === whole.trim() ? "" : rest;
    rest = trimmed.slice(text.trim().length);
  }
  return rest === whole ? whole : rest.trimStart();
}

function applyLifecycle(run: LiveRun, data: Record<string, unknown>): void {
  if (data.phase === "start") {
    run.started = true;
    run.whole = true;
  }
  if (data.phase === "model") {
    if (typeof data.provider === "string") run.provider = data.provider;
    if (typeof data.model === "string") run.model = data.model;
  }
}

function applyThinking(run: LiveRun, data: Record<string, unknown>): void {
  run.started = true;
  const last = run.blocks.at(-1);
  const delta = typeof data.delta === "string" ? data.delta : undefined;
  const whole = typeof data.text === "string" ? data.text : undefined;
  if (last?.kind === "thinking") last.text = delta === undefined ? (whole ?? last.text) : last.text + delta;
  else if ((delta ?? whole ?? "") !== "") run.blocks.push({ kind: "thinking", text: delta ?? whole ?? "" });
}

function applyTool(run: LiveRun, data: Record<string, unknown>, atMs: number): void {
  run.started = true;
  const id = String(data.toolCallId ?? "");
  const tool = toolOf(run, id) ?? addTool(run, { id, name: String(data.name ?? "tool"), args: data.args, state: "running", output: "", startedAtMs: atMs });
  if (data.phase === "update") tool.output = textOf(data.partialResult);
  if (data.phase !== "result") return;
  tool.state = data.isError === true ? "failed" : "done";
  tool.output = textOf(data.result);
  const told = typeof data.durationMs === "number" ? data.durationMs : undefined;
  const measured = tool.startedAtMs === undefined ? undefined : atMs - tool.startedAtMs;
  const durationMs = told ?? measured;
  if (durationMs !== undefined) tool.durationMs = durationMs;
}

function toolOf(run: LiveRun, id: string): ToolUse | undefined {
  for (const block of run.blocks) if (block.kind === "tool" && block.tool.id === id) return block.tool;
  return undefined;
}

function addTool(run: LiveRun, tool: ToolUse): ToolUse {
  run.blocks.push({ kind: "tool", tool });
  return tool;
}
