// Append-only lines of JSON: written in order and in batches, synced when asked, the torn end of a crash cut off before first use.
import { dirname } from "node:path";
import type { Clock } from "../base/clock.ts";
import { fault } from "../base/faults.ts";
import type { Log } from "../base/log.ts";
import type { Disk, DiskFile } from "./disk.ts";
import { createGroupSync } from "./group-sync.ts";
import { repairTail } from "./jsonl-repair.ts";
import { asStoreFault } from "./store-faults.ts";

export interface JsonlFileDeps {
  disk: Disk;
  clock: Clock;
  log: Log;
  path: string;
}

export interface JsonlFile {
  readonly path: string;
  /** Lines without line ends. `durable` resolves after they are synced, else after they are written. All or none of one call is kept. */
  append(lines: readonly string[], options: { durable: boolean }): Promise<void>;
  /** Everything appended so far is on disk. */
  sync(): Promise<void>;
  /** Every line in file order, without line ends; undefined when there is no file. Sees what was appended before the call. */
  lines(onLine: (line: string) => void): Promise<{ sizeBytes: number } | undefined>;
  /** Whole lines near the beginning and near the end. */
  excerpt(headBytes: number, tailBytes: number): Promise<{ head: string[]; tail: string[] }>;
  /** Writes what is queued and closes the file; a later call opens it again. */
  close(): Promise<void>;
}

interface Queued {
  text: string;
  durable: boolean;
  resolve(): void;
  reject(error: unknown): void;
}

/** Unwritten bytes beyond which further lines are refused. */
const MAX_QUEUED_BYTES = 67_108_864;
const READ_CHUNK_BYTES = 262_144;
const NEWLINE = 0x0a;

export function createJsonlFile({ disk, clock, log, path }: JsonlFileDeps): JsonlFile {
  let file: Promise<OpenJsonl> | undefined;
  let queue: Queued[] = [];
  let queuedBytes = 0;
  let pump: Promise<void> | undefined;

  const opened = (): Promise<OpenJsonl> => {
    file ??= openRepaired({ disk, clock, log, path }).catch((error: unknown) => {
      file = undefined;
      throw asStoreFault(error);
    });
    return file;
  };
  /** After a failed write or sync nothing is known of the end of the file: the next use opens and repairs it anew. */
  const distrust = async () => {
    const suspect = file;
    file = undefined;
    try {
      await (await suspect)?.handle.close();
    } catch (error) {
      log.warn("a file could not be closed", { path, error });
    }
  };
  const group = createGroupSync(async () => {
    const open = await opened();
    try {
      await open.handle.sync();
      if (open.isNew) await disk.syncDir(dirname(path));
      open.isNew = false;
    } catch (error) {
      await distrust();
      throw asStoreFault(error);
    }
  });
  const writeBatch = async (batch: readonly Queued[]) => {
    const open = await opened();
    const bytes = Buffer.from(batch.map((entry) => entry.text).join(""));
    try {
      await open.handle.append(bytes);
    } catch (error) {
      await cutBack(open);
      throw asStoreFault(error);
    }
    open.sizeBytes += bytes.length;
  };
  const cutBack = async (open: OpenJsonl) => {
    try {
      await open.handle.truncate(open.sizeBytes);
    } catch (error) {
      log.warn("half-written lines could not be cut off; they are when the file is next opened", { path, error });
      await distrust();
    }
  };
  const run = async () => {
    while (queue.length > 0) {
      const batch = queue;
      queue = [];
      const batchBytes = queuedBytes;
      try {
        await writeBatch(batch);
        queuedBytes -= batchBytes;
      } catch (error) {
        // What was queued behind a failed line may build on it.
        for (const entry of [...batch, ...queue]) entry.reject(error);
        queue = [];
        queuedBytes = 0;
        continue;
      }
      for (const entry of batch) {
        if (entry.durable) group.wait().then(entry.resolve, entry.reject);
        else entry.resolve();
      }
    }
    pump = undefined;
  };
  const settled = async () => {
    await pump;
    await group.idle();
  };

  return {
    path,
    append(lines, { durable }) {
      const text = lines.map((line) => `${line}\n`).join("");
      if (queuedBytes > 0 && queuedBytes + text.length > MAX_QUEUED_BYTES) return Promise.reject(fault("busy", { reason: "the disk is too slow for what is to be written" }));
      queuedBytes += text.length;
      return new Promise((resolve, reject) => {
        queue.push({ text, durable, resolve, reject });
        pump ??= run();
      });
    },
    async sync() {
      await pump;
      if (file) await group.wait();
    },
    async lines(onLine) {
      await settled();
      if (!file && !(await disk.stat(path))) return undefined;
      const { handle } = await opened();
      return { sizeBytes: await scan(handle, onLine) };
    },
    async excerpt(headBytes, tailBytes) {
      await settled();
      const found = await disk.stat(path);
      if (!found) return { head: [], tail: [] };
      const handle = await disk.open(path, "read");
      try {
        return await readEnds(handle, found.sizeBytes, headBytes, tailBytes);
      } finally {
        await handle.close();
      }
    },
    async close() {
      await settled();
      const closing = file;
      file = undefined;
      await (await closing)?.handle.close();
    },
  };
}

interface OpenJsonl {
  handle: DiskFile;
  /** End of the last whole batch. */
  sizeBytes: number;
  /** Its name is not yet known to be on disk. */
  isNew: boolean;
}

async function openRepaired({ disk, clock, log, path }: JsonlFileDeps): Promise<OpenJsonl> {
  const isNew = !(await disk.stat(path));
  if (isNew) await disk.makeDir(dirname(path));
  const handle = await disk.open(path, "append");
  try {
    const repair = await repairTail(disk, handle, () => fileStamp(clock.now()));
    if (repair.savedAs) log.warn("a torn last line was cut off and saved aside", { path, savedAs: repair.savedAs, cutBytes: repair.cutBytes });
    if (repair.lacksNewline) await handle.append(Buffer.from("\n"));
    return { handle, sizeBytes: repair.keptBytes + (repair.lacksNewline ? 1 : 0), isNew };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function scan(handle: DiskFile, onLine: (line: string) => void): Promise<number> {
  let position = 0;
  let rest: Buffer[] = [];
  for (;;) {
    const chunk = await handle.read(position, READ_CHUNK_BYTES);
    if (chunk.length === 0) return position;
    position += chunk.length;
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      const piece = chunk.subarray(start, end);
      onLine(rest.length === 0 ? piece.toString() : Buffer.concat([...rest, piece]).toString());
      rest = [];
      start = end + 1;
    }
    if (start < chunk.length) rest.push(chunk.subarray(start));
  }
}

async function readEnds(handle: DiskFile, sizeBytes: number, headBytes: number, tailBytes: number): Promise<{ head: string[]; tail: string[] }> {
  if (sizeBytes <= headBytes + tailBytes) {
    const all = wholeLines(await handle.read(0, sizeBytes), false, false);
    return { head: all, tail: all };
  }
  const head = wholeLines(await handle.read(0, headBytes), false, true);
  const tail = wholeLines(await handle.read(sizeBytes - tailBytes, tailBytes), true, false);
  return { head, tail };
}

function wholeLines(bytes: Buffer, dropFirst: boolean, dropLast: boolean): string[] {
  const lines = bytes.toString().split("\n");
  return lines.slice(dropFirst ? 1 : 0, dropLast ? -1 : undefined).filter((line) => line !== "");
}

/** A time as part of a file name: `2026-11-21T10-00-00.000Z`. */
export function fileStamp(nowMs: number): string {
  return new Date(nowMs).toISOString().replaceAll(":", "-");
}
