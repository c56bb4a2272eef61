// The set-up script's parts: locks between processes, reasons for failures, tool look-up, signals and exit codes of what it starts.
import { execFile, spawn } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { afterAll, afterEach, describe, expect, it, vi } from "vitest";
import { treeKey, readStamp, writeStamp } from "../scripts/boot/fingerprint.mjs";
import { withLock } from "../scripts/boot/lock.mjs";
import { reasonFor } from "../scripts/boot/step.mjs";
import { cacheDir, findInstalledNode, isNodeNewEnough, NODE_VERSION, nodePackageName, toolDir } from "../scripts/boot/toolchain.mjs";
import { tally } from "../scripts/check/tally.mjs";

const run = promisify(execFile);
const root = path.dirname(import.meta.dirname);
const scratch = mkdtempSync(path.join(tmpdir(), "openclaw-boot-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
afterEach(() => vi.unstubAllEnvs());

const moduleUrl = (file: string) => JSON.stringify(pathToFileURL(path.join(root, file)).href);

describe("the lock between two set-ups", () => {
  const file = path.join(scratch, "locks", "one.lock");

  it("lets one process work at a time", async () => {
    const log = path.join(scratch, "order.log");
    const script = `import { withLock } from ${moduleUrl("scripts/boot/lock.mjs")};
import { appendFileSync } from "node:fs";
await withLock(${JSON.stringify(file)}, () => {}, async () => {
  appendFileSync(${JSON.stringify(log)}, "in\\n");
  await new Promise((resolve) => setTimeout(resolve, 150));
  appendFileSync(${JSON.stringify(log)}, "out\\n");
});`;
    await Promise.all([1, 2, 3, 4].map(() => run(process.execPath, ["--input-type=module", "-e", script])));
    expect(readFileSync(log, "utf8")).toBe("in\nout\n".repeat(4));
    expect(existsSync(file)).toBe(false);
  });

  it("takes over from a holder that is gone", async () => {
    const gone = spawn(process.execPath, ["-e", ""]);
    await new Promise((resolve) => gone.once("exit", resolve));
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, JSON.stringify({ pid: gone.pid, host: hostname(), id: "x" }));
    const waited = vi.fn();
    expect(await withLock(file, waited, async () => "done")).toBe("done");
    expect(waited).not.toHaveBeenCalled();
  });

  it("takes over from a holder that stopped keeping the lock fresh, even if its number lives on", async () => {
    writeFileSync(file, JSON.stringify({ pid: process.pid, host: hostname(), id: "x" }));
    const past = new Date(Date.now() - 120_000);
    utimesSync(file, past, past);
    expect(await withLock(file, () => {}, async () => "done")).toBe("done");
  });

  it("says once that it waits for a living holder", async () => {
    const waited = vi.fn();
    let release = () => {};
    const first = withLock(file, () => {}, () => new Promise<void>((resolve) => (release = resolve)));
    await vi.waitFor(() => expect(existsSync(file)).toBe(true));
    const second = withLock(file, waited, async () => "second");
    await vi.waitFor(() => expect(waited).toHaveBeenCalledTimes(1));
    release();
    await first;
    expect(await second).toBe("second");
    expect(waited).toHaveBeenCalledTimes(1);
  });
});

describe("the reason for a failed step", () => {
  it.each([
    ["npm error code ENOTFOUND\nnpm error network request to registry failed", "no network: the package registry could not be reached"],
    ["error sending request for url: dns error: failed to lookup", "no network: the package registry could not be reached"],
    ["npm error code ENOSPC", "the disk is full"],
    ["Error: ENOSPC: no space left on device, write", "the disk is full"],
    ["npm error code EACCES", "no permission to write there"],
    ["ERR_PNPM_OUTDATED_LOCKFILE  Cannot install", "pnpm-lock.yaml does not match package.json"],
    ["Error: Build failed with 1 error:\n\n[UNRESOLVED_IMPORT] Could not resolve './a.ts' in src/main.ts", "[UNRESOLVED_IMPORT] Could not resolve './a.ts' in src/main.ts"],
    ["", "it ended without a word"],
  ])("of %j is one line", (output, reason) => {
    expect(reasonFor(output)).toBe(reason);
  });
});

describe("boot without what it needs", () => {
  it("says in one line that npm is missing", async () => {
    const bare = mkdtempSync(path.join(scratch, "no-npm-"));
    const failed = await run(process.execPath, ["scripts/boot.mjs", "build"], { cwd: root, env: { PATH: bare, HOME: bare, XDG_CACHE_HOME: path.join(bare, "cache") } }).catch((error: { code: number; stderr: string }) => error);
    expect(failed).toMatchObject({ code: 1 });
    expect(failed.stderr.trim().split("\n").at(-1)).toMatch(/^openclaw: Installing (Node|pnpm) .* failed: npm was not found$/);
  });

  it("says in one line that there is no network, and leaves no half-installed tool", async () => {
    const bare = mkdtempSync(path.join(scratch, "no-net-"));
    writeFileSync(path.join(bare, "npm"), "#!/bin/sh\necho 'npm error code ENOTFOUND' >&2\nexit 1\n");
    chmodSync(path.join(bare, "npm"), 0o755);
    const cache = path.join(bare, "cache");
    const failed = await run(process.execPath, ["scripts/boot.mjs", "build"], { cwd: root, env: { PATH: `${bare}:/usr/bin:/bin`, HOME: bare, XDG_CACHE_HOME: cache } }).catch((error: { code: number; stderr: string }) => error);
    expect(failed).toMatchObject({ code: 1 });
    expect(failed.stderr.trim().split("\n").at(-1)).toMatch(/failed: no network: the package registry could not be reached \(details: .*\)$/);
    expect(existsSync(path.join(cache, "openclaw", "tools")) ? await run("ls", [path.join(cache, "openclaw", "tools")]) : { stdout: "" }).toMatchObject({ stdout: "" });
  });

  it("refuses an unknown command with its usage", async () => {
    const failed = await run(process.execPath, ["scripts/boot.mjs", "begin"], { cwd: root }).catch((error: { code: number; stderr: string }) => error);
    expect(failed).toMatchObject({ code: 1 });
    expect(failed.stderr).toContain("usage: node scripts/boot.mjs");
  });
});

describe("the tools in the cache", () => {
  it("knows which Node is new enough", () => {
    const cases: [string, boolean][] = [["18.20.8", false], ["20.20.2", false], ["24.14.9", false], ["24.15.0", true], ["24.21.0", true], ["26.0.0", true]];
    for (const [version, expected] of cases) expect([version, isNodeNewEnough(version)]).toEqual([version, expected]);
  });

  it("follows XDG_CACHE_HOME and finds the newest Node there when the pinned one is absent", () => {
    vi.stubEnv("XDG_CACHE_HOME", path.join(scratch, "cache"));
    expect(cacheDir()).toBe(path.join(scratch, "cache", "openclaw"));
    expect(findInstalledNode()).toBeUndefined();
    const place = (version: string) => {
      const bin = path.join(toolDir("node", version), "node_modules", nodePackageName(), "bin");
      mkdirSync(bin, { recursive: true });
      writeFileSync(path.join(bin, "node"), "");
      return path.join(bin, "node");
    };
    place("22.0.0");
    expect(findInstalledNode()).toBeUndefined();
    place("24.16.0");
    const newer = place("24.100.0");
    expect(findInstalledNode()).toBe(newer);
    const pinned = place(NODE_VERSION);
    expect(findInstalledNode()).toBe(pinned);
  });
});

describe("stamps", () => {
  it("change when a source is edited or removed, and are written whole", () => {
    const tree = path.join(scratch, "tree");
    mkdirSync(path.join(tree, "src", "dist"), { recursive: true });
    writeFileSync(path.join(tree, "src", "a.ts"), "1");
    const first = treeKey(tree, ["src", "absent"]);
    writeFileSync(path.join(tree, "src", "dist", "ignored.js"), "1");
    expect(treeKey(tree, ["src", "absent"])).toBe(first);
    writeFileSync(path.join(tree, "src", "b.ts"), "1");
    expect(treeKey(tree, ["src", "absent"])).not.toBe(first);
    rmSync(path.join(tree, "src", "b.ts"));
    expect(treeKey(tree, ["src", "absent"])).toBe(first);
    writeStamp(path.join(tree, "dist", ".key"), first);
    expect(readStamp(path.join(tree, "dist", ".key"))).toBe(first);
  });
});

describe("a relayed child", () => {
  const relayed = (body: string) => `import { relay } from ${moduleUrl("scripts/boot/relay.mjs")}; await relay(process.execPath, ["-e", ${JSON.stringify(body)}]);`;

  it("gives its exit code to the parent", async () => {
    const failed = await run(process.execPath, ["--input-type=module", "-e", relayed("process.exit(7)")]).catch((error: { code: number }) => error);
    expect(failed).toMatchObject({ code: 7 });
  });

  it.each(["SIGTERM", "SIGINT", "SIGHUP"] as const)("gets %s from the parent and may answer in its own way", async (signal) => {
    const body = `process.on("${signal}", () => { console.log("got ${signal}"); process.exit(5); }); setInterval(() => {}, 1000); console.log("ready");`;
    const parent = spawn(process.execPath, ["--input-type=module", "-e", relayed(body)], { stdio: ["ignore", "pipe", "inherit"] });
    let output = "";
    parent.stdout.on("data", (chunk: Buffer) => {
      output += chunk.toString();
      if (output === "ready\n") parent.kill(signal);
    });
    const code = await new Promise((resolve) => parent.once("close", resolve));
    expect({ code, output }).toEqual({ code: 5, output: `ready\ngot ${signal}\n` });
  });

  it("that dies of a signal is reported as 128 and its number", async () => {
    const failed = await run(process.execPath, ["--input-type=module", "-e", relayed('process.kill(process.pid, "SIGKILL")')]).catch((error: { code: number }) => error);
    expect(failed).toMatchObject({ code: 137 });
  });
});

describe("the count of a test run", () => {
  const file = (statuses: string[], status = "passed") => ({ name: "a.test.ts", status, message: "boom\nstack", assertionResults: statuses.map((each, index) => ({ status: each, fullName: `test ${index}` })) });

  it("adds passed and failed tests", () => {
    expect(tally({ testResults: [file(["passed", "failed"], "failed"), file(["passed"])] }, 1, { skipsFail: false })).toMatchObject({ passed: 2, failed: 1 });
  });

  it("counts a file that does not load", () => {
    expect(tally({ testResults: [file([], "failed")] }, 1, { skipsFail: false })).toMatchObject({ passed: 0, failed: 1, complaints: ["a.test.ts: did not load or clean up (boom)"] });
  });

  it("counts a skipped test as failed where nothing may be missing", () => {
    expect(tally({ testResults: [file(["passed", "skipped"])] }, 0, { skipsFail: true })).toMatchObject({ passed: 1, failed: 1 });
    expect(tally({ testResults: [file(["passed", "skipped"])] }, 0, { skipsFail: false })).toMatchObject({ passed: 1, failed: 0 });
  });

  it("counts a missing report and an error beside the tests", () => {
    expect(tally(undefined, 0, { skipsFail: false })).toMatchObject({ passed: 0, failed: 1 });
    expect(tally({ testResults: [file(["passed"])] }, 1, { skipsFail: false })).toMatchObject({ passed: 1, failed: 1 });
  });
});
