// What people see of a run while it goes on, and what its result will need: engine events become run events here.
import type { RunEvent } from "../sdk/events.ts";
import type { AssistantMessage, ToolCallBlock } from "../sdk/provider.ts";
import type { EngineEvent } from "./engine.ts";
import { textOf } from "./model-view.ts";
import { totalUsage, type AbortedBy } from "./run-result.ts";

export interface RunWatch {
  emit(event: RunEvent): void;
  /** Who stopped it, when the signal fired. */
  abortedBy(): AbortedBy | undefined;
  /** The opening lines are in the transcript, under these ids. */
  opened?(messageIds: readonly string[]): void;
}

export interface RunProgress {
  take(event: EngineEvent, nowMs: number): void;
  /** News about a model call: which model speaks, and why another one had to. Other news is for nobody. */
  report(event: { type: string }): void;
  /** Books model calls that are no answer of the run, too: summaries. */
  spend(messages: readonly AssistantMessage[]): void;
  handOver(calls: readonly ToolCallBlock[]): void;
  readonly spent: AssistantMessage[];
  /** The last text that was said. */
  text(): string;
  served(): { provider?: string; model?: string };
  clientCalls(): { id: string; name: string; arguments: Record<string, unknown> }[];
}

export function createProgress(watch: RunWatch): RunProgress {
  const spent: AssistantMessage[] = [];
  const startedAt = new Map<string, number>();
  let message = "";
  let lastText = "";
  let served: { provider?: string; model?: string } = {};
  let client: readonly ToolCallBlock[] = [];

  const spend = (messages: readonly AssistantMessage[]) => {
    for (const one of messages) if (one.usage.totalTokens > 0) spent.push(one);
    const totals = messages.length > 0 ? totalUsage(spent) : undefined;
    if (totals) watch.emit({ type: "run.usage", input: totals.input, output: totals.output, totalTokens: totals.totalTokens, ...(totals.cost === undefined ? {} : { cost: totals.cost }) });
  };
  const complete = (answer: AssistantMessage) => {
    message = "";
    lastText = textOf(answer) || lastText;
    served = { provider: answer.provider, model: answer.model };
    watch.emit({ type: "run.message", message: answer });
    spend([answer]);
  };
  return {
    spent,
    spend,
    take(event, nowMs) {
      switch (event.type) {
        case "text":
          message += event.delta;
          return watch.emit({ type: "run.text", text: message, delta: event.delta });
        case "thinking":
          return watch.emit({ type: "run.thinking", delta: event.delta });
        case "tool-started":
          startedAt.set(event.callId, nowMs);
          return watch.emit({ type: "tool.started", callId: event.callId, name: event.name, args: event.args });
        case "tool-ended": {
          const durationMs = Math.round(nowMs - (startedAt.get(event.callId) ?? nowMs));
          startedAt.delete(event.callId);
          return watch.emit({ type: "tool.ended", callId: event.callId, name: event.name, isError: event.isError, content: event.content, durationMs });
        }
        case "message":
          if (event.message.role === "assistant") complete(event.message);
      }
    },
    report(event) {
      if (event.type === "model" || event.type === "fallback") watch.emit({ ...event, type: `run.${event.type}` } as RunEvent); // the same members under another name
    },
    handOver(calls) {
      client = calls;
    },
    text: () => lastText,
    served: () => served,
    clientCalls: () => client.map(({ id, name, arguments: args }) => ({ id, name, arguments: args })),
  };
}
