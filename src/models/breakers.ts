// Circuit breakers per credential and model: who has failed too often rests, and is probed before it is trusted again. Pure state over a clock.
import type { Clock } from "../base/clock.ts";

export interface BreakerLimits {
  /** Failures within the window that open the circuit. */
  failures: number;
  windowMs: number;
  /** One probe per this long while open. */
  restMs: number;
}

export interface BreakerView {
  circuit: "closed" | "open" | "half-open";
  lastFailure?: { at: number; kind: string; reason: string };
  lastSuccessAt?: number;
}

export interface Breakers {
  /** 0: go on now (an open circuit gives its one probe away with this). Else how long to stay away. */
  admit(key: string, limits: BreakerLimits): number;
  /** How long the key must be left alone, without taking a probe. */
  restMs(key: string, limits: BreakerLimits): number;
  succeeded(key: string): void;
  failed(key: string, limits: BreakerLimits, failure: { kind: string; reason: string; retryAfterMs?: number }): void;
  /** The call ended without telling anything (aborted): a probe that was taken is given back. */
  abandoned(key: string): void;
  view(key: string): BreakerView;
}

/** A provider's Retry-After counts within its turn as given; across turns at most this long, for many say hours and mean minutes. */
const MAX_REST_MS = 60_000;
/** Keys remembered; the least recently used closed one is forgotten. */
const MAX_KEYS = 500;

interface Entry {
  /** Monotonic times of recent failures, oldest first. */
  failures: number[];
  isOpen: boolean;
  probedAt: number;
  isProbing: boolean;
  restUntil: number;
  lastFailure?: { at: number; kind: string; reason: string };
  lastSuccessAt?: number;
}

export function createBreakers(clock: Clock): Breakers {
  const entries = new Map<string, Entry>();

  const entryOf = (key: string): Entry => {
    const entry = entries.get(key) ?? { failures: [], isOpen: false, probedAt: -Infinity, isProbing: false, restUntil: -Infinity };
    entries.delete(key);
    entries.set(key, entry);
    if (entries.size > MAX_KEYS) forgetOldest();
    return entry;
  };
  const forgetOldest = () => {
    for (const [key, entry] of entries) {
      if (entry.isOpen) continue;
      entries.delete(key);
      return;
    }
  };
  const waitOf = (entry: Entry, limits: BreakerLimits): number => {
    const now = clock.monotonic();
    const rest = Math.max(0, entry.restUntil - now);
    return entry.isOpen ? Math.max(rest, entry.probedAt + limits.restMs - now, 0) : rest;
  };

  return {
    admit(key, limits) {
      const entry = entryOf(key);
      const wait = waitOf(entry, limits);
      if (wait > 0 || !entry.isOpen) return wait;
      entry.probedAt = clock.monotonic();
      entry.isProbing = true;
      return 0;
    },
    restMs: (key, limits) => {
      const entry = entries.get(key);
      return entry ? waitOf(entry, limits) : 0;
    },
    succeeded(key) {
      const entry = entryOf(key);
      Object.assign(entry, { failures: [], isOpen: false, isProbing: false, restUntil: -Infinity, lastSuccessAt: clock.now() });
    },
    failed(key, limits, failure) {
      const entry = entryOf(key);
      const now = clock.monotonic();
      entry.lastFailure = { at: clock.now(), kind: failure.kind, reason: failure.reason };
      entry.isProbing = false;
      entry.failures = [...entry.failures.filter((at) => now - at < limits.windowMs), now].slice(-limits.failures);
      if (failure.retryAfterMs !== undefined) entry.restUntil = now + Math.min(failure.retryAfterMs, MAX_REST_MS);
      if (!entry.isOpen && entry.failures.length < limits.failures) return;
      if (!entry.isOpen) entry.probedAt = now; // the first probe, too, comes after a rest
      entry.isOpen = true;
    },
    abandoned(key) {
      const entry = entries.get(key);
      if (!entry?.isProbing) return;
      entry.isProbing = false;
      entry.probedAt = -Infinity;
    },
    view(key) {
      const entry = entries.get(key);
      if (!entry) return { circuit: "closed" };
      const circuit = !entry.isOpen ? "closed" : entry.isProbing ? "half-open" : "open";
      return {
        circuit,
        ...(entry.lastFailure ? { lastFailure: entry.lastFailure } : {}),
        ...(entry.lastSuccessAt === undefined ? {} : { lastSuccessAt: entry.lastSuccessAt }),
      };
    },
  };
}
