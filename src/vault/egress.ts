// The one outbound client for whatever a model asks of the network: address rules, deadlines, byte limits, manual redirects.
import type { Socket } from "node:net";
import type { Readable } from "node:stream";
import type { buildConnector, Dispatcher } from "undici";
import { deadline, DeadlineError } from "../base/abort.ts";
import type { Clock } from "../base/clock.ts";
import { Fault, fault } from "../base/faults.ts";
import { addressProblem, canonicalAddress, destinationOf, literalOf, type Destination } from "./addresses.ts";
import { decoded } from "./decode.ts";

export interface EgressRequest {
  url: string;
  method?: string;
  headers?: Record<string, string>;
  body?: string | Uint8Array;
  /** Largest body read; the rest is dropped and `truncated` set. */
  maxBytes: number;
  timeoutMs: number;
  /** Exact host:port pairs on private networks that are allowed. */
  allowPrivate?: readonly string[];
}

export interface EgressResponse {
  /** After redirects. */
  url: string;
  status: number;
  headers: Record<string, string>;
  body: Uint8Array;
  truncated: boolean;
}

export interface Egress {
  /** Throws egress.blocked before a byte leaves, egress.failed for network trouble. At most 5 redirects, each checked anew. */
  fetch(request: EgressRequest, signal: AbortSignal): Promise<EgressResponse>;
}

export interface EgressDeps {
  clock: Clock;
  /** Every address of a name; the system's resolver by default. */
  lookup?(hostname: string): Promise<readonly { address: string; family: number }[]>;
  /** Who answered, as the connected socket tells. */
  peerOf?(socket: Socket): string | undefined;
  /** Further certificate authorities, PEM. */
  ca?: string;
}

const MAX_REDIRECTS = 5;
/** Set by the client itself, or able to change what the other side takes for the request. */
const ownHeaders = new Set(["host", "connection", "keep-alive", "content-length", "transfer-encoding", "upgrade", "te", "trailer", "expect", "accept-encoding", "proxy-authorization", "proxy-connection"]);
/** What still goes along when a redirect leads to another origin. */
const portableHeaders = new Set(["accept", "accept-language", "user-agent"]);

interface Hop {
  url: string;
  method: string;
  headers: Record<string, string>;
  body: string | Uint8Array | undefined;
}

export function createEgress(deps: EgressDeps): Egress {
  const lookup = deps.lookup ?? systemLookup;
  const peerOf = deps.peerOf ?? ((socket: Socket) => socket.remoteAddress);
  return {
    async fetch(request, signal) {
      const limit = deadline(deps.clock, request.timeoutMs, signal);
      try {
        return await follow(request, limit.signal);
      } catch (error) {
        if (signal.aborted) throw signal.reason;
        throw asFault(limit.signal.aborted ? limit.signal.reason : error);
      } finally {
        limit.clear();
      }
    },
  };

  async function follow(request: EgressRequest, signal: AbortSignal): Promise<EgressResponse> {
    let hop: Hop = { url: request.url, method: (request.method ?? "GET").toUpperCase(), headers: cleanHeaders(request.headers ?? {}), body: request.body };
    for (let redirects = 0; ; redirects++) {
      const to = destinationOf(hop.url, request.allowPrivate ?? []);
      if ("problem" in to) throw fault("egress.blocked", { reason: to.problem });
      const address = await checkedAddress(to, signal);
      const answer = await send(hop, to, address, request.maxBytes, signal);
      if (answer.location === undefined) return answer.response;
      if (redirects === MAX_REDIRECTS) throw fault("egress.blocked", { reason: `more than ${MAX_REDIRECTS} redirects` });
      hop = nextHop(hop, to, answer.response.status, answer.location);
    }
  }

  /** The address that will be connected to. All of a name's addresses must be allowed: which one answers is not ours to say. */
  async function checkedAddress(to: Destination, signal: AbortSignal): Promise<string> {
    const literal = literalOf(to.host);
    const found = literal === undefined ? await lookup(to.host) : [{ address: literal, family: 0 }];
    signal.throwIfAborted();
    for (const { address } of found) {
      const problem = addressProblem(address, to.isGranted);
      if (problem !== undefined) throw fault("egress.blocked", { reason: literal === undefined ? `${to.host}: ${problem}` : problem });
    }
    const [first] = found;
    if (!first) throw fault("egress.failed", { reason: `${to.host} has no address` });
    return first.address;
  }

  async function send(hop: Hop, to: Destination, address: string, maxBytes: number, signal: AbortSignal): Promise<{ response: EgressResponse; location: string | undefined }> {
    const { Client, buildConnector: makeConnector } = await import("undici");
    const client = new Client(to.url.origin, { connect: pinned(makeConnector, to, address), pipelining: 0, maxHeaderSize: 32_768, allowH2: false });
    try {
      const answer = await client.request({ path: `${to.url.pathname}${to.url.search}`, method: hop.method as Dispatcher.HttpMethod, headers: { ...hop.headers, "accept-encoding": "gzip, deflate, br" }, body: hop.body ?? null, signal }); // undici takes any method
      const headers = joinHeaders(answer.headers);
      const isRedirect = [301, 302, 303, 307, 308].includes(answer.statusCode) && headers["location"] !== undefined;
      const { body, truncated } = isRedirect ? { body: new Uint8Array(), truncated: false } : await readBody(answer.body, headers["content-encoding"], maxBytes, signal);
      return { response: { url: to.url.href, status: answer.statusCode, headers, body, truncated }, location: isRedirect ? headers["location"] : undefined };
    } finally {
      await client.destroy();
    }
  }

  /** Connects to the checked address and to nothing else, and looks who answered. */
  function pinned(makeConnector: typeof buildConnector, to: Destination, address: string): buildConnector.connector {
    const connect = makeConnector({ timeout: 30_000, ...(deps.ca === undefined ? {} : { ca: deps.ca }) });
    return (options, done) => {
      const servername = literalOf(to.host) === undefined ? { servername: to.host } : {};
      connect({ ...options, hostname: address, host: address, ...servername }, (...[error, socket]) => {
        if (error) return done(error, null);
        if (canonicalAddress(peerOf(socket) ?? "") === canonicalAddress(address)) return done(null, socket);
        socket.destroy();
        return done(fault("egress.blocked", { reason: "another address answered" }), null);
      });
    };
  }
}

function nextHop(hop: Hop, from: Destination, status: number, location: string): Hop {
  if (!URL.canParse(location, from.url)) throw fault("egress.blocked", { reason: "a redirect to something that is not a URL" });
  const url = new URL(location, from.url);
  const sameOrigin = url.origin === from.url.origin;
  // Secrets in headers and bodies were meant for the first origin only.
  const headers = sameOrigin ? hop.headers : Object.fromEntries(Object.entries(hop.headers).filter(([name]) => portableHeaders.has(name)));
  const keepsBody = (status === 307 || status === 308) && sameOrigin;
  const becomesGet = status === 303 || ((status === 301 || status === 302) && hop.method === "POST");
  if (becomesGet && hop.method !== "HEAD") return { url: url.href, method: "GET", headers: withoutContent(headers), body: undefined };
  if (!keepsBody && hop.body !== undefined) throw fault("egress.blocked", { reason: "a redirect that would carry the body to another origin" });
  return { url: url.href, method: hop.method, headers, body: hop.body };
}

function withoutContent(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !name.startsWith("content-")));
}

function cleanHeaders(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value] as const).filter(([name]) => !ownHeaders.has(name)));
}

function joinHeaders(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).flatMap(([name, value]) => (value === undefined ? [] : [[name.toLowerCase(), Array.isArray(value) ? value.join(", ") : value]])));
}

/** Reads until `maxBytes`, decoded; what is compressed is never unpacked further than that. */
async function readBody(stream: Readable, encoding: string | undefined, maxBytes: number, signal: AbortSignal): Promise<{ body: Uint8Array; truncated: boolean }> {
  const source = decoded(stream, encoding);
  const stop = () => source.destroy(signal.reason as Error);
  signal.addEventListener("abort", stop, { once: true });
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of source as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      size += chunk.length;
      if (size > maxBytes) break;
    }
  } finally {
    signal.removeEventListener("abort", stop);
    source.destroy();
    stream.on("error", () => stream.destroy()); // it ends with the client; nobody reads it any more
    stream.destroy();
  }
  const body = Buffer.concat(chunks);
  return { body: new Uint8Array(body.subarray(0, maxBytes)), truncated: size > maxBytes };
}

async function systemLookup(hostname: string): Promise<{ address: string; family: number }[]> {
  const { lookup } = await import("node:dns/promises");
  return lookup(hostname, { all: true, verbatim: true });
}

function asFault(error: unknown): Fault {
  if (error instanceof Fault) return error;
  if (error instanceof DeadlineError) return fault("egress.failed", { reason: `no complete answer within ${error.afterMs} ms` }, { cause: error });
  const inner = error instanceof Error && error.cause instanceof Fault ? error.cause : undefined;
  return inner ?? fault("egress.failed", { reason: error instanceof Error ? error.message : String(error) }, { cause: error });
}
