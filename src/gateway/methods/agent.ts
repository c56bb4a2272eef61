// agent and agent.wait: one turn of an agent for a program that waits for the whole answer.
import { Type } from "typebox";
import { fault } from "../../base/faults.ts";
import { authorityOf } from "../../guard/authority.ts";
import { acceptPrompt, type Outcome } from "../../flows/accept.ts";
import type { App } from "../../flows/app.ts";
import type { RunResult } from "../../agents/runs.ts";
import { defineMethod, type Call } from "../../sdk/method.ts";
import { agentIdOf, mainKeyOf } from "../../sessions/key.ts";
import { attachmentParam, readAttachments } from "./attachments.ts";
import { runFault } from "./run-fault.ts";

const optionalText = Type.Optional(Type.String());
const optionalName = Type.Optional(Type.String({ minLength: 1 }));
const accepted = Type.Object({ runId: Type.String(), status: Type.Literal("accepted"), acceptedAt: Type.Integer(), sessionKey: optionalText, agentId: optionalText });

const agentParams = Type.Object(
  {
    message: Type.String({ minLength: 1 }),
    idempotencyKey: Type.String({ minLength: 1, maxLength: 512, description: "Becomes the run id." }),
    agentId: optionalName,
    sessionKey: optionalText,
    sessionId: optionalText,
    model: optionalText,
    provider: optionalText,
    thinking: optionalText,
    timeout: Type.Optional(Type.Integer({ minimum: 0, description: "Seconds." })),
    attachments: Type.Optional(Type.Array(attachmentParam)),
    extraSystemPrompt: optionalText,
    label: Type.Optional(Type.String({ minLength: 1, maxLength: 512 })),
    deliver: Type.Optional(Type.Boolean({ description: "Also send the reply to a channel; needs a channel." })),
    channel: optionalText,
    replyChannel: optionalText,
    to: optionalText,
    replyTo: optionalText,
    accountId: optionalText,
    replyAccountId: optionalText,
    threadId: optionalText,
    groupId: optionalText,
    groupChannel: optionalText,
    groupSpace: optionalText,
    lane: optionalText,
    spawnedBy: optionalText,
    bestEffortDeliver: Type.Optional(Type.Boolean()),
    cwd: optionalText,
    promptMode: optionalText,
    inputProvenance: Type.Optional(Type.Unknown()),
    internalEvents: Type.Optional(Type.Unknown()),
    voiceWakeTrigger: optionalText,
    cleanupBundleMcpOnRunEnd: Type.Optional(Type.Boolean()),
  },
  { additionalProperties: false },
);

/** Channels an agent run may name before channel extensions are configured. */
const builtInChannels = new Set(["last", "webchat"]);

export const methods = [
  defineMethod({
    name: "agent",
    access: "operator.write",
    summary: "Run one turn; answers twice under one id: accepted, then the result.",
    params: agentParams,
    early: accepted,
    result: Type.Object({ runId: Type.String(), status: Type.Literal("ok"), summary: Type.String(), result: Type.Unknown() }),
    async handle(app: App, params, call) {
      const channel = params.replyChannel ?? params.channel;
      if (channel !== undefined && !builtInChannels.has(channel) && !app.extensions.offered("channels").some((offer) => offer.id === channel)) {
        throw fault("request.invalid", { reason: `invalid agent params: unknown channel: ${channel}` });
      }
      const sessionKey = await sessionFor(app, params, call);
      const agentId = agentIdOf(sessionKey);
      if (params.label !== undefined) await app.sessions.patch(sessionKey, { label: params.label });
      const model = params.model === undefined ? undefined : params.provider === undefined || params.model.includes("/") ? params.model : `${params.provider}/${params.model}`;
      const entry = await acceptPrompt(app, {
        door: "agent",
        key: params.idempotencyKey,
        sessionKey,
        spokenKey: params.sessionKey ?? sessionKey,
        agentId,
        text: params.message,
        attachments: readAttachments(params.attachments),
        authority: authorityOf(call.caller, "agent"),
        ...(params.thinking === undefined ? {} : { thinking: params.thinking }),
        ...(model === undefined ? {} : { model }),
        ...(params.timeout === undefined || params.timeout === 0 ? {} : { timeoutMs: params.timeout * 1000 }),
        ...(params.extraSystemPrompt === undefined ? {} : { extraSystem: params.extraSystemPrompt }),
      });
      if (entry.kind === "ended") return finished(entry.result);
      call.accept({ runId: entry.runId, status: "accepted", acceptedAt: entry.kind === "started" ? entry.acceptedAt : app.clock.now(), sessionKey, agentId });
      return finished(await settle(app, entry.outcome, call));
    },
  }),
  defineMethod({
    name: "agent.wait",
    access: "operator.write",
    summary: "Wait for the end of a run, also of one that has not begun.",
    params: Type.Object({ runId: Type.String({ minLength: 1 }), timeoutMs: Type.Optional(Type.Integer({ minimum: 0 })) }, { additionalProperties: false }),
    result: Type.Object({ runId: Type.String(), status: Type.Union([Type.Literal("ok"), Type.Literal("error"), Type.Literal("timeout")]), startedAt: Type.Optional(Type.Integer()), endedAt: Type.Optional(Type.Integer()), error: optionalText, stopReason: optionalText }),
    async handle(app: App, params, call) {
      const result = await app.runs.wait(params.runId, params.timeoutMs ?? 30_000, call.signal);
      if (!result) return { runId: params.runId, status: "timeout" as const };
      const failed = failureOf(result);
      return {
        runId: params.runId,
        status: failed === undefined ? ("ok" as const) : ("error" as const),
        startedAt: Math.trunc(result.startedAt),
        endedAt: Math.trunc(result.endedAt),
        ...(failed === undefined ? {} : { error: failed }),
        ...(result.state === "aborted" ? { stopReason: result.abortedBy ?? "aborted" } : {}),
      };
    },
  }),
  defineMethod({
    name: "agent.identity.get",
    access: "operator.read",
    summary: "Name and avatar of an agent.",
    params: Type.Object({ agentId: optionalName, sessionKey: optionalName }, { additionalProperties: false }),
    result: Type.Object({ agentId: Type.String(), name: optionalText, avatar: optionalText, emoji: optionalText }),
    async handle(app: App, params, call) {
      const agentId = params.agentId ?? (params.sessionKey === undefined ? app.agents.defaultId() : agentIdOf(app.sessions.resolve(params.sessionKey, call.caller)));
      const { identity, name } = app.agents.get(agentId);
      return { agentId, name: identity.name || name || "Assistant", avatar: identity.avatar ?? identity.emoji ?? "A", ...(identity.emoji === undefined ? {} : { emoji: identity.emoji }) };
    },
  }),
];

async function sessionFor(app: App, params: { sessionKey?: string; sessionId?: string; agentId?: string }, call: Call): Promise<string> {
  if (params.agentId !== undefined && !app.agents.list().some((agent) => agent.id === params.agentId)) {
    throw fault("request.invalid", { reason: `invalid agent params: unknown agent id "${params.agentId}"` });
  }
  const mainKey = app.config.current().value.session.mainKey ?? "main";
  if (params.sessionKey !== undefined && params.sessionKey !== "") {
    const key = app.sessions.resolve(params.sessionKey, call.caller);
    if (params.agentId === undefined || agentIdOf(key) === params.agentId) return key;
    if (!params.sessionKey.startsWith("agent:")) return app.sessions.resolve(`agent:${params.agentId}:${params.sessionKey}`, call.caller);
    throw fault("request.invalid", { reason: `invalid agent params: agent "${params.agentId}" does not match session key agent "${agentIdOf(key)}"` });
  }
  if (params.sessionId !== undefined && params.sessionId !== "") return app.sessions.find({ sessionId: params.sessionId, ...(params.agentId === undefined ? {} : { agentId: params.agentId }) });
  return mainKeyOf(params.agentId ?? app.agents.defaultId(), mainKey);
}

/** A prompt that joined a running turn is answered when that turn ends. */
async function settle(app: App, outcome: Promise<Outcome>, call: Call): Promise<RunResult> {
  const ended = await outcome;
  const now = app.clock.now();
  if (ended.kind === "ran") return ended.result;
  if (ended.kind === "command") return { runId: ended.runId, state: "done", startedAt: now, endedAt: now, text: ended.text };
  if (ended.kind === "refused") return { runId: ended.runId, state: "failed", startedAt: now, endedAt: now, text: "", error: { code: "refused", message: ended.reason } };
  const into = await app.runs.wait(ended.into, 86_400_000, call.signal);
  return into ?? { runId: ended.runId, state: "failed", startedAt: now, endedAt: now, text: "", error: { code: "busy", message: "the run it joined did not end" } };
}

function failureOf(result: RunResult): string | undefined {
  if (result.state === "failed" || result.state === "timed-out" || result.state === "interrupted") return result.error?.message ?? result.state;
  return undefined;
}

function finished(result: RunResult) {
  const failed = failureOf(result);
  if (failed !== undefined) throw runFault(result, failed);
  const agentMeta = { ...(result.sessionId === undefined ? {} : { sessionId: result.sessionId }), ...(result.provider === undefined ? {} : { provider: result.provider, model: result.model }), ...(result.usage === undefined ? {} : { usage: { input: result.usage.input, output: result.usage.output, cacheRead: result.usage.cacheRead, cacheWrite: result.usage.cacheWrite, total: result.usage.totalTokens } }) };
  return {
    runId: result.runId,
    status: "ok" as const,
    summary: "completed",
    result: {
      payloads: result.text === "" ? [] : [{ text: result.text }],
      meta: { durationMs: Math.max(0, Math.round(result.endedAt - result.startedAt)), agentMeta, ...(result.state === "aborted" ? { aborted: true, stopReason: result.abortedBy ?? "aborted" } : {}) },
    },
  };
}
