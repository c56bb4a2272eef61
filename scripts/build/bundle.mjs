// The rolldown builds: one for the program with its extensions, one for the library faces, one for the command itself.
import { existsSync } from "node:fs";
import { execFile } from "node:child_process";
import { cp, glob, mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { rolldown } from "rolldown";
import { literalImports } from "./literal-imports.mjs";

const SHARED = {
  platform: "node",
  // Optional speed-ups and test runners that are never part of the package.
  external: [/^node:/, "bufferutil", "utf-8-validate", "canvas", "vitest"],
  onLog(level, log, handler) {
    if (log.code === "UNRESOLVED_IMPORT" || level === "warn" && log.code === "MISSING_EXPORT") throw new Error(log.message);
    if (level === "warn" && /node_modules/.test(log.message)) return; // Their style, not ours.
    handler(level, log);
  },
};

function output(dir, chunkDir) {
  return {
    dir,
    format: "esm",
    entryFileNames: "[name].mjs",
    chunkFileNames: `${chunkDir}/[name]-[hash].mjs`,
    keepNames: true,
    comments: { legal: false, annotation: false, jsdoc: false },
  };
}

async function run(options, outputOptions) {
  const bundle = await rolldown({ ...SHARED, ...options });
  try {
    const { output: files } = await bundle.write(outputOptions);
    return files.filter((file) => file.type === "chunk").map(({ fileName, moduleIds }) => ({ fileName, moduleIds }));
  } finally {
    await bundle.close();
  }
}

function defines(version) {
  return { define: { __OPENCLAW_VERSION__: JSON.stringify(version) } };
}

/** The program and every in-tree extension, with the code they share in shared chunks. Returns the chunks with the modules in them. */
export async function buildBundle({ root, staging, version }) {
  const input = { main: path.join(root, "src", "main.ts") };
  for await (const manifest of glob("extensions/*/openclaw.plugin.json", { cwd: root })) {
    const dir = path.dirname(manifest);
    if (!existsSync(path.join(root, dir, "index.ts"))) continue;
    input[`${dir}/index`] = path.join(root, dir, "index.ts");
    await mkdir(path.join(staging, dir), { recursive: true });
    await cp(path.join(root, manifest), path.join(staging, manifest));
  }
  return run({ cwd: root, input, plugins: [literalImports()], transform: { target: "node24", ...defines(version) } }, output(staging, "chunks"));
}

/** What other packages import: openclaw/sdk, openclaw/client, openclaw/protocol. */
export async function buildLibrary({ root, staging, version }) {
  const input = {};
  for await (const file of glob("src/{sdk,client,protocol}/**/*.ts", { cwd: root })) {
    if (/\.test\.ts$|^src\/sdk\/testing\//.test(file)) continue;
    input[file.replace(/^src\//, "lib/").replace(/\.ts$/, "")] = path.join(root, file);
  }
  await writeDeclarations(root, path.join(staging, "lib"));
  return run({ cwd: root, input, transform: { target: "node24", ...defines(version) } }, output(staging, "lib/chunks"));
}

// Declarations name each other as .ts files, which a consumer does not have.
async function writeDeclarations(root, outDir) {
  const tsc = path.join(root, "node_modules", "typescript", "bin", "tsc");
  await promisify(execFile)(process.execPath, [tsc, "-p", path.join(root, "scripts", "build", "tsconfig.lib.json"), "--outDir", outDir]).catch((error) => {
    throw new Error(error.stdout || error.message);
  });
  for await (const file of glob("**/*.d.ts", { cwd: outDir })) {
    const full = path.join(outDir, file);
    await writeFile(full, (await readFile(full, "utf8")).replace(/((?:from|import)\s*\(?\s*")(\.[^"]+)\.ts"/g, '$1$2.js"'));
  }
}

/** The tiny file that checks its Node: one file, old syntax. */
export async function buildEntry({ root, staging, version }) {
  return run(
    { cwd: root, input: { openclaw: path.join(root, "scripts", "entry.mjs") }, external: [...SHARED.external, "./main.mjs"], transform: { target: "node18", ...defines(version) } },
    { ...output(staging, "chunks"), banner: "#!/usr/bin/env node" },
  );
}
