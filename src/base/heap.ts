// A process that stays small: V8 keeps the pages of its busiest second for good, unless somebody collects when nobody waits.
import { performance } from "node:perf_hooks";
import { getHeapStatistics, setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { Clock, Timer } from "./clock.ts";

export interface Heap {
  /** Bytes that the heap occupies, in use or not. */
  sizeBytes(): number;
  /** Share of the time since the last call in which the event loop was busy, 0 to 1. */
  busyShare(): number;
  /** Full collection that gives free pages back; tens of milliseconds. */
  collect(): void;
}

const periodMs = 2_000;
const atRestShare = 0.05;
/** Less than this is not worth a pause. */
const worthBytes = 8_388_608;

/** Looks every two seconds; the caller cancels it. */
export function keepHeapSmall(clock: Clock, heap: Heap = ownHeap()): Timer {
  let smallestBytes = 0;
  return clock.every(periodMs, () => {
    const isAtRest = heap.busyShare() < atRestShare;
    if (isAtRest && heap.sizeBytes() - smallestBytes >= worthBytes) {
      heap.collect();
      smallestBytes = heap.sizeBytes();
    }
  });
}

function ownHeap(): Heap {
  let seen = performance.eventLoopUtilization();
  return {
    sizeBytes: () => getHeapStatistics().total_physical_size,
    busyShare() {
      const now = performance.eventLoopUtilization();
      const { utilization } = performance.eventLoopUtilization(now, seen);
      seen = now;
      return utilization;
    },
    collect() {
      // V8 has no other door to this: a context made under the flag has the function, whatever the flag says later.
      setFlagsFromString("--expose-gc");
      const collect = runInNewContext("gc") as (options: { type: "major"; flavor: "last-resort" }) => void; // V8's own extension function
      setFlagsFromString("--no-expose-gc");
      collect({ type: "major", flavor: "last-resort" });
    },
  };
}
