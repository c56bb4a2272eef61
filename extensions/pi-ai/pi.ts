// Our messages, tools and events in pi-ai's words, and back. The one place where the two meet.
import type { Api, AssistantMessage as PiAssistant, AssistantMessageEvent, Message as PiMessage, Model, SimpleStreamOptions, Tool as PiTool, TranscriptContext } from "@earendil-works/pi-ai";
import type { AssistantMessage, Message, ModelEvent, ModelRequest, ToolCallBlock } from "../../src/sdk/provider.ts";
import { classify, type Failure, type Seen } from "./failures.ts";

/** The shape that pi-ai's normalizeContext makes: prompt and tools as a leading system message. */
export function toContext(request: ModelRequest): TranscriptContext {
  const tools = request.tools.map((tool) => ({ name: tool.name, description: tool.description, parameters: tool.parameters }) as PiTool); // JSON Schema is what the schema library's values are
  const lead: PiMessage[] = request.system === "" && tools.length === 0 ? [] : [{ role: "system", content: request.system, ...(tools.length > 0 ? { toolsAdded: tools } : {}), timestamp: 0 }];
  const messages = lead;
  for (const message of request.messages) {
    const said = toPiMessage(message);
    if (said) messages.push(said);
  }
  return { messages } as unknown as TranscriptContext; // the brand has no value at run time
}

/** A message as it stands, since pi-ai changes none: a long history costs each of its turns no copy. Prices of old answers, which ours may lack, are not read. */
function toPiMessage(message: Message): PiMessage | undefined {
  if (message.role !== "assistant") return message as PiMessage;
  if (message.content.length === 0) return undefined;
  const { stopReason } = message;
  if (stopReason === "stop" || stopReason === "length" || stopReason === "toolUse") return message as PiAssistant;
  // pi-ai leaves failed answers out; what was said before the failure was said, and stays.
  return { ...message, content: message.content.filter((block) => block.type !== "toolCall"), stopReason: "stop" } as PiAssistant;
}

/** Options of one call; `credential` is revealed here, where it is sent. */
export function toOptions(request: ModelRequest, model: Model<Api>, signal: AbortSignal, fetch: typeof globalThis.fetch | undefined): SimpleStreamOptions {
  const key = request.credential?.reveal();
  const { thinking, toolChoice } = request;
  return {
    signal,
    maxRetries: 0,
    headers: toHeaders(request, model, key),
    // The SDKs insist on a key; without one the header is left out above.
    apiKey: key ?? "none",
    ...(fetch ? { fetch } : {}),
    ...(request.maxTokens === undefined ? {} : { maxTokens: request.maxTokens }),
    ...(request.temperature === undefined ? {} : { temperature: request.temperature }),
    ...(request.sessionId === undefined ? {} : { sessionId: request.sessionId }),
    ...(thinking === undefined || thinking === "off" ? {} : { reasoning: thinking }),
    ...(toolChoice === undefined ? {} : { toolChoice: toToolChoice(toolChoice, model.api) as NonNullable<SimpleStreamOptions["toolChoice"]> }), // the dialects pass it on as it is
  };
}

function toHeaders(request: ModelRequest, model: Model<Api>, key: string | undefined): Record<string, string | null> {
  const isCloudflareGateway = model.provider === "cloudflare-ai-gateway";
  return {
    "User-Agent": "openclaw",
    ...(key === undefined ? { Authorization: null, "x-api-key": null } : {}),
    ...(key !== undefined && request.settings.authHeader === true ? { Authorization: `Bearer ${key}`, "x-api-key": null } : {}),
    ...(key !== undefined && isCloudflareGateway ? { "cf-aig-authorization": `Bearer ${key}`, Authorization: null, "x-api-key": null } : {}),
    ...(model.provider.startsWith("opencode") && request.sessionId !== undefined ? { "x-opencode-session": request.sessionId } : {}),
    ...request.settings.headers,
  };
}

function toToolChoice(choice: NonNullable<ModelRequest["toolChoice"]>, api: string): unknown {
  if (choice === "auto" || choice === "none") return choice;
  const isAny = choice === "required";
  if (api === "anthropic-messages" || api === "bedrock-converse-stream") return isAny ? "any" : { type: "tool", name: choice.name };
  if (api.startsWith("google")) return "any";
  if (api.includes("responses")) return isAny ? "required" : { type: "function", name: choice.name };
  return isAny ? "required" : { type: "function", function: { name: choice.name } };
}

export interface Ending {
  isPriced: boolean;
  seen: Seen;
  /** Cut out of every reason. */
  secret: string | undefined;
}

/** pi-ai's events as ours. The last one is `done` or `failed`, whatever the source does. */
export async function* toEvents(source: AsyncIterable<AssistantMessageEvent>, signal: AbortSignal, ending: Ending, nothing: AssistantMessage): AsyncGenerator<ModelEvent> {
  const raw = new Map<number, string[]>();
  const pieces = (index: number): string[] => raw.get(index) ?? raw.set(index, []).get(index) ?? [];
  for await (const event of source) {
    switch (event.type) {
      case "start":
        yield { type: "started" };
        break;
      case "text_delta":
        yield { type: "text", delta: event.delta };
        break;
      case "thinking_delta":
        yield { type: "thinking", delta: event.delta };
        break;
      case "toolcall_delta":
        pieces(event.contentIndex).push(event.delta);
        yield { type: "progress" };
        break;
      case "done":
        return yield* finished(fromPi(event.message, ending.isPriced), raw);
      case "error":
        return yield failed(event.error, signal, ending);
      default:
        break; // starts and ends of blocks say nothing new
    }
  }
  yield { type: "failed", kind: "bad-response", reason: "the provider ended without a result", message: nothing };
}

function* finished(message: AssistantMessage, raw: ReadonlyMap<number, string[]>): Generator<ModelEvent> {
  const broken = message.content.some((block, index) => block.type === "toolCall" && (block.name === "" || !isWholeJson(raw.get(index)?.join("") ?? "")));
  const said = { ...message, content: message.content.filter((block) => block.type !== "toolCall") };
  if (broken && message.stopReason === "length") return yield { type: "failed", kind: "too-long", reason: "the answer reached its length limit in the middle of a tool call", message: said };
  if (broken) return yield { type: "failed", kind: "bad-response", reason: "the provider sent a tool call with broken arguments", message: said };
  const calls = uniqueCalls(message);
  for (const call of calls) yield { type: "tool-call", call };
  const content = message.content.filter((block) => block.type !== "toolCall" || calls.includes(block));
  yield { type: "done", message: { ...message, content, stopReason: message.stopReason === "toolUse" && calls.length === 0 ? "stop" : message.stopReason } };
}

/** pi-ai mends cut arguments, which would run a tool with half of what was meant. */
function isWholeJson(text: string): boolean {
  if (text.trim() === "") return true;
  try {
    JSON.parse(text);
    return true;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    // Raw line breaks inside strings are a known slip of small models and no cut: the text ends as it should.
    return isJson(text.replace(/\s/g, " "));
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}

function uniqueCalls(message: AssistantMessage): ToolCallBlock[] {
  const seen = new Set<string>();
  return message.content.filter((block): block is ToolCallBlock => {
    if (block.type !== "toolCall") return false;
    const id = block.id.split("|")[0] ?? ""; // one dialect adds the id of the item that brought the call
    const isNew = !seen.has(id);
    seen.add(id);
    return isNew;
  });
}

function failed(message: PiAssistant, signal: AbortSignal, { seen, secret, isPriced }: Ending): ModelEvent {
  const ours = fromPi(message, isPriced);
  if (signal.aborted) return { type: "failed", kind: "aborted", reason: "stopped", message: { ...ours, stopReason: "aborted" } };
  const failure = hide(classify((message.errorMessage ?? "").slice(0, 4_000), seen), secret);
  return { type: "failed", ...failure, message: { ...ours, stopReason: "error", errorMessage: failure.reason } };
}

export function hide(failure: Failure, secret: string | undefined): Failure {
  return secret === undefined || secret.length < 4 ? failure : { ...failure, reason: failure.reason.replaceAll(secret, "[secret]") };
}

function fromPi(message: PiAssistant, isPriced: boolean): AssistantMessage {
  const { input, output, cacheRead, cacheWrite, totalTokens, cost } = message.usage;
  const { stopReason } = message;
  return {
    role: "assistant",
    content: message.content.map((block) => ({ ...block })) as AssistantMessage["content"],
    api: message.api,
    provider: message.provider,
    model: message.model,
    usage: { input, output, cacheRead, cacheWrite, totalTokens: totalTokens || input + output + cacheRead + cacheWrite, ...(isPriced ? { cost: { ...cost } } : {}) },
    stopReason: stopReason === "length" || stopReason === "toolUse" || stopReason === "error" || stopReason === "aborted" ? stopReason : "stop",
    timestamp: message.timestamp,
  };
}

export function emptyMessage(request: ModelRequest, api: string, now: number): AssistantMessage {
  return { role: "assistant", content: [], api, provider: request.model.provider, model: request.model.id, usage: { input: 0, output: 0, cacheRead: 0, cacheWrite: 0, totalTokens: 0 }, stopReason: "error", timestamp: now };
}
