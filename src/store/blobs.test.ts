import { describe, expect, it } from "vitest";
import { createFakeClock } from "../base/fake-clock.ts";
import { systemIds } from "../base/ids.ts";
import { silentLog } from "../base/log.ts";
import { verdictOn } from "../../test/fixtures/mutant-module.ts";
import { createBlobs } from "./blobs.ts";
import type * as BlobsModule from "./blobs.ts";
import { createMemoryDisk, systemError } from "./memory-disk.ts";

type Create = typeof createBlobs;

function setUp(create: Create = createBlobs) {
  const clock = createFakeClock();
  const disk = createMemoryDisk(clock.now);
  return { clock, disk, blobs: create({ disk, clock, ids: systemIds, log: silentLog, dir: "/state/blobs" }) };
}
const bytes = (text: string) => Buffer.from(text);

describe("blobs", () => {
  it("writes the same bytes once", async () => {
    const { disk, blobs } = setUp();
    await blobs.put(bytes("a"));
    const before = disk.calls.filter((call) => call.op === "append").length;
    await Promise.all([blobs.put(bytes("a")), blobs.put(bytes("a"))]);
    expect(disk.calls.filter((call) => call.op === "append")).toHaveLength(before);
  });

  it("does not give out bytes that no longer match their name", async () => {
    const { disk, blobs } = setUp();
    const hash = await blobs.put(bytes("honest"));
    const [path] = disk.paths();
    disk.plant(path ?? "", bytes("forged"));
    expect(await blobs.get(hash)).toBeUndefined();
  });

  it("[R04] are whole after a power cut once put resolved", async () => {
    console.log(`[R04] ${await outlivePowerCuts(createBlobs)} power cuts after a blob was kept`);
  });

  it("leaves nothing behind when the disk is full", async () => {
    const { disk, blobs } = setUp();
    disk.fault = (op) => (op === "append" ? systemError("ENOSPC") : undefined);
    await expect(blobs.put(bytes("a"))).rejects.toMatchObject({ code: "store.full" });
    expect(disk.paths()).toEqual([]);
  });

  it("[R36] sweeps unnamed ones until the rest fits, the oldest first, never a named one", async () => {
    console.log(`[R36] ${await sweepOldestFirst(createBlobs)} blobs swept`);
  });

  const mutants: { name: string; promise: string; from: string; to: string; check: (create: Create) => Promise<unknown>; says: RegExp }[] = [
    { promise: "R04", name: "does not sync the bytes", from: "await file.sync();", to: "", check: outlivePowerCuts, says: /after a cut/ },
    { promise: "R04", name: "does not sync the folders", from: "await disk.syncDir(dirname(path));\n    await disk.syncDir(dir);", to: "", check: outlivePowerCuts, says: /after a cut/ },
    { promise: "R36", name: "has no bound", from: "(!isOld && totalBytes <= maxBytes)", to: "!isOld", check: sweepOldestFirst, says: /too much: expected \+?0 to be 12/ },
    { promise: "R36", name: "takes the newest first", from: "a.modifiedAtMs - b.modifiedAtMs", to: "b.modifiedAtMs - a.modifiedAtMs", check: sweepOldestFirst, says: /the newest/ },
    { promise: "R36", name: "takes what is named", from: "if (isNamed(blob.hash) || (!isOld", to: "if ((!isOld", check: sweepOldestFirst, says: /named|too much/ },
    { promise: "R36", name: "keeps what is old", from: "const isOld = clock.now() - blob.modifiedAtMs > maxAgeMs;", to: "const isOld = maxAgeMs === Infinity;", check: sweepOldestFirst, says: /too old: expected \+?0 to be 3/ },
  ];
  it.each(mutants)("[$promise] the check catches a mutant that $name", async ({ name, from, to, check, says }) => {
    expect(await verdictOn<typeof BlobsModule>({ name, file: "src/store/blobs.ts", from, to }, ({ createBlobs: mutated }) => check(mutated))).toMatch(says);
  });
});

async function outlivePowerCuts(create: Create): Promise<number> {
  const { disk, blobs } = setUp(create);
  const hash = await blobs.put(bytes("x".repeat(5_000)));
  const fortunes = [0, 0.3, 0.6, 0.9];
  for (const luck of fortunes) {
    const after = createBlobs({ disk: disk.crash(() => luck), clock: createFakeClock(), ids: systemIds, log: silentLog, dir: "/state/blobs" });
    expect((await after.get(hash))?.length, "after a cut").toBe(5_000);
  }
  return fortunes.length;
}

async function sweepOldestFirst(create: Create): Promise<number> {
  const { clock, disk, blobs } = setUp(create);
  const hashes: string[] = [];
  // This disk takes every file for just written; here each has the time of its turn.
  const { stat } = disk;
  disk.stat = async (path) => {
    const found = await stat(path);
    const turn = hashes.findIndex((hash) => path.endsWith(hash));
    return found && turn >= 0 ? { ...found, modifiedAtMs: startMs + turn } : found;
  };
  const startMs = clock.now();
  for (let index = 0; index < 20; index++) {
    hashes.push(await blobs.put(bytes(`${index}`.padEnd(1_000, "x"))));
    clock.jump(1);
  }
  const named = new Set(hashes.slice(0, 5));
  const isNamed = (hash: string) => named.has(hash);
  expect(await blobs.sweep({ isNamed, maxAgeMs: 1e9, maxBytes: 8_000 }), "too much").toBe(12);
  for (const hash of named) expect(await blobs.get(hash), "named").toBeDefined();
  for (const hash of hashes.slice(17)) expect(await blobs.get(hash), "the newest").toBeDefined();
  expect(await blobs.sweep({ isNamed, maxAgeMs: -1, maxBytes: 1e9 }), "too old").toBe(3);
  for (const hash of named) expect(await blobs.get(hash), "named").toBeDefined();
  return 15;
}
