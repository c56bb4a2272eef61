// Keys of providers in words.
import { expect, it } from "vitest";
import { keyFinding, keyText } from "./provider-key.ts";

it("names the key of a server that could do without one", () => {
  expect(keyText({ needsKey: false, keySource: "config" })).toBe("from config");
  expect(keyFinding({ needsKey: false, keySource: "config" })).toBe("has a key");
});

it("tells missing from not needed", () => {
  expect([keyText({ needsKey: true, keyEnv: "X_API_KEY" }), keyText({ needsKey: true }), keyText({ needsKey: false })]).toEqual(["missing (X_API_KEY)", "missing", "not needed"]);
  expect([keyFinding({ needsKey: true }), keyFinding({ needsKey: false })]).toEqual(["has no key", "needs no key"]);
});
