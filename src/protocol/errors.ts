// The error codes of the wire, the shape in which they travel, and the detail codes that clients test for.

export const wireCodes = ["INVALID_REQUEST", "UNAVAILABLE", "NOT_PAIRED", "NOT_LINKED", "AGENT_TIMEOUT", "FORBIDDEN", "APPROVAL_NOT_FOUND"] as const;
export type WireCode = (typeof wireCodes)[number];

/** The `error` member of a response frame. */
export interface ErrorShape {
  code: WireCode;
  message: string;
  details?: unknown;
  retryable?: boolean;
  retryAfterMs?: number;
}

/** Close codes of the gateway socket (protocol.md 1.4). */
export const closeCodes = {
  normal: 1000,
  protocolMismatch: 1002,
  refused: 1008,
  serviceRestart: 1012,
  tryAgainLater: 1013,
  tickTimeout: 4000,
} as const;

/** Codes that protocol 3 does not know, as it spells them. */
export function codeForProtocol3(code: WireCode): WireCode {
  return code === "FORBIDDEN" || code === "APPROVAL_NOT_FOUND" ? "INVALID_REQUEST" : code;
}
