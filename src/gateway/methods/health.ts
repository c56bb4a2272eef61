// health and status: how the gateway is, cached for everybody alike.
import { Type } from "typebox";
import { defineMethod } from "../../sdk/method.ts";
import type { GatewayApp } from "../gateway-app.ts";
import { readStatus } from "../status.ts";

const loose = { additionalProperties: true } as const;

export const methods = [
  defineMethod({
    name: "health",
    access: "operator.read",
    summary: "The health snapshot; made anew with `probe: true`, else at most a minute old.",
    params: Type.Object({ probe: Type.Optional(Type.Unknown({ description: "true makes a new snapshot." })) }, loose),
    result: Type.Record(Type.String(), Type.Unknown()),
    async handle(app: GatewayApp, params) {
      const current = app.health.current();
      return params.probe === true || current.ok !== true ? app.health.refresh() : current;
    },
  }),
  defineMethod({
    name: "status",
    access: "operator.read",
    summary: "A summary for people: sessions, agents, models, extensions, and switches that weaken security.",
    params: Type.Object({ includeChannelSummary: Type.Optional(Type.Boolean()) }, loose),
    result: Type.Object({ sessions: Type.Object({ count: Type.Integer() }, loose) }, loose),
    handle: (app: GatewayApp) => readStatus(app),
  }),
];
