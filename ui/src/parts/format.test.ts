// Table tests of how numbers and times are written.
import { describe, expect, it } from "vitest";
import { ago, bytes, duration, money, short, tokens } from "./format.ts";

describe("format", () => {
  it.each([
    [0, "0 ms"], [840.4, "840 ms"], [999.4, "999 ms"], [1_000, "1.0 s"], [9_999, "9.9 s"], [10_000, "10 s"], [59_999, "59 s"], [250_000, "4 min 10 s"], [7_500_000, "2 h 5 min"], [273_600_000, "3 d 4 h"],
  ])("writes %d ms as %s", (ms, text) => expect(duration(ms)).toBe(text));

  it.each([[0, "0"], [950, "950"], [1_000, "1k"], [12_345, "12.3k"], [123_456, "123k"], [1_250_000, "1.3M"]])("shortens %d to %s", (value, text) => expect(short(value)).toBe(text));

  it.each([[0, "$0"], [0.00001, "< $0.0001"], [0.0023, "$0.0023"], [0.25, "$0.250"], [12.5, "$12.50"]])("writes %d dollars as %s", (value, text) => expect(money(value)).toBe(text));

  it.each([[2, "just now"], [40, "40s ago"], [120, "2m ago"], [7_200, "2h ago"], [172_800, "2d ago"], [90 * 86_400, "3mo ago"]])("says of %d seconds ago: %s", (seconds, text) => {
    const now = Date.UTC(2026, 0, 10);
    expect(ago(now - seconds * 1_000, now)).toBe(text);
  });

  it("keeps units with tokens and bytes", () => {
    expect([tokens(1), tokens(2_000), bytes(12), bytes(2_048), bytes(3_500_000)]).toEqual(["1 token", "2k tokens", "12 B", "2 kB", "3.3 MB"]);
  });
});
