// What managers report: domain events, from which wire events, hooks and metrics are made.
import type { AssistantMessage } from "./provider.ts";
import type { ToolContent } from "./tool.ts";

/** Where a run belongs; carried by every event of it. */
export interface RunRef {
  runId: string;
  sessionKey: string;
  sessionId: string;
  agentId: string;
  /** The session key as the client spelt it; protocol 3 clients compare with it. */
  spokenKey?: string;
}

export type RunEvent =
  | { type: "run.queued" }
  | { type: "run.started"; at: number }
  | { type: "run.model"; provider: string; model: string }
  | { type: "run.fallback"; from: string; to: string; reason: string }
  /** `text` is the whole text of the message so far, `delta` what was added. */
  | { type: "run.text"; text: string; delta: string }
  | { type: "run.thinking"; delta: string }
  | { type: "tool.started"; callId: string; name: string; args: unknown }
  | { type: "tool.progress"; callId: string; name: string; text: string }
  | { type: "tool.ended"; callId: string; name: string; isError: boolean; content: ToolContent[]; durationMs: number }
  | { type: "run.message"; message: AssistantMessage }
  | { type: "compaction.started" }
  | { type: "compaction.ended"; retry: boolean }
  | { type: "run.usage"; input: number; output: number; totalTokens: number; cost?: number }
  | { type: "run.ended"; at: number; startedAt: number; state: "done" | "failed" | "aborted" | "timed-out" | "joined"; text?: string; error?: { code: string; message: string; kind?: string }; abortedBy?: "rpc" | "stop" | "timeout" | "shutdown" };

export interface DomainEvents {
  /** Strictly ordered within a run; `seq` rises by one from 1. */
  "run": RunRef & { seq: number; at: number; event: RunEvent };
  /** A line was appended outside a run: injected text, a command's answer, an accepted user message. */
  "session.message": { sessionKey: string; sessionId: string; agentId: string; spokenKey?: string; runId?: string; kind: "command" | "inject" | "user"; text: string; messageId: string };
  "session.changed": { sessionKey: string; agentId: string; reason: "created" | "patched" | "reset" | "deleted" | "compacted" | "touched" };
  "config.changed": { paths: string[]; hash: string };
  "device.pair.requested": { request: Record<string, unknown> };
  "device.pair.resolved": { requestId: string; deviceId: string; decision: "approved" | "rejected"; ts: number };
  "device.changed": { deviceId: string; role?: string; reason: "revoked" | "rotated" | "removed" | "renamed" | "scopes" };
  "node.pair.requested": { request: Record<string, unknown> };
  "node.pair.resolved": { requestId: string; nodeId: string; decision: "approved" | "rejected"; ts: number };
  "presence.changed": Record<string, never>;
  "health.changed": Record<string, never>;
  "shutdown": { reason: string; restartExpectedMs: number | null };
}

export type DomainEventName = keyof DomainEvents;

/** In-process by default; a scaled gateway puts Redis or NATS behind it. Subscribers must not throw. */
export interface Bus {
  emit<N extends DomainEventName>(name: N, payload: DomainEvents[N]): void;
  /** Returns the function that unsubscribes. */
  on<N extends DomainEventName>(name: N, handler: (payload: DomainEvents[N]) => void): () => void;
}
