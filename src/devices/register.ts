// Devices, tokens and pairing requests as they stand: read from state.db once, kept in memory, changed only after the commit.
import { fault } from "../base/faults.ts";
import type { Role, Scope } from "../protocol/scopes.ts";
import type { DeviceRow, MachineRows, TokenRow, Write } from "../sdk/backends.ts";
import { tokenRowOf } from "./tokens.ts";

/** What a device says of itself; shown, never trusted. */
export interface DeviceFacts { displayName?: string; platform?: string; deviceFamily?: string; clientId?: string; clientMode?: string; remoteIp?: string }

export interface PairingRequest extends DeviceFacts { requestId: string; deviceId: string; publicKey: string; role: Role; scopes: Scope[]; silent?: boolean; isRepair?: boolean; ts: number; /** Six words shown on both sides. */ code: string }

export interface Known {
  row: DeviceRow;
  /** By role. */
  tokens: Map<string, TokenRow>;
}

export interface Loaded {
  devices: Map<string, Known>;
  pairings: Map<string, PairingRequest>;
}

export interface Register {
  load(): Promise<Loaded>;
  /** Durable first, then in memory; concurrent changes keep their order. */
  commit(writes: readonly Write[]): Promise<void>;
}

export function createRegister(rows: MachineRows): Register {
  let loaded: Promise<Loaded> | undefined;
  const load = () => (loaded ??= read(rows));
  return {
    load,
    async commit(writes) {
      const state = await load();
      const result = await rows.commit(writes);
      if (!result.ok) throw fault("store.failed", { reason: `write ${result.conflict} of a device change was refused` });
      for (const write of writes) apply(state, write);
    },
  };
}

async function read(rows: MachineRows): Promise<Loaded> {
  const [devices, tokens, pairings] = await Promise.all([rows.find("devices", {}), rows.find("tokens", {}), rows.find("pairings", {})]);
  const state: Loaded = { devices: new Map(), pairings: new Map() };
  for (const row of devices) apply(state, { table: "devices", put: row });
  for (const row of tokens) apply(state, { table: "tokens", put: row });
  for (const row of pairings) apply(state, { table: "pairings", put: row });
  return state;
}

function apply(state: Loaded, write: Write): void {
  if (write.table === "devices") {
    if ("put" in write) state.devices.set(write.put.deviceId, { row: write.put, tokens: state.devices.get(write.put.deviceId)?.tokens ?? new Map() });
    else if ("set" in write) {
      const known = state.devices.get(write.key);
      if (known) known.row = { ...known.row, ...write.set };
    } else if ("remove" in write) state.devices.delete(write.remove);
  } else if (write.table === "tokens" && "put" in write) {
    state.devices.get(write.put.deviceId)?.tokens.set(write.put.role, write.put);
  } else if (write.table === "tokens" && "set" in write) {
    const { deviceId, role } = tokenRowOf(write.key);
    const tokens = state.devices.get(deviceId)?.tokens;
    const row = tokens?.get(role);
    if (row) tokens?.set(role, { ...row, ...write.set });
  } else if (write.table === "pairings") {
    if ("put" in write) state.pairings.set(write.put.requestId, JSON.parse(write.put.request) as PairingRequest); // written by devices.ts
    else if ("remove" in write) state.pairings.delete(write.remove);
  }
}

/** What a device says of itself, and what people said about it; theirs outlives what it says next. */
export interface StoredInfo extends DeviceFacts {
  givenName?: string;
  /** A rotation took scopes away: only a person's approval gives them back. */
  isNarrowed?: boolean;
}

export function infoOf(row: DeviceRow): StoredInfo {
  return JSON.parse(row.info) as StoredInfo; // written by devices.ts
}
