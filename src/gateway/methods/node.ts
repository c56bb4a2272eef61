// node.*: devices that lend capabilities. Operators list and invoke them, nodes answer.
import { Type, type Static } from "typebox";
import { fault } from "../../base/faults.ts";
import type { PairingRequest } from "../../devices/devices.ts";
import type { NodeInfo } from "../../devices/nodes.ts";
import { defineMethod, type Call } from "../../sdk/method.ts";
import type { GatewayApp } from "../gateway-app.ts";
import { handleNodeEvent } from "../node-events.ts";
import { approve, pairedView } from "./device.ts";

const closed = { additionalProperties: false } as const;
const open = { additionalProperties: true } as const;
const id = Type.String({ minLength: 1, maxLength: 256 });
const optionalId = Type.Optional(Type.String());

/** Commands are allowed by platform and configuration at once: there is no second approval to wait for. */
function nodeView(node: NodeInfo) {
  return { ...node, approvalState: "approved" };
}

function pendingView(request: PairingRequest) {
  const { requestId, deviceId, displayName, platform, deviceFamily, remoteIp, ts, code } = request;
  return { requestId, nodeId: deviceId, ...(displayName && { displayName }), ...(platform && { platform }), ...(deviceFamily && { deviceFamily }), ...(remoteIp && { remoteIp }), ts, code };
}

async function nodeRequest(app: GatewayApp, requestId: string): Promise<PairingRequest> {
  const request = await app.devices.pending(requestId);
  if (request?.role !== "node") throw fault("pairing.unknown", { requestId });
  return request;
}

const invokeResultParams = Type.Object(
  { id, nodeId: id, ok: Type.Boolean(), payload: Type.Optional(Type.Unknown()), payloadJSON: Type.Optional(Type.Unknown()), error: Type.Optional(Type.Union([Type.Object({ code: Type.Optional(Type.String()), message: Type.Optional(Type.String()) }, open), Type.Null()])) },
  closed,
);

function settle(app: GatewayApp, params: Static<typeof invokeResultParams>, call: Call) {
  if (params.nodeId !== (call.caller.deviceId ?? call.caller.client.id)) throw fault("request.invalid", { reason: "nodeId mismatch" });
  const { payloadJSON, ...rest } = params;
  // A payloadJSON that is no text is the payload itself (protocol.md 4.11).
  const answer = typeof payloadJSON === "string" || payloadJSON === null || payloadJSON === undefined ? { ...rest, payloadJSON: payloadJSON ?? null } : { ...rest, payload: payloadJSON };
  const { error, ...plain } = answer;
  const isAwaited = app.nodes.settle({ ...plain, ...(error ? { error: { ...(error.code === undefined ? {} : { code: error.code }), ...(error.message === undefined ? {} : { message: error.message }) } } : {}) });
  return isAwaited ? { ok: true as const } : { ok: true as const, ignored: true as const };
}

export const methods = [
  defineMethod({
    name: "node.list",
    access: "operator.read",
    summary: "Nodes, connected ones first.",
    params: Type.Object({}, closed),
    result: Type.Object({ ts: Type.Integer(), nodes: Type.Array(Type.Unknown()) }),
    handle: async (app: GatewayApp) => ({ ts: app.clock.now(), nodes: (await app.nodes.list()).map(nodeView) }),
  }),
  defineMethod({
    name: "node.describe",
    access: "operator.read",
    summary: "One node.",
    params: Type.Object({ nodeId: id }, closed),
    result: Type.Object({ ts: Type.Integer(), nodeId: Type.String() }, open),
    handle: async (app: GatewayApp, params) => ({ ts: app.clock.now(), ...nodeView(await app.nodes.describe(params.nodeId)) }),
  }),
  defineMethod({
    name: "node.rename",
    access: "operator.pairing",
    summary: "Gives a node a name.",
    params: Type.Object({ nodeId: id, displayName: Type.String({ minLength: 1, maxLength: 64 }) }, closed),
    result: Type.Object({ nodeId: Type.String(), displayName: Type.String() }),
    async handle(app: GatewayApp, params) {
      const device = await app.devices.get(params.nodeId);
      if (!device?.roles.includes("node")) throw fault("node.unknown", { nodeId: params.nodeId });
      await app.devices.rename(params.nodeId, params.displayName);
      return { nodeId: params.nodeId, displayName: params.displayName };
    },
  }),
  defineMethod({
    name: "node.invoke",
    access: "operator.write",
    summary: "Runs a command on a node and waits for its answer.",
    once: true,
    params: Type.Object(
      { nodeId: id, command: Type.String({ maxLength: 256 }), params: Type.Optional(Type.Unknown()), timeoutMs: Type.Optional(Type.Integer({ minimum: 0 })), idempotencyKey: id, sessionKey: optionalId, turnSourceChannel: optionalId, turnSourceTo: optionalId, turnSourceAccountId: optionalId, turnSourceThreadId: Type.Optional(Type.Union([Type.String(), Type.Number()])) },
      closed,
    ),
    result: Type.Object({ ok: Type.Literal(true), nodeId: Type.String(), command: Type.String(), payload: Type.Unknown(), payloadJSON: Type.Union([Type.String(), Type.Null()]) }),
    async handle(app: GatewayApp, { nodeId, command, params, timeoutMs, idempotencyKey }, call) {
      const answer = await app.nodes.invoke({ nodeId, command, ...(params === undefined ? {} : { params }), ...(timeoutMs === undefined ? {} : { timeoutMs }), idempotencyKey }, call.signal);
      return { ok: true as const, nodeId, command, ...answer };
    },
  }),
  defineMethod({
    name: "node.invoke.result",
    access: "node",
    summary: "A node's answer to node.invoke.request.",
    params: invokeResultParams,
    result: Type.Object({ ok: Type.Literal(true), ignored: Type.Optional(Type.Literal(true)) }),
    handle: async (app: GatewayApp, params, call) => settle(app, params, call),
  }),
  defineMethod({
    name: "node.event",
    access: "node",
    summary: "Something a node reports or asks for: chat.subscribe, agent.request, voice.transcript.",
    params: Type.Object({ event: Type.String({ minLength: 1, maxLength: 128 }), payload: Type.Optional(Type.Unknown()), payloadJSON: Type.Optional(Type.Union([Type.String(), Type.Null()])) }, closed),
    result: Type.Object({ ok: Type.Literal(true), event: Type.String(), handled: Type.Boolean(), reason: Type.Optional(Type.String()) }),
    v3: { result: () => ({ ok: true }) },
    async handle(app: GatewayApp, params, call) {
      const outcome = await handleNodeEvent(app, call.caller, params);
      return { ok: true as const, event: params.event, ...outcome };
    },
  }),
  defineMethod({
    name: "node.pair.list",
    access: "operator.pairing",
    summary: "Nodes that wait for approval, and paired ones.",
    params: Type.Object({}, closed),
    result: Type.Object({ pending: Type.Array(Type.Unknown()), paired: Type.Array(Type.Unknown()) }),
    async handle(app: GatewayApp) {
      const { pending, paired } = await app.devices.list();
      const nodes = paired.filter((device) => device.roles.includes("node"));
      return { pending: pending.filter((request) => request.role === "node").map(pendingView), paired: nodes.map((device) => ({ nodeId: device.deviceId, ...pairedView(app, device) })) };
    },
  }),
  defineMethod({
    name: "node.pair.approve",
    access: "operator.pairing",
    summary: "Lets a waiting node in.",
    params: Type.Object({ requestId: id }, closed),
    result: Type.Object({ requestId: Type.String(), node: Type.Unknown() }),
    async handle(app: GatewayApp, params, call) {
      await nodeRequest(app, params.requestId);
      const device = await approve(app, call.caller, params.requestId);
      return { requestId: params.requestId, node: { nodeId: device.deviceId, ...pairedView(app, device) } };
    },
  }),
  defineMethod({
    name: "node.pair.reject",
    access: "operator.pairing",
    summary: "Turns a waiting node away.",
    params: Type.Object({ requestId: id }, closed),
    result: Type.Object({ requestId: Type.String(), nodeId: Type.String() }),
    async handle(app: GatewayApp, params) {
      await nodeRequest(app, params.requestId);
      const { requestId, deviceId } = await app.devices.reject(params.requestId);
      return { requestId, nodeId: deviceId };
    },
  }),
  defineMethod({
    name: "node.pair.remove",
    access: "operator.pairing",
    summary: "Forgets a node; its live sockets are closed.",
    params: Type.Object({ nodeId: id }, closed),
    result: Type.Object({ nodeId: Type.String(), removed: Type.Boolean() }),
    async handle(app: GatewayApp, params) {
      const device = await app.devices.get(params.nodeId);
      if (!device?.roles.includes("node")) throw fault("node.unknown", { nodeId: params.nodeId });
      await app.devices.remove(params.nodeId);
      return { nodeId: params.nodeId, removed: true };
    },
  }),
];
