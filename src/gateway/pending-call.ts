// One request under way: its deadline and signal, which cost nothing when the handler answers at once.
import { deadline, DeadlineError, type Deadline } from "../base/abort.ts";
import type { Clock } from "../base/clock.ts";
import { fault } from "../base/faults.ts";

export interface PendingCalls {
  /** Waits for the work, the deadline or the end of the connection, whichever comes first. */
  start(about: { what: string; deadlineMs: number; parent: () => AbortSignal }): PendingCall;
}

export interface PendingCall {
  /** Fires at the deadline or when the connection ends. Made on first use. */
  readonly signal: AbortSignal;
  /** From now on only the connection ends the wait: the first of two answers was sent. */
  unlimited(): void;
  wait<T>(work: Promise<T>): Promise<T>;
}

interface Young {
  settled: boolean;
  arm(): void;
}

export function createPendingCalls(clock: Clock): PendingCalls {
  let young: Young[] = [];
  let scheduled = false;

  /** Whoever is still at work at the end of this turn gets a timer; most never do. */
  const look = () => {
    scheduled = false;
    const batch = young;
    young = [];
    for (const call of batch) if (!call.settled) call.arm();
  };
  const grow = (call: Young) => {
    young.push(call);
    if (scheduled) return;
    scheduled = true;
    clock.soon(look);
  };

  return {
    start(about) {
      let limit: Deadline | undefined;
      const limited = (): Deadline => (limit ??= deadline(clock, about.deadlineMs, about.parent()));
      let lifted = false;
      return {
        get signal() {
          return limited().signal;
        },
        unlimited() {
          lifted = true;
          limited().clear();
        },
        wait: (work) =>
          new Promise((resolve, reject) => {
            const onAbort = () => {
              const reason = limited().signal.reason as Error;
              end();
              reject(reason instanceof DeadlineError ? fault("request.deadline", { what: about.what, afterMs: reason.afterMs }) : reason);
            };
            const call: Young = {
              settled: false,
              arm: () => {
                if (lifted) return;
                const { signal } = limited();
                if (signal.aborted) onAbort();
                else signal.addEventListener("abort", onAbort, { once: true });
              },
            };
            const end = () => {
              call.settled = true;
              if (!limit) return;
              limit.signal.removeEventListener("abort", onAbort);
              limit.clear();
            };
            work.then(
              (value) => {
                end();
                resolve(value);
              },
              (error: unknown) => {
                end();
                reject(error as Error);
              },
            );
            if (limit) call.arm();
            else grow(call);
          }),
      };
    },
  };
}
