import { describe, expect, it } from "vitest";
import { classify, retryAfter } from "./failures.ts";
import { networkReason } from "./transport.ts";

describe("why a call failed", () => {
  it.each([
    ['401 {"error":{"message":"Incorrect API key provided: sk-x","type":"invalid_request_error"}}', 401, "auth"],
    ["403 Your key may not use this resource.", 403, "auth"],
    ['402 {"error":{"message":"Insufficient credits"}}', 402, "billing"],
    ['429 {"error":{"message":"You exceeded your current quota, please check your plan","type":"insufficient_quota"}}', 429, "billing"],
    ['429 {"error":{"message":"Rate limit reached"}}', 429, "rate-limit"],
    ['400 {"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 213462 tokens > 200000 maximum"}}', 400, "context-length"],
    ["413 request_too_large", 413, "context-length"],
    ['400 {"error":{"message":"Your credit balance is too low to access the API"}}', 400, "billing"],
    ['404 {"error":{"message":"The model `x` does not exist"}}', 404, "not-found"],
    ["500 <html><head><title>Internal Server Error</title></head></html>", 500, "server"],
    ["502 <html><title>502 Bad Gateway</title></html>", 502, "server"],
    ["503 The service is temporarily unavailable.", 503, "overloaded"],
    ["529 Overloaded", 529, "overloaded"],
    ['{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}', 200, "overloaded"],
    ['{"type":"error","error":{"type":"api_error","message":"Internal server error"}}', 200, "server"],
    ["Provider finish_reason: content_filter", 200, "refused"],
    ["Stream ended without finish_reason", 200, "bad-response"],
    ["Anthropic stream ended before message_stop", 200, "bad-response"],
    ["OpenAI API error (429): too many requests", undefined, "rate-limit"],
    ["Connection error.", undefined, "network"],
    ["400 unsupported value", 400, "bad-request"],
    ["something odd", 200, "bad-response"],
  ] as const)("%s → %s %s", (message, status, kind) => {
    expect(classify(message, status === undefined ? {} : { status })).toMatchObject({ kind });
  });

  it("says it in the vendor's words, without JSON or HTML", () => {
    expect(classify('429 {"error":{"message":"Slow \\"down\\" please"}}', { status: 429 }).reason).toBe('HTTP 429: Slow "down" please');
    expect(classify("502 <html><head><title>502 Bad Gateway</title></head><body>x</body></html>", { status: 502 }).reason).toBe("HTTP 502: 502 Bad Gateway");
    expect(classify("x".repeat(10_000), { status: 500 }).reason.length).toBeLessThanOrEqual(500);
  });

  it("believes what the transport saw before what the vendor's library says", () => {
    expect(classify("Connection error.", { network: "connection refused" })).toEqual({ kind: "network", reason: "connection refused" });
    expect(classify("whatever", { status: 200, broken: "too long" })).toEqual({ kind: "bad-response", reason: "too long", httpStatus: 200 });
  });

  it("finds the cause that has a name, also in a bundle of causes", () => {
    const refused = Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" });
    expect(networkReason(new TypeError("fetch failed", { cause: refused }))).toBe("connection refused");
    expect(networkReason(new TypeError("fetch failed", { cause: new AggregateError([refused], "all failed") }))).toBe("connection refused");
    expect(networkReason("odd")).toBe("network failure");
  });
});

describe("Retry-After", () => {
  const header = (values: Record<string, string>) => (name: string) => values[name] ?? null;
  const now = Date.UTC(2026, 0, 1);
  it.each([
    [{ "retry-after": "7" }, 7_000],
    [{ "retry-after": "0.5" }, 500],
    [{ "retry-after-ms": "250", "retry-after": "7" }, 250],
    [{ "retry-after": new Date(now + 90_000).toUTCString() }, 90_000],
    [{ "retry-after": new Date(now - 90_000).toUTCString() }, 0],
    [{ "retry-after": "-5" }, 0],
    [{ "retry-after": "soon" }, undefined],
    [{ "retry-after": "" }, undefined],
    [{}, undefined],
  ])("%j → %s", (values, expected) => {
    expect(retryAfter(header(values as Record<string, string>), now)).toBe(expected);
  });
});
