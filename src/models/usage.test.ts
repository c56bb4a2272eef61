import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { systemClock } from "../base/clock.ts";
import { createFakeClock } from "../base/fake-clock.ts";
import { systemIds } from "../base/ids.ts";
import { silentLog } from "../base/log.ts";
import type { SessionStore } from "../sdk/backends.ts";
import type { AssistantMessage } from "../sdk/provider.ts";
import { systemDisk } from "../store/disk.ts";
import { createLocalStore } from "../store/local-store.ts";
import { createPaths } from "../store/paths.ts";
import { createUsage } from "./usage.ts";

let dir = "";
let store: SessionStore;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "openclaw-usage-"));
  store = await createLocalStore({ disk: systemDisk, clock: systemClock, ids: systemIds, log: silentLog, paths: createPaths(dir, join(dir, "config.yaml")) });
});
afterEach(async () => {
  await store.close();
  await rm(dir, { recursive: true, force: true });
});

const noon = new Date(2026, 10, 21, 12).getTime();
const message = (at: number, cost: number | undefined, input = 10): AssistantMessage => ({
  role: "assistant",
  content: [],
  api: "x",
  provider: "p",
  model: "m",
  usage: { input, output: 5, cacheRead: 2, cacheWrite: 1, totalTokens: input + 8, ...(cost === undefined ? {} : { cost: { input: 0, output: 0, cacheRead: 0, cacheWrite: 0, total: cost } }) },
  stopReason: "stop",
  timestamp: at,
});
const about = (runId: string, step: number, sessionKey = "agent:main:main") => ({ runId, step, sessionKey, agentId: "main" });

describe("the usage ledger", () => {
  it("books the provider's own figures once per step, also when the step is committed again", async () => {
    const usage = createUsage({ clock: createFakeClock(noon), rows: store.rows });
    await store.rows.commit([usage.book(message(noon, 0.5), about("r", 0)), usage.book(message(noon, 0.25), about("r", 1))]);
    await store.rows.commit([usage.book(message(noon, 0.25), about("r", 1))]);
    expect(await usage.bySession("agent:main:main")).toEqual({ input: 20, output: 10, cacheRead: 4, cacheWrite: 2, totalTokens: 36, totalCost: 0.75, missingCostEntries: 0 });
    expect(await usage.bySession("agent:main:other")).toMatchObject({ totalTokens: 0, totalCost: 0 });
  });

  it("counts calls whose price nobody knows instead of calling them free", async () => {
    const usage = createUsage({ clock: createFakeClock(noon), rows: store.rows });
    await store.rows.commit([usage.book(message(noon, undefined), about("r", 0)), usage.book(message(noon, 0), about("r", 1))]);
    expect(await usage.bySession("agent:main:main")).toMatchObject({ totalCost: 0, missingCostEntries: 1 });
    expect((await usage.rows(0)).map((row) => row.cost)).toEqual([null, 0]);
  });

  it("gives every day its sum, days without a call included, in the machine's own zone", async () => {
    const usage = createUsage({ clock: createFakeClock(noon), rows: store.rows });
    const day = 86_400_000;
    const at = [noon, new Date(2026, 10, 21, 0, 0, 1).getTime(), noon - 2 * day, noon - 30 * day];
    await store.rows.commit(at.map((when, index) => usage.book(message(when, 1), about("r", index))));
    const daily = await usage.daily(4);
    expect(daily.map(({ date, totalCost }) => [date, totalCost])).toEqual([["2026-11-18", 0], ["2026-11-19", 1], ["2026-11-20", 0], ["2026-11-21", 2]]);
    expect(await usage.daily(0)).toEqual([]);
    expect((await usage.rows(noon - day)).length).toBe(2);
  });
});
