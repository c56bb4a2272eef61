// The fetch that vendors' SDKs get: notes what happened, bounds what is read, follows no redirect with a key in hand.
import type { Clock } from "../../src/sdk/extension.ts";
import { retryAfter, type Seen } from "./failures.ts";
import type { Answer, AnswerBody, Network } from "./network.ts";
import { createSseFilter, Unusable } from "./sse-filter.ts";

export interface TransportLimits {
  /** All bytes of one answer. */
  maxBytes: number;
  maxLineBytes: number;
}

type Fetch = typeof globalThis.fetch;

/** Fills `seen` as the call goes on. */
export function watchedFetch(clock: Clock, network: Network, limits: TransportLimits, seen: Seen): Fetch {
  return async (input, init) => {
    let answer: Answer;
    try {
      answer = await network(input, { ...init, redirect: "manual" });
    } catch (error) {
      if (init?.signal?.aborted !== true) seen.network = networkReason(error);
      throw error;
    }
    const { status, statusText, headers, body } = answer;
    seen.status = status;
    const contentType = headers.get("content-type");
    if (contentType !== null) seen.contentType = contentType;
    const retryAfterMs = retryAfter((name) => headers.get(name), clock.now());
    if (retryAfterMs !== undefined) seen.retryAfterMs = retryAfterMs;
    if (status >= 300 && status < 400) {
      seen.broken = `the provider redirects to ${(headers.get("location") ?? "nowhere").slice(0, 200)}; set that as its baseUrl`;
      await body?.cancel();
      throw new Error(seen.broken);
    }
    const bounded = body && boundedBody(clock, body, limits, seen, contentType?.includes("event-stream") ?? false, init?.signal ?? undefined);
    return new Response(bounded, { status, statusText, headers: [...headers] });
  };
}

function boundedBody(clock: Clock, body: AnswerBody, limits: TransportLimits, seen: Seen, isEventStream: boolean, signal: AbortSignal | undefined): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  const filter = isEventStream ? createSseFilter(clock, limits.maxLineBytes) : undefined;
  let total = 0;
  const fail = async (controller: ReadableStreamDefaultController<Uint8Array>, error: Error) => {
    controller.error(error);
    await reader.cancel(error).catch(() => undefined); // the connection is already failing; nobody is left to tell
  };
  const pull = async (controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> => {
    for (;;) {
      const broken = filter?.broken();
      if (broken) throw broken;
      const { done, value } = await reader.read();
      if (done || value === undefined) {
        const rest = filter?.end();
        if (rest && rest.length > 0) controller.enqueue(rest);
        return controller.close();
      }
      total += value.length;
      if (total > limits.maxBytes) throw new Unusable(`the answer is longer than ${limits.maxBytes} bytes`);
      const out = filter ? filter.push(value) : value;
      if (out.length > 0) return controller.enqueue(out);
    }
  };
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        await pull(controller);
      } catch (error) {
        const cause = error instanceof Error ? error : new Error(String(error));
        if (cause instanceof Unusable) seen.broken = cause.message;
        else if (signal?.aborted !== true) seen.network = `the connection broke in the middle of the answer (${networkReason(cause)})`;
        await fail(controller, cause);
      }
    },
    cancel: (reason) => reader.cancel(reason),
  });
}

const codes: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connection refused",
  ENOTFOUND: "host name not found",
  EAI_AGAIN: "host name not found (name server did not answer)",
  ECONNRESET: "connection reset",
  EPIPE: "connection closed",
  ETIMEDOUT: "connection timed out",
  EHOSTUNREACH: "host unreachable",
  ENETUNREACH: "network unreachable",
  UND_ERR_CONNECT_TIMEOUT: "connection timed out",
  UND_ERR_HEADERS_TIMEOUT: "no answer in time",
  UND_ERR_BODY_TIMEOUT: "silence in the middle of the answer",
  UND_ERR_SOCKET: "connection closed",
  DEPTH_ZERO_SELF_SIGNED_CERT: "the server's certificate is self-signed",
  SELF_SIGNED_CERT_IN_CHAIN: "the server's certificate is self-signed",
  CERT_HAS_EXPIRED: "the server's certificate has expired",
  ERR_TLS_CERT_ALTNAME_INVALID: "the server's certificate is for another name",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "the server's certificate cannot be verified",
  ERR_SSL_WRONG_VERSION_NUMBER: "the server does not speak TLS",
  ERR_SSL_PACKET_LENGTH_TOO_LONG: "the server does not speak TLS",
};

/** The first cause with a code that says something. */
export function networkReason(error: unknown): string {
  let last = "network failure";
  for (let at: unknown = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth++) {
    const code = "code" in at && typeof at.code === "string" ? at.code : undefined;
    const known = code === undefined ? undefined : codes[code];
    if (known !== undefined) return known;
    last = code ?? at.message;
    if (at instanceof AggregateError && at.errors[0] instanceof Error) return networkReason(at.errors[0]);
  }
  return last.slice(0, 200);
}
