// Who holds the state directory. The lock itself is SQLite's on state.db, which the system drops when its holder dies;
// gateway.lock beside it names the holder, by pid and start time, for messages and for `gateway stop`.
import { fault } from "../base/faults.ts";
import { writeWhole, type Disk } from "./disk.ts";
import { parseLine } from "./jsonl-repair.ts";

export interface Holder {
  pid: number;
  /** Start of the process in the system's own ticks; tells a reused pid apart. Absent where the system does not tell. */
  startTicks?: string;
  startedAt: number;
}

/** The living process named by the lock file; undefined when there is none, it ended, or its pid belongs to another process now. */
export async function readHolder(disk: Disk, path: string): Promise<Holder | undefined> {
  const text = await disk.readFile(path);
  const holder = text && asHolder(parseLine(text.toString()));
  if (!holder || !isAlive(holder.pid)) return undefined;
  const ticks = await startTicks(disk, holder.pid);
  return holder.startTicks !== undefined && ticks !== undefined && ticks !== holder.startTicks ? undefined : holder;
}

/** Writes this process into the lock file. Only for who holds the lock of state.db. */
export async function writeHolder(disk: Disk, path: string, nowMs: number): Promise<Holder> {
  const ticks = await startTicks(disk, process.pid);
  const holder: Holder = { pid: process.pid, ...(ticks === undefined ? {} : { startTicks: ticks }), startedAt: nowMs };
  await writeWhole(disk, path, Buffer.from(`${JSON.stringify(holder)}\n`));
  return holder;
}

export function lockedFault(holder: Holder | undefined): Error {
  return fault("store.locked", { pid: holder?.pid ?? "unknown" });
}

function asHolder(value: Record<string, unknown> | undefined): Holder | undefined {
  if (!value || typeof value["pid"] !== "number" || !Number.isInteger(value["pid"]) || value["pid"] <= 0) return undefined;
  const { pid, startTicks, startedAt } = value;
  return { pid, ...(typeof startTicks === "string" ? { startTicks } : {}), startedAt: typeof startedAt === "number" ? startedAt : 0 };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

/** Field 22 of /proc/<pid>/stat; the name in field 2 may itself hold spaces and brackets. */
async function startTicks(disk: Disk, pid: number): Promise<string | undefined> {
  const stat = (await disk.readFile(`/proc/${pid}/stat`))?.toString();
  return stat?.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
}
