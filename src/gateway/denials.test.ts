import { expect, it } from "vitest";
import { createFakeClock } from "../base/fake-clock.ts";
import { createDenials, denialLimits } from "./denials.ts";

const written = (denials: ReturnType<typeof createDenials>, actor: string, times: number) => Array.from({ length: times }, () => denials.count(actor)).filter((one) => one.isWritten);

it("writes an actor's first denials of each minute, and says with the last that more are left out", async () => {
  const clock = createFakeClock();
  const denials = createDenials(clock);
  const first = written(denials, "a", 1_000);
  expect(first).toHaveLength(denialLimits.perActor);
  expect(first.filter((one) => one.detail !== undefined)).toEqual([first.at(-1)]);
  expect(written(denials, "b", 1)).toHaveLength(1);
  await clock.advance(60_000);
  expect(written(denials, "a", 1)).toHaveLength(1);
});

it("has a bound for all actors together, whatever they call themselves", () => {
  const denials = createDenials(createFakeClock());
  let lines = 0;
  for (let n = 0; n < 20_000; n++) lines += written(denials, `actor ${n}`, 1).length;
  expect(lines).toBe(denialLimits.total);
});
