// The three frames of the gateway socket and what differs between protocol 3 and 4.
import type { ErrorShape } from "./errors.ts";
import type { ProtocolVersion } from "./scopes.ts";

export interface RequestFrame {
  type: "req";
  id: string;
  method: string;
  params?: unknown;
  /** Protocol 4: W3C trace context, at most 128 characters. */
  traceparent?: string;
  expectedProfileId?: string;
}

export interface ResponseFrame {
  type: "res";
  id: string;
  ok: boolean;
  payload?: unknown;
  error?: ErrorShape;
}

export interface EventFrame {
  type: "event";
  event: string;
  payload?: unknown;
  /** Per connection, from 1, without gaps but for dropped events. Absent on targeted events. */
  seq?: number;
  stateVersion?: { presence: number; health: number };
}

export type Frame = RequestFrame | ResponseFrame | EventFrame;

export const minProtocol = 3;
export const maxProtocol = 4;

/** The version both sides speak, or undefined when the ranges do not meet (protocol.md 9.1). */
export function negotiate(range: { minProtocol: number; maxProtocol: number }): ProtocolVersion | undefined {
  if (range.minProtocol > maxProtocol || range.maxProtocol < minProtocol || range.minProtocol > range.maxProtocol) return undefined;
  return range.maxProtocol >= 4 ? 4 : 3;
}

/** Limits told in hello-ok `policy` and enforced on the socket (protocol.md 1.3). */
export const frameLimits = {
  preAuthBytes: 65_536,
  preAuthBytesV3: 524_288,
  maxPayloadBytes: 26_214_400,
  maxBufferedBytes: 8_388_608,
  handshakeTimeoutMs: 10_000,
  tickIntervalMs: 30_000,
  closeReasonBytes: 120,
} as const;

/** Reads a request frame; the error text is for the peer. Untrusted input. */
export function readRequest(value: unknown): { ok: true; frame: RequestFrame } | { ok: false; id: string; reason: string } {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return { ok: false, id: "invalid", reason: "not an object" };
  const raw = value as Record<string, unknown>;
  const id = typeof raw.id === "string" && raw.id.length > 0 ? raw.id : "invalid";
  if (raw.type !== "req") return { ok: false, id, reason: "type must be \"req\"" };
  if (id === "invalid" && raw.id !== "invalid") return { ok: false, id, reason: "id must be a non-empty string" };
  if (typeof raw.method !== "string" || raw.method.length === 0) return { ok: false, id, reason: "method must be a non-empty string" };
  return { ok: true, frame: raw as unknown as RequestFrame /* the members that matter were checked above */ };
}
