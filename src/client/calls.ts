// The open calls of one socket: ids, answers, deadlines, and the two answers of `agent`.
import type { ResponseFrame } from "../protocol/frames.ts";
import { CallError, clientError, errorShapeOf } from "./call-error.ts";
import type { Timer, Timers } from "./timers.ts";

export interface CallOptions {
  signal?: AbortSignal;
  /** Default 30 s; 0 waits for ever. */
  timeoutMs?: number;
  /** Wait for the second answer of a method that first says `accepted`. */
  expectFinal?: boolean;
  /** The first of two answers. */
  onAccepted?: (payload: unknown) => void;
}

interface OpenCall {
  options: CallOptions;
  resolve(payload: unknown): void;
  reject(error: Error): void;
}

export interface Calls {
  call(method: string, params: unknown, options: CallOptions): Promise<unknown>;
  settle(frame: ResponseFrame): void;
  failAll(error: Error): void;
  /** Largest frame the gateway takes. */
  setLimit(maxBytes: number): void;
}

const defaultTimeoutMs = 30_000;
/** More calls at once than any of our clients makes: beyond it something loops. */
const maxOpenCalls = 4_096;

export function createCalls(deps: { timers: Timers; send(text: string): void }): Calls {
  const open = new Map<string, OpenCall>();
  let nextId = 1;
  let maxBytes = Number.POSITIVE_INFINITY;

  const call = (method: string, params: unknown, options: CallOptions): Promise<unknown> => {
    const { signal } = options;
    if (signal?.aborted) return Promise.reject(abortReason(signal));
    if (open.size >= maxOpenCalls) return Promise.reject(clientError("TOO_MANY_CALLS", `more than ${maxOpenCalls} calls are open`));
    const id = String(nextId++);
    const text = JSON.stringify({ type: "req", id, method, ...(params !== undefined && { params }) });
    if (isLarger(text, maxBytes)) return Promise.reject(clientError("TOO_LARGE", `the request is larger than the ${maxBytes} bytes that the gateway takes`));
    return new Promise((resolve, reject) => {
      let timer: Timer | undefined;
      const onAbort = (): void => finish(() => reject(abortReason(signal as AbortSignal)));
      const finish = (settle: () => void): void => {
        open.delete(id);
        timer?.cancel();
        signal?.removeEventListener("abort", onAbort);
        settle();
      };
      const timeoutMs = options.timeoutMs ?? defaultTimeoutMs;
      if (timeoutMs > 0) timer = deps.timers.after(timeoutMs, () => finish(() => reject(clientError("TIMEOUT", `${method} was not answered within ${timeoutMs} ms`, true))));
      signal?.addEventListener("abort", onAbort, { once: true });
      open.set(id, { options, resolve: (payload) => finish(() => resolve(payload)), reject: (error) => finish(() => reject(error)) });
      deps.send(text);
    });
  };

  return {
    call,
    settle(frame) {
      const waiting = open.get(frame.id);
      if (waiting === undefined) return; // timed out, aborted, or the second answer nobody asked for
      if (!frame.ok) waiting.reject(new CallError(errorShapeOf(frame.error), frame.payload));
      else if (waiting.options.expectFinal && isAccepted(frame.payload)) waiting.options.onAccepted?.(frame.payload);
      else waiting.resolve(frame.payload);
    },
    failAll(error) {
      for (const waiting of open.values()) waiting.reject(error);
    },
    setLimit(bytes) {
      maxBytes = bytes;
    },
  };
}

function isAccepted(payload: unknown): boolean {
  return typeof payload === "object" && payload !== null && (payload as { status?: unknown }).status === "accepted";
}

/** Counts bytes only when the length alone cannot tell. */
function isLarger(text: string, maxBytes: number): boolean {
  if (text.length > maxBytes) return true;
  return text.length * 3 > maxBytes && new TextEncoder().encode(text).length > maxBytes;
}

function abortReason(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new DOMException("the call was given up", "AbortError");
}
