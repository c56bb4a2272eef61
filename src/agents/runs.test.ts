import { expect, test } from "vitest";
import { createFakeClock } from "../base/fake-clock.ts";
import type { MachineRows, RunRow } from "../sdk/backends.ts";
import type { DomainEvents } from "../sdk/events.ts";
import { createRuns, type RunResult, type RunSpec } from "./runs.ts";

const signal = new AbortController().signal;
const spec = (runId: string, more: Partial<RunSpec> = {}): RunSpec => ({ runId, sessionKey: "agent:main:main", agentId: "main", door: "chat", authority: { person: "owner", scopes: [], door: "chat", tainted: false }, digest: "d", ...more });
const done = (runId: string, text = "text"): RunResult => ({ runId, state: "done", startedAt: 1, endedAt: 2, text });

function setUp(rows: Record<string, RunRow> = {}) {
  const clock = createFakeClock();
  const events: DomainEvents["run"][] = [];
  const root = new AbortController();
  const runs = createRuns({
    clock,
    rows: { get: async (_table: string, key: string) => rows[key] } as unknown as MachineRows, // only runs are read, by key
    events: { emit: (name, payload) => void (name === "run" && events.push(payload as DomainEvents["run"])), on: () => () => {} },
    engine: async () => {},
    models: { async *stream() {} },
    execution: { call: async () => ({ content: [], isError: false, untrusted: false, durationMs: 0 }) },
    signal: root.signal,
    limits: { maxActive: 2, maxPerKey: 3 },
  });
  return { clock, events, runs, root };
}

test("events of a run are numbered from one without gaps, and nothing follows the end", () => {
  const { runs, events } = setUp();
  const watched: string[] = [];
  const ticket = runs.open(spec("a", { watch: (event) => void watched.push(event.type) }));
  ticket.emit({ type: "run.started", at: 1 });
  ticket.emit({ type: "run.text", text: "hi", delta: "hi" });
  ticket.finish(done("a", "hi"));
  ticket.emit({ type: "run.text", text: "hi more", delta: " more" });
  ticket.finish(done("a"));
  expect(events.map(({ seq, event }) => [seq, event.type])).toEqual([[1, "run.started"], [2, "run.text"], [3, "run.ended"]]);
  expect(watched).toEqual(["run.started", "run.text", "run.ended"]);
});

test("after an abort no text passes, but the end does", () => {
  const { runs, events } = setUp();
  const ticket = runs.open(spec("a"));
  expect(runs.abort("agent:main:main", { by: "rpc" })).toEqual(["a"]);
  ticket.emit({ type: "run.text", text: "late", delta: "late" });
  ticket.emit({ type: "run.thinking", delta: "late" });
  ticket.finish({ ...done("a"), state: "aborted", abortedBy: "rpc" });
  expect(events.map(({ event }) => event.type)).toEqual(["run.ended"]);
  expect(ticket.abortedBy).toBe("rpc");
});

test("the first who stops a run is the one who stopped it", () => {
  const { runs } = setUp();
  const ticket = runs.open(spec("a"));
  runs.abort(ticket.sessionKey, { runId: "a", by: "stop" });
  runs.abort(ticket.sessionKey, { by: "shutdown" });
  expect(ticket.abortedBy).toBe("stop");
  expect(runs.abort("agent:main:other", { runId: "a", by: "rpc" })).toEqual([]);
});

test("waiting for a run works before it begins, while it goes on, and after its end", async () => {
  const { runs, clock } = setUp();
  const early = runs.wait("a", 1_000, signal);
  const ticket = runs.open(spec("a"));
  const during = runs.wait("a", 1_000, signal);
  await Promise.resolve();
  ticket.finish(done("a"));
  expect(await early).toMatchObject({ state: "done" });
  expect(await during).toMatchObject({ state: "done" });
  expect(await runs.wait("a", 1_000, signal)).toMatchObject({ state: "done" });
  const never = runs.wait("b", 1_000, signal);
  for (let i = 0; i < 10; i++) await Promise.resolve();
  await clock.advance(1_000);
  expect(await never).toBeUndefined();
  expect(clock.pending()).toBe(0);
});

test("a wait that is aborted leaves nothing behind", async () => {
  const { runs, clock } = setUp();
  const stop = new AbortController();
  const wait = runs.wait("a", 1_000, stop.signal);
  for (let i = 0; i < 10; i++) await Promise.resolve();
  stop.abort(new Error("gone"));
  await expect(wait).rejects.toThrow("gone");
  expect(clock.pending()).toBe(0);
});

test("results are remembered for ten minutes, and read from the row after that", async () => {
  const rows: Record<string, RunRow> = {};
  const { runs, clock } = setUp(rows);
  runs.open(spec("a")).finish(done("a", "from memory"));
  expect(await runs.result("a")).toMatchObject({ text: "from memory" });
  await clock.advance(10 * 60_000 + 1);
  runs.note(done("b"));
  expect(await runs.result("a")).toBeUndefined();
  rows.a = { id: "a", inboxId: "i", sessionKey: "s", sessionId: "", agentId: "main", state: "done", startedAt: 1, endedAt: 2, result: JSON.stringify(done("a", "from the row")), resumes: 0, updatedAt: 2 };
  expect(await runs.result("a")).toMatchObject({ text: "from the row" });
});

test("what is live shows its state, its text and where it stands", () => {
  const { runs } = setUp();
  const first = runs.open(spec("a", { spokenKey: "main", prompt: "question" }));
  runs.open(spec("b", { sessionKey: "agent:main:other" }));
  first.emit({ type: "run.started", at: 5 });
  first.emit({ type: "run.text", text: "so far", delta: "so far" });
  expect(runs.live("agent:main:main")).toEqual([{ runId: "a", sessionKey: "agent:main:main", agentId: "main", state: "running", text: "so far", door: "chat", startedAt: 5, spokenKey: "main", prompt: "question" }]);
  expect(runs.live().map((run) => run.runId)).toEqual(["a", "b"]);
});

test("a place too many is refused, except for what was accepted by an earlier process", () => {
  const { runs } = setUp();
  for (const id of ["a", "b", "c"]) runs.open(spec(id));
  expect(() => runs.open(spec("d"))).toThrow(expect.objectContaining({ code: "lane.full" }));
  expect(runs.open(spec("d"), { recovered: true }).place.ahead()).toBe(3);
  expect(() => runs.open(spec("a"))).toThrow(expect.objectContaining({ code: "request.conflict" }));
});

test("work that is no run gets the lane only when nothing runs or waits there", () => {
  const { runs } = setUp();
  const held = runs.hold("agent:main:main");
  expect(held).toBeDefined();
  expect(runs.hold("agent:main:main")).toBeUndefined();
  expect(runs.open(spec("a")).place.ahead()).toBe(1);
  held?.release();
  expect(runs.hold("agent:main:main")).toBeUndefined();
});

test("a stop waits for what runs, sends home what waits, and cuts at the end of the grace", async () => {
  const { runs, clock } = setUp();
  const running = runs.open(spec("a"));
  running.emit({ type: "run.started", at: 1 });
  const waiting = runs.open(spec("b"));
  let isOver = false;
  const drained = runs.drain(30_000).then(() => (isOver = true));
  expect(waiting.abortedBy).toBe("shutdown");
  waiting.finish({ ...done("b"), state: "interrupted" });
  expect(running.abortedBy).toBeUndefined();
  expect(() => runs.open(spec("c"))).toThrow(expect.objectContaining({ code: "busy" }));
  await clock.advance(29_000);
  expect(isOver).toBe(false);
  await clock.advance(1_000);
  expect(running.abortedBy).toBe("shutdown");
  running.finish({ ...done("a"), state: "aborted" });
  await drained;
  expect(clock.pending()).toBe(0);
});

test("the end of the process ends every run's signal", () => {
  const { runs, root } = setUp();
  const ticket = runs.open(spec("a"));
  root.abort(new Error("over"));
  expect(ticket.signal.aborted).toBe(true);
  expect(ticket.abortedBy).toBeUndefined();
});
