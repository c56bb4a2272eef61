// The HTTP doors behind the admission: loaded with the first request that needs them. Sign-in before body, a limit on everything.
import type { IncomingMessage, ServerResponse } from "node:http";
import { getRequestListener, type HttpBindings } from "@hono/node-server";
import { Hono } from "hono";
import { refusal as denied } from "../authorise.ts";
import type { Peer } from "../door.ts";
import type { GatewayApp } from "../gateway-app.ts";
import { wireError } from "../wire-error.ts";
import { Fault } from "../../base/faults.ts";
import { httpCaller, signIn, type HttpAuthDeps } from "./caller.ts";
import { apiHeaders } from "./headers.ts";
import { plainRefusal, type HttpCall, type HttpRefusal, type HttpRoute } from "./route.ts";

export interface RouterDeps extends HttpAuthDeps {
  app: GatewayApp;
  routes: readonly HttpRoute[];
}

/** Who is at the other end, as far as the door knows; `leavePreAuth` is called when the request signed in. */
export interface HttpVisitor { peer: Peer; leavePreAuth(): void }

export type HttpRouter = (request: IncomingMessage, response: ServerResponse, visitor: HttpVisitor) => Promise<void>;

export function createRouter(deps: RouterDeps): HttpRouter {
  const visitors = new WeakMap<IncomingMessage, HttpVisitor>();
  const hono = new Hono<{ Bindings: HttpBindings }>();
  for (const route of deps.routes) hono.all(route.path, (context) => serve(deps, route, context.req.raw, context.env.incoming, visitors));
  hono.notFound(() => new Response("Not Found", { status: 404, headers: { "content-type": "text/plain; charset=utf-8" } }));
  const listener = getRequestListener((request, env) => hono.fetch(request, env as HttpBindings), { overrideGlobalObjects: false });
  return async (request, response, visitor) => {
    visitors.set(request, visitor);
    for (const [name, value] of Object.entries(apiHeaders)) response.setHeader(name, value);
    await listener(request, response);
  };
}

async function serve(deps: RouterDeps, route: HttpRoute, request: Request, incoming: IncomingMessage, visitors: WeakMap<IncomingMessage, HttpVisitor>): Promise<Response> {
  const { app } = deps;
  const refuse = (refusal: HttpRefusal) => route.refuse?.(refusal) ?? plainRefusal(refusal);
  const visitor = visitors.get(incoming);
  if (!visitor || route.enabled?.(app) === false) return new Response("Not Found", { status: 404, headers: { "content-type": "text/plain; charset=utf-8" } });
  const { peer } = visitor;
  const method = request.method === "HEAD" ? "GET" : request.method;
  if (!route.methods.includes(method as "GET")) {
    return new Response("Method Not Allowed", { status: 405, headers: { allow: route.methods.join(", "), "content-type": "text/plain; charset=utf-8" } });
  }
  const connId = app.ids.uuid();
  let caller = httpCaller(peer, connId, []);
  if (route.access !== "open") {
    const entry = await signIn(deps, incoming.headers, peer, connId);
    if (!entry.ok) {
      if (entry.delayMs > 0) await app.clock.sleep(entry.delayMs, request.signal);
      return refuse(entry.refusal);
    }
    visitor.leavePreAuth();
    caller = entry.caller;
    const missing = denied(caller, route.access);
    if (missing) return refuse({ status: 403, type: "forbidden", message: missing.message });
  }
  try {
    return await route.handle({ app, request, caller, peer, signal: request.signal, rest: restOf(route.path, request.url) } satisfies HttpCall);
  } catch (error) {
    const { message } = wireError(error, 4, app);
    const status = error instanceof Fault ? error.httpStatus : 500;
    return refuse({ status, type: status === 404 ? "not_found" : status < 500 ? "invalid_request_error" : "api_error", message });
  }
}

function restOf(path: string, url: string): string {
  if (!path.endsWith("/*")) return "";
  try {
    return decodeURIComponent(new URL(url).pathname.slice(path.length - 1));
  } catch {
    return ""; // a path that is no UTF-8 names nothing
  }
}
