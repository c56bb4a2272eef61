// The published package: packed, installed in an empty folder without any dependency, small enough, and running.
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { cpSync, existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { pnpmBinaries } from "../scripts/boot/toolchain.mjs";

const run = promisify(execFile);
const root = path.dirname(import.meta.dirname);
const dir = mkdtempSync(path.join(tmpdir(), "openclaw-pack-"));
const checkout = path.join(dir, "checkout");
const empty = path.join(dir, "empty");
const installed = path.join(empty, "node_modules", "openclaw");
const command = path.join(empty, "node_modules", ".bin", "openclaw");
const MAX_BYTES = 60 * 1024 * 1024;

const children: ChildProcess[] = [];
afterAll(() => {
  for (const child of children) child.kill("SIGKILL");
  rmSync(dir, { recursive: true, force: true });
});

beforeAll(async () => {
  await copyCheckout();
  mkdirSync(empty);
  writeFileSync(path.join(empty, "package.json"), "{}");
  const packed = await run("npm", ["pack", "--json", "--pack-destination", dir], { cwd: checkout, maxBuffer: 64 * 1024 * 1024 });
  const { filename } = firstOf(packed.stdout);
  await run("npm", ["install", "--offline", "--no-audit", "--no-fund", path.join(dir, filename)], { cwd: empty });
}, 180_000);

/** The sources as they are now, so that a complete build does not disturb the one that other tests run from. */
async function copyCheckout(): Promise<void> {
  const listed = await run("git", ["ls-files", "--cached", "--others", "--exclude-standard"], { cwd: root, maxBuffer: 64 * 1024 * 1024 });
  for (const file of listed.stdout.trim().split("\n").filter((each) => existsSync(path.join(root, each)))) {
    mkdirSync(path.dirname(path.join(checkout, file)), { recursive: true });
    cpSync(path.join(root, file), path.join(checkout, file));
  }
  symlinkSync(path.join(root, "node_modules"), path.join(checkout, "node_modules"));
}

/** npm prints the progress of its scripts before the report. */
function firstOf(output: string): { filename: string } {
  const [report] = Object.values(JSON.parse(output.slice(output.search(/^[[{]/m))) as Record<string, { filename: string }>);
  if (!report) throw new Error(`npm pack reported nothing: ${output}`);
  return report;
}

function bytesIn(folder: string): number {
  return readdirSync(folder, { withFileTypes: true }).reduce((sum, entry) => {
    const full = path.join(folder, entry.name);
    return sum + (entry.isDirectory() ? bytesIn(full) : lstatSync(full).blocks * 512);
  }, 0);
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function answersHealth(port: number, child: ChildProcess): Promise<boolean> {
  for (let attempt = 0; attempt < 100 && child.exitCode === null; attempt += 1) {
    const response = await fetch(`http://127.0.0.1:${port}/health`).catch(() => undefined);
    if (response?.ok) return true;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return false;
}

describe("the published package", () => {
  it("installs nothing beside itself and takes at most 60 MB", () => {
    expect(readdirSync(path.join(empty, "node_modules")).filter((name) => !name.startsWith("."))).toEqual(["openclaw"]);
    expect(existsSync(path.join(installed, "node_modules"))).toBe(false);
    const bytes = bytesIn(empty);
    console.log(`package: ${(bytes / 1024 / 1024).toFixed(1)} MB installed`);
    expect(bytes).toBeLessThanOrEqual(MAX_BYTES);
  });

  it("carries the licences of what it bundles, and no sources", () => {
    expect(readFileSync(path.join(installed, "dist", "THIRD-PARTY-LICENSES.txt"), "utf8")).toContain("\nws 8.");
    expect(readdirSync(installed).toSorted()).toEqual(["LICENSE", "README.md", "dist", "package.json"]);
  });

  it("prints its version", async () => {
    const { version } = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8")) as { version: string };
    expect((await run(command, ["--version"])).stdout.trim()).toBe(version);
  });

  it("runs the gateway with the UI and the demo model", async () => {
    const port = await freePort();
    const home = path.join(dir, "home");
    mkdirSync(home);
    const env = { PATH: process.env["PATH"], HOME: home, OPENCLAW_STATE_DIR: path.join(home, "state"), OPENCLAW_GATEWAY_TOKEN: "t".repeat(32) };
    const gateway = spawn(command, ["gateway", "run", "--port", String(port)], { cwd: empty, env, stdio: "pipe" });
    children.push(gateway);
    let output = "";
    gateway.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
    gateway.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()));
    expect(await answersHealth(port, gateway), output).toBe(true);
    const page = await fetch(`http://127.0.0.1:${port}/`);
    expect(page.status).toBe(200);
    expect(await page.text()).toContain("<script");
    const models = await fetch(`http://127.0.0.1:${port}/v1/models`, { headers: { authorization: `Bearer ${"t".repeat(32)}` } });
    expect(models.status).toBe(200);
    gateway.kill("SIGTERM");
    await new Promise((resolve) => gateway.once("exit", resolve));
    expect(gateway.exitCode, output).toBe(0);
  });

  it("offers sdk, client and protocol to other packages when packed for publishing", async () => {
    const [pnpm] = pnpmBinaries();
    if (!pnpm) throw new Error("pnpm is missing: run node scripts/boot.mjs build");
    const consumer = path.join(dir, "consumer");
    mkdirSync(consumer);
    writeFileSync(path.join(consumer, "package.json"), '{ "type": "module" }');
    await run(pnpm, ["pack", "--pack-destination", consumer], { cwd: checkout });
    const tarball = readdirSync(consumer).find((name) => name.endsWith(".tgz"));
    await run("npm", ["install", "--offline", "--no-audit", "--no-fund", path.join(consumer, String(tarball))], { cwd: consumer });
    const script = 'const all = await Promise.all(["openclaw/sdk", "openclaw/client", "openclaw/protocol", "openclaw/protocol/scopes"].map((name) => import(name))); console.log(all.length);';
    expect((await run(process.execPath, ["--input-type=module", "-e", script], { cwd: consumer })).stdout.trim()).toBe("4");
    for (const face of ["sdk/extension", "client/client", "protocol/frames"]) expect(existsSync(path.join(consumer, "node_modules", "openclaw", "dist", "lib", `${face}.d.ts`))).toBe(true);
  }, 120_000);
});
