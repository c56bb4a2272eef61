import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { createFakeClock } from "../base/fake-clock.ts";
import { systemIds } from "../base/ids.ts";
import { silentLog } from "../base/log.ts";
import type { InboxRow, RunRow, SessionStore } from "../sdk/backends.ts";
import { systemDisk } from "../store/disk.ts";
import { createLocalStore } from "../store/local-store.ts";
import { createPaths } from "../store/paths.ts";
import { createInbox } from "./inbox.ts";

let clean: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const step of clean) await step();
  clean = [];
});

async function setUp() {
  const dir = await mkdtemp(join(tmpdir(), "openclaw-inbox-"));
  const clock = createFakeClock();
  const store: SessionStore = await createLocalStore({ disk: systemDisk, clock, ids: systemIds, log: silentLog, paths: createPaths(dir, join(dir, "c")) });
  clean.push(() => store.close(), () => rm(dir, { recursive: true }));
  return { clock, store, inbox: createInbox({ clock, ids: systemIds, rows: store.rows, keepMs: () => 1_000 }) };
}
const rowOf = (id: string, more: Partial<InboxRow> = {}): InboxRow => ({ id, dedupeKey: id, door: "chat", sessionKey: "s", agentId: "main", runId: id, payload: "{}", digest: "d", acceptedAt: 1, state: "accepted", outcome: null, settledAt: null, ...more });
const runOf = (id: string): RunRow => ({ id, inboxId: id, sessionKey: "s", sessionId: "", agentId: "main", state: "queued", startedAt: null, endedAt: null, result: null, resumes: 0, updatedAt: 1 });

test("ids sort in the order in which they were made, also when the clock jumps back", async () => {
  const { inbox, clock } = await setUp();
  const ids = Array.from({ length: 100 }, (_, i) => {
    if (i === 50) clock.jump(-60_000);
    if (i % 10 === 0) clock.jump(1);
    return inbox.nextId();
  });
  expect(ids.toSorted()).toEqual(ids);
  expect(new Set(ids).size).toBe(100);
});

test("the same key is a duplicate, with another body a conflict; entry and run are there together or not at all", async () => {
  const { inbox, store } = await setUp();
  expect(await inbox.accept(rowOf("a"), runOf("a"))).toBe("accepted");
  expect(await inbox.accept(rowOf("b", { dedupeKey: "a" }), runOf("b"))).toBe("duplicate");
  await expect(inbox.accept(rowOf("c", { dedupeKey: "a", digest: "other" }), runOf("c"))).rejects.toMatchObject({ code: "request.conflict" });
  expect(await store.rows.get("runs", "b")).toBeUndefined();
  expect(await store.rows.count("inbox")).toBe(1);
});

test("an entry is settled once: the second settling takes nothing along", async () => {
  const { inbox, store } = await setUp();
  await inbox.accept(rowOf("a"), runOf("a"));
  expect((await inbox.unsettled()).map((row) => row.id)).toEqual(["a"]);
  expect(await store.rows.commit([inbox.settle("a", { kind: "ran" })])).toEqual({ ok: true });
  expect(await inbox.unsettled()).toEqual([]);
  expect(await store.rows.commit([{ table: "meta", put: { id: "m", value: "1" } }, inbox.settle("a", { kind: "ran" })])).toMatchObject({ ok: false });
  expect(await store.rows.get("meta", "m")).toBeUndefined();
  expect(await inbox.byKey("a")).toMatchObject({ state: "settled", outcome: '{"kind":"ran"}' });
});

test("settled entries go when their time is over, open ones stay", async () => {
  const { inbox, store, clock } = await setUp();
  for (const id of ["old", "open", "new"]) await inbox.accept(rowOf(id), runOf(id));
  await store.rows.commit([inbox.settle("old", {})]);
  clock.jump(1_001);
  await store.rows.commit([inbox.settle("new", {})]);
  expect(await inbox.sweep()).toBe(1);
  expect((await store.rows.find("inbox", { orderBy: "id" })).map((row) => row.id)).toEqual(["new", "open"]);
});
