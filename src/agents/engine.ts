// The contract of the loop that carries one run: model call, tools, model call, until there is nothing left to do.
// Policy (limits, transcript, compaction) is the caller's; an engine only keeps the order.
import type { AssistantMessage, Message, ModelEvent, ToolCallBlock, ToolResultMessage } from "../sdk/provider.ts";
import type { ToolContent } from "../sdk/tool.ts";

export interface EngineTool {
  name: string;
  /** The client runs it: the engine does not. */
  client?: true;
  /** Has effects: calls of one turn run one after the other once a tool like this is among them. */
  sequential?: true;
}

export interface EngineToolResult {
  content: ToolContent[];
  details?: unknown;
  isError: boolean;
}

export type EngineEvent =
  | { type: "text"; delta: string }
  | { type: "thinking"; delta: string }
  | { type: "tool-started"; callId: string; name: string; args: unknown }
  | { type: "tool-ended"; callId: string; name: string; isError: boolean; content: ToolContent[] }
  /** A message is complete: what the model said, a tool's result, or a steering text that was taken in. */
  | { type: "message"; message: Message };

export interface EngineTask {
  system: string;
  /** Ends with a user message or a tool result; the array is not changed. */
  messages: readonly Message[];
  tools: readonly EngineTool[];
  /** One model call. Ends with `done` or `failed`. */
  stream(messages: readonly Message[], signal: AbortSignal): AsyncIterable<ModelEvent>;
  /** Runs one call of the gateway's own tools. Never rejects. */
  call(call: ToolCallBlock, signal: AbortSignal): Promise<EngineToolResult>;
  /** Before each model call: another view of the history, or undefined to keep it. */
  prepare(messages: readonly Message[]): Promise<readonly Message[] | undefined>;
  /** Texts that arrived meanwhile, taken in before the next model call. */
  steering(): Message[];
  /** Asked when the run would end; with an empty answer it does end, and nothing can join it any more. */
  lastWords(): Message[];
  /** After each turn: whether the run may go on. */
  turnEnded(message: AssistantMessage, results: readonly ToolResultMessage[]): Promise<"go-on" | "end">;
  /** In strict order; the engine waits for the promise. */
  emit(event: EngineEvent): void | Promise<void>;
}

/** Resolves when the run is over, whatever the model said. Rejects only when `emit`, `prepare` or `turnEnded` does. */
export type Engine = (task: EngineTask, signal: AbortSignal) => Promise<void>;
