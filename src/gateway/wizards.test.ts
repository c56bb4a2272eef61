// Onboarding step by step: provider, key, model; wrong keys, cancelling, one at a time.
import { describe, expect, it } from "vitest";
import { createFakeClock } from "../base/fake-clock.ts";
import { createCountingIds } from "../base/ids.ts";
import { createWizards, type WizardsDeps } from "./wizards.ts";

function set(options: { testOk?: (key: string) => boolean; needsKey?: boolean; models?: string[] } = {}) {
  const clock = createFakeClock();
  const written: [string, unknown][] = [];
  let key = "";
  const deps = {
    clock,
    ids: createCountingIds(),
    config: {
      async set(path: string, value: unknown) {
        written.push([path, value]);
        if (path.endsWith("apiKey")) key = String(value);
        return { applied: true, paths: [path], restart: [], issues: [] };
      },
      current: () => ({}),
    },
    models: {
      providers: async () => [{ id: "openai", label: "OpenAI", configured: false, needsKey: options.needsKey ?? true, keyEnv: "OPENAI_API_KEY" }],
      list: async () => (options.models ?? ["a", "b"]).map((id) => ({ id, name: id.toUpperCase(), provider: "openai" })),
      test: async () => ((options.testOk ?? (() => true))(key) ? { ok: true } : { ok: false, reason: "401" }),
    },
  } as unknown as WizardsDeps; // the few members it uses
  return { clock, written, deps, wizards: createWizards(deps) };
}
const { signal } = new AbortController();

describe("onboarding", () => {
  it("asks for provider, key and model, and writes each answer as it comes", async () => {
    const { wizards, written } = set();
    const first = await wizards.start(signal);
    expect(first).toMatchObject({ done: false, status: "running", step: { type: "select" } });
    expect(first.step?.options?.map((option) => option.value)).toEqual(["openai", "__later__"]);
    const second = await wizards.next(first.sessionId, { stepId: first.step?.id ?? "", value: "openai" }, signal);
    expect(second.step).toMatchObject({ type: "text", sensitive: true });
    const third = await wizards.next(first.sessionId, { stepId: second.step?.id ?? "", value: " sk-1 " }, signal);
    expect(third.step).toMatchObject({ type: "select", initialValue: "openai/a" });
    expect(await wizards.next(first.sessionId, { stepId: third.step?.id ?? "", value: "openai/b" }, signal)).toEqual({ done: true, status: "done" });
    expect(written).toEqual([["models.providers.openai.apiKey", "sk-1"], ["agents.defaults.model", "openai/b"]]);
    expect(wizards.status(first.sessionId)).toEqual({ status: "done" });
    await expect(wizards.next(first.sessionId, undefined, signal)).rejects.toThrow("wizard not running");
  });

  it("asks again for a key that the provider refuses, and for an empty one", async () => {
    const { wizards } = set({ testOk: (key) => key === "good" });
    const { sessionId, step } = await wizards.start(signal);
    let at = await wizards.next(sessionId, { stepId: step?.id ?? "", value: "openai" }, signal);
    for (const [value, words] of [["", "empty"], ["bad", "401"]] as const) {
      at = await wizards.next(sessionId, { stepId: at.step?.id ?? "", value }, signal);
      expect(at.step?.message).toContain(words);
    }
    at = await wizards.next(sessionId, { stepId: at.step?.id ?? "", value: "good" }, signal);
    expect(at.step?.type).toBe("select");
    await expect(wizards.next(sessionId, { stepId: at.step?.id ?? "", value: "openai/none" }, signal)).rejects.toThrow("choose one of the models");
  });

  it("skips what is not needed: later, no key, no models", async () => {
    const late = set();
    const start = await late.wizards.start(signal);
    expect(await late.wizards.next(start.sessionId, { stepId: start.step?.id ?? "", value: "__later__" }, signal)).toEqual({ done: true, status: "done" });
    expect(late.written).toEqual([]);
    const local = set({ needsKey: false, models: [] });
    const begun = await local.wizards.start(signal);
    expect((await local.wizards.next(begun.sessionId, { stepId: begun.step?.id ?? "", value: "openai" }, signal)).done).toBe(true);
  });

  it("shows the step again when the answer is to another one or missing", async () => {
    const { wizards } = set();
    const { sessionId, step } = await wizards.start(signal);
    expect((await wizards.next(sessionId, undefined, signal)).step).toEqual(step);
    expect((await wizards.next(sessionId, { stepId: "other", value: "openai" }, signal)).step).toEqual(step);
    await expect(wizards.next(sessionId, { stepId: step?.id ?? "", value: "nobody" }, signal)).rejects.toThrow("choose one of the providers");
  });

  it("runs one at a time, ends when cancelled or left alone", async () => {
    const { wizards, clock } = set();
    const { sessionId } = await wizards.start(signal);
    await expect(wizards.start(signal)).rejects.toThrow("wizard already running");
    expect(wizards.cancel(sessionId)).toEqual({ status: "cancelled" });
    expect(wizards.status(sessionId)).toEqual({ status: "cancelled" });
    const again = await wizards.start(signal);
    await clock.advance(900_001);
    expect(wizards.status(again.sessionId)).toEqual({ status: "cancelled" });
    expect(() => wizards.status("nobody")).toThrow("wizard not found");
    expect(clock.pending()).toBe(0);
  });

  it("takes an answer that is given twice for one, and none for an answer to the step after it", async () => {
    const { wizards, written } = set({ needsKey: false });
    const { sessionId, step } = await wizards.start(signal);
    const answer = { stepId: step?.id ?? "", value: "openai" };
    const [one, other] = await Promise.all([wizards.next(sessionId, answer, signal), wizards.next(sessionId, answer, signal)]);
    expect(other).toEqual(one);
    expect(one.step?.options?.map((option) => option.value)).toEqual(["openai/a", "openai/b"]);
    expect((await wizards.next(sessionId, answer, signal)).step).toEqual(one.step);
    expect(written).toEqual([]);
  });

  it("stays at its step when what follows cannot be worked out, and takes the same answer again", async () => {
    const { wizards, written, deps } = set({ needsKey: false });
    const { list } = deps.models;
    deps.models.list = () => Promise.reject(new Error("no network"));
    const { sessionId, step } = await wizards.start(signal);
    const answer = { stepId: step?.id ?? "", value: "openai" };
    await expect(wizards.next(sessionId, answer, signal)).rejects.toThrow("no network");
    deps.models.list = list;
    const next = await wizards.next(sessionId, answer, signal);
    expect(next.step?.options?.map((option) => option.value)).toEqual(["openai/a", "openai/b"]);
    expect(written).toEqual([]);
  });

  it("that was cancelled at work does not end the one that was begun after it", async () => {
    const { wizards, deps } = set({ needsKey: false, models: [] });
    const gate = Promise.withResolvers<never[]>();
    deps.models.list = () => gate.promise;
    const first = await wizards.start(signal);
    const late = wizards.next(first.sessionId, { stepId: first.step?.id ?? "", value: "openai" }, signal);
    wizards.cancel(first.sessionId);
    const second = await wizards.start(signal);
    gate.resolve([]);
    await expect(late).rejects.toThrow("wizard not running");
    expect(wizards.status(second.sessionId)).toEqual({ status: "running" });
  });
});
