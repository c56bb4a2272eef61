// The log on disk: written behind, turned over when full, read from a cursor.
import { describe, expect, it } from "vitest";
import { createFakeClock } from "../base/fake-clock.ts";
import { createMemoryDisk } from "../store/memory-disk.ts";
import { createLogFiles } from "./log-files.ts";

function set(maxFileBytes = 1_000_000) {
  const clock = createFakeClock();
  const disk = createMemoryDisk();
  const files = createLogFiles({ disk, clock, settings: () => ({ path: "/logs/openclaw.log", maxFileBytes, maxFiles: 3 }) });
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

describe("[R36] the files", () => {
  it("[R36] are turned over when full and bounded in number, oldest first", async () => {
    const { files, write, disk } = set(200);
    for (let n = 0; n < 40; n++) {
      write(n * 10, n * 10 + 10);
      await files.tail({});
    }
    expect(await disk.list("/logs")).toEqual(["openclaw.log", "openclaw.log.1", "openclaw.log.2"]);
    for (const name of await disk.list("/logs")) expect((await disk.stat(`/logs/${name}`))?.sizeBytes).toBeLessThanOrEqual(200);
    expect((await files.tail({})).lines.at(-1)).toBe('{"n":399}');
    await files.close();
  });

  it("[R36] never hold more lines in memory than their bound, and say how many were dropped", async () => {
    const { files, write } = set(10_000_000);
    write(0, 12_000);
    const { lines } = await files.tail({ limit: 2, maxBytes: 1_000_000 });
    expect(JSON.parse(lines.at(-1) ?? "{}")).toMatchObject({ message: "log lines were dropped", dropped: 2_000 });
    await files.close();
  });
});
