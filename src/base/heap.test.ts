import { expect, it } from "vitest";
import { createFakeClock } from "./fake-clock.ts";
import { keepHeapSmall, type Heap } from "./heap.ts";

const mib = 1_048_576;

function heapWith(state: { sizeMib: number; busy: number }) {
  const seen = { collected: 0 };
  const heap: Heap = {
    sizeBytes: () => state.sizeMib * mib,
    busyShare: () => state.busy,
    collect() {
      seen.collected++;
      state.sizeMib = 20;
    },
  };
  return { heap, seen };
}

it("collects once after a burst, when nobody waits, and not again before the next", async () => {
  const clock = createFakeClock();
  const state = { sizeMib: 40, busy: 0 };
  const { heap, seen } = heapWith(state);
  const keeper = keepHeapSmall(clock, heap);
  await clock.advance(60_000);
  expect(seen).toEqual({ collected: 1 });
  Object.assign(state, { sizeMib: 300, busy: 0.8 });
  await clock.advance(60_000);
  expect(seen).toEqual({ collected: 1 });
  state.busy = 0.01;
  await clock.advance(60_000);
  expect(seen.collected).toBe(2);
  keeper.cancel();
  state.sizeMib = 300;
  await clock.advance(60_000);
  expect(seen.collected).toBe(2);
  expect(clock.pending()).toBe(0);
});

it("gives real pages back", async () => {
  const clock = createFakeClock();
  let held: unknown[] | undefined = Array.from({ length: 400_000 }, (_, index) => ({ index, text: `a line of text number ${index}` }));
  const before = process.memoryUsage().heapTotal;
  expect(held).toHaveLength(400_000);
  held = undefined;
  const keeper = keepHeapSmall(clock);
  await new Promise((done) => setTimeout(done, 300)); // the loop must have been at rest
  await clock.advance(2_000);
  await new Promise((done) => setTimeout(done, 300));
  await clock.advance(2_000);
  keeper.cancel();
  expect(process.memoryUsage().heapTotal).toBeLessThan(before);
});
