// The listener: one port for HTTP and WebSocket. Every request passes the door first; upgrades become connections.
import { createServer as createHttpServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import type { Duplex } from "node:stream";
import { WebSocketServer, type WebSocket } from "ws";
import type { Clock } from "../base/clock.ts";
import { fault } from "../base/faults.ts";
import type { Log } from "../base/log.ts";
import { frameLimits } from "../protocol/frames.ts";
import { addressKey, admit, plainAddress, type DoorRules, type Peer } from "./door.ts";
import { apiHeaders } from "./http/headers.ts";
import type { ListenPlan } from "./listen-plan.ts";
import type { PreAuth } from "./pre-auth.ts";
import type { Certificate } from "./tls.ts";

export interface ServerDeps {
  clock: Clock;
  log: Log;
  plan: ListenPlan;
  certificate: Certificate | undefined;
  rules(): DoorRules;
  preAuth: PreAuth;
  /** Why a new socket is not taken now; undefined when it is. */
  refusesSockets(): { message: string; type: string; retryAfterSeconds: number } | undefined;
  onSocket(socket: WebSocket, peer: Peer, request: IncomingMessage, leavePreAuth: () => void): void;
  /** `leavePreAuth` is called when it is known who asks. */
  onRequest(request: IncomingMessage, response: ServerResponse, peer: Peer, leavePreAuth: () => void): void;
}

export interface GatewayServer {
  port: number;
  hosts: readonly string[];
  /** No new connections; open sockets stay. */
  stopAccepting(): void;
  /** Ends what is still open. */
  close(): Promise<void>;
}

const maxHeaderBytes = 16_384;
const requestTimeoutMs = 300_000;
const keepAliveMs = 65_000;
/** Node's own check of slow headers and bodies runs this often. */
const checkEveryMs = 5_000;

export async function listen(deps: ServerDeps): Promise<GatewayServer> {
  const sockets = new WebSocketServer({ noServer: true, clientTracking: false, perMessageDeflate: false, maxPayload: frameLimits.preAuthBytes, skipUTF8Validation: false });
  const servers: Server[] = [];
  const hosts: string[] = [];
  let port = deps.plan.port;
  for (const host of deps.plan.hosts) {
    const server = createOne(deps, sockets);
    try {
      port = await bind(server, host.address, port);
      servers.push(server);
      hosts.push(host.address);
    } catch (error) {
      if (host.optional && servers.length > 0) {
        deps.log.debug("an optional address is not available", { address: host.address, error });
        continue;
      }
      for (const open of servers) open.close();
      throw (error as NodeJS.ErrnoException).code === "EADDRINUSE" ? fault("gateway.port-taken", { port }, { cause: error }) : error;
    }
  }
  return {
    port,
    hosts,
    stopAccepting() {
      for (const server of servers) server.close();
      for (const server of servers) server.closeIdleConnections();
    },
    async close() {
      await Promise.all(servers.map((server) => new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      })));
    },
  };
}

function createOne(deps: ServerDeps, sockets: WebSocketServer): Server {
  const options = { maxHeaderSize: maxHeaderBytes, headersTimeout: frameLimits.handshakeTimeoutMs, requestTimeout: requestTimeoutMs, keepAliveTimeout: keepAliveMs, connectionsCheckingInterval: checkEveryMs, noDelay: true };
  const { certificate } = deps;
  const server = certificate
    ? createHttpsServer({ ...options, cert: certificate.cert, key: certificate.key, ...(certificate.ca === undefined ? {} : { ca: certificate.ca, requestCert: true, rejectUnauthorized: true }), minVersion: "TLSv1.2" })
    : createHttpServer(options);
  /** Places of sockets by which nobody signed in: a request without a secret, or an answer that is never read, costs a stranger nothing. */
  const strangers = new WeakMap<Duplex, () => void>();
  const leave = (socket: Duplex) => {
    strangers.get(socket)?.();
    strangers.delete(socket);
  };
  server.on(certificate ? "secureConnection" : "connection", (socket: Socket) => {
    const giveBack = enter(deps, socket);
    if (!giveBack) return socket.destroy();
    strangers.set(socket, giveBack);
    socket.once("close", giveBack);
    return undefined;
  });
  server.on("request", (request, response) => {
    const { socket } = request;
    // While places are few, a stranger's socket is not kept open for what it may ask next.
    if (strangers.has(socket) && deps.preAuth.isCrowded(addressKey(plainAddress(socket.remoteAddress ?? "")))) response.shouldKeepAlive = false;
    const admission = admitted(deps, request);
    if (!admission.ok) return refuseRequest(response, admission);
    deps.onRequest(request, response, admission.peer, () => leave(socket));
  });
  server.on("upgrade", (request, socket, head) => {
    leave(socket);
    upgrade(deps, sockets, request, socket, head);
  });
  server.on("clientError", (_error, socket) => {
    if (socket.writable) endFor(socket, "HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    else socket.destroy();
  });
  return server;
}

/** Proxies hold many clients behind one address, so theirs is not counted. */
function enter(deps: ServerDeps, socket: Socket): (() => void) | undefined {
  const address = plainAddress(socket.remoteAddress ?? "");
  return deps.rules().isTrustedProxy(address) ? () => undefined : deps.preAuth.enter(addressKey(address));
}

function admitted(deps: ServerDeps, request: IncomingMessage) {
  return admit({ headers: request.headers, socketAddress: request.socket.remoteAddress ?? "", encrypted: deps.certificate !== undefined }, deps.rules());
}

function upgrade(deps: ServerDeps, sockets: WebSocketServer, request: IncomingMessage, socket: Duplex, head: Buffer): void {
  socket.on("error", (error) => deps.log.debug("a socket broke during its upgrade", { error }));
  const admission = admitted(deps, request);
  if (!admission.ok) return refuseUpgrade(socket, admission.status, admission);
  if (request.headers.upgrade?.toLowerCase() !== "websocket") return refuseUpgrade(socket, 400, { message: "only WebSocket upgrades are served", type: "bad_request" });
  const refusal = deps.refusesSockets();
  if (refusal) return refuseUpgrade(socket, 503, refusal);
  const { peer } = admission;
  const leave = deps.preAuth.enter(addressKey(peer.address));
  if (!leave) return refuseUpgrade(socket, 503, { message: "too many sockets that have not signed in", type: "pre_auth_limit", retryAfterSeconds: 5 });
  socket.once("close", leave);
  sockets.handleUpgrade(request, socket, head, (webSocket) => deps.onSocket(webSocket, peer, request, leave));
}

const statusTexts: Record<number, string> = { 400: "Bad Request", 403: "Forbidden", 421: "Misdirected Request", 503: "Service Unavailable" };

function refuseUpgrade(socket: Duplex, status: number, why: { message: string; type: string; retryAfterSeconds?: number }): void {
  const body = JSON.stringify({ error: { message: why.message, type: why.type } });
  const head = [
    `HTTP/1.1 ${status} ${statusTexts[status] ?? "Refused"}`,
    "Connection: close",
    "Content-Type: application/json; charset=utf-8",
    `Content-Length: ${Buffer.byteLength(body)}`,
    ...(why.retryAfterSeconds === undefined ? [] : [`Retry-After: ${why.retryAfterSeconds}`]),
  ];
  endFor(socket, `${head.join("\r\n")}\r\n\r\n${body}`);
}

/** Says it and closes both ways: a peer that never hangs up would otherwise keep the socket. */
function endFor(socket: Duplex, text: string): void {
  socket.end(text, () => socket.destroy());
}

function refuseRequest(response: ServerResponse, refusal: { status: number; type: string; message: string }): void {
  const body = JSON.stringify({ error: { message: refusal.message, type: refusal.type } });
  response.writeHead(refusal.status, { ...apiHeaders, "content-type": "application/json; charset=utf-8", "content-length": Buffer.byteLength(body), "cache-control": "no-store", connection: "close" });
  response.end(body);
}

function bind(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host, port, ipv6Only: host.includes(":"), backlog: 1_024 }, () => {
      server.removeListener("error", reject);
      resolve((server.address() as AddressInfo).port); // a TCP server has no other address
    });
  });
}
