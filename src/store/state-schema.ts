// The tables of state.db as data, and the numbered steps that made them.
import type { TableName, Tables } from "../sdk/backends.ts";

interface Table<T extends TableName> {
  key: keyof Tables[T] & string;
  columns: Record<keyof Tables[T] & string, "TEXT" | "INTEGER" | "REAL">;
}

/** Every table's key and columns. The SQL of steps below is history and is written out; this is the present. */
export const tables: { [T in TableName]: Table<T> } = {
  inbox: {
    key: "id",
    columns: { id: "TEXT", dedupeKey: "TEXT", door: "TEXT", sessionKey: "TEXT", agentId: "TEXT", runId: "TEXT", payload: "TEXT", digest: "TEXT", acceptedAt: "INTEGER", state: "TEXT", outcome: "TEXT", settledAt: "INTEGER" },
  },
  runs: {
    key: "id",
    columns: { id: "TEXT", inboxId: "TEXT", sessionKey: "TEXT", sessionId: "TEXT", agentId: "TEXT", state: "TEXT", startedAt: "INTEGER", endedAt: "INTEGER", result: "TEXT", resumes: "INTEGER", updatedAt: "INTEGER" },
  },
  outbox: {
    key: "id",
    columns: { id: "TEXT", origin: "TEXT", part: "INTEGER", target: "TEXT", payload: "TEXT", state: "TEXT", attemptId: "TEXT", receipt: "TEXT", tries: "INTEGER", plannedAt: "INTEGER", updatedAt: "INTEGER" },
  },
  ledger: {
    key: "id",
    columns: { id: "TEXT", runId: "TEXT", callId: "TEXT", tool: "TEXT", argsDigest: "TEXT", begunAt: "INTEGER", endedAt: "INTEGER", receipt: "TEXT", state: "TEXT" },
  },
  idempotency: { key: "id", columns: { id: "TEXT", digest: "TEXT", answer: "TEXT", createdAt: "INTEGER" } },
  devices: {
    key: "deviceId",
    columns: { deviceId: "TEXT", publicKey: "TEXT", info: "TEXT", roles: "TEXT", scopes: "TEXT", createdAt: "INTEGER", approvedAt: "INTEGER", approvedVia: "TEXT", lastSeenAt: "INTEGER" },
  },
  pairings: { key: "requestId", columns: { requestId: "TEXT", kind: "TEXT", deviceId: "TEXT", request: "TEXT", createdAt: "INTEGER" } },
  tokens: {
    key: "id",
    columns: { id: "TEXT", deviceId: "TEXT", role: "TEXT", generation: "INTEGER", hash: "TEXT", scopes: "TEXT", createdAt: "INTEGER", rotatedAt: "INTEGER", revokedAt: "INTEGER", lastUsedAt: "INTEGER" },
  },
  usage: {
    key: "id",
    columns: { id: "TEXT", at: "INTEGER", day: "TEXT", sessionKey: "TEXT", agentId: "TEXT", runId: "TEXT", provider: "TEXT", model: "TEXT", input: "INTEGER", output: "INTEGER", cacheRead: "INTEGER", cacheWrite: "INTEGER", totalTokens: "INTEGER", cost: "REAL" },
  },
  meta: { key: "id", columns: { id: "TEXT", value: "TEXT" } },
};

/** Step n takes a database of version n to n + 1. A released step is never changed. */
export const migrations: readonly string[] = [
  `
  CREATE TABLE inbox (id TEXT PRIMARY KEY, dedupeKey TEXT NOT NULL UNIQUE, door TEXT NOT NULL, sessionKey TEXT NOT NULL, agentId TEXT NOT NULL, runId TEXT NOT NULL,
    payload TEXT NOT NULL, digest TEXT NOT NULL, acceptedAt INTEGER NOT NULL, state TEXT NOT NULL, outcome TEXT, settledAt INTEGER) STRICT, WITHOUT ROWID;
  CREATE INDEX inbox_by_state ON inbox (state, acceptedAt);
  CREATE TABLE runs (id TEXT PRIMARY KEY, inboxId TEXT NOT NULL, sessionKey TEXT NOT NULL, sessionId TEXT NOT NULL, agentId TEXT NOT NULL, state TEXT NOT NULL,
    startedAt INTEGER, endedAt INTEGER, result TEXT, resumes INTEGER NOT NULL, updatedAt INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE outbox (id TEXT PRIMARY KEY, origin TEXT NOT NULL, part INTEGER NOT NULL, target TEXT NOT NULL, payload TEXT NOT NULL, state TEXT NOT NULL,
    attemptId TEXT, receipt TEXT, tries INTEGER NOT NULL, plannedAt INTEGER NOT NULL, updatedAt INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  CREATE INDEX outbox_by_origin ON outbox (origin, part);
  CREATE INDEX outbox_by_state ON outbox (state, updatedAt);
  CREATE TABLE ledger (id TEXT PRIMARY KEY, runId TEXT NOT NULL, callId TEXT NOT NULL, tool TEXT NOT NULL, argsDigest TEXT NOT NULL, begunAt INTEGER NOT NULL,
    endedAt INTEGER, receipt TEXT, state TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE INDEX ledger_by_run ON ledger (runId, begunAt);
  CREATE TABLE idempotency (id TEXT PRIMARY KEY, digest TEXT NOT NULL, answer TEXT NOT NULL, createdAt INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  CREATE INDEX idempotency_by_age ON idempotency (createdAt);
  CREATE TABLE devices (deviceId TEXT PRIMARY KEY, publicKey TEXT NOT NULL, info TEXT NOT NULL, roles TEXT NOT NULL, scopes TEXT NOT NULL, createdAt INTEGER NOT NULL,
    approvedAt INTEGER NOT NULL, approvedVia TEXT NOT NULL, lastSeenAt INTEGER) STRICT, WITHOUT ROWID;
  CREATE TABLE pairings (requestId TEXT PRIMARY KEY, kind TEXT NOT NULL, deviceId TEXT NOT NULL, request TEXT NOT NULL, createdAt INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE tokens (id TEXT PRIMARY KEY, deviceId TEXT NOT NULL, role TEXT NOT NULL, generation INTEGER NOT NULL, hash TEXT NOT NULL, scopes TEXT NOT NULL,
    createdAt INTEGER NOT NULL, rotatedAt INTEGER, revokedAt INTEGER, lastUsedAt INTEGER) STRICT, WITHOUT ROWID;
  CREATE INDEX tokens_by_device ON tokens (deviceId);
  CREATE TABLE usage (id TEXT PRIMARY KEY, at INTEGER NOT NULL, day TEXT NOT NULL, sessionKey TEXT NOT NULL, agentId TEXT NOT NULL, runId TEXT NOT NULL,
    provider TEXT NOT NULL, model TEXT NOT NULL, input INTEGER NOT NULL, output INTEGER NOT NULL, cacheRead INTEGER NOT NULL, cacheWrite INTEGER NOT NULL,
    totalTokens INTEGER NOT NULL, cost REAL) STRICT, WITHOUT ROWID;
  CREATE INDEX usage_by_time ON usage (at);
  CREATE INDEX usage_by_session ON usage (sessionKey, at);
  CREATE TABLE meta (id TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
  `,
];
