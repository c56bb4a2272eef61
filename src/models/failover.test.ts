import { describe, expect, it } from "vitest";
import { createFakeClock } from "../base/fake-clock.ts";
import { createScriptedProvider, type Step } from "../sdk/testing/scripted-provider.ts";
import { createModelsKit } from "../../test/fixtures/models/models-kit.ts";
import type { ModelFailure } from "../sdk/provider.ts";

/** Two providers, a and b, that follow scripts; `b` is the fallback unless told otherwise. */
function pair(a: (call: number) => readonly Step[], b: (call: number) => readonly Step[] = () => [{ say: "from " }, { say: "b" }], model: unknown = { primary: "a/one", fallbacks: ["b/two"] }) {
  const clock = createFakeClock();
  const first = createScriptedProvider({ id: "a", models: ["one"], clock, play: (_model, call) => a(call) });
  const second = createScriptedProvider({ id: "b", models: ["two"], clock, play: (_model, call) => b(call) });
  const kit = createModelsKit({ clock, providers: [first, second], document: { models: { providers: { a: {}, b: {} } }, agents: { defaults: { model: model as string } } } });
  return { ...kit, first, second };
}

const kinds = (kit: { events: readonly { type: string }[] }) => kit.events.map((event) => event.type);
const fails = (fail: ModelFailure, more: object = {}): Step[] => [{ fail, ...more }];

describe("failover", () => {
  it("tells which model answers, streams its words and ends with the whole message", async () => {
    const { call } = pair(() => [{ say: "hello " }, { say: "there" }]);
    const got = await call({});
    expect(kinds(got)).toEqual(["model", "text", "text", "done"]);
    expect(got.events[0]).toEqual({ type: "model", provider: "a", model: "one" });
    expect(got.text).toBe("hello there");
  });

  it.each(["rate-limit", "overloaded", "server", "network", "timeout", "bad-response", "unknown", "auth", "billing", "not-found"] as const)("goes on to the next model after %s, and says so", async (kind) => {
    const { call, second } = pair(() => fails(kind, { reason: "because" }));
    const got = await call({});
    expect(got.text).toBe("from b");
    expect(got.events).toContainEqual({ type: "fallback", from: "a/one", to: "b/two", reason: "because" });
    expect(second.requests).toHaveLength(1);
  });

  it.each(["context-length", "bad-request", "refused", "too-long"] as const)("does not ask another model after %s", async (kind) => {
    const { call, second } = pair(() => fails(kind, { reason: "because" }));
    const got = await call({});
    expect(got.last).toMatchObject({ type: "failed", kind, reason: "because" });
    expect(second.requests).toHaveLength(0);
  });

  it("never replaces a model that a person chose", async () => {
    for (const want of [{ runModel: "a/one" }, { sessionModel: "a/one" }]) {
      const { call, second, first } = pair(() => fails("server", { reason: "down" }));
      const got = await call(want);
      expect(got.last).toMatchObject({ type: "failed", kind: "server", reason: "down" });
      expect(second.requests).toHaveLength(0);
      expect(first.requests).toHaveLength(3);
    }
  });

  it("asks the same model again, waiting longer each time, when there is no other", async () => {
    const { call, first } = pair((n) => (n < 2 ? fails("server") : [{ say: "third" }]), undefined, "a/one");
    const got = await call({});
    expect(got.text).toBe("third");
    expect(kinds(got)).toEqual(["model", "waiting", "model", "waiting", "model", "text", "done"]);
    const [one, two, three] = first.requests.map(({ at }) => at);
    expect((three ?? 0) - (two ?? 0)).toBeGreaterThan((two ?? 0) - (one ?? 0));
  });

  it("asks once only with a wrong key, and does not try the key on its other models", async () => {
    const { call, first } = pair(() => fails("auth"), undefined, { primary: "a/one", fallbacks: ["a/other", "b/two"] });
    // a/other is unknown to the catalogue of a, so it is listed here
    const clock = createFakeClock();
    const many = createScriptedProvider({ id: "a", models: ["one", "other"], clock, play: () => fails("auth", { reason: "bad key" }) });
    const kit = createModelsKit({ clock, providers: [many], document: { models: { providers: { a: { apiKey: "k" } } }, agents: { defaults: { model: { primary: "a/one", fallbacks: ["a/other"] } } } } });
    const got = await kit.call({});
    expect(got.last).toMatchObject({ type: "failed", kind: "auth" });
    expect(many.requests).toHaveLength(1);
    await expect(call({})).rejects.toMatchObject({ code: "model.unknown" });
    expect(first.requests).toHaveLength(0);
  });

  it("gives tool calls only with a whole answer: a cut one leaves none", async () => {
    const { call } = pair(() => [{ call: { id: "1", name: "write", arguments: {} } }, { fail: "network" }], () => [{ call: { id: "2", name: "write", arguments: {} } }]);
    const got = await call({});
    expect(got.events.filter((event) => event.type === "tool-call")).toEqual([{ type: "tool-call", call: { type: "toolCall", id: "2", name: "write", arguments: {} } }]);
  });

  it("treats an empty answer as a failure", async () => {
    const { call } = pair(() => [{ say: " \n" }].slice(1));
    expect((await call({})).text).toBe("from b");
  });

  it("survives a provider that throws, and one that is deaf to aborts", async () => {
    const thrower = pair(() => [{ throw: "boom" }]);
    expect((await thrower.call({})).text).toBe("from b");
    const deaf = pair(() => [{ hang: true, deaf: true }]);
    expect((await deaf.call({})).text).toBe("from b");
  });

  it("stops at once when it is aborted, in words and in waiting", async () => {
    for (const steps of [[{ say: "x" }, { hang: true, deaf: true }], [{ fail: "server" }]] as Step[][]) {
      const { call, clock } = pair(() => steps, undefined, "a/one");
      const stop = new AbortController();
      clock.after(100, () => stop.abort(new Error("stop")));
      const got = await call({}, {}, stop.signal);
      expect(got.last).toMatchObject({ type: "failed", kind: "aborted" });
      expect(got.tookMs).toBeLessThanOrEqual(150);
    }
  });

  it("leaves no timer behind", async () => {
    const { call, clock } = pair((n) => (n === 0 ? [{ say: "a" }, { waitMs: 100 }, { say: "b" }] : fails("server")));
    await call({});
    await call({});
    expect(clock.pending()).toBe(0);
  });

  it("keeps what a failed answer said and cost, without its tool calls", async () => {
    const { call } = pair(() => [{ say: "half" }, { call: { id: "1", name: "write", arguments: {} } }, { fail: "network", reason: "cut" }]);
    const got = await call({});
    expect(got.last).toMatchObject({ type: "failed", kind: "network", message: { content: [{ type: "text", text: "half" }], stopReason: "error", errorMessage: "cut", usage: { totalTokens: 15 } } });
  });

  it("names every model and its reason in the one error at the end", async () => {
    const { call } = pair(() => fails("billing", { reason: "no money" }), () => fails("auth", { reason: "bad key" }));
    const got = await call({});
    expect(got.last).toMatchObject({ type: "failed", kind: "billing", reason: "a/one: no money; b/two: bad key" });
    expect(kinds(got).filter((type) => type === "failed")).toHaveLength(1);
  });
});

describe("failover and what was already shown", () => {
  it("[R20] never repeats or replaces text that was shown: a stream cut after each of n words", async () => {
    const words = Array.from({ length: 40 }, (_, index) => `w${index} `);
    let cases = 0;
    for (const kind of ["network", "server", "bad-response", "timeout"] as const) {
      for (let cut = 0; cut <= words.length; cut++) {
        const { call, second } = pair(() => [...words.slice(0, cut).map((say) => ({ say })), { fail: kind, reason: "cut" } as Step]);
        const got = await call({});
        cases++;
        if (cut === 0) {
          expect(got.text).toBe("from b");
          expect(got.last?.type).toBe("done");
        } else {
          expect(got.text).toBe(words.slice(0, cut).join(""));
          expect(got.last).toMatchObject({ type: "failed", kind, message: { content: [{ type: "text", text: got.text }], errorMessage: "cut" } });
          expect(second.requests).toHaveLength(0);
          expect(got.events.some((event) => event.type === "fallback")).toBe(false);
        }
      }
    }
    console.log(`[R20] ${cases} cut streams, none repeated`);
  });

  it("[R20] may ask again for an answer that nobody saw", async () => {
    let cases = 0;
    for (let cut = 1; cut <= 20; cut++) {
      const { call } = pair(() => [...Array.from({ length: cut }, (_, index) => ({ say: `w${index} ` })), { fail: "network" } as Step]);
      const got = await call({}, { buffered: true });
      expect(got.text).toBe("from b");
      cases++;
    }
    console.log(`[R20] ${cases} buffered streams, each answered whole by the next model`);
  });

  it("may go on to another model after thoughts alone, with a mark between", async () => {
    const { call } = pair(() => [{ think: "hmm" }, { fail: "network" }]);
    const got = await call({});
    expect(kinds(got)).toEqual(["model", "thinking", "fallback", "model", "text", "text", "done"]);
  });
});

describe("deadlines and circuits", () => {
  it("[R19] first word or next model within 8 s, however the first one is silent", async () => {
    const silent: Step[][] = [[{ hang: true }], [{ hang: true, deaf: true }], [{ started: true }, { hang: true }], [{ waitMs: 7_900 }, { say: "late" }], [{ started: true }, { waitMs: 60_000 }, { say: "late" }]];
    let cases = 0;
    for (const steps of silent) {
      for (let calls = 0; calls < 4; calls++) {
        const { call, second, first } = pair(() => steps);
        const got = await call({});
        cases++;
        expect(got.text).toBe("from b");
        expect((second.requests[0]?.at ?? Infinity) - (first.requests[0]?.at ?? 0)).toBeLessThanOrEqual(8_000);
      }
    }
    console.log(`[R19] ${cases} silent starts, each passed on within 8 s`);
  });

  it("[R19] a model that speaks in time is not cut off, and one that falls silent later is", async () => {
    const slow = pair(() => [{ waitMs: 6_500 }, { say: "a" }, { waitMs: 50_000 }, { say: "b" }]);
    expect((await slow.call({})).text).toBe("ab");
    const stalled = pair(() => [{ say: "a" }, { hang: true }]);
    const got = await stalled.call({});
    expect(got.last).toMatchObject({ type: "failed", kind: "timeout" });
    expect(got.tookMs).toBeLessThanOrEqual(60_100);
  });

  it("[R19] the turn's deadline holds whatever models and retries do", async () => {
    const scripts: Step[][] = [[{ hang: true }], [{ say: "x" }, { waitMs: 500 }, { say: "y" }, { hang: true }], [{ fail: "rate-limit", retryAfterMs: 3_000 }], [{ fail: "server" }], Array.from({ length: 200 }, (_, index) => (index % 2 ? { waitMs: 500 } : { say: "drip " }))];
    let cases = 0;
    for (const steps of scripts) {
      for (const remainingMs of [500, 2_000, 5_000, 20_000]) {
        const { call } = pair(() => steps, () => steps);
        const got = await call({}, { remainingMs });
        cases++;
        expect(got.last?.type).toBe("failed");
        expect(got.tookMs).toBeLessThanOrEqual(remainingMs + 50);
      }
    }
    console.log(`[R19] ${cases} turns ended by their deadline`);
  });

  it("[R19] Retry-After is waited for within the deadline, and never beyond it", async () => {
    let cases = 0;
    for (const retryAfterMs of [1_000, 5_000, 30_000, 90_000]) {
      const { call, first } = pair((n) => (n === 0 ? fails("rate-limit", { retryAfterMs, reason: "slow down" }) : [{ say: "ok" }]), undefined, "a/one");
      const got = await call({}, { remainingMs: 100_000 });
      expect((first.requests[1]?.at ?? 0) - (first.requests[0]?.at ?? 0)).toBeGreaterThanOrEqual(retryAfterMs);
      expect(got.text).toBe("ok");
      cases++;
    }
    for (const retryAfterMs of [10_001, 3_600_000, 86_400_000]) {
      const { call, first } = pair(() => fails("rate-limit", { retryAfterMs, reason: "slow down" }), undefined, "a/one");
      const got = await call({}, { remainingMs: 10_000 });
      expect(got.last).toMatchObject({ type: "failed", kind: "rate-limit", reason: "slow down", retryAfterMs });
      expect(got.tookMs).toBeLessThan(1_000);
      expect(first.requests).toHaveLength(1);
      cases++;
    }
    const { call, first } = pair(() => fails("rate-limit", { retryAfterMs: 3_600_000 }));
    expect((await call({})).text).toBe("from b");
    expect((await call({})).text).toBe("from b");
    expect(first.requests).toHaveLength(1);
    const next = pair((n) => (n === 0 ? fails("rate-limit", { retryAfterMs: 20_000 }) : [{ say: "ok" }]), undefined, "a/one");
    await next.call({}, { remainingMs: 10_000 });
    const second = await next.call({}, { remainingMs: 60_000 });
    expect(second.text).toBe("ok");
    expect(second.tookMs).toBeGreaterThan(15_000);
    console.log(`[R19] ${cases + 2} Retry-After cases`);
  });

  it("[R19] a circuit opens after 5 failures in 30 s and is probed once per 15 s", async () => {
    const { call, first, clock, models } = pair(() => fails("server", { reason: "down" }));
    for (let n = 0; n < 5; n++) expect((await call({})).text).toBe("from b");
    expect(first.requests).toHaveLength(5);
    expect(models.status().find(({ id }) => id === "a/one")).toMatchObject({ circuit: "open", lastFailure: { kind: "server", reason: "down" } });
    const openedAt = clock.monotonic();
    for (let second = 0; second < 120; second++) {
      expect((await call({})).text).toBe("from b");
      await clock.advance(1_000 - 50);
    }
    const probes = first.requests.slice(5).map(({ at }) => at - openedAt);
    expect(probes.length).toBeGreaterThanOrEqual(7);
    for (const [index, at] of probes.entries()) expect(at - (probes[index - 1] ?? 0)).toBeGreaterThanOrEqual(14_900);
    console.log(`[R19] 125 calls against an open circuit, ${probes.length} probes in 120 s`);
  });

  it("[R19] failures spread over more than 30 s open nothing", async () => {
    const { call, first, clock } = pair(() => fails("server"));
    for (let n = 0; n < 12; n++) {
      await call({});
      await clock.advance(8_000);
    }
    expect(first.requests).toHaveLength(12);
  });

  it("[R19] one good probe closes the circuit again", async () => {
    const { call, first, clock, models } = pair((n) => (n < 5 ? fails("server") : [{ say: "back" }]));
    for (let n = 0; n < 5; n++) await call({});
    await clock.advance(15_000);
    expect((await call({})).text).toBe("back");
    expect((await call({})).text).toBe("back");
    expect(first.requests).toHaveLength(7);
    expect(models.status().find(({ id }) => id === "a/one")).toMatchObject({ circuit: "closed", lastSuccessAt: expect.any(Number) });
  });

  it("answers at once and clearly when every model rests", async () => {
    const { call, first } = pair(() => fails("server", { reason: "down" }), undefined, "a/one");
    await call({});
    await call({});
    expect(first.requests.length).toBeGreaterThanOrEqual(5);
    const asked = first.requests.length;
    const got = await call({});
    expect(got.last).toMatchObject({ type: "failed", kind: "overloaded", reason: expect.stringMatching(/a\/one failed repeatedly \(down\) and rests for \d+ s more/) });
    expect(got.tookMs).toBeLessThan(100);
    expect(first.requests).toHaveLength(asked);
  });

  it("counts per credential: a new key starts with a closed circuit", async () => {
    const { call, first, configure } = pair(() => fails("server"), undefined, "a/one");
    for (let n = 0; n < 3; n++) await call({});
    const asked = first.requests.length;
    await configure({ models: { providers: { a: { apiKey: "new" } } }, agents: { defaults: { model: "a/one" } } });
    await call({});
    expect(first.requests.length).toBeGreaterThan(asked);
  });

  it("waits for a local model that needs no key as long as the turn lasts", async () => {
    const clock = createFakeClock();
    const local = createScriptedProvider({ id: "a", models: ["one"], clock, access: { baseUrl: "http://localhost:11434/v1" }, play: () => [{ waitMs: 300_000 }, { say: "slow but sure" }] });
    const kit = createModelsKit({ clock, providers: [local], document: { models: { providers: { a: {} } }, agents: { defaults: { model: "a/one" } } } });
    expect((await kit.call({})).text).toBe("slow but sure");
  });
});
