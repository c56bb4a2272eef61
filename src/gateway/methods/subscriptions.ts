// What a connection wants to be told beyond what everybody gets, and how one that was away catches up.
import { Type } from "typebox";
import { fault } from "../../base/faults.ts";
import { defineMethod, type Call } from "../../sdk/method.ts";
import type { Connection } from "../connection.ts";
import type { GatewayApp } from "../gateway-app.ts";
import { maxFollowed } from "../node-events.ts";
import { missedEvents } from "../resume.ts";

const open = { additionalProperties: true } as const;
const key = Type.String({ minLength: 1, maxLength: 512 });
const keyParams = Type.Object({ key, agentId: Type.Optional(Type.String({ minLength: 1 })), includeApprovals: Type.Optional(Type.Boolean()) }, { additionalProperties: false });
const subscribed = Type.Object({ subscribed: Type.Boolean() }, open);

function connectionOf(app: GatewayApp, call: Call): Connection {
  const connection = app.connections.get(call.caller.connId);
  if (!connection) throw fault("request.invalid", { reason: "only a socket can subscribe" });
  return connection;
}

export const methods = [
  defineMethod({
    name: "sessions.subscribe",
    access: "operator.read",
    summary: "Tells this connection when the list of sessions changes (sessions.changed).",
    params: Type.Object({}, open),
    result: subscribed,
    async handle(app: GatewayApp, _params, call) {
      connectionOf(app, call).subscribe((subscriptions) => (subscriptions.sessionList = true));
      return { subscribed: true };
    },
  }),
  defineMethod({
    name: "sessions.unsubscribe",
    access: "operator.read",
    summary: "Ends sessions.subscribe.",
    params: Type.Object({}, open),
    result: subscribed,
    async handle(app: GatewayApp, _params, call) {
      connectionOf(app, call).subscribe((subscriptions) => (subscriptions.sessionList = false));
      return { subscribed: false };
    },
  }),
  defineMethod({
    name: "sessions.messages.subscribe",
    access: "operator.read",
    summary: "Tells this connection each line that is added to a session (session.message).",
    params: keyParams,
    result: subscribed,
    async handle(app: GatewayApp, params, call) {
      const canonical = app.sessions.resolve(params.key, call.caller);
      connectionOf(app, call).subscribe(({ sessions }) => {
        if (sessions.size >= maxFollowed) throw fault("busy", { reason: `one connection follows at most ${maxFollowed} sessions` });
        sessions.set(canonical, params.key);
      });
      return { subscribed: true, key: canonical };
    },
  }),
  defineMethod({
    name: "sessions.messages.unsubscribe",
    access: "operator.read",
    summary: "Ends sessions.messages.subscribe for a session.",
    params: keyParams,
    result: subscribed,
    async handle(app: GatewayApp, params, call) {
      const canonical = app.sessions.resolve(params.key, call.caller);
      connectionOf(app, call).subscribe(({ sessions }) => sessions.delete(canonical));
      return { subscribed: false, key: canonical };
    },
  }),
  defineMethod({
    name: "events.resume",
    access: "any",
    summary: "The events that a former connection of this client missed, in order; or that it must read its state anew.",
    params: Type.Object({ connId: Type.String({ minLength: 1, maxLength: 128, description: "`server.connId` of the former hello-ok." }), seq: Type.Integer({ minimum: 0, description: "Number of the last event it got; 0 for none." }) }, { additionalProperties: false }),
    result: Type.Object({
      resync: Type.Boolean({ description: "true: too much was missed, read the state anew." }),
      reason: Type.Optional(Type.String()),
      events: Type.Array(Type.Object({ event: Type.String(), payload: Type.Unknown(), seq: Type.Integer(), stateVersion: Type.Optional(Type.Unknown()) }), { description: "All that happened before this connection began to receive." }),
    }),
    handle: async (app: GatewayApp, params, call) => missedEvents(app, connectionOf(app, call), params),
  }),
];
