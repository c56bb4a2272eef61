// Time as an argument: the only caller of Date.now, performance.now and setTimeout.

/** A pending callback; cancel is idempotent. */
export interface Timer {
  cancel(): void;
}

export interface Clock {
  /** Wall time in whole milliseconds since the epoch. May jump; never use it for timeouts. */
  now(): number;
  /** Milliseconds that never go backwards. */
  monotonic(): number;
  /** Calls `fire` once after `delayMs`. The owner must cancel it; it does not keep the process alive. */
  after(delayMs: number, fire: () => void): Timer;
  /** Calls `fire` every `periodMs` until cancelled; it does not keep the process alive. */
  every(periodMs: number, fire: () => void): Timer;
  /** Calls `fire` once, after the input and output that is waiting now had its turn. */
  soon(fire: () => void): void;
  /** Resolves after `delayMs`; rejects with the signal's reason when aborted. */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>;
}

/** setTimeout cannot hold more; longer waits are cut to this and the caller waits again. */
const MAX_DELAY_MS = 2_147_483_647;

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(delayMs, fire) {
    const handle = setTimeout(fire, Math.min(delayMs, MAX_DELAY_MS));
    handle.unref();
    return { cancel: () => clearTimeout(handle) };
  },
  every(periodMs, fire) {
    const handle = setInterval(fire, periodMs);
    handle.unref();
    return { cancel: () => clearInterval(handle) };
  },
  soon: (fire) => void setImmediate(fire),
  sleep(delayMs, signal) {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason as Error);
      const onAbort = () => {
        clearTimeout(handle);
        reject(signal?.reason as Error);
      };
      const handle = setTimeout(() => {
        signal?.removeEventListener("abort", onAbort);
        resolve();
      }, Math.min(delayMs, MAX_DELAY_MS));
      signal?.addEventListener("abort", onAbort, { once: true });
    });
  },
};
