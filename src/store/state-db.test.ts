import { copyFileSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { systemClock } from "../base/clock.ts";
import { createFakeClock } from "../base/fake-clock.ts";
import { silentLog, type Log } from "../base/log.ts";
import type { MachineRows } from "../sdk/backends.ts";
import { systemDisk, type Disk } from "./disk.ts";
import { systemError } from "./memory-disk.ts";
import { verdictOn } from "../../test/fixtures/mutant-module.ts";
import * as stateDb from "./state-db.ts";
import type { StateDb, StateDbDeps } from "./state-db.ts";
import { createStateRows } from "./state-rows.ts";
import { migrations } from "./state-schema.ts";

let dir = "";
let path = "";
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "openclaw-statedb-"));
  path = join(dir, "state.db");
});
afterEach(() => rm(dir, { recursive: true, force: true }));

/** The module under test, or a mutant of it. */
type Api = Pick<typeof stateDb, "openStateDb" | "StateDbBusy">;
const openWith = (api: Api, change: Partial<StateDbDeps> = {}): Promise<StateDb> => api.openStateDb({ disk: systemDisk, clock: systemClock, log: silentLog, path, durability: "disk", ...change });
const open = (change: Partial<StateDbDeps> = {}): Promise<StateDb> => openWith(stateDb, change);
/** Closes what the check opened, also when it fails. */
async function withDb(api: Api, change: Partial<StateDbDeps>, work: (db: StateDb) => Promise<void>): Promise<void> {
  const db = await openWith(api, change);
  try {
    await work(db);
  } finally {
    await db.close();
  }
}
const saysOf = (mutation: { name: string; from: string; to: string; file?: string }, check: (api: Api) => Promise<void>) => verdictOn<Api>({ file: "src/store/state-db.ts", ...mutation }, check, "src/store/state-db.ts");
const put = (rows: MachineRows, id: string, value = "v") => rows.commit([{ table: "meta", put: { id, value } }]);

interface Watch {
  disk: Disk;
  /** Begin and end of every sync of the log, as numbers of one count. */
  syncs: { begun: number; ended: number }[];
  /** Next number of the count. */
  tick(): number;
  /** The log as far as it was synced. */
  platter(): Buffer;
  /** SQLite syncs the log itself when it moves it. */
  log: Log;
  /** Called before a sync is made; what it throws is the sync's error. */
  before: (() => Promise<void>) | undefined;
}

/** `keep`: remember what every sync covered. */
function watched(keep = false): Watch {
  let now = 0;
  let platter: Buffer = Buffer.alloc(0);
  let moves = 0;
  const watch: Watch = { syncs: [], tick: () => ++now, platter: () => platter, before: undefined, disk: { ...systemDisk, open: openWatched }, log: { ...silentLog, debug: moved } };
  function moved() {
    moves++;
    platter = readFileSync(`${path}-wal`);
  }
  async function openWatched(name: string, how: Parameters<Disk["open"]>[1]) {
    const file = await systemDisk.open(name, how);
    if (!name.endsWith("-wal")) return file;
    const sync = async () => {
      const begun = watch.tick();
      const movesBefore = moves;
      const covered = keep ? await file.read(0, await file.sizeBytes()) : platter;
      await watch.before?.();
      await file.sync();
      if (moves === movesBefore) platter = covered;
      watch.syncs.push({ begun, ended: watch.tick() });
    };
    return { ...file, sync };
  }
  return watch;
}

/** Makes commits in lanes and counts the acknowledgements that no sync stands before: begun after the commit, ended before the acknowledgement. */
async function unsyncedAcks(watch: Watch, db: StateDb, total: number, lanes: number): Promise<number> {
  /** When the transaction that wrote a key was over. */
  const madeAt = new Map<unknown, number>();
  let inTransaction: unknown[] = [];
  const mark = (keys: readonly unknown[]) => {
    const at = watch.tick();
    for (const key of keys) madeAt.set(key, at);
  };
  const marked: StateDb = {
    ...db,
    statement: (sql) => {
      const statement = db.statement(sql);
      return { run: (...values: SQLInputValue[]) => (inTransaction.push(values[0]), statement.run(...values)) } as StatementSync; // all that commits use
    },
    run(sql, values) {
      const result = db.run(sql, values);
      mark([values[0]]);
      return result;
    },
    transaction(count, work) {
      inTransaction = [];
      const result = db.transaction(count, work);
      mark(inTransaction);
      return result;
    },
  };
  const rows = createStateRows(marked, systemClock);
  const acks: { made: number; acked: number }[] = [];
  const lane = async (name: string) => {
    for (let index = 0; index < total / lanes; index++) {
      const key = `${name}-${index % 50}`;
      await put(rows, key, String(index));
      acks.push({ made: madeAt.get(key) ?? Infinity, acked: watch.tick() });
    }
  };
  await Promise.all(Array.from({ length: lanes }, (_, index) => lane(`lane${index}`)));
  expect(acks.length).toBe(total);
  expect(acks.every((ack) => ack.made < ack.acked)).toBe(true);
  let next = 0;
  let unsynced = 0;
  for (const ack of acks.sort((a, b) => a.made - b.made)) {
    while ((watch.syncs[next]?.begun ?? Infinity) < ack.made) next++;
    if ((watch.syncs[next]?.ended ?? Infinity) > ack.acked) unsynced++;
  }
  return unsynced;
}

describe("[R09] state.db acknowledges after the sync", () => {
  it("of 10,000 acknowledgements each has a sync that began after its commit and ended before it", { timeout: 60_000 }, async () => {
    await noneUnsynced(stateDb, 10_000, 20);
    console.log("R09: 10000 acknowledgements");
  });

  const noneUnsynced = async (api: Api, total: number, lanes: number) => {
    const watch = watched();
    await withDb(api, { disk: watch.disk, log: watch.log }, async (db) => expect(await unsyncedAcks(watch, db, total, lanes), "acknowledged without a sync").toBe(0));
  };

  it.each([
    { name: "waits for no sync", from: 'durable: () => (isDurable() ? Promise.resolve() : group.wait()),', to: "durable: () => Promise.resolve()," },
    { name: "makes no syncs", from: "await wal.sync();\n      synced", to: "synced" },
  ])("the check catches a mutant that $name", async (mutation) => {
    expect(await saysOf(mutation, (api) => noneUnsynced(api, 2_000, 20))).toMatch(/acknowledged without a sync/);
  });

  const showNothingEarly = async (create: typeof createStateRows) => {
    const watch = watched();
    const db = await open({ disk: watch.disk, log: watch.log });
    const rows = create(db, systemClock);
    let release = () => {};
    const gate = new Promise<void>((resolve) => (release = resolve));
    const waiting = new Promise<void>((resolve) => {
      watch.before = () => {
        resolve();
        return gate;
      };
    });
    const seen: string[] = [];
    const uses = [
      put(rows, "a").then(() => seen.push("committed")),
      rows.get("meta", "a").then((row) => seen.push(`read ${row?.value}`)),
      rows.find("meta", { where: { id: "a" } }).then((found) => seen.push(`found ${found.length}`)),
      rows.commit([{ table: "meta", add: { id: "a", value: "other" } }]).then((result) => seen.push(`refused ${String(!result.ok)}`)),
    ];
    await Promise.race([waiting, Promise.all(uses)]);
    expect(await rows.get("meta", "opened")).toBeDefined();
    const early = [...seen];
    release();
    await Promise.all(uses);
    await db.close();
    expect(early, "before the sync").toEqual([]);
    expect(seen.toSorted()).toEqual(["committed", "found 1", "read v", "refused true"]);
  };

  it("nobody is shown, or refused by, a row that is not on disk yet", () => showNothingEarly(createStateRows));

  it.each([
    { name: "shows rows before they are synced", from: "if (fresh.size > 0 && rows.some(", to: "if (fresh.size < 0 && rows.some(" },
    { name: "answers before the sync", from: "      await db.durable();\n      resolve(conflict", to: "      resolve(conflict" },
  ])("the check catches a mutant that $name", async (mutation) => {
    const file = "src/store/state-rows.ts";
    expect(await verdictOn<{ createStateRows: typeof createStateRows }>({ file, ...mutation }, ({ createStateRows: mutated }) => showNothingEarly(mutated))).toMatch(/before the sync/);
  });
});

/** Rows that were acknowledged and are not in the database that a power cut would have left at some moment. */
async function lostAfterPowerCuts(db: StateDb, watch: Watch, cuts: number, luck: () => number): Promise<{ lost: number; acked: number }> {
  const rows = createStateRows(db, systemClock);
  const acked: string[] = [];
  let lost = 0;
  for (let cut = 0; cut < cuts; cut++) {
    const batch = Array.from({ length: 1 + Math.floor(luck() * 60) }, (_, index) => `c${cut}-${index}`);
    await Promise.all(batch.map((id) => put(rows, id, "x".repeat(Math.floor(luck() * 800))).then(() => acked.push(id))));
    const unacked = [put(rows, `late${cut}`), put(rows, `later${cut}`)];
    writeImage(join(dir, "image.db"), watch.platter(), luck);
    lost += countMissing(join(dir, "image.db"), acked);
    await Promise.all(unacked);
  }
  return { lost, acked: acked.length };
}

const WAL_HEADER_BYTES = 32;

/** All at one moment: the database file as it is, and of the log what was synced with any sectors of what was not. */
function writeImage(image: string, platter: Buffer, luck: () => number): void {
  copyFileSync(path, image);
  const now = readFileSync(`${path}-wal`);
  const log = Buffer.alloc(now.length);
  platter.copy(log);
  for (let at = 0; at < now.length; at += 512) if (luck() < 0.3) now.copy(log, at, at, at + 512);
  // SQLite syncs the header of a log that it starts over before it writes the first frame.
  now.copy(log, 0, 0, WAL_HEADER_BYTES);
  writeFileSync(`${image}-wal`, log);
  rmSync(`${image}-shm`, { force: true });
}

function countMissing(image: string, ids: readonly string[]): number {
  const db = new DatabaseSync(image);
  try {
    expect(db.prepare("PRAGMA integrity_check").get()).toMatchObject({ integrity_check: "ok" });
    const there = new Set(db.prepare("SELECT id FROM meta").all().map((row) => row["id"]));
    return ids.filter((id) => !there.has(id)).length;
  } finally {
    db.close();
  }
}

/** The same numbers in [0, 1) for the same seed. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

describe("[R04] a power cut", () => {
  it("leaves every acknowledged row in a sound database, whatever of the rest reached the disk, checkpoints included", { timeout: 60_000 }, async () => {
    const watch = watched(true);
    const db = await open({ disk: watch.disk, log: watch.log, checkpointRows: 300 });
    const { lost, acked } = await lostAfterPowerCuts(db, watch, 100, seeded(3));
    console.log(`R04: 100 power cuts of state.db, ${acked} acknowledged rows`);
    expect(lost).toBe(0);
    expect(acked).toBeGreaterThan(2_000);
    await db.close();
  });

  it.each([
    { name: "makes no syncs", from: "await wal.sync();\n      synced", to: "synced" },
    { name: "waits for no sync", from: 'durable: () => (isDurable() ? Promise.resolve() : group.wait()),', to: "durable: () => Promise.resolve()," },
  ])("shows what a mutant loses that $name", async (mutation) => {
    const found = await saysOf(mutation, async (api) => {
      const watch = watched(true);
      await withDb(api, { disk: watch.disk }, async (db) => expect((await lostAfterPowerCuts(db, watch, 5, seeded(3))).lost, "lost").toBe(0));
    });
    expect(found).toMatch(/lost: expected \d+ to be \+?0/);
  });
});

describe("[R05] [R08] a disk that refuses", () => {
  const refuseFailedSyncs = async (api: Api) => {
    const watch = watched(true);
    await withDb(api, { disk: watch.disk, log: watch.log }, async (db) => {
      const rows = createStateRows(db, systemClock);
      for (const [code, expected] of [["EIO", "store.failed"], ["ENOSPC", "store.full"]] as const) {
        watch.before = () => Promise.reject(systemError(code));
        await expect(put(rows, code)).rejects.toMatchObject({ code: expected });
        watch.before = undefined;
        await put(rows, `after ${code}`);
      }
      writeImage(join(dir, "image.db"), watch.platter(), () => 1);
      expect(countMissing(join(dir, "image.db"), ["after EIO", "after ENOSPC"])).toBe(0);
    });
  };

  const refuseWhenFull = (api: Api) =>
    withDb(api, {}, async (db) => {
      const rows = createStateRows(db, systemClock);
      await put(rows, "before");
      const pages = Number(db.statement("PRAGMA page_count").get()?.["page_count"]);
      db.statement(`PRAGMA max_page_count = ${pages}`).get();
      const big = "x".repeat(50_000);
      await expect(rows.commit([{ table: "meta", put: { id: "small", value: "v" } }, { table: "meta", put: { id: "big", value: big } }])).rejects.toMatchObject({ code: "store.full" });
      await expect(put(rows, "big", big)).rejects.toMatchObject({ code: "store.full" });
      expect(await rows.get("meta", "before")).toEqual({ id: "before", value: "v" });
      expect(await rows.get("meta", "small"), "half of a batch").toBeUndefined();
      db.statement("PRAGMA max_page_count = 1000000").get();
      expect(await put(rows, "big", big)).toEqual({ ok: true });
    });

  it("a failed sync is no acknowledgement, and the next commit that is one is on disk with all before it", async () => {
    await refuseFailedSyncs(stateDb);
    console.log("R05: 2 failed syncs of state.db");
  });

  it("a full database refuses a batch whole with store.full, still reads, and goes on when there is space", async () => {
    await refuseWhenFull(stateDb);
    console.log("R08: 2 refused writes of a full database");
  });

  it.each([
    { name: "acknowledges a failed sync", from: "      suspect = true;\n      throw asStoreFault(error);", to: "      suspect = true;\n      return;", check: refuseFailedSyncs, says: /instead of rejecting/ },
    { name: "does not know a full disk", file: "src/store/store-faults.ts", from: 'code === "ENOSPC" || code === "EDQUOT" || ', to: "", check: refuseFailedSyncs, says: /to match object/ },
    { name: "does not know a full database", file: "src/store/store-faults.ts", from: " || sqliteCode(error) === SQLITE_FULL", to: "", check: refuseWhenFull, says: /to match object/ },
    { name: "keeps half of a batch", from: "begin.run();\n        if (!work()) {", to: "if (!work()) {", check: refuseWhenFull, says: /half of a batch/ },
  ])("the check catches a mutant that $name", async ({ check, says, ...mutation }) => {
    expect(await saysOf(mutation, check)).toMatch(says);
  });
});

describe("the log of state.db", () => {
  it("is moved into the database when it is quiet and when it has grown, so that it stays bounded", async () => {
    const clock = createFakeClock();
    const db = await open({ clock, durability: "process" });
    const rows = createStateRows(db, systemClock);
    for (let index = 0; index < 150; index++) await put(rows, `k${index}`, "x".repeat(500));
    const before = (await stat(path)).size;
    await clock.advance(1_000);
    expect((await stat(path)).size).toBeGreaterThan(before);
    await db.close();
    expect((await readdir(dir)).toSorted()).toEqual(["state.db"]);
  });

  it("does not outgrow its bound under steady load", { timeout: 30_000 }, async () => {
    const db = await open();
    const rows = createStateRows(db, systemClock);
    for (let round = 0; round < 60; round++) await Promise.all(Array.from({ length: 100 }, (_, index) => put(rows, `k${index}`, "x".repeat(500))));
    expect((await stat(`${path}-wal`)).size).toBeLessThan(40 * 1024 * 1024);
    await db.close();
  });
});

describe("[R40] opening a state.db", () => {
  const next = "ALTER TABLE meta ADD COLUMN note TEXT; CREATE TABLE more (id TEXT PRIMARY KEY) STRICT;";
  const backups = async () => (await readdir(dir)).filter((name) => name.startsWith("state.db.v"));

  const backUpAndChange = async (api: Api) => {
    const old = await open();
    await put(createStateRows(old, systemClock), "kept", "yes");
    await old.close();
    await withDb(api, { steps: [...migrations, next] }, async (db) => {
      expect(db.statement("PRAGMA user_version").get()).toMatchObject({ user_version: migrations.length + 1 });
      expect(db.statement("SELECT * FROM meta WHERE id = 'kept'").get()).toMatchObject({ value: "yes", note: null });
    });
    const [backup] = await backups();
    expect(backup, "a backup").toBeDefined();
    expect((await stat(join(dir, backup ?? ""))).mode & 0o777, "the backup's mode").toBe(0o600);
    expect(countMissing(join(dir, backup ?? ""), ["kept"])).toBe(0);
    await (await openWith(api, { steps: [...migrations, next] })).close();
    expect(await backups()).toHaveLength(1);
  };

  const failHalfWay = async (api: Api) => {
    await (await open()).close();
    await expect(openWith(api, { steps: [...migrations, `${next} THIS IS NO SQL;`] })).rejects.toMatchObject({ code: "store.failed" });
    await withDb(api, {}, async (db) => expect(db.statement("SELECT name FROM sqlite_schema WHERE name = 'more'").get(), "half of a change").toBeUndefined());
    await (await openWith(api, { steps: [...migrations, next] })).close();
  };

  const refuseNewer = async (api: Api) => {
    await (await open()).close();
    const newer = new DatabaseSync(path);
    newer.exec(`PRAGMA user_version = ${migrations.length + 1}`);
    newer.close();
    const before = await readFile(path);
    await expect(openWith(api).then((db) => db.close())).rejects.toMatchObject({ code: "store.corrupt", message: expect.stringContaining("newer version") as unknown });
    expect(await readFile(path)).toEqual(before);
  };

  const refuseOther = async (api: Api) => {
    await writeFile(path, "this is not a database, not at all, but it is long enough to be read as one".repeat(20));
    await expect(openWith(api)).rejects.toMatchObject({ code: "store.corrupt" });
  };

  const refuseUsed = (api: Api) =>
    withDb(api, {}, async () => {
      await expect(openWith(api).then((db) => db.close())).rejects.toBeInstanceOf(api.StateDbBusy);
    });

  const onlyForTheOwner = (api: Api) =>
    withDb(api, {}, async () => {
      for (const name of await readdir(dir)) expect((await stat(join(dir, name))).mode & 0o777, name).toBe(0o600);
    });

  it("of an older version backs it up, changes it in one transaction and keeps its rows", () => backUpAndChange(stateDb));
  it("whose change fails half-way stays as it was, and can be opened by the version that made it", () => failHalfWay(stateDb));
  it("of a newer version refuses with words and touches nothing", () => refuseNewer(stateDb));
  it("that is no database says so", () => refuseOther(stateDb));
  it("that is in use says so at once", async () => {
    await refuseUsed(stateDb);
    await (await open()).close();
    console.log("R40: an older, a broken, a newer, a foreign and a used database");
  });
  it("[I.29] makes files that only their owner reads", () => onlyForTheOwner(stateDb));

  it.each([
    { name: "makes no backup", from: "if (version > 0) {", to: "if (version < 0) {", check: backUpAndChange, says: /a backup/ },
    { name: "lets others read the backup", from: "await disk.setMode(backup, 0o600);", to: "await disk.setMode(backup, 0o644);", check: backUpAndChange, says: /the backup's mode/ },
    { name: "changes tables outside a transaction", from: '  db.exec("BEGIN IMMEDIATE");\n  try {\n    for (const step of steps.slice(version)) db.exec(step);', to: '  for (const step of steps.slice(version)) db.exec(step);\n  db.exec("BEGIN IMMEDIATE");\n  try {', check: failHalfWay, says: /half of a change/ },
    { name: "takes what is newer", from: "if (version > steps.length) throw", to: "if (version < 0) throw", check: refuseNewer, says: /instead of rejecting/ },
    { name: "does not know what is no database", from: "if (isCorrupt(error)) return", to: "if (isCorrupt(error) && error instanceof StateDbBusy) return", check: refuseOther, says: /to match object/ },
    { name: "does not keep the database to itself", from: "PRAGMA locking_mode = EXCLUSIVE", to: "PRAGMA locking_mode = NORMAL", check: refuseUsed, says: /instead of rejecting/ },
    { name: "lets others read it", from: 'await (await disk.open(path, "new")).close();', to: 'await (await disk.open(path, "new")).close();\n    await disk.setMode(path, 0o644);', check: onlyForTheOwner, says: /state\.db/ },
  ])("the check catches a mutant that $name", async ({ check, says, ...mutation }) => {
    expect(await saysOf(mutation, check)).toMatch(says);
  });
});
