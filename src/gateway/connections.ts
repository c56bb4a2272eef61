// All open connections, and the sweep that ends the ones that do not read.
import type { Clock } from "../base/clock.ts";
import type { Role } from "../protocol/scopes.ts";
import { closeCodes } from "../protocol/errors.ts";
import type { Connection, SendBudget } from "./connection.ts";

export interface Connections {
  add(connection: Connection): void;
  remove(connection: Connection): void;
  get(connId: string): Connection | undefined;
  /** Those that signed in. */
  signedIn(): Iterable<Connection>;
  all(): Iterable<Connection>;
  count(): { total: number; signedIn: number };
  ofDevice(deviceId: string, role?: string): Connection[];
  /** Live sockets of a device whose access ended: closed at once. */
  closeDevice(deviceId: string, role: Role | undefined, reason: string): void;
  readonly budget: SendBudget;
  /** Flushes it when this turn of the event loop ends. */
  gather(connection: Connection): void;
  stop(): void;
}

const sweepMs = 1_000;
/** A reader that took nothing of what waits for it in this time is gone. */
const stuckAfterMs = 10_000;
/** Unsent bytes of all connections together. */
export const totalQueueBytes = 67_108_864;

export function createConnections(deps: { clock: Clock; perConnectionBytes: number }): Connections {
  const byId = new Map<string, Connection>();
  const open = new Set<Connection>();
  const budget: SendBudget = { totalBytes: totalQueueBytes, perConnectionBytes: deps.perConnectionBytes, queuedBytes: 0 };

  const sweepOne = (connection: Connection, now: number) => {
    if (connection.isCut) return connection.socket.terminate();
    const before = connection.unsentBytes;
    if (before === 0) return undefined;
    connection.look();
    if (connection.unsentBytes === 0 || connection.unsentBytes < before || connection.stuckSince === undefined) connection.stuckSince = connection.unsentBytes === 0 ? undefined : now;
    else if (now - connection.stuckSince >= stuckAfterMs) connection.cutOff();
    return undefined;
  };
  const timer = deps.clock.every(sweepMs, () => {
    const now = deps.clock.monotonic();
    for (const connection of byId.values()) sweepOne(connection, now);
    while (budget.queuedBytes > budget.totalBytes) {
      const worst = [...open].filter((connection) => !connection.isCut && connection.unsentBytes > 0).sort((a, b) => b.unsentBytes - a.unsentBytes)[0];
      if (!worst) break;
      worst.cutOff();
      worst.socket.terminate();
      budget.queuedBytes -= worst.unsentBytes;
      worst.unsentBytes = 0;
    }
  });

  let gathered: Connection[] = [];
  const flushGathered = () => {
    const all = gathered;
    gathered = [];
    for (const connection of all) connection.flush();
  };

  const ofDevice = (deviceId: string, role?: string) => [...open].filter((connection) => connection.caller?.deviceId === deviceId && (role === undefined || connection.caller.role === role));

  return {
    add: (connection) => {
      byId.set(connection.connId, connection);
      if (connection.caller) open.add(connection);
    },
    remove(connection) {
      byId.delete(connection.connId);
      open.delete(connection);
    },
    get: (connId) => byId.get(connId),
    signedIn: () => open,
    all: () => [...byId.values()],
    count: () => ({ total: byId.size, signedIn: open.size }),
    ofDevice,
    closeDevice(deviceId, role, reason) {
      for (const connection of ofDevice(deviceId, role)) {
        connection.close(closeCodes.refused, reason);
        connection.isCut = true; // does not wait for the peer's goodbye
      }
    },
    budget,
    gather(connection) {
      if (gathered.push(connection) === 1) deps.clock.soon(flushGathered);
    },
    stop: () => timer.cancel(),
  };
}
