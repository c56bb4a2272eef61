// chat.*: what a person types in WebChat, its history, and how it is stopped.
import { Type } from "typebox";
import { fault } from "../../base/faults.ts";
import { authorityOf } from "../../guard/authority.ts";
import { acceptPrompt, type Accepted } from "../../flows/accept.ts";
import type { App } from "../../flows/app.ts";
import { isStopPhrase } from "../../flows/commands.ts";
import { injectMessage } from "../../flows/inject.ts";
import type { RunResult } from "../../agents/runs.ts";
import { defineMethod, type Call } from "../../sdk/method.ts";
import { agentIdOf } from "../../sessions/key.ts";
import { attachmentParam, readAttachments } from "./attachments.ts";
import { inParts } from "../prepared.ts";
import { readHistory } from "./chat-history.ts";
import { runFault } from "./run-fault.ts";

const sessionKey = Type.String({ minLength: 1, maxLength: 512, description: "Short (`main`) or canonical." });
const optionalText = Type.Optional(Type.String());
const closed = { additionalProperties: false } as const;

const sendParams = Type.Object(
  {
    sessionKey,
    message: Type.String(),
    idempotencyKey: Type.String({ minLength: 1, maxLength: 512, description: "Becomes the run id." }),
    agentId: Type.Optional(Type.String({ minLength: 1 })),
    sessionId: optionalText,
    thinking: optionalText,
    deliver: Type.Optional(Type.Boolean({ description: "Accepted, without effect." })),
    queueMode: Type.Optional(Type.Union([Type.Literal("steer"), Type.Literal("followup"), Type.Literal("collect"), Type.Literal("interrupt")])),
    attachments: Type.Optional(Type.Array(attachmentParam)),
    timeoutMs: Type.Optional(Type.Integer({ minimum: 0 })),
    suppressCommandInterpretation: Type.Optional(Type.Boolean()),
    expectedLeafEntryId: Type.Optional(Type.Union([Type.String({ minLength: 1 }), Type.Null()])),
    fastMode: Type.Optional(Type.Union([Type.Boolean(), Type.Literal("auto")])),
    fastAutoOnSeconds: Type.Optional(Type.Integer({ minimum: 1 })),
    originatingChannel: optionalText,
    originatingTo: optionalText,
    originatingAccountId: optionalText,
    originatingThreadId: optionalText,
    replyToId: optionalText,
    intent: Type.Optional(Type.Unknown()),
    toolBindings: Type.Optional(Type.Unknown()),
    systemInputProvenance: Type.Optional(Type.Unknown()),
    systemProvenanceReceipt: optionalText,
    expectedSessionRoutingContract: optionalText,
    expectedPermissionMode: Type.Optional(Type.Unknown()),
    expectedToolOverrides: Type.Optional(Type.Unknown()),
  },
  closed,
);

/** Runs are stopped this long after the client's own limit, never later than a day (protocol.md 4.2). */
const abortGraceMs = 60_000;
const shortestAbortMs = 120_000;
const longestAbortMs = 86_400_000;

export const methods = [
  defineMethod({
    name: "chat.send",
    access: "operator.write",
    summary: "Say something in a session; the answer arrives as chat and agent events under the idempotency key.",
    params: sendParams,
    result: Type.Object({
      runId: optionalText,
      status: Type.Optional(Type.Union([Type.Literal("started"), Type.Literal("in_flight"), Type.Literal("ok"), Type.Literal("error")])),
      summary: optionalText,
      ok: Type.Optional(Type.Literal(true)),
      aborted: Type.Optional(Type.Boolean()),
      runIds: Type.Optional(Type.Array(Type.String())),
    }),
    async handle(app: App, params, call) {
      const attachments = readAttachments(params.attachments);
      if (params.message.trim() === "" && attachments.length === 0) throw fault("request.invalid", { reason: "message or attachment required" });
      const key = keyFor(app, params, call);
      if (isStopPhrase(params.message)) return stop(app, key, { by: "stop" });
      const accepted = await acceptPrompt(app, {
        door: "chat",
        key: params.idempotencyKey,
        sessionKey: key,
        spokenKey: params.sessionKey,
        agentId: agentIdOf(key),
        text: params.message,
        attachments,
        authority: authorityOf(call.caller, "chat"),
        ...(params.thinking === undefined ? {} : { thinking: params.thinking }),
        ...(params.queueMode === undefined ? {} : { queueMode: params.queueMode }),
        ...(params.timeoutMs === undefined ? {} : { timeoutMs: Math.min(longestAbortMs, Math.max(shortestAbortMs, params.timeoutMs + abortGraceMs)) }),
        ...(params.suppressCommandInterpretation === true ? { literal: true } : {}),
      });
      return answer(accepted);
    },
  }),
  defineMethod({
    name: "chat.history",
    access: "operator.read",
    summary: "Messages of a session, oldest first.",
    params: Type.Object(
      {
        sessionKey,
        limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000 })),
        offset: Type.Optional(Type.Integer({ minimum: 0, description: "Newest messages to leave out, for paging upwards." })),
        maxChars: Type.Optional(Type.Integer({ minimum: 1, maximum: 500_000, description: "Longest text of one block." })),
        agentId: Type.Optional(Type.String({ minLength: 1 })),
        sessionId: optionalText,
        cursor: optionalText,
        pendingBefore: Type.Optional(Type.Integer({ minimum: 1 })),
        inputRunIds: Type.Optional(Type.Array(Type.String())),
        messageId: optionalText,
      },
      closed,
    ),
    result: Type.Object({ sessionKey: Type.String(), sessionId: optionalText, messages: Type.Array(Type.Unknown()), thinkingLevel: Type.String() }, { additionalProperties: true }),
    v3: {
      // Protocol 3 decoders read these four members only.
      result: (full) => inParts({ sessionKey: full.sessionKey, ...(full.sessionId === undefined ? {} : { sessionId: full.sessionId }), messages: full.messages, thinkingLevel: full.thinkingLevel }),
    },
    handle: (app: App, params, call) => readHistory(app, keyFor(app, params, call), params),
  }),
  defineMethod({
    name: "chat.abort",
    access: "operator.write",
    summary: "Stop the runs of a session, or one of them; what was said so far is kept.",
    params: Type.Object({ sessionKey, runId: Type.Optional(Type.String({ minLength: 1 })), agentId: Type.Optional(Type.String({ minLength: 1 })), preserveSideRuns: Type.Optional(Type.Boolean()) }, closed),
    result: Type.Object({ ok: Type.Literal(true), aborted: Type.Boolean(), runIds: Type.Array(Type.String()) }),
    async handle(app: App, params, call) {
      const key = keyFor(app, params, call);
      if (params.runId !== undefined) {
        const run = app.runs.live().find((live) => live.runId === params.runId);
        if (run && run.sessionKey !== key) throw fault("request.invalid", { reason: "runId does not match sessionKey" });
      }
      return stop(app, key, { by: "rpc", ...(params.runId === undefined ? {} : { runId: params.runId }) });
    },
  }),
  defineMethod({
    name: "chat.inject",
    access: "operator.admin",
    unadvertised: true,
    summary: "Append an assistant message to a session without a model.",
    params: Type.Object({ sessionKey, message: Type.String({ minLength: 1 }), label: Type.Optional(Type.String({ maxLength: 100 })), agentId: Type.Optional(Type.String({ minLength: 1 })) }, closed),
    result: Type.Object({ ok: Type.Literal(true), messageId: Type.String() }),
    async handle(app: App, params, call) {
      const text = params.label === undefined ? params.message : `[${params.label}]\n\n${params.message}`;
      const messageId = await injectMessage(app, { sessionKey: keyFor(app, params, call), spokenKey: params.sessionKey, text });
      return { ok: true as const, messageId };
    },
  }),
];

function keyFor(app: App, params: { sessionKey: string; agentId?: string }, call: Call): string {
  const key = app.sessions.resolve(params.sessionKey, call.caller);
  if (params.agentId === undefined) return key;
  // `main` together with an agent means that agent's main conversation.
  return params.sessionKey.startsWith("agent:") ? key : app.sessions.resolve(`agent:${params.agentId}:${params.sessionKey}`, call.caller);
}

function stop(app: App, key: string, options: { by: "rpc" | "stop"; runId?: string }) {
  const runIds = app.runs.abort(key, options);
  return { ok: true as const, aborted: runIds.length > 0, runIds };
}

function answer(accepted: Accepted): { runId: string; status: "started" | "in_flight" | "ok" } {
  if (accepted.kind === "started") return { runId: accepted.runId, status: "started" };
  if (accepted.kind === "in_flight") return { runId: accepted.runId, status: "in_flight" };
  return { runId: accepted.runId, status: endedStatus(accepted.result) };
}

/** A key that was used before: its run's end is the answer, a failure with payload and error together. */
function endedStatus(result: RunResult): "ok" {
  if (result.state !== "failed" && result.state !== "timed-out" && result.state !== "interrupted") return "ok";
  const reason = result.error?.message ?? result.state;
  throw runFault(result, reason);
}
