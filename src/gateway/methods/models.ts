// models.*: what can be used, what could be configured, and whether a credential works.
import { Type, type Static } from "typebox";
import type { App } from "../../flows/app.ts";
import { defineMethod } from "../../sdk/method.ts";
import type { ModelFailure } from "../../sdk/provider.ts";

const closed = { additionalProperties: false } as const;
const optionalText = Type.Optional(Type.String());
const thinkingLevels = ["off", "minimal", "low", "medium", "high"].map((id) => ({ id, label: id }));

const modelRow = Type.Object({
  id: Type.String(), name: Type.String(), provider: Type.String(), available: Type.Boolean(), contextWindow: Type.Integer(), reasoning: Type.Boolean(),
  input: Type.Array(Type.String()), alias: optionalText, tags: Type.Optional(Type.Array(Type.String())), unavailableReason: optionalText, unavailableUntil: Type.Optional(Type.Integer()),
  thinkingLevels: Type.Optional(Type.Array(Type.Object({ id: Type.String(), label: Type.String() }))), supportsTools: Type.Optional(Type.Boolean()),
});

/** As OpenClaw's clients spell them. */
const probeStatus = Type.Union([Type.Literal("ok"), Type.Literal("auth"), Type.Literal("rate_limit"), Type.Literal("billing"), Type.Literal("timeout"), Type.Literal("format"), Type.Literal("unknown"), Type.Literal("no_model")]);

function statusOf(kind: ModelFailure | "aborted" | undefined): Exclude<Static<typeof probeStatus>, "ok"> {
  switch (kind) {
    case undefined:
    case "not-found":
      return "no_model";
    case "auth":
    case "billing":
    case "timeout":
      return kind;
    case "rate-limit":
      return "rate_limit";
    case "bad-request":
    case "bad-response":
      return "format";
    default:
      return "unknown";
  }
}

export const methods = [
  defineMethod({
    name: "models.list",
    access: "operator.read",
    summary: "Models that can be used now; with view `all`, the whole catalogue.",
    params: Type.Object(
      { view: Type.Optional(Type.Union(["default", "configured", "provider-config", "all"].map((view) => Type.Literal(view)))), refresh: Type.Optional(Type.Boolean()), agentId: optionalText, includeDetails: Type.Optional(Type.Boolean()), includeProviderCapabilities: Type.Optional(Type.Boolean()), preparedOnly: Type.Optional(Type.Boolean()) },
      closed,
    ),
    result: Type.Object({ models: Type.Array(modelRow) }),
    v3: { result: (full) => ({ models: full.models.map(({ id, name, provider, contextWindow, reasoning, input }) => ({ id, name, provider, contextWindow, reasoning, input })) }) },
    async handle(app: App, params, call) {
      const aliases = new Map(Object.entries(app.config.current().value.agents.defaults?.models ?? {}).flatMap(([name, about]) => (about.alias === undefined ? [] : [[name, about.alias] as const])));
      const circuits = new Map(app.models.status().map((status) => [`${status.provider}/${status.id}`, status]));
      const found = await app.models.list({ all: params.view === "all", refresh: params.refresh === true }, call.signal);
      return {
        models: found.map((model) => {
          const name = `${model.provider}/${model.id}`;
          const alias = aliases.get(name);
          const reason = !model.available ? "missing-auth" : circuits.get(name)?.circuit === "open" ? "cooldown" : undefined;
          return {
            id: model.id, name: model.name, provider: model.provider, available: model.available, contextWindow: model.contextWindow, reasoning: model.reasoning, input: [...model.input], supportsTools: true,
            ...(alias === undefined ? {} : { alias }),
            ...(model.demo ? { tags: ["demo"] } : {}),
            ...(reason === undefined ? {} : { unavailableReason: reason }),
            ...(model.reasoning ? { thinkingLevels } : {}),
          };
        }),
      };
    },
  }),
  defineMethod({
    name: "models.authStatus",
    access: "operator.read",
    summary: "Providers, which of them have a credential, and how they last behaved.",
    params: Type.Object({ refresh: Type.Optional(Type.Boolean()), agentId: optionalText }, closed),
    result: Type.Object({
      providers: Type.Array(Type.Object({ id: Type.String(), label: Type.String(), configured: Type.Boolean(), needsKey: Type.Boolean(), keyHint: optionalText, baseUrl: optionalText })),
      circuits: Type.Array(Type.Object({ id: Type.String(), provider: Type.String(), circuit: Type.String(), lastFailure: Type.Optional(Type.Object({ at: Type.Integer(), kind: Type.String(), reason: Type.String() })), lastSuccessAt: Type.Optional(Type.Integer()) })),
    }),
    handle: async (app: App) => ({ providers: await app.models.providers(), circuits: app.models.status() }),
  }),
  defineMethod({
    name: "models.probe",
    access: "operator.admin",
    summary: "Send one small request to see whether a provider's credential works.",
    params: Type.Object({ provider: Type.String({ minLength: 1 }), profileId: Type.Optional(Type.String({ minLength: 1 })), timeoutMs: Type.Optional(Type.Integer({ minimum: 1 })), agentId: optionalText }, closed),
    result: Type.Object({ provider: Type.String(), status: probeStatus, latencyMs: Type.Integer({ minimum: 0 }), error: optionalText, results: Type.Array(Type.Object({ label: Type.String(), status: probeStatus, latencyMs: Type.Integer({ minimum: 0 }), error: optionalText })) }),
    async handle(app: App, { provider }, call) {
      const before = app.clock.monotonic();
      const result = await app.models.test(provider, call.signal);
      const about = { status: result.ok ? ("ok" as const) : statusOf(result.kind), latencyMs: Math.round(app.clock.monotonic() - before), ...(result.ok ? {} : { error: result.reason }) };
      return { provider, ...about, results: [{ label: provider, ...about }] };
    },
  }),
];
