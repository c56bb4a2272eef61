// Permissions of the state directory: nobody but its owner reads it. Checked at start, narrowed where they are wider.
import { join } from "node:path";
import type { Log } from "../base/log.ts";
import type { Disk } from "./disk.ts";

/** Folders that are ours all the way down. Of others (workspace, skills, extensions) only the folder itself is closed. */
const ours = new Set(["agents", "audit", "cron", "devices", "identity", "logs", "nodes", "tls"]);
/** Folders with a file per conversation: they are closed at start, their files are seen to later. */
const many = new Set(["sessions", "scratch"]);
const OTHERS = 0o077;
const MAX_DEPTH = 6;

export interface ModesDeps {
  disk: Disk;
  log: Log;
  dir: string;
}

/** Returns how much was open to others. Links are not followed. `deep` includes every conversation's file. */
export async function repairModes({ disk, log, dir }: ModesDeps, { deep }: { deep: boolean }): Promise<number> {
  const repaired: string[] = [];
  await narrow(disk, dir, repaired);
  await inside(disk, dir, { deep, depth: 0, repaired });
  if (repaired.length > 0) log.warn("state was open to others; permissions were narrowed", { count: repaired.length, first: repaired[0] });
  return repaired.length;
}

async function inside(disk: Disk, dir: string, walk: { deep: boolean; depth: number; repaired: string[] }): Promise<void> {
  for (const { name, kind } of await disk.entries(dir)) {
    if (kind === "link") continue;
    const path = join(dir, name);
    await narrow(disk, path, walk.repaired);
    const goesOn = kind === "dir" && walk.depth < MAX_DEPTH && (walk.depth > 0 || ours.has(name)) && (walk.deep || !many.has(name));
    if (goesOn) await inside(disk, path, { ...walk, depth: walk.depth + 1 });
  }
}

async function narrow(disk: Disk, path: string, repaired: string[]): Promise<void> {
  const stat = await disk.stat(path);
  if (!stat || (stat.mode & OTHERS) === 0) return;
  await disk.setMode(path, stat.mode & ~OTHERS);
  repaired.push(path);
}
