// How many refusals are worth a line in the audit log: whoever may do nothing could otherwise fill the disk with being told so.
import type { Clock } from "../base/clock.ts";

export interface Denials {
  /** Whether this one is written, and what is said beside it. */
  count(actor: string): { isWritten: boolean; detail?: string };
}

const windowMs = 60_000;
export const denialLimits = { perActor: 60, total: 6_000 } as const;

export function createDenials(clock: Clock): Denials {
  let byActor = new Map<string, number>();
  let total = 0;
  let windowEndsAt = 0;
  return {
    count(actor) {
      const now = clock.monotonic();
      if (now >= windowEndsAt) {
        byActor = new Map();
        total = 0;
        windowEndsAt = now + windowMs;
      }
      const own = (byActor.get(actor) ?? 0) + 1;
      if (total >= denialLimits.total || own > denialLimits.perActor) return { isWritten: false };
      byActor.set(actor, own);
      total++;
      const isLast = own === denialLimits.perActor || total === denialLimits.total;
      return { isWritten: true, ...(isLast ? { detail: "more within this minute are not written" } : {}) };
    },
  };
}
