// One model call as the engine sees it: it ends with `done` or `failed`, at once after an abort, and what was said before is kept.
import type { RoutedEvent } from "../models/models.ts";
import type { AssistantMessage, ModelEvent } from "../sdk/provider.ts";

export interface ModelCallHooks {
  now(): number;
  /** News about the call itself: which model serves it, which one is tried next. */
  report(event: Exclude<RoutedEvent, ModelEvent>): void;
}

/** What `errorMessage` says of an answer that a stop of the process cut off: the run goes on at the next start. */
export const cutByRestart = "cut off by a restart";

export async function* modelCall(events: AsyncIterable<RoutedEvent>, signal: AbortSignal, hooks: ModelCallHooks): AsyncGenerator<ModelEvent> {
  const source = untilAborted(events, signal);
  const served = { provider: "openclaw", model: "none" };
  let said = "";
  const cut = (kind: "aborted" | "bad-response", reason: string): ModelEvent => ({ type: "failed", kind, reason, message: unfinished(said, served, kind === "aborted" ? "aborted" : "error", reason, hooks.now()) });
  try {
    for await (const event of source) {
      if (signal.aborted) break;
      switch (event.type) {
        case "text":
          said += event.delta;
          yield event;
          break;
        case "thinking":
        case "tool-call":
          yield event;
          break;
        case "done":
          return yield event;
        case "failed":
          if (event.kind === "aborted") return yield cut("aborted", reasonOf(signal));
          return yield { ...event, message: failedMessage(event.message, event.reason) };
        default:
          if (event.type === "model") Object.assign(served, { provider: event.provider, model: event.model });
          hooks.report(event);
      }
    }
  } catch (error) {
    return yield cut("bad-response", error instanceof Error ? error.message : String(error));
  }
  yield signal.aborted ? cut("aborted", reasonOf(signal)) : cut("bad-response", "the model ended without an answer");
}

function reasonOf(signal: AbortSignal): string {
  return signal.reason instanceof Error ? signal.reason.message : "aborted";
}

/** A failed answer keeps its text; calls in it were never run and may be half written. */
function failedMessage(message: AssistantMessage, reason: string): AssistantMessage {
  return { ...message, stopReason: "error", errorMessage: reason, content: message.content.filter((block) => block.type === "text" && block.text !== "") };
}

function unfinished(text: string, served: { provider: string; model: string }, stopReason: "aborted" | "error", reason: string, at: number): AssistantMessage {
  return {
    role: "assistant",
    content: text === "" ? [] : [{ type: "text", text }],
    api: "openclaw",
    ...served,
    usage: { input: 0, output: 0, cacheRead: 0, cacheWrite: 0, totalTokens: 0 },
    stopReason,
    errorMessage: reason,
    timestamp: at,
  };
}

/** Ends with the signal, also when the source does not notice it. */
async function* untilAborted<T>(source: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T> {
  const iterator = source[Symbol.asyncIterator]();
  let cut: () => void = () => {};
  const onAbort = () => cut();
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    while (!signal.aborted) {
      const step = await new Promise<IteratorResult<T> | undefined>((resolve, reject) => {
        cut = () => resolve(undefined);
        iterator.next().then(resolve, reject);
      });
      if (!step || step.done) return;
      yield step.value;
    }
  } finally {
    signal.removeEventListener("abort", onAbort);
    // A source that hangs answers this when it wakes; nobody waits for it.
    void iterator.return?.().then(undefined, () => undefined);
  }
}
