// A disk for tests: in memory, fails when told to, and after a crash holds what was synced and an unlucky part of what was not.
import { dirname } from "node:path";
import { dirMode, fileMode, type Disk, type DiskFile, type DiskStat } from "./disk.ts";

export type DiskOp = "open" | "append" | "read" | "truncate" | "sync" | "close" | "readFile" | "rename" | "copy" | "remove" | "stat" | "list" | "makeDir" | "setMode" | "syncDir";

export interface MemoryDisk extends Disk {
  /** Every call so far, oldest first. */
  readonly calls: readonly { op: DiskOp; path: string }[];
  /** Asked before every call; an error it returns is thrown. An append that fails has written half. */
  fault: ((op: DiskOp, path: string, call: number) => Error | undefined) | undefined;
  /** The disk as a power cut could leave it: whatever was not synced is there, torn, zeroed in places, or gone. */
  crash(fraction: () => number): MemoryDisk;
  /** Bytes as they are now, synced or not. */
  peek(path: string): Buffer | undefined;
  /** Puts bytes there, synced. */
  plant(path: string, bytes: Uint8Array): void;
  paths(): string[];
}

interface Inode {
  data: Buffer;
  synced: Buffer;
  mode: number;
}

const SECTOR_BYTES = 512;

export function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: made to fail`), { code });
}

export function createMemoryDisk(nowMs: () => number = () => 0, start: { names: Map<string, Inode>; dirs: Set<string> } = { names: new Map(), dirs: new Set() }): MemoryDisk {
  const { names, dirs } = start;
  /** Which file a name leads to as far as its folder was synced. */
  const syncedNames = new Map(names);
  const calls: { op: DiskOp; path: string }[] = [];

  const enter = (op: DiskOp, path: string): Error | undefined => {
    calls.push({ op, path });
    return disk.fault?.(op, path, calls.length);
  };
  const step = async (op: DiskOp, path: string): Promise<void> => {
    const error = enter(op, path);
    if (error) throw error;
  };
  const inodeAt = (path: string): Inode => {
    const found = names.get(path);
    if (!found) throw systemError("ENOENT");
    return found;
  };
  const fileOf = (path: string, inode: Inode): DiskFile => ({
    path,
    async append(bytes) {
      const error = enter("append", path);
      inode.data = Buffer.concat([inode.data, error ? bytes.subarray(0, bytes.length >> 1) : bytes]);
      if (error) throw error;
    },
    async read(position, length) {
      await step("read", path);
      return Buffer.from(inode.data.subarray(position, position + length));
    },
    sizeBytes: async () => inode.data.length,
    async truncate(sizeBytes) {
      await step("truncate", path);
      inode.data = inode.data.subarray(0, sizeBytes);
    },
    async sync() {
      const seen = inode.data;
      await step("sync", path);
      inode.synced = seen;
    },
    close: () => step("close", path),
  });

  const disk: MemoryDisk = {
    calls,
    fault: undefined,
    async open(path, how) {
      await step("open", path);
      const found = names.get(path);
      if (how === "new" && found) throw systemError("EEXIST");
      if (!dirs.has(dirname(path)) || (how === "read" && !found)) throw systemError("ENOENT");
      const inode = found ?? { data: Buffer.alloc(0), synced: Buffer.alloc(0), mode: fileMode };
      names.set(path, inode);
      return fileOf(path, inode);
    },
    async readFile(path) {
      await step("readFile", path);
      const found = names.get(path);
      return found && Buffer.from(found.data);
    },
    async rename(from, to) {
      await step("rename", from);
      const inode = inodeAt(from);
      names.delete(from);
      names.set(to, inode);
    },
    async copy(from, to) {
      await step("copy", from);
      const { data } = inodeAt(from);
      names.set(to, { data, synced: data, mode: fileMode });
    },
    async remove(path) {
      await step("remove", path);
      return names.delete(path);
    },
    async stat(path): Promise<DiskStat | undefined> {
      await step("stat", path);
      const found = names.get(path);
      if (found) return { sizeBytes: found.data.length, modifiedAtMs: nowMs(), mode: found.mode, isDirectory: false };
      return dirs.has(path) ? { sizeBytes: 0, modifiedAtMs: nowMs(), mode: dirMode, isDirectory: true } : undefined;
    },
    async list(path) {
      await step("list", path);
      return [...names.keys(), ...dirs].filter((name) => dirname(name) === path && name !== path).map((name) => name.slice(path.length + 1)).sort();
    },
    async entries(path) {
      return (await disk.list(path)).map((name) => ({ name, kind: dirs.has(`${path}/${name}`) ? "dir" : "file" }));
    },
    async makeDir(path) {
      await step("makeDir", path);
      for (let dir = path; dir !== dirname(dir); dir = dirname(dir)) dirs.add(dir);
      dirs.add("/");
    },
    async setMode(path, mode) {
      await step("setMode", path);
      inodeAt(path).mode = mode;
    },
    async syncDir(path) {
      await step("syncDir", path);
      for (const name of syncedNames.keys()) if (dirname(name) === path && !names.has(name)) syncedNames.delete(name);
      for (const [name, inode] of names) if (dirname(name) === path) syncedNames.set(name, inode);
    },
    crash(fraction) {
      const survived = new Map<string, Inode>();
      for (const name of new Set([...names.keys(), ...syncedNames.keys()])) {
        const inode = fraction() < 0.5 ? names.get(name) : syncedNames.get(name);
        if (!inode) continue;
        const data = afterPowerCut(inode, fraction);
        survived.set(name, { data, synced: data, mode: inode.mode });
      }
      return createMemoryDisk(nowMs, { names: survived, dirs: new Set(dirs) });
    },
    peek: (path) => names.get(path)?.data,
    plant(path, bytes) {
      const data = Buffer.from(bytes);
      const inode = { data, synced: data, mode: fileMode };
      names.set(path, inode);
      syncedNames.set(path, inode);
    },
    paths: () => [...names.keys()].sort(),
  };
  return disk;
}

/** What was synced stays; what was written after it may lack its end and whole sectors. */
function afterPowerCut({ data, synced }: Inode, fraction: () => number): Buffer {
  const isAppended = data.length >= synced.length && data.subarray(0, synced.length).equals(synced);
  if (!isAppended) return fraction() < 0.5 ? data : synced;
  const length = synced.length + Math.floor(fraction() * (data.length - synced.length + 1));
  const left = Buffer.from(data.subarray(0, length));
  for (let at = synced.length; at < length; ) {
    const end = Math.min(length, (Math.floor(at / SECTOR_BYTES) + 1) * SECTOR_BYTES);
    if (fraction() < 0.2) left.fill(0, at, end);
    at = end;
  }
  return left;
}
