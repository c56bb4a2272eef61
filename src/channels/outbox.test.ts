import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { createFakeClock } from "../base/fake-clock.ts";
import { fault } from "../base/faults.ts";
import { systemIds } from "../base/ids.ts";
import { silentLog } from "../base/log.ts";
import type { OutboxRow } from "../sdk/backends.ts";
import { systemDisk } from "../store/disk.ts";
import { createLocalStore } from "../store/local-store.ts";
import { createPaths } from "../store/paths.ts";
import { verdictOn } from "../../test/fixtures/mutant-module.ts";
import { createOutbox, webchatDeliverer, type Deliverer } from "./outbox.ts";

type Create = typeof createOutbox;

let clean: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const step of clean) await step();
  clean = [];
});
const signal = new AbortController().signal;

/** A network that notes what arrives; `answer` decides how an attempt ends. */
function network(more: Partial<Deliverer> = {}, answer: (row: OutboxRow, attempt: number) => Error | "lost" | undefined = () => undefined) {
  const arrived: string[] = [];
  const attempts: { id: string; attemptId: string | null; state: string }[] = [];
  const deliverer: Deliverer = {
    async deliver(row) {
      attempts.push({ id: row.id, attemptId: row.attemptId, state: row.state });
      const verdict = answer(row, attempts.length);
      if (verdict instanceof Error) throw verdict;
      arrived.push(row.payload);
      if (verdict === "lost") throw new Error("connection reset after sending");
      return { receipt: `r${arrived.length}` };
    },
    ...more,
  };
  return { arrived, attempts, deliverer };
}

async function setUp(deliverers: Record<string, Deliverer>, create: Create = createOutbox) {
  const dir = await mkdtemp(join(tmpdir(), "openclaw-outbox-"));
  const clock = createFakeClock();
  const store = await createLocalStore({ disk: systemDisk, clock, ids: systemIds, log: silentLog, paths: createPaths(dir, join(dir, "c")) });
  clean.push(() => store.close(), () => rm(dir, { recursive: true }));
  const make = () => create({ clock, ids: systemIds, log: silentLog, rows: store.rows, deliverer: (target) => deliverers[target.split(":")[0] ?? ""], keepMs: () => 1_000, maxTries: 3 });
  const outbox = make();
  const planned = new Map<string, OutboxRow[]>();
  const plan = async (origin: string, target: string, ...parts: string[]) => {
    const rows = outbox.plan(origin, target, parts);
    planned.set(origin, rows);
    expect(await store.rows.commit(rows.map((row) => ({ table: "outbox", add: row })))).toEqual({ ok: true });
  };
  const send = (origin: string, until: AbortSignal) => outbox.send(planned.get(origin) ?? [], until);
  return { clock, store, outbox, plan, send, restarted: make };
}
const soon = () => new Promise((resolve) => setTimeout(resolve, 15));

test("parts arrive in order, each with an attempt id that was on record before it was sent", async () => {
  const net = network();
  const { outbox, plan, send } = await setUp({ net: net.deliverer });
  await plan("run", "net:a:b", "one", "two", "three");
  const rows = await send("run", signal);
  expect(net.arrived).toEqual(["one", "two", "three"]);
  expect(rows.map((row) => [row.state, row.receipt])).toEqual([["sent", "r1"], ["sent", "r2"], ["sent", "r3"]]);
  expect(net.attempts.every((attempt) => attempt.state === "sending" && attempt.attemptId !== null)).toBe(true);
  expect(await outbox.pending()).toBe(0);
});

test("what WebChat gets is planned with its first attempt and has its receipt at once", async () => {
  const { send, plan, store } = await setUp({ webchat: webchatDeliverer });
  await plan("run", "webchat", "text");
  expect(await store.rows.get("outbox", "run#0")).toMatchObject({ state: "sending", attemptId: "run#0", tries: 1 });
  const sent = send("run", signal);
  await soon();
  expect(await store.rows.get("outbox", "run#0")).toMatchObject({ state: "sent", receipt: "transcript:run" });
  expect(await sent).toMatchObject([{ state: "sent", receipt: "transcript:run" }]);
});

test("a failure that may pass is tried again under the same attempt id, after a while", async () => {
  const net = network({}, (_, attempt) => (attempt < 3 ? fault("busy", { reason: "slow down" }, { retryAfterMs: 5_000 }) : undefined));
  const { plan, clock, send } = await setUp({ net: net.deliverer });
  await plan("run", "net:a:b", "one");
  const sent = send("run", signal);
  for (let i = 0; i < 2; i++) {
    await soon();
    await clock.advance(5_000);
  }
  expect(await sent).toMatchObject([{ state: "sent", tries: 3 }]);
  expect(new Set(net.attempts.map((attempt) => attempt.attemptId)).size).toBe(1);
});

test("a failure that will not pass, or comes too often, leaves a dead part that is seen", async () => {
  const net = network({}, (row) => (row.payload === "bad" ? fault("request.invalid", { reason: "no" }) : fault("busy", { reason: "later" }, { retryAfterMs: 10 })));
  const { plan, clock, send } = await setUp({ net: net.deliverer });
  await plan("bad", "net:a:b", "bad");
  expect(await send("bad", signal)).toMatchObject([{ state: "dead", tries: 1 }]);
  await plan("busy", "net:a:b", "busy");
  const sent = send("busy", signal);
  for (let i = 0; i < 3; i++) {
    await soon();
    await clock.advance(10);
  }
  expect(await sent).toMatchObject([{ state: "dead", tries: 3 }]);
});

test("an end nobody can judge is unknown on a network without ids, and is not sent again", async () => {
  const net = network({}, () => "lost");
  const { plan, send } = await setUp({ net: net.deliverer });
  await plan("run", "net:a:b", "one");
  expect(await send("run", signal)).toMatchObject([{ state: "unknown" }]);
  expect(await send("run", signal)).toMatchObject([{ state: "unknown" }]);
  expect(net.arrived).toEqual(["one"]);
});

test("one target's trouble does not hold another's parts back", async () => {
  const slow = network({}, (_, attempt) => (attempt === 1 ? fault("busy", { reason: "wait" }, { retryAfterMs: 60_000 }) : undefined));
  const fast = network();
  const { plan, clock, send } = await setUp({ slow: slow.deliverer, fast: fast.deliverer });
  await plan("a", "slow:x", "s1");
  await plan("b", "slow:x", "s2");
  await plan("c", "fast:y", "f1");
  const slowOnes = Promise.all([send("a", signal), send("b", signal)]);
  expect(await send("c", signal)).toMatchObject([{ state: "sent" }]);
  await soon();
  expect(slow.arrived).toEqual([]);
  await clock.advance(60_000);
  await slowOnes;
  expect(slow.arrived).toEqual(["s1", "s2"]);
});

/** Parts that an earlier process left planned or in sending, on networks with ids, with a history and with neither. */
async function takesUp(create: Create): Promise<number> {
  const withIds = network({ takesIds: true });
  const withHistory = network({ find: async (row) => (row.payload === "arrived" ? { receipt: "found" } : undefined) });
  const blind = network();
  const { clock, store, plan, restarted } = await setUp({ ids: withIds.deliverer, history: withHistory.deliverer, blind: blind.deliverer, webchat: webchatDeliverer }, create);
  await plan("i", "ids:x", "one");
  await plan("h1", "history:x", "arrived");
  await plan("h2", "history:x", "did not arrive");
  await plan("b", "blind:x", "doubtful");
  await plan("p", "blind:x", "planned");
  await plan("w", "webchat", "text");
  for (const id of ["i#0", "h1#0", "h2#0", "b#0"]) await store.rows.commit([{ table: "outbox", key: id, set: { state: "sending", attemptId: `attempt ${id}`, tries: 1 } }]);
  const resumed = restarted().resume(signal);
  for (let i = 0; i < 5; i++) {
    await soon();
    await clock.advance(100);
  }
  const outcome = await resumed;
  expect(blind.arrived, "on a network that cannot tell").toEqual(["planned"]);
  expect(withHistory.arrived, "on a network with a history").toEqual(["did not arrive"]);
  expect(outcome, "the outcome").toEqual({ sent: 5, unknown: 1 });
  expect(withIds.attempts, "the attempt").toMatchObject([{ attemptId: "attempt i#0" }]);
  expect((await store.rows.find("outbox", { orderBy: "id" })).map((row) => [row.id, row.state])).toEqual([["b#0", "unknown"], ["h1#0", "sent"], ["h2#0", "sent"], ["i#0", "sent"], ["p#0", "sent"], ["w#0", "sent"]]);
  return 6;
}

test("[R02] a part found in sending goes again where that is safe, is looked up where it can be, and is unknown elsewhere", async () => {
  console.log(`[R02] ${await takesUp(createOutbox)} parts found at a start`);
});

test.each([
  { name: "sends again what it finds in sending", from: 'if (row.state === "planned" || !deliverer || deliverer.takesIds || deliverer.immediate) {', to: "if (row.id !== \"\") {", says: /on a network that cannot tell/ },
  { name: "does not look into the history", from: "const arrived = await deliverer.find?.(row, signal);", to: "const arrived = undefined as { receipt: string } | undefined;", says: /on a network with a history/ },
  { name: "gives up what did not arrive", from: "deliverer.find ? { state: \"planned\" } : { state: \"unknown\" }", to: "{ state: \"unknown\" }", says: /the outcome|on a network with a history|to deeply equal/ },
])("[R02] the check catches an outbox that $name", async ({ says, ...mutation }) => {
  expect(await verdictOn<{ createOutbox: Create }>({ file: "src/channels/outbox.ts", ...mutation }, ({ createOutbox: mutated }) => takesUp(mutated))).toMatch(says);
});


test("a part without anybody to take it waits; sent ones are swept when their time is over", async () => {
  const net = network();
  const { outbox, plan, clock, store, send } = await setUp({ net: net.deliverer });
  await plan("a", "nobody:x", "waits");
  await plan("b", "net:x", "goes");
  expect(await send("a", signal)).toMatchObject([{ state: "planned" }]);
  await send("b", signal);
  clock.jump(1_001);
  expect(await outbox.sweep()).toBe(1);
  expect(await store.rows.count("outbox")).toBe(1);
});

test("a stop while a part waits for its next try leaves it planned: it is known not to have arrived", async () => {
  const net = network({}, () => fault("busy", { reason: "later" }, { retryAfterMs: 60_000 }));
  const { plan, store, send } = await setUp({ net: net.deliverer });
  await plan("a", "net:x", "one");
  const stop = new AbortController();
  const sent = send("a", stop.signal);
  await soon();
  stop.abort(new Error("stopping"));
  await expect(sent).rejects.toThrow("stopping");
  expect(await store.rows.get("outbox", "a#0")).toMatchObject({ state: "planned", tries: 1 });
});
