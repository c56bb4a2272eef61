// The first request of every socket and its answer: the params of `connect` and the payload of `hello-ok` for both protocols.
import { Type, type Static } from "typebox";
import { allClientIds, clientModes } from "./names.ts";

const text = (description?: string) => Type.String({ minLength: 1, maxLength: 1_024, ...(description === undefined ? {} : { description }) });
const optional = (description?: string) => Type.Optional(text(description));
const oneOf = (values: readonly string[], description: string) => Type.Unsafe<string>({ type: "string", enum: [...values], description });
const closed = { additionalProperties: false } as const;

/** Both protocols in one closed object: what protocol 4 added is accepted from everybody. */
export const connectParams = Type.Object(
  {
    minProtocol: Type.Integer({ minimum: 1 }),
    maxProtocol: Type.Integer({ minimum: 1 }),
    client: Type.Object(
      {
        id: oneOf(allClientIds, "Which program connects."),
        displayName: optional(),
        version: text(),
        buildId: Type.Optional(Type.String({ minLength: 1, maxLength: 96 })),
        platform: text(),
        deviceFamily: optional(),
        modelIdentifier: optional(),
        timeZone: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
        mode: oneOf(clientModes, "How it is used."),
        instanceId: optional("Stable per install or tab."),
      },
      closed,
    ),
    caps: Type.Optional(Type.Array(text(), { maxItems: 256, description: "Capabilities of a node, or feature flags of a client." })),
    commands: Type.Optional(Type.Array(text(), { maxItems: 1_024, description: "Commands a node can run." })),
    computerUse: Type.Optional(Type.Unknown()),
    workerRuns: Type.Optional(Type.Unknown()),
    permissions: Type.Optional(Type.Record(Type.String(), Type.Boolean())),
    pathEnv: Type.Optional(Type.String({ maxLength: 32_768 })),
    role: optional("operator (default) or node."),
    scopes: Type.Optional(Type.Array(text(), { maxItems: 64 })),
    device: Type.Optional(
      Type.Object({ id: text(), publicKey: text(), signature: text(), signedAt: Type.Integer({ minimum: 0 }), nonce: Type.Optional(Type.String({ maxLength: 1_024 })) }, closed),
    ),
    auth: Type.Optional(
      Type.Object(
        {
          token: Type.Optional(Type.String({ maxLength: 4_096 })),
          bootstrapToken: Type.Optional(Type.String({ maxLength: 4_096 })),
          deviceToken: Type.Optional(Type.String({ maxLength: 4_096 })),
          password: Type.Optional(Type.String({ maxLength: 4_096 })),
          approvalRuntimeToken: Type.Optional(Type.String({ maxLength: 4_096 })),
          agentRuntimeIdentityToken: Type.Optional(Type.String({ maxLength: 4_096 })),
        },
        closed,
      ),
    ),
    locale: Type.Optional(Type.String({ maxLength: 256 })),
    userAgent: Type.Optional(Type.String({ maxLength: 1_024 })),
  },
  closed,
);
export type ConnectParams = Static<typeof connectParams>;

/** One row of `presence` (protocol.md 1.6). Integers are integral: Apple's decoder insists. */
export const presenceEntry = Type.Object(
  {
    host: optional(), ip: optional(), version: optional(), platform: optional(), deviceFamily: optional(), modelIdentifier: optional(), timeZone: optional(), mode: optional(),
    lastInputSeconds: Type.Optional(Type.Integer({ minimum: 0 })),
    reason: optional(),
    tags: Type.Optional(Type.Array(text())),
    text: Type.Optional(Type.String()),
    ts: Type.Integer({ minimum: 0 }),
    onlineSince: Type.Optional(Type.Integer({ minimum: 0 })),
    deviceId: optional(),
    roles: Type.Optional(Type.Array(text())),
    scopes: Type.Optional(Type.Array(text())),
    instanceId: optional(),
  },
  closed,
);
export type PresenceEntry = Static<typeof presenceEntry>;

export const stateVersion = Type.Object({ presence: Type.Integer({ minimum: 0 }), health: Type.Integer({ minimum: 0 }) }, closed);

/** The payload of the answer to `connect`. `server.host` goes to protocol 3 only. */
export const helloOk = Type.Object({
  type: Type.Literal("hello-ok"),
  protocol: Type.Integer({ minimum: 1 }),
  server: Type.Object({ version: text(), connId: text(), bootId: optional(), host: optional() }),
  features: Type.Object({ methods: Type.Array(text()), events: Type.Array(text()), capabilities: Type.Optional(Type.Array(text())) }),
  snapshot: Type.Object({
    presence: Type.Array(presenceEntry),
    health: Type.Record(Type.String(), Type.Unknown()),
    stateVersion,
    uptimeMs: Type.Integer({ minimum: 0 }),
    configPath: optional(),
    stateDir: optional(),
    sessionDefaults: Type.Optional(
      Type.Object({ defaultAgentId: text(), mainKey: text(), mainSessionKey: text(), scope: optional(), modelConfigured: Type.Optional(Type.Boolean()) }),
    ),
    authMode: optional(),
    appliedConfigHash: optional(),
  }),
  auth: Type.Object({ deviceToken: optional(), role: text(), scopes: Type.Array(text()), issuedAtMs: Type.Optional(Type.Integer({ minimum: 0 })) }),
  policy: Type.Object({
    maxPayload: Type.Integer({ minimum: 1 }),
    maxBufferedBytes: Type.Integer({ minimum: 1 }),
    tickIntervalMs: Type.Integer({ minimum: 1 }),
    attachments: Type.Optional(Type.Object({ maxBytes: Type.Integer({ minimum: 1 }), maxImageBytes: Type.Integer({ minimum: 1 }) })),
  }),
});
export type HelloOk = Static<typeof helloOk>;
