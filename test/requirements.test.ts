// Every required behaviour has a test that cites its id, and every id that a test cites is required.
import { globSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { requirements } from "./requirements.ts";

const root = path.dirname(import.meta.dirname);
const files = globSync("{src,test,extensions,ui}/**/*.test.ts", { cwd: root, exclude: (name) => name.includes("node_modules") });
const idPattern = /^(R\d{2}|I\.\d+|(?:rpc|trap|client|config|stream|cli|ui)(\.[a-z0-9-]+)+)$/;

/** Ids in the names of tests and groups, with the file that cites them. */
function citations(): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  for (const file of files) {
    const text = readFileSync(path.join(root, file), "utf8");
    for (const [name] of text.matchAll(/(?:["'`])(?:\[[^\]\n]+\]\s*)+/g)) {
      for (const [, id = ""] of name.matchAll(/\[([^\]\n]+)\]/g)) {
        if (!idPattern.test(id)) continue;
        found.set(id, (found.get(id) ?? new Set()).add(file));
      }
    }
  }
  return found;
}

describe("required behaviour", () => {
  const cited = citations();

  it("has a test for every id", () => {
    expect(files.length).toBeGreaterThan(20);
    expect(Object.keys(requirements).filter((id) => !cited.has(id))).toEqual([]);
  });

  it("is named by every id that a test cites", () => {
    const unknown = [...cited].filter(([id]) => !Object.hasOwn(requirements, id)).map(([id, where]) => `${id} in ${[...where].join(", ")}`);
    expect(unknown).toEqual([]);
  });

  it("is said in one sentence each", () => {
    for (const [id, sentence] of Object.entries(requirements)) {
      expect(id).toMatch(idPattern);
      expect(sentence).toMatch(/^.{10,180}\.$/);
    }
  });
});
