// The contract of a SessionStore as a suite: every implementation passes the same.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { InboxRow, OutboxRow, RunRow, SessionStore, TranscriptEntry } from "../backends.ts";

/** One place to keep state, which can be closed and opened again. */
export interface BackendUnderTest {
  open(): Promise<SessionStore>;
  /** Ends the test's use of the place; the store was closed before. */
  dispose(): Promise<void>;
}

/** Runs the contract against `create`, once per case in a fresh place. */
export function testBackend(name: string, create: () => Promise<BackendUnderTest>): void {
  describe(`${name} as a session store`, () => {
    let place: BackendUnderTest;
    let store: SessionStore;
    beforeEach(async () => {
      place = await create();
      store = await place.open();
    });
    afterEach(async () => {
      await store.close();
      await place.dispose();
    });
    const reopen = async () => {
      await store.close();
      store = await place.open();
    };
    rowsContract(() => store, reopen);
    sessionsContract(() => store, reopen);
    transcriptContract(() => store, reopen);
    blobsContract(() => store, reopen);
  });
}

type Get = () => SessionStore;
type Reopen = () => Promise<void>;

function rowsContract(store: Get, reopen: Reopen): void {
  describe("rows", () => {
    it("gives back a row as it was written, as a plain object", async () => {
      expect(await store().rows.commit([{ table: "inbox", add: inboxRow("a") }])).toEqual({ ok: true });
      const row = await store().rows.get("inbox", "a");
      expect(row).toEqual(inboxRow("a"));
      expect(Object.getPrototypeOf(row)).toBe(Object.prototype);
      expect(await store().rows.get("inbox", "b")).toBeUndefined();
    });

    it("keeps rows over a restart", async () => {
      await store().rows.commit([{ table: "inbox", add: inboxRow("a") }, { table: "runs", add: runRow("a") }]);
      await reopen();
      expect(await store().rows.get("runs", "a")).toEqual(runRow("a"));
    });

    it("refuses a taken key or unique column and names the write, making none of the batch", async () => {
      await store().rows.commit([{ table: "inbox", add: inboxRow("a") }]);
      expect(await store().rows.commit([{ table: "inbox", add: inboxRow("a") }])).toEqual({ ok: false, conflict: 0 });
      const sameDedupe = { ...inboxRow("b"), dedupeKey: inboxRow("a").dedupeKey };
      expect(await store().rows.commit([{ table: "runs", add: runRow("b") }, { table: "inbox", add: sameDedupe }])).toEqual({ ok: false, conflict: 1 });
      expect(await store().rows.get("runs", "b")).toBeUndefined();
    });

    it("lets one of many concurrent adds of one key win", async () => {
      const results = await Promise.all(Array.from({ length: 50 }, (_, index) => store().rows.commit([{ table: "inbox", add: { ...inboxRow(`n${index}`), dedupeKey: "same" } }])));
      expect(results.filter((result) => result.ok)).toHaveLength(1);
    });

    it("replaces by put and removes by key", async () => {
      await store().rows.commit([{ table: "meta", put: { id: "k", value: "1" } }]);
      await store().rows.commit([{ table: "meta", put: { id: "k", value: "2" } }]);
      expect(await store().rows.get("meta", "k")).toEqual({ id: "k", value: "2" });
      await store().rows.commit([{ table: "meta", remove: "k" }]);
      expect(await store().rows.get("meta", "k")).toBeUndefined();
    });

    it("sets columns only while the expected ones still hold", async () => {
      await store().rows.commit([{ table: "runs", add: runRow("a") }]);
      const begin = { table: "runs", key: "a", set: { state: "running", startedAt: 5 }, expect: { state: "queued", startedAt: null } } as const;
      expect(await store().rows.commit([begin])).toEqual({ ok: true });
      expect(await store().rows.commit([begin])).toEqual({ ok: false, conflict: 0 });
      expect(await store().rows.get("runs", "a")).toMatchObject({ state: "running", startedAt: 5 });
      expect(await store().rows.commit([{ table: "runs", key: "nobody", set: { state: "done" } }])).toEqual({ ok: false, conflict: 0 });
    });

    it("undoes of many concurrent batches only those that meet a conflict, each as a whole", async () => {
      const batch = (index: number) => [{ table: "runs", add: runRow(`r${index}`) }, { table: "inbox", add: { ...inboxRow(`n${index}`), dedupeKey: `key${index % 30}` } }] as const;
      const results = await Promise.all(Array.from({ length: 60 }, (_, index) => store().rows.commit(batch(index))));
      expect(results).toEqual(Array.from({ length: 60 }, (_, index) => (index < 30 ? { ok: true } : { ok: false, conflict: 1 })));
      await reopen();
      expect((await store().rows.find("runs", {})).map((row) => row.id).toSorted()).toEqual(Array.from({ length: 30 }, (_, index) => `r${index}`).toSorted());
    });

    it("shows at once what nobody waits for, judges it like the rest, and keeps it when it is closed", async () => {
      const soon = [store().rows.commitSoon([{ table: "meta", put: { id: "a", value: "1" } }]), store().rows.commitSoon([{ table: "runs", key: "nobody", set: { state: "done" } }]), store().rows.commitSoon([])];
      expect(await store().rows.get("meta", "a")).toEqual({ id: "a", value: "1" });
      expect(await Promise.all(soon)).toEqual([{ ok: true }, { ok: false, conflict: 0 }, { ok: true }]);
      const later = store().rows.commitSoon([{ table: "meta", put: { id: "b", value: "2" } }]);
      await reopen();
      expect(await later).toEqual({ ok: true });
      expect(await store().rows.get("meta", "b")).toEqual({ id: "b", value: "2" });
    });

    it("finds by columns, from a value, in order, with a limit", async () => {
      for (const [index, id] of ["d", "b", "c", "a"].entries()) await store().rows.commit([{ table: "outbox", add: outboxRow(id, index) }]);
      const ids = async (query: Parameters<SessionStore["rows"]["find"]>[1]) => (await store().rows.find("outbox", query as never /* one table's query */)).map((row) => row.id);
      expect(await ids({ orderBy: "part" } as never)).toEqual(["d", "b", "c", "a"]);
      expect(await ids({ orderBy: "part", descending: true, limit: 2 } as never)).toEqual(["a", "c"]);
      expect(await ids({ from: { column: "part", value: 2 }, orderBy: "part" } as never)).toEqual(["c", "a"]);
      expect(await ids({ where: { part: 1 } } as never)).toEqual(["b"]);
      expect(await ids({ where: { receipt: null, part: 3 } } as never)).toEqual(["a"]);
    });

    it("counts and sweeps by age", async () => {
      for (let index = 0; index < 4; index++) await store().rows.commit([{ table: "outbox", add: { ...outboxRow(`o${index}`, index), state: index === 0 ? "planned" : "sent" } }]);
      expect(await store().rows.count("outbox")).toBe(4);
      expect(await store().rows.count("outbox", { state: "sent" })).toBe(3);
      expect(await store().rows.sweep("outbox", "updatedAt", 2, { state: "sent" })).toBe(1);
      expect((await store().rows.find("outbox", { orderBy: "part" })).map((row) => row.id)).toEqual(["o0", "o2", "o3"]);
    });

    it("takes text as text, whatever is in it", async () => {
      const value = "'; DROP TABLE meta; --\u0000\u2028\uD83D\uDE00";
      await store().rows.commit([{ table: "meta", put: { id: value, value } }]);
      expect(await store().rows.get("meta", value)).toEqual({ id: value, value });
    });

    it("refuses a column that the table does not have", async () => {
      await expect(store().rows.find("meta", { where: { "id = id OR 1": "x" } as never })).rejects.toThrow(/no column/);
    });

    it("proves that it takes writes", async () => {
      await expect(store().probe()).resolves.toBeUndefined();
    });
  });
}

function sessionsContract(store: Get, reopen: Reopen): void {
  describe("session documents", () => {
    it("changes in memory at once and keeps durable entries, unknown members included", async () => {
      const document = await store().sessions("main");
      const saved = document.put("agent:main:main", { sessionId: "s1", updatedAt: 5, somethingElse: { deep: [1, "é"] } }, { durable: true });
      expect(document.entries.get("agent:main:main")?.sessionId).toBe("s1");
      await saved;
      await reopen();
      const again = await store().sessions("main");
      expect([...again.entries]).toEqual([["agent:main:main", { sessionId: "s1", updatedAt: 5, somethingElse: { deep: [1, "é"] } }]]);
    });

    it("keeps what was merged for later when it is closed", async () => {
      const document = await store().sessions("main");
      for (let index = 0; index < 20; index++) await document.put(`agent:main:k${index}`, { sessionId: `s${index}`, updatedAt: index }, { durable: false, withinMs: 60_000 });
      await document.put("agent:main:k3", { sessionId: "s3", updatedAt: 99 }, { durable: false });
      await reopen();
      const { entries } = await store().sessions("main");
      expect(entries.size).toBe(20);
      expect(entries.get("agent:main:k3")?.updatedAt).toBe(99);
    });

    it("forgets a removed entry", async () => {
      const document = await store().sessions("main");
      await document.put("agent:main:a", { sessionId: "s", updatedAt: 1 }, { durable: true });
      await document.remove("agent:main:a");
      await document.remove("agent:main:never");
      await reopen();
      expect((await store().sessions("main")).entries.size).toBe(0);
    });

    it("keeps agents apart and names them", async () => {
      await (await store().sessions("main")).put("agent:main:main", { sessionId: "s1", updatedAt: 1 }, { durable: true });
      await (await store().sessions("work")).put("agent:work:main", { sessionId: "s2", updatedAt: 1 }, { durable: true });
      await reopen();
      expect((await store().agentIds()).sort()).toEqual(["main", "work"]);
      expect([...(await store().sessions("work")).entries.keys()]).toEqual(["agent:work:main"]);
    });
  });
}

function transcriptContract(store: Get, reopen: Reopen): void {
  describe("transcripts", () => {
    it("gives back entries in the order they were appended, over a restart too", async () => {
      const log = store().transcript("main", "t1");
      await Promise.all(Array.from({ length: 30 }, (_, index) => log.append([entry(`e${index}`)], { durable: index % 7 === 0 })));
      const wanted = Array.from({ length: 30 }, (_, index) => `e${index}`);
      expect(idsOf((await log.read()).entries)).toEqual(wanted);
      await log.close();
      await reopen();
      const again = store().transcript("main", "t1");
      expect(await again.read()).toMatchObject({ skipped: 0 });
      expect(idsOf((await again.read()).entries)).toEqual(wanted);
      await again.close();
    });

    it("reads nothing where nothing was written", async () => {
      const log = store().transcript("main", "none");
      expect((await log.read()).entries).toEqual([]);
      expect(await log.excerpt()).toEqual({ head: [], tail: [] });
      await log.close();
    });

    it("shows a short one whole, of a long one the beginning and the end", async () => {
      const short = store().transcript("main", "short");
      await short.append([entry("a"), entry("b")], { durable: true });
      const all = await short.excerpt();
      expect(all.head).toBe(all.tail);
      expect(idsOf(all.head)).toEqual(["a", "b"]);
      await short.close();
      const log = store().transcript("main", "long");
      await log.append(Array.from({ length: 2_000 }, (_, index) => entry(`e${index}`)), { durable: true });
      const { head, tail } = await log.excerpt();
      expect(idsOf(head)[0]).toBe("e0");
      expect(idsOf(tail).at(-1)).toBe("e1999");
      expect(head.length + tail.length).toBeLessThan(2_000);
      await log.close();
    });

    it("sets a transcript aside under a name that says why", async () => {
      const log = store().transcript("main", "gone");
      await log.append([entry("a")], { durable: true });
      await log.close();
      expect(await store().archiveTranscript("main", "gone", "deleted")).toMatch(/gone\.jsonl\.deleted\.\d{4}-\d{2}-\d{2}T\d{2}-\d{2}-\d{2}/);
      expect(await store().archiveTranscript("main", "gone", "deleted")).toBeUndefined();
      expect((await store().transcript("main", "gone").read()).entries).toEqual([]);
    });

    it("replaces a transcript and keeps the old one", async () => {
      const log = store().transcript("main", "cut");
      await log.append([entry("a"), entry("b"), entry("c")], { durable: true });
      await log.close();
      expect(await store().replaceTranscript("main", "cut", [entry("c")])).toMatch(/\.bak\./);
      expect(idsOf((await store().transcript("main", "cut").read()).entries)).toEqual(["c"]);
    });

    it("keeps scratch conversations apart from each other", async () => {
      const one = store().scratch("main", "x1");
      const two = store().scratch("main", "x2");
      await one.append([entry("a")], { durable: false });
      await two.append([entry("b")], { durable: false });
      await one.append([entry("c")], { durable: false });
      expect(idsOf((await one.read()).entries)).toEqual(["a", "c"]);
      expect((await store().sessions("main")).entries.size).toBe(0);
    });

    it("refuses a session id that is a path", () => {
      expect(() => store().transcript("main", "../../etc/passwd")).toThrow(/invalid session key/);
      expect(() => store().transcript("main", "..")).toThrow(/invalid session key/);
    });
  });
}

function blobsContract(store: Get, reopen: Reopen): void {
  describe("blobs", () => {
    it("gives back bytes by their hash, over a restart too", async () => {
      const bytes = Buffer.from([0, 1, 2, 255]);
      const hash = await store().putBlob(bytes);
      expect(hash).toMatch(/^[0-9a-f]{64}$/);
      expect(await store().putBlob(bytes)).toBe(hash);
      await reopen();
      expect(Buffer.from((await store().getBlob(hash)) ?? [])).toEqual(bytes);
      expect(await store().getBlob("0".repeat(64))).toBeUndefined();
      expect(await store().getBlob("../../secret")).toBeUndefined();
    });

    it("sweeps what nothing names and never what something names", async () => {
      const named = await store().putBlob(Buffer.from("named"));
      const other = await store().putBlob(Buffer.from("other"));
      expect(await store().sweepBlobs({ isNamed: (hash) => hash === named, maxAgeMs: 1e12, maxBytes: 1e12 })).toBe(0);
      expect(await store().sweepBlobs({ isNamed: (hash) => hash === named, maxAgeMs: 1e12, maxBytes: 0 })).toBe(1);
      expect(await store().getBlob(named)).toBeDefined();
      expect(await store().getBlob(other)).toBeUndefined();
    });
  });
}

function inboxRow(id: string): InboxRow {
  return { id, dedupeKey: `chat:${id}`, door: "chat", sessionKey: "agent:main:main", agentId: "main", runId: id, payload: "{}", digest: "d", acceptedAt: 1, state: "accepted", outcome: null, settledAt: null };
}

function runRow(id: string): RunRow {
  return { id, inboxId: id, sessionKey: "agent:main:main", sessionId: "s", agentId: "main", state: "queued", startedAt: null, endedAt: null, result: null, resumes: 0, updatedAt: 1 };
}

function outboxRow(id: string, part: number): OutboxRow {
  return { id, origin: "o", part, target: "webchat", payload: "{}", state: "planned", attemptId: null, receipt: null, tries: 0, plannedAt: part, updatedAt: part };
}

function entry(id: string): TranscriptEntry {
  return { type: "message", id, parentId: null, timestamp: "2026-01-01T00:00:00.000Z", message: { role: "user", content: `text of ${id}`, timestamp: 1 } };
}

function idsOf(entries: readonly TranscriptEntry[]): string[] {
  return entries.map((line) => line.id);
}
