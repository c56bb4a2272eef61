// A gateway by script for tests of parts and of refusals: it serves the built UI under the real page headers and answers frames as told.
import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { type WebSocket, WebSocketServer } from "ws";
import { pageHeaders } from "../../src/gateway/http/headers.ts";

export interface Peer {
  socket: WebSocket;
  /** Params of this peer's connect. */
  connect: Record<string, unknown>;
  send(frame: object): void;
  push(event: string, payload: unknown, seq?: number): void;
}

export interface Refusal {
  code: string;
  message: string;
  details?: unknown;
  closeCode?: number;
}

export interface Script {
  /** Refuses a connect, or lets it in when it returns undefined. */
  refuse?: (params: Record<string, unknown>) => Refusal | undefined;
  methods?: Record<string, (params: Record<string, unknown>, peer: Peer) => unknown>;
  redeem?: (body: Record<string, unknown>) => { status: number; body: unknown };
  hello?: object;
}

export interface ScriptedGateway {
  url: string;
  peers: Peer[];
  calls: { method: string; params: Record<string, unknown> }[];
  script: Script;
  /** Every connect is answered by this close and nothing else, until it is taken away. */
  closeNext: { code: number; reason: string } | undefined;
  push(event: string, payload: unknown, seq?: number): void;
  /** Cuts every socket, as a crash would. */
  cut(): void;
  stop(): Promise<void>;
}

const types: Record<string, string> = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };
const allScopes = ["operator.admin", "operator.read", "operator.write", "operator.approvals", "operator.pairing"];

export async function startScriptedGateway(uiDir: string, script: Script = {}): Promise<ScriptedGateway> {
  const peers: Peer[] = [];
  const calls: ScriptedGateway["calls"] = [];
  const gateway = { script, peers, calls, closeNext: undefined } as unknown as ScriptedGateway; // completed below

  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://localhost");
    if (pathname === "/api/signin/redeem") {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const outcome = gateway.script.redeem?.(JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown>) ?? { status: 404, body: {} };
      response.writeHead(outcome.status, { "content-type": "application/json" }).end(JSON.stringify(outcome.body));
      return;
    }
    const name = pathname === "/" ? "index.html" : pathname.slice(1);
    const bytes = await readFile(path.join(uiDir, name)).catch(() => undefined);
    if (bytes === undefined) response.writeHead(404).end();
    else response.writeHead(200, { ...pageHeaders(), "content-type": types[path.extname(name)] ?? "application/octet-stream" }).end(bytes);
  });

  const sockets = new WebSocketServer({ server });
  sockets.on("connection", (socket) => {
    const peer: Peer = {
      socket,
      connect: {},
      send: (frame) => socket.send(JSON.stringify(frame)),
      push: (event, payload, seq) => peer.send({ type: "event", event, payload, ...(seq !== undefined && { seq }) }),
    };
    peers.push(peer);
    socket.on("message", (data) => answer(gateway, peer, JSON.parse(String(data)) as { id: string; method: string; params?: Record<string, unknown> }));
    peer.push("connect.challenge", { nonce: "scripted-nonce", ts: Date.now() });
  });

  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  return Object.assign(gateway, {
    url: `http://127.0.0.1:${port}/`,
    push: (event: string, payload: unknown, seq?: number) => {
      for (const peer of peers) if (peer.socket.readyState === 1) peer.push(event, payload, seq);
    },
    cut: () => {
      for (const socket of sockets.clients) socket.terminate();
    },
    stop: async () => {
      for (const socket of sockets.clients) socket.terminate();
      sockets.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  });
}

function answer(gateway: ScriptedGateway, peer: Peer, { id, method, params = {} }: { id: string; method: string; params?: Record<string, unknown> }): void {
  if (method === "connect") {
    peer.connect = params;
    if (gateway.closeNext !== undefined) {
      peer.socket.close(gateway.closeNext.code, gateway.closeNext.reason);
      return;
    }
    const refusal = gateway.script.refuse?.(params);
    if (refusal) {
      peer.send({ type: "res", id, ok: false, error: { code: refusal.code, message: refusal.message, ...(refusal.details !== undefined && { details: refusal.details }) } });
      peer.socket.close(refusal.closeCode ?? 1008, refusal.message.slice(0, 120));
    } else peer.send({ type: "res", id, ok: true, payload: helloOf(gateway) });
    return;
  }
  gateway.calls.push({ method, params });
  const handler = gateway.script.methods?.[method];
  if (handler === undefined) {
    peer.send({ type: "res", id, ok: false, error: { code: "INVALID_REQUEST", message: `unknown method: ${method}` } });
    return;
  }
  Promise.resolve()
    .then(() => handler(params, peer))
    .then(
      (payload) => peer.send({ type: "res", id, ok: true, payload }),
      (error: unknown) => peer.send({ type: "res", id, ok: false, error: error instanceof Error ? { code: "UNAVAILABLE", message: error.message } : error }),
    );
}

function helloOf(gateway: ScriptedGateway): object {
  return {
    type: "hello-ok",
    protocol: 4,
    server: { version: "2026.11.21", connId: "conn-1" },
    features: { methods: Object.keys(gateway.script.methods ?? {}), events: ["chat", "agent"] },
    snapshot: { presence: [], health: {}, stateVersion: { presence: 1, health: 1 }, uptimeMs: 1, sessionDefaults: { defaultAgentId: "main", mainKey: "main", mainSessionKey: "agent:main:main" } },
    auth: { role: "operator", scopes: allScopes, deviceToken: "device-token", method: "device-token" },
    policy: { maxPayload: 26_214_400, maxBufferedBytes: 8_388_608, tickIntervalMs: 30_000, attachments: { maxBytes: 19_464_192, maxImageBytes: 6_291_456 } },
    ...gateway.script.hello,
  };
}
