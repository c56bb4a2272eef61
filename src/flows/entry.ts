// A prompt on its way: as a door hands it in, as its inbox row keeps it, as the flow carries it, and what became of it.
import { createHash } from "node:crypto";
import type { RunResult, RunTicket } from "../agents/runs.ts";
import type { Authority } from "../protocol/scopes.ts";
import type { RunEvent } from "../sdk/events.ts";
import type { Message } from "../sdk/provider.ts";

export interface Attachment { type?: string; mimeType: string; fileName?: string; /** base64 */ content: string }

/** A tool the client brought: the model may call it, the client runs it. */
export interface ClientTool { name: string; description?: string; parameters?: object }

export interface DirectPrompt {
  door: "chat" | "agent" | "http" | "node";
  /** Client's idempotency key; becomes the run id. */
  key: string;
  /** Canonical session key. */
  sessionKey: string;
  /** As the client spelt it, for protocol 3 echoes. */
  spokenKey: string;
  agentId: string;
  text: string;
  attachments: Attachment[];
  authority: Authority;
  thinking?: string;
  model?: string;
  timeoutMs?: number;
  extraSystem?: string;
  queueMode?: "steer" | "followup" | "collect" | "interrupt";
  clientTools?: ClientTool[];
  toolChoice?: "auto" | "none" | "required" | { name: string };
  maxTokens?: number;
  temperature?: number;
  /** Results of client tools that an earlier answer called; the run then continues from them and `text` may be empty. */
  toolResults?: { toolCallId: string; text: string; isError: boolean }[];
  /** Sees every event of the run in order, in this process only: the caller's own stream. Must not throw. */
  watch?: (event: RunEvent) => void;
  /** /v1 without a key of its own: no inbox row, no sessions.json entry; `history` is what the request brought. */
  ephemeral?: { history: Message[] };
  /** Text is taken as it is, slash commands are not interpreted. */
  literal?: boolean;
}

export type Accepted =
  | { kind: "started"; runId: string; acceptedAt: number; outcome: Promise<Outcome> }
  /** Same key, still running. */
  | { kind: "in_flight"; runId: string; outcome: Promise<Outcome> }
  /** Same key, already ended. */
  | { kind: "ended"; runId: string; result: RunResult };

export type Outcome =
  | { kind: "ran"; result: RunResult }
  | { kind: "command"; runId: string; text: string }
  | { kind: "joined"; runId: string; into: string }
  | { kind: "refused"; runId: string; reason: string };

/** An attachment whose bytes are in blobs/. */
export interface StoredAttachment {
  hash: string;
  mimeType: string;
  fileName?: string;
}

/** What of a prompt is kept in its row. */
export interface StoredPrompt {
  door: DirectPrompt["door"];
  spokenKey: string;
  text: string;
  attachments: StoredAttachment[];
  authority: Authority;
  thinking?: string;
  model?: string;
  timeoutMs?: number;
  extraSystem?: string;
  queueMode?: NonNullable<DirectPrompt["queueMode"]>;
  clientTools?: ClientTool[];
  toolChoice?: NonNullable<DirectPrompt["toolChoice"]>;
  maxTokens?: number;
  temperature?: number;
  toolResults?: NonNullable<DirectPrompt["toolResults"]>;
  literal?: boolean;
  /** The first words of a new conversation. */
  fresh?: boolean;
}

export interface PromptEntry {
  runId: string;
  sessionKey: string;
  agentId: string;
  acceptedAt: number;
  prompt: StoredPrompt;
  /** Absent for an ephemeral conversation: nothing about it is recorded. */
  inboxId?: string;
  /** What an ephemeral request brought. */
  history?: readonly Message[];
  /** Found at boot: parts of its work may be done. The number says how often it was taken up before. */
  resumes?: number;
  /** Its place in the session's order; a command has none. */
  ticket?: RunTicket;
}

export type Turn = PromptEntry & { ticket: RunTicket };

/** The prompt without what has another place: ids, keys, bytes. */
export function storedPrompt(prompt: DirectPrompt, attachments: StoredAttachment[]): StoredPrompt {
  const { key: _key, sessionKey: _sessionKey, agentId: _agentId, attachments: _attachments, ephemeral: _ephemeral, watch: _watch, ...kept } = prompt;
  return { ...kept, attachments };
}

/** The same for a retry of the same request: how the key was spelt, who asks and the time limit do not count. */
export function digestOf(prompt: DirectPrompt): string {
  const hash = createHash("sha256");
  const { sessionKey, text, thinking, model, extraSystem, clientTools, toolChoice, maxTokens, temperature, toolResults, literal } = prompt;
  hash.update(JSON.stringify([sessionKey, prompt.authority.person, text, thinking, model, extraSystem, clientTools, toolChoice, maxTokens, temperature, toolResults, literal]));
  for (const attachment of prompt.attachments) hash.update(`\n${attachment.mimeType} ${attachment.fileName ?? ""} `).update(attachment.content);
  return hash.digest("base64url");
}
