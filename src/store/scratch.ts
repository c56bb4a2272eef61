// Transcripts of conversations that nobody will come back to: lines of all of them in one file per hour, never synced, gone after a day.
import { join } from "node:path";
import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import type { TranscriptEntry, TranscriptLog } from "../sdk/backends.ts";
import type { Disk } from "./disk.ts";
import { createJsonlFile, type JsonlFile } from "./jsonl-file.ts";
import { parseLine } from "./jsonl-repair.ts";

export interface Scratch {
  transcript(sessionId: string): TranscriptLog;
  /** Removes files older than a day, and the oldest beyond the size bound. */
  sweep(): Promise<number>;
  close(): Promise<void>;
}

const HOUR_MS = 3_600_000;
const KEEP_MS = 24 * HOUR_MS;
const MAX_BYTES = 268_435_456;

export function createScratch({ disk, clock, log, dir }: { disk: Disk; clock: Clock; log: Log; dir: string }): Scratch {
  let current: { name: string; file: JsonlFile } | undefined;
  let ready: Promise<void> | undefined;

  const file = async (): Promise<JsonlFile> => {
    await (ready ??= disk.makeDir(dir));
    const name = `${new Date(clock.now()).toISOString().slice(0, 13)}.jsonl`;
    if (current?.name !== name) {
      const last = current;
      current = { name, file: createJsonlFile({ disk, clock, log, path: join(dir, name) }) };
      await last?.file.close();
    }
    return current.file;
  };
  const entriesOf = async (sessionId: string): Promise<TranscriptEntry[]> => {
    const entries: TranscriptEntry[] = [];
    const marker = `{"session":${JSON.stringify(sessionId)},`;
    for (const name of await disk.list(dir)) {
      const open = current?.name === name ? current.file : createJsonlFile({ disk, clock, log, path: join(dir, name) });
      await open.lines((line) => {
        if (line.startsWith(marker)) entries.push(parseLine(line)?.["entry"] as TranscriptEntry); // our own line
      });
      if (open !== current?.file) await open.close();
    }
    return entries;
  };

  return {
    transcript(sessionId) {
      return {
        async append(entries) {
          await (await file()).append(entries.map((entry) => JSON.stringify({ session: sessionId, entry })), { durable: false });
        },
        sync: async () => {},
        read: async () => ({ entries: await entriesOf(sessionId), skipped: 0, sizeBytes: 0 }),
        async excerpt() {
          const entries = await entriesOf(sessionId);
          return { head: entries, tail: entries };
        },
        close: async () => {},
      };
    },
    async sweep() {
      let removed = 0;
      let totalBytes = 0;
      for (const name of (await disk.list(dir)).reverse()) {
        const stat = await disk.stat(join(dir, name));
        totalBytes += stat?.sizeBytes ?? 0;
        const isOld = stat !== undefined && clock.now() - stat.modifiedAtMs > KEEP_MS;
        if (name !== current?.name && (isOld || totalBytes > MAX_BYTES) && (await disk.remove(join(dir, name)))) removed++;
      }
      return removed;
    },
    async close() {
      await current?.file.close();
    },
  };
}
