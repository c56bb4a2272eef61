import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createFakeClock } from "../base/fake-clock.ts";
import { silentLog, type Log } from "../base/log.ts";
import { verdictOn } from "../../test/fixtures/mutant-module.ts";
import { createJsonlFile, type JsonlFile } from "./jsonl-file.ts";
import { createMemoryDisk, systemError, type MemoryDisk } from "./memory-disk.ts";

const path = "/state/t.jsonl";

type Create = typeof createJsonlFile;
/** What a check says of a file of lines with this error. */
const saysOf = (mutation: { name: string; file?: string; from: string; to: string }, check: (create: Create) => Promise<unknown>) =>
  verdictOn<{ createJsonlFile: Create }>({ file: "src/store/jsonl-file.ts", ...mutation }, ({ createJsonlFile: mutated }) => check(mutated), "src/store/jsonl-file.ts");

function open(disk: MemoryDisk, log: Log = silentLog, create: Create = createJsonlFile): JsonlFile {
  return create({ disk, clock: createFakeClock(), log, path });
}

async function readAll(file: JsonlFile): Promise<string[]> {
  const lines: string[] = [];
  await file.lines((line) => lines.push(line));
  return lines;
}

const record = (index: number) => JSON.stringify({ n: index, text: `line ${index} with é and 😀` });

describe("a file of lines", () => {
  it("writes lines in the order of the calls, whoever waits for the disk", async () => {
    const file = open(createMemoryDisk());
    await Promise.all(Array.from({ length: 100 }, (_, index) => file.append([record(index)], { durable: index % 3 === 0 })));
    expect(await readAll(file)).toEqual(Array.from({ length: 100 }, (_, index) => record(index)));
  });

  it("shares one sync among all that wait for it", async () => {
    const disk = createMemoryDisk();
    const file = open(disk);
    await file.append([record(0)], { durable: true });
    const before = disk.calls.filter((call) => call.op === "sync").length;
    await Promise.all(Array.from({ length: 50 }, (_, index) => file.append([record(index)], { durable: true })));
    expect(disk.calls.filter((call) => call.op === "sync").length - before).toBeLessThanOrEqual(2);
  });

  it("syncs the folder too before a new file's first line counts as kept", async () => {
    const disk = createMemoryDisk();
    await open(disk).append([record(0)], { durable: true });
    expect(disk.calls.some((call) => call.op === "syncDir" && call.path === "/state")).toBe(true);
  });

  it("says that the disk is full, keeps what was whole, and goes on when there is space again", async () => {
    const disk = createMemoryDisk();
    const file = open(disk);
    await file.append([record(0)], { durable: true });
    disk.fault = (op) => (op === "append" ? systemError("ENOSPC") : undefined);
    await expect(file.append([record(1)], { durable: true })).rejects.toMatchObject({ code: "store.full" });
    await expect(file.append([record(2)], { durable: false })).rejects.toMatchObject({ code: "store.full" });
    expect(await readAll(file)).toEqual([record(0)]);
    disk.fault = undefined;
    await file.append([record(3)], { durable: true });
    expect(await readAll(open(disk))).toEqual([record(0), record(3)]);
  });

  it("completes a last line that lacks only its line end", async () => {
    const disk = createMemoryDisk();
    disk.plant(path, Buffer.from(`${record(0)}\n${record(1)}`));
    await disk.makeDir("/state");
    const file = open(disk);
    await file.append([record(2)], { durable: true });
    expect(await readAll(file)).toEqual([record(0), record(1), record(2)]);
  });

  it("refuses more when the disk does not keep up", async () => {
    const disk = createMemoryDisk();
    const file = open(disk);
    const big = JSON.stringify({ text: "x".repeat(40 * 1024 * 1024) });
    const first = file.append([big], { durable: false });
    const second = file.append([big], { durable: false });
    await expect(second).rejects.toMatchObject({ code: "busy" });
    await first;
  });
});

/** What a file looked like before it was damaged, and everything that must then hold. */
async function repairHolds(good: Buffer, tail: Buffer, label: string, create: Create = createJsonlFile): Promise<string | undefined> {
  const disk = createMemoryDisk();
  await disk.makeDir("/state");
  disk.plant(path, Buffer.concat([good, tail]));
  let warnings = 0;
  const file = open(disk, { ...silentLog, warn: () => void warnings++ }, create);
  await file.append([record(-1)], { durable: true });
  const now = disk.peek(path) ?? Buffer.alloc(0);
  const aside = disk.paths().filter((name) => name.includes(".torn."));
  const isTorn = tail.length > 0 && !isWhole(tail);
  const kept = isTorn ? good : Buffer.concat([good, tail, Buffer.from(tail.length > 0 ? "\n" : "")]);
  if (!now.subarray(0, kept.length).equals(kept)) return `${label}: the good prefix changed`;
  if (now.subarray(kept.length).toString() !== `${record(-1)}\n`) return `${label}: the next line is not alone on its line`;
  if (isTorn && (aside.length !== 1 || !disk.peek(aside[0] ?? "")?.equals(tail))) return `${label}: the tail was not saved aside`;
  if (warnings !== (isTorn ? 1 : 0)) return `${label}: ${warnings} warnings`;
  return undefined;
}

function isWhole(tail: Buffer): boolean {
  try {
    return typeof JSON.parse(tail.toString()) === "object";
  } catch {
    return false;
  }
}

describe("[R06] a torn end", () => {
  const lines = Array.from({ length: 10_000 }, (_, index) => `${record(index)}\n`);
  const whole = Buffer.from(lines.join(""));
  const from = whole.length - Buffer.byteLength(lines.slice(-3).join(""));

  const damages = () => {
    const found: { label: string; good: Buffer; tail: Buffer }[] = [];
    for (let cut = from; cut <= whole.length; cut++) {
      const goodEnd = whole.lastIndexOf(0x0a, cut - 1) + 1;
      found.push({ label: `cut at ${cut}`, good: whole.subarray(0, goodEnd), tail: whole.subarray(goodEnd, cut) });
    }
    for (const zeros of [1, 511, 4_096]) found.push({ label: `${zeros} NULs`, good: whole, tail: Buffer.alloc(zeros) });
    found.push({ label: "half a character", good: whole, tail: Buffer.from('{"text":"é').subarray(0, -1) });
    found.push({ label: "a whole line without its end", good: whole, tail: Buffer.from(record(10_000)) });
    return found;
  };

  const repairsAll = async (create: Create, cases: ReturnType<typeof damages>) => {
    for (const { label, good, tail } of cases) {
      const problem = await repairHolds(good, tail, label, create);
      expect(problem, problem).toBeUndefined();
    }
  };

  it("is cut off and saved aside with one warning; the good prefix stays byte for byte", async () => {
    const cases = damages();
    await repairsAll(createJsonlFile, cases);
    console.log(`R06: ${cases.length} damaged ends of a file of ${lines.length} lines`);
  });

  it.each([
    { name: "appends behind what is torn", file: "src/store/jsonl-repair.ts", from: "await file.truncate(keptBytes);", to: "", says: /the next line is not alone/ },
    { name: "cuts off a byte too many", file: "src/store/jsonl-repair.ts", from: "await file.truncate(keptBytes);", to: "await file.truncate(keptBytes - 1);", says: /the good prefix changed/ },
    { name: "saves nothing aside", file: "src/store/jsonl-repair.ts", from: "await save(disk, savedAs, tail);", to: "", says: /the tail was not saved aside/ },
    { name: "says nothing", from: 'if (repair.savedAs) log.warn("a torn last line was cut off and saved aside", { path, savedAs: repair.savedAs, cutBytes: repair.cutBytes });', to: "", says: /0 warnings/ },
  ])("the check catches a mutant that $name", async ({ says, ...mutation }) => {
    expect(await saysOf(mutation, (create) => repairsAll(create, damages().slice(0, 20)))).toMatch(says);
  });

  it("takes no longer for a long file: only the end is read", async () => {
    const disk = createMemoryDisk();
    await disk.makeDir("/state");
    disk.plant(path, Buffer.concat([whole, Buffer.from('{"half')]));
    await open(disk).append([record(1)], { durable: true });
    expect(disk.calls.filter((call) => call.op === "read")).toHaveLength(1);
  });
});

interface Workload { acked: string[]; sent: string[]; synced: string[] }

/** Appends until the disk fails or all is written; remembers what was promised. */
async function workload(disk: MemoryDisk, count: number, create: Create = createJsonlFile): Promise<Workload> {
  const done: Workload = { acked: [], sent: [], synced: [] };
  const file = open(disk, silentLog, create);
  for (let index = 0; index < count; index++) {
    const durable = index % 2 === 0;
    const batch = [record(index * 2), record(index * 2 + 1)];
    done.sent.push(...batch);
    try {
      await file.append(batch, { durable });
      done.acked.push(...batch);
      if (durable) done.synced = [...done.acked];
    } catch {
      // a refused line is not promised; the next one is tried all the same
    }
  }
  await file.close().catch(() => undefined);
  return done;
}

function isJson(line: string): boolean {
  try {
    JSON.parse(line);
    return true;
  } catch {
    return false;
  }
}

describe("[R05] [R04] faults of the disk", () => {
  const surviveFaults = async (create: Create) => {
    const calm = createMemoryDisk();
    await workload(calm, 12);
    let cases = 0;
    for (const code of ["EIO", "ENOSPC"]) {
      for (let failing = 1; failing <= calm.calls.length; failing++) {
        const disk = createMemoryDisk();
        disk.fault = (_op, _path, call) => (call === failing ? systemError(code) : undefined);
        const { acked, sent } = await workload(disk, 12, create);
        disk.fault = undefined;
        const found = await readAll(open(disk));
        expect(found.filter((line) => !isJson(line)), `damaged by call ${failing}`).toEqual([]);
        expect(new Set(found).size, `doubled by call ${failing}`).toBe(found.length);
        expect(acked.filter((line) => !found.includes(line)), `lost by call ${failing}`).toEqual([]);
        expect(found).toEqual(sent.filter((line) => found.includes(line)));
        cases++;
      }
    }
    return cases;
  };

  it("an error at any call never loses a promised line, never damages one, never doubles one", async () => {
    console.log(`R05: ${await surviveFaults(createJsonlFile)} single faults`);
  });

  it("a power cut at any moment leaves every synced line, readable and in order", async () => {
    let cases = 0;
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 60 }), fc.infiniteStream(fc.double({ min: 0, max: 0.999, noNaN: true })), async (at, luck) => {
        expect(await lostAfterPowerCut(createMemoryDisk(), at, () => luck.next().value as number)).toEqual([]);
        cases++;
      }),
      { numRuns: 200, seed: 4 },
    );
    console.log(`R04: ${cases} power cuts in a file of lines`);
  });

  const cuts = async (create: Create) => {
    for (const luck of [0.1, 0.7]) for (let at = 1; at < 40; at++) expect(await lostAfterPowerCut(createMemoryDisk(), at, () => luck, create), "lost by a cut").toEqual([]);
  };

  it.each([
    { name: "promises a line that the disk refused", from: "for (const entry of [...batch, ...queue]) entry.reject(error);", to: "for (const entry of [...batch, ...queue]) entry.resolve();", check: surviveFaults, says: /lost by call/ },
    { name: "does not sync the file", from: "await open.handle.sync();", to: "", check: cuts, says: /lost by a cut/ },
    { name: "does not sync the folder", from: "if (open.isNew) await disk.syncDir(dirname(path));", to: "", check: cuts, says: /lost by a cut/ },
  ])("the check catches a mutant that $name", async ({ check, says, ...mutation }) => {
    expect(await saysOf(mutation, check)).toMatch(says);
  });
});

/** Synced lines that cannot be read after the power went at the `at`-th call. */
async function lostAfterPowerCut(disk: MemoryDisk, at: number, fraction: () => number, create: Create = createJsonlFile): Promise<string[]> {
  disk.fault = (_op, _path, call) => (call >= at ? systemError("EIO") : undefined);
  const { synced, sent } = await workload(disk, 12, create);
  const after = disk.crash(fraction);
  const found = await readAll(open(after));
  const readable = found.filter((line) => isJson(line));
  expect(readable.filter((line) => sent.includes(line))).toEqual(sent.filter((line) => readable.includes(line)));
  return synced.filter((line) => !found.includes(line));
}
