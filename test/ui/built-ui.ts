// The Control UI as the build makes it, built once per test file into a folder of its own.
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { build } from "vite";

export interface BuiltUi {
  dir: string;
  /** File name relative to `dir` → bytes. */
  files(): Promise<Map<string, Buffer>>;
  remove(): Promise<void>;
}

export async function buildUi(): Promise<BuiltUi> {
  const dir = await mkdtemp(path.join(tmpdir(), "openclaw-ui-"));
  // Under a test runner the libraries would be built with their development helpers.
  process.env["NODE_ENV"] = "production";
  await build({ root: path.resolve(import.meta.dirname, "../../ui"), configFile: path.resolve(import.meta.dirname, "../../ui/vite.config.ts"), logLevel: "error", build: { outDir: dir, emptyOutDir: true } });
  return {
    dir,
    async files() {
      const names = await readdir(dir, { recursive: true, withFileTypes: true });
      const entries = names.filter((entry) => entry.isFile()).map(async (entry): Promise<[string, Buffer]> => {
        const file = path.join(entry.parentPath, entry.name);
        return [path.relative(dir, file), await readFile(file)];
      });
      return new Map(await Promise.all(entries));
    },
    remove: () => rm(dir, { recursive: true, force: true }),
  };
}
