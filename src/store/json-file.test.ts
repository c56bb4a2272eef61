import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createFakeClock } from "../base/fake-clock.ts";
import { silentLog } from "../base/log.ts";
import { writeWhole } from "./disk.ts";
import { verdictOn } from "../../test/fixtures/mutant-module.ts";
import { createJsonFile } from "./json-file.ts";

type Create = typeof createJsonFile;
import { createMemoryDisk, systemError, type MemoryDisk } from "./memory-disk.ts";

const path = "/state/doc.json";

async function setUp(disk: MemoryDisk = createMemoryDisk(), create: Create = createJsonFile) {
  await disk.makeDir("/state");
  const clock = createFakeClock();
  const document = { version: 0 };
  const file = create({ disk, clock, log: silentLog, path, render: () => JSON.stringify(document) });
  const onDisk = () => disk.peek(path)?.toString();
  const writes = () => disk.calls.filter((call) => call.op === "rename").length;
  return { disk, clock, document, file, onDisk, writes };
}

describe("a document on disk", () => {
  it("is there when save resolves", async () => {
    const { file, document, onDisk } = await setUp();
    document.version = 1;
    await file.save();
    expect(onDisk()).toBe('{"version":1}');
  });

  it("merges a burst of changes into one write within 50 ms", async () => {
    const { file, document, clock, onDisk, writes } = await setUp();
    for (let version = 1; version <= 20; version++) {
      document.version = version;
      file.saveSoon();
    }
    await clock.advance(49);
    expect(writes()).toBe(0);
    await clock.advance(1);
    await file.close();
    expect(onDisk()).toBe('{"version":20}');
    expect(writes()).toBe(1);
  });

  it("lets a sooner wish overtake a later one", async () => {
    const { file, clock, writes } = await setUp();
    file.saveSoon(1_000);
    file.saveSoon(50);
    await clock.advance(50);
    expect(writes()).toBe(1);
    await clock.advance(2_000);
    expect(writes()).toBe(1);
    expect(clock.pending()).toBe(0);
  });

  it("shares one further write among all who save while one is running, and writes what is true then", async () => {
    const { file, document, onDisk, writes } = await setUp();
    const first = file.save();
    document.version = 7;
    await Promise.all([first, file.save(), file.save(), file.save()]);
    expect(onDisk()).toBe('{"version":7}');
    expect(writes()).toBe(2);
  });

  it("says that the disk is full, keeps the old document, and writes the next one when there is space", async () => {
    const { file, disk, document, onDisk } = await setUp();
    await file.save();
    disk.fault = (op) => (op === "append" ? systemError("ENOSPC") : undefined);
    document.version = 1;
    await expect(file.save()).rejects.toMatchObject({ code: "store.full" });
    expect(onDisk()).toBe('{"version":0}');
    disk.fault = undefined;
    await file.save();
    expect(onDisk()).toBe('{"version":1}');
  });

  it("tries a failed later write again by itself", async () => {
    const { file, disk, document, clock, onDisk } = await setUp();
    disk.fault = (op) => (op === "sync" ? systemError("EIO") : undefined);
    document.version = 3;
    file.saveSoon();
    await clock.advance(60);
    expect(onDisk()).toBeUndefined();
    disk.fault = undefined;
    await clock.advance(1_000);
    await file.close();
    expect(onDisk()).toBe('{"version":3}');
  });

  it("writes what is still waiting when it is closed", async () => {
    const { file, document, onDisk, clock } = await setUp();
    document.version = 9;
    file.saveSoon(60_000);
    await file.close();
    expect(onDisk()).toBe('{"version":9}');
    expect(clock.pending()).toBe(0);
  });
});

describe("writing a document whole", () => {
  it("from two sides at once leaves the later one, whole", async () => {
    const disk = createMemoryDisk();
    await disk.makeDir("/state");
    const long = Buffer.alloc(100_000, "a");
    await Promise.all([writeWhole(disk, path, long), writeWhole(disk, path, Buffer.from("b")), writeWhole(disk, "/state/other", long)]);
    expect(disk.peek(path)?.toString()).toBe("b");
    expect(disk.paths()).toEqual([path, "/state/other"]);
  });

  it("leaves no temporary file when the disk is full", async () => {
    const disk = createMemoryDisk();
    await disk.makeDir("/state");
    disk.fault = (op) => (op === "append" ? systemError("ENOSPC") : undefined);
    await expect(writeWhole(disk, path, Buffer.from("x"))).rejects.toThrow("ENOSPC");
    expect(disk.paths()).toEqual([]);
  });
});

/** The version found after a power cut at the `at`-th call, and the last one that was promised. */
async function powerCut(disk: MemoryDisk, at: number, luck: () => number, create: Create = createJsonFile): Promise<{ found: number; promised: number }> {
  const { file, document } = await setUp(disk, create);
  let promised = 0;
  await file.save();
  const start = disk.calls.length;
  disk.fault = (_op, _path, call) => (call >= start + at ? systemError("EIO") : undefined);
  for (let version = 1; version <= 5; version++) {
    document.version = version;
    await file.save().then(() => (promised = version), () => undefined);
  }
  const text = disk.crash(luck).peek(path)?.toString() ?? "";
  return { found: (JSON.parse(text) as { version: number }).version, promised };
}

describe("[R04] a power cut while a document is written", () => {
  it("leaves the old or the new one whole, and never less than was promised", async () => {
    let cases = 0;
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 40 }), fc.infiniteStream(fc.double({ min: 0, max: 0.999, noNaN: true })), async (at, luck) => {
        const { found, promised } = await powerCut(createMemoryDisk(), at, () => luck.next().value as number);
        expect(found).toBeGreaterThanOrEqual(promised);
        cases++;
      }),
      { numRuns: 200, seed: 8 },
    );
    console.log(`R04: ${cases} power cuts in a document`);
  });

  it.each([
    { name: "does not sync the document", file: "src/store/disk.ts", from: "await file.append(bytes);\n    await file.sync();", to: "await file.append(bytes);" },
    { name: "does not sync the folder", file: "src/store/disk.ts", from: "await disk.rename(temporary, path);\n  await disk.syncDir(dirname(path));", to: "await disk.rename(temporary, path);" },
    { name: "writes in place", file: "src/store/disk.ts", from: "const temporary = `${path}.tmp`;", to: "const temporary = path;" },
  ])("catches a mutant that $name", async (mutation) => {
    const found = await verdictOn<{ createJsonFile: Create }>(mutation, async ({ createJsonFile: mutated }) => {
      for (let cut = 0; cut < 120; cut++) {
        const at = 1 + (cut % 40);
        const luck = [0.7, 0.1, 0.95][Math.floor(cut / 40)] ?? 0;
        const held = await powerCut(createMemoryDisk(), at, () => luck, mutated).then(({ found: version, promised }) => version >= promised, () => false);
        expect(held, `cut at call ${at}`).toBe(true);
      }
    }, "src/store/json-file.ts");
    expect(found).toMatch(/cut at call \d+/);
  });
});
