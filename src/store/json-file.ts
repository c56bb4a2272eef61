// One JSON document on disk with one writer: whole, atomic, and bursts of changes merged into one write.
import type { Clock, Timer } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import { writeWhole, type Disk } from "./disk.ts";
import { asStoreFault } from "./store-faults.ts";

export interface JsonFileDeps {
  disk: Disk;
  clock: Clock;
  log: Log;
  path: string;
  /** The document's text at the moment of writing. */
  render(): string;
}

export interface JsonFile {
  readonly path: string;
  /** Resolves when the document as it is now (or later) is on disk. Rejects with store.full or store.failed. */
  save(): Promise<void>;
  /** Writes within `withinMs`, together with what else changes until then. A failed write is tried again. */
  saveSoon(withinMs?: number): void;
  /** Writes what is still waiting and ends the timer. */
  close(): Promise<void>;
}

/** Changes this close together become one write. */
const MERGE_MS = 50;
const RETRY_MS = 1_000;

export function createJsonFile({ disk, clock, log, path, render }: JsonFileDeps): JsonFile {
  let timer: Timer | undefined;
  let dueAt = Infinity;
  let running: Promise<void> | undefined;
  /** The write after the running one; everyone who asks meanwhile shares it. */
  let next: Promise<void> | undefined;

  const stopTimer = () => {
    timer?.cancel();
    timer = undefined;
    dueAt = Infinity;
  };
  const write = async () => {
    stopTimer();
    try {
      await writeWhole(disk, path, Buffer.from(render()));
    } catch (error) {
      throw asStoreFault(error);
    }
  };
  const start = (): Promise<void> => {
    running = write().finally(() => (running = undefined));
    return running;
  };
  const save = (): Promise<void> => {
    if (!running) return start();
    next ??= running.then(noop, noop).then(() => {
      next = undefined;
      return start();
    });
    return next;
  };
  const saveSoon = (withinMs = MERGE_MS) => {
    const at = clock.monotonic() + withinMs;
    if (at >= dueAt) return;
    stopTimer();
    dueAt = at;
    timer = clock.after(withinMs, () => {
      save().catch((error: unknown) => {
        log.warn("a document could not be written; trying again", { path, error });
        saveSoon(RETRY_MS);
      });
    });
  };
  return {
    path,
    save,
    saveSoon,
    async close() {
      if (timer) await save();
      else await (next ?? running);
    },
  };
}

function noop(): void {}
