// The OpenAI-compatible doors through the official openai package: tools both ways, images, sessions, errors.
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import OpenAI, { APIError } from "openai";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startModelServer, type ModelServer } from "../fixtures/model-server/model-server.ts";
import { connectWire, eventually } from "../fixtures/wire-client.ts";
import { openClawConfig, startGateway, testToken, type GatewayProcess } from "../fixtures/gateway-process.ts";

let models: ModelServer;
let gateway: GatewayProcess;
let openai: OpenAI;
const weatherTool = { type: "function" as const, function: { name: "get_weather", description: "Weather of a place", parameters: { type: "object", properties: { place: { type: "string" } }, required: ["place"] } } };

beforeAll(async () => {
  models = await startModelServer();
  gateway = await startGateway({ config: openClawConfig({ baseUrl: models.baseUrl("openai-chat") }) });
  openai = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: gateway.token, maxRetries: 0 });
  await mkdir(join(gateway.stateDir, "workspace"), { recursive: true });
  await writeFile(join(gateway.stateDir, "workspace", "note.txt"), "the note says forty-two");
});
afterAll(async () => {
  await gateway?.destroy();
  await models?.close();
});

test("answers a chat completion with the provider's own usage", async () => {
  models.script({ scenario: { kind: "echo" } });
  const answer = await openai.chat.completions.create({ model: "openclaw", messages: [{ role: "user", content: "hello" }] });
  expect(answer.choices[0]?.message.content).toContain("hello");
  expect(answer.choices[0]?.finish_reason).toBe("stop");
  expect(answer.usage?.total_tokens).toBeGreaterThan(0);
});

test("runs the gateway's own tools for the caller", async () => {
  models.script({ scenario: { kind: "tool", calls: [{ name: "read", args: { path: "note.txt" } }], final: "done reading" } });
  const answer = await openai.chat.completions.create({ model: "openclaw", messages: [{ role: "user", content: "read the note" }] });
  expect(answer.choices[0]?.message.content).toContain("done reading");
  const last = models.requests().at(-1);
  expect(JSON.stringify(last)).toContain("forty-two");
});

test("returns the caller's tools as tool calls and goes on with their results", async () => {
  models.script({ scenario: { kind: "tool", calls: [{ name: "get_weather", args: { place: "Oslo" } }], final: "rain in Oslo" } });
  const question = { role: "user" as const, content: "weather?" };
  const first = await openai.chat.completions.create({ model: "openclaw", messages: [question], tools: [weatherTool] });
  const call = first.choices[0]?.message.tool_calls?.[0];
  expect(first.choices[0]?.finish_reason).toBe("tool_calls");
  if (call?.type !== "function") throw new Error("no function call");
  expect(JSON.parse(call.function.arguments)).toEqual({ place: "Oslo" });
  const second = await openai.chat.completions.create({ model: "openclaw", messages: [question, first.choices[0]!.message, { role: "tool", tool_call_id: call.id, content: "rain" }], tools: [weatherTool] });
  expect(second.choices[0]?.message.content).toContain("rain in Oslo");
});

test("streams the caller's tool calls", async () => {
  models.script({ scenario: { kind: "tool", calls: [{ name: "get_weather", args: { place: "Bergen" } }], final: "rain" } });
  const stream = await openai.chat.completions.create({ model: "openclaw", stream: true, messages: [{ role: "user", content: "weather?" }], tools: [weatherTool] });
  let finish: string | null = null;
  let args = "";
  for await (const chunk of stream) {
    args += chunk.choices[0]?.delta.tool_calls?.[0]?.function?.arguments ?? "";
    finish = chunk.choices[0]?.finish_reason ?? finish;
  }
  expect(finish).toBe("tool_calls");
  expect(JSON.parse(args)).toEqual({ place: "Bergen" });
});

test("does the same on responses, with flat and nested tools", async () => {
  for (const tool of [{ type: "function" as const, name: "get_weather", description: "Weather", parameters: weatherTool.function.parameters, strict: false }, weatherTool]) {
    models.script({ scenario: { kind: "tool", calls: [{ name: "get_weather", args: { place: "Oslo" } }], final: "rain in Oslo" } });
    const first = await openai.responses.create({ model: "openclaw", input: "weather?", tools: [tool as never] });
    const call = first.output.find((item) => item.type === "function_call");
    if (call?.type !== "function_call") throw new Error("no function call");
    const second = await openai.responses.create({ model: "openclaw", input: [{ role: "user", content: "weather?" }, call, { type: "function_call_output", call_id: call.call_id, output: "rain" }], tools: [tool as never] });
    expect(second.output_text).toContain("rain in Oslo");
  }
});

test("keeps one conversation per user and none without", async () => {
  models.script({ scenario: { kind: "echo" } });
  await openai.chat.completions.create({ model: "openclaw", user: "ann", messages: [{ role: "user", content: "my colour is teal" }] });
  await openai.chat.completions.create({ model: "openclaw", user: "ann", messages: [{ role: "user", content: "which colour?" }] });
  expect(JSON.stringify(models.requests().at(-1))).toContain("teal");
  await openai.chat.completions.create({ model: "openclaw", messages: [{ role: "user", content: "which colour?" }] });
  expect(JSON.stringify(models.requests().at(-1))).not.toContain("teal");
});

test("passes images on", async () => {
  models.script({ scenario: { kind: "echo" } });
  const pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
  const answer = await openai.chat.completions.create({ model: "openclaw", messages: [{ role: "user", content: [{ type: "text", text: "what is this" }, { type: "image_url", image_url: { url: `data:image/png;base64,${pixel}` } }] }] });
  expect(answer.choices[0]?.message.content).toContain("what is this");
});

test("answers every error in OpenAI's shape", async () => {
  const cases: [string, () => Promise<unknown>, number][] = [
    ["wrong key", () => new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: "wrong", maxRetries: 0 }).chat.completions.create({ model: "openclaw", messages: [{ role: "user", content: "x" }] }), 401],
    ["unknown model", () => openai.chat.completions.create({ model: "gpt-nonsense", messages: [{ role: "user", content: "x" }] }), 400],
    ["no user message", () => openai.chat.completions.create({ model: "openclaw", messages: [{ role: "system", content: "x" }] }), 400],
    ["unknown role", () => openai.chat.completions.create({ model: "openclaw", messages: [{ role: "wizard" as "user", content: "x" }] }), 400],
    ["bad tool choice", () => openai.responses.create({ model: "openclaw", input: "x", tool_choice: "sometimes" as "auto" }), 400],
    ["unknown agent", () => openai.chat.completions.create({ model: "openclaw/nobody", messages: [{ role: "user", content: "x" }] }), 400],
    ["unknown model id", () => openai.models.retrieve("nope"), 404],
  ];
  for (const [name, attempt, status] of cases) {
    const error = await attempt().then(() => undefined, (thrown: unknown) => thrown);
    if (!(error instanceof APIError)) throw new Error(`${name}: no API error but ${String(error)}`);
    expect(error.status, name).toBe(status);
    expect((error.error as { message?: string } | undefined)?.message, name).toBeTruthy();
  }
});

test("ends a stream's run when its reader leaves before the first word", async () => {
  const operator = await connectWire(gateway.wsUrl, { scopes: ["operator.write"], auth: { token: testToken } });
  const reader = new AbortController();
  const asked = models.requests().length;
  const stream = openai.chat.completions.create({ model: "openclaw", stream: true, messages: [{ role: "user", content: "[[scenario:fault no-first-byte]]" }] }, { signal: reader.signal, headers: { "idempotency-key": "left-early" } });
  stream.catch(() => undefined);
  await eventually(() => models.requests().length > asked, "the model is asked");
  const ended = operator.call("agent.wait", { runId: "left-early", timeoutMs: 10_000 });
  await operator.call("health");
  reader.abort();
  expect(await ended).toMatchObject({ status: "ok", stopReason: "rpc" });
  operator.close();
});

describe("requests that no SDK would send", () => {
  const post = async (path: string, body: unknown, headers: Record<string, string> = {}) => {
    const response = await fetch(`${gateway.url}${path}`, { method: "POST", headers: { "authorization": `Bearer ${testToken}`, "content-type": "application/json", ...headers }, body: typeof body === "string" ? body : JSON.stringify(body) });
    return { status: response.status, body: (await response.json()) as { error?: { message: string; type: string; code: string }; choices?: { message: { content: string } }[] } };
  };
  const words = [{ role: "user", content: "hi" }];

  test("are told what is wrong with them, and none fails inside", async () => {
    const nested = (depth: number) => `${"[".repeat(depth)}${"]".repeat(depth)}`;
    const cases: [string, string, unknown][] = [
      ["a call that is null", "/v1/chat/completions", { messages: [...words, { role: "assistant", tool_calls: [null] }, ...words] }],
      ["content a million levels deep", "/v1/chat/completions", `{"messages":[{"role":"user","content":${nested(1_000_000)}}]}`],
      ["tool parameters deeper than any stack", "/v1/chat/completions", `{"messages":[{"role":"user","content":"hi"}],"tools":[{"type":"function","function":{"name":"a","parameters":{"x":${nested(20_000)}}}}]}`],
      ["more keys than a frame may have", "/v1/responses", `{"model":"openclaw","input":"hi","metadata":{${Array.from({ length: 100_001 }, (_, n) => `"k${n}":1`).join(",")}}}`],
      ["an item that is null", "/v1/responses", { model: "openclaw", input: [null] }],
    ];
    for (const [name, path, body] of cases) {
      const answer = await post(path, body);
      expect(answer.status, name).toBe(400);
      expect(answer.body.error, name).toMatchObject({ type: "invalid_request_error", code: "request.invalid" });
    }
  });

  test("for what is not here are answered in OpenAI's shape, not with a page", async () => {
    for (const ask of [() => openai.files.list(), () => openai.embeddings.create({ model: "openclaw", input: "x" }), () => openai.get("/a/b/c")]) {
      const error = await ask().then(() => undefined, (thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(APIError);
      expect(error).toMatchObject({ status: 404, code: "unknown_url" });
    }
    expect((await fetch(`${gateway.url}/v1/files`)).status).toBe(401);
  });

  test("have their nulls and empty headers taken for absent ones", async () => {
    models.script({ scenario: { kind: "echo" } });
    expect((await post("/v1/chat/completions", { messages: words, n: null })).status).toBe(200);
    for (const content of ["one", "two"]) {
      const answer = await post("/v1/chat/completions", { user: "empty-key", messages: [{ role: "user", content }] }, { "idempotency-key": "" });
      expect(answer.status).toBe(200);
      expect(answer.body.choices?.[0]?.message.content).toContain(content);
    }
  });

  test("cannot have one agent answer in another's conversation, nor name keys that only the gateway makes", async () => {
    const cases: [string, Record<string, string>][] = [
      ["unknown agent of a key", { "x-openclaw-session-key": "agent:ghost:foo" }],
      ["another agent's key", { "x-openclaw-session-key": "agent:ghost:foo", "x-openclaw-agent-id": "main" }],
      ["a reserved key", { "x-openclaw-session-key": "subagent:foo" }],
      ["a reserved key behind a blank that is trimmed later", { "x-openclaw-session-key": "\u00a0subagent:foo" }],
    ];
    for (const [name, headers] of cases) expect((await post("/v1/chat/completions", { messages: words }, headers)).status, name).toBe(400);
    expect((await post("/v1/chat/completions", { messages: words }, { "x-moltbot-session-key": "kept", "x-moltbot-agent-id": "main" })).status).toBe(200);
  });
});

test("tells a model's failure before the first word as an HTTP error and after it inside the stream", async () => {
  const ask = (fault: string) => openai.chat.completions.create({ model: "openclaw", stream: true, messages: [{ role: "user", content: `[[scenario:fault ${fault}]] [[scenario:text chunks=6 delay=5 one two three four five six]]` }] });
  const refused = await ask("http-401").then(() => undefined, (error: unknown) => error);
  expect(refused).toBeInstanceOf(APIError);
  expect((refused as APIError).status).toBeGreaterThanOrEqual(400);

  const stream = await ask("reset-mid-stream");
  let text = "";
  const broken = await (async () => {
    for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? "";
  })().then(() => undefined, (error: unknown) => error);
  expect(text).toContain("one");
  expect(broken).toBeInstanceOf(APIError);
});

test("lists its models", async () => {
  const ids = (await openai.models.list()).data.map((model) => model.id);
  expect(ids).toContain("openclaw");
  expect(ids).toContain("openclaw/main");
});
