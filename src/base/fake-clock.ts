// A clock that tests move by hand.
import type { Clock, Timer } from "./clock.ts";

export interface FakeClock extends Clock {
  /** Moves both clocks forward, firing what becomes due in order, and lets promises settle in between. */
  advance(byMs: number): Promise<void>;
  /** Moves only the wall clock, as a time server or a user would. */
  jump(byMs: number): void;
  /** How many timers wait: a leak test's figure. */
  pending(): number;
}

interface Entry {
  at: number;
  order: number;
  fire: () => void;
  periodMs?: number;
}

export function createFakeClock(startMs = Date.UTC(2026, 0, 1)): FakeClock {
  let wallMs = startMs;
  let elapsedMs = 0;
  let order = 0;
  const entries = new Set<Entry>();

  const add = (entry: Omit<Entry, "order">): Timer => {
    const kept: Entry = { ...entry, order: order++ };
    entries.add(kept);
    return { cancel: () => void entries.delete(kept) };
  };
  const settle = async () => {
    for (let turn = 0; turn < 20; turn++) await Promise.resolve();
  };
  const clock: FakeClock = {
    now: () => wallMs,
    monotonic: () => elapsedMs,
    after: (delayMs, fire) => add({ at: elapsedMs + delayMs, fire }),
    soon: (fire) => queueMicrotask(fire),
    every: (periodMs, fire) => add({ at: elapsedMs + periodMs, fire, periodMs }),
    sleep: (delayMs, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason as Error);
        const timer = clock.after(delayMs, resolve);
        signal?.addEventListener("abort", () => {
          timer.cancel();
          reject(signal.reason as Error);
        }, { once: true });
      }),
    async advance(byMs) {
      const target = elapsedMs + byMs;
      for (;;) {
        const due = [...entries].filter((e) => e.at <= target).sort((a, b) => a.at - b.at || a.order - b.order)[0];
        if (!due) break;
        wallMs += due.at - elapsedMs;
        elapsedMs = due.at;
        if (due.periodMs === undefined) entries.delete(due);
        else due.at += due.periodMs;
        due.fire();
        await settle();
      }
      wallMs += target - elapsedMs;
      elapsedMs = target;
      await settle();
    },
    jump: (byMs) => void (wallMs += byMs),
    pending: () => entries.size,
  };
  return clock;
}
