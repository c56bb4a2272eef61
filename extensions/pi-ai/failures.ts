// Why a call failed, told from what was seen of the HTTP exchange and from the vendor's words. Pure.
import type { ModelFailure } from "../../src/sdk/provider.ts";

/** What the transport saw of one call. */
export interface Seen {
  status?: number;
  retryAfterMs?: number;
  /** Connecting or reading failed, in our words. */
  network?: string;
  /** The answer broke a bound or a rule of ours, in our words. */
  broken?: string;
  contentType?: string;
}

export interface Failure {
  kind: ModelFailure;
  reason: string;
  retryAfterMs?: number;
  httpStatus?: number;
}

const MAX_REASON_CHARS = 500;

const words: readonly [RegExp, ModelFailure][] = [
  [/insufficient_quota|quota exceeded|exceeded your current quota|credit balance|billing|payment required|out of credits|usage limit reached/i, "billing"],
  [/context[ _]length|context window|maximum context|prompt (?:is )?too long|too many (?:input )?tokens|input is too long|input token count|request_too_large|exceeds the available context|reduce the length|maximum prompt length|token limit exceeded/i, "context-length"],
  [/rate[ _-]?limit|too many requests|resource_exhausted|throttl/i, "rate-limit"],
  [/overloaded|at capacity|high demand|temporarily unavailable|service unavailable/i, "overloaded"],
  [/invalid[ _](?:x-)?api[ _-]?key|incorrect api key|authentication|unauthori[sz]ed|permission[ _]denied|permission_error|no api key|credentials/i, "auth"],
  [/model[^.]{0,80}(?:not found|does not exist|not exist)|not_found_error|model_not_found/i, "not-found"],
  [/content_filter|content filter|safety|refusal|sensitive|prohibited/i, "refused"],
  [/timed? ?out|timeout/i, "timeout"],
  [/connection error|fetch failed|socket|econn|enotfound|terminated|network|other side closed/i, "network"],
  [/ended without|ended before|unexpected end|json|parse|no body|premature|unexpected event order/i, "bad-response"],
  [/server[ _]error|internal error|api_error|had an error/i, "server"],
  [/invalid[ _]request|invalid value|bad request|unsupported/i, "bad-request"],
];

export function classify(message: string, seen: Seen): Failure {
  const httpStatus = seen.status ?? statusIn(message);
  const status = httpStatus === undefined ? {} : { httpStatus };
  const retry = seen.retryAfterMs === undefined ? {} : { retryAfterMs: seen.retryAfterMs };
  if (seen.broken !== undefined) return { kind: "bad-response", reason: seen.broken, ...status };
  if (seen.network !== undefined) return { kind: "network", reason: seen.network, ...status };
  const said = plain(message);
  if (httpStatus !== undefined && httpStatus >= 300) return { kind: byStatus(httpStatus, said), reason: `HTTP ${httpStatus}: ${said}`.slice(0, MAX_REASON_CHARS), ...status, ...retry };
  const byWords = words.find(([pattern]) => pattern.test(said))?.[1];
  const kind = byWords ?? (seen.status === undefined ? "unknown" : "bad-response");
  return { kind, reason: said.slice(0, MAX_REASON_CHARS), ...status, ...retry };
}

function byStatus(status: number, said: string): ModelFailure {
  const byWords = words.find(([pattern]) => pattern.test(said))?.[1];
  if (status === 401) return "auth";
  if (status === 402) return "billing";
  if (status === 403) return byWords === "billing" || byWords === "refused" ? byWords : "auth";
  if (status === 404) return "not-found";
  if (status === 408) return "timeout";
  if (status === 413) return "context-length";
  if (status === 429) return byWords === "billing" || byWords === "overloaded" ? byWords : "rate-limit";
  if (status === 503 || status === 529) return "overloaded";
  if (status >= 500) return byWords === "overloaded" || byWords === "rate-limit" ? byWords : "server";
  if (status < 400) return "bad-response";
  return byWords === "context-length" || byWords === "billing" || byWords === "auth" || byWords === "not-found" || byWords === "refused" || byWords === "rate-limit" ? byWords : "bad-request";
}

/** SDKs put the status in front: `429 …`, `OpenAI API error (429): …`. */
function statusIn(message: string): number | undefined {
  const found = /^(?:[\w .-]*error \()?([45]\d\d)\b/.exec(message) ?? /"code": ?([45]\d\d)\b/.exec(message);
  return found ? Number(found[1]) : undefined;
}

/** The vendor's sentence out of its JSON, and no HTML. */
function plain(message: string): string {
  const text = message.replace(/^[\w .-]*error \([45]\d\d\): /, "").replace(/^[45]\d\d:? /, "");
  const inner = /"message"\s*:\s*"((?:[^"\\]|\\.)*)"/.exec(text)?.[1];
  const type = /"(?:type|code)"\s*:\s*"([a-z_]*(?:_error|_exceeded|_quota|_filter)[a-z_]*)"/.exec(text)?.[1];
  if (inner !== undefined) return `${unescape(inner)}${type === undefined || inner.includes(type) ? "" : ` (${type})`}`;
  if (/<!doctype|<html/i.test(text)) return (/<title>([^<]{1,200})<\/title>/i.exec(text)?.[1] ?? "the server sent a web page").trim();
  return text.trim() || "no reason given";
}

function unescape(text: string): string {
  return text.replace(/\\(["\\/])/g, "$1").replace(/\\[nrt]/g, " ").replace(/\\u[0-9a-f]{4}/gi, "?");
}

/** Seconds, or an HTTP date; vendors also send milliseconds under a name of their own. */
export function retryAfter(header: (name: string) => string | null, nowMs: number): number | undefined {
  const ms = Number.parseFloat(header("retry-after-ms") ?? "");
  if (Number.isFinite(ms) && ms >= 0) return ms;
  const text = header("retry-after");
  if (text === null) return undefined;
  const seconds = Number(text.trim());
  if (text.trim() !== "" && Number.isFinite(seconds)) return Math.max(0, seconds * 1_000);
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : Math.max(0, at - nowMs);
}
