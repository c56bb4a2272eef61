// A process that stays small: V8 keeps the pages of its busiest second for good, unless somebody collects when nobody waits.
import { performance } from "node:perf_hooks";
import { getHeapSpaceStatistics, getHeapStatistics, setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { Clock, Timer } from "./clock.ts";

export interface Heap {
  /** Bytes that the heap occupies, in use or not. */
  sizeBytes(): number;
  /** Share of the time since the last call in which the event loop was busy, 0 to 1. */
  busyShare(): number;
  /** Bytes that the young generation occupies. */
  youngBytes(): number;
  /** Whether the young generation may go on growing; it never shrinks by itself. */
  letYoungGrow(may: boolean): void;
  /** Full collection that gives free pages back; tens of milliseconds. */
  collect(): void;
}

const periodMs = 2_000;
const atRestShare = 0.05;
/** Less than this is not worth a pause. */
const worthBytes = 8_388_608;
/** Less makes short-lived objects old before they die; more, up to V8's own 100 MiB, makes nothing measurably faster. */
const enoughYoungBytes = 16_777_216;

/** Looks every two seconds; the caller cancels it. */
export function keepHeapSmall(clock: Clock, heap: Heap = ownHeap()): Timer {
  let smallestBytes = 0;
  return clock.every(periodMs, () => {
    const isAtRest = heap.busyShare() < atRestShare;
    if (isAtRest && heap.sizeBytes() - smallestBytes >= worthBytes) {
      heap.collect();
      smallestBytes = heap.sizeBytes();
    }
    heap.letYoungGrow(heap.youngBytes() < enoughYoungBytes);
  });
}

function ownHeap(): Heap {
  // V8 would tidy twice more, eight seconds after us and again later, for nothing.
  setFlagsFromString("--memory-reducer-gc-count=0");
  let seen = performance.eventLoopUtilization();
  return {
    sizeBytes: () => getHeapStatistics().total_physical_size,
    busyShare() {
      const now = performance.eventLoopUtilization();
      const { utilization } = performance.eventLoopUtilization(now, seen);
      seen = now;
      return utilization;
    },
    youngBytes: () => getHeapSpaceStatistics().find((space) => space.space_name === "new_space")?.physical_space_size ?? 0,
    letYoungGrow: (may) => setFlagsFromString(`--semi-space-growth-factor=${may ? 2 : 1}`),
    collect() {
      // V8 has no other door to this: a context made under the flag has the function, whatever the flag says later.
      setFlagsFromString("--expose-gc");
      const collect = runInNewContext("gc") as (options: { type: "major"; flavor: "last-resort" }) => void; // V8's own extension function
      setFlagsFromString("--no-expose-gc");
      collect({ type: "major", flavor: "last-resort" });
    },
  };
}
