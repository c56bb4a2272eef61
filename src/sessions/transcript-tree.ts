// A transcript in memory: entries in file order, the tree they form, and the branch the model sees, kept up to date entry by entry. No I/O.
import type { TranscriptEntry } from "../sdk/backends.ts";
import type { Message, UserMessage } from "../sdk/provider.ts";

export type HeaderEntry = Extract<TranscriptEntry, { type: "session" }>;
export type TreeEntry = Exclude<TranscriptEntry, HeaderEntry>;
export type CompactionEntry = Extract<TranscriptEntry, { type: "compaction" }>;
export type MessageEntry = Extract<TranscriptEntry, { type: "message" }>;

export interface TranscriptTree {
  /** In file order, header first. The same array for the tree's life. */
  readonly entries: readonly TranscriptEntry[];
  /** Those with a message, in file order: what people read. The same array for the tree's life. */
  readonly messageEntries: readonly MessageEntry[];
  header(): HeaderEntry | undefined;
  /** The last one of the file. */
  compaction(): CompactionEntry | undefined;
  leaf(): string | null;
  has(id: string): boolean;
  /** Takes the next entry of the file. An id that was there before is ignored: a crash can double a last line. */
  add(entry: TranscriptEntry): void;
  /** What the model sees of the current branch. */
  messages(): readonly Message[];
  /** From the root to `id`, or to the leaf; undefined when there is no such entry. */
  path(id?: string): TreeEntry[] | undefined;
}

interface Node {
  entry: TreeEntry;
  parent: Node | undefined;
}

export function createTranscriptTree(): TranscriptTree {
  const entries: TranscriptEntry[] = [];
  const messageEntries: MessageEntry[] = [];
  const nodes = new Map<string, Node>();
  let header: HeaderEntry | undefined;
  let compaction: CompactionEntry | undefined;
  let leaf: Node | undefined;
  let view: Message[] | undefined = [];

  /** No parent given (lines that older gateways added on the side) or a parent that could not be read: the line before it. */
  const parentOf = (entry: TreeEntry): Node | undefined => (entry.parentId === null ? undefined : (nodes.get(entry.parentId ?? "") ?? leaf));
  const addNode = (entry: TreeEntry) => {
    const node: Node = { entry, parent: parentOf(entry) };
    const goesOn = node.parent === leaf;
    nodes.set(entry.id, node);
    entries.push(entry);
    if (isMessage(entry)) messageEntries.push(entry);
    if (entry.type === "compaction") compaction = entry;
    leaf = node;
    if (!goesOn || entry.type === "compaction") view = undefined;
    else pushSeen(view, entry);
  };
  const pathTo = (end: Node | undefined): TreeEntry[] => {
    const path: TreeEntry[] = [];
    for (let node = end; node; node = node.parent) path.push(node.entry);
    return path.reverse();
  };

  return {
    entries,
    messageEntries,
    header: () => header,
    compaction: () => compaction,
    leaf: () => leaf?.entry.id ?? null,
    has: (id) => nodes.has(id),
    add(entry) {
      if (entry.type === "session") {
        header ??= entry;
        entries.push(entry);
        return;
      }
      const id = typeof entry.id === "string" ? entry.id : `line-${entries.length}`;
      if (!nodes.has(id)) addNode(id === entry.id ? entry : { ...entry, id });
    },
    messages: () => (view ??= seenByModel(pathTo(leaf))),
    path(id) {
      if (id === undefined) return pathTo(leaf);
      const end = nodes.get(id);
      return end && pathTo(end);
    },
  };
}

/** The last compaction's summary, what it kept, and everything after it. */
function seenByModel(path: readonly TreeEntry[]): Message[] {
  const view: Message[] = [];
  const at = path.findLastIndex((entry) => entry.type === "compaction");
  const compaction = path[at];
  if (compaction?.type === "compaction") {
    view.push(summaryMessage(compaction.summary, compaction.timestamp));
    const keptFrom = path.findIndex((entry) => entry.id === compaction.firstKeptEntryId);
    if (keptFrom >= 0) for (const entry of path.slice(keptFrom, at)) pushSeen(view, entry);
  }
  for (const entry of path.slice(at + 1)) pushSeen(view, entry);
  return view;
}

function pushSeen(view: Message[] | undefined, entry: TreeEntry): void {
  if (!view) return;
  if (isMessage(entry)) view.push(entry.message as Message); // an injected answer has the members of any other
  else if (entry.type === "custom_message") view.push(userMessage(entry.content, entry.timestamp));
  else if (entry.type === "branch_summary" && entry.summary !== "") view.push(userMessage(`Summary of another branch of this conversation:\n\n${entry.summary}`, entry.timestamp));
}

function summaryMessage(summary: string, timestamp: string): UserMessage {
  return userMessage(`The conversation up to here was shortened. What was said before, in summary:\n\n${summary}`, timestamp);
}

function userMessage(content: UserMessage["content"], timestamp: string): UserMessage {
  return { role: "user", content, timestamp: Date.parse(timestamp) || 0 };
}

function isMessage(entry: TreeEntry): entry is MessageEntry {
  return entry.type === "message" && typeof entry.message === "object" && entry.message !== null;
}
