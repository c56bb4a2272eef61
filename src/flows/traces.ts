// What a transcript tells about a run that an earlier process began: nothing, how far it came, or how it ended. Pure.
import { cutByRestart } from "../agents/model-call.ts";
import { noticeModel, textOf } from "../agents/model-view.ts";
import type { RunResult } from "../agents/runs.ts";
import type { TranscriptEntry } from "../sdk/backends.ts";
import type { AssistantMessage, ToolCallBlock } from "../sdk/provider.ts";

export type Traces =
  | { kind: "none" }
  /** Its line is there; `spent` are the model calls made for it. */
  | { kind: "begun"; spent: AssistantMessage[] }
  | { kind: "ended"; result: RunResult; spent: AssistantMessage[] };

type MessageEntry = Extract<TranscriptEntry, { type: "message" }>;

/** `clientTools`: their calls end a run as done. */
export function findTraces(history: readonly MessageEntry[], runId: string, clientTools: readonly string[], now: number): Traces {
  const own = history.filter((entry) => entry.runId === runId);
  const asked = history.find((entry) => entry.idempotencyKey === runId);
  if (asked && asked.runId !== undefined && asked.runId !== runId) return { kind: "ended", spent: [], result: { runId, state: "joined", startedAt: now, endedAt: now, text: "", into: asked.runId } };
  const last = own.at(-1)?.message;
  if (!last) return { kind: "none" };
  const answers = own.flatMap(({ message }) => (message.role === "assistant" ? [message] : []));
  const spent = answers.filter((message) => message.usage.totalTokens > 0);
  const clientToolCalls = last.role === "assistant" ? callsOf(last) : [];
  const handedOver = clientToolCalls.length > 0 && clientToolCalls.every((call) => clientTools.includes(call.name));
  const state = last.role !== "assistant" ? undefined : handedOver ? "done" : endState(last);
  if (!state || last.role !== "assistant") return { kind: "begun", spent };
  const text = answers.map(textOf).findLast((one, i) => one !== "" && answers[i]?.stopReason !== "injected") ?? "";
  return {
    kind: "ended",
    spent,
    result: {
      runId,
      state,
      startedAt: own[0]?.message.timestamp ?? now,
      endedAt: now,
      text,
      provider: last.provider,
      model: last.model,
      ...(state === "failed" ? { error: { code: last.model === noticeModel.model ? "run.limit" : "model.failed", message: last.errorMessage ?? textOf(last) } } : {}),
      ...(state === "aborted" ? { abortedBy: "stop" } : {}),
      ...(handedOver ? { clientToolCalls: clientToolCalls.map(({ id, name, arguments: args }) => ({ id, name, arguments: args })) } : {}),
    },
  };
}

/** Undefined: the run was not at its end. */
function endState(last: AssistantMessage): "done" | "failed" | "aborted" | undefined {
  switch (last.stopReason) {
    case "stop":
    case "length":
      return callsOf(last).length > 0 ? undefined : "done";
    case "toolUse":
      return undefined;
    case "error":
    case "injected":
      return "failed";
    case "aborted":
      return last.errorMessage === cutByRestart ? undefined : "aborted";
  }
}

function callsOf(message: AssistantMessage): ToolCallBlock[] {
  return message.content.filter((block): block is ToolCallBlock => block.type === "toolCall");
}
