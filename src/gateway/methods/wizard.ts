// wizard.*: onboarding in steps; the gateway says what to ask, the client draws it.
import { Type } from "typebox";
import { defineMethod } from "../../sdk/method.ts";
import type { GatewayApp } from "../gateway-app.ts";

const closed = { additionalProperties: false } as const;
const open = { additionalProperties: true } as const;
const sessionId = Type.String({ minLength: 1, maxLength: 128 });
const step = Type.Object({ id: Type.String(), type: Type.String() }, open);
const status = Type.Union([Type.Literal("running"), Type.Literal("done"), Type.Literal("cancelled"), Type.Literal("error")]);

export const methods = [
  defineMethod({
    name: "wizard.start",
    access: "operator.admin",
    summary: "Begins onboarding; only one at a time.",
    params: Type.Object(
      { mode: Type.Optional(Type.Union([Type.Literal("local"), Type.Literal("remote")])), workspace: Type.Optional(Type.String()), installDaemon: Type.Optional(Type.Boolean()), flow: Type.Optional(Type.String()), channel: Type.Optional(Type.String()) },
      closed,
    ),
    result: Type.Object({ sessionId: Type.String(), done: Type.Boolean(), step: Type.Optional(step), status: Type.Optional(status), error: Type.Optional(Type.String()) }),
    handle: (app: GatewayApp, _params, call) => app.wizards.start(call.signal),
  }),
  defineMethod({
    name: "wizard.next",
    access: "operator.admin",
    summary: "Answers the present step and gets the next.",
    params: Type.Object({ sessionId, answer: Type.Optional(Type.Object({ stepId: Type.String({ minLength: 1 }), value: Type.Optional(Type.Unknown()) }, closed)) }, closed),
    result: Type.Object({ done: Type.Boolean(), step: Type.Optional(step), status: Type.Optional(status), error: Type.Optional(Type.String()) }),
    handle: (app: GatewayApp, params, call) => app.wizards.next(params.sessionId, params.answer, call.signal),
  }),
  defineMethod({
    name: "wizard.cancel",
    access: "operator.admin",
    summary: "Ends onboarding; what was answered stays.",
    params: Type.Object({ sessionId }, closed),
    result: Type.Object({ status, error: Type.Optional(Type.String()) }),
    handle: async (app: GatewayApp, params) => app.wizards.cancel(params.sessionId),
  }),
  defineMethod({
    name: "wizard.status",
    access: "operator.admin",
    summary: "Where onboarding stands.",
    params: Type.Object({ sessionId }, closed),
    result: Type.Object({ status, error: Type.Optional(Type.String()) }),
    handle: async (app: GatewayApp, params) => app.wizards.status(params.sessionId),
  }),
];
