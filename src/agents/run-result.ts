// The terminal value of a run, and how its cause becomes words.
import type { AssistantMessage } from "../sdk/provider.ts";

export type AbortedBy = "rpc" | "stop" | "timeout" | "shutdown";

/** The terminal value of a run. */
export interface RunResult {
  runId: string;
  state: "done" | "failed" | "aborted" | "timed-out" | "joined" | "interrupted";
  startedAt: number;
  endedAt: number;
  /** All that was said, the last message's text. */
  text: string;
  error?: { code: string; message: string; kind?: string };
  usage?: { input: number; output: number; cacheRead: number; cacheWrite: number; totalTokens: number; cost?: number };
  provider?: string;
  model?: string;
  sessionId?: string;
  /** Calls to tools that the client brought; their results come with the next request. */
  clientToolCalls?: { id: string; name: string; arguments: Record<string, unknown> }[];
  abortedBy?: AbortedBy;
  /** The run that took the text in, when the state is `joined`. */
  into?: string;
}

/** Why a run did not end as done. */
export interface RunFailure {
  state: "failed" | "timed-out" | "aborted";
  error?: NonNullable<RunResult["error"]>;
}

/** What all these model calls took together; the cost only when every price is known. */
export function totalUsage(spent: readonly AssistantMessage[]): RunResult["usage"] {
  if (spent.length === 0) return undefined;
  const totals = { input: 0, output: 0, cacheRead: 0, cacheWrite: 0, totalTokens: 0, cost: 0 };
  let priced = true;
  for (const { usage } of spent) {
    totals.input += usage.input;
    totals.output += usage.output;
    totals.cacheRead += usage.cacheRead;
    totals.cacheWrite += usage.cacheWrite;
    totals.totalTokens += usage.totalTokens;
    if (usage.cost) totals.cost += usage.cost.total;
    else priced = false;
  }
  const { cost, ...tokens } = totals;
  return priced ? { ...tokens, cost } : tokens;
}
