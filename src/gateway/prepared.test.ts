import fc from "fast-check";
import { expect, test } from "vitest";
import { inParts, prepare, toJson } from "./prepared.ts";

test("an answer put together from parts reads like the answer in one piece", () => {
  const leaf = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null), fc.constant(undefined));
  fc.assert(
    fc.property(fc.dictionary(fc.string(), leaf), fc.array(fc.dictionary(fc.string(), leaf)), (rest, rows) => {
      const list = inParts(rows.map((row) => prepare(row)));
      const whole = { ...rest, rows: list };
      expect(JSON.parse(toJson(inParts({ ...whole })))).toEqual(JSON.parse(JSON.stringify(whole)));
    }),
  );
});

test("a prepared value keeps the JSON it had", () => {
  const value = { a: 1 };
  prepare(value);
  expect(toJson(value)).toBe('{"a":1}');
  expect(toJson(prepare(value))).toBe('{"a":1}');
});
