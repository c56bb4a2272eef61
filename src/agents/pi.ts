// The Pi agent loop behind our Engine contract; the only file that knows it. Loaded on the first run.
import type { AgentContext, AgentEvent, AgentLoopConfig, AgentTool, runAgentLoopContinue, StreamFn } from "@earendil-works/pi-agent-core";
import type { AssistantMessage, Message, ModelEvent, TextBlock, ThinkingBlock, ToolResultMessage } from "../sdk/provider.ts";
import type { ToolContent } from "../sdk/tool.ts";
import type { Engine, EngineTask, EngineTool } from "./engine.ts";

type PiMessage = AgentContext["messages"][number];
type PiStream = Awaited<ReturnType<StreamFn>>;
type PiStreamEvent = PiStream extends AsyncIterable<infer E> ? E : never;
type PiModel = AgentLoopConfig["model"];

/** Pi wants a model for its own bookkeeping; the choice is made behind `stream`, so this one is never called. */
const routedModel = { id: "routed", name: "routed", api: "openclaw", provider: "openclaw", baseUrl: "", reasoning: false, input: ["text"], cost: { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 }, contextWindow: 0, maxTokens: 0 } as PiModel;

/** Arguments are checked where calls are made (execution), so Pi is told that anything goes. */
const anyArguments = {} as AgentTool["parameters"];

type RunLoop = typeof runAgentLoopContinue;

export function createPiEngine(): Engine {
  let loading: Promise<RunLoop> | undefined;
  const load = async (): Promise<RunLoop> => {
    // Destructured where it is imported, so that a bundler keeps the loop and drops the rest of the package.
    const { runAgentLoopContinue: loop } = await import("@earendil-works/pi-agent-core");
    return loop;
  };
  return async (task, signal) => {
    loading ??= load();
    const loop = await loading;
    await runWith(loop, task, signal);
  };
}

async function runWith(loop: RunLoop, task: EngineTask, signal: AbortSignal): Promise<void> {
  const clientTools = new Set(task.tools.filter((tool) => tool.client).map((tool) => tool.name));
  const failed = new Set<string>();
  /** What the model really said, beside the message Pi saw without the client's calls. */
  let said: AssistantMessage | undefined;
  let results: ToolResultMessage[] = [];

  const leading: PiMessage = { role: "system", content: task.system, timestamp: 0 };
  const withLead = (messages: readonly Message[]): PiMessage[] => [leading, ...(messages as readonly PiMessage[])];
  const context: AgentContext = {
    messages: withLead(task.messages),
    tools: task.tools.filter((tool) => !tool.client).map((tool) => piTool(tool, task, failed)),
  };
  // Pi compares the executable tools with the declared ones; declaring the same stand-ins keeps it from announcing changes.
  Object.assign(leading, { toolsAdded: context.tools?.map(({ name, description, parameters }) => ({ name, description, parameters })) });

  const config: AgentLoopConfig = {
    model: routedModel,
    convertToLlm: (messages) => messages as ReturnType<AgentLoopConfig["convertToLlm"]>, // only messages of ours are in it
    afterToolCall: async ({ toolCall, isError }) => ({ isError: isError || failed.delete(toolCall.id) }),
    prepareRequest: async ({ context: now }) => {
      const messages = await task.prepare(withoutLead(now.messages));
      return messages ? { context: { ...now, messages: withLead(messages) } } : undefined;
    },
    getSteeringMessages: async () => task.steering() as PiMessage[],
    getFollowUpMessages: async () => task.lastWords() as PiMessage[],
    finishTurn: async ({ message }) => {
      const decision = await task.turnEnded(said ?? (message as AssistantMessage), results);
      results = [];
      return decision === "end" ? { action: "end" } : undefined;
    },
  };
  const streamFn: StreamFn = (_model, { messages }) => {
    said = undefined;
    return piStream(task.stream(withoutLead(messages), signal), clientTools, (message) => {
      said = message;
    });
  };
  const emit = (event: AgentEvent): void | Promise<void> => {
    switch (event.type) {
      case "message_update": {
        const update = event.assistantMessageEvent;
        if (update.type === "text_delta") return task.emit({ type: "text", delta: update.delta });
        if (update.type === "thinking_delta") return task.emit({ type: "thinking", delta: update.delta });
        return undefined;
      }
      case "tool_execution_start":
        return task.emit({ type: "tool-started", callId: event.toolCallId, name: event.toolName, args: event.args });
      case "tool_execution_end":
        return task.emit({ type: "tool-ended", callId: event.toolCallId, name: event.toolName, isError: event.isError, content: (event.result as { content?: ToolContent[] }).content ?? [] });
      case "message_end": {
        const message = event.message as Message | { role: "system" };
        if (message.role === "system") return undefined;
        if (message.role === "toolResult") results.push(message);
        return task.emit({ type: "message", message: message.role === "assistant" ? (said ?? message) : message });
      }
      default:
        return undefined;
    }
  };
  await loop(context, config, emit as (event: AgentEvent) => Promise<void>, signal, streamFn);
}

/** The transcript without Pi's system messages: providers get the prompt and the tools beside it. */
function withoutLead(messages: readonly PiMessage[]): readonly Message[] {
  return (messages[0]?.role === "system" ? messages.slice(1) : messages) as readonly Message[];
}

function piTool(tool: EngineTool, task: EngineTask, failed: Set<string>): AgentTool {
  return {
    name: tool.name,
    label: tool.name,
    description: "",
    parameters: anyArguments,
    ...(tool.sequential ? { executionMode: "sequential" as const } : {}),
    async execute(callId, params, signal) {
      const result = await task.call({ type: "toolCall", id: callId, name: tool.name, arguments: params as Record<string, unknown> }, signal as AbortSignal /* the loop always has one here */);
      if (result.isError) failed.add(callId);
      return { content: result.content, details: result.details };
    },
  };
}

/** Our events in Pi's shape, pulled one by one: nothing is queued between the model and the loop. */
function piStream(events: AsyncIterable<ModelEvent>, clientTools: ReadonlySet<string>, remember: (message: AssistantMessage) => void): PiStream {
  let final: AssistantMessage | undefined;
  async function* pull(): AsyncGenerator<PiStreamEvent> {
    const partial = emptyAnswer();
    let open: TextBlock | ThinkingBlock | undefined;
    yield { type: "start", partial } as PiStreamEvent;
    for await (const event of events) {
      const contentIndex = partial.content.length - 1;
      switch (event.type) {
        case "text":
          if (open?.type !== "text") partial.content.push((open = { type: "text", text: "" }));
          open.text += event.delta;
          yield { type: "text_delta", contentIndex: partial.content.length - 1, delta: event.delta, partial } as PiStreamEvent;
          break;
        case "thinking":
          if (open?.type !== "thinking") partial.content.push((open = { type: "thinking", thinking: "" }));
          open.thinking += event.delta;
          yield { type: "thinking_delta", contentIndex: partial.content.length - 1, delta: event.delta, partial } as PiStreamEvent;
          break;
        case "tool-call":
          open = undefined;
          partial.content.push(event.call);
          yield { type: "toolcall_end", contentIndex: contentIndex + 1, toolCall: event.call, partial } as PiStreamEvent;
          break;
        case "done":
          remember(event.message);
          final = withoutCalls(event.message, clientTools);
          yield { type: "done", reason: final.stopReason, message: final } as PiStreamEvent;
          return;
        case "failed":
          final = event.message;
          remember(final);
          yield { type: "error", reason: final.stopReason, error: final } as PiStreamEvent;
          return;
        default: // signs of life; the loop has no use for them
      }
    }
  }
  // Pi iterates once and then asks for the result; the class behind its type adds nothing to that.
  return { [Symbol.asyncIterator]: pull, result: async () => final ?? emptyAnswer() } as unknown as PiStream;
}

function withoutCalls(message: AssistantMessage, names: ReadonlySet<string>): AssistantMessage {
  if (names.size === 0 || !message.content.some((block) => block.type === "toolCall" && names.has(block.name))) return message;
  return { ...message, content: message.content.filter((block) => block.type !== "toolCall" || !names.has(block.name)) };
}

function emptyAnswer(): AssistantMessage {
  return { role: "assistant", content: [], api: "openclaw", provider: "openclaw", model: "routed", usage: { input: 0, output: 0, cacheRead: 0, cacheWrite: 0, totalTokens: 0, cost: { input: 0, output: 0, cacheRead: 0, cacheWrite: 0, total: 0 } }, stopReason: "error", errorMessage: "the model stream ended without an answer", timestamp: 0 };
}
