// One HTTP door as a value: where it is, who may use it, what it does. The router brings Host, Origin, sign-in and limits.
import type { Access, Caller } from "../../protocol/scopes.ts";
import type { Peer } from "../door.ts";
import type { GatewayApp } from "../gateway-app.ts";

export interface HttpRefusal {
  status: number;
  message: string;
  /** A word for programs: `unauthorized`, `forbidden`, `rate_limited`, `not_found`, `method_not_allowed`, `api_error`. */
  type: string;
  retryAfterSeconds?: number;
}

export interface HttpCall {
  app: GatewayApp;
  request: Request;
  /** Signed in, or for open routes a caller without scopes. */
  caller: Caller;
  peer: Peer;
  /** Fires when the client goes away. */
  signal: AbortSignal;
  /** What `*` at the end of the path matched, decoded. */
  rest: string;
}

export interface HttpRoute {
  methods: readonly ("GET" | "POST")[];
  /** Exact, or with `/*` at its end. */
  path: string;
  /** The same words as methods of the socket use; `open` needs no sign-in. */
  access: Access | "open";
  /** Absent means always; a route that is off does not exist. */
  enabled?(app: GatewayApp): boolean;
  handle(call: HttpCall): Response | Promise<Response>;
  /** How this door tells refusals; the default is `{"error":{"message","type"}}`. */
  refuse?(refusal: HttpRefusal): Response;
}

export function plainRefusal(refusal: HttpRefusal): Response {
  const headers: Record<string, string> = { "content-type": "application/json; charset=utf-8", "cache-control": "no-store" };
  if (refusal.retryAfterSeconds !== undefined) headers["retry-after"] = String(refusal.retryAfterSeconds);
  return new Response(JSON.stringify({ error: { message: refusal.message, type: refusal.type } }), { status: refusal.status, headers });
}
