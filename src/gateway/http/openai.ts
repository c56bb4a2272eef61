// POST /v1/chat/completions: OpenAI's chat API as one more door onto the same accept path.
import type { App } from "../../flows/app.ts";
import type { RunResult } from "../../agents/runs.ts";
import type { Caller } from "../../protocol/scopes.ts";
import type { RunEvent } from "../../sdk/events.ts";
import type { ToolCallBlock } from "../../sdk/provider.ts";
import { fault } from "../../base/faults.ts";
import { readJson } from "./body.ts";
import { createSse, sseHeaders } from "./sse.ts";
import { assistantTurn, currentTurn, readContent, textOf, toolCall, userTurn, type Turn } from "./v1-content.ts";
import { errorBody, errorResponse, fromRun, fromThrown } from "./v1-error.ts";
import { routeRequest } from "./v1-route.ts";
import { emptyReply, isAnswer, joined, startRun, type V1Prompt, type V1Run } from "./v1-run.ts";
import { readChoice, readTools } from "./v1-tools.ts";

interface ChatBody { model: string; stream: boolean; user?: string; includeUsage: boolean; messages: Record<string, unknown>[]; raw: Record<string, unknown> }

export async function chatCompletions(app: App, request: Request, caller: Caller, signal: AbortSignal): Promise<Response> {
  const hide = (error: unknown) => logged(app, error);
  try {
    const { maxBodyBytes } = app.config.current().value.gateway.http?.endpoints?.chatCompletions ?? {};
    const body = readBody(await readJson(request, maxBodyBytes ?? 20_000_000, app.clock, signal));
    const route = await routeRequest(app, request, caller, { model: body.model, kind: "openai", ...(body.user === undefined ? {} : { user: body.user }) });
    if ("status" in route) return errorResponse(route);
    const prompt = await readPrompt(app, body, signal);
    const frame = { id: `chatcmpl_${app.ids.uuid()}`, created: Math.floor(app.clock.now() / 1000), model: body.model };
    if (body.stream) return await streamed(app, frame, body.includeUsage, (watch) => startRun(app, request, caller, route, prompt, watch));
    const run = await startRun(app, request, caller, route, prompt, () => undefined);
    const result = await run.result;
    return isAnswer(result) ? json(completion(frame, result)) : errorResponse(fromRun(result));
  } catch (error) {
    return errorResponse(fromThrown(error, hide));
  }
}

type Frame = { id: string; created: number; model: string };

function readBody(value: unknown): ChatBody {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw fault("request.invalid", { reason: "the body must be a JSON object" });
  const raw = value as Record<string, unknown>;
  if (!Array.isArray(raw.messages)) throw fault("request.invalid", { reason: "`messages` must be an array" });
  if (raw.model !== undefined && typeof raw.model !== "string") throw fault("request.invalid", { reason: "`model` must be a string" });
  if (raw.n !== undefined && raw.n !== null && raw.n !== 1) throw fault("request.invalid", { reason: "`n` above 1 is not supported" });
  const messages = raw.messages.map((message, index) => {
    if (typeof message !== "object" || message === null) throw fault("request.invalid", { reason: `messages.${index} must be an object` });
    return message as Record<string, unknown>;
  });
  return {
    raw,
    messages,
    model: (raw.model as string | undefined) ?? "openclaw",
    stream: raw.stream === true,
    includeUsage: (raw.stream_options as { include_usage?: boolean } | undefined)?.include_usage === true,
    ...(typeof raw.user === "string" ? { user: raw.user } : {}),
  };
}

async function readPrompt(app: App, body: ChatBody, signal: AbortSignal): Promise<V1Prompt> {
  const system: string[] = [];
  const turns: Turn[] = [];
  const toolNames = new Map<string, string>();
  const now = app.clock.now();
  for (const [index, raw] of body.messages.entries()) {
    const where = `messages.${index}`;
    const blocks = await readContent(app, raw.content, where, signal);
    switch (raw.role) {
      case "system":
      case "developer":
        system.push(textOf(blocks));
        break;
      case "user":
        turns.push({ message: userTurn(blocks, now), blocks });
        break;
      case "assistant": {
        const calls = Array.isArray(raw.tool_calls) ? raw.tool_calls.map((call: unknown, at) => readCall(call, at, `${where}.tool_calls.${at}`)) : [];
        for (const call of calls) toolNames.set(call.id, call.name);
        turns.push({ message: assistantTurn(textOf(blocks), calls, now) });
        break;
      }
      case "tool": {
        const id = String(raw.tool_call_id ?? "");
        turns.push({ message: { role: "toolResult", toolCallId: id, toolName: toolNames.get(id) ?? "tool", content: blocks, isError: false, timestamp: now } });
        break;
      }
      default:
        throw fault("request.invalid", { reason: `${where}: unknown role ${JSON.stringify(raw.role ?? null)}` });
    }
  }
  return { system: system.join("\n\n"), ...currentTurn(turns, "messages"), ...readLimits(body.raw), tools: readTools(body.raw.tools), ...readChoice(body.raw.tool_choice) };
}

function readCall(raw: unknown, at: number, where: string): ToolCallBlock {
  if (typeof raw !== "object" || raw === null) throw fault("request.invalid", { reason: `${where} must be an object` });
  const call = raw as { id?: unknown; function?: { name?: unknown; arguments?: unknown } | null };
  return toolCall(String(call.id ?? `call_${at}`), String(call.function?.name ?? ""), call.function?.arguments, where);
}

function readLimits(raw: Record<string, unknown>) {
  const maxTokens = raw.max_completion_tokens ?? raw.max_tokens;
  return {
    ...(typeof maxTokens === "number" && maxTokens > 0 ? { maxTokens: Math.trunc(maxTokens) } : {}),
    ...(typeof raw.temperature === "number" ? { temperature: raw.temperature } : {}),
  };
}

const usageOf = (result: RunResult) => {
  const { input = 0, output = 0, cacheRead = 0, totalTokens = 0 } = result.usage ?? {};
  return { prompt_tokens: input + cacheRead, completion_tokens: output, total_tokens: totalTokens, ...(cacheRead > 0 ? { prompt_tokens_details: { cached_tokens: cacheRead } } : {}) };
};

const finishReason = (result: RunResult) => (result.clientToolCalls?.length ? "tool_calls" : "stop");

const toolCallsOf = (result: RunResult) => (result.clientToolCalls ?? []).map((call) => ({ id: call.id, type: "function" as const, function: { name: call.name, arguments: JSON.stringify(call.arguments) } }));

function completion(frame: Frame, result: RunResult) {
  const calls = toolCallsOf(result);
  const content = result.text === "" ? (calls.length > 0 ? null : emptyReply) : result.text;
  const message = { role: "assistant", content, refusal: null, ...(calls.length > 0 ? { tool_calls: calls } : {}) };
  return { ...frame, object: "chat.completion", choices: [{ index: 0, message, logprobs: null, finish_reason: finishReason(result) }], usage: usageOf(result) };
}

/** Headers wait for the first words or the end, so that a failure before them is a plain HTTP error. */
async function streamed(app: App, frame: Frame, includeUsage: boolean, start: (watch: (event: RunEvent) => void) => Promise<V1Run>): Promise<Response> {
  const gone = Promise.withResolvers<void>();
  const sse = createSse(gone.resolve);
  const chunk = (delta: object, finish: string | null = null) => sse.send(JSON.stringify({ ...frame, object: "chat.completion.chunk", choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }], ...(includeUsage ? { usage: null } : {}) }));
  const begun = Promise.withResolvers<void>();
  let said = 0;
  const say = (text: string) => {
    if (said === 0) {
      chunk({ role: "assistant", content: "" });
      begun.resolve();
    }
    said += text.length;
    chunk({ content: text });
  };
  const run = await start((event) => {
    if (event.type === "run.text" && event.delta !== "") say(joined(event, said > 0));
  });
  void gone.promise.then(run.abandon);
  const result = run.result.finally(begun.resolve);
  await begun.promise;
  if (said === 0) {
    const ended = await result;
    if (!isAnswer(ended)) return errorResponse(fromRun(ended));
  }
  void result.then(
    (ended) => {
      if (!isAnswer(ended)) sse.send(JSON.stringify(errorBody(fromRun(ended))));
      else {
        const calls = toolCallsOf(ended);
        if (said === 0 && calls.length === 0) say(ended.text === "" ? emptyReply : ended.text);
        if (said === 0) chunk({ role: "assistant", content: null });
        if (calls.length > 0) chunk({ tool_calls: calls.map((call, index) => ({ index, ...call })) });
        chunk({}, finishReason(ended));
        if (includeUsage) sse.send(JSON.stringify({ ...frame, object: "chat.completion.chunk", choices: [], usage: usageOf(ended) }));
      }
      sse.send("[DONE]");
      sse.end();
    },
    (error: unknown) => {
      sse.send(JSON.stringify(errorBody(fromThrown(error, (hidden) => logged(app, hidden)))));
      sse.end();
    },
  );
  return new Response(sse.body, { headers: sseHeaders });
}

export function logged(app: App, error: unknown): string {
  const logId = app.ids.hex(4);
  app.log.error("a /v1 request failed", { logId, error });
  return logId;
}

export function json(value: unknown, status = 200): Response {
  return new Response(JSON.stringify(value), { status, headers: { "content-type": "application/json; charset=utf-8" } });
}

