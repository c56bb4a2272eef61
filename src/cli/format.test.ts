// Figures and times for people, and values that people type.
import { describe, expect, it } from "vitest";
import { age, bytes, count, dollars, duration, localTime, tokens } from "./format.ts";
import { readLoose, readValue } from "./value.ts";

describe("figures", () => {
  it("are short and round", () => {
    expect([0, 999, 1_000, 12_345, 128_000, 999_499, 999_999, 1_234_567].map(tokens)).toEqual(["0", "999", "1k", "12.3k", "128k", "999k", "1M", "1.2M"]);
    expect([0, 999, 1_500, 2_000_000, 250_000_000].map(bytes)).toEqual(["0 B", "999 B", "1.5 KB", "2.0 MB", "250 MB"]);
    expect([850, 12_000, 200_000, 3_600_000, 18_120_000, 183_600_000].map(duration)).toEqual(["850 ms", "12 s", "3 min 20 s", "1 h", "5 h 2 min", "2 d 3 h"]);
    expect([0, 0.004, 0.5, 12.345].map(dollars)).toEqual(["$0.00", "< $0.01", "$0.50", "$12.35"]);
    expect([count(1, "device"), count(2, "device"), count(2, "entry", "entries")]).toEqual(["1 device", "2 devices", "2 entries"]);
  });

  it("tell how long ago, in words near and as a local date far away", () => {
    const now = new Date(2026, 10, 21, 14, 5).getTime();
    expect([null, now - 5_000, now - 300_000, now - 7_200_000, now - 172_800_000].map((at) => age(at, now))).toEqual(["never", "just now", "5 min ago", "2 h ago", "2 d ago"]);
    expect(age(now - 30 * 86_400_000, now)).toBe(localTime(now - 30 * 86_400_000));
    expect(localTime(now)).toBe("2026-11-21 14:05");
  });
});

describe("typed values", () => {
  const table: [string, unknown][] = [["8080", 8080], ["-1.5", -1.5], ["true", true], ["null", null], ['"8080"', "8080"], ["{a: 1, /* c */ b: [2,]}", { a: 1, b: [2] }], ["[1, 'x']", [1, "x"]], ["plain text", "plain text"], ["1.2.3", "1.2.3"], ["007", "007"], ["anthropic/claude", "anthropic/claude"], ["", ""], ["Infinity", "Infinity"]];
  it.each(table)("%j is read as %j", async (text, value) => {
    expect(await readLoose(text)).toEqual(value);
  });

  it("that are broken say where", async () => {
    await expect(readValue("{a: ", "--params")).rejects.toMatchObject({ exitCode: 2, message: expect.stringMatching(/^--params is neither JSON nor JSON5: .*line 1/) });
  });
});
