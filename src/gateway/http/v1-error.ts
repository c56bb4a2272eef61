// Every failure below /v1 in OpenAI's shape, so that OpenAI clients show it as their own.
import { Fault } from "../../base/faults.ts";
import type { RunResult } from "../../agents/runs.ts";

export interface V1Error { status: number; message: string; type: string; code: string | null; param: string | null; retryAfterMs?: number }

const types: Record<number, string> = { 400: "invalid_request_error", 401: "unauthorized", 403: "permission_error", 404: "invalid_request_error", 409: "conflict_error", 413: "invalid_request_error", 429: "rate_limit_error" };

export function badRequest(message: string, param: string | null = null, code: string | null = null): V1Error {
  return { status: 400, message, type: "invalid_request_error", code, param };
}

/** `hide` logs what must not leave and returns the id that finds it. */
export function fromThrown(error: unknown, hide: (error: unknown) => string): V1Error {
  if (!(error instanceof Fault)) return { status: 500, message: `internal error (log id ${hide(error)})`, type: "api_error", code: "internal", param: null };
  return { status: error.httpStatus, message: error.message, type: types[error.httpStatus] ?? "api_error", code: error.code, param: null, ...(error.retryAfterMs === undefined ? {} : { retryAfterMs: error.retryAfterMs }) };
}

const runStatus: Record<string, { status: number; type: string; code: string }> = {
  "rate-limit": { status: 429, type: "rate_limit_error", code: "rate_limit_exceeded" },
  "context-length": { status: 400, type: "invalid_request_error", code: "context_length_exceeded" },
  "refused": { status: 400, type: "invalid_request_error", code: "content_filter" },
  "timeout": { status: 504, type: "api_error", code: "timeout" },
  "overloaded": { status: 503, type: "api_error", code: "overloaded" },
};

/** What a run that did not end well looks like to the caller. */
export function fromRun(result: RunResult): V1Error {
  const known = runStatus[result.error?.kind ?? ""] ?? { status: result.state === "timed-out" ? 504 : 502, type: "api_error", code: result.error?.code ?? result.state };
  return { ...known, message: result.error?.message ?? `the run ended as ${result.state}`, param: null };
}

export function errorBody(error: V1Error) {
  return { error: { message: error.message, type: error.type, param: error.param, code: error.code } };
}

export function errorResponse(error: V1Error): Response {
  const headers: Record<string, string> = { "content-type": "application/json; charset=utf-8" };
  if (error.retryAfterMs !== undefined) headers["retry-after"] = String(Math.ceil(error.retryAfterMs / 1000));
  return new Response(JSON.stringify(errorBody(error)), { status: error.status, headers });
}
