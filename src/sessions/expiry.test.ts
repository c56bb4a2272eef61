import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isExpired, lastBoundary, ruleFor } from "./expiry.ts";

/** Local time, as the rule counts. */
const at = (day: number, hour: number, minute = 0) => new Date(2026, 5, day, hour, minute).getTime();

describe("when a conversation starts anew", () => {
  it.each([
    ["is never without a rule", {}, at(1, 0), at(30, 0), false],
    ["is never when off", { mode: "off", idleMinutes: 1 }, at(1, 0), at(30, 0), false],
    ["is not before the hour", { mode: "daily" }, at(1, 22), at(2, 3, 59), false],
    ["is at the hour", { mode: "daily" }, at(1, 22), at(2, 4, 0), true],
    ["is not again on the same day", { mode: "daily" }, at(2, 4, 1), at(2, 23), false],
    ["is at another hour when one is set", { mode: "daily", atHour: 12 }, at(2, 11), at(2, 12), true],
    ["is not when it was used after yesterday's hour and today's has not come", { mode: "daily" }, at(1, 5), at(2, 1), false],
    ["is after being idle", { mode: "idle", idleMinutes: 30 }, at(1, 10), at(1, 10, 31), true],
    ["is not when just in time", { mode: "idle", idleMinutes: 30 }, at(1, 10), at(1, 10, 30), false],
    ["is at the idle time when that comes before the daily one", { mode: "daily", idleMinutes: 60 }, at(1, 10), at(1, 12), true],
  ] as const)("%s", (_name, rule, last, now, expected) => {
    expect(isExpired(rule, last, now)).toBe(expected);
  });

  it("the boundary is at the hour of the local clock, and at most a day and an hour ago", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 23 }), fc.date({ min: new Date(2020, 0, 1), max: new Date(2035, 0, 1), noInvalidDate: true }), (hour, now) => {
        const boundary = lastBoundary(hour, now.getTime());
        expect(boundary).toBeLessThanOrEqual(now.getTime());
        expect(now.getTime() - boundary).toBeLessThan(25.5 * 3_600_000);
      }),
    );
  });
});

describe("which rule holds", () => {
  const reset = { mode: "daily" as const };
  const group = { mode: "idle" as const, idleMinutes: 5 };
  it.each([
    ["the general one", { reset }, "direct", reset],
    ["the one for the type", { reset, resetByType: { group } }, "group", group],
    ["the one for direct chats under its older name", { reset, resetByType: { dm: group } }, "direct", group],
    ["not the one for another type", { reset, resetByType: { thread: group } }, "group", reset],
    ["the older idle setting when there is no other", { idleMinutes: 7 }, "direct", { mode: "idle", idleMinutes: 7 }],
    ["the older idle setting when the general one is off", { reset: { mode: "off" as const }, idleMinutes: 7 }, "direct", { mode: "idle", idleMinutes: 7 }],
    ["none", {}, "thread", { mode: "off" }],
  ] as const)("%s", (_name, rules, type, expected) => {
    expect(ruleFor(rules, type)).toEqual(expected);
  });
});
