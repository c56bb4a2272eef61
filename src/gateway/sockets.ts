// The life of a socket: challenge, handshake, requests through the fair queue, and what is tidied up when it ends.
import type { IncomingMessage } from "node:http";
import type { RawData, WebSocket } from "ws";
import type { Clock, Timer } from "../base/clock.ts";
import type { Ids } from "../base/ids.ts";
import type { Log } from "../base/log.ts";
import type { Nodes } from "../devices/nodes.ts";
import type { ConnectParams } from "../protocol/connect.ts";
import { closeCodes } from "../protocol/errors.ts";
import { wireEvents } from "../protocol/events.ts";
import { frameLimits } from "../protocol/frames.ts";
import type { Caller } from "../protocol/scopes.ts";
import type { Admission } from "./admission.ts";
import type { Broadcast } from "./broadcast.ts";
import { Connection } from "./connection.ts";
import type { Connections } from "./connections.ts";
import type { Peer } from "./door.ts";
import { readFrame } from "./dispatch.ts";
import type { FairQueue } from "./fair-queue.ts";
import type { Handshake } from "./handshake.ts";
import type { Health } from "./health.ts";
import type { Presence } from "./presence.ts";
import * as refusals from "./refusals.ts";
import type { EventRing } from "./ring.ts";

export interface SocketsDeps {
  clock: Clock;
  ids: Ids;
  log: Log;
  handshake: Handshake;
  hello(caller: Caller, granted: Extract<Admission, { ok: true }>, presenceJson: string): string;
  queue: FairQueue;
  connections: Connections;
  ring: EventRing;
  presence: Presence;
  health: Health;
  nodes: Nodes;
  broadcast: Broadcast;
}

export interface Sockets {
  accept(socket: WebSocket, peer: Peer, request: IncomingMessage, leavePreAuth: () => void): void;
}

export function createSockets(deps: SocketsDeps): Sockets {
  const { clock, connections } = deps;

  const refuse = async (connection: Connection, requestId: string, refusal: refusals.Refusal): Promise<void> => {
    if (refusal.delayMs > 0) await clock.sleep(refusal.delayMs, connection.signal);
    connection.log.info("a connection was refused", { reason: refusal.error.message, address: connection.peer.address });
    connection.send(JSON.stringify({ type: "res", id: requestId, ok: false, error: refusal.error }), false);
    connection.close(refusal.closeCode, refusal.closeReason);
  };

  const welcome = (connection: Connection, requestId: string, caller: Caller, params: ConnectParams, granted: Extract<Admission, { ok: true }>): void => {
    if (!connection.isOpen) return;
    deps.presence.connected(caller, caller.local ? undefined : connection.peer.address);
    connection.admit(caller, deps.ring.head());
    const hello = deps.hello(caller, granted, deps.presence.json());
    connection.send(`{"type":"res","id":${JSON.stringify(requestId)},"ok":true,"payload":${hello}}`, false);
    connections.add(connection);
    if (caller.role === "node") attachNode(deps, connection, caller, params);
    deps.health.kick();
  };

  const shakeHands = async (connection: Connection, headers: IncomingMessage["headers"], text: string): Promise<void> => {
    try {
      const result = await deps.handshake.run({ connId: connection.connId, nonce: connection.nonce, peer: connection.peer, headers }, text);
      if (result.kind === "welcome") welcome(connection, result.requestId, result.caller, result.params, result.granted);
      else if (result.kind === "refused") await refuse(connection, result.requestId, result.refusal);
      else connection.close(result.code, result.reason);
    } catch (error) {
      if (!connection.isOpen) return;
      const logId = deps.ids.hex(6);
      connection.log.error("a handshake failed in an unforeseen way", { logId, error });
      const read = readFrame(text);
      await refuse(connection, read?.ok ? read.frame.id : "invalid", refusals.failedInside(logId));
    }
  };

  const ended = (connection: Connection): void => {
    connections.remove(connection);
    connection.ended();
    deps.queue.drop(connection);
    const { caller } = connection;
    if (!caller) return;
    deps.ring.retire(connection.connId, connection.streamPosition());
    deps.presence.disconnected(caller);
    if (caller.role === "node") deps.nodes.detach(caller.deviceId ?? caller.client.id, connection.connId);
  };

  return {
    accept(socket, peer, request, leavePreAuth) {
      const connId = deps.ids.uuid();
      const connection = new Connection({ connId, peer, log: deps.log, socket, stream: request.socket, nonce: deps.ids.uuid(), budget: connections.budget, gather: connections.gather });
      connection.onSettled = leavePreAuth;
      connections.add(connection);
      let headers: IncomingMessage["headers"] | undefined = request.headers;
      let timer: Timer | undefined = clock.after(frameLimits.handshakeTimeoutMs, () => connection.close(closeCodes.normal, ""));
      socket.on("message", (data: RawData) => {
        if (!connection.isOpen) return undefined; // we said goodbye: what still comes is neither kept nor done
        const text = asText(data);
        if (connection.caller) return deps.queue.push(connection, text);
        if (headers === undefined) return void connection.waiting.push(text); // sent before the answer: worked on after it
        const given = headers;
        headers = undefined; // an idle socket holds no request
        socket.pause();
        void shakeHands(connection, given, text).then(() => {
          timer?.cancel();
          timer = undefined;
          socket.resume();
          const early = connection.caller ? connection.waiting.splice(0) : [];
          for (const frame of early) deps.queue.push(connection, frame);
        });
        return undefined;
      });
      socket.on("error", (error) => connection.log.debug("a socket broke", { error }));
      socket.on("close", () => {
        timer?.cancel();
        ended(connection);
      });
      deps.broadcast.send(connection, wireEvents.challenge, { nonce: connection.nonce, ts: clock.now() });
    },
  };
}

/** Text and binary frames are the same to us: the Apple apps send every request as a binary message. */
function asText(data: RawData): string {
  if (Buffer.isBuffer(data)) return data.toString("utf8");
  return Array.isArray(data) ? Buffer.concat(data).toString("utf8") : Buffer.from(data).toString("utf8");
}

function attachNode(deps: SocketsDeps, connection: Connection, caller: Caller, params: ConnectParams): void {
  const { client } = caller;
  deps.nodes.attach(
    {
      nodeId: caller.deviceId ?? client.id,
      ...(client.displayName === undefined ? {} : { displayName: client.displayName }),
      platform: client.platform,
      version: client.version,
      ...(client.deviceFamily === undefined ? {} : { deviceFamily: client.deviceFamily }),
      ...(client.modelIdentifier === undefined ? {} : { modelIdentifier: client.modelIdentifier }),
      ...(caller.local ? {} : { remoteIp: connection.peer.address }),
      clientId: client.id,
      clientMode: client.mode,
      caps: params.caps ?? [],
      commands: params.commands ?? [],
      ...(params.pathEnv === undefined ? {} : { pathEnv: params.pathEnv }),
      ...(params.permissions === undefined ? {} : { permissions: params.permissions }),
      connectedAtMs: deps.clock.now(),
    },
    {
      connId: connection.connId,
      send: (event, payload) => {
        const known = Object.values(wireEvents).find((one) => one.name === event);
        if (known) deps.broadcast.send(connection, known, payload);
      },
    },
  );
}
