// The machine's rows over state.db: writes in batches, reads by key or by a few columns, nothing shown before it is durable.
import type { SQLInputValue } from "node:sqlite";
import type { Clock, Timer } from "../base/clock.ts";
import type { CommitResult, MachineRows, Query, TableName, Tables, Write } from "../sdk/backends.ts";
import type { StateDb } from "./state-db.ts";
import { tables } from "./state-schema.ts";

type Row = Record<string, SQLInputValue>;

export interface StateRows extends MachineRows {
  /** Writes what `commitSoon` still holds back. */
  flush(): void;
}

/** A batch on its way into a transaction. */
interface Waiting {
  batch: readonly Write[];
  statements: Statement[];
  resolve(result: CommitResult): void;
  reject(error: unknown): void;
}

/** What nobody waits for is kept back this long, to share a transaction with what comes. */
const SOON_MS = 100;
const MAX_WAITING = 1_000;

export function createStateRows(db: StateDb, clock: Pick<Clock, "after">): StateRows {
  /** Rows written and not yet synced. Whoever reads one waits for its sync, so that no answer rests on a row that a power cut could take. */
  const fresh = new Map<string, number>();
  let waiting: Waiting[] = [];
  let timer: Timer | undefined;
  /** Batches whose sync runs; what comes meanwhile would wait for the next one and shares its transaction. */
  let syncing = 0;

  const settle = async ({ batch, resolve, reject }: Waiting, conflict: number | undefined): Promise<void> => {
    const commit = db.commits();
    const names = conflict === undefined ? batch.map(writtenRow) : [];
    for (const name of names) fresh.set(name, commit);
    syncing++;
    try {
      // For a conflict, too: what stood in the way may itself not be on disk yet, and the caller will answer by it.
      await db.durable();
      resolve(conflict === undefined ? { ok: true } : { ok: false, conflict });
    } catch (error) {
      reject(error);
    } finally {
      for (const name of names) if (fresh.get(name) === commit) fresh.delete(name);
      if (--syncing === 0) apply();
    }
  };
  /** One transaction for all that waits. */
  const apply = (): void => {
    timer?.cancel();
    timer = undefined;
    const group = waiting;
    waiting = [];
    if (group.length > 0) applyGroup(group);
  };
  const applyGroup = (group: readonly Waiting[]): void => {
    let conflicts: (number | undefined)[];
    try {
      conflicts = write(db, group);
    } catch (error) {
      // Whose fault it is shows when each is tried alone.
      if (group.length > 1) for (const one of group) applyGroup([one]);
      else group[0]?.reject(error);
      return;
    }
    for (const [index, one] of group.entries()) void settle(one, conflicts[index]);
  };
  const enqueue = (batch: readonly Write[]): Promise<CommitResult> =>
    new Promise((resolve, reject) => {
      waiting.push({ batch, statements: batch.map(statementOf), resolve, reject });
    });
  const shown = async <T extends TableName>(table: T, rows: Row[]): Promise<Tables[T][]> => {
    const key = tables[table].key;
    if (fresh.size > 0 && rows.some((row) => fresh.has(rowName(table, row[key])))) await db.durable();
    return rows.map((row) => ({ ...row }) as unknown as Tables[T] /* the table's own columns; copied because SQLite's objects have no prototype */);
  };

  return {
    async commit(batch): Promise<CommitResult> {
      if (batch.length === 0) return { ok: true };
      const done = enqueue(batch);
      if (syncing === 0 || waiting.length >= MAX_WAITING) apply();
      return done;
    },
    async commitSoon(batch): Promise<CommitResult> {
      if (batch.length === 0) return { ok: true };
      const done = enqueue(batch);
      if (waiting.length >= MAX_WAITING) apply();
      else timer ??= clock.after(SOON_MS, apply);
      return done;
    },
    async get(table, key) {
      apply();
      const row = db.statement(`SELECT * FROM ${table} WHERE ${tables[table].key} = ?`).get(key) as Row | undefined; // SQLite's row of this table
      return row && (await shown(table, [row]))[0];
    },
    async find(table, query) {
      const { sql, values } = select(table, query);
      apply();
      return shown(table, db.statement(sql).all(...values) as Row[] /* SQLite's rows of this table */);
    },
    async count(table, where) {
      const condition = equals(table, where ?? {});
      apply();
      return Number(db.statement(`SELECT count(*) AS n FROM ${table}${condition.sql}`).get(...condition.values)?.["n"]);
    },
    async sweep(table, column, before, where) {
      const condition = equals(table, where ?? {});
      const older = `${condition.sql === "" ? " WHERE" : " AND"} ${known(table, column)} < ?`;
      apply();
      const { changes } = db.run(`DELETE FROM ${table}${condition.sql}${older}`, [...condition.values, before]);
      if (changes > 0) await db.durable();
      return changes;
    },
    flush: apply,
  };
}

/** Makes all batches in one transaction, each as a whole or not at all; returns where each met a conflict. Throws when the transaction as a whole failed. */
function write(db: StateDb, group: readonly Waiting[]): (number | undefined)[] {
  const [first] = group;
  if (group.length === 1 && first?.statements.length === 1) return first.statements.map((only) => conflictAlone(db, only));
  const conflicts: (number | undefined)[] = [];
  const rows = group.reduce((sum, { statements }) => sum + statements.length, 0);
  db.transaction(rows, () => {
    for (const { statements } of group) conflicts.push(group.length === 1 ? conflictIn(db, statements) : conflictOf(db, statements));
    return conflicts.some((conflict) => conflict === undefined);
  });
  return conflicts;
}

/** A single statement is its own transaction. */
function conflictAlone(db: StateDb, { sql, values, mustChange }: Statement): number | undefined {
  const { changes } = db.run(sql, values);
  return mustChange && changes === 0 ? 0 : undefined;
}

/** One batch among others: undone alone when it meets a conflict. */
function conflictOf(db: StateDb, statements: readonly Statement[]): number | undefined {
  if (statements.length === 1) return conflictIn(db, statements); // then nothing was changed
  db.statement("SAVEPOINT batch").run();
  const conflict = conflictIn(db, statements);
  if (conflict !== undefined) db.statement("ROLLBACK TO batch").run();
  db.statement("RELEASE batch").run();
  return conflict;
}

function conflictIn(db: StateDb, statements: readonly Statement[]): number | undefined {
  for (const [index, { sql, values, mustChange }] of statements.entries()) {
    const { changes } = db.statement(sql).run(...values);
    if (mustChange && Number(changes) === 0) return index;
  }
  return undefined;
}

interface Statement {
  sql: string;
  values: SQLInputValue[];
  /** Nothing changed means that the write could not be made. */
  mustChange: boolean;
}

function statementOf(write: Write): Statement {
  const { table } = write;
  if ("add" in write) return { ...insert(table, asRow(write.add)), mustChange: true };
  if ("put" in write) return { ...replace(table, asRow(write.put)), mustChange: false };
  if ("remove" in write) return { sql: `DELETE FROM ${table} WHERE ${tables[table].key} = ?`, values: [write.remove], mustChange: false };
  return { ...update(table, write.key, asRow(write.set), asRow(write.expect ?? {})), mustChange: true };
}

const asRow = (row: Partial<Tables[TableName]>): Row => row as unknown as Row; // every column is text, a number or null

const inserts = new Map<TableName, string>();

function insertInto(table: TableName): string {
  let sql = inserts.get(table);
  if (!sql) {
    const names = Object.keys(tables[table].columns);
    sql = `INSERT INTO ${table} (${names.join(", ")}) VALUES (${names.map(() => "?").join(", ")})`;
    inserts.set(table, sql);
  }
  return sql;
}

function insert(table: TableName, row: Row): Omit<Statement, "mustChange"> {
  return { sql: `${insertInto(table)} ON CONFLICT DO NOTHING`, values: allColumns(table, row) };
}

function replace(table: TableName, row: Row): Omit<Statement, "mustChange"> {
  const { key, columns } = tables[table];
  const sets = Object.keys(columns).filter((name) => name !== key).map((name) => `${name} = excluded.${name}`);
  return { sql: `${insertInto(table)} ON CONFLICT (${key}) DO UPDATE SET ${sets.join(", ")}`, values: allColumns(table, row) };
}

function update(table: TableName, key: string, set: Row, expect: Row): Omit<Statement, "mustChange"> {
  const sets = Object.keys(set).map((name) => `${known(table, name)} = ?`);
  const expected = Object.keys(expect).map((name) => ` AND ${known(table, name)} IS ?`);
  return {
    sql: `UPDATE ${table} SET ${sets.join(", ")} WHERE ${tables[table].key} = ?${expected.join("")}`,
    values: [...Object.values(set), key, ...Object.values(expect)],
  };
}

function select<T extends TableName>(table: T, query: Query<T>): { sql: string; values: SQLInputValue[] } {
  const condition = equals(table, query.where ?? {});
  const values = [...condition.values];
  let sql = `SELECT * FROM ${table}${condition.sql}`;
  if (query.from) {
    sql += `${values.length === 0 ? " WHERE" : " AND"} ${known(table, query.from.column)} >= ?`;
    values.push(query.from.value);
  }
  if (query.orderBy) sql += ` ORDER BY ${known(table, query.orderBy)}${query.descending ? " DESC" : ""}`;
  if (query.limit !== undefined) {
    sql += " LIMIT ?";
    values.push(query.limit);
  }
  return { sql, values };
}

function equals<T extends TableName>(table: T, where: Partial<Tables[T]>): { sql: string; values: SQLInputValue[] } {
  const row = asRow(where as Partial<Tables[TableName]> /* the same row, of one table */);
  const names = Object.keys(row);
  if (names.length === 0) return { sql: "", values: [] };
  return { sql: ` WHERE ${names.map((name) => `${known(table, name)} IS ?`).join(" AND ")}`, values: Object.values(row) };
}

function allColumns(table: TableName, row: Row): SQLInputValue[] {
  return Object.keys(tables[table].columns).map((name) => row[name] ?? null);
}

/** Column names become SQL text, so only the table's own pass. */
function known(table: TableName, column: string): string {
  if (!Object.hasOwn(tables[table].columns, column)) throw new TypeError(`table ${table} has no column ${column}`);
  return column;
}

function writtenRow(write: Write): string {
  const key = tables[write.table].key;
  if ("add" in write) return rowName(write.table, asRow(write.add)[key]);
  if ("put" in write) return rowName(write.table, asRow(write.put)[key]);
  return rowName(write.table, "remove" in write ? write.remove : write.key);
}

function rowName(table: TableName, key: unknown): string {
  return `${table}\n${String(key)}`;
}
