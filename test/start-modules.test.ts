// What the gateway loads to be ready: every package against an allow-list, so that the cost of starting cannot creep in with an import.
import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const root = path.dirname(import.meta.dirname);
const dist = path.join(root, "dist");
const dir = mkdtempSync(path.join(tmpdir(), "openclaw-start-"));

/** Adding a package here makes every start slower: put it behind `await import()` instead, or say in the commit why not. */
const ALLOWED_PACKAGES = ["@hono/node-server", "commander", "hono", "ipaddr.js", "json5", "pino", "typebox", "ws", "yaml"];
/** What those bring along. */
const ALLOWED_UNDER_THEM = ["@pinojs/redact", "atomic-sleep", "on-exit-leak-free", "pino-std-serializers", "quick-format-unescaped", "real-require", "safe-stable-stringify", "sonic-boom", "thread-stream"];
/** All chunks that are read before the gateway answers. */
const MAX_LOADED_BYTES = 3 * 1024 * 1024;

let gateway: ChildProcess | undefined;
let loaded: string[] = [];

afterAll(() => {
  gateway?.kill("SIGKILL");
  rmSync(dir, { recursive: true, force: true });
});

beforeAll(async () => {
  const list = path.join(dir, "loaded.txt");
  const hook = path.join(dir, "hook.mjs");
  writeFileSync(list, "");
  writeFileSync(hook, `import { registerHooks } from "node:module";
import { appendFileSync } from "node:fs";
registerHooks({ load(url, context, next) { appendFileSync(${JSON.stringify(list)}, url + "\\n"); return next(url, context); } });`);
  const port = await freePort();
  const env = { PATH: process.env["PATH"], HOME: dir, OPENCLAW_STATE_DIR: path.join(dir, "state"), OPENCLAW_GATEWAY_TOKEN: "t".repeat(32) };
  gateway = spawn(process.execPath, ["--import", pathToFileURL(hook).href, path.join(dist, "openclaw.mjs"), "gateway", "run", "--port", String(port)], { env, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  gateway.stdout?.on("data", (chunk: Buffer) => (output += chunk.toString()));
  gateway.stderr?.on("data", (chunk: Buffer) => (output += chunk.toString()));
  await healthy(port, gateway, () => output);
  loaded = readFileSync(list, "utf8").split("\n").filter((url) => url.startsWith("file:")).map((url) => path.relative(dist, fileURLToPath(url)));
}, 60_000);

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function healthy(port: number, child: ChildProcess, output: () => string): Promise<void> {
  for (let attempt = 0; attempt < 200 && child.exitCode === null; attempt += 1) {
    const response = await fetch(`http://127.0.0.1:${port}/health`).catch(() => undefined);
    if (response?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`the gateway did not answer: ${output()}`);
}

function contents(chunks: string[]): string[] {
  const modules = JSON.parse(readFileSync(path.join(dist, ".modules.json"), "utf8")) as Record<string, string[]>;
  return chunks.flatMap((chunk) => modules[chunk] ?? []);
}

describe("starting the gateway", () => {
  it("loads only chunks of the bundle", () => {
    expect(loaded.filter((file) => file.startsWith(".."))).toEqual([]);
    expect(loaded).toContain("main.mjs");
  });

  it("loads no package that is not on the list", () => {
    const packages = new Set(contents(loaded).filter((name) => !/^(src|extensions|scripts)\//.test(name) && !name.startsWith("\0")));
    const allowed = new Set([...ALLOWED_PACKAGES, ...ALLOWED_UNDER_THEM]);
    console.log(`start: ${loaded.length} files, ${packages.size} packages: ${[...packages].toSorted().join(" ")}`);
    expect([...packages].filter((name) => !allowed.has(name))).toEqual([]);
  });

  it("loads no extension and no other command's work: commands are values, what they do is in actions", () => {
    const ours = contents(loaded).filter((name) => /^(src|extensions)\//.test(name));
    expect(ours.length).toBeGreaterThan(50);
    expect(ours.filter((name) => name.startsWith("extensions/"))).toEqual([]);
    expect(ours.filter((name) => name.startsWith("src/cli/actions/"))).toEqual([]);
  });

  it("reads at most 3 MB of code", () => {
    const bytes = loaded.reduce((sum, file) => sum + statSync(path.join(dist, file)).size, 0);
    console.log(`start: ${(bytes / 1024).toFixed(0)} KB of code`);
    expect(bytes).toBeLessThanOrEqual(MAX_LOADED_BYTES);
  });
});
