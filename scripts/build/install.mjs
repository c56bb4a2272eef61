// Moves a finished build into dist/ without pulling the floor from under a running gateway.
import { existsSync } from "node:fs";
import { glob, mkdir, readdir, rename, rm, stat } from "node:fs/promises";
import path from "node:path";

/** Files of earlier builds stay this long: a gateway that still runs from them may yet import a lazy chunk. */
const KEEP_OLD_MS = 24 * 3_600_000;

export async function install(staging, dist, { clean }) {
  const fresh = await filesIn(staging);
  // Entry points last: they name chunks, which must be there first.
  const depth = (file) => file.split(path.sep).length;
  for (const file of fresh.sort((a, b) => depth(b) - depth(a))) {
    await mkdir(path.dirname(path.join(dist, file)), { recursive: true });
    await rename(path.join(staging, file), path.join(dist, file));
  }
  const current = new Set(fresh);
  for (const file of await filesIn(dist)) {
    if (current.has(file) || file.startsWith(".")) continue;
    const { mtimeMs } = await stat(path.join(dist, file));
    if (clean || Date.now() - mtimeMs > KEEP_OLD_MS) await rm(path.join(dist, file));
  }
}

/** Removes what a killed build left behind. */
export async function sweepStaging(dist) {
  if (!existsSync(dist)) return;
  for (const name of await readdir(dist)) {
    if (!name.startsWith(".staging-")) continue;
    const dir = path.join(dist, name);
    if (Date.now() - (await stat(dir)).mtimeMs > 3_600_000) await rm(dir, { recursive: true });
  }
}

async function filesIn(dir) {
  const files = [];
  for await (const entry of glob("**/*", { cwd: dir, withFileTypes: true })) {
    const file = path.relative(dir, path.join(entry.parentPath, entry.name));
    if (entry.isFile() && !file.startsWith(".staging-")) files.push(file);
  }
  return files;
}

/** The compile cache keeps an entry for every chunk there ever was; what a week did not renew goes. */
export async function sweepCompileCache(dir) {
  if (!existsSync(dir)) return;
  for await (const entry of glob("**/*", { cwd: dir, withFileTypes: true })) {
    const file = path.join(entry.parentPath, entry.name);
    if (entry.isFile() && Date.now() - (await stat(file)).mtimeMs > 7 * KEEP_OLD_MS) await rm(file, { force: true });
  }
}
