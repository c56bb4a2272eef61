// agents.*: the agents of this gateway and the workspace files that shape them.
import { Type } from "typebox";
import { fault } from "../../base/faults.ts";
import type { App } from "../../flows/app.ts";
import { defineMethod } from "../../sdk/method.ts";
import { normalizeAgentId } from "../../sessions/key.ts";

const agentId = Type.String({ minLength: 1 });
const optionalText = Type.Optional(Type.String());
const fileInfo = Type.Object({ name: Type.String(), path: Type.String(), missing: Type.Boolean(), size: Type.Optional(Type.Integer()), updatedAtMs: Type.Optional(Type.Integer()), content: optionalText });
const closed = { additionalProperties: false } as const;

export const methods = [
  defineMethod({
    name: "agents.list",
    access: "operator.read",
    summary: "All agents, the default one first.",
    params: Type.Object({}, closed),
    result: Type.Object({ defaultId: Type.String(), mainKey: Type.String(), scope: Type.Union([Type.Literal("per-sender"), Type.Literal("global")]), agents: Type.Array(Type.Object({ id: Type.String() }, { additionalProperties: true })) }),
    async handle(app: App) {
      const { session, agents } = app.config.current().value;
      return {
        defaultId: app.agents.defaultId(),
        mainKey: session.mainKey ?? "main",
        scope: session.scope ?? ("per-sender" as const),
        agents: app.agents.list().map((agent) => {
          const model = agents.list?.find((entry) => entry.id === agent.id)?.model ?? agents.defaults?.model;
          return {
            id: agent.id,
            ...(agent.name === undefined ? {} : { name: agent.name }),
            identity: agent.identity,
            workspace: agent.workspace,
            thinkingDefault: agent.thinkingDefault,
            ...(model === undefined ? {} : { model: typeof model === "string" ? { primary: model } : model }),
          };
        }),
      };
    },
  }),
  defineMethod({
    name: "agents.create",
    access: "operator.admin",
    summary: "Add an agent with its own workspace.",
    params: Type.Object({ name: Type.String({ minLength: 1 }), workspace: optionalText, model: optionalText, emoji: optionalText, avatar: optionalText }, closed),
    result: Type.Object({ ok: Type.Literal(true), agentId: Type.String(), name: Type.String(), workspace: Type.String(), model: optionalText }),
    async handle(app: App, params) {
      const id = normalizeAgentId(params.name);
      const agent = await app.agents.create({ id, name: params.name, ...(params.workspace === undefined ? {} : { workspace: params.workspace }), ...(params.model === undefined ? {} : { model: params.model }) });
      if (params.emoji !== undefined || params.avatar !== undefined) await app.agents.update(id, { identity: identityOf(params) });
      return { ok: true as const, agentId: agent.id, name: params.name, workspace: agent.workspace, ...(params.model === undefined ? {} : { model: params.model }) };
    },
  }),
  defineMethod({
    name: "agents.update",
    access: "operator.admin",
    summary: "Change an agent's name, workspace, model or look.",
    params: Type.Object({ agentId, name: optionalText, workspace: optionalText, model: Type.Optional(Type.Union([Type.String({ minLength: 1 }), Type.Null()])), emoji: optionalText, avatar: optionalText }, closed),
    result: Type.Object({ ok: Type.Literal(true), agentId: Type.String() }),
    async handle(app: App, params) {
      await app.agents.update(params.agentId, {
        ...(params.name === undefined ? {} : { name: params.name }),
        ...(params.workspace === undefined ? {} : { workspace: params.workspace }),
        ...(params.model === undefined ? {} : { model: params.model ?? "" }),
        ...(params.emoji === undefined && params.avatar === undefined ? {} : { identity: identityOf(params) }),
      });
      return { ok: true as const, agentId: params.agentId };
    },
  }),
  defineMethod({
    name: "agents.delete",
    access: "operator.admin",
    summary: "Remove an agent from the configuration; its files stay unless asked.",
    params: Type.Object({ agentId, deleteFiles: Type.Optional(Type.Boolean()) }, closed),
    result: Type.Object({ ok: Type.Literal(true), agentId: Type.String(), removedBindings: Type.Integer() }),
    async handle(app: App, params) {
      if (params.agentId === app.agents.defaultId()) throw fault("request.invalid", { reason: "the default agent cannot be deleted" });
      if (params.deleteFiles === true) throw fault("request.invalid", { reason: "files are not deleted from here; remove the workspace folder by hand" });
      await app.agents.remove(params.agentId);
      return { ok: true as const, agentId: params.agentId, removedBindings: 0 };
    },
  }),
  defineMethod({
    name: "agents.files.list",
    access: "operator.read",
    summary: "Workspace files that go into an agent's prompt.",
    params: Type.Object({ agentId }, closed),
    result: Type.Object({ agentId: Type.String(), workspace: Type.String(), files: Type.Array(fileInfo) }),
    handle: async (app: App, params) => ({ agentId: params.agentId, workspace: app.agents.get(params.agentId).workspace, files: await app.agents.files(params.agentId) }),
  }),
  defineMethod({
    name: "agents.files.get",
    access: "operator.read",
    summary: "One workspace file with its text.",
    params: Type.Object({ agentId, name: Type.String({ minLength: 1 }) }, closed),
    result: Type.Object({ agentId: Type.String(), workspace: Type.String(), file: fileInfo }),
    handle: (app: App, params) => fileAnswer(app, params),
  }),
  defineMethod({
    name: "agents.files.set",
    access: "operator.admin",
    summary: "Write one workspace file.",
    params: Type.Object({ agentId, name: Type.String({ minLength: 1 }), content: Type.String({ maxLength: 1_000_000 }) }, closed),
    result: Type.Object({ ok: Type.Literal(true), agentId: Type.String(), workspace: Type.String(), file: fileInfo }),
    async handle(app: App, params) {
      await app.agents.writeFile(params.agentId, params.name, params.content);
      return { ok: true as const, ...(await fileAnswer(app, params)) };
    },
  }),
];

async function fileAnswer(app: App, wanted: { agentId: string; name: string }) {
  const file = (await app.agents.files(wanted.agentId)).find((known) => known.name === wanted.name);
  if (!file) throw fault("request.invalid", { reason: `unknown workspace file: ${wanted.name}` });
  const content = file.missing ? undefined : await app.agents.readFile(wanted.agentId, wanted.name);
  return { agentId: wanted.agentId, workspace: app.agents.get(wanted.agentId).workspace, file: { ...file, ...(content === undefined ? {} : { content }) } };
}

function identityOf(params: { emoji?: string; avatar?: string }) {
  return { ...(params.emoji === undefined ? {} : { emoji: params.emoji }), ...(params.avatar === undefined ? {} : { avatar: params.avatar }) };
}
