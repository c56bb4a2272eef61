// One call to one provider, watched: silence, size and aborts end it whatever the provider does. Decides nothing about what comes next.
import type { Clock } from "../base/clock.ts";
import type { AssistantMessage, ModelEvent, ModelFailure, ModelProvider, ModelRequest, ToolCallBlock } from "../sdk/provider.ts";

export interface AttemptLimits {
  /** Longest wait from the call to the first word. */
  firstWordMs: number;
  /** Longest silence after the first word, and between acceptance and first word of a model that thinks unseen. */
  stallMs: number;
  maxAnswerChars: number;
  /** Longest time of the whole call. */
  totalMs: number;
}

export type AttemptFailure = { kind: ModelFailure | "aborted"; reason: string; retryAfterMs?: number; httpStatus?: number; message: AssistantMessage };
export type AttemptEnd = { ok: true; message: AssistantMessage; calls: ToolCallBlock[] } | ({ ok: false } & AttemptFailure);
export type Delta = { type: "text"; delta: string } | { type: "thinking"; delta: string };

/** Streams text and thinking as they come, returns how it ended. Tool calls are held back until the answer is whole. */
export async function* attempt(
  deps: { clock: Clock },
  provider: ModelProvider,
  request: ModelRequest,
  limits: AttemptLimits,
  signal: AbortSignal,
): AsyncGenerator<Delta, AttemptEnd> {
  const said = createRecord(deps.clock, request);
  if (signal.aborted) return said.failed("aborted", "stopped");
  const own = new AbortController();
  const reader = createReader(() => provider.stream(request, own.signal));
  const watch = watchSilence(deps.clock, limits, thinksUnseen(request), (reason) => reader.cut({ kind: "timeout", reason }));
  const onAbort = () => reader.cut({ kind: "aborted", reason: "stopped" });
  signal.addEventListener("abort", onAbort, { once: true });
  let isOver = false;
  try {
    for (;;) {
      const step = await reader.next();
      if ("cut" in step) return said.failed(step.cut.kind, step.cut.reason);
      isOver = step.done === true || step.value.type === "done" || step.value.type === "failed";
      if (step.done === true) return said.failed("bad-response", "the provider ended without a result");
      const event = step.value;
      if (event.type === "done") return finish(said, event.message, request);
      if (event.type === "failed") return said.failedAs(event);
      watch.heard(event.type !== "started");
      if (event.type === "text" || event.type === "thinking") {
        if (!said.add(event, limits.maxAnswerChars)) return said.failed("bad-response", `the answer is longer than ${limits.maxAnswerChars} characters`);
        yield event;
      } else if (event.type === "tool-call") said.calls.push(event.call);
    }
  } finally {
    watch.end();
    signal.removeEventListener("abort", onAbort);
    if (!isOver) own.abort(new Error("the call is over"));
    reader.close();
  }
}

function thinksUnseen(request: ModelRequest): boolean {
  return request.model.reasoning && request.thinking !== undefined && request.thinking !== "off";
}

function finish(said: Said, message: AssistantMessage, request: ModelRequest): AttemptEnd {
  const says = message.content.some((block) => (block.type === "text" ? block.text.trim() !== "" : block.type === "toolCall"));
  if (!says) return said.failed("bad-response", message.stopReason === "length" ? "the model used up its answer length before it said anything" : "the provider sent an empty answer");
  return { ok: true, message: { ...message, provider: request.model.provider, model: request.model.id }, calls: said.calls };
}

type Said = ReturnType<typeof createRecord>;

/** What was said so far: kept as pieces, joined once. */
function createRecord(clock: Clock, request: ModelRequest) {
  const text: string[] = [];
  const thinking: string[] = [];
  const calls: ToolCallBlock[] = [];
  let chars = 0;
  const partial = (kind: string, reason: string): AssistantMessage => ({
    role: "assistant",
    content: [
      ...(thinking.length > 0 ? [{ type: "thinking" as const, thinking: thinking.join("") }] : []),
      ...(text.length > 0 ? [{ type: "text" as const, text: text.join("") }] : []),
    ],
    api: request.settings.api ?? "",
    provider: request.model.provider,
    model: request.model.id,
    usage: { input: 0, output: 0, cacheRead: 0, cacheWrite: 0, totalTokens: 0 },
    stopReason: kind === "aborted" ? "aborted" : "error",
    errorMessage: reason,
    timestamp: clock.now(),
  });
  return {
    calls,
    add(event: Delta, maxChars: number): boolean {
      (event.type === "text" ? text : thinking).push(event.delta);
      chars += event.delta.length;
      return chars <= maxChars;
    },
    failed: (kind: AttemptFailure["kind"], reason: string): AttemptEnd => ({ ok: false, kind, reason, message: partial(kind, reason) }),
    failedAs({ kind, reason, retryAfterMs, httpStatus, message }: Extract<ModelEvent, { type: "failed" }>): AttemptEnd {
      const own = partial(kind, reason);
      return {
        ok: false,
        kind,
        reason,
        ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
        ...(httpStatus === undefined ? {} : { httpStatus }),
        // The provider's usage figures are worth keeping; its half-made tool calls must not be.
        message: { ...own, api: message.api || own.api, usage: message.usage },
      };
    },
  };
}

type Cut = { cut: { kind: "timeout" | "aborted" | "unknown"; reason: string } };
type Step = IteratorResult<ModelEvent, unknown> | Cut;

/** Reads an iterator so that a cut ends the wait at once, also when the iterator never answers. */
function createReader(open: () => AsyncIterable<ModelEvent>) {
  let iterator: AsyncIterator<ModelEvent> | undefined;
  let waiting: ((step: Step) => void) | undefined;
  let cutWith: Cut | undefined;
  const broken = (error: unknown): Cut => ({ cut: { kind: "unknown", reason: error instanceof Error ? error.message : String(error) } });
  return {
    next(): Promise<Step> {
      if (cutWith) return Promise.resolve(cutWith);
      return new Promise((resolve) => {
        waiting = resolve;
        try {
          iterator ??= open()[Symbol.asyncIterator]();
          iterator.next().then(resolve, (error: unknown) => resolve(broken(error)));
        } catch (error) {
          resolve(broken(error)); // a provider must not throw; one that does has failed like any other
        }
      });
    },
    cut(reason: Cut["cut"]) {
      cutWith ??= { cut: reason };
      waiting?.(cutWith);
    },
    close() {
      // Not awaited: a provider that hangs must not hold up the turn. Its late error has no reader any more.
      iterator?.return?.().catch(() => undefined);
    },
  };
}

/** Calls `expire` after too long a silence. Events only note the time; the timer looks when it fires. */
function watchSilence(clock: Clock, limits: AttemptLimits, isUnseenThinker: boolean, expire: (reason: string) => void) {
  const begunAt = clock.monotonic();
  let dueAt = begunAt + limits.firstWordMs;
  let reason = `no answer within ${limits.firstWordMs} ms`;
  let spoke = false;
  let wasRearmed = false;
  const check = () => {
    const now = clock.monotonic();
    const endsAt = begunAt + limits.totalMs;
    if (now >= endsAt) expire(`the answer was not finished within ${limits.totalMs} ms`);
    else if (now >= dueAt) expire(reason);
    else timer = clock.after(Math.max(1, Math.min(dueAt, endsAt) - now), check);
  };
  let timer = clock.after(Math.max(1, Math.min(limits.firstWordMs, limits.totalMs)), check);
  return {
    heard(isWord: boolean) {
      if (!isWord && (spoke || !isUnseenThinker)) return;
      spoke ||= isWord;
      dueAt = clock.monotonic() + limits.stallMs;
      reason = `silent for ${limits.stallMs} ms`;
      if (!wasRearmed && dueAt < begunAt + limits.firstWordMs) {
        wasRearmed = true;
        timer.cancel();
        timer = clock.after(Math.max(1, limits.stallMs), check);
      }
    },
    end: () => timer.cancel(),
  };
}
