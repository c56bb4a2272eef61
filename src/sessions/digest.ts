// What lists show of a conversation's words: first question and last message, read from the ends of the file once and then kept up to date.
import type { TranscriptEntry } from "../sdk/backends.ts";
import type { Message } from "../sdk/provider.ts";
import { oneLine, plainText } from "./text.ts";

export interface Digest {
  firstQuestion?: string;
  lastMessage?: string;
}

export interface Digests {
  /** Reads the ends of the file when it is not known yet. */
  get(sessionId: string, excerpt: () => Promise<{ head: TranscriptEntry[]; tail: TranscriptEntry[] }>): Promise<Digest>;
  /** Entries were appended; true when what lists show changed. */
  appended(sessionId: string, entries: readonly TranscriptEntry[]): boolean;
  forget(sessionId: string): void;
}

const QUESTION_CHARS = 120;
const PREVIEW_CHARS = 140;
/** Files read at once for a list. */
const MAX_READS = 8;

export function createDigests(): Digests {
  const known = new Map<string, Digest>();
  const reading = new Map<string, Promise<Digest>>();
  /** Appended while the file was being read. */
  const late = new Map<string, TranscriptEntry[]>();
  const waiting: (() => void)[] = [];
  let active = 0;

  const limited = async <T>(work: () => Promise<T>): Promise<T> => {
    if (active >= MAX_READS) await new Promise<void>((resolve) => waiting.push(resolve));
    else active++;
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else active--;
    }
  };
  return {
    get(sessionId, excerpt) {
      const found = known.get(sessionId);
      if (found) return Promise.resolve(found);
      let read = reading.get(sessionId);
      if (!read) {
        read = limited(excerpt)
          .then(({ head, tail }) => {
            const digest: Digest = {};
            takeIn(digest, head, true);
            takeIn(digest, tail, false);
            takeIn(digest, late.get(sessionId) ?? [], true);
            known.set(sessionId, digest);
            return digest;
          })
          .finally(() => {
            reading.delete(sessionId);
            late.delete(sessionId);
          });
        reading.set(sessionId, read);
      }
      return read;
    },
    appended(sessionId, entries) {
      const digest = known.get(sessionId);
      if (reading.has(sessionId)) late.set(sessionId, [...(late.get(sessionId) ?? []), ...entries]);
      return digest !== undefined && takeIn(digest, entries, true);
    },
    forget: (sessionId) => void known.delete(sessionId),
  };
}

/** `fromStart`: these entries may hold the first question. */
function takeIn(digest: Digest, entries: readonly TranscriptEntry[], fromStart: boolean): boolean {
  let changed = false;
  for (const entry of entries) {
    if (entry.type !== "message" || entry.message.role === "toolResult") continue;
    const text = oneLine(plainText(entry.message as Message /* an injected answer reads like any other */), QUESTION_CHARS + PREVIEW_CHARS);
    if (text === "") continue;
    if (fromStart && digest.firstQuestion === undefined && entry.message.role === "user") digest.firstQuestion = oneLine(text, QUESTION_CHARS);
    digest.lastMessage = oneLine(text, PREVIEW_CHARS);
    changed = true;
  }
  return changed;
}
