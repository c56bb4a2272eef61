// system-presence, system-event, system.info, gateway.identity.get and logs.tail: the machine and who is on it.
import { arch, cpus, freemem, hostname, loadavg, platform, release, totalmem, type } from "node:os";
import { createHash } from "node:crypto";
import { Type } from "typebox";
import { fault } from "../../base/faults.ts";
import { presenceEntry, type PresenceEntry } from "../../protocol/connect.ts";
import { defineMethod } from "../../sdk/method.ts";
import type { GatewayApp } from "../gateway-app.ts";

const none = Type.Object({}, { additionalProperties: true });
const text = Type.Optional(Type.String({ maxLength: 4_096 }));
const texts = Type.Optional(Type.Array(Type.String({ maxLength: 256 }), { maxItems: 64 }));

export const methods = [
  defineMethod({
    name: "system-presence",
    access: "operator.read",
    summary: "Who is connected, newest first; a bare array.",
    params: none,
    result: Type.Array(presenceEntry),
    handle: async (app: GatewayApp) => app.presence.list(),
  }),
  defineMethod({
    name: "system-event",
    access: "operator.admin",
    summary: "A beacon of an app: updates its presence row.",
    params: Type.Object(
      { text, deviceId: text, instanceId: text, host: text, ip: text, mode: text, version: text, platform: text, deviceFamily: text, modelIdentifier: text, lastInputSeconds: Type.Optional(Type.Integer({ minimum: 0 })), reason: text, roles: texts, scopes: texts, tags: texts },
      { additionalProperties: true },
    ),
    result: Type.Object({ ok: Type.Literal(true) }),
    async handle(app: GatewayApp, params, call) {
      if (params.text === undefined || params.text.trim() === "") throw fault("request.invalid", { reason: "text required" });
      const { text: shown, deviceId, instanceId, host, ip, mode, version, platform: system, deviceFamily, modelIdentifier, lastInputSeconds, reason, roles, tags } = params;
      const key = deviceId ?? instanceId ?? host ?? ip ?? call.caller.connId;
      const entry = { text: shown, deviceId, instanceId, host, ip, mode, version, platform: system, deviceFamily, modelIdentifier, lastInputSeconds, reason, roles, tags };
      app.presence.beacon(key, JSON.parse(JSON.stringify(entry)) as Omit<PresenceEntry, "ts">); // drops what is absent
      return { ok: true as const };
    },
  }),
  defineMethod({
    name: "system.info",
    access: "operator.read",
    summary: "The gateway's machine: system, Node, processors, memory.",
    params: Type.Object({}, { additionalProperties: false }),
    result: Type.Object({ machineName: Type.String(), hostname: Type.String(), platform: Type.String(), pid: Type.Integer(), uptimeMs: Type.Integer() }, { additionalProperties: true }),
    async handle(app: GatewayApp) {
      const processors = cpus();
      return {
        machineName: hostname(),
        hostname: hostname(),
        platform: platform(),
        release: release(),
        arch: arch(),
        osLabel: `${type()} ${release()}`,
        port: app.listening().port,
        nodeVersion: process.version,
        pid: process.pid,
        uptimeMs: Math.round(app.clock.now() - app.startedAt),
        cpuCount: processors.length,
        ...(processors[0] === undefined ? {} : { cpuModel: processors[0].model }),
        loadAverage: loadavg(),
        memoryTotalBytes: totalmem(),
        memoryFreeBytes: freemem(),
        diskPath: app.paths.stateDir,
      };
    },
  }),
  defineMethod({
    name: "gateway.identity.get",
    access: "operator.read",
    summary: "Which gateway this is, for clients that know several.",
    params: Type.Object({}, { additionalProperties: true }),
    result: Type.Object({ gatewayId: Type.String(), version: Type.String() }, { additionalProperties: true }),
    async handle(app: GatewayApp) {
      const listening = app.listening();
      const gatewayId = createHash("sha256").update(await app.serverKey()).update("gateway-id").digest("hex").slice(0, 32);
      return { gatewayId, deviceId: gatewayId, version: app.version, host: hostname(), platform: platform(), ...(listening.fingerprint === undefined ? {} : { tlsFingerprint: listening.fingerprint }) };
    },
  }),
  defineMethod({
    name: "logs.tail",
    access: "operator.read",
    summary: "Lines of the log from a cursor on; pass the cursor back to go on.",
    params: Type.Object({ cursor: Type.Optional(Type.Integer({ minimum: 0 })), limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 5_000 })), maxBytes: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000_000 })) }, { additionalProperties: false }),
    result: Type.Object({ file: Type.String(), cursor: Type.Integer(), size: Type.Integer(), lines: Type.Array(Type.String()), truncated: Type.Optional(Type.Boolean()), reset: Type.Optional(Type.Boolean()) }),
    handle: (app: GatewayApp, params) => app.logFiles.tail(params),
  }),
  defineMethod({
    name: "connect",
    access: "any",
    unadvertised: true,
    summary: "Only the first request of a socket; afterwards it is refused.",
    params: Type.Object({}, { additionalProperties: true }),
    result: Type.Never(),
    handle: () => Promise.reject(fault("request.invalid", { reason: "connect is only valid as the first request" })),
  }),
];
