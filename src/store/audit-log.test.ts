import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createFakeClock } from "../base/fake-clock.ts";
import { silentLog } from "../base/log.ts";
import { verdictOn } from "../../test/fixtures/mutant-module.ts";
import { createAuditLog, type AuditRecord } from "./audit-log.ts";
import type * as AuditModule from "./audit-log.ts";
import { createMemoryDisk, systemError, type MemoryDisk } from "./memory-disk.ts";

const DAY_MS = 86_400_000;
const clockStart = Date.UTC(2026, 0, 1, 12);

type Create = typeof createAuditLog;

async function setUp(disk: MemoryDisk = createMemoryDisk(), startMs = clockStart, create: Create = createAuditLog) {
  const clock = createFakeClock(startMs);
  const audit = await create({ disk, clock, log: silentLog, dir: "/state/audit" });
  return { disk, clock, audit };
}

const record = (index: number): AuditRecord => ({ at: index, actor: `device-${index}`, scopes: ["operator.admin"], method: "config.patch", resource: `path.${index}`, outcome: "ok", argsDigest: "d" });

/** Thirty records over three days, in the files of a closed log. */
async function threeDays(): Promise<MemoryDisk> {
  const { disk, clock, audit } = await setUp();
  for (let day = 0; day < 3; day++) {
    for (let index = 0; index < 10; index++) audit.record(record(day * 10 + index));
    await audit.flush();
    clock.jump(DAY_MS);
  }
  await audit.close();
  return disk;
}

const verify = async (disk: MemoryDisk, create: Create = createAuditLog) => (await setUp(disk, clockStart + 10 * DAY_MS, create)).audit.verify();

describe("the audit log", () => {
  it("writes what was recorded within a second, in one batch", async () => {
    const { disk, clock, audit } = await setUp();
    for (let index = 0; index < 5; index++) audit.record(record(index));
    expect(disk.calls.filter((call) => call.op === "append")).toHaveLength(0);
    await clock.advance(1_000);
    await audit.flush();
    expect(disk.calls.filter((call) => call.op === "append" && call.path.endsWith(".jsonl"))).toHaveLength(1);
    expect(await audit.verify()).toEqual({ ok: true, records: 5 });
  });

  it("goes on with the chain after a restart and over days", async () => {
    const disk = await threeDays();
    const { audit } = await setUp(disk, clockStart + 5 * DAY_MS);
    audit.record(record(99));
    expect(await audit.verify()).toEqual({ ok: true, records: 31 });
  });

  it("keeps records for the next try when the disk is full", async () => {
    const { disk, clock, audit } = await setUp();
    disk.fault = (op) => (op === "append" ? systemError("ENOSPC") : undefined);
    audit.record(record(1));
    await expect(audit.flush()).rejects.toMatchObject({ code: "store.full" });
    audit.record(record(2));
    disk.fault = undefined;
    await clock.advance(1_000);
    expect(await audit.verify()).toEqual({ ok: true, records: 2 });
  });

  it("counts what it had to drop when the disk takes nothing for long", async () => {
    const { disk, audit } = await setUp();
    disk.fault = (op) => (op === "append" ? systemError("EIO") : undefined);
    for (let index = 0; index < 10_005; index++) audit.record(record(index));
    disk.fault = undefined;
    expect(await audit.verify()).toEqual({ ok: true, records: 10_001 });
    expect(disk.peek("/state/audit/2026-01-01.jsonl")?.toString()).toContain('"method":"audit.dropped","outcome":"failed","detail":"5"');
  });

  it("leaves no timer behind", async () => {
    const { clock, audit } = await setUp();
    audit.record(record(1));
    await audit.close();
    expect(clock.pending()).toBe(0);
  });
});

describe("[I.24] [R45] the chain", () => {
  const day = (name: string) => `/state/audit/2026-01-0${name}.jsonl`;
  const linesOf = (disk: MemoryDisk, name: string) => (disk.peek(day(name))?.toString() ?? "").trimEnd().split("\n");
  const write = (disk: MemoryDisk, name: string, lines: string[]) => disk.plant(day(name), Buffer.from(lines.map((line) => `${line}\n`).join("")));

  const forgeries: { name: string; forge(disk: MemoryDisk): void; file: string; line: number }[] = [
    { name: "an edited record", file: "2", line: 4, forge: (disk) => write(disk, "2", linesOf(disk, "2").map((line, index) => (index === 3 ? line.replace("operator.admin", "operator.read") : line))) },
    { name: "a record written anew, its own hash too", file: "2", line: 5, forge: (disk) => write(disk, "2", linesOf(disk, "2").map((line, index) => (index === 3 ? rehashed(line.replace("operator.admin", "operator.read")) : line))) },
    { name: "a deleted record", file: "2", line: 4, forge: (disk) => write(disk, "2", linesOf(disk, "2").filter((_, index) => index !== 3)) },
    { name: "two swapped records", file: "1", line: 6, forge: (disk) => write(disk, "1", swapped(linesOf(disk, "1"), 5, 6)) },
    { name: "a doubled record", file: "1", line: 3, forge: (disk) => write(disk, "1", linesOf(disk, "1").flatMap((line, index) => (index === 1 ? [line, line] : [line]))) },
    { name: "records cut off the end", file: "3", line: 9, forge: (disk) => write(disk, "3", linesOf(disk, "3").slice(0, 8)) },
    { name: "a line that is no record", file: "3", line: 2, forge: (disk) => write(disk, "3", linesOf(disk, "3").map((line, index) => (index === 1 ? "what?" : line))) },
    { name: "a record put in", file: "1", line: 2, forge: (disk) => write(disk, "1", linesOf(disk, "1").flatMap((line, index) => (index === 0 ? [line, JSON.stringify({ seq: 2, ...record(1), hash: "0".repeat(64) })] : [line]))) },
  ];

  const nameForgeries = async (create: Create) => {
    for (const { name, forge, file, line } of forgeries) {
      const disk = await threeDays();
      expect(await verify(disk, create), `${name}, before`).toEqual({ ok: true, records: 30 });
      forge(disk);
      expect(await verify(disk, create), name).toMatchObject({ ok: false, file: day(file), line });
    }
  };

  const missTheLastDay = async (create: Create) => {
    const disk = await threeDays();
    await disk.remove(day("3"));
    expect(await verify(disk, create), "a day taken away").toMatchObject({ ok: false, file: day("2"), line: 11 });
    await disk.remove("/state/audit/head.json");
    expect(await verify(disk, create)).toEqual({ ok: true, records: 20 });
  };

  const outlivePowerCuts = async (create: Create, numRuns: number) => {
    let cases = 0;
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 2 ** 31 }), async (at, seed) => {
        const luck = seeded(seed);
        const { disk, audit } = await setUp(createMemoryDisk(), clockStart, create);
        const start = disk.calls.length;
        disk.fault = (_op, _path, call) => (call >= start + at ? systemError("EIO") : undefined);
        let flushed = 0;
        for (let index = 0; index < 40; index++) {
          audit.record({ ...record(index), detail: "x".repeat(Math.floor(luck() * 600)) });
          if (luck() < 0.2) await audit.flush().then(() => (flushed = index + 1), () => undefined);
        }
        const found = await verify(disk.crash(luck), create);
        expect(found).toMatchObject({ ok: true });
        expect(found.ok && found.records).toBeGreaterThanOrEqual(flushed);
        cases++;
      }),
      { numRuns, seed: 5, endOnFailure: true },
    );
    return cases;
  };

  it("names the first record that does not hold", async () => {
    await nameForgeries(createAuditLog);
    console.log(`I.24: ${forgeries.length} forgeries`);
  });

  it("would miss a whole last day taken away if the head were not kept apart", () => missTheLastDay(createAuditLog));

  it("holds after a power cut at any moment, with every record that was flushed", async () => {
    console.log(`R45: ${await outlivePowerCuts(createAuditLog, 200)} power cuts`);
  });

  const mutants: { name: string; from: string; to: string; check: (create: Create) => Promise<unknown>; says: RegExp }[] = [
    { name: "does not hash what a record says", from: "hash !== digest(JSON.stringify(body))", to: "hash.length !== 64", check: nameForgeries, says: /an edited record/ },
    { name: "does not look where a record follows", from: 'if (body["prev"] !== last.hash) return "it does not follow the record before it";\n', to: "", check: nameForgeries, says: /a record written anew/ },
    { name: "forgets how far the chain went", from: "if (kept && kept.seq > last.seq) return", to: "if (kept && kept.seq < 0) return", check: missTheLastDay, says: /a day taken away/ },
    { name: "leaves the half-written end of a crash", from: "if (isBroken && !isPromised) await cutOff(name, good);", to: "", check: (create) => outlivePowerCuts(create, 200), says: /to match object/ },
    { name: "says flushed before the disk has it", from: "await file.append(lines, { durable: true });", to: "await file.append(lines, { durable: false });", check: (create) => outlivePowerCuts(create, 200), says: /to match object \{ ok: true \}/ },
  ];
  it.each(mutants)("the check catches a mutant that $name", async ({ name, from, to, check, says }) => {
    expect(await verdictOn<typeof AuditModule>({ name, file: "src/store/audit-log.ts", from, to }, ({ createAuditLog: mutated }) => check(mutated))).toMatch(says);
  });
});

/** The same numbers in [0, 1) for the same seed. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

function rehashed(line: string): string {
  const { hash: _, ...body } = JSON.parse(line) as Record<string, unknown>;
  return JSON.stringify({ ...body, hash: createHash("sha256").update(JSON.stringify(body)).digest("hex") });
}

function swapped(lines: string[], a: number, b: number): string[] {
  return lines.map((line, index) => (index === a ? (lines[b] ?? line) : index === b ? (lines[a] ?? line) : line));
}
