// How late the event loop is: sampled all the time, read by health and readiness.
import { monitorEventLoopDelay, performance } from "node:perf_hooks";
import type { Clock } from "../base/clock.ts";

export interface LoopReading { degraded: boolean; reasons: ("event_loop_delay" | "event_loop_utilization" | "cpu")[]; intervalMs: number; delayP99Ms: number; delayMaxMs: number; utilization: number; cpuCoreRatio: number }

export interface LoopWatch {
  /** Since the last window began; a window is at least ten seconds. */
  read(): LoopReading;
  stop(): void;
}

const resolutionMs = 100;
const windowMs = 10_000;
const degradedDelayMs = 500;
const degradedUtilization = 0.95;

export function createLoopWatch(clock: Clock): LoopWatch {
  const histogram = monitorEventLoopDelay({ resolution: resolutionMs });
  histogram.enable();
  let begun = clock.monotonic();
  let utilization = performance.eventLoopUtilization();
  let cpu = process.cpuUsage();
  let last: LoopReading | undefined;
  return {
    read() {
      const intervalMs = clock.monotonic() - begun;
      if (last && intervalMs < windowMs) return last;
      const used = process.cpuUsage(cpu);
      const share = performance.eventLoopUtilization(utilization).utilization;
      const delayP99Ms = Math.max(0, histogram.percentile(99) / 1e6 - resolutionMs);
      const reasons: LoopReading["reasons"] = [];
      if (delayP99Ms > degradedDelayMs) reasons.push("event_loop_delay");
      if (share > degradedUtilization) reasons.push("event_loop_utilization");
      last = {
        degraded: reasons.length > 0,
        reasons,
        intervalMs: Math.round(intervalMs),
        delayP99Ms: round(delayP99Ms),
        delayMaxMs: round(Math.max(0, histogram.max / 1e6 - resolutionMs)),
        utilization: round(share),
        cpuCoreRatio: round(intervalMs > 0 ? (used.user + used.system) / 1000 / intervalMs : 0),
      };
      begun = clock.monotonic();
      utilization = performance.eventLoopUtilization();
      cpu = process.cpuUsage();
      histogram.reset();
      return last;
    },
    stop: () => histogram.disable(),
  };
}

function round(value: number): number {
  return Number.isFinite(value) ? Math.round(value * 100) / 100 : 0;
}
