import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { Secret } from "../../src/sdk/extension.ts";
import { keyVariables } from "../../src/sdk/key-variables.ts";
import type { ModelEvent, ModelInfo, ModelProvider, ModelRequest } from "../../src/sdk/provider.ts";
import { systemClock } from "../../src/sdk/testing/host.ts";
import { testProvider } from "../../src/sdk/testing/provider.ts";
import { takesFetch } from "./dialects.ts";
import { createPiProvider } from "./provider.ts";
import { anyVendor, vendors, type Vendor } from "./vendors.ts";

const sse = (events: readonly string[]): Response => new Response(events.join(""), { status: 200, headers: { "content-type": "text/event-stream" } });
const data = (value: unknown): string => `data: ${JSON.stringify(value)}\n\n`;

/** A small chat-completions server as a function: words, a tool call, a failure or silence, by the last message. */
function chatNetwork(): { fetch: typeof globalThis.fetch; count: () => number; bodies: Record<string, unknown>[]; headers: Headers[] } {
  const bodies: Record<string, unknown>[] = [];
  const headers: Headers[] = [];
  const fetch: typeof globalThis.fetch = async (input, init) => {
    const url = String(input instanceof Request ? input.url : input);
    if (url.endsWith("/models")) return Response.json({ data: [{ id: "first", max_model_len: 4_000 }, { id: "second" }] });
    const body = JSON.parse(String(init?.body)) as { messages: { content: unknown }[] } & Record<string, unknown>;
    bodies.push(body);
    headers.push(new Headers(init?.headers));
    const said = JSON.stringify(body.messages.at(-1)?.content);
    const chunk = (delta: object, finish: string | null = null) => data({ id: "c", object: "chat.completion.chunk", created: 1, model: "m", choices: [{ index: 0, delta, finish_reason: finish }] });
    const usage = data({ id: "c", object: "chat.completion.chunk", created: 1, model: "m", choices: [], usage: { prompt_tokens: 10, completion_tokens: 4, total_tokens: 14 } });
    if (said.includes("fail")) return Response.json({ error: { message: `Incorrect API key provided: ${headers.at(-1)?.get("authorization")}`, type: "invalid_request_error" } }, { status: 401 });
    if (said.includes("hang")) return new Promise((_, reject) => init?.signal?.addEventListener("abort", () => reject(init.signal?.reason as Error)));
    if (said.includes("call")) return sse([chunk({ role: "assistant", tool_calls: [{ index: 0, id: "c1", type: "function", function: { name: "read", arguments: "" } }] }), chunk({ tool_calls: [{ index: 0, function: { arguments: '{"path":' } }] }), chunk({ tool_calls: [{ index: 0, function: { arguments: '"x"}' } }] }), chunk({}, "tool_calls"), usage, "data: [DONE]\n\n"]);
    return sse([chunk({ role: "assistant", content: "hello " }), chunk({ content: "world" }), chunk({}, "stop"), usage, "data: [DONE]\n\n"]);
  };
  return { fetch, count: () => bodies.length, bodies, headers };
}

const settings = { baseUrl: "http://models.example/v1", api: "openai-completions" };
const model: ModelInfo = { id: "first", provider: "mine", name: "first", contextWindow: 4_000, maxTokens: 1_000, reasoning: false, input: ["text"] };
const request = (content: string, more: Partial<ModelRequest> = {}): ModelRequest => ({ model, settings, system: "be brief", messages: [{ role: "user", content, timestamp: 0 }], tools: [{ name: "read", description: "Reads.", parameters: { type: "object", properties: {} } }], ...more });

const network = chatNetwork();
testProvider({
  name: "pi-ai over a compatible server",
  provider: () => createPiProvider({ clock: systemClock, network: network.fetch }, anyVendor),
  setup: { provider: "mine", settings },
  speaks: request("hello"),
  calls: request("call"),
  fails: request("fail"),
  hangs: request("hang"),
  attempts: network.count,
});

function frozen<T>(value: T): T {
  if (typeof value === "object" && value !== null) for (const part of Object.values(Object.freeze(value))) frozen(part);
  return value;
}

it.each(["openai-completions", "openai-responses", "anthropic-messages", "google-generative-ai", "mistral-conversations"])("%s gets the history as it stands and changes nothing in it", async (api) => {
  let asked = 0;
  const refusing: typeof globalThis.fetch = async () => {
    asked++;
    return Response.json({ error: { message: "no", type: "authentication_error", code: 401 } }, { status: 401 });
  };
  const usage = { input: 1, output: 1, cacheRead: 0, cacheWrite: 0, totalTokens: 2 };
  const said = { role: "assistant" as const, api: "openai-completions", provider: "other", model: "other", usage, timestamp: 1 };
  const messages: ModelRequest["messages"] = frozen([
    { role: "user", content: "look", timestamp: 0 },
    { ...said, content: [{ type: "thinking", thinking: "hm" }, { type: "text", text: "I look." }, { type: "toolCall", id: "call_1|x", name: "read", arguments: { path: "a" } }], stopReason: "toolUse" },
    { role: "toolResult", toolCallId: "call_1|x", toolName: "read", content: [{ type: "text", text: "text" }], isError: false, timestamp: 2 },
    { ...said, content: [{ type: "text", text: "half" }], stopReason: "error", errorMessage: "cut" },
    { role: "user", content: [{ type: "text", text: "go on" }, { type: "image", data: "AAAA", mimeType: "image/png" }], timestamp: 3 },
  ]);
  const provider = createPiProvider({ clock: systemClock, network: refusing }, anyVendor);
  const events = await run(provider, request("", { messages, settings: { baseUrl: "http://127.0.0.1:9/v1", api }, credential: new Secret("a-key-of-some-length") }));
  expect(events.at(-1), JSON.stringify(events.at(-1))).toMatchObject({ type: "failed", kind: takesFetch(api) ? "auth" : "network" }); // a change in frozen data would be a bad request
  expect(asked).toBe(takesFetch(api) ? 1 : 0);
});

async function run(provider: ModelProvider, wanted: ModelRequest): Promise<ModelEvent[]> {
  const events: ModelEvent[] = [];
  for await (const event of provider.stream(wanted, new AbortController().signal)) events.push(event);
  return events;
}

function setUp(vendor: Vendor = anyVendor) {
  const fake = chatNetwork();
  return { ...fake, provider: createPiProvider({ clock: systemClock, network: fake.fetch }, vendor) };
}

describe("the providers", () => {
  it("are all that pi-ai has, in the manifest as in the code", async () => {
    const manifest = JSON.parse(readFileSync(new URL("./openclaw.plugin.json", import.meta.url), "utf8")) as { provides: { providers: string[] } };
    const ours = [...vendors, anyVendor].map(({ id }) => id);
    expect(manifest.provides.providers).toEqual(ours);
    const { builtinProviders } = (await import("@earendil-works/pi-ai/providers/all")) as unknown as { builtinProviders(): { id: string }[] };
    for (const { id } of builtinProviders()) expect(ours).toContain(id);
  });

  it("have their keys' variables in the table that commands read too, and nowhere else", () => {
    expect(vendors.map(({ id }) => id).sort()).toEqual(Object.keys(keyVariables).sort());
    expect(Object.fromEntries(vendors.map(({ id, access }) => [id, access.keyEnv]))).toEqual(keyVariables);
    const source = readFileSync(new URL("vendors.ts", import.meta.url), "utf8");
    expect(Object.values(keyVariables).flat().filter((name) => source.includes(`"${name}"`))).toEqual([]);
  });

  it("each list models, and those offered first exist", async () => {
    for (const vendor of vendors) {
      if (vendor.id === "ollama") continue;
      const models = await setUp(vendor).provider.models({ provider: vendor.id, settings: {} }, new AbortController().signal);
      expect(models.length, vendor.id).toBeGreaterThan(0);
      const { firstModel } = vendor.access;
      if (firstModel !== undefined) expect(models.map(({ id }) => id), vendor.id).toContain(firstModel);
    }
  });

  it("load nothing of pi-ai by being described", () => {
    for (const file of ["index.ts", "vendors.ts", "provider.ts", "dialects.ts", "catalogues.ts"]) {
      const source = readFileSync(new URL(file, import.meta.url), "utf8");
      expect(source.match(/^import (?!type\b).*@earendil-works/gm), file).toBeNull();
    }
  });
});

describe("a compatible server of one's own", () => {
  it("is asked for its models when none are listed, and told sizes are used", async () => {
    const models = await setUp().provider.models({ provider: "mine", settings }, new AbortController().signal);
    expect(models).toMatchObject([{ id: "first", provider: "mine", contextWindow: 4_000 }, { id: "second", contextWindow: 128_000 }]);
    expect(models[0]?.cost).toBeUndefined();
  });

  it("takes models, prices, headers and quirks from the configuration", async () => {
    const { provider, bodies, headers } = setUp();
    const configured = { ...settings, headers: { "x-team": "blue" }, models: [{ id: "first", name: "First", cost: { input: 2, output: 10 }, contextWindow: 9_000, maxTokens: 77, headers: { "x-model": "one" }, compat: { maxTokensField: "max_tokens", supportsDeveloperRole: false } }] };
    const [info] = await provider.models({ provider: "mine", settings: configured }, new AbortController().signal);
    expect(info).toMatchObject({ id: "first", name: "First", contextWindow: 9_000, maxTokens: 77, cost: { input: 2, output: 10, cacheRead: 0, cacheWrite: 0 } });
    const last = (await run(provider, request("hello", { settings: configured, credential: new Secret("k-1") }))).at(-1);
    expect(last?.type === "done" && last.message.usage.cost?.total).toBeCloseTo((10 * 2 + 4 * 10) / 1e6);
    expect(bodies[0]).toMatchObject({ model: "first", max_tokens: 77 });
    expect(Object.fromEntries(headers[0] ?? [])).toMatchObject({ "x-team": "blue", "x-model": "one", authorization: "Bearer k-1", "user-agent": "openclaw" });
  });

  it("leaves the cost out when nobody said the price", async () => {
    const last = (await run(setUp().provider, request("hello"))).at(-1);
    expect(last?.type === "done" && last.message.usage).toEqual({ input: 10, output: 4, cacheRead: 0, cacheWrite: 0, totalTokens: 14 });
  });

  it("gets no key when there is none", async () => {
    const { provider, headers } = setUp();
    await run(provider, request("hello"));
    expect(headers[0]?.get("authorization")).toBeNull();
  });

  it("gets the tool choice in the words of its dialect", async () => {
    for (const [choice, words] of [["required", "required"], ["none", "none"], [{ name: "read" }, { type: "function", function: { name: "read" } }]] as const) {
      const { provider, bodies } = setUp();
      await run(provider, request("hello", { toolChoice: choice }));
      expect(bodies[0]?.["tool_choice"]).toEqual(words);
    }
  });

  it("sees what was said before a cut, but no call without its result's chance", async () => {
    const { provider, bodies } = setUp();
    const usage = { input: 0, output: 0, cacheRead: 0, cacheWrite: 0, totalTokens: 0 };
    const base = { api: "x", provider: "mine", model: "first", usage, timestamp: 0 };
    await run(provider, request("", {
      messages: [
        { role: "user", content: "one", timestamp: 0 },
        { role: "assistant", content: [{ type: "text", text: "half an ans" }, { type: "toolCall", id: "t", name: "read", arguments: {} }], stopReason: "error", ...base },
        { role: "assistant", content: [], stopReason: "aborted", ...base },
        { role: "assistant", content: [{ type: "text", text: "a note" }], stopReason: "injected", ...base },
        { role: "user", content: "two", timestamp: 0 },
      ],
    }));
    const body = bodies[0] as { messages: { role: string; content: unknown; tool_calls?: unknown }[] };
    const sent = body.messages.slice(1);
    expect(sent.map(({ role }) => role)).toEqual(["user", "assistant", "assistant", "user"]);
    expect(JSON.stringify(sent)).toContain("half an ans");
    expect(sent.every((message) => message.tool_calls === undefined)).toBe(true);
  });

  it("is refused when it redirects: a key goes only where it was meant for", async () => {
    let asked = 0;
    const provider = createPiProvider({ clock: systemClock, network: async (_input, init) => (asked++, expect(init?.redirect).toBe("manual"), new Response(null, { status: 307, headers: { location: "http://elsewhere.example/v1" } })) }, anyVendor);
    const last = (await run(provider, request("hello", { credential: new Secret("k-1") }))).at(-1);
    expect(last).toMatchObject({ type: "failed", kind: "bad-response", reason: expect.stringContaining("elsewhere.example") });
    expect(asked).toBe(1);
  });

  it("may be named in a dialect that is unknown, and that is said", async () => {
    const last = (await run(setUp().provider, request("hello", { settings: { ...settings, api: "smoke-signals" } }))).at(-1);
    expect(last).toMatchObject({ type: "failed", kind: "bad-request", reason: expect.stringContaining("smoke-signals") });
  });
});

describe("Ollama", () => {
  const ollama = vendors.find(({ id }) => id === "ollama") as Vendor;
  it("needs no key, costs nothing and is reached at its usual door", async () => {
    const urls: string[] = [];
    const fake = chatNetwork();
    const provider = createPiProvider({ clock: systemClock, network: (input, init) => (urls.push(String(input)), fake.fetch(input, init)) }, ollama);
    const [first] = await provider.models({ provider: "ollama", settings: {} }, new AbortController().signal);
    expect(first?.cost).toEqual({ input: 0, output: 0, cacheRead: 0, cacheWrite: 0 });
    await run(provider, request("hello", { model: { ...model, provider: "ollama" }, settings: { baseUrl: "http://box.local:11434/" } }));
    expect(urls).toEqual(["http://localhost:11434/v1/models", "http://box.local:11434/v1/chat/completions"]);
    expect(provider.access.needsKey).toBe(false);
  });
});
