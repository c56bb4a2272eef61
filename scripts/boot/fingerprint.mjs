// Tells whether something built or installed is older than what it was made from.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";

const IGNORED = new Set(["node_modules", "dist", ".git"]);

/** Digest of the contents of the given files; a missing one counts as such. */
export function contentKey(root, files, ...extra) {
  const hash = createHash("sha256");
  for (const file of files) {
    const full = path.join(root, file);
    hash.update(`${file}\0`).update(existsSync(full) ? readFileSync(full) : "absent").update("\0");
  }
  return hash.update(extra.join("\0")).digest("hex");
}

/** Digest of names, sizes and times of all files below the given paths: cheap enough for every start. */
export function treeKey(root, paths, ...extra) {
  const hash = createHash("sha256");
  for (const start of paths) {
    for (const file of walk(path.join(root, start))) {
      const { size, mtimeMs } = statSync(file);
      hash.update(`${path.relative(root, file)}\0${size}\0${mtimeMs}\n`);
    }
  }
  return hash.update(extra.join("\0")).digest("hex");
}

function walk(start) {
  if (!existsSync(start)) return [];
  if (statSync(start).isFile()) return [start];
  return readdirSync(start, { withFileTypes: true })
    .filter((entry) => !IGNORED.has(entry.name) && !entry.name.endsWith(".test.ts"))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => (entry.isDirectory() ? walk(path.join(start, entry.name)) : [path.join(start, entry.name)]));
}

export function readStamp(file) {
  return existsSync(file) ? readFileSync(file, "utf8") : "";
}

/** Written aside and renamed, so that a stamp is either the old one or the new one. */
export function writeStamp(file, key) {
  mkdirSync(path.dirname(file), { recursive: true });
  const aside = `${file}.${process.pid}`;
  writeFileSync(aside, key);
  renameSync(aside, file);
}
