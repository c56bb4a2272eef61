// The log on disk: lines are buffered and appended, a full file is renamed, and `logs.tail` reads from a position on.
import { dirname } from "node:path";
import type { Clock, Timer } from "../base/clock.ts";
import type { LogSink } from "../base/log.ts";
import type { Disk, DiskFile } from "../store/disk.ts";

export interface LogTail { file: string; cursor: number; size: number; lines: string[]; truncated?: boolean; reset?: boolean }

export interface LogFiles {
  sink: LogSink;
  /** Lines from `cursor` on, or the last ones. `reset` says that the file was changed or the cursor is too old. */
  tail(want: { cursor?: number; limit?: number; maxBytes?: number }): Promise<LogTail>;
  close(): Promise<void>;
}

export interface LogFileSettings { path: string; maxFileBytes: number; maxFiles: number }

/** The settings are asked for when the file is opened or full, so that they may come from a configuration that is read later than the first line. */
export interface LogFilesDeps { disk: Disk; clock: Clock; settings(): LogFileSettings }

const flushMs = 200;
/** Lines that wait for the disk; beyond it they are dropped and counted. */
const maxWaitingLines = 10_000;

export function createLogFiles(deps: LogFilesDeps): LogFiles {
  const { disk, clock, settings } = deps;
  let waiting: string[] = [];
  let dropped = 0;
  let file: DiskFile | undefined;
  let size = 0;
  let writing: Promise<void> = Promise.resolve();
  let broken = false;
  let due: Timer | undefined;

  const open = async (): Promise<DiskFile> => {
    if (file) return file;
    const { path } = settings();
    await disk.makeDir(dirname(path));
    file = await disk.open(path, "append");
    size = await file.sizeBytes();
    return file;
  };

  const rotate = async (): Promise<void> => {
    await file?.close();
    file = undefined;
    const { path, maxFiles } = settings();
    await disk.remove(`${path}.${maxFiles - 1}`);
    for (let age = maxFiles - 2; age >= 0; age--) {
      const from = age === 0 ? path : `${path}.${age}`;
      if (await disk.stat(from)) await disk.rename(from, `${path}.${age + 1}`);
    }
  };

  const write = async (lines: readonly string[]): Promise<void> => {
    const bytes = Buffer.from(lines.join(""), "utf8");
    let target = await open();
    if (size > 0 && size + bytes.length > settings().maxFileBytes) {
      await rotate();
      target = await open();
    }
    await target.append(bytes);
    size += bytes.length;
  };

  const flush = (): Promise<void> => {
    due?.cancel();
    due = undefined;
    if (waiting.length === 0) return writing;
    const lines = waiting;
    waiting = [];
    if (dropped > 0) lines.push(`${JSON.stringify({ level: "warn", time: new Date(clock.now()).toISOString(), message: "log lines were dropped", dropped })}\n`);
    dropped = 0;
    writing = writing.then(() => write(lines)).then(
      () => void (broken = false),
      () => {
        broken = true; // a log that cannot be written has nobody to tell; health reports the disk
        file = undefined;
      },
    );
    return writing;
  };

  return {
    sink: {
      write(line) {
        if (waiting.length >= maxWaitingLines) dropped++;
        else waiting.push(line);
        due ??= clock.after(flushMs, () => void flush());
      },
      flush: () => void flush(),
    },
    async tail(want) {
      if (!broken) await flush();
      const { path } = settings();
      const found = await disk.stat(path);
      const total = found?.sizeBytes ?? 0;
      const maxBytes = want.maxBytes ?? 250_000;
      const isStale = want.cursor !== undefined && (want.cursor > total || total - want.cursor > maxBytes);
      const start = want.cursor === undefined || isStale ? Math.max(0, total - maxBytes) : want.cursor;
      const reader = total > start ? await disk.open(path, "read") : undefined;
      const text = reader ? (await reader.read(start, total - start)).toString("utf8") : "";
      await reader?.close();
      // A window that begins inside a line starts with the next one; an unfinished last line waits for the next call.
      const isCut = start > 0 && start !== want.cursor;
      const body = isCut ? text.slice(text.indexOf("\n") + 1) : text;
      const whole = body.slice(0, body.lastIndexOf("\n") + 1);
      const lines = whole.split("\n").slice(0, -1);
      const kept = lines.slice(-(want.limit ?? 500));
      return {
        file: path,
        cursor: total - Buffer.byteLength(body.slice(whole.length), "utf8"),
        size: total,
        lines: kept,
        ...(isCut || kept.length < lines.length ? { truncated: true } : {}),
        ...(isStale ? { reset: true } : {}),
      };
    },
    async close() {
      await flush();
      await file?.close();
    },
  };
}
