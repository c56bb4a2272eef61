// The network under the vendors' SDKs: one HTTP request over Node's kept-alive connections, its answer read piece by piece.
// Not `fetch`: that costs twice the processor time of a model call that answers at once, and half the memory of an idle gateway's network.
import { request as plainRequest, type IncomingMessage, type OutgoingHttpHeaders } from "node:http";
import { request as secureRequest } from "node:https";
import { pipeline, type Readable } from "node:stream";
import { createBrotliDecompress, createGunzip, createInflate } from "node:zlib";

/** What of an HTTP answer is used; a Response has it too. */
export interface Answer {
  readonly status: number;
  readonly statusText: string;
  readonly headers: { get(name: string): string | null } & Iterable<[string, string]>;
  readonly body: AnswerBody | null;
}

export interface AnswerBody {
  getReader(): { read(): Promise<{ done: boolean; value?: Uint8Array | undefined }>; cancel(reason?: unknown): Promise<void> };
  cancel(reason?: unknown): Promise<void>;
}

/** Called like `fetch`; never follows a redirect. */
export type Network = (input: string | URL | Request, init?: RequestInit) => Promise<Answer>;

export const systemNetwork: Network = async (input, init) => {
  const asked = input instanceof Request ? input : undefined;
  const url = new URL(asked?.url ?? String(input));
  const body = await bytesOf(init?.body ?? asked?.body ?? null);
  const headers = headersOf(init?.headers ?? asked?.headers);
  if (body !== undefined) headers["content-length"] = Buffer.byteLength(body);
  const signal = init?.signal ?? asked?.signal ?? undefined;
  return send(url, { method: init?.method ?? asked?.method ?? "GET", headers }, body, signal);
};

function send(url: URL, options: { method: string; headers: OutgoingHttpHeaders }, body: string | Buffer | undefined, signal: AbortSignal | undefined): Promise<Answer> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason as Error);
    const outgoing = (url.protocol === "https:" ? secureRequest : plainRequest)(url, options);
    let answered: IncomingMessage | undefined;
    // Once the answer began, its reader sees that it was cut; an error given to the request would then reach a socket that nobody listens to, and end the process.
    const onAbort = () => (answered ? answered.destroy() : outgoing.destroy(signal?.reason instanceof Error ? signal.reason : new Error("aborted")));
    signal?.addEventListener("abort", onAbort, { once: true });
    outgoing.on("error", reject); // once the answer began it has an error of its own, and this one no listener that matters
    outgoing.on("close", () => signal?.removeEventListener("abort", onAbort));
    outgoing.on("response", (incoming) => {
      answered = incoming;
      resolve(answerOf(incoming));
    });
    outgoing.end(body);
  });
}

function answerOf(incoming: IncomingMessage): Answer {
  const status = incoming.statusCode ?? 0;
  const isEmpty = status === 204 || status === 304;
  if (isEmpty) incoming.resume();
  return { status, statusText: incoming.statusMessage ?? "", headers: answerHeaders(incoming), body: isEmpty ? null : bodyOf(decoded(incoming)) };
}

function answerHeaders({ headers }: IncomingMessage): Answer["headers"] {
  const text = (value: string | string[]) => (typeof value === "string" ? value : value.join(", "));
  return {
    get(name) {
      const value = headers[name.toLowerCase()];
      return value === undefined ? null : text(value);
    },
    *[Symbol.iterator](): Generator<[string, string]> {
      for (const [name, value] of Object.entries(headers)) if (value !== undefined) yield [name, text(value)];
    },
  };
}

/** We ask for no encoding; a server that uses one all the same is understood. */
function decoded(incoming: IncomingMessage): Readable {
  const decoders = { gzip: createGunzip, "x-gzip": createGunzip, deflate: createInflate, br: createBrotliDecompress } as const;
  const encoding = incoming.headers["content-encoding"]?.trim().toLowerCase() ?? "";
  if (!Object.hasOwn(decoders, encoding)) return incoming;
  return pipeline(incoming, decoders[encoding as keyof typeof decoders](), () => undefined /* the reader of the last stream sees the error */);
}

function bodyOf(stream: Readable): AnswerBody {
  let failure: Error | undefined;
  let isOver = false;
  let wake: (() => void) | undefined;
  const stir = () => {
    wake?.();
    wake = undefined;
  };
  stream.on("readable", stir);
  stream.on("end", () => {
    isOver = true;
    stir();
  });
  stream.on("error", (error) => {
    failure = error;
    stir();
  });
  stream.on("close", () => {
    if (!isOver) failure ??= new Error("the connection was closed in the middle of the answer");
    stir();
  });
  const cancel = async () => void stream.destroy();
  return {
    cancel,
    getReader: () => ({
      cancel,
      async read() {
        for (;;) {
          const chunk = stream.read() as Buffer | null; // a stream of bytes
          if (chunk !== null) return { done: false, value: chunk };
          if (isOver) return { done: true };
          if (failure) throw failure;
          await new Promise<void>((resolve) => (wake = resolve));
        }
      },
    }),
  };
}

async function bytesOf(body: BodyInit | null): Promise<string | Buffer | undefined> {
  if (body === null || typeof body === "string") return body ?? undefined;
  return Buffer.from(await new Response(body).arrayBuffer());
}

function headersOf(init: RequestInit["headers"]): OutgoingHttpHeaders {
  const headers: OutgoingHttpHeaders = {};
  const pairs = init === undefined ? [] : Symbol.iterator in init ? (init as Iterable<string[]>) : Object.entries(init);
  for (const [name, value] of pairs) if (name !== undefined && value !== undefined) headers[name.toLowerCase()] = value as string;
  return headers;
}
