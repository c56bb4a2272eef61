// sessions.*: list, look into, rename, reset, shorten, copy and delete conversations.
import { Type, type Static } from "typebox";
import { Fault, fault } from "../../base/faults.ts";
import type { ConfigSnapshot } from "../../config/config.ts";
import { authorityOf } from "../../guard/authority.ts";
import { acceptPrompt } from "../../flows/accept.ts";
import type { App } from "../../flows/app.ts";
import { compactSession } from "../../flows/compact-session.ts";
import { defineMethod, type Call } from "../../sdk/method.ts";
import { agentIdOf, mainKeyOf } from "../../sessions/key.ts";
import type { Scope } from "../../protocol/scopes.ts";
import { inParts, prepare } from "../prepared.ts";
import { attachmentParam, readAttachments } from "./attachments.ts";

const key = Type.String({ minLength: 1, maxLength: 512 });
const optionalText = Type.Optional(Type.String());
const optionalName = Type.Optional(Type.String({ minLength: 1 }));
/** Becomes the run id. */
const runKey = Type.Optional(Type.String({ minLength: 1, maxLength: 512 }));
const flag = Type.Optional(Type.Boolean());
const clearable = Type.Optional(Type.Union([Type.String(), Type.Null()]));
const closed = { additionalProperties: false } as const;
const open = { additionalProperties: true } as const;

const listParams = Type.Object(
  {
    limit: Type.Optional(Type.Integer({ minimum: 1 })), offset: Type.Optional(Type.Integer({ minimum: 0 })), activeMinutes: Type.Optional(Type.Integer({ minimum: 1 })),
    includeGlobal: flag, includeUnknown: flag, includeDerivedTitles: flag, includeLastMessage: flag, label: Type.Optional(Type.String({ minLength: 1, maxLength: 512 })),
    spawnedBy: optionalName, agentId: optionalName, search: optionalText, sortBy: optionalText, requireLastInteraction: flag, configuredAgentsOnly: flag,
    archived: Type.Optional(Type.Union([Type.Boolean(), Type.Literal("all")])), ownerId: optionalName, creatorId: optionalName, ownerFirst: flag, involvingMe: flag, involvingProfileId: optionalName, includePeople: flag, boardFace: optionalText,
  },
  closed,
);

/** Overrides of protocol.md 4.3; null clears. Members of later features are refused by name. */
const patchFields = {
  label: clearable, thinkingLevel: clearable, verboseLevel: clearable, reasoningLevel: clearable, responseUsage: clearable, elevatedLevel: clearable,
  execHost: clearable, execSecurity: clearable, execAsk: clearable, execNode: clearable, model: clearable, spawnedBy: clearable, sendPolicy: clearable, groupActivation: clearable,
};
const patchParams = Type.Object({ key, agentId: optionalName, ...patchFields, expectedSessionId: optionalName, archived: flag, pinned: flag, unread: flag }, closed);

/** Fields a person with write may change; everything else is admin's. */
const lightFields = new Set(["key", "agentId", "label", "thinkingLevel", "verboseLevel", "reasoningLevel", "responseUsage", "model", "expectedSessionId", "pinned", "unread", "archived"]);
const patchScope = (params: Static<typeof patchParams>): Scope => (Object.keys(params).every((field) => lightFields.has(field)) ? "operator.write" : "operator.admin");

export const methods = [
  defineMethod({
    name: "sessions.list",
    access: "operator.read",
    summary: "Conversations, newest first.",
    params: listParams,
    result: Type.Object({ ts: Type.Integer(), path: Type.String(), count: Type.Integer(), defaults: Type.Unknown(), sessions: Type.Array(Type.Unknown()) }, open),
    async handle(app: App, params) {
      const { path, total, rows } = await app.sessions.list(params);
      const nextOffset = (params.offset ?? 0) + rows.length;
      // The list comes back as the same object while nothing changed, and so does its JSON.
      return inParts({ ts: app.clock.now(), path, count: rows.length, defaults: await defaultsOf(app), sessions: prepare(rows), totalCount: total, hasMore: nextOffset < total, ...(nextOffset < total ? { nextOffset } : {}) });
    },
  }),
  defineMethod({
    name: "sessions.preview",
    access: "operator.read",
    summary: "The last lines of some conversations.",
    params: Type.Object({ keys: Type.Array(Type.String({ minLength: 1 }), { minItems: 1 }), limit: Type.Optional(Type.Integer({ minimum: 1 })), maxChars: Type.Optional(Type.Integer({ minimum: 20 })) }, closed),
    result: Type.Object({ ts: Type.Integer(), previews: Type.Array(Type.Object({ key: Type.String(), status: Type.String(), items: Type.Array(Type.Object({ role: Type.String(), text: Type.String() })) })) }),
    async handle(app: App, params, call) {
      const asked = params.keys.slice(0, 64);
      const canonical = asked.map((spoken) => app.sessions.resolve(spoken, call.caller));
      const found = await app.sessions.preview(canonical, Math.min(params.limit ?? 12, 50), Math.min(params.maxChars ?? 240, 2_000));
      return { ts: app.clock.now(), previews: found.map((preview, index) => ({ ...preview, key: asked[index] ?? preview.key })) };
    },
  }),
  defineMethod({
    name: "sessions.resolve",
    access: "operator.read",
    unadvertised: true,
    summary: "Find a conversation by key, id or label.",
    params: Type.Object({ key: optionalName, sessionId: optionalName, label: Type.Optional(Type.String({ minLength: 1, maxLength: 512 })), agentId: optionalName, spawnedBy: optionalName, includeGlobal: flag, includeUnknown: flag, allowMissing: flag, shortId: optionalName, slugHint: optionalName }, closed),
    result: Type.Object({ ok: Type.Boolean(), key: optionalText, agentId: optionalText }),
    v3: { access: "operator.admin", result: (full) => ({ ok: full.ok, key: full.key }) },
    async handle(app: App, params, call) {
      const named = [params.key, params.sessionId, params.label].filter((value) => value !== undefined);
      if (named.length !== 1) throw fault("request.invalid", { reason: "Either key, sessionId, or label is required" });
      try {
        const found = await app.sessions.find({ ...params, ...(params.key === undefined ? {} : { key: app.sessions.resolve(params.key, call.caller) }) });
        return { ok: true, key: found, agentId: agentIdOf(found) };
      } catch (error) {
        if (params.allowMissing === true) return { ok: false };
        throw error;
      }
    },
  }),
  defineMethod({
    name: "sessions.patch",
    access: "operator.write",
    raise: patchScope,
    summary: "Change settings of a conversation; null clears one.",
    params: patchParams,
    result: Type.Object({ ok: Type.Literal(true), path: Type.String(), key: Type.String(), entry: Type.Unknown() }),
    v3: { access: "operator.admin" },
    async handle(app: App, params, call) {
      const { key: spoken, agentId, expectedSessionId, ...patch } = params;
      const canonical = canonicalKey(app, { key: spoken, agentId }, call);
      if (expectedSessionId !== undefined && (await app.sessions.peek(canonical))?.sessionId !== expectedSessionId) throw fault("request.conflict", { key: canonical });
      if (typeof patch.model === "string") await app.models.find(patch.model);
      const { path, entry } = await app.sessions.patch(canonical, patch);
      return { ok: true as const, path, key: canonical, entry };
    },
  }),
  defineMethod({
    name: "sessions.create",
    access: "operator.write",
    summary: "Begin a conversation, with a first message if one is given.",
    params: Type.Object({ key: optionalName, idempotencyKey: runKey, agentId: optionalName, label: Type.Optional(Type.String({ minLength: 1, maxLength: 512 })), displayName: optionalName, model: optionalName, thinkingLevel: optionalName, parentSessionKey: optionalName, message: optionalText, attachments: Type.Optional(Type.Array(attachmentParam)) }, closed),
    result: Type.Object({ ok: Type.Literal(true), key: Type.String(), sessionId: optionalText, entry: Type.Unknown(), runStarted: flag, runId: optionalText }, open),
    async handle(app: App, params, call) {
      const canonical = canonicalKey(app, { key: params.key ?? `chat-${app.ids.hex(6)}`, agentId: params.agentId ?? (params.key === undefined ? app.agents.defaultId() : undefined) }, call);
      const agentId = agentIdOf(canonical, app.agents.defaultId());
      app.agents.get(agentId); // also the one that only the key names
      if (params.model !== undefined) await app.models.find(params.model);
      const session = await app.sessions.open(canonical);
      const patch = { ...(params.label === undefined ? {} : { label: params.label }), ...(params.model === undefined ? {} : { model: params.model }), ...(params.thinkingLevel === undefined ? {} : { thinkingLevel: params.thinkingLevel }), ...(params.displayName === undefined ? {} : { displayName: params.displayName }) };
      const entry = Object.keys(patch).length === 0 ? session.entry : (await app.sessions.patch(canonical, patch)).entry;
      const answer = { ok: true as const, key: canonical, sessionId: session.sessionId, entry };
      if (params.message === undefined || params.message === "") return answer;
      const started = await acceptPrompt(app, { door: "chat", key: params.idempotencyKey ?? app.ids.uuid(), sessionKey: canonical, spokenKey: params.key ?? canonical, agentId, text: params.message, attachments: readAttachments(params.attachments), authority: authorityOf(call.caller, "chat") });
      return { ...answer, runStarted: true, runId: started.runId };
    },
  }),
  defineMethod({
    name: "sessions.send",
    access: "operator.write",
    summary: "Say something in a conversation by its key.",
    params: Type.Object({ key, agentId: optionalName, message: Type.String(), thinking: optionalText, attachments: Type.Optional(Type.Array(attachmentParam)), timeoutMs: Type.Optional(Type.Integer({ minimum: 0 })), idempotencyKey: runKey }, closed),
    result: Type.Object({ runId: Type.String(), status: Type.String() }),
    async handle(app: App, params, call) {
      const canonical = canonicalKey(app, params, call);
      const attachments = readAttachments(params.attachments);
      if (params.message.trim() === "" && attachments.length === 0) throw fault("request.invalid", { reason: "message or attachment required" });
      const accepted = await acceptPrompt(app, {
        door: "chat", key: params.idempotencyKey ?? app.ids.uuid(), sessionKey: canonical, spokenKey: params.key, agentId: agentIdOf(canonical), text: params.message, attachments, authority: authorityOf(call.caller, "chat"),
        ...(params.thinking === undefined ? {} : { thinking: params.thinking }), ...(params.timeoutMs === undefined ? {} : { timeoutMs: params.timeoutMs }),
      });
      return { runId: accepted.runId, status: accepted.kind };
    },
  }),
  defineMethod({
    name: "sessions.abort",
    access: "operator.write",
    summary: "Stop the runs of a conversation, or one run by id.",
    params: Type.Object({ key: optionalName, runId: optionalName, agentId: optionalName, clearQueued: flag }, closed),
    result: Type.Object({ ok: Type.Literal(true), aborted: Type.Boolean(), runIds: Type.Array(Type.String()) }),
    async handle(app: App, params, call) {
      const canonical = params.key === undefined ? app.runs.live().find((run) => run.runId === params.runId)?.sessionKey : canonicalKey(app, { key: params.key, agentId: params.agentId }, call);
      const runIds = canonical === undefined ? [] : app.runs.abort(canonical, { by: "rpc", ...(params.runId === undefined ? {} : { runId: params.runId }) });
      return { ok: true as const, aborted: runIds.length > 0, runIds };
    },
  }),
  defineMethod({
    name: "sessions.reset",
    access: "operator.admin",
    summary: "Start a conversation anew; its settings stay, the old transcript too.",
    params: Type.Object({ key, agentId: optionalName, reason: Type.Optional(Type.Union([Type.Literal("new"), Type.Literal("reset")])) }, closed),
    result: Type.Object({ ok: Type.Literal(true), key: Type.String(), entry: Type.Unknown() }),
    async handle(app: App, params, call) {
      const canonical = canonicalKey(app, params, call);
      await stopRuns(app, canonical, call);
      return { ok: true as const, key: canonical, entry: await app.sessions.reset(canonical) };
    },
  }),
  defineMethod({
    name: "sessions.delete",
    access: "operator.admin",
    summary: "Delete a conversation; its transcript is set aside, not erased.",
    params: Type.Object({ key, agentId: optionalName, deleteTranscript: flag, expectedSessionId: optionalName, expectedLifecycleRevision: optionalName, expectedSessionUpdatedAt: Type.Optional(Type.Number({ minimum: 0 })), emitLifecycleHooks: flag, archivedOnly: flag }, closed),
    result: Type.Object({ ok: Type.Literal(true), key: Type.String(), deleted: Type.Boolean(), archived: Type.Array(Type.String()) }),
    async handle(app: App, params, call) {
      const canonical = canonicalKey(app, params, call);
      const mainKey = app.config.current().value.session.mainKey ?? "main";
      if (canonical === mainKeyOf(agentIdOf(canonical), mainKey) || canonical === "global") throw fault("session.main", { key: canonical });
      const session = await app.sessions.peek(canonical);
      if (params.expectedSessionId !== undefined && session?.sessionId !== params.expectedSessionId) throw fault("request.conflict", { key: canonical });
      if (params.expectedSessionUpdatedAt !== undefined && session?.entry.updatedAt !== params.expectedSessionUpdatedAt) throw fault("request.conflict", { key: canonical });
      await stopRuns(app, canonical, call);
      return { ok: true as const, key: canonical, ...(await app.sessions.remove(canonical, { deleteTranscript: params.deleteTranscript ?? true })) };
    },
  }),
  defineMethod({
    name: "sessions.fork",
    access: "operator.write",
    summary: "Copy a conversation up to an entry into a new one.",
    params: Type.Object({ sessionKey: key, agentId: optionalName, entryId: optionalName, label: Type.Optional(Type.String({ minLength: 1, maxLength: 512 })) }, closed),
    result: Type.Object({ sessionKey: Type.String() }, open),
    async handle(app: App, params, call) {
      const canonical = canonicalKey(app, { key: params.sessionKey, agentId: params.agentId }, call);
      const copy = await app.sessions.fork(canonical, { ...(params.entryId === undefined ? {} : { entryId: params.entryId }), ...(params.label === undefined ? {} : { label: params.label }) });
      return { sessionKey: copy.key };
    },
  }),
  defineMethod({
    name: "sessions.compact",
    access: "operator.admin",
    summary: "Shorten a conversation's context by a summary; the transcript stays whole.",
    params: Type.Object({ key, agentId: optionalName, maxLines: Type.Optional(Type.Integer({ minimum: 1, description: "Accepted for older clients; the summary decides what is kept." })) }, closed),
    result: Type.Object({ ok: Type.Boolean(), key: Type.String(), compacted: Type.Boolean(), kept: Type.Optional(Type.Integer()), reason: optionalText }),
    async handle(app: App, params, call) {
      const canonical = canonicalKey(app, params, call);
      return { ok: true, key: canonical, ...(await compactSession(app, canonical, call.signal)) };
    },
  }),
];

function canonicalKey(app: App, params: { key: string; agentId?: string | undefined }, call: Call): string {
  if (params.agentId !== undefined && !params.key.startsWith("agent:")) return app.sessions.resolve(`agent:${params.agentId}:${params.key}`, call.caller);
  return app.sessions.resolve(params.key, call.caller);
}

/** A conversation is changed only when nothing runs in it any more; 15 s is what clients expect to wait. */
async function stopRuns(app: App, sessionKey: string, call: Call): Promise<void> {
  const stopped = app.runs.abort(sessionKey, { by: "rpc" });
  for (const runId of stopped) {
    if (!(await app.runs.wait(runId, 15_000, call.signal))) throw fault("session.running", { key: sessionKey });
  }
}

interface Defaults { modelProvider: string | null; model: string | null; contextTokens: number | null }

/** Which model answers by default follows from the configuration alone, so it is worked out once for each state of it. */
const defaultsBySnapshot = new WeakMap<ConfigSnapshot, Promise<Defaults>>();

function defaultsOf(app: App): Promise<Defaults> {
  const config = app.config.current();
  const known = defaultsBySnapshot.get(config);
  if (known) return known;
  const found = app.models.policy({ agentId: app.agents.defaultId(), config }).then(({ candidates: [model] }) => prepare({ modelProvider: model?.provider ?? null, model: model?.id ?? null, contextTokens: model?.contextWindow ?? null }));
  defaultsBySnapshot.set(config, found);
  found.catch(() => defaultsBySnapshot.delete(config));
  return found.catch((error: unknown) => {
    if (error instanceof Fault && error.code === "model.unknown") return wishedDefault(app, config);
    throw error;
  });
}

/** A model that nobody serves is told as it is named: which conversations there are does not depend on it. */
function wishedDefault(app: App, config: ConfigSnapshot): Defaults {
  const { list, defaults } = config.value.agents;
  const wish = list?.find((entry) => entry.id === app.agents.defaultId())?.model ?? defaults?.model;
  const name = (typeof wish === "string" ? wish : wish?.primary) ?? "";
  const [provider, ...rest] = name.split("/");
  return { modelProvider: rest.length > 0 && provider !== undefined ? provider : null, model: (rest.length > 0 ? rest.join("/") : name) || null, contextTokens: null };
}
