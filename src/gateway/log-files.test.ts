// The log on disk: written behind, turned over when full, read from a cursor.
import { describe, expect, it } from "vitest";
import { createFakeClock } from "../base/fake-clock.ts";
import { createMemoryDisk } from "../store/memory-disk.ts";
import { verdictOn } from "../../test/fixtures/mutant-module.ts";
import { createLogFiles } from "./log-files.ts";
import type * as LogFilesModule from "./log-files.ts";

type Create = typeof createLogFiles;

function set(maxFileBytes = 1_000_000, create: Create = createLogFiles) {
  const clock = createFakeClock();
  const disk = createMemoryDisk();
  const files = create({ disk, clock, settings: () => ({ path: "/logs/openclaw.log", maxFileBytes, maxFiles: 3 }) });
  const write = (from: number, to: number) => {
    for (let n = from; n < to; n++) files.sink.write(`{"n":${n}}\n`);
  };
  return { clock, disk, files, write };
}

describe("tailing", () => {
  it("gives the last lines, then what came since the cursor", async () => {
    const { files, write } = set();
    write(0, 10);
    const first = await files.tail({ limit: 3 });
    expect(first).toMatchObject({ file: "/logs/openclaw.log", lines: ['{"n":7}', '{"n":8}', '{"n":9}'], truncated: true });
    expect(first.cursor).toBe(first.size);
    write(10, 12);
    const next = await files.tail({ cursor: first.cursor });
    expect(next.lines).toEqual(['{"n":10}', '{"n":11}']);
    expect(next).not.toHaveProperty("reset");
    expect((await files.tail({ cursor: next.cursor })).lines).toEqual([]);
    await files.close();
  });

  it("starts anew for a cursor of another file or one that is too old, at a whole line", async () => {
    const { files, write } = set();
    write(0, 100);
    expect(await files.tail({ cursor: 999_999_999 })).toMatchObject({ reset: true });
    const cut = await files.tail({ cursor: 0, maxBytes: 50 });
    expect(cut).toMatchObject({ reset: true, truncated: true });
    expect(cut.lines.every((line) => JSON.parse(line) !== undefined)).toBe(true);
    expect(cut.lines.at(-1)).toBe('{"n":99}');
    await files.close();
  });

  it("is empty before there is a file", async () => {
    const { files } = set();
    expect(await files.tail({})).toEqual({ file: "/logs/openclaw.log", cursor: 0, size: 0, lines: [] });
    await files.close();
  });
});

async function turnOver(create: Create): Promise<void> {
  const { files, write, disk } = set(200, create);
  for (let n = 0; n < 40; n++) {
    write(n * 10, n * 10 + 10);
    await files.tail({});
  }
  expect(await disk.list("/logs"), "files").toEqual(["openclaw.log", "openclaw.log.1", "openclaw.log.2"]);
  for (const name of await disk.list("/logs")) expect((await disk.stat(`/logs/${name}`))?.sizeBytes, name).toBeLessThanOrEqual(200);
  expect((await files.tail({})).lines.at(-1)).toBe('{"n":399}');
  const oldest = disk.peek("/logs/openclaw.log.2")?.toString() ?? "";
  expect(Number(/\d+/.exec(oldest)?.[0]), "the oldest line kept").toBe(340);
  await files.close();
}

async function dropBeyondBound(create: Create): Promise<void> {
  const { files, write } = set(10_000_000, create);
  write(0, 12_000);
  const { lines } = await files.tail({ limit: 2, maxBytes: 1_000_000 });
  expect(JSON.parse(lines.at(-1) ?? "{}")).toMatchObject({ message: "log lines were dropped", dropped: 2_000 });
  await files.close();
}

describe("[R36] the files", () => {
  it("[R36] are turned over when full and bounded in number, oldest first", async () => {
    await turnOver(createLogFiles);
    console.log("[R36] 400 lines over 40 writes, 3 files");
  });

  it("[R36] never hold more lines in memory than their bound, and say how many were dropped", async () => {
    await dropBeyondBound(createLogFiles);
    console.log("[R36] 12,000 lines at once");
  });

  const mutants: { name: string; from: string; to: string; check: (create: Create) => Promise<void>; says: RegExp }[] = [
    { name: "never turns a file over", from: "size + bytes.length > settings().maxFileBytes", to: "size + bytes.length > Infinity", check: turnOver, says: /files/ },
    { name: "keeps one file too many", from: "await disk.remove(`${path}.${maxFiles - 1}`);\n    for (let age = maxFiles - 2;", to: "for (let age = maxFiles - 1;", check: turnOver, says: /files/ },
    { name: "keeps the oldest instead of the newest", from: "await disk.remove(`${path}.${maxFiles - 1}`);", to: "if (await disk.stat(`${path}.${maxFiles - 1}`)) return void (await disk.remove(path));", check: turnOver, says: /the oldest line kept: expected \+?0 to be 340/ },
    { name: "holds any number of lines", from: "waiting.length >= maxWaitingLines", to: "waiting.length >= Infinity", check: dropBeyondBound, says: /log lines were dropped|to match object/ },
  ];
  it.each(mutants)("[R36] the check catches a mutant that $name", async ({ name, from, to, check, says }) => {
    expect(await verdictOn<typeof LogFilesModule>({ name, file: "src/gateway/log-files.ts", from, to }, ({ createLogFiles: mutated }) => check(mutated))).toMatch(says);
  });
});
