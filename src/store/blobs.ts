// Media and whole outputs by content hash: written once, never changed, swept when nothing names them.
import { createHash } from "node:crypto";
import { dirname, join } from "node:path";
import type { Clock } from "../base/clock.ts";
import type { Ids } from "../base/ids.ts";
import type { Log } from "../base/log.ts";
import type { Disk } from "./disk.ts";
import { asStoreFault } from "./store-faults.ts";

export interface Blobs {
  /** On disk when it resolves; returns the SHA-256 in hex. */
  put(bytes: Uint8Array): Promise<string>;
  /** Undefined when absent, or when the bytes no longer match their name. */
  get(hash: string): Promise<Uint8Array | undefined>;
  /** Removes what nothing names: older than `maxAgeMs` first, then the oldest until all fit into `maxBytes`. Returns how many. */
  sweep(options: { isNamed(hash: string): boolean; maxAgeMs: number; maxBytes: number }): Promise<number>;
}

export function createBlobs({ disk, clock, ids, log, dir }: { disk: Disk; clock: Clock; ids: Ids; log: Log; dir: string }): Blobs {
  const pathOf = (hash: string) => join(dir, hash.slice(0, 2), hash);

  const write = async (path: string, bytes: Uint8Array) => {
    await disk.makeDir(dirname(path));
    const temporary = `${path}.${ids.hex(4)}.tmp`;
    const file = await disk.open(temporary, "new");
    try {
      await file.append(bytes);
      await file.sync();
    } catch (error) {
      await disk.remove(temporary);
      throw error;
    } finally {
      await file.close();
    }
    await disk.rename(temporary, path);
    await disk.syncDir(dirname(path));
    await disk.syncDir(dir);
  };
  const stored = async () => {
    const found: { hash: string; path: string; sizeBytes: number; modifiedAtMs: number }[] = [];
    for (const folder of await disk.list(dir)) {
      for (const name of await disk.list(join(dir, folder))) {
        const path = join(dir, folder, name);
        const stat = await disk.stat(path);
        if (stat && !stat.isDirectory) found.push({ hash: name, path, sizeBytes: stat.sizeBytes, modifiedAtMs: stat.modifiedAtMs });
      }
    }
    return found.sort((a, b) => a.modifiedAtMs - b.modifiedAtMs);
  };

  return {
    async put(bytes) {
      const hash = hashOf(bytes);
      try {
        if ((await disk.stat(pathOf(hash)))?.sizeBytes !== bytes.length) await write(pathOf(hash), bytes);
        return hash;
      } catch (error) {
        throw asStoreFault(error);
      }
    },
    async get(hash) {
      if (!/^[0-9a-f]{64}$/.test(hash)) return undefined;
      const bytes = await disk.readFile(pathOf(hash));
      if (bytes && hashOf(bytes) !== hash) {
        log.warn("a stored file no longer matches its hash", { hash });
        return undefined;
      }
      return bytes;
    },
    async sweep({ isNamed, maxAgeMs, maxBytes }) {
      const all = await stored();
      let totalBytes = all.reduce((sum, blob) => sum + blob.sizeBytes, 0);
      let removed = 0;
      for (const blob of all) {
        const isOld = clock.now() - blob.modifiedAtMs > maxAgeMs;
        if (isNamed(blob.hash) || (!isOld && totalBytes <= maxBytes)) continue;
        await disk.remove(blob.path);
        totalBytes -= blob.sizeBytes;
        removed++;
      }
      return removed;
    },
  };
}

function hashOf(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
