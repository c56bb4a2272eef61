// Copies of one signal, and a second one that is meant.
import { expect, it } from "vitest";
import { createFakeClock } from "../base/fake-clock.ts";
import { createStopSignals } from "./stop-signals.ts";

it("takes a copy within 300 ms for the same wish, and a later signal for now", async () => {
  const clock = createFakeClock();
  const heard: string[] = [];
  const onSignal = createStopSignals({ clock, ask: (signal) => heard.push(signal), now: () => heard.push("now") });
  onSignal("SIGTERM");
  onSignal("SIGTERM");
  await clock.advance(299);
  onSignal("SIGINT");
  expect(heard).toEqual(["SIGTERM"]);
  await clock.advance(1);
  onSignal("SIGINT");
  expect(heard).toEqual(["SIGTERM", "now"]);
});
