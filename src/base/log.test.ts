import { expect, test } from "vitest";
import { createLog, type LogLevel } from "./log.ts";

test("follows a level that changes, and gives each sink the levels it takes", () => {
  let level: LogLevel = "info";
  const file: string[] = [];
  const terminal: string[] = [];
  const log = createLog({ level: () => level, sinks: [{ write: (line) => void file.push(line) }, { write: (line) => void terminal.push(line), level: () => "warn" }] });
  const child = log.child({ runId: "r" });
  child.debug("one");
  child.info("two");
  level = "debug";
  child.debug("three");
  child.error("four");
  level = "silent";
  child.error("five");
  const messages = (lines: string[]) => lines.map((line) => (JSON.parse(line) as { message: string }).message);
  expect(messages(file)).toEqual(["two", "three", "four"]);
  expect(messages(terminal)).toEqual(["four"]);
});
