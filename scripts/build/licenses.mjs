// Collects the licence texts of the packages that went into the bundle.
import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import path from "node:path";

/** One text with the licence of every package among the given module ids. */
export async function licenseText(moduleIds) {
  const dirs = new Map();
  for (const id of moduleIds) {
    const dir = packageDir(id);
    if (dir) dirs.set(dir, true);
  }
  const entries = new Map();
  for (const dir of dirs.keys()) {
    const manifest = path.join(dir, "package.json");
    if (!existsSync(manifest)) continue;
    const { name, version, license } = JSON.parse(await readFile(manifest, "utf8"));
    entries.set(`${name}@${version}`, `${name} ${version} (${license ?? "see text"})\n\n${await textIn(dir)}`);
  }
  const bodies = [...entries.keys()].sort().map((key) => entries.get(key));
  return `The openclaw package contains code of the packages below.\n\n${bodies.join(`\n\n${"-".repeat(72)}\n\n`)}\n`;
}

function packageDir(moduleId) {
  const match = /^[^\w/]?(.*[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+)[\\/]/.exec(moduleId);
  return match?.[1];
}

async function textIn(dir) {
  const file = (await readdir(dir)).find((name) => /^(licen[cs]e|copying)/i.test(name));
  return file ? (await readFile(path.join(dir, file), "utf8")).trim() : "The package carries no licence file.";
}
