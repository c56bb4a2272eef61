import { describe, expect, it } from "vitest";
import demo from "../../extensions/demo/index.ts";
import piAi from "../../extensions/pi-ai/index.ts";
import { createModelsKit } from "../../test/fixtures/models/models-kit.ts";
import { createFakeClock } from "../base/fake-clock.ts";
import { createLog } from "../base/log.ts";
import type { ConfigDocument } from "../config/schema.ts";
import type { ModelProvider } from "../sdk/provider.ts";
import { createTestHost } from "../sdk/testing/host.ts";
import { createScriptedProvider, type Step } from "../sdk/testing/scripted-provider.ts";

const clock = createFakeClock();
const host = { ...createTestHost(), clock };
const builtIn: ModelProvider[] = [...((await piAi(host)).providers ?? []), ...((await demo(host)).providers ?? [])];

const kitOf = (document: ConfigDocument, env: Record<string, string> = {}, more: readonly ModelProvider[] = []) => createModelsKit({ document, env, clock, providers: [...more, ...builtIn] });
const own = { baseUrl: "http://models.example/v1", models: [{ id: "small" }, { id: "big", contextWindow: 200_000 }] };

describe("the catalogue", () => {
  it("is the demo alone when nothing is configured", async () => {
    const { models } = kitOf({});
    expect(await models.list()).toMatchObject([{ id: "assistant", provider: "demo", demo: true, available: true }]);
  });

  it("is what has a key, from the configuration or the environment, and then no demo", async () => {
    const byConfig = await kitOf({ models: { providers: { anthropic: { apiKey: "k" } } } }).models.list();
    expect(byConfig.length).toBeGreaterThan(3);
    expect(byConfig.every((model) => model.provider === "anthropic" && model.available)).toBe(true);
    const byVariable = await kitOf({}, { OPENAI_API_KEY: "k" }).models.list();
    expect(new Set(byVariable.map((model) => model.provider))).toEqual(new Set(["openai"]));
    const byFile = await kitOf({ env: { vars: { XAI_API_KEY: "k" } } }).models.list();
    expect(new Set(byFile.map((model) => model.provider))).toEqual(new Set(["xai"]));
    const ambient = await kitOf({}, { AWS_PROFILE: "work" }).models.list();
    expect(ambient.every((model) => model.provider === "amazon-bedrock" && model.available)).toBe(true);
  });

  it("shows models of a provider whose key is missing as not available, beside the demo", async () => {
    const list = await kitOf({ models: { providers: { anthropic: {} } } }).models.list();
    expect(list[0]).toMatchObject({ provider: "demo" });
    expect(list.filter((model) => model.available)).toHaveLength(1);
  });

  it("lists everything there could be when asked for all", async () => {
    const all = await kitOf({ models: { providers: { mine: own } } }).models.list({ all: true });
    expect(new Set(all.map((model) => model.provider)).size).toBeGreaterThan(35);
    expect(all.filter((model) => model.available).map((model) => `${model.provider}/${model.id}`)).toEqual(["demo/assistant", "mine/small", "mine/big"]);
  });

  it("adds to a known provider, or replaces its list", async () => {
    const merged = await kitOf({ models: { providers: { openai: { apiKey: "k", models: [{ id: "gpt-new", contextWindow: 5 }] } } } }).models.list();
    expect(merged[0]).toMatchObject({ id: "gpt-new", contextWindow: 5 });
    expect(merged.length).toBeGreaterThan(10);
    const replaced = await kitOf({ models: { mode: "replace", providers: { openai: { apiKey: "k", models: [{ id: "gpt-new" }] } } } }).models.list();
    expect(replaced.map((model) => model.id)).toEqual(["gpt-new"]);
  });

  it("follows the configuration without a restart", async () => {
    const { models, configure } = kitOf({});
    expect((await models.list())[0]?.provider).toBe("demo");
    await configure({ models: { providers: { mine: own } } });
    expect((await models.list()).map((model) => model.id)).toEqual(["small", "big"]);
    await configure({ models: { providers: { mine: { ...own, models: [{ id: "other" }] } } } });
    expect((await models.list()).map((model) => model.id)).toEqual(["other"]);
  });

  it("survives a provider whose list cannot be read", async () => {
    const broken: ModelProvider = { ...createScriptedProvider({ id: "broken", models: [], clock, play: () => [] }), models: async () => Promise.reject(new Error("no list")) };
    const list = await kitOf({ models: { providers: { broken: {}, mine: own } } }, {}, [broken]).models.list();
    expect(list.map((model) => model.provider)).toEqual(["mine", "mine"]);
  });
});

it("says little about a list that cannot be read: nothing when nobody set it up, one line without a stack when somebody did", async () => {
  const broken: ModelProvider = { ...createScriptedProvider({ id: "broken", models: [], clock, play: () => [] }), models: async () => Promise.reject(new Error("connection refused")) };
  const said = async (document: ConfigDocument) => {
    const lines: string[] = [];
    const log = createLog({ level: () => "warn", sinks: [{ write: (line) => lines.push(line) }] });
    await createModelsKit({ document, clock, providers: [broken], log }).models.list({ all: true });
    return lines;
  };
  expect(await said({})).toEqual([]);
  const [line = "", ...more] = await said({ models: { providers: { broken: {} } } });
  expect(more).toEqual([]);
  expect(line).toContain("connection refused");
  expect(line).not.toContain("stack");
});

describe("finding a model", () => {
  const { models } = kitOf({ models: { providers: { mine: own, anthropic: { apiKey: "k" } } }, agents: { defaults: { models: { "mine/big": { alias: "Boss" } } } } });
  it.each([
    ["mine/small", "mine", "small"],
    ["MINE/small", undefined, undefined],
    ["mine/SMALL", "mine", "small"],
    ["boss", "mine", "big"],
    ["big", "mine", "big"],
    ["claude-sonnet-5", "anthropic", "claude-sonnet-5"],
    ["mine/not-listed-but-there", "mine", "not-listed-but-there"],
    ["demo/assistant", "demo", "assistant"],
    ["demo", "demo", "assistant"],
  ])("%s", async (name, provider, id) => {
    if (provider === undefined) await expect(models.find(name)).rejects.toMatchObject({ code: "model.unknown" });
    else expect(await models.find(name)).toMatchObject({ provider, id });
  });

  it("names the nearest when there is none", async () => {
    for (const name of ["anthropic/claude-sonet-5", "claude", "", "x/", "/y", "nobody/nothing"]) await expect(models.find(name), name).rejects.toMatchObject({ code: "model.unknown" });
    await expect(models.find("anthropic/claude-5-sonnet")).rejects.toMatchObject({ details: { suggestions: expect.arrayContaining(["anthropic/claude-sonnet-5"]) } });
  });
});

describe("which model serves a run", () => {
  const document: ConfigDocument = {
    models: { providers: { mine: own } },
    agents: { defaults: { model: { primary: "mine/small", fallbacks: ["mine/big"] } }, list: [{ id: "main" }, { id: "poet", model: "mine/big" }, { id: "clerk", model: { primary: "mine/big", fallbacks: ["mine/small"] } }] },
  };
  const names = async (want: object, doc = document) => {
    const kit = kitOf(doc);
    const policy = await kit.models.policy({ agentId: "main", config: kit.config(), ...want });
    return { names: policy.candidates.map((model) => `${model.provider}/${model.id}`), pinned: policy.pinned };
  };
  it.each([
    ["the defaults and their fallbacks", {}, ["mine/small", "mine/big"], false],
    ["the agent's own", { agentId: "clerk" }, ["mine/big", "mine/small"], false],
    ["the agent's own with the general fallbacks", { agentId: "poet" }, ["mine/big"], false],
    ["an agent that is not listed", { agentId: "new" }, ["mine/small", "mine/big"], false],
    ["the session's", { sessionModel: "mine/big" }, ["mine/big"], true],
    ["the run's over the session's", { sessionModel: "mine/big", runModel: "mine/small" }, ["mine/small"], true],
    ["the word default as no wish", { runModel: "default", sessionModel: " " }, ["mine/small", "mine/big"], false],
  ])("%s", async (_what, want, expected, pinned) => {
    expect(await names(want)).toEqual({ names: expected, pinned });
  });

  it("is a configured one when none is named, and the demo when there is none at all", async () => {
    expect(await names({}, { models: { providers: { anthropic: { apiKey: "k" } } } })).toEqual({ names: ["anthropic/claude-sonnet-5"], pinned: false });
    expect(await names({}, {})).toEqual({ names: ["demo/assistant"], pinned: false });
    expect(await names({}, { models: { providers: { anthropic: {} } } })).toEqual({ names: ["demo/assistant"], pinned: false });
  });

  it("is never the demo instead of one that was named", async () => {
    const kit = kitOf({ models: { providers: { anthropic: {} } }, agents: { defaults: { model: "anthropic/claude-sonnet-5" } } });
    const got = await kit.call({});
    expect(got.last).toMatchObject({ type: "failed", kind: "auth", reason: expect.stringMatching(/no credential for provider anthropic.*ANTHROPIC_API_KEY.*openclaw onboard/) });
    await expect(names({ runModel: "anthropic/nope" }, {})).rejects.toMatchObject({ code: "model.unknown" });
  });

  it("goes on to a fallback with a key, and says so, when the first has none", async () => {
    const good = createScriptedProvider({ id: "good", models: ["one"], clock, play: () => [{ say: "hi" }] });
    const kit = kitOf({ models: { providers: { anthropic: {}, good: {} } }, agents: { defaults: { model: { primary: "anthropic/claude-sonnet-5", fallbacks: ["good/one"] } } } }, {}, [good]);
    const got = await kit.call({});
    expect(got.text).toBe("hi");
    expect(got.events[0]).toMatchObject({ type: "fallback", from: "anthropic/claude-sonnet-5", to: "good/one" });
  });
});

describe("providers for onboarding", () => {
  it("are listed with what they need and what they have", async () => {
    const { models } = kitOf({ models: { providers: { mine: own, openai: { apiKey: "k" } } } }, { GEMINI_API_KEY: "g" });
    const by = new Map((await models.providers()).map((one) => [one.id, one]));
    expect(by.size).toBeGreaterThan(40);
    expect(by.get("anthropic")).toMatchObject({ label: "Anthropic", configured: false, needsKey: true, keyEnv: "ANTHROPIC_API_KEY", keyHint: expect.any(String) });
    expect(by.get("openai")).toMatchObject({ configured: true, keySource: "config" });
    expect(by.get("google")).toMatchObject({ configured: true, keySource: "environment" });
    expect(by.get("ollama")).toMatchObject({ configured: false, needsKey: false, baseUrl: "http://localhost:11434/v1" });
    expect(by.get("mine")).toMatchObject({ label: "mine", configured: true, baseUrl: own.baseUrl });
    const { models: behindLogin } = kitOf({ models: { providers: { mine: { ...own, baseUrl: "https://ann:hunter2@models.example/v1" } } } }, {});
    expect((await behindLogin.providers()).find((one) => one.id === "mine")?.baseUrl).toBe("https://ann:__OPENCLAW_REDACTED__@models.example/v1");
    expect(by.has("*")).toBe(false);
    expect(by.has("demo")).toBe(false);
    expect(JSON.stringify([...by.values()])).not.toMatch(/"k"|"g"/);
  });

  it("can be tested with one tiny request", async () => {
    const tested = async (steps: readonly Step[]) => {
      const one = createScriptedProvider({ id: "one", models: ["m"], clock, play: () => steps });
      return { result: await kitOf({ models: { providers: { one: {} } } }, {}, [one]).models.test("one", new AbortController().signal), asked: one.requests };
    };
    const good = await tested([{ say: "ok" }]);
    expect(good.result).toEqual({ ok: true });
    expect(good.asked).toHaveLength(1);
    expect(good.asked[0]?.request.maxTokens).toBeLessThanOrEqual(16);
    const bad = await tested([{ fail: "auth", reason: "HTTP 401: wrong key" }]);
    expect(bad.result).toEqual({ ok: false, kind: "auth", reason: "HTTP 401: wrong key" });
    expect((await tested([{ fail: "server", reason: "down" }])).asked).toHaveLength(1);
    expect(await kitOf({}).models.test("nobody", new AbortController().signal)).toMatchObject({ ok: false });
  });
});

describe("the status of models", () => {
  it("is what was seen, with its time", async () => {
    let ok = true;
    const one = createScriptedProvider({ id: "one", models: ["m"], clock, play: () => (ok ? [{ say: "ok" }] : [{ fail: "billing", reason: "no money" }]) });
    const kit = kitOf({ models: { providers: { one: {} } }, agents: { defaults: { model: "one/m" } } }, {}, [one]);
    expect(kit.models.status()).toEqual([]);
    await kit.call({});
    const successAt = clock.now();
    ok = false;
    await clock.advance(60_000);
    await kit.call({});
    const [status] = kit.models.status();
    expect(status).toMatchObject({ id: "one/m", provider: "one", circuit: "closed", lastFailure: { kind: "billing", reason: "no money" } });
    expect(status?.lastSuccessAt).toBeLessThanOrEqual(successAt);
    expect(status?.lastFailure?.at).toBeGreaterThanOrEqual(successAt + 60_000);
  });
});
