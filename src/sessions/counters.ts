// The counters a session's entry shows, taken from the last answer: after a crash they can be had again from the transcript. Pure.
import type { AssistantMessage } from "../sdk/provider.ts";
import type { MessageEntry } from "./transcript-tree.ts";

export interface Counters {
  inputTokens: number;
  outputTokens: number;
  /** What the context held after the answer. */
  totalTokens: number;
  modelProvider: string;
  model: string;
}

export function countersOf(message: AssistantMessage): Counters {
  const { usage } = message;
  return {
    inputTokens: usage.input,
    outputTokens: usage.output,
    totalTokens: usage.totalTokens > 0 ? usage.totalTokens : usage.input + usage.output + usage.cacheRead + usage.cacheWrite,
    modelProvider: message.provider,
    model: message.model,
  };
}

/** Counters of the last answer that a model gave; undefined when there is none newer than `sinceMs`. */
export function countersSince(history: readonly MessageEntry[], sinceMs: number): Counters | undefined {
  for (let index = history.length - 1; index >= 0; index--) {
    const message = history[index]?.message;
    if (message?.role !== "assistant" || message.stopReason === "injected" || !message.usage) continue;
    return message.timestamp > sinceMs ? countersOf(message) : undefined;
  }
  return undefined;
}
