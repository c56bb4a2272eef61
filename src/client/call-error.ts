// What a call rejects with: the gateway's own error, or the client's when there was no answer.
import type { ErrorShape } from "../protocol/errors.ts";

/** Codes of the client itself beside those of the wire. */
export type ClientErrorCode = "OFFLINE" | "CONNECTION_LOST" | "TIMEOUT" | "TOO_LARGE" | "TOO_MANY_CALLS" | "CLOSED" | "BAD_ANSWER";

export class CallError extends Error {
  readonly code: string;
  readonly details: unknown;
  readonly retryable: boolean;
  readonly retryAfterMs: number | undefined;
  /** A failed `agent` or `chat.send` carries a payload beside its error. */
  readonly payload: unknown;

  constructor(shape: { code: string; message: string; details?: unknown; retryable?: boolean; retryAfterMs?: number }, payload?: unknown) {
    super(shape.message);
    this.name = "CallError";
    this.code = shape.code;
    this.details = shape.details;
    this.retryable = shape.retryable ?? false;
    this.retryAfterMs = shape.retryAfterMs;
    this.payload = payload;
  }

  /** The finer code, when the gateway sent one. */
  get detailsCode(): string | undefined {
    return detailText(this.details, "code");
  }
}

export function clientError(code: ClientErrorCode, message: string, retryable = false): CallError {
  return new CallError({ code, message, retryable });
}

/** The error of a response frame; a peer that sends none still gives a readable one. Untrusted input. */
export function errorShapeOf(error: unknown): ErrorShape {
  if (typeof error !== "object" || error === null) return { code: "UNAVAILABLE", message: "the gateway refused without saying why" };
  const raw = error as Record<string, unknown>;
  const shape: Record<string, unknown> = {
    code: typeof raw.code === "string" ? raw.code : "UNAVAILABLE",
    message: typeof raw.message === "string" ? raw.message : "the gateway refused without saying why",
  };
  if (raw.details !== undefined) shape.details = raw.details;
  if (typeof raw.retryable === "boolean") shape.retryable = raw.retryable;
  if (typeof raw.retryAfterMs === "number") shape.retryAfterMs = raw.retryAfterMs;
  return shape as unknown as ErrorShape; // built from checked members just above
}

/** A text member of an object of unknown shape. */
export function detailText(details: unknown, key: string): string | undefined {
  if (typeof details !== "object" || details === null) return undefined;
  const value = (details as Record<string, unknown>)[key];
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** A boolean member of an object of unknown shape. */
export function detailFlag(details: unknown, key: string): boolean | undefined {
  if (typeof details !== "object" || details === null) return undefined;
  const value = (details as Record<string, unknown>)[key];
  return typeof value === "boolean" ? value : undefined;
}
