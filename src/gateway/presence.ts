// Who is connected: one row per device or instance, kept five minutes after its last sign (protocol.md 1.6).
import type { Clock } from "../base/clock.ts";
import type { PresenceEntry } from "../protocol/connect.ts";
import type { Caller } from "../protocol/scopes.ts";
import type { Bus } from "../sdk/events.ts";

export interface Presence {
  /** Newest first. */
  list(): PresenceEntry[];
  /** The newest of them as JSON for hello-ok; each row's text is made once. All of them are in `system-presence`. */
  json(): string;
  /** Counts changes; part of `stateVersion`. */
  version(): number;
  connected(caller: Caller, ip: string | undefined): void;
  disconnected(caller: Caller): void;
  /** A beacon of `system-event`. */
  beacon(key: string, entry: Omit<PresenceEntry, "ts">): void;
}

export interface PresenceDeps {
  clock: Clock;
  events: Bus;
  self: { host: string; ip?: string; version: string; platform: string };
}

const ttlMs = 300_000;
const maxEntries = 200;
/** Rows in hello-ok: in a storm of sign-ins the whole list would be most of the work. */
const maxGreeted = 32;

interface Kept { entry: PresenceEntry; json: string; seenAt: number; /** Open connections behind this row. */ live: number }

export function createPresence(deps: PresenceDeps): Presence {
  const { clock, self } = deps;
  const rows = new Map<string, Kept>();
  let version = 1;

  const changed = () => {
    version++;
    deps.events.emit("presence.changed", {});
  };

  const put = (key: string, entry: Omit<PresenceEntry, "ts">, live: number) => {
    rows.delete(key); // the newest stands last
    const full: PresenceEntry = { ...entry, ts: clock.now() };
    rows.set(key, { entry: full, json: JSON.stringify(full), seenAt: clock.monotonic(), live });
    if (rows.size <= maxEntries) return;
    for (const oldest of rows.keys()) {
      rows.delete(oldest);
      break;
    }
  };

  const selfEntry = (): PresenceEntry => ({
    host: self.host,
    ...(self.ip === undefined ? {} : { ip: self.ip }),
    version: self.version,
    platform: self.platform,
    mode: "gateway",
    reason: "self",
    text: `Gateway: ${self.host}${self.ip === undefined ? "" : ` (${self.ip})`} · app ${self.version} · mode gateway · reason self`,
    ts: clock.now(),
  });

  /** Newest first; the rows stand in the map in order of time. */
  const kept = (): Kept[] => {
    const oldest = clock.monotonic() - ttlMs;
    for (const [key, row] of rows) if (row.live === 0 && row.seenAt < oldest) rows.delete(key);
    return [...rows.values()].reverse();
  };

  return {
    list: () => [selfEntry(), ...kept().map((row) => row.entry)],
    json: () => `[${[JSON.stringify(selfEntry()), ...kept().slice(0, maxGreeted - 1).map((row) => row.json)].join(",")}]`,
    version: () => version,
    connected(caller, ip) {
      if (!isTracked(caller)) return;
      const key = keyOf(caller);
      const before = rows.get(key);
      put(key, entryOf(caller, ip, "connect", before?.live ? before.entry : undefined), (before?.live ?? 0) + 1);
      changed();
    },
    disconnected(caller) {
      const key = keyOf(caller);
      const row = rows.get(key);
      if (!isTracked(caller) || !row) return;
      row.live = Math.max(0, row.live - 1);
      if (row.live === 0) put(key, { ...row.entry, reason: "disconnect", text: textOf(row.entry.host ?? caller.client.id, row.entry.ip, caller, "disconnect") }, 0);
      changed();
    },
    beacon(key, entry) {
      const before = rows.get(key.toLowerCase());
      put(key.toLowerCase(), { ...before?.entry, ...entry }, before?.live ?? 0);
      changed();
    },
  };
}

/** One-shot commands come and go too quickly to be shown. */
function isTracked(caller: Caller): boolean {
  return caller.client.mode !== "cli" && caller.client.mode !== "probe";
}

function keyOf(caller: Caller): string {
  return (caller.deviceId ?? caller.client.instanceId ?? caller.connId).toLowerCase();
}

function entryOf(caller: Caller, ip: string | undefined, reason: string, before: PresenceEntry | undefined): Omit<PresenceEntry, "ts"> {
  const { client } = caller;
  const host = client.displayName ?? client.id;
  const instanceId = caller.deviceId ?? client.instanceId;
  return {
    host,
    ...(ip === undefined ? {} : { ip }),
    version: client.version,
    platform: client.platform,
    ...(client.deviceFamily === undefined ? {} : { deviceFamily: client.deviceFamily }),
    ...(client.modelIdentifier === undefined ? {} : { modelIdentifier: client.modelIdentifier }),
    mode: client.mode,
    reason,
    text: textOf(host, ip, caller, reason),
    ...(caller.deviceId === undefined ? {} : { deviceId: caller.deviceId }),
    roles: union(before?.roles, [caller.role]),
    scopes: union(before?.scopes, caller.scopes),
    ...(instanceId === undefined ? {} : { instanceId }),
  };
}

function union(before: readonly string[] | undefined, now: readonly string[]): string[] {
  return [...new Set([...(before ?? []), ...now])];
}

function textOf(host: string, ip: string | undefined, caller: Caller, reason: string): string {
  return `${caller.role === "node" ? "Node" : "Client"}: ${host}${ip === undefined ? "" : ` (${ip})`} · app ${caller.client.version} · mode ${caller.client.mode} · reason ${reason}`;
}
