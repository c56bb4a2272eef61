// The scaling seams: what the core asks of storage. Managers know these contracts, never files or SQL.
import type { AssistantMessage, Message } from "./provider.ts";

/** A row per accepted prompt, whatever its door. */
export interface InboxRow {
  id: string;
  /** Door-specific dedupe key; unique. For chat.send and agent: the idempotency key. */
  dedupeKey: string;
  door: string;
  sessionKey: string;
  agentId: string;
  runId: string;
  /** JSON: text, attachments (blob refs), route, authority, model, flags. */
  payload: string;
  /** Digest of the request body, to refuse the same key with another body. */
  digest: string;
  acceptedAt: number;
  state: "accepted" | "settled";
  /** JSON of the outcome once settled. */
  outcome: string | null;
  settledAt: number | null;
}

export interface RunRow {
  id: string;
  inboxId: string;
  sessionKey: string;
  sessionId: string;
  agentId: string;
  state: "queued" | "running" | "waiting" | "done" | "failed" | "aborted" | "timed-out" | "joined" | "interrupted";
  startedAt: number | null;
  endedAt: number | null;
  /** JSON of the terminal value: text, error, usage, model. */
  result: string | null;
  /** Times the run was taken up again after a crash; bounded. */
  resumes: number;
  updatedAt: number;
}

export interface OutboxRow {
  /** Origin (run, send, notice) + part number. */
  id: string;
  origin: string;
  part: number;
  /** `webchat` or channel:account:peer. */
  target: string;
  payload: string;
  state: "planned" | "sending" | "sent" | "unknown" | "dead";
  attemptId: string | null;
  receipt: string | null;
  tries: number;
  plannedAt: number;
  updatedAt: number;
}

export interface LedgerRow {
  /** Run id + tool call id. */
  id: string;
  runId: string;
  callId: string;
  tool: string;
  argsDigest: string;
  begunAt: number;
  endedAt: number | null;
  /** HMAC over call and result, once it ended. */
  receipt: string | null;
  state: "begun" | "done" | "failed" | "interrupted";
}

export interface IdempotencyRow {
  /** Method and key. */
  id: string;
  digest: string;
  /** JSON of the response. */
  answer: string;
  createdAt: number;
}

export interface DeviceRow {
  deviceId: string;
  publicKey: string;
  /** JSON: displayName, platform, clientId, clientMode, remoteIp, label. */
  info: string;
  /** JSON arrays. */
  roles: string;
  scopes: string;
  createdAt: number;
  approvedAt: number;
  approvedVia: string;
  lastSeenAt: number | null;
}

export interface PairingRow {
  requestId: string;
  kind: "device" | "node";
  deviceId: string;
  /** JSON of the pending request as it is shown. */
  request: string;
  createdAt: number;
}

export interface TokenRow {
  /** deviceId + role. */
  id: string;
  deviceId: string;
  role: string;
  /** The token is HMAC(server key, device | role | generation); only its SHA-256 is kept. */
  generation: number;
  hash: string;
  scopes: string;
  createdAt: number;
  rotatedAt: number | null;
  revokedAt: number | null;
  lastUsedAt: number | null;
}

export interface UsageRow {
  id: string;
  at: number;
  /** Local date, yyyy-mm-dd. */
  day: string;
  sessionKey: string;
  agentId: string;
  runId: string;
  provider: string;
  model: string;
  input: number;
  output: number;
  cacheRead: number;
  cacheWrite: number;
  totalTokens: number;
  /** US dollars; null when the price is unknown. */
  cost: number | null;
}

/** Small facts of the machine: server key version, schema version, migration marks. */
export interface MetaRow {
  id: string;
  value: string;
}

export interface Tables {
  inbox: InboxRow;
  runs: RunRow;
  outbox: OutboxRow;
  ledger: LedgerRow;
  idempotency: IdempotencyRow;
  devices: DeviceRow;
  pairings: PairingRow;
  tokens: TokenRow;
  usage: UsageRow;
  meta: MetaRow;
}
export type TableName = keyof Tables;

/** One step on a table. `add` fails the whole batch when the key (or a unique column) is taken; `put` replaces. */
export type Write = {
  [T in TableName]:
    | { table: T; add: Tables[T] }
    | { table: T; put: Tables[T] }
    /** Updates the row with this key; with `expect`, only if these columns still hold these values, else the batch fails. */
    | { table: T; key: string; set: Partial<Tables[T]>; expect?: Partial<Tables[T]> }
    | { table: T; remove: string };
}[TableName];

/** `conflict` is the index of the write that could not be made; then nothing of the batch was. */
export type CommitResult = { ok: true } | { ok: false; conflict: number };

export interface Query<T extends TableName> {
  where?: Partial<Tables[T]>;
  /** Rows with `column` >= value. */
  from?: { column: keyof Tables[T] & string; value: number | string };
  orderBy?: keyof Tables[T] & string;
  descending?: boolean;
  limit?: number;
}

export interface MachineRows {
  /** One durable transaction: resolves after it is on disk. Concurrent calls share a sync. Rejects with store.full / store.failed. */
  commit(batch: readonly Write[]): Promise<CommitResult>;
  /** The same for what nobody waits for: it may be held back for a moment to share a transaction with others. Reads see it at once; a crash may take it. */
  commitSoon(batch: readonly Write[]): Promise<CommitResult>;
  get<T extends TableName>(table: T, key: string): Promise<Tables[T] | undefined>;
  /** By a unique column other than the key (inbox.dedupeKey). */
  find<T extends TableName>(table: T, query: Query<T>): Promise<Tables[T][]>;
  count<T extends TableName>(table: T, where?: Partial<Tables[T]>): Promise<number>;
  /** Removes rows whose `column` is older than `before`; returns how many. */
  sweep<T extends TableName>(table: T, column: keyof Tables[T] & string, before: number, where?: Partial<Tables[T]>): Promise<number>;
}

/** A line of a transcript file (protocol.md 6.4). */
export type TranscriptEntry =
  | { type: "session"; version: number; id: string; timestamp: string; cwd: string; parentSession?: string }
  | ({ id: string; parentId: string | null; timestamp: string } & (
      | { type: "message"; message: Message | (AssistantMessage & { stopReason: "injected" }); runId?: string; idempotencyKey?: string }
      | { type: "compaction"; summary: string; firstKeptEntryId: string; tokensBefore: number; details?: unknown }
      | { type: "branch_summary"; fromId: string; summary: string }
      | { type: "custom"; customType: string; data?: unknown }
      | { type: "custom_message"; customType: string; content: string; display: boolean; details?: unknown }
      | { type: "thinking_level_change"; thinkingLevel: string }
      | { type: "model_change"; provider: string; modelId: string }
      | { type: "label"; targetId: string; label?: string }
      | { type: "session_info"; name?: string }
    ));

export interface TranscriptLog {
  /** Queues lines in order. `durable: true` resolves after they are on disk, else after they are written. */
  append(lines: readonly TranscriptEntry[], options: { durable: boolean }): Promise<void>;
  /** Resolves when all that was appended is on disk. */
  sync(): Promise<void>;
  /** All readable entries in file order; unreadable lines are counted in `skipped` and reported once. */
  read(): Promise<{ entries: TranscriptEntry[]; skipped: number; sizeBytes: number }>;
  /** Entries near the beginning and near the end, without reading the rest; the same array twice when that is all. */
  excerpt(): Promise<{ head: TranscriptEntry[]; tail: TranscriptEntry[] }>;
  close(): Promise<void>;
}

/** One entry of sessions.json (protocol.md 6.5). Unknown members are kept. */
export interface SessionEntry {
  sessionId: string;
  updatedAt: number;
  sessionFile?: string;
  [member: string]: unknown;
}

export interface SessionDocument {
  /** The whole map, live: changed through `put` and `remove` only. */
  readonly entries: ReadonlyMap<string, SessionEntry>;
  /** Changes in memory at once; `durable: true` resolves after the document is on disk, else the write is merged and made within `withinMs` (50 when absent). */
  put(key: string, entry: SessionEntry, options: { durable: boolean; withinMs?: number }): Promise<void>;
  remove(key: string): Promise<void>;
  /** Where it is, for `sessions.list`. */
  readonly path: string;
}

/** What one gateway keeps. The embedded one is files and SQLite; a scaled one is a database. */
export interface SessionStore {
  readonly rows: MachineRows;
  sessions(agentId: string): Promise<SessionDocument>;
  agentIds(): Promise<string[]>;
  transcript(agentId: string, sessionId: string, file?: string): TranscriptLog;
  /** Renames the transcript to `<file>.<reason>.<ISO time with - for :>`; returns the new name, undefined when there was none. */
  archiveTranscript(agentId: string, sessionId: string, reason: "deleted" | "bak" | "reset", file?: string): Promise<string | undefined>;
  /** Puts other entries in the place of a transcript; the old one is kept as `<file>.bak.<time>`, whose name is returned. A crash leaves the old or the new one. */
  replaceTranscript(agentId: string, sessionId: string, entries: readonly TranscriptEntry[], file?: string): Promise<string>;
  /** The transcript's name as forks and archives mention it; here its path. */
  transcriptPath(agentId: string, sessionId: string, file?: string): string;
  /** Unsynced scratch transcripts of ephemeral sessions, swept after a day. */
  scratch(agentId: string, sessionId: string): TranscriptLog;
  putBlob(bytes: Uint8Array): Promise<string>;
  getBlob(hash: string): Promise<Uint8Array | undefined>;
  /** Removes blobs that nothing names: older than `maxAgeMs`, and the oldest until the rest fits into `maxBytes`. Returns how many. */
  sweepBlobs(options: { isNamed(hash: string): boolean; maxAgeMs: number; maxBytes: number }): Promise<number>;
  /** A write that proves the store accepts writes; for /readyz. */
  probe(): Promise<void>;
  close(): Promise<void>;
}
