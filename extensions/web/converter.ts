// Runs the conversion of a page in a thread of its own, so that a page built to be slow costs a thread and not the gateway.
// This file is the thread's program as well: started as one, it converts what it was given and ends.
// oxlint-disable-next-line eslint/no-restricted-imports -- an extension cannot reach base/spawn.ts; this thread dies with its call
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { fault, type Clock } from "../../src/sdk/extension.ts";
import type { Readable } from "./readable.ts";

interface Task { task: "openclaw-web-readable"; html: string; url: string }
type Answer = { ok: true; value: Readable } | { ok: false; reason: string };

const MAX_MS = 5_000;
const MAX_HEAP_MB = 256;
const MAX_THREADS = 2;
const MAX_WAITING = 16;

export interface Converter {
  /** Throws tool.failed when the page cannot be converted in time or memory. */
  convert(html: string, url: string, signal: AbortSignal): Promise<Readable>;
}

export function createConverter(clock: Clock): Converter {
  let running = 0;
  const waiting: (() => void)[] = [];
  const enter = async () => {
    if (running >= MAX_THREADS) {
      if (waiting.length >= MAX_WAITING) throw fault("tool.failed", { reason: "too many pages are being read at once" });
      await new Promise<void>((resolve) => waiting.push(resolve));
    } else running++;
  };
  const leave = () => {
    const next = waiting.shift();
    if (next) next();
    else running--;
  };
  return {
    async convert(html, url, signal) {
      await enter();
      try {
        signal.throwIfAborted();
        return await inThread(clock, { task: "openclaw-web-readable", html, url }, signal);
      } finally {
        leave();
      }
    },
  };
}

function inThread(clock: Clock, task: Task, signal: AbortSignal): Promise<Readable> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL(import.meta.url), { workerData: task, resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MB }, env: {}, stdin: false });
    worker.unref();
    const end = (settle: () => void) => {
      timer.cancel();
      signal.removeEventListener("abort", onAbort);
      void worker.terminate();
      settle();
    };
    const timer = clock.after(MAX_MS, () => end(() => reject(fault("tool.failed", { reason: `the page could not be converted within ${MAX_MS} ms` }))));
    const onAbort = () => end(() => reject(signal.reason as Error));
    signal.addEventListener("abort", onAbort, { once: true });
    worker.once("message", (answer: Answer) => end(() => (answer.ok ? resolve(answer.value) : reject(fault("tool.failed", { reason: `the page could not be converted: ${answer.reason}` })))));
    worker.once("error", (error) => end(() => reject(fault("tool.failed", { reason: `the page could not be converted: ${error.message}` }, { cause: error }))));
    worker.once("exit", () => end(() => reject(fault("tool.failed", { reason: "the page could not be converted" }))));
  });
}

async function answer({ html, url }: Task): Promise<Answer> {
  const { toReadable } = await import("./readable.ts");
  try {
    return { ok: true, value: toReadable(html, url) };
  } catch (error) {
    return { ok: false, reason: error instanceof Error ? error.message : String(error) };
  }
}

const given = workerData as Partial<Task> | null;
if (!isMainThread && given?.task === "openclaw-web-readable") parentPort?.postMessage(await answer(given as Task));
