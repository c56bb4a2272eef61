import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { TranscriptEntry } from "../sdk/backends.ts";
import type { Message } from "../sdk/provider.ts";
import { createTranscriptTree, type TranscriptTree } from "./transcript-tree.ts";

const timestamp = "2026-01-01T00:00:00.000Z";
const header: TranscriptEntry = { type: "session", version: 3, id: "s", timestamp, cwd: "/w" };
const said = (id: string, parentId: string | null): TranscriptEntry => ({ type: "message", id, parentId, timestamp, message: { role: "user", content: id, timestamp: 1 } });
const compaction = (id: string, parentId: string, firstKeptEntryId: string): TranscriptEntry => ({ type: "compaction", id, parentId, timestamp, summary: `summary ${id}`, firstKeptEntryId, tokensBefore: 5 });

function treeOf(entries: readonly TranscriptEntry[]): TranscriptTree {
  const tree = createTranscriptTree();
  for (const entry of entries) tree.add(entry);
  return tree;
}
const texts = (messages: readonly Message[]) => messages.map((message) => (typeof message.content === "string" ? message.content.split("\n").at(-1) : ""));

describe("a transcript in memory", () => {
  it("is a line when every entry follows the one before it", () => {
    const tree = treeOf([header, said("a", null), said("b", "a"), said("c", "b")]);
    expect(texts(tree.messages())).toEqual(["a", "b", "c"]);
    expect(tree.leaf()).toBe("c");
    expect(tree.header()).toBe(header);
    expect(tree.entries).toHaveLength(4);
  });

  it("shows the model the branch of the last entry, and people every message", () => {
    const tree = treeOf([header, said("a", null), said("b", "a"), said("c", "b"), said("b2", "a"), said("c2", "b2")]);
    expect(texts(tree.messages())).toEqual(["a", "b2", "c2"]);
    expect(tree.messageEntries.map((entry) => entry.id)).toEqual(["a", "b", "c", "b2", "c2"]);
  });

  it("begins after the last compaction with its summary and what it kept", () => {
    const lines = [said("a", null), said("b", "a"), said("c", "b"), compaction("k", "c", "c"), said("d", "k")];
    expect(texts(treeOf(lines).messages())).toEqual(["summary k", "c", "d"]);
    expect(texts(treeOf([...lines, said("e", "d"), compaction("k2", "e", "e"), said("f", "k2")]).messages())).toEqual(["summary k2", "e", "f"]);
    expect(treeOf(lines).messageEntries).toHaveLength(4);
    expect([treeOf(lines).compaction()?.id, treeOf([said("a", null)]).compaction()]).toEqual(["k", undefined]);
  });

  it("keeps nothing before a compaction whose first kept entry is gone", () => {
    expect(texts(treeOf([said("a", null), compaction("k", "a", "lost"), said("d", "k")]).messages())).toEqual(["summary k", "d"]);
  });

  it("takes lines without a parent, and with a parent that could not be read, as following the line before", () => {
    const injected = { type: "message", id: "i", timestamp, message: { role: "assistant", content: [], timestamp: 1 } } as unknown as TranscriptEntry; // as older gateways wrote it
    const tree = treeOf([said("a", null), injected, said("b", "i"), said("c", "lost"), said("d", "c")]);
    expect(tree.path()?.map((entry) => entry.id)).toEqual(["a", "i", "b", "c", "d"]);
  });

  it("starts a new root where the parent is null", () => {
    expect(texts(treeOf([said("a", null), said("b", null), said("c", "b")]).messages())).toEqual(["b", "c"]);
  });

  it("ignores a line that a crash doubled", () => {
    const tree = treeOf([said("a", null), said("b", "a"), said("b", "a")]);
    expect(texts(tree.messages())).toEqual(["a", "b"]);
    expect(tree.entries).toHaveLength(2);
  });

  it("gives entries without an id one of their own", () => {
    const nameless = { type: "message", timestamp, message: { role: "user", content: "x", timestamp: 1 } } as unknown as TranscriptEntry; // as a damaged or foreign file may hold it
    const tree = treeOf([nameless, nameless]);
    expect(tree.messageEntries).toHaveLength(2);
    expect(tree.path()).toHaveLength(2);
  });

  it("shows extension messages and branch summaries to the model, and bookkeeping not", () => {
    const tree = treeOf([
      said("a", null),
      { type: "custom_message", id: "m", parentId: "a", timestamp, customType: "x", content: "from an extension", display: true },
      { type: "custom", id: "n", parentId: "m", timestamp, customType: "x", data: 1 },
      { type: "model_change", id: "o", parentId: "n", timestamp, provider: "p", modelId: "m" },
      { type: "branch_summary", id: "p", parentId: "o", timestamp, fromId: "z", summary: "elsewhere" },
    ]);
    expect(texts(tree.messages())).toEqual(["a", "from an extension", "elsewhere"]);
  });

  it("finds the way to any entry", () => {
    const tree = treeOf([said("a", null), said("b", "a"), said("c", "b"), said("b2", "a")]);
    expect(tree.path("c")?.map((entry) => entry.id)).toEqual(["a", "b", "c"]);
    expect(tree.path("nobody")).toBeUndefined();
  });

  it("entry by entry shows the same as all at once", () => {
    const kinds = fc.array(fc.record({ kind: fc.constantFrom("message", "compaction", "custom"), back: fc.integer({ min: 0, max: 3 }) }), { maxLength: 40 });
    fc.assert(
      fc.property(kinds, (plan) => {
        const lines: TranscriptEntry[] = [];
        const step = createTranscriptTree();
        for (const [index, { kind, back }] of plan.entries()) {
          const parent = index === 0 ? null : `e${Math.max(0, index - 1 - back)}`;
          const line: TranscriptEntry = kind === "message" ? said(`e${index}`, parent) : kind === "compaction" ? compaction(`e${index}`, parent ?? "", `e${Math.max(0, index - 2)}`) : { type: "custom", id: `e${index}`, parentId: parent, timestamp, customType: "x" };
          lines.push(line);
          step.add(line);
          step.messages();
        }
        expect(step.messages()).toEqual(treeOf(lines).messages());
      }),
    );
  });

  it("does the same work for the 5,000th entry as for the fifth", () => {
    const tree = createTranscriptTree();
    tree.messages();
    let parent: string | null = null;
    for (let index = 0; index < 5_000; index++) {
      tree.add(said(`e${index}`, parent));
      parent = `e${index}`;
    }
    const view = tree.messages();
    tree.add(said("next", parent));
    // The same array grew: nothing was walked again.
    expect(tree.messages()).toBe(view);
    expect(view).toHaveLength(5_001);
  });
});
