// Errors of the disk and of SQLite as the store's own faults.
import { Fault, fault } from "../base/faults.ts";
import { errorCode } from "./disk.ts";

/** SQLite's primary result codes (the low byte of the extended one). */
const SQLITE_BUSY = 5;
const SQLITE_CORRUPT = 11;
const SQLITE_FULL = 13;
const SQLITE_NOTADB = 26;

/** store.full when space or quota is used up, else store.failed with the system's reason. */
export function asStoreFault(error: unknown): Fault {
  if (error instanceof Fault) return error;
  const code = errorCode(error);
  if (code === "ENOSPC" || code === "EDQUOT" || sqliteCode(error) === SQLITE_FULL) return fault("store.full", {}, { cause: error });
  return fault("store.failed", { reason: error instanceof Error ? error.message : String(error) }, { cause: error });
}

export function isBusy(error: unknown): boolean {
  return sqliteCode(error) === SQLITE_BUSY;
}

export function isCorrupt(error: unknown): boolean {
  const code = sqliteCode(error);
  return code === SQLITE_CORRUPT || code === SQLITE_NOTADB;
}

function sqliteCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !("errcode" in error) || typeof error.errcode !== "number") return undefined;
  return error.errcode & 0xff;
}
