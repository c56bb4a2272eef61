// The wrapping key on disk: a 0600 file that holds one key, and two for the moment of a rotation.
import { dirname } from "node:path";
import { fault } from "../base/faults.ts";
import type { Log } from "../base/log.ts";
import { fileMode, writeWhole, type Disk } from "../store/disk.ts";
import { asStoreFault } from "../store/store-faults.ts";
import { newKey, type Random } from "./envelope.ts";

export interface KeyRing {
  /** The key for new wraps; empty when there is none. */
  current: string;
  keys: ReadonlyMap<string, Buffer>;
}

/** The keys that are there; none when there is no file. A file that others can read is closed to them, with a warning. */
export async function readKeys(disk: Disk, path: string, log: Log): Promise<KeyRing> {
  const stat = await disk.stat(path);
  if (!stat) return { current: "", keys: new Map() };
  if ((stat.mode & 0o077) !== 0) {
    log.warn("the vault key file was readable by others; its mode was corrected", { path });
    await disk.setMode(path, fileMode);
  }
  const text = (await disk.readFile(path))?.toString("utf8") ?? "";
  const keys = new Map(text.split("\n").flatMap((line): [string, Buffer][] => {
    const match = /^([0-9a-f]{8}) ([A-Za-z0-9+/]{43}=)$/.exec(line);
    return match?.[1] !== undefined && match[2] !== undefined ? [[match[1], Buffer.from(match[2], "base64")]] : [];
  }));
  if (keys.size === 0) throw fault("vault.sealed", { reason: "the vault key file has no key in it" });
  return { current: [...keys.keys()].at(-1) ?? "", keys };
}

/** A further key, durable before it is used; it becomes the current one. */
export async function addKey(disk: Disk, path: string, log: Log, random: Random): Promise<KeyRing> {
  const { keys } = await readKeys(disk, path, log);
  const id = random(4).toString("hex");
  const ring = { current: id, keys: new Map([...keys, [id, newKey(random)]]) };
  await write(disk, path, ring);
  return ring;
}

export async function dropOtherKeys(disk: Disk, path: string, ring: KeyRing): Promise<void> {
  await write(disk, path, { ...ring, keys: new Map([...ring.keys].filter(([id]) => id === ring.current)) });
}

async function write(disk: Disk, path: string, ring: KeyRing): Promise<void> {
  const text = [...ring.keys].map(([id, key]) => `${id} ${key.toString("base64")}\n`).join("");
  try {
    await disk.makeDir(dirname(path));
    await writeWhole(disk, path, Buffer.from(text));
  } catch (error) {
    throw asStoreFault(error);
  }
}
