// Catching up: what a client's former connection missed until the present one began to receive.
import type { Connection } from "./connection.ts";
import { spelling } from "./broadcast.ts";
import type { GatewayApp } from "./gateway-app.ts";
import type { StreamPosition } from "./ring.ts";

export interface Caught { resync: boolean; reason?: string; events: { event: string; payload: unknown; seq: number; stateVersion?: unknown }[] }

/** More text than this is not worth replaying: the state is smaller. */
const maxReplayChars = 6_291_456;

export function missedEvents(app: GatewayApp, connection: Connection, from: { connId: string; seq: number }): Caught {
  const former = formerPosition(app, connection, from.connId);
  if (!former) return { resync: true, reason: "the former connection is not known", events: [] };
  const missed = app.ring.missed(former, from.seq, connection.attachedAt);
  if (missed.resync) return { resync: true, reason: missed.reason, events: [] };
  const { viewer } = former;
  let chars = 0;
  const events: Caught["events"] = [];
  for (const { pushed, seq } of missed.events) {
    const payload = pushed.render({ protocol: viewer.caller?.protocol ?? 4, sessionKey: spelling(pushed, viewer) });
    chars += JSON.stringify(payload)?.length ?? 0;
    if (chars > maxReplayChars) return { resync: true, reason: "too much text was missed", events: [] };
    events.push({ event: pushed.event.name, payload, seq, ...(pushed.stateVersion ? { stateVersion: pushed.stateVersion() } : {}) });
  }
  return { resync: false, events };
}

/** Only the same device or, without one, the same kind of client and person may ask; and it may not hold less than the former did. */
function formerPosition(app: GatewayApp, connection: Connection, connId: string): StreamPosition | undefined {
  if (connId === connection.connId) return undefined;
  const live = app.connections.get(connId);
  const position = live ? live.streamPosition() : app.ring.retired(connId);
  const before = position?.viewer.caller;
  const now = connection.caller;
  if (!position || !before || !now) return undefined;
  const isSame = before.deviceId === now.deviceId && before.person === now.person && before.role === now.role && before.client.id === now.client.id && before.protocol === now.protocol;
  const holdsAll = before.scopes.every((scope) => now.scopes.includes(scope) || now.scopes.includes("operator.admin"));
  if (!isSame || !holdsAll) return undefined;
  // The socket is dead, only the network has not noticed: its client is here.
  live?.socket.terminate();
  return position;
}
