// device.*: who asks to come in, who is in, and their tokens. Nobody gives more than they hold.
import { Type } from "typebox";
import { fault } from "../../base/faults.ts";
import type { PairedDevice, PairingRequest } from "../../devices/devices.ts";
import { effectiveScopes } from "../../guard/authority.ts";
import { holds, isScope, type Caller, type Role, type Scope } from "../../protocol/scopes.ts";
import { defineMethod } from "../../sdk/method.ts";
import { missingScope } from "../authorise.ts";
import type { GatewayApp } from "../gateway-app.ts";

const closed = { additionalProperties: false } as const;
const open = { additionalProperties: true } as const;
const id = Type.String({ minLength: 1, maxLength: 256 });
const shown = Type.Object({ requestId: Type.String(), device: Type.Unknown() });

/** Authority only shrinks: an approver can give only what it holds itself. */
function mustHold(caller: Caller, scopes: readonly Scope[]): void {
  const beyond = scopes.find((scope) => !holds(caller.scopes, scope));
  if (beyond !== undefined) throw missingScope(beyond);
}

/** A request as lists show it: both spellings of the role. */
function pendingView(request: PairingRequest) {
  return { ...request, roles: [request.role] };
}

export function pairedView(app: GatewayApp, device: PairedDevice) {
  const { lastSeenAtMs, ...rest } = device;
  return { ...rest, role: device.roles[0], ...(lastSeenAtMs === undefined ? {} : { lastSeenAtMs }), connected: app.connections.ofDevice(device.deviceId).length > 0 };
}

function roleOf(text: string): Role {
  if (text !== "operator" && text !== "node") throw fault("device.unknown", { role: text });
  return text;
}

/** Approves with the caller's own authority as the bound; used by node.pair.approve too. */
export async function approve(app: GatewayApp, caller: Caller, requestId: string): Promise<PairedDevice> {
  const request = await app.devices.pending(requestId);
  if (!request) throw fault("pairing.unknown", { requestId });
  mustHold(caller, request.scopes);
  return app.devices.approve(requestId, caller.deviceId === undefined ? "shared-secret" : `device:${caller.deviceId}`);
}

export const methods = [
  defineMethod({
    name: "device.pair.list",
    access: "operator.pairing",
    summary: "Requests that wait, with the six words to compare, and paired devices.",
    params: Type.Object({}, closed),
    result: Type.Object({ pending: Type.Array(Type.Unknown()), paired: Type.Array(Type.Unknown()) }),
    async handle(app: GatewayApp) {
      const { pending, paired } = await app.devices.list();
      return { pending: pending.map(pendingView), paired: paired.map((device) => pairedView(app, device)) };
    },
  }),
  defineMethod({
    name: "device.pair.approve",
    access: "operator.pairing",
    summary: "Lets a waiting device in with what it asked for; only what the approver holds.",
    params: Type.Object({ requestId: id }, closed),
    result: shown,
    handle: async (app: GatewayApp, params, call) => ({ requestId: params.requestId, device: pairedView(app, await approve(app, call.caller, params.requestId)) }),
  }),
  defineMethod({
    name: "device.pair.reject",
    access: "operator.pairing",
    summary: "Turns a waiting device away.",
    params: Type.Object({ requestId: id }, closed),
    result: Type.Object({ requestId: Type.String(), deviceId: Type.String() }),
    async handle(app: GatewayApp, params) {
      const { requestId, deviceId } = await app.devices.reject(params.requestId);
      return { requestId, deviceId };
    },
  }),
  defineMethod({
    name: "device.pair.remove",
    access: "operator.pairing",
    summary: "Forgets a device; its live sockets are closed.",
    params: Type.Object({ deviceId: id }, closed),
    result: Type.Object({ deviceId: Type.String(), removed: Type.Boolean() }, open),
    async handle(app: GatewayApp, params) {
      await app.devices.remove(params.deviceId);
      return { deviceId: params.deviceId, removed: true };
    },
  }),
  defineMethod({
    name: "device.pair.rename",
    access: "operator.pairing",
    summary: "Gives a device a name.",
    params: Type.Object({ deviceId: id, label: Type.String({ minLength: 1, maxLength: 64 }) }, closed),
    result: Type.Object({ deviceId: Type.String(), label: Type.String(), displayName: Type.String() }, open),
    async handle(app: GatewayApp, params) {
      await app.devices.rename(params.deviceId, params.label);
      return { deviceId: params.deviceId, label: params.label, displayName: params.label };
    },
  }),
  defineMethod({
    name: "device.token.rotate",
    access: "operator.pairing",
    summary: "A new token for a device and role; the old one and its sockets end. Told only to the device itself.",
    params: Type.Object({ deviceId: id, role: id, scopes: Type.Optional(Type.Array(id, { maxItems: 16 })) }, closed),
    result: Type.Object({ deviceId: Type.String(), role: Type.String(), scopes: Type.Array(Type.String()), rotatedAtMs: Type.Integer(), token: Type.Optional(Type.String()), tokenDelivery: Type.Optional(Type.String()) }),
    async handle(app: GatewayApp, params, call) {
      const role = roleOf(params.role);
      const scopes = params.scopes?.filter(isScope);
      if (scopes) mustHold(call.caller, scopes);
      const { token, scopes: held, rotatedAtMs } = await app.devices.rotate(params.deviceId, role, scopes);
      // Protocol 3 expects the token whoever asks; for protocol 4 it goes to nobody but its device.
      const tellsToken = call.caller.protocol === 3 || call.caller.deviceId === params.deviceId;
      const delivery = call.caller.protocol === 3 ? { token } : tellsToken ? { token, tokenDelivery: "in-band" } : { tokenDelivery: "withheld-cross-device" };
      return { deviceId: params.deviceId, role, scopes: held, rotatedAtMs, ...delivery };
    },
  }),
  defineMethod({
    name: "device.token.revoke",
    access: "operator.pairing",
    summary: "Ends a device's token and the approval behind it; its live sockets are closed.",
    params: Type.Object({ deviceId: id, role: id }, closed),
    result: Type.Object({ deviceId: Type.String(), role: Type.String(), revokedAtMs: Type.Integer() }),
    async handle(app: GatewayApp, params) {
      const role = roleOf(params.role);
      const { revokedAtMs } = await app.devices.revoke(params.deviceId, role);
      return { deviceId: params.deviceId, role, revokedAtMs };
    },
  }),
  defineMethod({
    name: "device.link.create",
    access: "operator.admin",
    summary: "A one-time link that signs a browser in with all operator scopes: single use, ten minutes.",
    params: Type.Object({}, closed),
    result: Type.Object({ code: Type.String(), path: Type.String(), url: Type.String(), expiresAtMs: Type.Integer() }),
    async handle(app: GatewayApp) {
      const { code, expiresAtMs } = await app.devices.createLink(effectiveScopes(["operator.admin"]));
      const { port, secure } = app.listening();
      const base = (app.config.current().value.gateway.controlUi?.basePath ?? "").replace(/^\/+|\/+$/g, "");
      const path = `/${base === "" ? "" : `${base}/`}#link=${code}`;
      return { code, path, url: `${secure ? "https" : "http"}://127.0.0.1:${port}${path}`, expiresAtMs };
    },
  }),
];
