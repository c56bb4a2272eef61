// The OpenAI-compatible doors through the official openai package: tools both ways, images, sessions, errors.
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import OpenAI, { APIError } from "openai";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startModelServer, type ModelServer } from "../fixtures/model-server/model-server.ts";
import { openClawConfig, startGateway, type GatewayProcess } from "../fixtures/gateway-process.ts";

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
