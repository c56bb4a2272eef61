// Requests of all connections in a ring: each turn takes one request of each, so that a flood on one socket leaves the others served.
import type { Clock } from "../base/clock.ts";
import type { Connection } from "./connection.ts";

export interface FairQueueLimits {
  /** Requests of one connection worked on at once. */
  inFlight: number;
  /** Requests one connection may start per second, sustained; twice that in a burst. */
  perSecond: number;
}

export interface FairQueue {
  /** A frame came in. */
  push(connection: Connection, text: string): void;
  /** This request of the connection was answered. */
  done(connection: Connection, text: string): void;
  drop(connection: Connection): void;
}

/** Work of one turn of the event loop; then input and output of all sockets get their turn. */
const turnBudgetMs = 4;
/** What is begun in one turn is answered in one go: as many whole answers may be in memory at once. */
const turnRequests = 64;
/** With more frames waiting the socket is not read any more; the peer's own buffers hold the rest. */
const pauseAbove = 512;
const resumeBelow = 64;
/** The same by length, of what waits and of what is in work: one frame may hold 25 MiB, and a connection may not fill the memory with them. */
const maxHeldChars = 8_388_608;

/** Characters of a connection's frames. */
interface Held { waiting: number; inWork: number }

export function createFairQueue(deps: { clock: Clock; limits(): FairQueueLimits; work(connection: Connection, text: string): void }): FairQueue {
  const { clock } = deps;
  const ring: Connection[] = [];
  let turnEndsAt = -1;
  let begunInTurn = 0;
  let resting = false;
  const held = new WeakMap<Connection, Held>();

  const heldBy = (connection: Connection): Held => {
    let own = held.get(connection);
    if (!own) held.set(connection, (own = { waiting: 0, inWork: 0 }));
    return own;
  };

  const beginTurn = () => {
    if (turnEndsAt >= 0) return;
    turnEndsAt = clock.monotonic() + turnBudgetMs;
    begunInTurn = 0;
    clock.soon(() => {
      turnEndsAt = -1;
      if (resting) {
        resting = false;
        run();
      }
    });
  };

  const isReady = (connection: Connection, limits: FairQueueLimits) => connection.waiting.length > 0 && connection.inFlight < limits.inFlight;

  /** A large request waits until those before it leave room; alone it always has some. */
  const hasRoom = (connection: Connection) => {
    const { inWork } = heldBy(connection);
    return inWork === 0 || inWork + (connection.waiting[0]?.length ?? 0) <= maxHeldChars;
  };

  const enter = (connection: Connection, limits: FairQueueLimits) => {
    if (connection.queued || !isReady(connection, limits) || !hasRoom(connection)) return;
    connection.queued = true;
    ring.push(connection);
  };

  const mayStart = (connection: Connection, limits: FairQueueLimits): boolean => {
    const now = clock.monotonic();
    const burst = limits.perSecond * 2;
    connection.tokens = Math.min(burst, connection.tokensAt < 0 ? burst : connection.tokens + ((now - connection.tokensAt) / 1000) * limits.perSecond);
    connection.tokensAt = now;
    if (connection.tokens < 1) return false;
    connection.tokens -= 1; // what costs more is charged by dispatch, which knows the method
    return true;
  };

  const begin = (connection: Connection, text: string) => {
    connection.inFlight++;
    heldBy(connection).inWork += text.length;
    begunInTurn++;
    deps.work(connection, text);
  };

  const step = (connection: Connection, limits: FairQueueLimits): void => {
    connection.queued = false;
    const text = connection.waiting[0];
    if (text === undefined || !isReady(connection, limits) || !hasRoom(connection)) return;
    if (!mayStart(connection, limits)) {
      // The bucket is empty: nothing is refused, the connection waits until it may go on.
      connection.queued = true;
      clock.after(20, () => {
        connection.queued = false;
        enter(connection, limits);
        run();
      });
      return;
    }
    connection.waiting.shift();
    const own = heldBy(connection);
    own.waiting = connection.waiting.length === 0 ? 0 : Math.max(0, own.waiting - text.length);
    if (connection.paused && connection.waiting.length < resumeBelow && own.waiting <= maxHeldChars / 2) {
      connection.paused = false;
      connection.socket.resume();
    }
    begin(connection, text);
    enter(connection, limits);
  };

  const run = () => {
    if (resting) return;
    const limits = deps.limits();
    while (ring.length > 0) {
      beginTurn();
      if (begunInTurn >= turnRequests || clock.monotonic() >= turnEndsAt) {
        resting = true;
        return;
      }
      const connection = ring.shift();
      if (connection) step(connection, limits);
    }
  };

  return {
    push(connection, text) {
      connection.waiting.push(text);
      const own = heldBy(connection);
      own.waiting += text.length;
      if (!connection.paused && (connection.waiting.length > pauseAbove || own.waiting > maxHeldChars)) {
        connection.paused = true;
        connection.socket.pause();
      }
      enter(connection, deps.limits());
      run();
    },
    done(connection, text) {
      connection.inFlight--;
      heldBy(connection).inWork -= text.length;
      enter(connection, deps.limits());
      run();
    },
    drop(connection) {
      connection.waiting.length = 0;
      heldBy(connection).waiting = 0;
    },
  };
}
