// The only mapping from what managers report to what connections are told.
import type { Clock, Timer } from "../base/clock.ts";
import { wireEvents, type WireEvent } from "../protocol/events.ts";
import type { DomainEvents, Bus } from "../sdk/events.ts";
import type { Sessions } from "../sessions/sessions.ts";
import type { Broadcast } from "./broadcast.ts";
import type { Connections } from "./connections.ts";
import type { Health } from "./health.ts";
import type { Presence } from "./presence.ts";
import { createRunFeed } from "./run-feed.ts";
import type { Viewer } from "./ring.ts";
import { frameLimits } from "../protocol/frames.ts";

export interface WireEventsDeps {
  clock: Clock;
  events: Bus;
  sessions: Sessions;
  presence: Presence;
  health: Health;
  connections: Connections;
  broadcast: Broadcast;
}

/** State events merge: only the newest state is worth sending. */
const mergeMs = 250;
/** A state event to everybody may not cost more than this at once; beyond it clients read the state when they need it. */
const maxStateBurstBytes = 16_777_216;
const smallEvent = 256;

/** Subscribes to everything; the returned function ends it. */
export function publishEvents(deps: WireEventsDeps): () => void {
  const { clock, events, broadcast } = deps;
  const isVerbose = async (key: string) => (await deps.sessions.peek(key))?.entry.verboseLevel === "on";
  const feed = createRunFeed({ clock, push: broadcast.push, isVerbose });
  const stateVersion = () => ({ presence: deps.presence.version(), health: deps.health.version() });

  const plain = (event: WireEvent, payload: Record<string, unknown>, options: { session?: string; audience?: (viewer: Viewer) => boolean } = {}) =>
    broadcast.push({
      event,
      protocols: event.protocols,
      ...(options.session === undefined ? {} : { session: { key: options.session } }),
      ...(options.audience === undefined ? {} : { audience: options.audience }),
      sizeBytes: smallEvent,
      render: () => payload,
    });

  const state = (event: WireEvent, read: () => Record<string, unknown> | unknown[]) => {
    let timer: Timer | undefined;
    const show = () => {
      timer = undefined;
      if (JSON.stringify(read()).length * deps.connections.count().signedIn > maxStateBurstBytes) return;
      // Read when it is shown: whoever comes back later gets the state as it is then.
      broadcast.push({ event, protocols: event.protocols, stateVersion, sizeBytes: smallEvent, render: read });
    };
    return {
      changed: () => void (timer ??= clock.after(mergeMs, show)),
      cancel: () => timer?.cancel(),
    };
  };
  const presence = state(wireEvents.presence, () => ({ presence: deps.presence.list() }));
  const health = state(wireEvents.health, () => deps.health.current());
  const tick = clock.every(frameLimits.tickIntervalMs, () => plain(wireEvents.tick, { ts: clock.now() }));

  const shutdown = ({ reason, restartExpectedMs }: DomainEvents["shutdown"]) =>
    broadcast.push({
      event: wireEvents.shutdown,
      protocols: wireEvents.shutdown.protocols,
      sizeBytes: smallEvent,
      // Protocol 3 spells "not expected" as null, protocol 4 leaves it out (protocol.md 11, trap 13).
      render: ({ protocol }) => ({ reason, ...(restartExpectedMs === null && protocol === 4 ? {} : { restartExpectedMs }) }),
    });

  const stops = [
    events.on("run", feed.run),
    events.on("session.message", (line) => {
      feed.line(line);
      const { spokenKey: _spelling, ...payload } = line;
      plain(wireEvents.sessionMessage, payload, { session: line.sessionKey, audience: ({ subscriptions }) => subscriptions?.sessions.has(line.sessionKey) === true });
    }),
    events.on("session.changed", (change) => plain(wireEvents.sessionsChanged, { ...change, ts: clock.now() }, { session: change.sessionKey, audience: ({ subscriptions }) => subscriptions?.sessionList === true })),
    events.on("config.changed", ({ paths, hash }) => plain(wireEvents.configChanged, { paths, hash })),
    events.on("device.pair.requested", ({ request }) => plain(wireEvents.devicePairRequested, request)),
    events.on("device.pair.resolved", (decision) => plain(wireEvents.devicePairResolved, decision)),
    events.on("device.changed", (change) => {
      plain(wireEvents.devicePairChanged, { ...change, ts: clock.now() });
      // After the answer: a device that rotates its own token hears the new one on the socket that ends.
      clock.soon(() => closeEndedAccess(deps.connections, change));
    }),
    events.on("node.pair.requested", ({ request }) => plain(wireEvents.nodePairRequested, request)),
    events.on("node.pair.resolved", (decision) => plain(wireEvents.nodePairResolved, decision)),
    events.on("presence.changed", presence.changed),
    events.on("health.changed", health.changed),
    events.on("shutdown", shutdown),
  ];
  return () => {
    for (const stop of stops) stop();
    tick.cancel();
    presence.cancel();
    health.cancel();
  };
}

/** A revoked, rotated or removed device keeps no live socket. */
function closeEndedAccess(connections: Connections, change: DomainEvents["device.changed"]): void {
  if (change.reason === "renamed" || change.reason === "scopes") return;
  const role = change.role === "node" || change.role === "operator" ? change.role : undefined;
  connections.closeDevice(change.deviceId, role, change.reason === "removed" ? "device removed" : change.reason === "revoked" ? "device token revoked" : "device token rotated");
}
