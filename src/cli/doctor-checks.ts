// The doctor's checks of this machine: Node, state directory, configuration, lock, port, disk, database. Each says what it found.
import { createServer } from "node:net";
import { join } from "node:path";
import { silent } from "./quiet-log.ts";
import { freeBytes } from "../store/disk.ts";
import { repairModes } from "../store/modes.ts";
import { readFile } from "./actions/config.ts";
import { readReason, spokenLines } from "./actions/gateway-process.ts";
import type { CommandCall } from "./command.ts";
import { usesRemote } from "./config-access.ts";
import { peekConfig } from "./config-peek.ts";
import { issueLines } from "./failure.ts";
import { bytes, count } from "./format.ts";
import type { Machine } from "./machine.ts";
import { clearRunning, findRunning, holderOf } from "./running.ts";

export interface Finding {
  id: string;
  title: string;
  state: "ok" | "fixed" | "warn" | "fail";
  detail: string;
  next?: string;
  /** `--fix` can put it right. */
  fixable?: true;
}

type Check = (at: { call: CommandCall; fixes: boolean }) => Promise<Finding[]>;

const nodeFloor = [24, 15] as const;
const lostDatabase = "Put it back from a backup. Without one, move state.db, state.db-wal and state.db-shm away: conversations are in their own files and stay; messages that waited, usage and paired devices are lost.";
/** Of the end of what background gateways printed. */
const consoleBytes = 20_000;
const littleBytes = 200_000_000;
const tooLittleBytes = 20_000_000;
const defaultPort = 18_789;

const node: Check = async () => {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  const isNew = major > nodeFloor[0] || (major === nodeFloor[0] && minor >= nodeFloor[1]);
  return [{ id: "node", title: "Node", state: isNew ? "ok" : "fail", detail: process.versions.node, ...(isNew ? {} : { next: `Install Node ${nodeFloor.join(".")} or newer.` }) }];
};

const stateDir: Check = async ({ call, fixes }) => {
  const { machine } = call;
  const { stateDir: dir } = await machine.paths();
  const about = { id: "state-dir", title: "State directory" };
  const found = await machine.disk.stat(dir);
  if (!found) {
    if (!fixes) return [{ ...about, state: "warn", detail: `${dir} does not exist yet`, next: "It is made at the first start.", fixable: true }];
    await machine.disk.makeDir(dir);
    return [{ ...about, state: "fixed", detail: `${dir} was made` }];
  }
  if (!found.isDirectory) return [{ ...about, state: "fail", detail: `${dir} is not a folder`, next: "Remove it, or choose another with OPENCLAW_STATE_DIR." }];
  // Looked at with a disk that changes nothing, unless it is to be put right.
  const disk = fixes ? machine.disk : { ...machine.disk, setMode: async () => undefined };
  const wide = await repairModes({ disk, log: silent, dir }, { deep: true });
  if (wide === 0) return [{ ...about, state: "ok", detail: `${dir}, readable by you alone` }];
  const detail = `${count(wide, "entry of it is", "entries of it are")} open to other users`;
  return [fixes ? { ...about, state: "fixed", detail: `${dir}: ${count(wide, "permission")} narrowed` } : { ...about, state: "fail", detail: `${dir}: ${detail}`, fixable: true, next: "`openclaw doctor --fix` narrows the permissions." }];
};

const config: Check = async ({ call }) => {
  const view = await readFile(call);
  const about = { id: "config", title: "Configuration" };
  const notes: Finding[] = [...view.warnings, ...view.legacyIssues].map((note) => ({ id: "config-note", title: "Configuration", state: "warn", detail: issueLines([note]).join("").trim() }));
  if (view.issues.length > 0) return [{ ...about, state: "fail", detail: [view.path, ...issueLines(view.issues)].join("\n"), next: "Correct the file; `openclaw config validate` checks it." }, ...notes];
  return [{ ...about, state: "ok", detail: view.exists ? view.path : `${view.path} does not exist; defaults are used` }, ...notes];
};

const lock: Check = async ({ call, fixes }) => {
  const { machine } = call;
  const about = { id: "gateway", title: "Gateway" };
  const holder = await holderOf(machine);
  const running = await findRunning(machine);
  if (holder) return [{ ...about, state: running ? "ok" : "warn", detail: running ? `runs (pid ${holder.pid}) at ${running.url}` : `process ${holder.pid} holds the state directory, but does not say where it listens`, ...(running ? {} : { next: "It may still be starting; else restart it: openclaw gateway restart" }) }];
  if (await usesRemote(machine)) return [{ ...about, state: "ok", detail: "is elsewhere (gateway.mode is remote)" }];
  const { lock: lockPath, logs } = await machine.paths();
  const refused = await lastRefusal(machine, join(logs, "gateway.console.log"));
  const isStale = (await machine.disk.stat(lockPath)) !== undefined;
  if (refused && !(fixes && isStale)) return [{ ...about, state: "warn", detail: `does not run; its last start in the background ended with: ${refused.message}`, next: refused.next ?? "Try it again: openclaw gateway start" }];
  if (!isStale) return [{ ...about, state: "ok", detail: "does not run" }];
  // A killed gateway leaves its name behind; the lock itself went with it.
  if (fixes) {
    await machine.disk.remove(lockPath);
    await clearRunning(machine, undefined);
    return [{ ...about, state: "fixed", detail: "does not run; the name of an earlier one was removed" }];
  }
  return [{ ...about, state: "ok", detail: "does not run; it was not stopped in order the last time, and will take up what it had" }];
};

/** What the last start said, unless one was ready after it. */
async function lastRefusal(machine: Machine, path: string): Promise<{ message: string; next?: string } | undefined> {
  const lines = spokenLines((await machine.disk.readFile(path))?.subarray(-consoleBytes).toString("utf8") ?? "");
  const at = lines.findLastIndex((line) => line.startsWith("error: "));
  return at === -1 || lines.slice(at).some((line) => line.includes(" is ready at ")) ? undefined : readReason(lines.slice(at));
}

const port: Check = async ({ call }) => {
  const { machine } = call;
  if ((await holderOf(machine)) || (await usesRemote(machine))) return [];
  const wanted = machine.env.gatewayPort ?? (await peekConfig(machine)).number("gateway.port") ?? defaultPort;
  const isFree = await canListen(wanted);
  return [{ id: "port", title: "Port", state: isFree ? "ok" : "fail", detail: `${wanted} is ${isFree ? "free" : "taken by another program"}`, ...(isFree ? {} : { next: "Stop that program, or choose another: openclaw config set gateway.port 18790" }) }];
};

const disk: Check = async ({ call }) => {
  const { stateDir: dir } = await call.machine.paths();
  const free = await freeBytes(dir);
  if (free === undefined) return [];
  const state = free < tooLittleBytes ? "fail" : free < littleBytes ? "warn" : "ok";
  return [{ id: "disk", title: "Disk", state, detail: `${bytes(free)} free`, ...(state === "ok" ? {} : { next: "Free some space: without it nothing can be accepted." }) }];
};

const database: Check = async ({ call }) => {
  const { machine } = call;
  const { stateDb } = await machine.paths();
  if ((await machine.disk.stat(stateDb)) === undefined) return [];
  // The one that runs has it open and would have noticed.
  if (await holderOf(machine)) return [];
  const about = { id: "state-db", title: "Database" };
  const { DatabaseSync } = await import("node:sqlite");
  try {
    const db = new DatabaseSync(stateDb, { readOnly: true });
    const answers = db.prepare("PRAGMA quick_check(3)").all().map((row) => String(Object.values(row)[0]));
    db.close();
    if (answers.length === 1 && answers[0] === "ok") return [{ ...about, state: "ok", detail: "state.db is sound" }];
    return [{ ...about, state: "fail", detail: `state.db is damaged: ${answers.join("; ")}`, next: lostDatabase }];
  } catch (error) {
    return [{ ...about, state: "fail", detail: `state.db cannot be read: ${error instanceof Error ? error.message : String(error)}`, next: lostDatabase }];
  }
};

function canListen(wanted: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ port: wanted, host: "127.0.0.1" }, () => server.close(() => resolve(true)));
  });
}

export const checks: readonly Check[] = [node, stateDir, config, lock, port, disk, database];
