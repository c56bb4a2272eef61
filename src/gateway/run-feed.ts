// A run's domain events as `agent` and `chat` events: the first delta at once, further ones as fast as the protocol's clients want them.
import type { Clock, Timer } from "../base/clock.ts";
import { wireEvents } from "../protocol/events.ts";
import type { ProtocolVersion } from "../protocol/scopes.ts";
import type { DomainEvents, RunEvent, RunRef } from "../sdk/events.ts";
import type { ModelFailure } from "../sdk/provider.ts";
import type { Pushed, Viewer } from "./ring.ts";

export interface RunFeed {
  run(event: DomainEvents["run"]): void;
  /** A line outside a run: a command's answer, injected text. */
  line(event: DomainEvents["session.message"]): void;
}

export interface RunFeedDeps {
  clock: Clock;
  push(pushed: Pushed): void;
  /** Does the session show tool calls to protocol 3 clients. */
  isVerbose(sessionKey: string): Promise<boolean>;
}

/** Protocol 3 repeats the whole text in every delta: at most one per run in this time. */
export const deltaPeriodMs = 150;
/** Longer texts are repeated in full only once per period, else a long answer would cost its square. */
const wholeTextChars = 8_192;
const both: readonly ProtocolVersion[] = [3, 4];
/** Bytes that an event of fixed size costs the ring, roughly. */
const smallEvent = 256;

/** The text of one message while it grows; events point into it. */
interface Growing { text: string }

interface Live {
  ref: RunRef;
  verbose: boolean;
  startedAt: number | undefined;
  message: Growing;
  hadText: boolean;
  /** What protocol 4 has seen in `chat`. */
  newChat: { sentTo: number; seq: number; replaces: boolean; wholeAt: number };
  /** What protocol 3 has seen in `chat`. */
  oldChat: Held;
  /** What both have seen in `agent` assistant events. */
  assistant: Held;
  /** Something was shown in this turn of the event loop; what else comes in it goes together. A provider's burst would else cost a frame a word, and its readers are not slow. */
  isGathering: boolean;
}

interface Held { sentTo: number; at: number; timer: Timer | undefined; seq: number }

export function createRunFeed(deps: RunFeedDeps): RunFeed {
  const { clock, push } = deps;
  const live = new Map<string, Live>();

  const open = (ref: RunRef): Live => {
    const known = live.get(ref.runId);
    if (known) return known;
    const made: Live = { ref, verbose: false, startedAt: undefined, message: { text: "" }, hadText: false, newChat: { sentTo: 0, seq: 0, replaces: false, wholeAt: -Infinity }, oldChat: held(), assistant: held(), isGathering: false };
    live.set(ref.runId, made);
    deps.isVerbose(ref.sessionKey).then((verbose) => (made.verbose = verbose), () => undefined); // unknown session: not verbose
    return made;
  };

  const session = (ref: RunRef) => ({ key: ref.sessionKey, ...(ref.spokenKey === undefined ? {} : { spoken: ref.spokenKey }) });

  const agent = (run: Live, seq: number, stream: string, data: Record<string, unknown> | (() => Record<string, unknown>), options: { protocols?: readonly ProtocolVersion[]; audience?: (viewer: Viewer) => boolean; sizeBytes?: number } = {}) => {
    const ts = clock.now();
    const { runId, agentId } = run.ref;
    push({
      event: wireEvents.agent,
      protocols: options.protocols ?? both,
      ...(options.audience === undefined ? {} : { audience: options.audience }),
      session: session(run.ref),
      sizeBytes: options.sizeBytes ?? smallEvent,
      render: ({ protocol, sessionKey }) => ({ runId, seq, stream, ts, data: typeof data === "function" ? data() : data, sessionKey, ...(protocol === 4 ? { agentId } : {}) }),
    });
  };

  const chat = (ref: RunRef, seq: number, protocols: readonly ProtocolVersion[], body: (protocol: ProtocolVersion) => Record<string, unknown>, sizeBytes = smallEvent) => {
    const { runId, agentId } = ref;
    push({
      event: wireEvents.chat,
      protocols,
      session: session(ref),
      sizeBytes,
      render: ({ protocol, sessionKey }) => ({ runId, sessionKey, ...(protocol === 4 ? { agentId } : {}), seq, ...body(protocol) }),
    });
  };

  const said = (text: string, ts: number) => ({ role: "assistant", content: [{ type: "text", text }], timestamp: ts });

  const showAssistant = (run: Live) => {
    const { assistant, message } = run;
    const [from, to, growing] = [assistant.sentTo, message.text.length, message];
    stop(assistant);
    if (from === to) return;
    assistant.sentTo = to;
    assistant.at = clock.monotonic();
    agent(run, assistant.seq, "assistant", () => ({ text: growing.text.slice(0, to), delta: growing.text.slice(from, to) }));
  };

  const showOldChat = (run: Live) => {
    const { oldChat, message } = run;
    const [to, growing, ts] = [message.text.length, message, clock.now()];
    stop(oldChat);
    if (oldChat.sentTo === to) return;
    oldChat.sentTo = to;
    oldChat.at = clock.monotonic();
    chat(run.ref, oldChat.seq, [3], () => ({ state: "delta", message: said(growing.text.slice(0, to), ts) }));
  };

  const showNewChat = (run: Live) => {
    const { newChat, message } = run;
    const [from, to, growing, ts, now] = [newChat.sentTo, message.text.length, message, clock.now(), clock.monotonic()];
    if (from === to) return;
    const { replaces } = newChat;
    const isWhole = to <= wholeTextChars || now - newChat.wholeAt >= deltaPeriodMs;
    if (isWhole) newChat.wholeAt = now;
    newChat.sentTo = to;
    newChat.replaces = false;
    chat(run.ref, newChat.seq, [4], () => ({ state: "delta", deltaText: growing.text.slice(from, to), ...(replaces ? { replace: true } : {}), ...(isWhole ? { message: said(growing.text.slice(0, to), ts) } : {}) }));
  };

  const showText = (run: Live) => {
    if (run.message.text.length <= wholeTextChars) showAssistant(run);
    else later(clock, run.assistant, () => showAssistant(run));
    later(clock, run.oldChat, () => showOldChat(run));
    showNewChat(run);
  };

  /** What follows the text must not overtake it. */
  const catchUp = (run: Live) => {
    showAssistant(run);
    showNewChat(run);
  };

  const text = (run: Live, seq: number, event: Extract<RunEvent, { type: "run.text" }>) => {
    const isNew = event.text.length !== run.message.text.length + event.delta.length;
    if (isNew) {
      catchUp(run);
      stop(run.oldChat);
      run.message = { text: event.text };
      run.newChat.sentTo = run.oldChat.sentTo = run.assistant.sentTo = 0;
      run.newChat.replaces = run.hadText;
    } else run.message.text = event.text;
    run.newChat.seq = run.oldChat.seq = run.assistant.seq = seq;
    run.hadText = true;
    if (run.isGathering) return;
    showText(run);
    run.isGathering = true;
    clock.soon(() => {
      run.isGathering = false;
      if (run.newChat.sentTo < run.message.text.length) showText(run);
    });
  };

  const tool = (run: Live, seq: number, data: Record<string, unknown>, sizeBytes: number) => {
    const { verbose } = run;
    agent(run, seq, "tool", data, { sizeBytes, audience: ({ caller }) => caller !== undefined && (caller.caps.includes("tool-events") || (caller.protocol === 3 && verbose)) });
  };

  const end = (run: Live, seq: number, event: Extract<RunEvent, { type: "run.ended" }>) => {
    stop(run.oldChat);
    const { ref } = run;
    const ts = clock.now();
    const times = { endedAt: event.at, startedAt: event.startedAt };
    const finalText = (event.text ?? run.message.text).trim();
    const stopped = event.state === "aborted" || event.state === "timed-out";
    if (event.state === "failed") agent(run, seq, "lifecycle", { phase: "error", ...times, error: event.error?.message ?? "the run failed" });
    else agent(run, seq, "lifecycle", { phase: "end", ...times, ...(stopped ? { aborted: true } : {}) });
    if (event.state === "failed") chat(ref, seq, both, (protocol) => ({ state: "error", errorMessage: event.error?.message ?? "the run failed", ...(protocol === 4 ? { errorKind: errorKind(event.error?.kind) } : {}) }));
    else if (stopped) chat(ref, seq, both, (protocol) => ({ state: "aborted", stopReason: event.state === "timed-out" ? "timeout" : (event.abortedBy ?? "rpc"), ...(protocol === 4 && finalText !== "" ? { message: said(finalText, ts) } : {}) }), finalText.length + smallEvent);
    else if (event.state === "joined") chat(ref, seq, both, (protocol) => ({ state: "final", ...(protocol === 4 ? { yielded: true } : {}) }));
    else chat(ref, seq, both, (protocol) => ({ state: "final", ...(finalText === "" ? {} : { message: said(finalText, ts) }), ...(protocol === 4 ? { stopReason: "stop" } : {}) }), finalText.length + smallEvent);
    live.delete(ref.runId);
  };

  return {
    run({ seq, event, ...about }) {
      const run = open(about);
      if (event.type !== "run.text") catchUp(run);
      switch (event.type) {
        case "run.queued":
        case "run.message":
        case "run.usage":
          return;
        case "run.started":
          run.startedAt = event.at;
          return agent(run, seq, "lifecycle", { phase: "start", startedAt: event.at });
        case "run.model":
          return agent(run, seq, "lifecycle", { phase: "model", provider: event.provider, model: event.model }, { protocols: [4] });
        case "run.fallback":
          return agent(run, seq, "lifecycle", { phase: "fallback_step", from: event.from, to: event.to, reason: event.reason }, { protocols: [4] });
        case "run.text":
          return text(run, seq, event);
        case "run.thinking":
          return agent(run, seq, "thinking", { delta: event.delta }, { protocols: [4], sizeBytes: smallEvent + event.delta.length });
        case "tool.started":
          return tool(run, seq, { phase: "start", name: event.name, toolCallId: event.callId, args: event.args }, smallEvent + sizeOf(event.args));
        case "tool.progress":
          return tool(run, seq, { phase: "update", name: event.name, toolCallId: event.callId, partialResult: event.text }, smallEvent + event.text.length);
        case "tool.ended": {
          const result = { content: event.content.map(withoutBytes) };
          return tool(run, seq, { phase: "result", name: event.name, toolCallId: event.callId, isError: event.isError, result, meta: `${Math.round(event.durationMs)} ms` }, smallEvent + sizeOf(result));
        }
        case "compaction.started":
          return agent(run, seq, "compaction", { phase: "start" });
        case "compaction.ended":
          return agent(run, seq, "compaction", { phase: "end", willRetry: event.retry });
        case "run.ended":
          return end(run, seq, event);
      }
    },
    line(event) {
      if (event.kind === "user") return;
      const ts = clock.now();
      const runId = event.runId ?? `inject-${event.messageId}`;
      const message = { ...said(event.text, ts), stopReason: "injected", usage: { input: 0, output: 0, totalTokens: 0 } };
      chat({ ...event, runId }, 0, both, () => ({ state: "final", message }), event.text.length + smallEvent);
    },
  };
}

function held(): Held {
  return { sentTo: 0, at: -Infinity, timer: undefined, seq: 0 };
}

function stop(held: Held): void {
  held.timer?.cancel();
  held.timer = undefined;
}

/** At once when nothing was shown lately, else when the period is over; what comes meanwhile rides along. */
function later(clock: Clock, held: Held, show: () => void): void {
  const waitMs = held.at + deltaPeriodMs - clock.monotonic();
  if (waitMs <= 0) return show();
  held.timer ??= clock.after(waitMs, show);
}

/** Protocol 4's words for why a model failed; it has none for the other failures. */
const errorKinds: ReadonlyMap<string, string> = new Map<ModelFailure, string>([["refused", "refusal"], ["timeout", "timeout"], ["rate-limit", "rate_limit"], ["context-length", "context_length"]]);

function errorKind(failure: string | undefined): string {
  return errorKinds.get(failure ?? "") ?? "unknown";
}

const longestToolText = 8_000;

/** Pictures and long texts of tool results stay in the transcript. */
function withoutBytes(block: { type: string; text?: string }): Record<string, unknown> {
  if (block.type !== "text") return { type: "text", text: `[${block.type}]` };
  const text = block.text ?? "";
  return { type: "text", text: text.length > longestToolText ? `${text.slice(0, longestToolText)}…` : text };
}

function sizeOf(value: unknown): number {
  return JSON.stringify(value)?.length ?? 0;
}
