import { describe, expect, it } from "vitest";
import { createFakeClock } from "../base/fake-clock.ts";
import { systemIds } from "../base/ids.ts";
import { silentLog } from "../base/log.ts";
import { createBlobs } from "./blobs.ts";
import { createMemoryDisk, systemError } from "./memory-disk.ts";

function setUp() {
  const clock = createFakeClock();
  const disk = createMemoryDisk(clock.now);
  return { clock, disk, blobs: createBlobs({ disk, clock, ids: systemIds, log: silentLog, dir: "/state/blobs" }) };
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
    const { disk, blobs } = setUp();
    const hash = await blobs.put(bytes("x".repeat(5_000)));
    for (const luck of [0, 0.3, 0.6, 0.9]) {
      const after = createBlobs({ disk: disk.crash(() => luck), clock: createFakeClock(), ids: systemIds, log: silentLog, dir: "/state/blobs" });
      expect((await after.get(hash))?.length).toBe(5_000);
    }
  });

  it("leaves nothing behind when the disk is full", async () => {
    const { disk, blobs } = setUp();
    disk.fault = (op) => (op === "append" ? systemError("ENOSPC") : undefined);
    await expect(blobs.put(bytes("a"))).rejects.toMatchObject({ code: "store.full" });
    expect(disk.paths()).toEqual([]);
  });

  it("[R36] sweeps unnamed ones until the rest fits, never a named one", async () => {
    const { blobs } = setUp();
    const hashes = await Promise.all(Array.from({ length: 20 }, (_, index) => blobs.put(bytes(`${index}`.padEnd(1_000, "x")))));
    const named = new Set(hashes.slice(0, 5));
    expect(await blobs.sweep({ isNamed: (hash) => named.has(hash), maxAgeMs: 1e9, maxBytes: 8_000 })).toBe(12);
    expect(await blobs.sweep({ isNamed: (hash) => named.has(hash), maxAgeMs: -1, maxBytes: 1e9 })).toBe(3);
    for (const hash of named) expect(await blobs.get(hash)).toBeDefined();
  });
});
