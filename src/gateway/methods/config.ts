// config.*: read, write, patch and describe the configuration; text on the wire is JSON5, whatever the file is.
import { Type } from "typebox";
import { fault } from "../../base/faults.ts";
import type { ConfigChange } from "../../config/config.ts";
import { defineMethod } from "../../sdk/method.ts";
import type { GatewayApp } from "../gateway-app.ts";
import { lookUpSchema } from "../schema-lookup.ts";

const closed = { additionalProperties: false } as const;
const open = { additionalProperties: true } as const;
const raw = Type.String({ minLength: 1, maxLength: 4_194_304, description: "JSON5." });
const baseHash = Type.Optional(Type.String({ minLength: 1, description: "`hash` of the config.get before." }));
const writeParams = {
  raw,
  baseHash,
  sessionKey: Type.Optional(Type.String()),
  deliveryContext: Type.Optional(Type.Unknown()),
  note: Type.Optional(Type.String()),
  restartDelayMs: Type.Optional(Type.Integer({ minimum: 0 })),
};
const writeResult = Type.Object({ ok: Type.Literal(true), path: Type.String(), config: Type.Unknown() }, open);

function written(app: GatewayApp, change: ConfigChange) {
  if (!change.applied && change.issues.length > 0) throw fault("config.invalid", { issues: change.issues });
  const view = app.config.view();
  return { ok: true as const, path: view.path, config: view.config, hash: view.hash, changed: change.paths, restartRequired: change.restart };
}

/** Clients of `patch` and `apply` read these; what is hot needs no restart. */
function withRestart(app: GatewayApp, change: ConfigChange, kind: string, params: { sessionKey?: string; note?: string }) {
  const done = written(app, change);
  const needsRestart = change.restart.length > 0;
  return {
    ...done,
    restart: { ok: true, pid: process.pid, signal: "SIGUSR1", delayMs: 0, reason: needsRestart ? `restart needed for ${change.restart.join(", ")}` : "applied without a restart", mode: "emit" },
    sentinel: { path: null, payload: { kind, status: "ok", ts: app.clock.now(), ...(params.sessionKey === undefined ? {} : { sessionKey: params.sessionKey }), message: params.note ?? null, doctorHint: "", stats: {} } },
  };
}

export const methods = [
  defineMethod({
    name: "config.get",
    access: "operator.read",
    v3: { access: "operator.admin" },
    summary: "The configuration with secrets masked, its hash, and what is wrong with it.",
    params: Type.Object({}, closed),
    result: Type.Object({ path: Type.String(), exists: Type.Boolean(), valid: Type.Boolean(), hash: Type.Optional(Type.String()), issues: Type.Array(Type.Unknown()), warnings: Type.Array(Type.Unknown()), legacyIssues: Type.Array(Type.Unknown()) }, open),
    handle: async (app: GatewayApp) => app.config.view(),
  }),
  defineMethod({
    name: "config.set",
    access: "operator.admin",
    summary: "Replaces the document; comments of the file survive, masked secrets keep their value.",
    params: Type.Object({ raw, baseHash }, closed),
    result: writeResult,
    handle: async (app: GatewayApp, params) => written(app, await app.config.write(params.raw, params.baseHash)),
  }),
  defineMethod({
    name: "config.patch",
    access: "operator.admin",
    summary: "JSON merge patch: null deletes, lists replace.",
    params: Type.Object({ ...writeParams, replacePaths: Type.Optional(Type.Array(Type.String({ minLength: 1 }), { maxItems: 256 })) }, closed),
    result: writeResult,
    handle: async (app: GatewayApp, params) => withRestart(app, await app.config.patch(params.raw, params.baseHash), "config-patch", params),
  }),
  defineMethod({
    name: "config.apply",
    access: "operator.admin",
    summary: "Replaces the document and says what needs a restart.",
    params: Type.Object(writeParams, closed),
    result: writeResult,
    handle: async (app: GatewayApp, params) => withRestart(app, await app.config.write(params.raw, params.baseHash), "config-apply", params),
  }),
  defineMethod({
    name: "config.schema",
    access: "operator.read",
    v3: { access: "operator.admin" },
    summary: "JSON Schema and form hints of the configuration.",
    params: Type.Object({}, closed),
    result: Type.Object({ schema: Type.Unknown(), uiHints: Type.Record(Type.String(), Type.Unknown()), version: Type.String(), generatedAt: Type.String() }),
    handle: async (app: GatewayApp) => app.config.schema(),
  }),
  defineMethod({
    name: "config.schema.lookup",
    access: "operator.read",
    summary: "The schema of one path and its children.",
    params: Type.Object({ path: Type.String({ minLength: 1, maxLength: 1_024, pattern: "^[A-Za-z0-9_./\\[\\]\\-*]+$" }) }, closed),
    result: Type.Object({ path: Type.String(), schema: Type.Unknown(), children: Type.Array(Type.Unknown()) }, open),
    async handle(app: GatewayApp, params) {
      const { schema, uiHints } = app.config.schema();
      return lookUpSchema(schema, uiHints, params.path);
    },
  }),
];
