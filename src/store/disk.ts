// Files: the only caller of node:fs beside the log. An argument everywhere, so that tests can make it fail, and drop what was never synced.
import * as fs from "node:fs";
import { dirname } from "node:path";
import { promisify } from "node:util";

/** An open file. Writes go to its end. */
export interface DiskFile {
  readonly path: string;
  /** Writes all bytes at the end of the file. */
  append(bytes: Uint8Array): Promise<void>;
  /** Up to `length` bytes from `position`; fewer at the end of the file. */
  read(position: number, length: number): Promise<Buffer>;
  sizeBytes(): Promise<number>;
  truncate(sizeBytes: number): Promise<void>;
  /** Content on the platter (fdatasync): returns only when a power cut can no longer take it. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

export interface DiskStat {
  sizeBytes: number;
  modifiedAtMs: number;
  /** Permission bits only. */
  mode: number;
  isDirectory: boolean;
}

/** `append`: made when absent; `new`: fails with EEXIST when present; `read`: fails with ENOENT when absent. Made files are 0600. */
export type OpenHow = "append" | "new" | "read";

export interface Disk {
  open(path: string, how: OpenHow): Promise<DiskFile>;
  /** The whole file; undefined when there is none. */
  readFile(path: string): Promise<Buffer | undefined>;
  rename(from: string, to: string): Promise<void>;
  /** A second file with the same bytes, synced. */
  copy(from: string, to: string): Promise<void>;
  /** True when there was something to remove. */
  remove(path: string): Promise<boolean>;
  stat(path: string): Promise<DiskStat | undefined>;
  /** Where a path leads when every link is followed, and whether a regular file is there; undefined when nothing is. Absent where there are no links. */
  resolve?(path: string): Promise<{ path: string; isFile: boolean } | undefined>;
  /** Names in a folder, sorted; empty when there is none. */
  list(path: string): Promise<string[]>;
  /** What is in a folder; links are named as such and not followed. */
  entries(path: string): Promise<{ name: string; kind: "file" | "dir" | "link" }[]>;
  /** With its parents, 0700 each that is made; they survive a power cut. */
  makeDir(path: string): Promise<void>;
  setMode(path: string, mode: number): Promise<void>;
  /** Makes renames and new names in the folder survive a power cut. */
  syncDir(path: string): Promise<void>;
}

export const fileMode = 0o600;
export const dirMode = 0o700;

const open = promisify(fs.open);
const close = promisify(fs.close);
const fstat = promisify(fs.fstat);
const ftruncate = promisify(fs.ftruncate);
const fdatasync = promisify(fs.fdatasync);
const fsync = promisify(fs.fsync);
const flags = { append: "a+", new: "ax+", read: "r" } as const satisfies Record<OpenHow, string>;

export const systemDisk: Disk = {
  async open(path, how) {
    return openFile(path, await open(path, flags[how], fileMode));
  },
  readFile: (path) => unlessMissing(fs.promises.readFile(path)),
  resolve: (path) => unlessMissing(fs.promises.realpath(path).then(async (real) => ({ path: real, isFile: (await fs.promises.stat(real)).isFile() }))),
  rename: (from, to) => fs.promises.rename(from, to),
  async copy(from, to) {
    await fs.promises.copyFile(from, to, fs.constants.COPYFILE_FICLONE);
    await fs.promises.chmod(to, fileMode);
    await syncPath(to);
  },
  async remove(path) {
    return (await unlessMissing(fs.promises.unlink(path).then(() => true))) ?? false;
  },
  async stat(path) {
    const found = await unlessMissing(fs.promises.stat(path));
    return found && { sizeBytes: found.size, modifiedAtMs: Math.floor(found.mtimeMs), mode: found.mode & 0o777, isDirectory: found.isDirectory() };
  },
  async list(path) {
    return ((await unlessMissing(fs.promises.readdir(path))) ?? []).sort();
  },
  async entries(path) {
    const found = (await unlessMissing(fs.promises.readdir(path, { withFileTypes: true }))) ?? [];
    return found.map((entry) => ({ name: entry.name, kind: entry.isSymbolicLink() ? "link" : entry.isDirectory() ? "dir" : "file" }));
  },
  async makeDir(path) {
    const first = await fs.promises.mkdir(path, { recursive: true, mode: dirMode });
    if (first === undefined) return;
    for (let made = path; made.length >= first.length; made = dirname(made)) await syncPath(dirname(made));
  },
  setMode: (path, mode) => fs.promises.chmod(path, mode),
  syncDir: syncPath,
};

function openFile(path: string, fd: number): DiskFile {
  return {
    path,
    append: (bytes) => writeAll(fd, bytes),
    read: (position, length) => readAll(fd, position, length),
    sizeBytes: async () => (await fstat(fd)).size,
    truncate: (sizeBytes) => ftruncate(fd, sizeBytes),
    sync: () => fdatasync(fd),
    close: () => close(fd),
  };
}

/** A line or two go into the system's cache in a few microseconds; handing them to another thread takes ten times that. What is longer may wait for the disk and does so elsewhere. */
const MAX_DIRECT_BYTES = 16_384;

async function writeAll(fd: number, bytes: Uint8Array): Promise<void> {
  if (bytes.length > MAX_DIRECT_BYTES) return writeElsewhere(fd, bytes);
  for (let offset = 0; offset < bytes.length; ) offset += fs.writeSync(fd, bytes, offset, bytes.length - offset, null);
}

function writeElsewhere(fd: number, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    const step = (offset: number) =>
      fs.write(fd, bytes, offset, bytes.length - offset, null, (error, written) => {
        if (error) reject(error);
        else if (offset + written < bytes.length) step(offset + written);
        else resolve();
      });
    step(0);
  });
}

async function readAll(fd: number, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(length);
  let filled = 0;
  while (filled < length) {
    const got = await readOnce(fd, buffer, filled, position + filled);
    if (got === 0) break;
    filled += got;
  }
  return buffer.subarray(0, filled);
}

function readOnce(fd: number, buffer: Buffer, offset: number, position: number): Promise<number> {
  return new Promise((resolve, reject) => {
    fs.read(fd, buffer, offset, buffer.length - offset, position, (error, got) => (error ? reject(error) : resolve(got)));
  });
}

async function syncPath(path: string): Promise<void> {
  const fd = await open(path, "r");
  try {
    await fsync(fd);
  } finally {
    await close(fd);
  }
}

async function unlessMissing<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

/** `ENOENT` and its like; undefined for errors that are not the system's. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}

/** Writes under way, by disk and path: two of one document would share its temporary file. */
const writing = new WeakMap<Disk, Map<string, Promise<void>>>();

/** A whole document at once: temporary file, sync, rename, sync of the folder. A crash leaves the old or the new one. Calls for one path go one after the other. */
export function writeWhole(disk: Disk, path: string, bytes: Uint8Array): Promise<void> {
  const paths = writing.get(disk) ?? new Map<string, Promise<void>>();
  writing.set(disk, paths);
  const write = () => writeNow(disk, path, bytes);
  const done = (paths.get(path) ?? Promise.resolve()).then(write, write);
  paths.set(path, done);
  const leave = () => {
    if (paths.get(path) === done) paths.delete(path);
  };
  done.then(leave, leave);
  return done;
}

async function writeNow(disk: Disk, path: string, bytes: Uint8Array): Promise<void> {
  const temporary = `${path}.tmp`;
  await disk.remove(temporary);
  const file = await disk.open(temporary, "new");
  try {
    await file.append(bytes);
    await file.sync();
  } catch (error) {
    await file.close();
    await disk.remove(temporary);
    throw error;
  }
  await file.close();
  await disk.rename(temporary, path);
  await disk.syncDir(dirname(path));
}

/** Bytes that this user can still write on the disk that holds `path`; undefined where the system does not tell. */
export async function freeBytes(path: string): Promise<number | undefined> {
  const found = await unlessMissing(fs.promises.statfs(path));
  return found && found.bavail * found.bsize;
}
