// What a signal means to a gateway in the foreground: the first asks it to stop in order, a later one means now.
import type { Clock } from "../base/clock.ts";

/** Ctrl-C reaches the starter and the gateway, systemd signals every process of a unit, and the starter passes on what it gets: copies of one wish. */
const sameWishMs = 300;

export function createStopSignals(deps: { clock: Pick<Clock, "monotonic">; ask(signal: string): void; now(): void }): (signal: string) => void {
  let askedAt: number | undefined;
  return (signal) => {
    const at = deps.clock.monotonic();
    if (askedAt === undefined) {
      askedAt = at;
      deps.ask(signal);
    } else if (at - askedAt >= sameWishMs) deps.now();
  };
}
