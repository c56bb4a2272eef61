// Columns of texts in a terminal, and tables made of them.
import { describe, expect, it } from "vitest";
import { createFakeTerminal } from "./fake-terminal.ts";
import { facts, table } from "./table.ts";
import { fit, padTo, widthOf } from "./width.ts";

describe("the width of a text", () => {
  it.each([["plain", 5], ["", 0], ["日本語", 6], ["한글", 4], ["ｆｕｌｌ", 8], ["naïve", 5], ["nai\u0308ve", 5], ["👍", 2], ["👩‍💻", 2], ["🇦🇹", 2], ["❤️", 2], ["a\u200bb", 2], ["→ ok ✓", 6]])("of %j is %i", (text, columns) => {
    expect(widthOf(text)).toBe(columns);
  });

  it("is kept when a text is cut or filled up", () => {
    expect(fit("abcdef", 4)).toBe("abc…");
    expect(fit("日本語", 4)).toBe("日…");
    expect(widthOf(fit("👩‍💻👩‍💻👩‍💻", 5))).toBeLessThanOrEqual(5);
    expect(padTo("日本", 6)).toBe("日本  ");
  });
});

describe("a table", () => {
  const columns = [{ title: "name", value: (row: { name: string; size: string }) => row.name }, { title: "size", align: "right" as const, value: (row: { size: string }) => row.size }];
  const rows = [{ name: "日本", size: "1" }, { name: "plain", size: "100" }];

  it("aligns by columns on the screen, not by characters", () => {
    expect(table(createFakeTerminal(), columns, rows)).toBe("name   size\n日本      1\nplain   100\n");
  });

  it("fits a narrow terminal and is never cut where nobody looks", () => {
    const long = [{ name: "a name that is far too long for this", size: "1" }];
    const lines = table(createFakeTerminal({ isTty: true, columns: 20 }), columns, long).trimEnd().split("\n");
    expect(Math.max(...lines.map(widthOf))).toBeLessThanOrEqual(20);
    expect(lines[1]).toContain("…");
    expect(table(createFakeTerminal({ columns: 20 }), columns, long)).toContain("far too long for this");
  });

  it("never cuts what is copied into the next command", () => {
    const keyed = [{ title: "key", keep: true as const, value: (row: { key: string; title: string }) => row.key }, { title: "title", value: (row: { title: string }) => row.title }];
    const row = { key: "agent:main:fork:05399d60-5b86", title: "a title that is far too long for this" };
    for (const wide of [20, 45]) expect(table(createFakeTerminal({ isTty: true, columns: wide }), keyed, [row])).toContain(row.key);
    expect(Math.max(...table(createFakeTerminal({ isTty: true, columns: 45 }), keyed, [row]).trimEnd().split("\n").map(widthOf))).toBeLessThanOrEqual(45);
  });

  it("lets a row that is too long run on, and not the others", () => {
    const keyed = [{ title: "key", keep: true as const, value: (row: { key: string; title: string }) => row.key }, { title: "title", value: (row: { title: string }) => row.title }];
    const mixed = [{ key: "short", title: "a title" }, { key: "a-key-that-is-longer-than-the-whole-line", title: "b" }];
    const lines = table(createFakeTerminal({ isTty: true, columns: 30 }), keyed, mixed).trimEnd().split("\n");
    expect(lines.map(widthOf).map((width) => width <= 30)).toEqual([true, true, false]);
    expect(lines[2]).toContain("a-key-that-is-longer-than-the-whole-line");
  });

  it("shows no escapes or line breaks of a stranger's text", () => {
    const forged = [{ name: "evil\u001b[2J\nfake row \u202etxet", size: "\u0007" }];
    const text = table(createFakeTerminal(), columns, forged);
    expect(text.split("\n")).toHaveLength(3);
    expect(text).not.toMatch(/[\u001b\u0007\u202e]/); // oxlint-disable-line no-control-regex -- these are what must not come through
  });

  it("is empty without rows, and facts leave out what is absent", () => {
    expect(table(createFakeTerminal(), columns, [])).toBe("");
    expect(facts(createFakeTerminal(), [["one", "1"], ["absent", undefined], ["three", "3"]])).toBe("one    1\nthree  3\n");
  });
});
