// Paired devices: who was let in, with which roles and scopes, requests that wait for a person, derived tokens and one-time links.
import type { Clock } from "../base/clock.ts";
import { fault } from "../base/faults.ts";
import type { Ids } from "../base/ids.ts";
import type { Log } from "../base/log.ts";
import { holds, isScope, type Role, type Scope } from "../protocol/scopes.ts";
import type { MachineRows, Write } from "../sdk/backends.ts";
import type { Bus } from "../sdk/events.ts";
import { createLinks } from "./links.ts";
import { createRegister, infoOf, type DeviceFacts, type Known, type PairingRequest, type StoredInfo } from "./register.ts";
import { deriveToken, hashToken, sameHash, tokenRowId } from "./tokens.ts";
import { pairingWords } from "./words.ts";

export interface TokenInfo { role: Role; scopes: Scope[]; createdAtMs: number; rotatedAtMs?: number; revokedAtMs?: number; lastUsedAtMs?: number }

export interface PairedDevice extends DeviceFacts { deviceId: string; publicKey: string; roles: Role[]; scopes: Scope[]; tokens: TokenInfo[]; createdAtMs: number; approvedAtMs: number; approvedVia: string; lastSeenAtMs?: number; /** A rotation took scopes away; only an approval gives them back. */ isNarrowed?: true }

export type { PairingRequest } from "./register.ts";
export type PairingWish = Omit<PairingRequest, "requestId" | "ts" | "code">;

/** Who let a device in. */
export type ApprovedVia = "host" | "shared-secret" | "sign-in-link" | "loopback" | `device:${string}`;

export interface Devices {
  get(deviceId: string): Promise<PairedDevice | undefined>;
  list(): Promise<{ pending: PairingRequest[]; paired: PairedDevice[] }>;
  pending(requestId: string): Promise<PairingRequest | undefined>;
  /** One pending request per device and wish; asking again returns the same one, asking for something else replaces it. */
  request(want: PairingWish): Promise<{ request: PairingRequest; created: boolean }>;
  /** Lets a waiting device in: its roles and scopes become the union of old and asked. Throws pairing.unknown. */
  approve(requestId: string, via: ApprovedVia): Promise<PairedDevice>;
  /** Lets a device in without a request: enrolment by link, the host's own key, what the shared secret covers. */
  admit(wish: PairingWish, via: ApprovedVia): Promise<PairedDevice>;
  reject(requestId: string): Promise<PairingRequest>;
  remove(deviceId: string): Promise<void>;
  rename(deviceId: string, label: string): Promise<PairedDevice>;
  /** The device's current token for a role: derived, so the same one comes back until it is rotated or revoked. */
  token(deviceId: string, role: Role, scopes: readonly Scope[]): Promise<{ token: string; scopes: Scope[]; issuedAtMs: number }>;
  verifyToken(deviceId: string, role: Role, token: string): Promise<{ ok: true; scopes: Scope[] } | { ok: false; reason: "unknown" | "revoked" | "mismatch" }>;
  /** A new generation; `scopes` replaces those of token and device. The caller may only give what it holds. Throws device.unknown. */
  rotate(deviceId: string, role: Role, scopes?: readonly Scope[]): Promise<{ token: string; scopes: Scope[]; rotatedAtMs: number }>;
  /** Ends the token and the approval behind it. Throws device.unknown. */
  revoke(deviceId: string, role: Role): Promise<{ revokedAtMs: number }>;
  /** Remembered in memory, written in batches. */
  seen(deviceId: string, role: Role): void;
  /** One-time sign-in links: single use, ten minutes, bound to nothing but their code. */
  createLink(scopes: readonly Scope[]): Promise<{ code: string; expiresAtMs: number }>;
  redeemLink(code: string): Promise<readonly Scope[] | undefined>;
  close(): Promise<void>;
}

export interface DevicesDeps {
  rows: MachineRows;
  clock: Clock;
  ids: Ids;
  log: Log;
  events: Bus;
  /** The 32 bytes from which tokens are derived; read or made on first use. */
  serverKey(): Promise<Uint8Array>;
}

/** A request nobody decided is forgotten after this long; a client that still waits makes a new one. */
export const requestTtlMs = 300_000;
const maxPending = 100;
const flushSeenMs = 60_000;

export function createDevices(deps: DevicesDeps): Devices {
  const { clock, events } = deps;
  const register = createRegister(deps.rows);
  const links = createLinks(deps);
  const seen = new Map<string, { deviceId: string; roles: Set<Role>; at: number }>();
  const flusher = clock.every(flushSeenMs, () => void flushSeen().catch((error: unknown) => deps.log.warn("last-seen times could not be written", { error })));

  /** Changes of one device are made one after another: what one of them has read, no other changes before it is written. */
  const turns = new Map<string, Promise<unknown>>();
  const inTurn = <T>(deviceId: string, change: () => Promise<T>): Promise<T> => {
    const mine = (turns.get(deviceId) ?? Promise.resolve()).then(change, change);
    turns.set(deviceId, mine);
    const tidy = () => {
      if (turns.get(deviceId) === mine) turns.delete(deviceId);
    };
    void mine.then(tidy, tidy);
    return mine;
  };

  const known = async (deviceId: string): Promise<Known> => {
    const found = (await register.load()).devices.get(deviceId);
    if (!found) throw fault("device.unknown", { deviceId });
    return found;
  };

  const view = (device: Known): PairedDevice => ({
    ...shownInfo(infoOf(device.row)),
    deviceId: device.row.deviceId,
    publicKey: device.row.publicKey,
    roles: rolesOf(device),
    scopes: scopesOf(device),
    tokens: [...device.tokens.values()].map((row) => ({
      role: row.role as Role, // written by this file only
      scopes: (JSON.parse(row.scopes) as string[]).filter(isScope),
      createdAtMs: row.createdAt,
      ...(row.rotatedAt === null ? {} : { rotatedAtMs: row.rotatedAt }),
      ...(row.revokedAt === null ? {} : { revokedAtMs: row.revokedAt }),
      ...(row.lastUsedAt === null ? {} : { lastUsedAtMs: row.lastUsedAt }),
    })),
    createdAtMs: device.row.createdAt,
    approvedAtMs: device.row.approvedAt,
    approvedVia: device.row.approvedVia,
    ...lastSeenOf(device),
  });

  const lastSeenOf = (device: Known) => {
    const at = seen.get(device.row.deviceId)?.at ?? device.row.lastSeenAt;
    return at === null ? {} : { lastSeenAtMs: at };
  };

  const pendingRows = async (): Promise<PairingRequest[]> => {
    const { pairings } = await register.load();
    const oldest = clock.now() - requestTtlMs;
    const expired = [...pairings.values()].filter((request) => request.ts < oldest);
    if (expired.length > 0) await register.commit(expired.map((request) => ({ table: "pairings", remove: request.requestId })));
    return [...pairings.values()].sort((a, b) => b.ts - a.ts);
  };

  const tokenWrite = async (device: { deviceId: string }, role: Role, scopes: readonly Scope[], change: { generation: number; createdAt: number; rotatedAt: number | null }): Promise<{ write: Write; token: string }> => {
    const token = deriveToken(await deps.serverKey(), device.deviceId, role, change.generation);
    const row = { id: tokenRowId(device.deviceId, role), deviceId: device.deviceId, role, hash: hashToken(token), scopes: JSON.stringify([...new Set(scopes)].sort()), revokedAt: null, lastUsedAt: null, ...change };
    return { write: { table: "tokens", put: row }, token };
  };

  const admit = async (wish: PairingWish, via: ApprovedVia, alongside: readonly Write[] = []): Promise<PairedDevice> => {
    const { devices } = await register.load();
    const before = devices.get(wish.deviceId);
    const now = clock.now();
    const roles = [...new Set([...(before ? rolesOf(before) : []), wish.role])];
    const scopes = [...new Set([...(before ? scopesOf(before) : []), ...wish.scopes])].sort();
    const { deviceId, publicKey } = wish;
    const { isNarrowed: _settled, ...kept } = before ? infoOf(before.row) : {};
    const info: StoredInfo = { ...kept, ...factsOf(wish) };
    const writes: Write[] = [
      ...alongside,
      { table: "devices", put: { deviceId, publicKey, info: JSON.stringify(info), roles: JSON.stringify(roles), scopes: JSON.stringify(scopes), createdAt: before?.row.createdAt ?? now, approvedAt: now, approvedVia: via, lastSeenAt: now } },
    ];
    const old = before?.tokens.get(wish.role);
    if (!old || old.revokedAt !== null) {
      writes.push((await tokenWrite(wish, wish.role, wish.role === "node" ? [] : scopes, { generation: (old?.generation ?? 0) + 1, createdAt: now, rotatedAt: old ? now : null })).write);
    } else {
      writes.push({ table: "tokens", put: { ...old, scopes: JSON.stringify(wish.role === "node" ? [] : scopes) } });
    }
    await register.commit(writes);
    return view(await known(deviceId));
  };

  const decided = (request: PairingRequest, decision: "approved" | "rejected") => {
    const ts = clock.now();
    events.emit("device.pair.resolved", { requestId: request.requestId, deviceId: request.deviceId, decision, ts });
    if (request.role === "node") events.emit("node.pair.resolved", { requestId: request.requestId, nodeId: request.deviceId, decision, ts });
  };

  const waiting = async (requestId: string): Promise<PairingRequest> => {
    const request = (await pendingRows()).find((row) => row.requestId === requestId);
    if (!request) throw fault("pairing.unknown", { requestId });
    return request;
  };

  /** Of several who decide at once, the first one does; the others find no request. */
  const decide = async <T>(requestId: string, made: (request: PairingRequest) => Promise<T>): Promise<T> => {
    const { deviceId } = await waiting(requestId);
    return inTurn(deviceId, async () => made(await waiting(requestId)));
  };

  const flushSeen = async (): Promise<void> => {
    const { devices } = await register.load();
    const writes: Write[] = [];
    for (const { deviceId, roles, at } of seen.values()) {
      const device = devices.get(deviceId);
      if (!device) continue;
      writes.push({ table: "devices", key: deviceId, set: { lastSeenAt: at } });
      for (const role of roles) {
        const token = device.tokens.get(role);
        if (token) writes.push({ table: "tokens", key: token.id, set: { lastUsedAt: at } });
      }
    }
    seen.clear();
    if (writes.length > 0) await register.commit(writes);
  };

  return {
    async get(deviceId) {
      const found = (await register.load()).devices.get(deviceId);
      return found && view(found);
    },
    async list() {
      const { devices } = await register.load();
      return { pending: await pendingRows(), paired: [...devices.values()].map(view).sort((a, b) => b.approvedAtMs - a.approvedAtMs) };
    },
    async pending(requestId) {
      return (await pendingRows()).find((row) => row.requestId === requestId);
    },
    request: (want) => inTurn(want.deviceId, async () => {
      const rows = await pendingRows();
      const open = rows.filter((row) => row.deviceId === want.deviceId && row.role === want.role);
      const same = open.find((row) => sameScopes(row.scopes, want.scopes));
      if (same) return { request: same, created: false };
      const requestId = deps.ids.uuid();
      const request: PairingRequest = { ...want, requestId, ts: clock.now(), code: pairingWords(`${requestId}|${want.publicKey}`) };
      const dropped = rows.length - open.length >= maxPending ? rows.slice(maxPending - 1) : [];
      await register.commit([
        ...[...open, ...dropped].map((row): Write => ({ table: "pairings", remove: row.requestId })),
        { table: "pairings", put: { requestId, kind: want.role === "node" ? "node" : "device", deviceId: want.deviceId, request: JSON.stringify(request), createdAt: request.ts } },
      ]);
      const { code: _words, ...shown } = request;
      events.emit("device.pair.requested", { request: { ...shown, roles: [request.role] } });
      if (request.role === "node") events.emit("node.pair.requested", { request: { requestId, nodeId: request.deviceId, ...factsOf(request), ts: request.ts } });
      return { request, created: true };
    }),
    approve: (requestId, via) => decide(requestId, async (request) => {
      const device = await admit(request, via, [{ table: "pairings", remove: requestId }]);
      decided(request, "approved");
      return device;
    }),
    admit: (wish, via) => inTurn(wish.deviceId, async () => {
      const device = await admit(wish, via);
      if (wish.silent) decided({ ...wish, requestId: deps.ids.uuid(), ts: clock.now(), code: "" }, "approved");
      return device;
    }),
    reject: (requestId) => decide(requestId, async (request) => {
      await register.commit([{ table: "pairings", remove: requestId }]);
      decided(request, "rejected");
      return request;
    }),
    remove: (deviceId) => inTurn(deviceId, async () => {
      const device = await known(deviceId);
      const open = (await pendingRows()).filter((row) => row.deviceId === deviceId);
      await register.commit([
        { table: "devices", remove: deviceId },
        ...[...device.tokens.values()].map((row): Write => ({ table: "tokens", remove: row.id })),
        ...open.map((row): Write => ({ table: "pairings", remove: row.requestId })),
      ]);
      events.emit("device.changed", { deviceId, reason: "removed" });
    }),
    rename: (deviceId, label) => inTurn(deviceId, async () => {
      const device = await known(deviceId);
      await register.commit([{ table: "devices", put: { ...device.row, info: JSON.stringify({ ...infoOf(device.row), givenName: label }) } }]);
      events.emit("device.changed", { deviceId, reason: "renamed" });
      return view(await known(deviceId));
    }),
    token: (deviceId, role, scopes) => inTurn(deviceId, async () => {
      const device = await known(deviceId);
      const row = device.tokens.get(role);
      if (!row || row.revokedAt !== null) throw fault("device.unknown", { deviceId, role });
      const held = (JSON.parse(row.scopes) as string[]).filter(isScope);
      const covered = scopes.every((scope) => holds(held, scope));
      if (!covered) await register.commit([{ table: "tokens", put: { ...row, scopes: JSON.stringify([...new Set([...held, ...scopes])].sort()) } }]);
      return { token: deriveToken(await deps.serverKey(), deviceId, role, row.generation), scopes: covered ? held : [...new Set([...held, ...scopes])].sort(), issuedAtMs: row.rotatedAt ?? row.createdAt };
    }),
    async verifyToken(deviceId, role, token) {
      const row = (await register.load()).devices.get(deviceId)?.tokens.get(role);
      if (!row) return { ok: false, reason: "unknown" };
      if (!sameHash(row.hash, token)) return { ok: false, reason: "mismatch" };
      if (row.revokedAt !== null) return { ok: false, reason: "revoked" };
      return { ok: true, scopes: (JSON.parse(row.scopes) as string[]).filter(isScope) };
    },
    rotate: (deviceId, role, scopes) => inTurn(deviceId, async () => {
      const device = await known(deviceId);
      const row = device.tokens.get(role);
      if (!row || row.revokedAt !== null) throw fault("device.unknown", { deviceId, role });
      const rotatedAtMs = clock.now();
      const next = scopes ? [...scopes] : (JSON.parse(row.scopes) as string[]).filter(isScope);
      const { write, token } = await tokenWrite(device.row, role, next, { generation: row.generation + 1, createdAt: row.createdAt, rotatedAt: rotatedAtMs });
      const writes: Write[] = [write];
      if (scopes && role === "operator") {
        const { isNarrowed: wasNarrowed, ...info } = infoOf(device.row);
        const isNarrowed = wasNarrowed === true || scopesOf(device).some((scope) => !holds(scopes, scope));
        writes.push({ table: "devices", put: { ...device.row, info: JSON.stringify({ ...info, ...(isNarrowed ? { isNarrowed } : {}) }), scopes: JSON.stringify([...new Set(scopes)].sort()) } });
      }
      await register.commit(writes);
      events.emit("device.changed", { deviceId, role, reason: "rotated" });
      return { token, scopes: next, rotatedAtMs };
    }),
    revoke: (deviceId, role) => inTurn(deviceId, async () => {
      const device = await known(deviceId);
      const row = device.tokens.get(role);
      if (!row) throw fault("device.unknown", { deviceId, role });
      const revokedAtMs = clock.now();
      const roles = rolesOf(device).filter((held) => held !== role);
      await register.commit([
        { table: "tokens", put: { ...row, revokedAt: revokedAtMs } },
        // What a person approved ends with the token: else the shared secret would bring it all back.
        { table: "devices", put: { ...device.row, roles: JSON.stringify(roles), ...(role === "operator" ? { scopes: "[]" } : {}) } },
      ]);
      events.emit("device.changed", { deviceId, role, reason: "revoked" });
      return { revokedAtMs };
    }),
    seen(deviceId, role) {
      const entry = seen.get(deviceId);
      seen.set(deviceId, { deviceId, roles: (entry?.roles ?? new Set<Role>()).add(role), at: clock.now() });
    },
    createLink: (scopes) => Promise.resolve(links.create(scopes)),
    redeemLink: (code) => Promise.resolve(links.redeem(code)),
    async close() {
      flusher.cancel();
      await flushSeen();
    },
  };
}

function rolesOf(device: Known): Role[] {
  return (JSON.parse(device.row.roles) as string[]).filter((role): role is Role => role === "operator" || role === "node");
}

function scopesOf(device: Known): Scope[] {
  return (JSON.parse(device.row.scopes) as string[]).filter(isScope);
}

function shownInfo({ givenName, isNarrowed, ...facts }: StoredInfo): DeviceFacts & { isNarrowed?: true } {
  return { ...facts, ...(givenName === undefined ? {} : { displayName: givenName }), ...(isNarrowed === true ? { isNarrowed } : {}) };
}

function factsOf(wish: DeviceFacts): DeviceFacts {
  const { displayName, platform, deviceFamily, clientId, clientMode, remoteIp } = wish;
  return JSON.parse(JSON.stringify({ displayName, platform, deviceFamily, clientId, clientMode, remoteIp })) as DeviceFacts; // drops what is absent
}

function sameScopes(one: readonly string[], other: readonly string[]): boolean {
  return [...one].sort().join() === [...other].sort().join();
}
