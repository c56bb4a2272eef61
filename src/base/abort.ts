// Signals combined and bounded: every wait in the product ends by one of these.
import type { Clock } from "./clock.ts";

/** Why a deadline ended something; told apart from a person's abort by its name. */
export class DeadlineError extends Error {
  override readonly name = "DeadlineError";
  readonly afterMs: number;
  constructor(afterMs: number) {
    super(`not finished after ${afterMs} ms`);
    this.afterMs = afterMs;
  }
}

export interface Deadline {
  readonly signal: AbortSignal;
  /** Starts the count again, for deadlines that measure silence. */
  extend(): void;
  /** Ends the timer; the owner calls it when the work is over. */
  clear(): void;
}

/** A signal that fires when the parent does or after `afterMs`. */
export function deadline(clock: Clock, afterMs: number, parent?: AbortSignal): Deadline {
  const own = new AbortController();
  const fire = () => own.abort(new DeadlineError(afterMs));
  let timer = clock.after(afterMs, fire);
  const onParent = () => own.abort(parent?.reason);
  if (parent?.aborted) onParent();
  else parent?.addEventListener("abort", onParent, { once: true });
  return {
    signal: own.signal,
    extend() {
      timer.cancel();
      timer = clock.after(afterMs, fire);
    },
    clear() {
      timer.cancel();
      parent?.removeEventListener("abort", onParent);
    },
  };
}

/** A controller that also aborts with its parent. */
export function child(parent: AbortSignal): AbortController & { detach(): void } {
  const own = new AbortController();
  const onParent = () => own.abort(parent.reason);
  if (parent.aborted) onParent();
  else parent.addEventListener("abort", onParent, { once: true });
  return Object.assign(own, { detach: () => parent.removeEventListener("abort", onParent) });
}

/** Resolves with the promise or rejects with the signal's reason, whichever comes first. */
export function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  if (signal.aborted) return Promise.reject(signal.reason as Error);
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason as Error);
    signal.addEventListener("abort", onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}
