// Figures of repeated measurements: percentiles, rates, and what the kernel says of a process.
import { readFileSync } from "node:fs";

export interface Spread { p50: number; p99: number; min: number; max: number; count: number }

export function spread(samples: readonly number[]): Spread {
  const sorted = [...samples].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
  return { p50: at(0.5), p99: at(0.99), min: at(0), max: sorted.at(-1) ?? Number.NaN, count: sorted.length };
}

/** Resident memory of a process in MB. */
export function rssMb(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? Number.NaN) / 1024;
}

const ticksPerSecond = 100;

/** User and system time of a process in seconds. */
export function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").replace(/^.*\) /, "").split(" ");
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

/** Runs `work` on `width` lanes until `durationMs` is over; returns each call's time and the rate. */
export async function hammer(width: number, durationMs: number, work: (lane: number) => Promise<void>): Promise<{ perSecond: number; ms: Spread }> {
  const samples: number[] = [];
  const beganAt = performance.now();
  const endAt = beganAt + durationMs;
  await Promise.all(
    Array.from({ length: width }, async (_, lane) => {
      while (performance.now() < endAt) {
        const startedAt = performance.now();
        await work(lane);
        samples.push(performance.now() - startedAt);
      }
    }),
  );
  return { perSecond: samples.length / ((performance.now() - beganAt) / 1000), ms: spread(samples) };
}
