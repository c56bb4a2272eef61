import { describe, expect, it } from "vitest";
import { createFakeClock } from "../base/fake-clock.ts";
import { silentLog } from "../base/log.ts";
import type { TranscriptEntry, TranscriptLog } from "../sdk/backends.ts";
import { createJsonlFile } from "./jsonl-file.ts";
import { createMemoryDisk, type MemoryDisk } from "./memory-disk.ts";
import { verdictOn } from "../../test/fixtures/mutant-module.ts";
import { createTranscriptFile } from "./transcript-file.ts";

const path = "/state/t.jsonl";
const COUNT = 40;

function open(disk: MemoryDisk, warn: () => void = () => {}, create = createTranscriptFile): TranscriptLog {
  const log = { ...silentLog, warn };
  return create(createJsonlFile({ disk, clock: createFakeClock(), log, path }), log);
}

function entry(index: number): TranscriptEntry {
  return { type: "message", id: `e${index}`, parentId: index === 0 ? null : `e${index - 1}`, timestamp: "2026-01-01T00:00:00.000Z", message: { role: "user", content: `line ${index} with é and "quotes"`, timestamp: 1 } };
}

async function written(): Promise<Buffer> {
  const disk = createMemoryDisk();
  await open(disk).append(Array.from({ length: COUNT }, (_, index) => entry(index)), { durable: true });
  return disk.peek(path) ?? Buffer.alloc(0);
}

async function damagedDisk(bytes: Buffer): Promise<MemoryDisk> {
  const disk = createMemoryDisk();
  await disk.makeDir("/state");
  disk.plant(path, bytes);
  return disk;
}

/** How many of the undamaged entries a reader misses, over flips of single bits anywhere in the file, its line ends included. */
async function missedOverFlips(flips: number, read: (disk: MemoryDisk) => Promise<TranscriptEntry[]>): Promise<number> {
  const good = await written();
  const lineEnds = [...good.keys()].filter((at) => good[at] === 0x0a);
  let missed = 0;
  let state = 11;
  const random = (below: number) => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) % below;
  for (let flip = 0; flip < flips; flip++) {
    const bytes = Buffer.from(good);
    const at = flip < lineEnds.length ? (lineEnds[flip] ?? 0) : random(good.length);
    bytes[at] = (bytes[at] ?? 0) ^ (1 << random(8));
    const damagedLine = lineEnds.findIndex((end) => end >= at);
    const found = new Set((await read(await damagedDisk(bytes))).map((line) => JSON.stringify(line)));
    for (let index = 0; index < COUNT; index++) if (index !== damagedLine && !found.has(JSON.stringify(entry(index)))) missed++;
  }
  return missed;
}

describe("[R07] a damaged line of a transcript", () => {
  const tier = process.env["OPENCLAW_TEST_TIER"] === "night" ? 1_000 : 200;

  const costsThatLineOnly = async (create: typeof createTranscriptFile, flips: number) =>
    expect(await missedOverFlips(flips, async (disk) => (await open(disk, undefined, create).read()).entries), "lines missed").toBe(0);

  it("costs that line only", async () => {
    await costsThatLineOnly(createTranscriptFile, tier);
    console.log(`R07: ${tier} flipped bits`);
  });

  it.each([
    { name: "stops at the first bad line", from: 'if (text.trim() === "") return;', to: 'if (text.trim() === "" || skipped > 0) return;' },
    { name: "loses both lines with the end between them", from: "entries.push(...joinedEntries(text));", to: "" },
  ])("the check catches a mutant that $name", async (mutation) => {
    expect(await verdictOn<{ createTranscriptFile: typeof createTranscriptFile }>({ file: "src/store/transcript-file.ts", ...mutation }, ({ createTranscriptFile: mutated }) => costsThatLineOnly(mutated, 60))).toMatch(/lines missed/);
  });

  it("is counted, and reported once however many there are", async () => {
    let warnings = 0;
    const good = (await written()).toString().split("\n");
    const bad = good.map((line, index) => (index % 10 === 5 ? "}{" : line)).join("\n");
    const { entries, skipped } = await open(await damagedDisk(Buffer.from(bad)), () => warnings++).read();
    expect({ entries: entries.length, skipped, warnings }).toEqual({ entries: 36, skipped: 4, warnings: 1 });
  });
});
