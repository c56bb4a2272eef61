// The published command's first file: the version without loading anything, the Node check, the relay to the Node that boot installed.
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { nodePackageName, NODE_VERSION } from "../scripts/boot/toolchain.mjs";
import { buildEntry } from "../scripts/build/bundle.mjs";

const root = path.dirname(import.meta.dirname);
const dir = mkdtempSync(path.join(tmpdir(), "openclaw-entry-"));
const entry = path.join(dir, "openclaw.mjs");
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** Makes a Node look like 20.20.2: always, or until it was relayed. */
const oldAlways = path.join(dir, "old-always.mjs");
const oldOnce = path.join(dir, "old-once.mjs");

beforeAll(async () => {
  await buildEntry({ root, staging: dir, version: "1.2.3" });
  writeFileSync(path.join(dir, "main.mjs"), 'console.log("main", process.argv.slice(2).join(" "), process.env.OPENCLAW_RELAYED ?? "direct"); if (process.argv[2] === "exit") process.exit(9);');
  const pretend = 'Object.defineProperty(process, "versions", { value: { ...process.versions, node: "20.20.2" } });';
  writeFileSync(oldAlways, pretend);
  writeFileSync(oldOnce, `if (!process.env.OPENCLAW_RELAYED) ${pretend}`);
});

/** A cache folder in which boot has installed a Node: this one. */
function cacheWithNode(): string {
  const cache = mkdtempSync(path.join(dir, "cache-"));
  const bin = path.join(cache, "openclaw", "tools", `node-${NODE_VERSION}-${process.platform}-${process.arch}`, "node_modules", nodePackageName(), "bin");
  mkdirSync(bin, { recursive: true });
  symlinkSync(process.execPath, path.join(bin, "node"));
  return cache;
}

function command(args: string[], cache: string, hook?: string): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    const flags = hook ? ["--import", pathToFileURL(hook).href] : [];
    execFile(process.execPath, [...flags, entry, ...args], { env: { PATH: process.env["PATH"], HOME: dir, XDG_CACHE_HOME: cache } }, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === "number" ? error.code : 0, stdout, stderr });
    });
  });
}

describe("the published command", () => {
  it("prints its version without loading the program", async () => {
    const main = readFileSync(path.join(dir, "main.mjs"));
    rmSync(path.join(dir, "main.mjs"));
    expect(await command(["--version"], dir)).toEqual({ code: 0, stdout: "1.2.3\n", stderr: "" });
    writeFileSync(path.join(dir, "main.mjs"), main);
  });

  it("loads the program on a Node that is new enough", async () => {
    expect(await command(["gateway", "run"], dir)).toEqual({ code: 0, stdout: "main gateway run direct\n", stderr: "" });
  });

  it("goes on with the Node that boot installed, with its arguments and its exit code", async () => {
    expect(await command(["exit", "now"], cacheWithNode(), oldOnce)).toEqual({ code: 9, stdout: "main exit now 1\n", stderr: "" });
  });

  it("exits 78 with one clear line when there is no Node that is new enough", async () => {
    const result = await command(["gateway", "run"], path.join(dir, "empty"), oldAlways);
    expect(result).toMatchObject({ code: 78, stdout: "" });
    expect(result.stderr).toMatch(/^openclaw needs Node 24\.15 or newer; this is 20\.20\.2\. [^\n]+\n$/);
  });

  it("does not start itself for ever when the installed Node is too old as well", async () => {
    expect(await command(["gateway", "run"], cacheWithNode(), oldAlways)).toMatchObject({ code: 78, stdout: "" });
  });

  it("is one file in syntax that Node 18 reads", async () => {
    const text = readFileSync(entry, "utf8");
    expect(text.startsWith("#!/usr/bin/env node\n")).toBe(true);
    expect([...text.matchAll(/from\s*"([^"]+)"/g)].map((match) => match[1]).filter((name) => !name?.startsWith("node:"))).toEqual([]);
    expect(text).not.toMatch(/import\.meta\.(dirname|filename)|\bwith\s*\{\s*type|\busing\s/);
  });
});
