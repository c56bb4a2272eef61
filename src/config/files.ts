// The configuration on disk: the document, its history and the last good copy. One writer at a time, also across processes.
import { createHash } from "node:crypto";
import { dirname, join } from "node:path";
import type { Clock } from "../base/clock.ts";
import { fault } from "../base/faults.ts";
import { errorCode, writeWhole, type Disk } from "../store/disk.ts";
import { asStoreFault } from "../store/store-faults.ts";
import type { Env } from "./env.ts";
import { adoptedFiles } from "./legacy-names.ts";
import type { Format } from "./source.ts";

export interface Location {
  path: string;
  format: Format;
  /** A second document that is there and not read. */
  shadowed?: string;
}

/** Which file is the configuration: the named one, config.yaml, else an openclaw.json of any era that is there. */
export async function locateConfig(env: Pick<Env, "configPath">, stateDir: string, disk: Pick<Disk, "stat" | "readFile">): Promise<Location> {
  if (env.configPath !== undefined) return { path: env.configPath, format: await formatOf(env.configPath, disk) };
  const own = join(stateDir, "config.yaml");
  const isThere = async (path: string) => (await disk.stat(path)) !== undefined;
  const hasOwn = await isThere(own);
  for (const name of adoptedFiles) {
    const path = join(stateDir, name);
    if (await isThere(path)) return hasOwn ? { path: own, format: "yaml", shadowed: path } : { path, format: "json5" };
  }
  return { path: own, format: "yaml" };
}

async function formatOf(path: string, disk: Pick<Disk, "readFile">): Promise<Format> {
  if (/\.ya?ml$/i.test(path)) return "yaml";
  if (/\.(?:json5?|jsonc)$/i.test(path)) return "json5";
  const text = (await disk.readFile(path))?.toString("utf8") ?? "";
  return /^\s*(?:\{|\/[/*])/.test(text) ? "json5" : "yaml";
}

export interface ConfigFile {
  exists: boolean;
  text: string;
  hash: string;
}

export interface ConfigFiles {
  read(): Promise<ConfigFile>;
  /** Puts `text` in place of the document whose hash is `expected`; the old one goes to the history. Throws config.stale when it is not that one any more. */
  write(text: string, expected: string): Promise<void>;
  /** The newest text that had no errors. */
  readLastGood(): Promise<string | undefined>;
  saveLastGood(text: string): Promise<void>;
  /** Paths of earlier documents, newest first. */
  history(): Promise<string[]>;
}

/** Earlier documents kept. */
const MAX_HISTORY = 50;
const LOCK_WAIT_MS = 3_000;
const LOCK_POLL_MS = 20;
/** A writer holds the lock for milliseconds; one this old belongs to a process that died. */
const LOCK_STALE_MS = 10_000;

export function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

export function createConfigFiles(deps: { disk: Disk; clock: Clock; location: Location; stateDir: string }): ConfigFiles {
  const { disk, clock, location } = deps;
  const folder = join(deps.stateDir, "config-history");
  const lastGoodPath = join(folder, "last-good.json");
  const extension = location.format === "yaml" ? "yaml" : "json5";

  const read = async (): Promise<ConfigFile> => {
    const bytes = await disk.readFile(location.path);
    const text = bytes?.toString("utf8") ?? "";
    return { exists: bytes !== undefined, text, hash: hashOf(text) };
  };
  const history = async () => (await disk.list(folder)).filter((name) => /^\d{8}-/.test(name)).reverse();
  const keep = async (text: string) => {
    await disk.makeDir(folder);
    const names = await history();
    const next = Number(names[0]?.slice(0, 8) ?? 0) + 1;
    await writeWhole(disk, join(folder, `${String(next).padStart(8, "0")}-${hashOf(text).slice(0, 12)}.${extension}`), Buffer.from(text));
    for (const name of names.slice(MAX_HISTORY - 1)) await disk.remove(join(folder, name));
  };
  return {
    read,
    async write(text, expected) {
      try {
        await disk.makeDir(dirname(location.path));
        await withLock(disk, clock, `${location.path}.lock`, async () => {
          const present = await read();
          if (present.hash !== expected) throw fault("config.stale");
          if (present.exists) await keep(present.text);
          await writeWhole(disk, location.path, Buffer.from(text));
        });
      } catch (error) {
        throw asStoreFault(error);
      }
    },
    async readLastGood() {
      const bytes = await disk.readFile(lastGoodPath);
      if (bytes === undefined) return undefined;
      try {
        const saved = JSON.parse(bytes.toString("utf8")) as { path?: unknown; text?: unknown } | null; // checked on the next line
        return saved?.path === location.path && typeof saved.text === "string" ? saved.text : undefined;
      } catch (error) {
        if (error instanceof SyntaxError) return undefined; // a copy that cannot be read is no copy
        throw error;
      }
    },
    async saveLastGood(text) {
      await disk.makeDir(folder);
      await writeWhole(disk, lastGoodPath, Buffer.from(JSON.stringify({ path: location.path, text })));
    },
    history: async () => (await history()).map((name) => join(folder, name)),
  };
}

async function withLock<T>(disk: Disk, clock: Clock, path: string, work: () => Promise<T>): Promise<T> {
  const from = clock.monotonic();
  for (;;) {
    try {
      await (await disk.open(path, "new")).close();
      break;
    } catch (error) {
      if (errorCode(error) !== "EEXIST") throw error;
      const held = await disk.stat(path);
      if (held && clock.now() - held.modifiedAtMs > LOCK_STALE_MS) await disk.remove(path);
      else if (clock.monotonic() - from > LOCK_WAIT_MS) throw fault("busy", { reason: "another process is writing the configuration" }, { cause: error });
      else await clock.sleep(LOCK_POLL_MS);
    }
  }
  try {
    return await work();
  } finally {
    await disk.remove(path);
  }
}
