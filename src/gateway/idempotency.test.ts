// One effect per key: at once, later, after a restart and after a crash in the middle.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { importMutant } from "../../test/fixtures/mutant-module.ts";
import { createFakeClock, type FakeClock } from "../base/fake-clock.ts";
import { systemIds } from "../base/ids.ts";
import { silentLog } from "../base/log.ts";
import { systemClock } from "../base/clock.ts";
import type { SessionStore } from "../sdk/backends.ts";
import { systemDisk } from "../store/disk.ts";
import { createLocalStore } from "../store/local-store.ts";
import { createPaths } from "../store/paths.ts";
import { createIdempotency, keepMs, type KeptAnswer } from "./idempotency.ts";

let dir: string;
let store: SessionStore;
let clock: FakeClock;
const open = async () => (store = await createLocalStore({ disk: systemDisk, clock: systemClock, ids: systemIds, log: silentLog, paths: createPaths(dir, join(dir, "config.yaml")), durability: "process" }));
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "openclaw-once-"));
  clock = createFakeClock();
  await open();
});
afterEach(async () => {
  await store.close();
  await rm(dir, { recursive: true, force: true });
});

const answer = (json: string): KeptAnswer => ({ ok: true, json });
const tick = () => new Promise((done) => setTimeout(done, 5));

/** Uses one key in every way there is; returns what was wrong. */
async function onceFailures(make: typeof createIdempotency): Promise<string[]> {
  const failures: string[] = [];
  let effects = 0;
  const work = async () => {
    await tick();
    return answer(JSON.stringify({ n: ++effects }));
  };
  const first = make({ store, clock });
  const answers = await Promise.all(Array.from({ length: 100 }, () => first.once("node.invoke", "owner", "k", { a: 1, b: 2 }, work)));
  if (effects !== 1) failures.push(`100 uses at once had ${effects} effects`);
  if (new Set(answers.map((one) => JSON.stringify(one))).size !== 1) failures.push("100 uses at once had different answers");
  await first.once("node.invoke", "owner", "k", { b: 2, a: 1 }, work).catch((error: unknown) => failures.push(`a later use failed: ${String(error)}`));
  if (effects !== 1) failures.push("a later use had an effect");
  const refused = await first.once("node.invoke", "owner", "k", { a: 2 }, work).then(() => undefined, (error: { code?: string }) => error.code);
  if (refused !== "request.conflict") failures.push(`another body got ${refused}`);
  await first.once("node.invoke", "other", "k", { a: 1 }, work);
  await first.once("node.describe", "owner", "k", { a: 1 }, work);
  if (effects !== 3) failures.push("another person or method shared the key");
  const again = await make({ store, clock }).once("node.invoke", "owner", "k", { a: 1, b: 2 }, work).catch(String);
  if (effects !== 3 || JSON.stringify(again) !== JSON.stringify(answers[0])) failures.push("after a restart the answer was another");
  return failures;
}

describe("[R10] a key", () => {
  it("[R10] has one effect and one answer, however often it is used, and refuses another body", async () => {
    expect(await onceFailures(createIdempotency)).toEqual([]);
    console.log("[R10] 100 concurrent uses, 5 later ones");
  });

  it.each([
    { name: "does not share what is under way", from: "if (already) {", to: "if (already && digest === \"never\") {" },
    { name: "does not compare bodies", from: "if (row.digest !== digest) throw fault(\"request.conflict\");", to: "" },
    { name: "does not keep the answer", from: "await keep(id, digest, fresh);", to: "" },
  ])("[R10] the check sees a mutant that $name", async ({ name, from, to }) => {
    const mutant = await importMutant<{ createIdempotency: typeof createIdempotency }>({ name, file: "src/gateway/idempotency.ts", from, to });
    expect((await onceFailures(mutant.createIdempotency)).length).toBeGreaterThan(0);
  }, 60_000);

  it("[R10] is remembered over restarts for seven days", async () => {
    let effects = 0;
    const work = async () => answer(String(++effects));
    await createIdempotency({ store, clock }).once("m", "owner", "k", {}, work);
    await store.close();
    await open();
    await clock.advance(keepMs - 1);
    await createIdempotency({ store, clock }).once("m", "owner", "k", {}, work);
    expect(effects).toBe(1);
    await clock.advance(2);
    const again = createIdempotency({ store, clock });
    expect(await again.sweep()).toBe(1);
    await again.once("m", "owner", "k", {}, work);
    expect(effects).toBe(2);
  });

  it("[R10] whose use was cut off by a crash is not used again: nobody knows what came of it", async () => {
    const started = Promise.withResolvers<void>();
    void createIdempotency({ store, clock }).once("m", "owner", "k", {}, () => {
      started.resolve();
      return new Promise<never>(() => {});
    });
    await started.promise;
    await store.close();
    await open();
    await expect(createIdempotency({ store, clock }).once("m", "owner", "k", {}, async () => answer("1"))).rejects.toMatchObject({ code: "request.interrupted" });
  });

  it("keeps refusals too, and large answers as blobs", async () => {
    const once = createIdempotency({ store, clock });
    const refusal: KeptAnswer = { ok: false, error: '{"code":"node.offline","details":{}}' };
    await once.once("m", "owner", "no", {}, async () => refusal);
    expect(await once.once("m", "owner", "no", {}, async () => answer("1"))).toEqual(refusal);
    const large = answer(JSON.stringify("x".repeat(200_000)));
    await once.once("m", "owner", "large", {}, async () => large);
    const row = await store.rows.get("idempotency", "m|owner|large");
    expect(row?.answer.length).toBeLessThan(200);
    expect(await createIdempotency({ store, clock }).once("m", "owner", "large", {}, async () => answer("1"))).toEqual(large);
  });

  it("is free again when the work failed in a way that is no answer", async () => {
    const once = createIdempotency({ store, clock });
    await expect(once.once("m", "owner", "k", {}, async () => Promise.reject(new Error("bug")))).rejects.toThrow("bug");
  });
});
