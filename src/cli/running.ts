// What a running gateway tells the commands of its machine: where it listens and how it was started, in gateway.json beside the lock.
import { join } from "node:path";
import { writeWhole } from "../store/disk.ts";
import { readHolder, type Holder } from "../store/lock.ts";
import type { Machine } from "./machine.ts";

export interface Running {
  pid: number;
  startedAt: number;
  version: string;
  /** `ws://127.0.0.1:18789` or `wss://…`: how commands on this machine reach it. */
  url: string;
  /** Of its certificate, when it serves TLS. */
  fingerprint?: string;
  /** The file is wrong: what the starter has to tell. */
  warning?: string;
  /** Options it was started with, so that a restart is like the start. */
  args: string[];
  /** Started by `gateway start`, not in somebody's terminal. */
  background?: true;
}

async function recordPath(machine: Machine): Promise<string> {
  return join((await machine.paths()).stateDir, "gateway.json");
}

/** Written by `gateway run` once it listens. */
export async function writeRunning(machine: Machine, running: Running): Promise<void> {
  await writeWhole(machine.disk, await recordPath(machine), Buffer.from(`${JSON.stringify(running, null, 2)}\n`));
}

/** Of this process, or of whichever is named there when it is known to be gone. */
export async function clearRunning(machine: Machine, pid: number | undefined): Promise<void> {
  const path = await recordPath(machine);
  if (pid === undefined || (await readRecord(machine, path))?.pid === pid) await machine.disk.remove(path);
}

/** The process that holds the state directory. */
export async function holderOf(machine: Machine): Promise<Holder | undefined> {
  return readHolder(machine.disk, (await machine.paths()).lock);
}

/** The record of the gateway that runs now; undefined when none does, or it does not listen yet. */
export async function findRunning(machine: Machine): Promise<Running | undefined> {
  const record = await readRecord(machine, await recordPath(machine));
  if (!record) return undefined;
  const holder = await holderOf(machine);
  return holder?.pid === record.pid ? record : undefined;
}

async function readRecord(machine: Machine, path: string): Promise<Running | undefined> {
  const bytes = await machine.disk.readFile(path);
  if (bytes === undefined) return undefined;
  try {
    const record = JSON.parse(bytes.toString("utf8")) as Partial<Running> | null; // checked on the next line
    if (typeof record?.pid !== "number" || typeof record.url !== "string") return undefined;
    return { startedAt: 0, version: "unknown", args: [], ...record } as Running; // both members without a default were checked
  } catch {
    return undefined; // not ours, or of another age: as if there were none
  }
}
