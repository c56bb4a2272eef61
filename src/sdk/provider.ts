// The contract of a model provider: a list of models and one stream function that never rejects.
import type { Secret } from "../base/secret.ts";

export interface ModelInfo {
  /** `<provider>/<id>` is how the model is named everywhere. */
  id: string;
  provider: string;
  name: string;
  contextWindow: number;
  maxTokens: number;
  reasoning: boolean;
  input: ("text" | "image")[];
  /** Money per million tokens, in US dollars; absent when unknown. */
  cost?: { input: number; output: number; cacheRead: number; cacheWrite: number };
  /** Shown wherever the model is: the built-in demo says so. */
  demo?: true;
}

export interface Usage {
  input: number;
  output: number;
  cacheRead: number;
  cacheWrite: number;
  totalTokens: number;
  /** US dollars, from the provider's own figures; absent when the price is unknown. */
  cost?: number;
}

export type TextBlock = { type: "text"; text: string; textSignature?: string };
export type ThinkingBlock = { type: "thinking"; thinking: string; thinkingSignature?: string; redacted?: boolean };
export type ImageBlock = { type: "image"; data: string; mimeType: string };
export type ToolCallBlock = { type: "toolCall"; id: string; name: string; arguments: Record<string, unknown>; thoughtSignature?: string };

/** Messages as transcripts keep them and models receive them (protocol.md 6.3). Timestamps in ms. */
export interface UserMessage { role: "user"; content: string | (TextBlock | ImageBlock)[]; timestamp: number }
export interface AssistantMessage {
  role: "assistant";
  content: (TextBlock | ThinkingBlock | ToolCallBlock)[];
  api: string;
  provider: string;
  model: string;
  usage: { input: number; output: number; cacheRead: number; cacheWrite: number; totalTokens: number; /** US dollars; absent when the price is unknown. */ cost?: { input: number; output: number; cacheRead: number; cacheWrite: number; total: number } };
  stopReason: "stop" | "length" | "toolUse" | "error" | "aborted" | "injected";
  errorMessage?: string;
  timestamp: number;
}
export interface ToolResultMessage {
  role: "toolResult";
  toolCallId: string;
  toolName: string;
  content: (TextBlock | ImageBlock)[];
  details?: unknown;
  isError: boolean;
  timestamp: number;
}
export type Message = UserMessage | AssistantMessage | ToolResultMessage;

export interface ToolDeclaration { name: string; description: string; parameters: object }

/** One model of `models.providers.<id>.models`, as the configuration has it. */
export interface ModelSettings {
  id: string;
  name?: string | undefined;
  api?: string | undefined;
  reasoning?: boolean | undefined;
  input?: ("text" | "image")[] | undefined;
  cost?: { input: number; output: number; cacheRead?: number | undefined; cacheWrite?: number | undefined } | undefined;
  contextWindow?: number | undefined;
  maxTokens?: number | undefined;
  headers?: Record<string, string> | undefined;
  /** Dialect quirks in the provider library's own words. */
  compat?: Record<string, unknown> | undefined;
}

/** `models.providers.<id>` without its key. Absent members: the provider's own defaults. */
export interface ProviderSettings {
  baseUrl?: string | undefined;
  /** Wire dialect, e.g. `openai-completions`. */
  api?: string | undefined;
  auth?: string | undefined;
  headers?: Record<string, string> | undefined;
  authHeader?: boolean | undefined;
  models?: ModelSettings[] | undefined;
  /** Only the listed models exist; the provider's own catalogue is not used. */
  onlyListed?: boolean | undefined;
}

/** What one configured provider is, whenever its catalogue is asked for. */
export interface ProviderSetup {
  /** The id in the configuration; for a provider that answers to `*` the only name it has. */
  provider: string;
  settings: ProviderSettings;
  credential?: Secret;
}

export interface ModelRequest {
  model: ModelInfo;
  settings: ProviderSettings;
  system: string;
  messages: readonly Message[];
  tools: readonly ToolDeclaration[];
  toolChoice?: "auto" | "none" | "required" | { name: string };
  thinking?: "off" | "minimal" | "low" | "medium" | "high" | "xhigh";
  maxTokens?: number;
  temperature?: number;
  /** Stable per session: providers use it to keep their prompt cache warm. */
  sessionId?: string;
  credential?: Secret;
  /** Largest answer read from the network; more is a `bad-response`. */
  maxAnswerBytes?: number;
}

/** Why a call failed, in words the failover rules read. */
export type ModelFailure = "auth" | "billing" | "rate-limit" | "overloaded" | "server" | "network" | "timeout" | "context-length" | "refused" | "too-long" | "not-found" | "bad-response" | "bad-request" | "unknown";

export type ModelEvent =
  /** The provider accepted the request; nothing is said yet. */
  | { type: "started" }
  /** Something arrived that is not shown yet, such as a part of a tool call: a sign of life. */
  | { type: "progress" }
  | { type: "text"; delta: string }
  | { type: "thinking"; delta: string }
  | { type: "tool-call"; call: ToolCallBlock }
  /** Last event on success. */
  | { type: "done"; message: AssistantMessage }
  /** Last event on failure or abort; `message` holds what was said before. */
  | { type: "failed"; kind: ModelFailure | "aborted"; reason: string; retryAfterMs?: number; httpStatus?: number; message: AssistantMessage };

/** How a person gives this provider its credential; data, for onboarding and the keys form. */
export interface ProviderAccess {
  needsKey: boolean;
  /** Environment variables that hold a key, in the order they are tried. */
  keyEnv: readonly string[];
  /** Variables of which each alone means that the provider's own library finds credentials (AWS profiles and the like). */
  ambientEnv?: readonly string[];
  /** Where to get a key, or what it looks like. */
  keyHint?: string;
  baseUrl?: string;
  /** The model offered first when nothing is configured. */
  firstModel?: string;
}

export interface ModelProvider {
  /** `*` answers for every configured provider id that no other provider claims. */
  id: string;
  label: string;
  access: ProviderAccess;
  /** Models of this provider; throws a Fault when they cannot be read. */
  models(setup: ProviderSetup, signal: AbortSignal): Promise<ModelInfo[]>;
  /** One model call. Never throws and never rejects: failure is the last event. Makes exactly one attempt. */
  stream(request: ModelRequest, signal: AbortSignal): AsyncIterable<ModelEvent>;
}
