// What holds the event loop while it stands still, looked at once it has done so: a thread of its own misses the loop's beats and asks the inspector where the program is.
import { Session, type Debugger } from "node:inspector";
// oxlint-disable-next-line eslint/no-restricted-imports -- the one thread of the program itself: what it watches cannot run while it is needed, and this file is what it runs
import { isMainThread, parentPort, Worker, workerData, type MessagePort } from "node:worker_threads";
import { type Clock, systemClock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";

interface Task {
  task: "openclaw-loop-stack";
  beatMs: number;
  /** So many beats missed in a row are a block. */
  missedBeats: number;
}

const beatMs = 250;
const blockMs = 1_000;
const maxFrames = 30;
/** The thread holds a counter and, for a moment, one stack. */
const maxHeapMb = 16;

/** Logs each block of more than a second with its stack, once it is over. */
export function watchForBlocks({ clock, log }: { clock: Clock; log: Log }): { stop(): void } {
  // The inspector reaches the main thread only; a gateway in a test's thread is not there.
  if (!isMainThread) return { stop: () => undefined };
  const task: Task = { task: "openclaw-loop-stack", beatMs, missedBeats: blockMs / beatMs };
  const worker = new Worker(new URL(import.meta.url), { workerData: task, resourceLimits: { maxOldGenerationSizeMb: maxHeapMb }, env: {}, stdin: false });
  let [beatAt, longestMs] = [clock.monotonic(), 0];
  const noteBeat = () => {
    const now = clock.monotonic();
    longestMs = Math.max(longestMs, now - beatAt);
    beatAt = now;
  };
  const beat = clock.every(beatMs, () => {
    noteBeat();
    worker.postMessage(undefined);
  });
  worker.on("message", (stack: string[]) => {
    noteBeat();
    log.warn("the event loop stood still", { blockedMs: Math.round(longestMs), stack });
    longestMs = 0;
  });
  worker.on("error", (error) => log.warn("blocks of the event loop are no longer seen", { error }));
  worker.unref();
  return {
    stop() {
      beat.cancel();
      void worker.terminate();
    },
  };
}

function countBeats(port: MessagePort, task: Task): void {
  let missed = 0;
  port.on("message", () => void (missed = 0));
  // Counted and not timed: when the whole machine slept, so did this thread.
  systemClock.every(task.beatMs, () => {
    if (++missed === task.missedBeats) askWhere((stack) => port.postMessage(stack));
  });
}

/** A program that is inside the system and not in its own code answers when it comes back from there. */
function askWhere(tell: (stack: string[]) => void): void {
  const session = new Session();
  const urls = new Map<string, string>();
  session.connectToMainThread();
  session.on("Debugger.scriptParsed", ({ params }) => void urls.set(params.scriptId, params.url));
  session.on("Debugger.paused", ({ params }) => {
    session.post("Debugger.disable"); // and so it goes on
    session.disconnect();
    tell(params.callFrames.slice(0, maxFrames).map((frame) => frameText(frame, urls)));
  });
  session.post("Debugger.enable");
  session.post("Debugger.pause");
}

function frameText({ functionName, location }: Debugger.CallFrame, urls: ReadonlyMap<string, string>): string {
  return `${functionName === "" ? "(anonymous)" : functionName} ${urls.get(location.scriptId) ?? "?"}:${location.lineNumber + 1}:${(location.columnNumber ?? 0) + 1}`;
}

const given = workerData as Partial<Task> | null;
if (!isMainThread && parentPort && given?.task === "openclaw-loop-stack") countBeats(parentPort, given as Task);
