// state.db: opens the machine's database for this process alone, brings its tables up to date, and makes commits durable off the event loop.
//
// Commits run with synchronous=NORMAL: SQLite writes the frames to the -wal file and does not sync them. A commit then waits for an
// fdatasync of that file in the thread pool, shared with all commits made before it began. What is synced when it resolves is a prefix of
// the log that contains the commit, which recovery replays. SQLite itself syncs the log before a checkpoint, the database after it, and the
// log's header when it starts over, so that the guarantee holds across checkpoints; only we checkpoint, and nobody else has the file open.
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import { dirname } from "node:path";
import type { Clock, Timer } from "../base/clock.ts";
import { fault } from "../base/faults.ts";
import type { Log } from "../base/log.ts";
import type { Disk, DiskFile } from "./disk.ts";
import { createGroupSync, type GroupSync } from "./group-sync.ts";
import { fileStamp } from "./jsonl-file.ts";
import { migrations } from "./state-schema.ts";
import { asStoreFault, isBusy, isCorrupt } from "./store-faults.ts";

export interface StateDbDeps {
  disk: Disk;
  clock: Clock;
  log: Log;
  path: string;
  /** `process` skips the sync: a crash of the process loses nothing, a power cut the last moments. */
  durability: "disk" | "process";
  /** Changed rows after which the log is moved into the database even under load; 2,000 when absent. */
  checkpointRows?: number;
  /** The steps that make the tables; those of state-schema.ts when absent. */
  steps?: readonly string[];
}

export interface StateDb {
  /** A statement, compiled once per text. */
  statement(sql: string): StatementSync;
  /** Runs `work`, which changes about `rows` rows, in one transaction; it returns false to undo it. Throws store.full or store.failed, and the connection goes on. */
  transaction(rows: number, work: () => boolean): boolean;
  /** One statement that is its own transaction. */
  run(sql: string, values: SQLInputValue[]): { changes: number };
  /** Resolves when everything committed so far is on disk. */
  durable(): Promise<void>;
  /** How much was committed so far: compare to know whether something was. */
  commits(): number;
  close(): Promise<void>;
}

/** Another process holds the database. */
export class StateDbBusy extends Error {
  override readonly name = "StateDbBusy";
}

/** Changed rows after which a quiet moment is used to move the log into the database, and after which it is done at once. */
const CHECKPOINT_IDLE_ROWS = 100;
const CHECKPOINT_BUSY_ROWS = 2_000;
const QUIET_MS = 250;

export async function openStateDb(deps: StateDbDeps): Promise<StateDb> {
  const { disk, path } = deps;
  await prepareFile(disk, path);
  const db = connect(path);
  try {
    await migrate(db, deps);
    // The first frame: makes the log's file and header, and shows that the disk takes writes.
    db.prepare("INSERT INTO meta (id, value) VALUES ('opened', ?) ON CONFLICT (id) DO UPDATE SET value = excluded.value").run(String(deps.clock.now()));
    const wal = await disk.open(`${path}-wal`, "append");
    await wal.sync();
    await disk.syncDir(dirname(path));
    return serve(db, wal, deps);
  } catch (error) {
    db.close();
    throw openFault(error, path);
  }
}

/** Made here so that its permissions are ours. Never opened when it exists: closing would drop SQLite's own locks on it. */
async function prepareFile(disk: Disk, path: string): Promise<void> {
  await disk.makeDir(dirname(path));
  if (await disk.stat(path)) return;
  try {
    await (await disk.open(path, "new")).close();
  } catch (error) {
    if (!(await disk.stat(path))) throw asStoreFault(error);
  }
}

function connect(path: string): DatabaseSync {
  const db = new DatabaseSync(path, { timeout: 0 });
  try {
    db.exec("PRAGMA locking_mode = EXCLUSIVE");
    const mode = db.prepare("PRAGMA journal_mode = WAL").get()?.["journal_mode"];
    if (mode !== "wal") throw fault("store.failed", { reason: `the state directory's file system cannot hold a write-ahead log (${String(mode)})` });
    db.exec("PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 0; PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF");
    db.prepare("SELECT count(*) FROM sqlite_schema").get();
    return db;
  } catch (error) {
    db.close();
    throw openFault(error, path);
  }
}

function openFault(error: unknown, path: string): Error {
  if (error instanceof StateDbBusy) return error;
  if (isBusy(error)) return new StateDbBusy("state.db is in use", { cause: error });
  if (isCorrupt(error)) return fault("store.corrupt", { file: path, reason: error instanceof Error ? error.message : String(error) }, { cause: error });
  return asStoreFault(error);
}

async function migrate(db: DatabaseSync, { disk, clock, log, path, steps = migrations }: StateDbDeps): Promise<void> {
  const version = Number(db.prepare("PRAGMA user_version").get()?.["user_version"] ?? 0);
  if (version > steps.length) throw fault("store.corrupt", { file: path, reason: `it was written by a newer version (${version}, this one knows ${steps.length})` });
  if (version === steps.length) return;
  if (version > 0) {
    const backup = `${path}.v${version}.${fileStamp(clock.now())}`;
    db.prepare("VACUUM INTO ?").run(backup);
    await disk.setMode(backup, 0o600);
    await disk.syncDir(dirname(path));
    log.info("state.db was backed up before its tables are changed", { backup, from: version, to: steps.length });
  }
  db.exec("BEGIN IMMEDIATE");
  try {
    for (const step of steps.slice(version)) db.exec(step);
    db.exec(`PRAGMA user_version = ${steps.length}`);
    db.exec("COMMIT");
  } catch (error) {
    db.exec("ROLLBACK");
    throw error;
  }
}

function serve(db: DatabaseSync, wal: DiskFile, { clock, log, durability, checkpointRows = CHECKPOINT_BUSY_ROWS }: StateDbDeps): StateDb {
  const statements = new Map<string, StatementSync>();
  let commits = 0;
  let synced = 0;
  /** Rows changed since the log was last moved. */
  let logged = 0;
  /** Set when a sync failed: what the system then still holds of the log is unknown. */
  let suspect = false;
  let pending: Timer | undefined;

  const statement = (sql: string): StatementSync => {
    let found = statements.get(sql);
    if (!found) statements.set(sql, (found = db.prepare(sql)));
    return found;
  };
  const begin = db.prepare("BEGIN IMMEDIATE");
  const commit = db.prepare("COMMIT");
  const rollback = db.prepare("ROLLBACK");
  const move = db.prepare("PRAGMA wal_checkpoint(PASSIVE)");
  const empty = db.prepare("PRAGMA wal_checkpoint(TRUNCATE)");

  /** SQLite syncs the log, copies it into the database and syncs that; the next commit starts the log over. */
  const checkpoint = (how: StatementSync) => {
    pending?.cancel();
    pending = undefined;
    const startedMs = clock.monotonic();
    const frames = how.get()?.["log"];
    logged = 0;
    log.debug("the log of state.db was moved into it", { frames, tookMs: clock.monotonic() - startedMs });
  };
  const tryCheckpoint = () => {
    try {
      checkpoint(move);
    } catch (error) {
      logged = 0;
      log.warn("the log of state.db could not be moved into it; trying again later", { error });
    }
  };
  const checkpointSoon = () => {
    if (logged >= checkpointRows) pending ??= clock.after(0, tryCheckpoint);
  };
  /** After a failed sync nobody knows what of the log is on disk: everything goes into the database and the log is emptied. */
  const recover = () => {
    checkpoint(empty);
    synced = commits;
    suspect = false;
  };
  const group: GroupSync = createGroupSync(async () => {
    const upTo = commits;
    try {
      if (suspect) recover();
      if (upTo <= synced) return;
      await wal.sync();
      synced = Math.max(synced, upTo);
    } catch (error) {
      suspect = true;
      throw asStoreFault(error);
    }
    checkpointSoon();
  });
  const isDurable = () => durability === "process" || synced === commits;
  let quiet: Timer | undefined;
  /** Armed by a commit; fires again until nothing was committed for a while, so that an idle process has no timer. */
  const watchForQuiet = () => {
    const seen = commits;
    quiet ??= clock.after(QUIET_MS, () => {
      quiet = undefined;
      if (commits !== seen || !isDurable()) watchForQuiet();
      else if (logged >= CHECKPOINT_IDLE_ROWS) tryCheckpoint();
    });
  };
  const committed = (rows: number) => {
    commits++;
    logged += rows;
    watchForQuiet();
    if (durability === "process") checkpointSoon();
  };
  const guard = <T>(work: () => T): T => {
    try {
      return work();
    } catch (error) {
      if (db.isTransaction) rollback.run();
      throw asStoreFault(error);
    }
  };

  return {
    statement,
    transaction: (rows, work) =>
      guard(() => {
        begin.run();
        if (!work()) {
          rollback.run();
          return false;
        }
        commit.run();
        committed(rows);
        return true;
      }),
    run: (sql, values) =>
      guard(() => {
        const changes = Number(statement(sql).run(...values).changes);
        committed(changes);
        return { changes };
      }),
    durable: () => (isDurable() ? Promise.resolve() : group.wait()),
    commits: () => commits,
    async close() {
      await group.idle();
      quiet?.cancel();
      pending?.cancel();
      db.close();
      await wal.close();
    },
  };
}
