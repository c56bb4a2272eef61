// The files that make an agent who it is: made on a fresh workspace, read with a cache, cut when they are too long.
import { join, sep } from "node:path";
import type { Clock } from "../base/clock.ts";
import { fault } from "../base/faults.ts";
import { errorCode, writeWhole, type Disk, type DiskStat } from "../store/disk.ts";
import { workspaceTemplates } from "./workspace-templates.ts";

/** In the order in which they stand in the prompt. */
export const workspaceFileNames = ["AGENTS.md", "SOUL.md", "IDENTITY.md", "USER.md", "TOOLS.md", "MEMORY.md", "BOOTSTRAP.md", "HEARTBEAT.md"] as const;
export type WorkspaceFileName = (typeof workspaceFileNames)[number];

export interface WorkspaceFile {
  name: WorkspaceFileName;
  /** Absent: there is no such file. */
  text?: string;
  /** Characters left out at the end of the text. */
  cutChars: number;
}

export interface Workspaces {
  /** Makes the folder; a new one gets the starting files unless they are not wanted. Once per folder and process. */
  ensure(dir: string, options: { skipBootstrap: boolean }): Promise<void>;
  /** All files, in order, each cut at `maxChars`. Reads only what changed. */
  read(dir: string, maxChars: number): Promise<WorkspaceFile[]>;
  /** The whole text of one file, as it is now. */
  text(dir: string, name: WorkspaceFileName): Promise<string | undefined>;
  list(dir: string): Promise<{ name: string; path: string; size: number; updatedAtMs: number; missing: boolean }[]>;
  write(dir: string, name: WorkspaceFileName, content: string): Promise<void>;
}

interface Cached {
  sizeBytes: number;
  modifiedAtMs: number;
  text: string;
}

/** What the path itself is to blame for. */
const noFolder: ReadonlySet<string> = new Set(["EEXIST", "ENOTDIR", "ENAMETOOLONG", "EACCES", "EPERM", "ELOOP", "EROFS", "ERR_INVALID_ARG_VALUE"]);
const SHOWN_CHARS = 200;

/** A larger file is no instruction, and is not read. */
const MAX_FILE_BYTES = 16_777_216;

/** Runs this close together read the folder once. */
const SAME_LOOK_MS = 50;

/** A link that leads to itself leads nowhere. */
function linksInCircles(error: unknown): undefined {
  if (errorCode(error) !== "ELOOP") throw error;
}

export function createWorkspaces({ disk, clock }: { disk: Disk; clock: Pick<Clock, "monotonic"> }): Workspaces {
  const ensured = new Map<string, Promise<void>>();
  const looks = new Map<string, { at: number; maxChars: number; files: Promise<WorkspaceFile[]> }>();
  const cache = new Map<string, Cached>();

  const make = async (dir: string, skipBootstrap: boolean) => {
    await disk.makeDir(dir).catch((error: unknown) => {
      throw noFolder.has(errorCode(error) ?? "") ? fault("request.invalid", { reason: `the workspace ${dir.slice(0, SHOWN_CHARS)} cannot be made (${errorCode(error)})` }, { cause: error }) : error;
    });
    if (skipBootstrap) return;
    const stats = await Promise.all(workspaceFileNames.map((name) => disk.stat(join(dir, name)).catch(linksInCircles)));
    // One file of ours is enough: somebody lives here, and what is missing is missing on purpose.
    if (stats.some((stat) => stat !== undefined)) return;
    for (const [name, text] of Object.entries(workspaceTemplates)) await writeWhole(disk, join(dir, name), Buffer.from(text));
  };
  /** A link may lead to another file of the workspace. One that leads out of it, and what is no regular file, is not there: a folder from elsewhere may hold links to your keys, or pipes that never end. */
  const isOwn = async (dir: string, path: string): Promise<boolean> => {
    if (!disk.resolve) return true;
    const [root, file] = await Promise.all([disk.resolve(dir), disk.resolve(path)]);
    return root !== undefined && file?.isFile === true && file.path.startsWith(root.path.endsWith(sep) ? root.path : `${root.path}${sep}`);
  };
  const lookAt = async (path: string): Promise<DiskStat | undefined> => {
    const stat = await disk.stat(path).catch(linksInCircles);
    return stat && !stat.isDirectory && stat.sizeBytes <= MAX_FILE_BYTES ? stat : undefined;
  };
  const statOf = async (dir: string, name: string): Promise<DiskStat | undefined> => {
    const stat = await lookAt(join(dir, name));
    return stat && (await isOwn(dir, join(dir, name))) ? stat : undefined;
  };
  const readOne = async (dir: string, name: string): Promise<string | undefined> => {
    const path = join(dir, name);
    const stat = await lookAt(path);
    const known = cache.get(path);
    if (stat && known && known.sizeBytes === stat.sizeBytes && known.modifiedAtMs === stat.modifiedAtMs) return known.text;
    if (!stat || !(await isOwn(dir, path))) {
      cache.delete(path);
      return undefined;
    }
    const text = (await disk.readFile(path))?.toString("utf8");
    if (text !== undefined) cache.set(path, { sizeBytes: stat.sizeBytes, modifiedAtMs: stat.modifiedAtMs, text });
    return text;
  };

  return {
    async ensure(dir, { skipBootstrap }) {
      const known = ensured.get(dir);
      if (known) return known;
      const making = make(dir, skipBootstrap);
      ensured.set(dir, making);
      // A folder that could not be made is tried again with the next run.
      await making.catch((error: unknown) => {
        ensured.delete(dir);
        throw error;
      });
    },
    read(dir, maxChars) {
      const now = clock.monotonic();
      const last = looks.get(dir);
      if (last && last.maxChars === maxChars && now - last.at < SAME_LOOK_MS) return last.files;
      const files = Promise.all(
        workspaceFileNames.map(async (name): Promise<WorkspaceFile> => {
          const text = await readOne(dir, name);
          if (text === undefined) return { name, cutChars: 0 };
          return { name, text: text.slice(0, maxChars), cutChars: Math.max(0, text.length - maxChars) };
        }),
      );
      files.catch(() => looks.delete(dir));
      looks.set(dir, { at: now, maxChars, files });
      return files;
    },
    async text(dir, name) {
      return (await statOf(dir, name)) && (await disk.readFile(join(dir, name)))?.toString("utf8");
    },
    list: (dir) =>
      Promise.all(
        workspaceFileNames.map(async (name) => {
          const path = join(dir, name);
          const stat = await statOf(dir, name);
          return { name, path, size: stat?.sizeBytes ?? 0, updatedAtMs: stat?.modifiedAtMs ?? 0, missing: stat === undefined };
        }),
      ),
    async write(dir, name, content) {
      await disk.makeDir(dir);
      await writeWhole(disk, join(dir, name), Buffer.from(content));
      cache.delete(join(dir, name));
      looks.delete(dir);
    },
  };
}
