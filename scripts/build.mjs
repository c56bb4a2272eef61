// Builds the command with its lazy chunks, the extensions and the UI into dist/; with --pack also the library faces, and nothing older stays.
import { existsSync } from "node:fs";
import { chmod, cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { buildBundle, buildEntry, buildLibrary } from "./build/bundle.mjs";
import { cacheDir } from "./boot/toolchain.mjs";
import { install, sweepCompileCache, sweepStaging } from "./build/install.mjs";
import { licenseText } from "./build/licenses.mjs";

const root = path.dirname(import.meta.dirname);
const dist = path.join(root, "dist");

async function main(args) {
  const { version } = JSON.parse(await readFile(path.join(root, "package.json"), "utf8"));
  const pack = args.includes("--pack");
  const staging = path.join(dist, `.staging-${process.pid}`);
  await sweepStaging(dist);
  await sweepCompileCache(path.join(cacheDir(), "compile"));
  await mkdir(staging, { recursive: true });
  try {
    const chunks = [
      ...(await buildBundle({ root, staging, version })),
      ...(pack ? await buildLibrary({ root, staging, version }) : []),
      ...(await buildEntry({ root, staging, version })),
      ...(await buildUi(staging)),
    ];
    await writeFile(path.join(staging, "THIRD-PARTY-LICENSES.txt"), await licenseText(chunks.flatMap((chunk) => chunk.moduleIds)));
    await writeFile(path.join(dist, ".modules.json"), moduleList(chunks));
    await copyAssets(staging);
    await chmod(path.join(staging, "openclaw.mjs"), 0o755);
    await install(staging, dist, { clean: pack });
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

async function buildUi(staging) {
  if (!existsSync(path.join(root, "ui", "index.html"))) return [];
  const { build } = await import("vite");
  const result = await build({ root: path.join(root, "ui"), logLevel: "warn", build: { outDir: path.join(staging, "ui"), emptyOutDir: true } });
  const outputs = Array.isArray(result) ? result : [result];
  const chunks = outputs.flatMap(({ output }) => output.filter((file) => file.type === "chunk"));
  return chunks.map(({ fileName, modules }) => ({ fileName: `ui/${fileName}`, moduleIds: Object.keys(modules) }));
}

/** Which sources and packages each chunk holds: what the test of the start's cost reads. Not published. */
function moduleList(chunks) {
  const short = (id) => /.*[\\/]node_modules[\\/]((?:@[^\\/]+[\\/])?[^\\/]+)/.exec(id)?.[1] ?? path.relative(root, id);
  const entries = chunks.map(({ fileName, moduleIds }) => [fileName, [...new Set(moduleIds.map(short))].sort()]);
  return JSON.stringify(Object.fromEntries(entries), null, 1);
}

async function copyAssets(staging) {
  if (existsSync(path.join(root, "skills"))) await cp(path.join(root, "skills"), path.join(staging, "skills"), { recursive: true });
}

await main(process.argv.slice(2));
