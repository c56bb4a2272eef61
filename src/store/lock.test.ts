import { spawn, type ChildProcess } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { makeMutant } from "../../test/fixtures/mutant.ts";
import { systemClock } from "../base/clock.ts";
import { systemIds } from "../base/ids.ts";
import { silentLog } from "../base/log.ts";
import { systemDisk } from "./disk.ts";
import { createLocalStore } from "./local-store.ts";
import { readHolder } from "./lock.ts";
import { createPaths } from "./paths.ts";

let dir = "";
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "openclaw-lock-"));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const lockFile = () => join(dir, "gateway.lock");
const open = () => createLocalStore({ disk: systemDisk, clock: systemClock, ids: systemIds, log: silentLog, paths: createPaths(dir, join(dir, "config.yaml")) });

const sources = fileURLToPath(new URL("..", import.meta.url));
/** Takes the state directory and says so, or says who has it; then waits for its end. */
const program = (from: string) => `
  const load = (file) => import(${JSON.stringify(from)} + "/" + file);
  const { systemDisk } = await load("store/disk.ts");
  const { systemClock } = await load("base/clock.ts");
  const { systemIds } = await load("base/ids.ts");
  const { silentLog } = await load("base/log.ts");
  const { createPaths } = await load("store/paths.ts");
  const { createLocalStore } = await load("store/local-store.ts");
  const begun = performance.now();
  try {
    await createLocalStore({ disk: systemDisk, clock: systemClock, ids: systemIds, log: silentLog, paths: createPaths(${JSON.stringify(dir)}, "c") });
    console.log(JSON.stringify({ held: process.pid }));
    setInterval(() => {}, 1000);
  } catch (error) {
    console.log(JSON.stringify({ refused: error.code, by: error.details.pid, afterMs: performance.now() - begun }));
  }`;

interface Said { held?: number; refused?: string; by?: number; afterMs?: number }

function start(from = sources): { child: ChildProcess; said: Promise<Said> } {
  const child = spawn(process.execPath, ["--input-type=module", "-e", program(from)], { stdio: ["ignore", "pipe", "inherit"] });
  const said = new Promise<Said>((resolve, reject) => {
    let text = "";
    child.stdout.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      if (text.includes("\n")) resolve(JSON.parse(text) as Said);
    });
    child.once("exit", () => (text === "" ? reject(new Error("it said nothing")) : undefined));
  });
  return { child, said };
}

async function kill(child: ChildProcess): Promise<void> {
  const ended = new Promise((resolve) => child.once("exit", resolve));
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGKILL");
  await ended;
}

describe("[R41] two gateways on one state directory", () => {
  it("of those that start at once exactly one gets it; the others name it within a second", { timeout: 60_000 }, async () => {
    const rounds = 10;
    for (let round = 0; round < rounds; round++) {
      const started = [start(), start(), start()];
      const said = await Promise.all(started.map((one) => one.said));
      const holders = said.filter((one) => one.held !== undefined);
      expect(holders).toHaveLength(1);
      for (const other of said.filter((one) => one.held === undefined)) {
        expect(other).toMatchObject({ refused: "store.locked", by: holders[0]?.held });
        expect(other.afterMs).toBeLessThan(1_000);
      }
      for (const { child } of started) await kill(child);
    }
    console.log(`R41: ${rounds} races of three`);
  });

  it("after kill -9 the next start needs no help", async () => {
    const first = start();
    await first.said;
    await kill(first.child);
    const store = await open();
    expect(JSON.parse(await readFile(lockFile(), "utf8"))).toMatchObject({ pid: process.pid });
    await store.close();
  });

  it("a lock file that names a living process of another start is no lock", async () => {
    for (const stale of [{ pid: process.pid, startTicks: "1", startedAt: 1 }, { pid: 999_999_999, startedAt: 1 }, { pid: -1 }, "not json"]) {
      await writeFile(lockFile(), typeof stale === "string" ? stale : JSON.stringify(stale));
      expect(await readHolder(systemDisk, lockFile())).toBeUndefined();
      await (await open()).close();
    }
  });

  it("the holder is known while it holds, and nobody after it closed", async () => {
    const store = await open();
    expect(await readHolder(systemDisk, lockFile())).toMatchObject({ pid: process.pid });
    await expect(open()).rejects.toMatchObject({ code: "store.locked", details: { pid: process.pid } });
    await store.close();
    expect(await readHolder(systemDisk, lockFile())).toBeUndefined();
  });

  it("the race catches a mutant that does not take the database for itself alone", { timeout: 60_000 }, async () => {
    const mutant = await makeMutant({ name: "shared lock", file: "src/store/state-db.ts", from: "PRAGMA locking_mode = EXCLUSIVE", to: "PRAGMA locking_mode = NORMAL" });
    try {
      const first = start(dirname(mutant.command[1] ?? ""));
      expect(await first.said).toMatchObject({ held: first.child.pid });
      const second = start(dirname(mutant.command[1] ?? ""));
      expect(await second.said).toMatchObject({ held: second.child.pid });
      await kill(first.child);
      await kill(second.child);
    } finally {
      await mutant.remove();
    }
  });
});
