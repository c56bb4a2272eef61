// What the doctor says of the model that answers by default.
import { describe, expect, it } from "vitest";
import { chosenModel } from "./doctor-providers.ts";

const providers = [
  { id: "local", configured: true, needsKey: false },
  { id: "anthropic", configured: false, needsKey: true },
  { id: "openai", configured: false, needsKey: true, keySource: "environment" },
];

describe("the default model", () => {
  it("fails where its provider has no key, or there is none", () => {
    expect(chosenModel("anthropic/claude", providers)).toMatchObject([{ id: "model", state: "fail", detail: expect.stringContaining("has no key"), next: "openclaw onboard --provider anthropic" }]);
    expect(chosenModel("nobody/x", providers)).toMatchObject([{ id: "model", state: "fail", detail: expect.stringContaining("no provider nobody") }]);
  });

  it("is nothing to speak of where it can answer", () => {
    for (const model of ["local/llama", "openai/gpt-5.5", "demo/assistant"]) expect(chosenModel(model, providers)).toEqual([]);
  });
});
