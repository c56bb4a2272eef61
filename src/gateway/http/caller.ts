// Who calls over HTTP: a bearer secret or an identity the transport vouches for, compared in constant time, before any body is read.
import type { IncomingHttpHeaders } from "node:http";
import type { Caller } from "../../protocol/scopes.ts";
import type { AuthFailures } from "../auth-failures.ts";
import { addressKey, type Peer } from "../door.ts";
import type { SharedAuth } from "../shared-auth.ts";
import type { TransportIdentity } from "../transport-identity.ts";
import type { HttpRefusal } from "./route.ts";

export interface HttpAuthDeps { shared: SharedAuth; transport: TransportIdentity; failures: AuthFailures }

export type HttpSignIn = { ok: true; caller: Caller } | { ok: false; refusal: HttpRefusal; delayMs: number };

export async function signIn(deps: HttpAuthDeps, headers: IncomingHttpHeaders, peer: Peer, connId: string): Promise<HttpSignIn> {
  const key = addressKey(peer.address);
  const lockedMs = deps.failures.lockedMs(key, "shared", peer.local);
  if (lockedMs > 0) return { ok: false, delayMs: 0, refusal: { status: 429, type: "rate_limited", message: "Too many failed sign-ins", retryAfterSeconds: Math.ceil(lockedMs / 1000) } };
  const secret = /^Bearer\s+(.+)$/i.exec(headers.authorization ?? "")?.[1]?.trim();
  if (secret !== undefined && deps.shared.check({ token: secret, password: secret }, true).ok) return { ok: true, caller: httpCaller(peer, connId, deps.shared.scopes(peer.local)) };
  const byTransport = await deps.transport.identify(peer, headers);
  if (byTransport.ok) return { ok: true, caller: httpCaller(peer, connId, deps.shared.scopes(false)) };
  const delayMs = secret === undefined ? 0 : deps.failures.failed(key, "shared", peer.local);
  return { ok: false, delayMs, refusal: { status: 401, type: "unauthorized", message: "Unauthorized" } };
}

export function httpCaller(peer: Peer, connId: string, scopes: Caller["scopes"]): Caller {
  return { connId, door: "http", role: "operator", scopes, person: "owner", protocol: 4, client: { id: "http", mode: "backend", version: "1", platform: "http" }, caps: [], local: peer.local };
}
