import { describe, expect, it } from "vitest";
import { importMutant } from "../../test/fixtures/mutant-module.ts";
import { createFakeClock } from "../base/fake-clock.ts";
import { Fault } from "../base/faults.ts";
import { createMemoryDisk, systemError, type MemoryDisk } from "../store/memory-disk.ts";
import { readEnv } from "./env.ts";
import type * as FilesModule from "./files.ts";
import { createConfigFiles, hashOf, locateConfig } from "./files.ts";

const stateDir = "/state";
const location = { path: "/state/config.yaml", format: "yaml" } as const;
const old = `session:\n  mainKey: old # ${"x".repeat(2_000)}\n`;
const fresh = `session:\n  mainKey: new # ${"y".repeat(2_500)}\n`;

function place(disk: MemoryDisk, create = createConfigFiles, clock = createFakeClock()) {
  return create({ disk, clock, location, stateDir });
}
async function withOld(nowMs?: () => number): Promise<MemoryDisk> {
  const disk = createMemoryDisk(nowMs);
  await disk.makeDir(stateDir);
  disk.plant(location.path, Buffer.from(old));
  return disk;
}
const codeOf = (work: Promise<unknown>) => work.then(() => "written", (error: unknown) => (error instanceof Fault ? error.code : String(error)));

/** What a write leaves when the disk fails, or the power goes, at each of its calls. */
async function crashes(create: typeof createConfigFiles): Promise<{ cases: number; bad: string[]; lostAck: number }> {
  const bad: string[] = [];
  let cases = 0;
  let lostAck = 0;
  let seed = 1;
  const fraction = () => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;
  for (const how of ["power", "error"] as const) {
    for (let step = 1; ; step++) {
      const disk = await withOld();
      let calls = 0;
      disk.fault = () => (++calls >= step ? systemError("EIO") : undefined);
      const outcome = await codeOf(place(disk, create).write(fresh, hashOf(old)));
      disk.fault = undefined;
      const isComplete = calls < step;
      for (let image = 0; image < (how === "power" ? 6 : 1); image++) {
        const after = how === "power" ? disk.crash(fraction) : disk;
        const text = after.peek(location.path)?.toString("utf8");
        cases++;
        if (text !== old && text !== fresh) bad.push(`step ${step}, ${how}: ${text?.slice(0, 40)}`);
        if (outcome === "written" && text !== fresh) lostAck++;
      }
      if (isComplete) break;
    }
  }
  return { cases, bad, lostAck };
}

describe("the configuration on disk", () => {
  it("[R39] is the old or the new document after a failure or power cut at any call, and the new one once acknowledged", async () => {
    const { cases, bad, lostAck } = await crashes(createConfigFiles);
    console.log(`[R39] ${cases} disks after a cut`);
    expect(cases).toBeGreaterThan(60);
    expect(bad).toEqual([]);
    expect(lostAck).toBe(0);
  });

  it("[R39] catches seeded mutants: written in place, not compared, not kept", async () => {
    const change = (name: string, from: string, to: string) => importMutant<typeof FilesModule>({ name, file: "src/config/files.ts", from, to });
    const inPlace = await change("written in place", "await writeWhole(disk, location.path, Buffer.from(text));", 'await disk.remove(location.path); const file = await disk.open(location.path, "new"); await file.append(Buffer.from(text)); await file.close();');
    expect((await crashes(inPlace.createConfigFiles)).bad.length).toBeGreaterThan(0);
    const uncompared = await change("not compared", "if (present.hash !== expected)", "if (false)");
    expect(await race(uncompared.createConfigFiles)).toBe(2);
    const unkept = await change("not kept", "if (present.exists) await keep(present.text);", "");
    const disk = await withOld();
    await place(disk, unkept.createConfigFiles).write(fresh, hashOf(old));
    expect(await place(disk).history()).toEqual([]);
  });

  /** How many of two writers, in programs of their own, succeed on the same base. */
  async function race(create: typeof createConfigFiles): Promise<number> {
    const clock = createFakeClock();
    const disk = await withOld(() => clock.now());
    const writers = [place(disk, create, clock), place(disk, create, clock)];
    const work = Promise.all(writers.map((files, index) => codeOf(files.write(`${fresh}${index}`, hashOf(old)))));
    for (let turn = 0; turn < 20; turn++) await clock.advance(20);
    return (await work).filter((outcome) => outcome === "written").length;
  }

  it("[R39] lets one of two writers with the same base win", async () => {
    expect(await race(createConfigFiles)).toBe(1);
  });

  it("takes over the lock of a writer that died, and gives up on one that lives", async () => {
    const disk = await withOld();
    const clock = createFakeClock(100_000);
    disk.plant(`${location.path}.lock`, Buffer.alloc(0));
    const files = place(disk, createConfigFiles, clock);
    expect(await codeOf(files.write(fresh, hashOf(old)))).toBe("written");
    const lively = createMemoryDisk(() => clock.now());
    await lively.makeDir(stateDir);
    lively.plant(`${location.path}.lock`, Buffer.alloc(0));
    const work = codeOf(place(lively, createConfigFiles, clock).write(fresh, hashOf("")));
    for (let turn = 0; turn < 200; turn++) await clock.advance(20);
    expect(await work).toBe("busy");
  });

  it("keeps the last good text of this path and of no other", async () => {
    const disk = await withOld();
    await place(disk).saveLastGood(old);
    expect(await place(disk).readLastGood()).toBe(old);
    const other = createConfigFiles({ disk, clock: createFakeClock(), stateDir, location: { path: "/elsewhere/config.yaml", format: "yaml" } });
    expect(await other.readLastGood()).toBeUndefined();
    disk.plant("/state/config-history/last-good.json", Buffer.from("{ torn"));
    expect(await place(disk).readLastGood()).toBeUndefined();
  });

  it("reports a full disk as such and leaves the old document", async () => {
    const disk = await withOld();
    disk.fault = (op) => (op === "append" ? systemError("ENOSPC") : undefined);
    expect(await codeOf(place(disk).write(fresh, hashOf(old)))).toBe("store.full");
    expect(disk.peek(location.path)?.toString()).toBe(old);
  });

  it("finds the file by name, by content and by era", async () => {
    const disk = createMemoryDisk();
    await disk.makeDir(stateDir);
    const at = (configPath?: string) => locateConfig(readEnv({ HOME: "/home/x", ...(configPath === undefined ? {} : { OPENCLAW_CONFIG_PATH: configPath }) }), stateDir, disk);
    expect(await at()).toEqual({ path: "/state/config.yaml", format: "yaml" });
    disk.plant("/state/moltbot.json", Buffer.from("{}"));
    expect(await at()).toEqual({ path: "/state/moltbot.json", format: "json5" });
    disk.plant("/state/openclaw.json", Buffer.from("{}"));
    expect(await at()).toEqual({ path: "/state/openclaw.json", format: "json5" });
    disk.plant("/state/config.yaml", Buffer.from(""));
    expect(await at()).toEqual({ path: "/state/config.yaml", format: "yaml", shadowed: "/state/openclaw.json" });
    expect(await at("/etc/mine.yml")).toEqual({ path: "/etc/mine.yml", format: "yaml" });
    expect(await at("~/mine.JSON5")).toEqual({ path: "/home/x/mine.JSON5", format: "json5" });
    disk.plant("/etc/plain", Buffer.from("\n{ gateway: {} }"));
    expect(await at("/etc/plain")).toMatchObject({ format: "json5" });
    expect(await at("/etc/absent")).toMatchObject({ format: "yaml" });
  });
});
