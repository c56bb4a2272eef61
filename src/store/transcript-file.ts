// One transcript as a file of lines: entries in, entries out, unreadable lines counted and left where they are.
import type { Log } from "../base/log.ts";
import type { TranscriptEntry, TranscriptLog } from "../sdk/backends.ts";
import type { JsonlFile } from "./jsonl-file.ts";
import { parseLine } from "./jsonl-repair.ts";

/** Enough for a header and the first question, and for the last few messages. */
const HEAD_BYTES = 8_192;
const TAIL_BYTES = 32_768;

export function createTranscriptFile(file: JsonlFile, log: Log): TranscriptLog {
  return {
    append: (entries, options) => file.append(entries.map((entry) => JSON.stringify(entry)), options),
    sync: () => file.sync(),
    async read() {
      const entries: TranscriptEntry[] = [];
      let line = 0;
      let firstBadLine = 0;
      let skipped = 0;
      const found = await file.lines((text) => {
        line++;
        if (text.trim() === "") return;
        const entry = asEntry(text);
        if (entry) {
          entries.push(entry);
          return;
        }
        if (skipped++ === 0) firstBadLine = line;
        entries.push(...joinedEntries(text));
      });
      if (skipped > 0) log.warn("a transcript has lines that cannot be read; they were skipped", { path: file.path, skipped, firstBadLine });
      return { entries, skipped, sizeBytes: found?.sizeBytes ?? 0 };
    },
    async excerpt() {
      const { head, tail } = await file.excerpt(HEAD_BYTES, TAIL_BYTES);
      const readable = (lines: string[]) => lines.map(asEntry).filter((entry) => entry !== undefined);
      const first = readable(head);
      return { head: first, tail: tail === head ? first : readable(tail) };
    },
    close: () => file.close(),
  };
}

/** A damaged line end makes one line of two: each is tried for itself. */
function joinedEntries(text: string): TranscriptEntry[] {
  const second = text.indexOf('{"type":"', 1);
  if (second < 0) return [];
  return [text.slice(0, second - 1), text.slice(second)].map(asEntry).filter((entry) => entry !== undefined);
}

function asEntry(text: string): TranscriptEntry | undefined {
  const value = parseLine(text);
  return typeof value?.["type"] === "string" ? (value as unknown as TranscriptEntry) /* our own file; members are checked where they are used */ : undefined;
}
