// POST /v1/responses: OpenAI's responses API as one more door onto the same accept path.
import type { App } from "../../flows/app.ts";
import type { RunResult } from "../../agents/runs.ts";
import type { Caller } from "../../protocol/scopes.ts";
import type { RunEvent } from "../../sdk/events.ts";
import { fault } from "../../base/faults.ts";
import { readJson } from "./body.ts";
import { json, logged } from "./openai.ts";
import { createSse, sseHeaders, type SseStream } from "./sse.ts";
import { assistantTurn, currentTurn, readContent, textOf, toolCall, userTurn, type Turn } from "./v1-content.ts";
import { badRequest, errorResponse, fromRun, fromThrown } from "./v1-error.ts";
import { routeRequest } from "./v1-route.ts";
import { emptyReply, isAnswer, joined, startRun, type V1Prompt, type V1Run } from "./v1-run.ts";
import { readChoice, readTools } from "./v1-tools.ts";

type Raw = Record<string, unknown>;
interface Frame { id: string; created_at: number; model: string; instructions: unknown; tools: unknown; tool_choice: unknown; metadata: unknown }

export async function responses(app: App, request: Request, caller: Caller, signal: AbortSignal): Promise<Response> {
  try {
    const { maxBodyBytes } = app.config.current().value.gateway.http?.endpoints?.responses ?? {};
    const raw = readBody(await readJson(request, maxBodyBytes ?? 20_000_000, app.clock, signal));
    if (typeof raw.previous_response_id === "string" && raw.input === undefined) return errorResponse(badRequest("input: required", "input"));
    const model = String(raw.model);
    const route = await routeRequest(app, request, caller, { model, kind: "openresponses", ...(typeof raw.user === "string" ? { user: raw.user } : {}) });
    if ("status" in route) return errorResponse(route);
    const prompt = await readPrompt(app, raw, signal);
    const frame: Frame = { id: `resp_${app.ids.uuid()}`, created_at: Math.floor(app.clock.now() / 1000), model, instructions: raw.instructions ?? null, tools: raw.tools ?? [], tool_choice: raw.tool_choice ?? "auto", metadata: raw.metadata ?? {} };
    if (raw.stream === true) return await streamed(app, frame, (watch) => startRun(app, request, caller, route, prompt, watch));
    const run = await startRun(app, request, caller, route, prompt, () => undefined);
    const result = await run.result;
    if (!isAnswer(result)) return failedResponse(frame, result);
    return json(whole(frame, result, messageItem(`msg_${app.ids.uuid()}`, textFor(result)), callItems(result)));
  } catch (error) {
    return errorResponse(fromThrown(error, (hidden) => logged(app, hidden)));
  }
}

function readBody(value: unknown): Raw {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw fault("request.invalid", { reason: "the body must be a JSON object" });
  const raw = value as Raw;
  if (typeof raw.model !== "string" || raw.model === "") throw fault("request.invalid", { reason: "model: a string is required" });
  if (typeof raw.input !== "string" && !Array.isArray(raw.input)) throw fault("request.invalid", { reason: "input: text or a list of items is required" });
  if (raw.instructions !== undefined && raw.instructions !== null && typeof raw.instructions !== "string") throw fault("request.invalid", { reason: "instructions: must be a string" });
  return raw;
}

async function readPrompt(app: App, raw: Raw, signal: AbortSignal): Promise<V1Prompt> {
  const items = typeof raw.input === "string" ? [{ type: "message", role: "user", content: raw.input }] : (raw.input as Raw[]);
  const system = typeof raw.instructions === "string" && raw.instructions !== "" ? [raw.instructions] : [];
  const turns: Turn[] = [];
  const names = new Map<string, string>();
  const now = app.clock.now();
  for (const [index, item] of items.entries()) {
    const where = `input.${index}`;
    if (typeof item !== "object" || item === null) throw fault("request.invalid", { reason: `${where}: must be an object` });
    const type = item.type ?? (item.role === undefined ? undefined : "message");
    if (type === "message") {
      const blocks = await readContent(app, item.content, where, signal);
      if (item.role === "system" || item.role === "developer") system.push(textOf(blocks));
      else if (item.role === "user") turns.push({ message: userTurn(blocks, now), blocks });
      else if (item.role === "assistant") turns.push({ message: assistantTurn(textOf(blocks), [], now) });
      else throw fault("request.invalid", { reason: `${where}: unknown role ${JSON.stringify(item.role ?? null)}` });
    } else if (type === "function_call") {
      const id = String(item.call_id ?? item.id ?? "");
      names.set(id, String(item.name ?? ""));
      const call = toolCall(id, String(item.name ?? ""), item.arguments, where);
      const last = turns.at(-1)?.message;
      // Parallel calls of one answer come as neighbours and belong to one message.
      if (last?.role === "assistant") {
        last.content.push(call);
        last.stopReason = "toolUse";
      } else turns.push({ message: assistantTurn("", [call], now) });
    } else if (type === "function_call_output") {
      const id = String(item.call_id ?? "");
      const blocks = typeof item.output === "string" ? [{ type: "text" as const, text: item.output }] : await readContent(app, item.output, where, signal);
      turns.push({ message: { role: "toolResult", toolCallId: id, toolName: names.get(id) ?? "tool", content: blocks, isError: false, timestamp: now } });
    } else if (type !== "reasoning" && type !== "item_reference") {
      throw fault("request.invalid", { reason: `${where}: unknown item type ${JSON.stringify(type ?? null)}` });
    }
  }
  return {
    system: system.join("\n\n"),
    ...currentTurn(turns, "input"),
    tools: readTools(raw.tools),
    ...readChoice(raw.tool_choice),
    ...(typeof raw.max_output_tokens === "number" && raw.max_output_tokens > 0 ? { maxTokens: Math.trunc(raw.max_output_tokens) } : {}),
    ...(typeof raw.temperature === "number" ? { temperature: raw.temperature } : {}),
  };
}

const usageOf = (result: RunResult) => {
  const { input = 0, output = 0, cacheRead = 0, cacheWrite = 0, totalTokens = 0 } = result.usage ?? {};
  return { input_tokens: input + cacheRead, input_tokens_details: { cached_tokens: cacheRead, cache_write_tokens: cacheWrite }, output_tokens: output, output_tokens_details: { reasoning_tokens: 0 }, total_tokens: totalTokens };
};

const textFor = (result: RunResult) => (result.text === "" && !result.clientToolCalls?.length ? emptyReply : result.text);

const messageItem = (id: string, text: string, status = "completed") => ({ type: "message", id, role: "assistant", status, phase: "final_answer", content: [{ type: "output_text", text, annotations: [], logprobs: [] }] });

const callItems = (result: RunResult) => (result.clientToolCalls ?? []).map((call) => ({ type: "function_call", id: `fc_${call.id}`, call_id: call.id, name: call.name, arguments: JSON.stringify(call.arguments), status: "completed" }));

const shell = (frame: Frame, status: string, output: unknown[]) => ({ ...frame, object: "response", status, error: null, incomplete_details: null, parallel_tool_calls: true, output });

function whole(frame: Frame, result: RunResult, message: ReturnType<typeof messageItem>, calls: ReturnType<typeof callItems>) {
  const output = [...(message.content[0]?.text === "" ? [] : [message]), ...calls];
  // `output_text` is not part of the wire, clients add it themselves.
  return { ...shell(frame, "completed", output), usage: usageOf(result) };
}

function failedResponse(frame: Frame, result: RunResult): Response {
  const error = fromRun(result);
  const body = { ...shell(frame, "failed", []), error: { ...error, code: error.code ?? "api_error", message: error.message } };
  return json(body, error.status);
}

/** Writes one typed event; every event carries its number. */
function eventWriter(sse: SseStream) {
  let sequence = 0;
  return (type: string, rest: object) => sse.send(JSON.stringify({ type, sequence_number: sequence++, ...rest }), type);
}

async function streamed(app: App, frame: Frame, start: (watch: (event: RunEvent) => void) => Promise<V1Run>): Promise<Response> {
  const gone = Promise.withResolvers<void>();
  const sse = createSse(gone.resolve);
  const emit = eventWriter(sse);
  const itemId = `msg_${app.ids.uuid()}`;
  const at = { item_id: itemId, output_index: 0, content_index: 0 };
  const begun = Promise.withResolvers<void>();
  let said = "";
  let opened = false;
  const open = () => {
    if (opened) return;
    opened = true;
    emit("response.created", { response: shell(frame, "in_progress", []) });
    emit("response.in_progress", { response: shell(frame, "in_progress", []) });
    begun.resolve();
  };
  const say = (text: string) => {
    open();
    if (said === "") {
      emit("response.output_item.added", { output_index: 0, item: { ...messageItem(itemId, "", "in_progress"), content: [] } });
      emit("response.content_part.added", { ...at, part: { type: "output_text", text: "", annotations: [], logprobs: [] } });
    }
    said += text;
    emit("response.output_text.delta", { ...at, delta: text, logprobs: [] });
  };
  const run = await start((event) => {
    if (event.type === "run.text" && event.delta !== "") say(joined(event, said !== ""));
  });
  void gone.promise.then(run.abandon);
  const result = run.result.finally(begun.resolve);
  await begun.promise;
  if (said === "") {
    const ended = await result;
    if (!isAnswer(ended)) return failedResponse(frame, ended);
  }
  const finish = (ended: RunResult) => {
    if (!isAnswer(ended)) {
      const error = fromRun(ended);
      emit("response.failed", { response: { ...shell(frame, "failed", []), error: { code: error.code ?? "api_error", message: error.message } } });
      return;
    }
    if (said === "" && textFor(ended) !== "") say(textFor(ended));
    open();
    const message = messageItem(itemId, said);
    if (said !== "") {
      emit("response.output_text.done", { ...at, text: said, logprobs: [] });
      emit("response.content_part.done", { ...at, part: message.content[0] });
      emit("response.output_item.done", { output_index: 0, item: message });
    }
    const calls = callItems(ended);
    for (const [index, item] of calls.entries()) {
      const output_index = index + (said === "" ? 0 : 1);
      emit("response.output_item.added", { output_index, item: { ...item, arguments: "", status: "in_progress" } });
      emit("response.function_call_arguments.delta", { item_id: item.id, output_index, delta: item.arguments });
      emit("response.function_call_arguments.done", { item_id: item.id, output_index, name: item.name, arguments: item.arguments });
      emit("response.output_item.done", { output_index, item });
    }
    emit("response.completed", { response: whole(frame, ended, message, calls) });
  };
  void result.then(finish, (error: unknown) => {
    emit("response.failed", { response: { ...shell(frame, "failed", []), error: { code: "api_error", message: fromThrown(error, (hidden) => logged(app, hidden)).message } } });
  }).finally(() => {
    sse.send("[DONE]");
    sse.end();
  });
  return new Response(sse.body, { headers: sseHeaders });
}
