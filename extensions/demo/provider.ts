// The demo as a model provider: streams its fixed replies word by word, with small pauses, and calls tools.
import type { Clock } from "../../src/sdk/extension.ts";
import type { AssistantMessage, ModelEvent, ModelInfo, ModelProvider, ModelRequest, ToolCallBlock } from "../../src/sdk/provider.ts";
import { replyTo } from "./replies.ts";

const PAUSE_MS = 15;
const CHARS_PER_TOKEN = 4;

export const demoModel: ModelInfo = {
  id: "assistant",
  provider: "demo",
  name: "Demo assistant (built in, not a real model)",
  contextWindow: 128_000,
  maxTokens: 4_096,
  reasoning: false,
  input: ["text"],
  cost: { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 },
  demo: true,
};

export function createDemoProvider(clock: Clock): ModelProvider {
  return {
    id: "demo",
    label: "Demo (built in, not a real model)",
    access: { needsKey: false, keyEnv: [], firstModel: "assistant" },
    models: async () => [demoModel],
    stream: (request, signal) => stream(clock, request, signal),
  };
}

async function* stream(clock: Clock, request: ModelRequest, signal: AbortSignal): AsyncGenerator<ModelEvent> {
  const tools = request.toolChoice === "none" ? [] : request.tools;
  const reply = replyTo(request.messages, tools);
  const said: string[] = [];
  const input = Math.ceil(JSON.stringify(request.messages).length / CHARS_PER_TOKEN);
  const message = (stopReason: AssistantMessage["stopReason"], calls: ToolCallBlock[]): AssistantMessage => {
    const text = said.join("");
    const output = Math.ceil((text.length + JSON.stringify(calls).length - 2) / CHARS_PER_TOKEN);
    return {
      role: "assistant",
      content: [...(text === "" ? [] : [{ type: "text" as const, text }]), ...calls],
      api: "demo",
      provider: "demo",
      model: demoModel.id,
      usage: { input, output, cacheRead: 0, cacheWrite: 0, totalTokens: input + output, cost: { input: 0, output: 0, cacheRead: 0, cacheWrite: 0, total: 0 } },
      stopReason,
      timestamp: clock.now(),
    };
  };
  yield { type: "started" };
  for (const word of reply.text.match(/\s*\S+|\s+$/g) ?? []) {
    if (!(await paused(clock, signal))) return yield { type: "failed", kind: "aborted", reason: "stopped", message: message("aborted", []) };
    said.push(word);
    yield { type: "text", delta: word };
  }
  // The same conversation gives the same ids, another one gives others, as the record of effects needs.
  const place = `${(request.messages.at(-1)?.timestamp ?? 0).toString(36)}_${request.messages.length}`;
  const calls = reply.calls.map((call, index): ToolCallBlock => ({ type: "toolCall", id: `demo_${place}_${index}`, ...call }));
  for (const call of calls) yield { type: "tool-call", call };
  yield { type: "done", message: message(calls.length > 0 ? "toolUse" : "stop", calls) };
}

async function paused(clock: Clock, signal: AbortSignal): Promise<boolean> {
  try {
    await clock.sleep(PAUSE_MS, signal);
    return true;
  } catch (error) {
    if (signal.aborted) return false;
    throw error;
  }
}
