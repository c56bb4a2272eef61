import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import piAi from "../../extensions/pi-ai/index.ts";
import { createModelsKit } from "../../test/fixtures/models/models-kit.ts";
import { startModelServer, type ModelServer } from "../../test/fixtures/model-server/model-server.ts";
import { makeMutant, type Mutation } from "../../test/fixtures/mutant.ts";
import { systemClock } from "../base/clock.ts";
import { createFakeClock } from "../base/fake-clock.ts";
import { createTestHost } from "../sdk/testing/host.ts";
import { createScriptedProvider, type Step } from "../sdk/testing/scripted-provider.ts";
import type { Models, ModelsDeps } from "./models.ts";
import { createModels } from "./models.ts";

type Create = (deps: ModelsDeps) => Models;

/** Calls a/one (fallback b/two) `times`; tells what a caller and the providers saw. */
async function observe(create: Create, play: (call: number) => readonly Step[], times = 1, model: unknown = { primary: "a/one", fallbacks: ["b/two"] }, remainingMs?: number) {
  const clock = createFakeClock();
  const first = createScriptedProvider({ id: "a", models: ["one"], clock, play: (_model, call) => play(call) });
  const second = createScriptedProvider({ id: "b", models: ["two"], clock, play: () => [{ say: "from b" }] });
  const kit = createModelsKit({ clock, createModels: create, providers: [first, second], document: { models: { providers: { a: {}, b: {} } }, agents: { defaults: { model: model as string } } } });
  let last = await kit.call({}, remainingMs === undefined ? {} : { remainingMs });
  for (let n = 1; n < times; n++) last = await kit.call({});
  const waitedMs = (second.requests[0]?.at ?? Infinity) - (first.requests[0]?.at ?? 0);
  return { text: last.text, hung: last.hung, calls: last.events.flatMap((event) => (event.type === "tool-call" ? [event.call.id] : [])), asked: first.requests.length, gapMs: (first.requests[1]?.at ?? Infinity) - (first.requests[0]?.at ?? 0), waitedMs };
}

const cut: Step[] = [{ say: "half " }, { fail: "network" }];
const half: Step[] = [{ call: { id: "cut", name: "write", arguments: {} } }, { fail: "network" }];

const cases: { promise: string; mutation: Mutation; run: (create: Create) => ReturnType<typeof observe>; sound: (seen: Awaited<ReturnType<typeof observe>>) => boolean }[] = [
  { promise: "R20", mutation: { name: "asks again after text was shown", file: "src/models/failover.ts", from: "if (wasSeen || ", to: "if (" }, run: (create) => observe(create, () => cut), sound: ({ text }) => text === "half " },
  { promise: "R18", mutation: { name: "gives every tool call twice", file: "src/models/failover.ts", from: "        return yield* answer(end);", to: "        return yield* answer({ ...end, calls: [...end.calls, ...end.calls] });" }, run: (create) => observe(create, () => [{ call: { id: "1", name: "write", arguments: {} } }]), sound: ({ calls }) => new Set(calls).size === calls.length },
  { promise: "R18", mutation: { name: "does not go on after a network failure", file: "src/models/failover.ts", from: "network: { again: true, next: true, counts: true }", to: "network: { again: true, next: false, counts: true }" }, run: (create) => observe(create, () => half), sound: ({ text, calls }) => text === "from b" && calls.length === 0 },
  { promise: "R19", mutation: { name: "waits as long for a model with a fallback as for one without", file: "src/models/models.ts", from: "const SWITCH_MS = 7_000;", to: "const SWITCH_MS = 75_000;" }, run: (create) => observe(create, () => [{ hang: true }]), sound: ({ waitedMs }) => waitedMs <= 8_000 },
  { promise: "R19", mutation: { name: "does not watch for silence", file: "src/models/attempt.ts", from: "else if (now >= dueAt) expire(reason);", to: "else if (now >= dueAt) return;" }, run: (create) => observe(create, () => [{ hang: true }], 1, undefined, 60_000), sound: ({ hung, text }) => !hung && text === "from b" },
  { promise: "R19", mutation: { name: "forgets Retry-After", file: "src/models/attempt.ts", from: "...(retryAfterMs === undefined ? {} : { retryAfterMs }),", to: "" }, run: (create) => observe(create, (call) => (call === 0 ? [{ fail: "server", retryAfterMs: 5_000 }] : [{ say: "ok" }]), 1, "a/one"), sound: ({ gapMs }) => gapMs >= 5_000 },
  { promise: "R19", mutation: { name: "waits beyond the turn's deadline", file: "src/models/failover.ts", from: "return now + pause < endsAt ? pause : undefined;", to: "return pause;" }, run: (create) => observe(create, () => [{ fail: "rate-limit", retryAfterMs: 600_000 }], 1, "a/one", 5_000), sound: ({ asked }) => asked === 1 },
  { promise: "R19", mutation: { name: "never opens a circuit", file: "src/models/breakers.ts", from: "entry.isOpen = true;", to: "entry.isOpen = false;" }, run: (create) => observe(create, () => [{ fail: "server" }], 12), sound: ({ asked }) => asked <= 6 },
  { promise: "R19", mutation: { name: "probes an open circuit at every call", file: "src/models/breakers.ts", from: "entry.probedAt + limits.restMs - now", to: "entry.probedAt - now" }, run: (create) => observe(create, () => [{ fail: "server" }], 12), sound: ({ asked }) => asked <= 6 },
  { promise: "R19", mutation: { name: "replaces a model that a person chose", file: "src/models/failover.ts", from: "policy.pinned ? policy.candidates.slice(0, 1) : policy.candidates", to: "policy.candidates" }, run: async (create) => observe((deps) => pinned(create(deps)), () => [{ fail: "auth" }]), sound: ({ text }) => text === "" },
];

/** As if a person had pinned the first candidate. */
function pinned(models: Models): Models {
  return { ...models, policy: async (want) => ({ ...(await models.policy(want)), pinned: true }) };
}

const rootOf = (mutant: { command: string[] }) => dirname(dirname(mutant.command[1] ?? ""));

describe("seeded errors in failover", () => {
  it.each(cases)("[$promise] the tests see a mutant that $mutation.name", { timeout: 60_000 }, async ({ mutation, run, sound }) => {
    expect(sound(await run(createModels))).toBe(true);
    const mutant = await makeMutant(mutation);
    try {
      const module = (await import(/* @vite-ignore */ join(rootOf(mutant), "src/models/models.ts"))) as { createModels: typeof createModels };
      expect(sound(await run(module.createModels))).toBe(false);
    } finally {
      await mutant.remove();
    }
  });
});

describe("seeded errors in the provider library's frame", () => {
  let server: ModelServer;
  beforeAll(async () => {
    server = await startModelServer({
      scenario: { kind: "text", text: "well", chunks: 2 },
      faults: (["call-cut", "duplicate-call", "huge-line"] as const).map((mode) => ({ mode, model: mode })),
      faultSettings: { hugeLineBytes: 1_000_000 },
    });
  });
  afterAll(() => server.close());

  type Extension = { default: typeof piAi };

  /** Arguments of the calls that arrive, or the kind of failure. */
  const see = async (extension: Extension["default"], model: string): Promise<unknown> => {
    const { providers = [] } = await extension({ ...createTestHost(), clock: systemClock });
    const provider = providers.find(({ id }) => id === "*");
    const settings = { baseUrl: server.baseUrl("openai-responses"), api: "openai-responses" };
    const request = { model: { id: model, provider: "x", name: model, contextWindow: 10_000, maxTokens: 1_000, reasoning: false, input: ["text" as const] }, settings, system: "", messages: [{ role: "user" as const, content: "hi", timestamp: 0 }], tools: [{ name: "read", description: "", parameters: { type: "object" } }], maxAnswerBytes: 20_000 };
    const calls: unknown[] = [];
    for await (const event of provider?.stream(request, new AbortController().signal) ?? []) {
      if (event.type === "tool-call") calls.push(event.call.arguments);
      if (event.type === "failed") return event.kind;
    }
    return calls;
  };

  it.each([
    { mutation: { name: "mends cut arguments", file: "extensions/pi-ai/pi.ts", from: '!isWholeJson(raw.get(index)?.join("") ?? "")', to: "false" }, model: "call-cut", sound: "bad-response" },
    { mutation: { name: "lets the same call through twice", file: "extensions/pi-ai/pi.ts", from: "const isNew = !seen.has(id);", to: "const isNew = true;" }, model: "duplicate-call", sound: [{ path: "notes.txt" }] },
    { mutation: { name: "reads lines without end", file: "extensions/pi-ai/provider.ts", from: "maxBytes, maxLineBytes: Math.min(maxBytes, MAX_LINE_BYTES)", to: "maxBytes: Infinity, maxLineBytes: Infinity" }, model: "huge-line", sound: "bad-response" },
  ])("[R18] the tests see a mutant that $mutation.name", { timeout: 60_000 }, async ({ mutation, model, sound }) => {
    expect(await see(piAi, model)).toEqual(sound);
    const mutant = await makeMutant(mutation);
    try {
      const module = (await import(/* @vite-ignore */ join(rootOf(mutant), "extensions/pi-ai/index.ts"))) as Extension;
      expect(await see(module.default, model)).not.toEqual(sound);
    } finally {
      await mutant.remove();
    }
  });
});
