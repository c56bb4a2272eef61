import { expect, test } from "vitest";
import { createLanes, type Place } from "./lane.ts";

const never = new AbortController().signal;
const settled = async (work: Promise<unknown>) => {
  let state = "waiting";
  work.then(
    () => (state = "granted"),
    (error: Error) => (state = error.message),
  );
  for (let i = 0; i < 10; i++) await Promise.resolve();
  return state;
};

test("grants the places of one key in the order in which they were taken", async () => {
  const lanes = createLanes({ maxActive: 10, maxPerKey: 10 });
  const order: number[] = [];
  const places = [0, 1, 2].map(() => lanes.place("a"));
  const turns = places.toReversed().map(async (place) => {
    await place.turn(never);
    order.push(places.indexOf(place));
    place.release();
  });
  await Promise.all(turns);
  expect(order).toEqual([0, 1, 2]);
  expect(lanes.load()).toEqual({ active: 0, waiting: 0 });
});

test("keeps the number of active places under the cap and hands a freed slot to whoever waited longest", async () => {
  const lanes = createLanes({ maxActive: 2, maxPerKey: 1 });
  const [a, b, c, d] = ["a", "b", "c", "d"].map((key) => lanes.place(key)) as [Place, Place, Place, Place];
  await Promise.all([a.turn(never), b.turn(never)]);
  const third = c.turn(never);
  const fourth = d.turn(never);
  expect(await settled(third)).toBe("waiting");
  a.release();
  expect(await settled(third)).toBe("granted");
  expect(await settled(fourth)).toBe("waiting");
  expect(lanes.load()).toEqual({ active: 2, waiting: 1 });
});

test("frees a cap that grew, as soon as a slot comes back", async () => {
  const limits = { maxActive: 1, maxPerKey: 1 };
  const lanes = createLanes(limits);
  const first = lanes.place("a");
  await first.turn(never);
  const waiting = ["b", "c", "d"].map((key) => lanes.place(key).turn(never));
  limits.maxActive = 3;
  first.release();
  expect(await Promise.all(waiting.map(settled))).toEqual(["granted", "granted", "granted"]);
});

test("an aborted wait leaves the order and lets the next one pass", async () => {
  const lanes = createLanes({ maxActive: 1, maxPerKey: 10 });
  const stop = new AbortController();
  const first = lanes.place("a");
  await first.turn(never);
  const second = lanes.place("a");
  const third = lanes.place("a");
  const aborted = second.turn(stop.signal);
  const last = third.turn(never);
  stop.abort(new Error("stopped"));
  expect(await settled(aborted)).toBe("stopped");
  expect(third.ahead()).toBe(1);
  first.release();
  expect(await settled(last)).toBe("granted");
});

test("an abort while waiting for a slot gives nothing away", async () => {
  const lanes = createLanes({ maxActive: 1, maxPerKey: 1 });
  const stop = new AbortController();
  const first = lanes.place("a");
  await first.turn(never);
  const aborted = lanes.place("b").turn(stop.signal);
  stop.abort(new Error("stopped"));
  expect(await settled(aborted)).toBe("stopped");
  first.release();
  expect(lanes.load()).toEqual({ active: 0, waiting: 0 });
  expect(await settled(lanes.place("c").turn(never))).toBe("granted");
});

test("releasing a place ends its own wait, for the lane and for the slot", async () => {
  const lanes = createLanes({ maxActive: 1, maxPerKey: 10 });
  const first = lanes.place("a");
  await first.turn(never);
  const inLane = lanes.place("a");
  const laneTurn = inLane.turn(never);
  const forSlot = lanes.place("b");
  const slotTurn = forSlot.turn(never);
  inLane.release();
  forSlot.release();
  expect(await settled(laneTurn)).toContain("released");
  expect(await settled(slotTurn)).toContain("released");
  expect(await settled(inLane.turn(never))).toContain("released");
  expect(lanes.load()).toEqual({ active: 1, waiting: 0 });
});

test("a pause gives the slot to another key and keeps the lane; resuming twice takes one slot", async () => {
  const lanes = createLanes({ maxActive: 1, maxPerKey: 10 });
  const first = lanes.place("a");
  await first.turn(never);
  const sameKey = lanes.place("a").turn(never);
  const other = lanes.place("b");
  first.pause();
  await other.turn(never);
  expect(await settled(sameKey)).toBe("waiting");
  const both = Promise.all([first.resume(never), first.resume(never)]);
  expect(await settled(both)).toBe("waiting");
  other.release();
  expect(await settled(both)).toBe("granted");
  expect(lanes.load().active).toBe(1);
});

test("refuses a place too many, except for work that was accepted before", () => {
  const lanes = createLanes({ maxActive: 1, maxPerKey: 2 });
  lanes.place("a");
  lanes.place("a");
  expect(() => lanes.place("a")).toThrow(expect.objectContaining({ code: "lane.full" }));
  expect(lanes.place("a", { always: true }).ahead()).toBe(2);
  expect(lanes.depth("a")).toBe(3);
});
