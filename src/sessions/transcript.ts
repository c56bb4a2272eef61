// The append-only record of one session id: a tree of entries by parentId, held in memory while it is in use.
import type { Clock } from "../base/clock.ts";
import type { Ids } from "../base/ids.ts";
import type { Log } from "../base/log.ts";
import type { Message } from "../sdk/provider.ts";
import type { TranscriptEntry, TranscriptLog } from "../sdk/backends.ts";
import { createTranscriptTree, type CompactionEntry, type HeaderEntry, type MessageEntry, type TranscriptTree, type TreeEntry } from "./transcript-tree.ts";

/** An entry without the members the transcript fills in. */
export type NewEntry = TranscriptEntry extends infer E ? E extends { parentId: string | null } ? Omit<E, "id" | "parentId" | "timestamp"> : never : never;

export interface Transcript {
  readonly sessionId: string;
  /** All readable entries in file order, header first. Grows in place; do not change it. */
  entries(): Promise<readonly TranscriptEntry[]>;
  /** Entries with a message in file order, across branches and compactions: what people read. Grows in place; do not change it. */
  history(): Promise<readonly MessageEntry[]>;
  /** Lines of the file that could not be read. */
  gaps(): Promise<number>;
  /** The model's view: messages of the current branch, after the last compaction (its summary comes first as a user message). */
  messages(): Promise<readonly Message[]>;
  /** The last compaction of the file. */
  compaction(): Promise<CompactionEntry | undefined>;
  /** Id of the last entry, the parent of the next one. */
  leaf(): Promise<string | null>;
  /** From the root to an entry, or to the leaf; undefined when there is no such entry. */
  path(entryId?: string): Promise<TreeEntry[] | undefined>;
  /** Appends below the leaf, in order; returns the new ids. */
  append(entries: readonly NewEntry[], options: { durable: boolean }): Promise<string[]>;
  /** Begins this transcript with entries of another, as they are. Durable when it resolves. */
  adopt(entries: readonly TreeEntry[]): Promise<void>;
  /** Makes sure all that was appended is on disk. */
  sync(): Promise<void>;
  /** Forgets what is in memory and closes the file; a later use reads it again. */
  close(): Promise<void>;
}

/** Names one transcript. */
export interface TranscriptRef {
  agentId: string;
  sessionId: string;
  /** From the session's entry, when it names a file of its own. */
  file?: string;
  /** Unsynced, outside sessions.json. */
  scratch?: boolean;
  parentSession?: string;
  /** Nothing was written under this id yet: nothing to read. */
  isNew?: boolean;
}

export interface TranscriptsDeps {
  clock: Clock;
  ids: Ids;
  log: Log;
  openLog(ref: TranscriptRef): TranscriptLog;
  /** Working folder for the header. */
  workspaceOf(agentId: string): string;
  /** Told after a transcript was read into memory. */
  onRead(ref: TranscriptRef, tree: TranscriptTree): void;
  /** Told after entries were appended. */
  onAppended(ref: TranscriptRef, entries: readonly TranscriptEntry[]): void;
  /** What may stay in memory beyond what is in use now. */
  maxBytes?: number;
  maxOpen?: number;
}

export interface Transcripts {
  /** A handle; nothing is read before it is used. */
  get(ref: TranscriptRef): Transcript;
  /** The tree if it is in memory. */
  loaded(sessionId: string): TranscriptTree | undefined;
  close(): Promise<void>;
}

interface Held {
  ref: TranscriptRef;
  log: TranscriptLog;
  tree: TranscriptTree;
  ready: Promise<void> | undefined;
  sizeBytes: number;
  gaps: number;
  /** Uses under way; it stays while there are any. */
  pins: number;
}

const DEFAULT_MAX_BYTES = 67_108_864;
const DEFAULT_MAX_OPEN = 256;
/** The format that existing clients and tools read. */
const FORMAT_VERSION = 3;

export function createTranscripts(deps: TranscriptsDeps): Transcripts {
  const maxBytes = deps.maxBytes ?? DEFAULT_MAX_BYTES;
  const maxOpen = deps.maxOpen ?? DEFAULT_MAX_OPEN;
  /** Least recently used first. */
  const held = new Map<string, Held>();
  let totalBytes = 0;

  const drop = async (entry: Held) => {
    if (held.get(entry.ref.sessionId) === entry) {
      held.delete(entry.ref.sessionId);
      totalBytes -= entry.sizeBytes;
    }
    await entry.log.close();
  };
  const trim = () => {
    for (const entry of held.values()) {
      if (held.size <= maxOpen && totalBytes <= maxBytes) return;
      if (entry.pins === 0) drop(entry).catch((error: unknown) => deps.log.warn("a transcript could not be closed", { sessionId: entry.ref.sessionId, error }));
    }
  };
  const read = async (entry: Held) => {
    const { entries, skipped, sizeBytes } = await entry.log.read();
    for (const line of entries) entry.tree.add(line);
    entry.gaps = skipped;
    entry.ready = undefined;
    grow(entry, sizeBytes);
    deps.onRead(entry.ref, entry.tree);
  };
  const grow = (entry: Held, bytes: number) => {
    entry.sizeBytes += bytes;
    if (held.get(entry.ref.sessionId) === entry) totalBytes += bytes;
  };
  const hold = (ref: TranscriptRef): Held => {
    let entry = held.get(ref.sessionId);
    if (entry) {
      held.delete(ref.sessionId);
    } else {
      const made: Held = { ref, log: deps.openLog(ref), tree: createTranscriptTree(), ready: undefined, sizeBytes: 0, gaps: 0, pins: 0 };
      if (!ref.isNew) made.ready = read(made).catch(async (error: unknown) => {
        await drop(made);
        throw error;
      });
      entry = made;
    }
    held.set(ref.sessionId, entry);
    return entry;
  };
  const useHeld = async <T>(ref: TranscriptRef, work: (entry: Held) => T | Promise<T>): Promise<T> => {
    const entry = hold(ref);
    entry.pins++;
    try {
      if (entry.ready) await entry.ready;
      return await work(entry);
    } finally {
      entry.pins--;
      trim();
    }
  };

  const append = async (entry: Held, news: readonly NewEntry[], durable: boolean): Promise<string[]> => {
    const lines: TreeEntry[] = [];
    const ids: string[] = [];
    let parentId = entry.tree.leaf();
    const timestamp = new Date(deps.clock.now()).toISOString();
    for (const added of news) {
      const id = freshId(entry.tree, ids);
      ids.push(id);
      const { type, ...rest } = added;
      lines.push({ type, id, parentId, timestamp, ...rest } as TreeEntry /* NewEntry is TreeEntry less these three */);
      parentId = id;
    }
    await write(entry, lines, durable);
    return ids;
  };
  const write = async (entry: Held, added: readonly TreeEntry[], durable: boolean): Promise<void> => {
    const lines: TranscriptEntry[] = entry.tree.entries.length === 0 ? [headerFor(entry.ref), ...added] : [...added];
    for (const line of lines) entry.tree.add(line);
    try {
      await entry.log.append(lines, { durable });
    } catch (error) {
      // Memory now holds more than the file: the next use reads the file again.
      await drop(entry);
      throw error;
    }
    grow(entry, lines.reduce((sum, line) => sum + sizeOf(line), 0));
    deps.onAppended(entry.ref, lines);
  };
  const freshId = (tree: TranscriptTree, taken: readonly string[]): string => {
    for (;;) {
      const id = deps.ids.hex(4);
      if (!tree.has(id) && !taken.includes(id)) return id;
    }
  };
  const headerFor = (ref: TranscriptRef): HeaderEntry => ({
    type: "session",
    version: FORMAT_VERSION,
    id: ref.sessionId,
    timestamp: new Date(deps.clock.now()).toISOString(),
    cwd: deps.workspaceOf(ref.agentId),
    ...(ref.parentSession === undefined ? {} : { parentSession: ref.parentSession }),
  });

  return {
    get(given) {
      let ref = given;
      const use = <T>(work: (entry: Held) => T | Promise<T>): Promise<T> => {
        const result = useHeld(ref, work);
        if (ref.isNew) ref = { ...ref, isNew: false };
        return result;
      };
      return {
        sessionId: ref.sessionId,
        entries: () => use((entry) => entry.tree.entries),
        history: () => use((entry) => entry.tree.messageEntries),
        gaps: () => use((entry) => entry.gaps),
        messages: () => use((entry) => entry.tree.messages().slice()),
        compaction: () => use((entry) => entry.tree.compaction()),
        leaf: () => use((entry) => entry.tree.leaf()),
        path: (entryId) => use((entry) => entry.tree.path(entryId)),
        adopt: (entries) => use((entry) => write(entry, entries, true)),
        append: (entries, { durable }) => use((entry) => append(entry, entries, durable)),
        sync: () => use((entry) => entry.log.sync()),
        async close() {
          const entry = held.get(ref.sessionId);
          if (entry) await drop(entry);
        },
      };
    },
    loaded: (sessionId) => {
      const entry = held.get(sessionId);
      return entry && !entry.ready ? entry.tree : undefined;
    },
    async close() {
      for (const entry of held.values()) await drop(entry);
    },
  };
}

/** Roughly what an entry takes, without making its text again. */
function sizeOf(entry: TranscriptEntry): number {
  if (entry.type !== "message") return 512;
  const { content } = entry.message;
  if (typeof content === "string") return 256 + content.length;
  let bytes = 256;
  for (const block of content) bytes += block.type === "text" ? block.text.length : block.type === "image" ? block.data.length : block.type === "thinking" ? block.thinking.length : 512;
  return bytes;
}
