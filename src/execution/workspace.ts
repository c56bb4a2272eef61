// The one path resolver for files that a model asks for: everything stays below the workspace, no link is followed, no step is trusted twice.
// On Linux each folder is opened and its children are reached through the open descriptor, so a folder that is swapped for a link in between leads nowhere else.
// oxlint-disable-next-line eslint/no-restricted-imports -- this is the second door to files beside store/disk.ts: it needs O_NOFOLLOW and descriptors, which state files have no use for
import { constants, lstat, mkdir, open, readdir, realpath, rename, unlink, type FileHandle } from "node:fs/promises";
import { isAbsolute, join, relative, sep } from "node:path";
import { fault } from "../base/faults.ts";

export interface WorkspaceEntry {
  name: string;
  kind: "file" | "folder" | "link" | "other";
  sizeBytes: number;
  modifiedAtMs: number;
}

export interface Workspace {
  /** At most `maxBytes` of a regular file; `sizeBytes` is all of it. Throws path.outside, tool.failed. */
  read(path: string, maxBytes: number): Promise<{ bytes: Buffer; sizeBytes: number }>;
  /** Replaces or makes a file in one step, with the folders on the way. */
  write(path: string, bytes: Uint8Array, newName: string): Promise<{ isNew: boolean }>;
  /** Entries of a folder, sorted by name. Links are listed, never followed. */
  list(path: string): Promise<WorkspaceEntry[]>;
  /** The path as it is shown: relative, with forward slashes. */
  show(path: string): string;
}

const folderFlags = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
/** Non-blocking, so that opening a pipe returns and can be refused. */
const readFlags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
const createFlags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
const reachesByDescriptor = process.platform === "linux";
const MAX_DEPTH = 64;

interface Folder {
  handle: FileHandle;
  /** Path of a child that leads through the open folder. */
  child(name: string): string;
}

/** Throws when the root does not exist. The root itself may be a link; it is resolved once per call. */
export function openWorkspace(root: string): Workspace {
  const withParent = async <T>(path: string, makeFolders: boolean, use: (parent: Folder, name: string) => Promise<T>): Promise<T> => {
    const parts = partsOf(root, path);
    const name = parts.pop();
    if (name === undefined) throw fault("tool.failed", { reason: `${path} is a folder` });
    const parent = await walk(root, parts, makeFolders, path);
    try {
      return await use(parent, name);
    } finally {
      await parent.handle.close();
    }
  };

  return {
    read: (path, maxBytes) => withParent(path, false, (parent, name) => readFrom(parent, name, path, maxBytes)),
    write: (path, bytes, newName) => withParent(path, true, (parent, name) => replaceIn(parent, name, path, bytes, newName)),
    async list(path) {
      const folder = await walk(root, partsOf(root, path), false, path);
      try {
        return await listOf(folder);
      } finally {
        await folder.handle.close();
      }
    },
    show: (path) => partsOf(root, path).join("/") || ".",
  };
}

/** Names below the root. Refuses to climb; an absolute path counts only when it lies below the root. Pure. */
export function partsOf(root: string, path: string): string[] {
  if (path.includes("\0")) throw outside(path);
  const local = isAbsolute(path) ? relative(root, path) : path;
  if (isAbsolute(local)) throw outside(path);
  const parts = local.split(sep === "\\" ? /[\\/]/ : "/").filter((part) => part !== "" && part !== ".");
  if (parts.includes("..")) throw outside(path);
  if (parts.length > MAX_DEPTH) throw fault("tool.failed", { reason: `${path.slice(0, 80)}… is too deep` });
  return parts;
}

async function walk(root: string, parts: readonly string[], makeFolders: boolean, path: string): Promise<Folder> {
  const base = await realpath(root).catch((error: unknown) => {
    throw explain(error, "the workspace folder");
  });
  let folder = await openFolder(base, base, path);
  for (const part of parts) {
    const next = folder.child(part);
    try {
      if (makeFolders) await makeFolder(next);
      folder = await openNext(folder, next, part, path);
    } catch (error) {
      await folder.handle.close();
      throw error;
    }
  }
  return folder;
}

async function openNext(folder: Folder, next: string, part: string, path: string): Promise<Folder> {
  const opened = await openFolder(next, join(folder.child(""), part), path);
  await folder.handle.close();
  return opened;
}

async function openFolder(path: string, plainPath: string, shown: string): Promise<Folder> {
  const handle = await open(path, folderFlags).catch((error: unknown) => {
    throw explain(error, shown);
  });
  const base = reachesByDescriptor ? `/proc/self/fd/${handle.fd}` : plainPath;
  return { handle, child: (name) => (name === "" ? base : `${base}/${name}`) };
}

async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 });
  } catch (error) {
    if (codeOf(error) !== "EEXIST") throw error;
  }
}

async function readFrom(parent: Folder, name: string, path: string, maxBytes: number): Promise<{ bytes: Buffer; sizeBytes: number }> {
  const file = await open(parent.child(name), readFlags).catch((error: unknown) => {
    throw explain(error, path);
  });
  try {
    const stat = await file.stat();
    if (stat.isDirectory()) throw fault("tool.failed", { reason: `${path} is a folder` });
    if (!stat.isFile()) throw fault("tool.failed", { reason: `${path} is not a regular file` });
    const bytes = Buffer.alloc(Math.min(stat.size, maxBytes));
    let length = 0;
    while (length < bytes.length) {
      const { bytesRead } = await file.read(bytes, length, bytes.length - length, length);
      if (bytesRead === 0) break;
      length += bytesRead;
    }
    return { bytes: bytes.subarray(0, length), sizeBytes: stat.size };
  } finally {
    await file.close();
  }
}

async function replaceIn(parent: Folder, name: string, path: string, bytes: Uint8Array, newName: string): Promise<{ isNew: boolean }> {
  const target = parent.child(name);
  const found = await lstat(target).catch((error: unknown) => {
    if (codeOf(error) === "ENOENT") return undefined;
    throw explain(error, path);
  });
  if (found?.isSymbolicLink()) throw outside(path);
  if (found && !found.isFile()) throw fault("tool.failed", { reason: `${path} is not a regular file` });
  const draft = parent.child(`.${newName}.tmp`);
  const file = await open(draft, createFlags, found ? found.mode & 0o777 : 0o600).catch((error: unknown) => {
    throw explain(error, path);
  });
  try {
    await file.writeFile(bytes);
    await file.datasync();
    await file.close();
    // A link that appeared at the target meanwhile is replaced, not followed.
    await rename(draft, target);
  } catch (error) {
    await file.close();
    await unlink(draft).catch((cause: unknown) => {
      if (codeOf(cause) !== "ENOENT") throw cause;
    });
    throw explain(error, path);
  }
  return { isNew: found === undefined };
}

async function listOf(folder: Folder): Promise<WorkspaceEntry[]> {
  const names = (await readdir(folder.child(""))).sort();
  const entries = await Promise.all(names.map((name) => entryOf(folder, name)));
  return entries.filter((entry) => entry !== undefined);
}

async function entryOf(folder: Folder, name: string): Promise<WorkspaceEntry | undefined> {
  try {
    const stat = await lstat(folder.child(name));
    const kind = stat.isFile() ? "file" : stat.isDirectory() ? "folder" : stat.isSymbolicLink() ? "link" : "other";
    return { name, kind, sizeBytes: stat.size, modifiedAtMs: Math.floor(stat.mtimeMs) };
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined; // removed while we looked
    throw error;
  }
}

function outside(path: string) {
  return fault("path.outside", { path: path.slice(0, 300) });
}

function explain(error: unknown, path: string): unknown {
  switch (codeOf(error)) {
    case "ENOENT":
      return fault("tool.failed", { reason: `${path} does not exist` });
    case "ENOTDIR":
    case "ELOOP": // with O_NOFOLLOW: a link on the way
    case "EMLINK":
      return fault("path.outside", { path: `${path.slice(0, 300)} (a link, or not a folder, is on the way)` });
    case "EISDIR":
      return fault("tool.failed", { reason: `${path} is a folder` });
    case "EACCES":
    case "EPERM":
      return fault("tool.failed", { reason: `${path}: permission denied` });
    case "ENAMETOOLONG":
      return fault("tool.failed", { reason: "the path is too long" });
    case "ENXIO":
      return fault("tool.failed", { reason: `${path} is not a regular file` });
    case "ENOSPC":
    case "EDQUOT":
      return fault("store.full", {}, { cause: error });
    default:
      return error;
  }
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}
