// One socket with everything around it replaced: what is done with frames that come when it was told goodbye.
import { EventEmitter } from "node:events";
import type { IncomingMessage } from "node:http";
import { expect, it } from "vitest";
import type { WebSocket } from "ws";
import { createFakeClock } from "../base/fake-clock.ts";
import { systemIds } from "../base/ids.ts";
import { silentLog } from "../base/log.ts";
import { verdictOn } from "../../test/fixtures/mutant-module.ts";
import type { Connection } from "./connection.ts";
import type { Peer } from "./door.ts";
import type { HandshakeResult } from "./handshake.ts";
import { notConnect } from "./refusals.ts";
import { createSockets, type SocketsDeps } from "./sockets.ts";

const peer: Peer = { address: "127.0.0.1", socketAddress: "127.0.0.1", local: true, hostName: "127.0.0.1", viaProxy: false, origin: undefined, secure: false };
const caller = { connId: "c", door: "ws", role: "operator", scopes: [], person: "owner", protocol: 4, client: { id: "test", mode: "test", version: "1", platform: "x" }, caps: [], local: true } as const;

function accepted(create: typeof createSockets, result: HandshakeResult) {
  const seen: { connection?: Connection; worked: string[]; sent: string[] } = { worked: [], sent: [] };
  const socket = Object.assign(new EventEmitter(), {
    OPEN: 1, readyState: 1, bufferedAmount: 0,
    send: (text: string) => void seen.sent.push(text),
    close: () => void (socket.readyState = 2), // the goodbye is out, the other side may go on talking
    pause: () => undefined, resume: () => undefined, terminate: () => undefined,
  });
  const nothing = () => undefined;
  const sockets = create({
    clock: createFakeClock(), ids: systemIds, log: silentLog,
    handshake: { run: () => Promise.resolve(result) },
    hello: () => "{}",
    queue: { push: (_connection: Connection, text: string) => void seen.worked.push(text), done: nothing, drop: nothing },
    connections: { add: (connection: Connection) => void (seen.connection = connection), remove: nothing, budget: { totalBytes: 1e9, perConnectionBytes: 1e9, queuedBytes: 0 }, gather: nothing },
    ring: { head: () => 0, retire: nothing }, presence: { connected: nothing, disconnected: nothing, json: () => "[]" }, health: { kick: nothing }, nodes: {}, broadcast: { send: nothing },
  } as unknown as SocketsDeps); // of each only what a socket uses
  const stream = { cork: nothing, uncork: nothing };
  sockets.accept(socket as unknown as WebSocket, peer, { headers: {}, socket: stream } as unknown as IncomingMessage, nothing);
  return { seen, socket, say: (text: string) => void socket.emit("message", Buffer.from(text)) };
}

const refused: HandshakeResult = { kind: "refused", requestId: "1", refusal: notConnect() };
const welcomed: HandshakeResult = { kind: "welcome", requestId: "1", caller, params: { minProtocol: 4, maxProtocol: 4, client: caller.client }, granted: { ok: true, scopes: [], method: "token" } };

const keepsNothing = async (create: typeof createSockets) => {
  const { seen, socket, say } = accepted(create, refused);
  say("first");
  await expect.poll(() => socket.readyState).toBe(2);
  for (let n = 0; n < 1_000; n++) say("x".repeat(60_000));
  expect(seen.connection?.waiting.length, "frames kept of a stranger").toBe(0);
};

const doesNothing = async (create: typeof createSockets) => {
  const { seen, say } = accepted(create, welcomed);
  say("first");
  await expect.poll(() => seen.connection?.caller).toBeDefined();
  say("second");
  expect(seen.worked).toEqual(["second"]);
  seen.connection?.close(1008, "device token revoked");
  say("third");
  expect(seen.worked, "done for a device that was turned out").toEqual(["second"]);
};

it("[I.28] a stranger who was refused and goes on talking cannot fill the memory", () => keepsNothing(createSockets));

it("[I.7] nothing more is done for a device whose socket was closed", () => doesNothing(createSockets));

const mutation = { name: "listens on", file: "src/gateway/sockets.ts", from: "if (!connection.isOpen) return undefined;", to: "" };
it.each([
  { id: "I.28", check: keepsNothing, says: /frames kept of a stranger/ },
  { id: "I.7", check: doesNothing, says: /turned out/ },
])("[$id] the check sees a gateway that goes on listening", async ({ check, says }) => {
  expect(await verdictOn<{ createSockets: typeof createSockets }>(mutation, ({ createSockets: mutated }) => check(mutated), mutation.file)).toMatch(says);
});
