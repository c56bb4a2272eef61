// The client's seam to time and chance: the only place here that touches them, so that tests can put in their own.

export interface Timer {
  cancel(): void;
}

export interface Timers {
  /** Wall time in milliseconds, for display only. */
  now(): number;
  /** Milliseconds that never go backwards. */
  monotonic(): number;
  after(delayMs: number, fire: () => void): Timer;
  /** From 0 to below 1. */
  random(): number;
}

export const platformTimers: Timers = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(delayMs, fire) {
    const handle = setTimeout(fire, delayMs);
    return { cancel: () => clearTimeout(handle) };
  },
  random: () => Math.random(),
};
