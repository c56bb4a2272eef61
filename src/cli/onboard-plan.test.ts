// What onboarding writes, from what was answered.
import { describe, expect, it } from "vitest";
import { modelName, planChanges } from "./onboard-plan.ts";

const paths = (answers: Parameters<typeof planChanges>[0]) => Object.fromEntries(planChanges(answers).map((change) => [change.path, change.value]));

describe("onboarding", () => {
  it("names the model with its provider, once", () => {
    expect(modelName({ provider: "openai", model: "gpt-5" })).toBe("openai/gpt-5");
    expect(modelName({ provider: "openai", model: "openai/gpt-5" })).toBe("openai/gpt-5");
    expect(modelName({ provider: "openrouter", model: "anthropic/claude" })).toBe("openrouter/anthropic/claude");
    expect(modelName({ provider: "openai" })).toBeUndefined();
  });

  it("keeps a variable's name instead of its value", () => {
    expect(paths({ provider: "openai", key: { env: "MY_KEY" } })).toEqual({ 'models.providers["openai"].apiKey': "${MY_KEY}" });
  });

  it("writes a server of one's own with its dialect and the model it serves", () => {
    expect(paths({ provider: "my.box", baseUrl: "http://10.0.0.2:1/v1", api: "openai-completions", key: { value: "k" }, model: "m" })).toEqual({
      'models.providers["my.box"].apiKey': "k",
      'models.providers["my.box"].baseUrl': "http://10.0.0.2:1/v1",
      'models.providers["my.box"].api': "openai-completions",
      'models.providers["my.box"].models': [{ id: "m" }],
      "agents.defaults.model": "my.box/m",
    });
  });

  it("gives a server that had no key one that counts", () => {
    expect(planChanges({ provider: "local", key: { value: "k" } })).toContainEqual({ path: 'models.providers["local"].auth', value: undefined });
  });

  it("names a provider that needs neither key nor address", () => {
    expect(planChanges({ provider: "ollama" })).toEqual([{ path: 'models.providers["ollama"]', value: {}, onlyIfAbsent: true }]);
    expect(paths({ provider: "ollama", workspace: "/w" })).toEqual({ 'models.providers["ollama"]': {}, "agents.defaults.workspace": "/w" });
  });
});
