// Every event the gateway pushes, as a value: its payload, who may see it, whether a slow reader may miss it, and which protocols know it.
import { Type, type Static, type TSchema } from "typebox";
import { presenceEntry } from "./connect.ts";
import type { ProtocolVersion, Scope } from "./scopes.ts";

/** One server push. */
export interface WireEvent<P extends TSchema = TSchema> {
  readonly name: string;
  /** One line for the reference. */
  readonly summary: string;
  readonly payload: P;
  /** Operators need this scope; absent means everybody connected, nodes too. */
  readonly scope?: Scope;
  /** Skipped for a reader whose queue is over its limit; other events cut that reader off. */
  readonly droppable: boolean;
  /** Sent to one connection instead of broadcast, so without `seq`. */
  readonly targeted?: true;
  /** Protocols whose clients know it. */
  readonly protocols: readonly ProtocolVersion[];
}

const define = <P extends TSchema>(event: WireEvent<P>): WireEvent<P> => event;
const text = Type.String({ minLength: 1 });
const millis = Type.Integer({ minimum: 0 });
const both: readonly ProtocolVersion[] = [3, 4];
const onlyNew: readonly ProtocolVersion[] = [4];

const chatMessage = Type.Object({
  role: Type.Literal("assistant"),
  content: Type.Array(Type.Object({ type: Type.Literal("text"), text: Type.String() })),
  timestamp: millis,
  stopReason: Type.Optional(Type.String()),
  usage: Type.Optional(Type.Unknown()),
});

const devicePairRequest = Type.Object({
  requestId: text,
  deviceId: text,
  publicKey: text,
  displayName: Type.Optional(text),
  platform: Type.Optional(text),
  deviceFamily: Type.Optional(text),
  clientId: Type.Optional(text),
  clientMode: Type.Optional(text),
  role: Type.Optional(text),
  roles: Type.Optional(Type.Array(text)),
  scopes: Type.Optional(Type.Array(text)),
  remoteIp: Type.Optional(text),
  silent: Type.Optional(Type.Boolean()),
  isRepair: Type.Optional(Type.Boolean()),
  ts: millis,
});

export const wireEvents = {
  challenge: define({
    name: "connect.challenge",
    summary: "The nonce that a device signs; first frame of every socket.",
    payload: Type.Object({ nonce: text, ts: millis }),
    droppable: false,
    targeted: true,
    protocols: both,
  }),
  agent: define({
    name: "agent",
    summary: "What happens inside a run: lifecycle, assistant text, thinking, tools, compaction.",
    payload: Type.Object({ runId: text, seq: Type.Integer({ minimum: 0 }), stream: text, ts: millis, data: Type.Record(Type.String(), Type.Unknown()), sessionKey: Type.Optional(text), agentId: Type.Optional(text) }),
    scope: "operator.read",
    droppable: false,
    protocols: both,
  }),
  chat: define({
    name: "chat",
    summary: "The answer of a run as a chat client shows it: delta, final, aborted, error.",
    payload: Type.Object({
      runId: text,
      sessionKey: text,
      agentId: Type.Optional(text),
      seq: Type.Integer({ minimum: 0 }),
      state: Type.Union([Type.Literal("delta"), Type.Literal("final"), Type.Literal("aborted"), Type.Literal("error")]),
      deltaText: Type.Optional(Type.String({ description: "What was added; protocol 4." })),
      replace: Type.Optional(Type.Boolean({ description: "deltaText begins a new message; protocol 4." })),
      message: Type.Optional(chatMessage),
      errorMessage: Type.Optional(Type.String()),
      errorKind: Type.Optional(Type.String({ description: "refusal, timeout, rate_limit, context_length or unknown; protocol 4." })),
      stopReason: Type.Optional(Type.String()),
      yielded: Type.Optional(Type.Literal(true)),
    }),
    scope: "operator.read",
    droppable: false,
    protocols: both,
  }),
  presence: define({
    name: "presence",
    summary: "Who is connected, after it changed.",
    payload: Type.Object({ presence: Type.Array(presenceEntry) }),
    scope: "operator.read",
    droppable: true,
    protocols: both,
  }),
  tick: define({ name: "tick", summary: "Sign of life every policy.tickIntervalMs.", payload: Type.Object({ ts: millis }), droppable: true, protocols: both }),
  health: define({ name: "health", summary: "The health snapshot after a refresh.", payload: Type.Record(Type.String(), Type.Unknown()), droppable: false, protocols: both }),
  shutdown: define({
    name: "shutdown",
    summary: "The gateway stops or restarts.",
    payload: Type.Object({ reason: text, restartExpectedMs: Type.Optional(Type.Union([millis, Type.Null()])) }),
    droppable: false,
    protocols: both,
  }),
  devicePairRequested: define({ name: "device.pair.requested", summary: "A device asks to be let in.", payload: devicePairRequest, scope: "operator.pairing", droppable: true, protocols: both }),
  devicePairResolved: define({
    name: "device.pair.resolved",
    summary: "A device's request was decided.",
    payload: Type.Object({ requestId: text, deviceId: text, decision: Type.Union([Type.Literal("approved"), Type.Literal("rejected")]), ts: millis }),
    scope: "operator.pairing",
    droppable: true,
    protocols: both,
  }),
  devicePairChanged: define({
    name: "device.pair.changed",
    summary: "A paired device was renamed, removed, or its token rotated or revoked.",
    payload: Type.Object({ deviceId: text, role: Type.Optional(text), reason: text, ts: millis }),
    scope: "operator.pairing",
    droppable: true,
    protocols: onlyNew,
  }),
  nodePairRequested: define({ name: "node.pair.requested", summary: "A node asks to be let in.", payload: Type.Record(Type.String(), Type.Unknown()), scope: "operator.pairing", droppable: true, protocols: both }),
  nodePairResolved: define({
    name: "node.pair.resolved",
    summary: "A node's request was decided.",
    payload: Type.Object({ requestId: text, nodeId: text, decision: Type.Union([Type.Literal("approved"), Type.Literal("rejected")]), ts: millis }),
    scope: "operator.pairing",
    droppable: true,
    protocols: both,
  }),
  nodeInvokeRequest: define({
    name: "node.invoke.request",
    summary: "A command for one node; its params travel as a JSON string.",
    payload: Type.Object({ id: text, nodeId: text, command: text, paramsJSON: Type.Optional(Type.Union([Type.String(), Type.Null()])), timeoutMs: Type.Optional(millis), idempotencyKey: Type.Optional(text) }),
    droppable: false,
    targeted: true,
    protocols: both,
  }),
  sessionMessage: define({
    name: "session.message",
    summary: "A line was added to a session this connection subscribed to.",
    payload: Type.Object({ sessionKey: text, sessionId: text, agentId: text, kind: text, text: Type.String(), messageId: text, runId: Type.Optional(text) }),
    scope: "operator.read",
    droppable: true,
    protocols: onlyNew,
  }),
  sessionsChanged: define({
    name: "sessions.changed",
    summary: "The list of sessions changed; sent after sessions.subscribe.",
    payload: Type.Object({ sessionKey: text, agentId: text, reason: text, ts: millis }),
    scope: "operator.read",
    droppable: true,
    protocols: onlyNew,
  }),
  configChanged: define({
    name: "config.changed",
    summary: "The configuration was changed and applied.",
    payload: Type.Object({ paths: Type.Array(Type.String()), hash: Type.String() }),
    scope: "operator.read",
    droppable: true,
    protocols: onlyNew,
  }),
} as const;

export type WireEventKey = keyof typeof wireEvents;
export type PayloadOf<K extends WireEventKey> = Static<(typeof wireEvents)[K]["payload"]>;

/** `features.events` for a protocol. */
export function eventNames(protocol: ProtocolVersion): string[] {
  return Object.values(wireEvents)
    .filter((event: WireEvent) => event.protocols.includes(protocol))
    .map((event: WireEvent) => event.name);
}
