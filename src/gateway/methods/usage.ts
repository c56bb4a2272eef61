// usage.*: what was spent, by day, from the providers' own figures.
import { Type } from "typebox";
import type { App } from "../../flows/app.ts";
import type { UsageTotals } from "../../models/usage.ts";
import { defineMethod } from "../../sdk/method.ts";

const figures = { input: Type.Integer(), output: Type.Integer(), cacheRead: Type.Integer(), cacheWrite: Type.Integer(), totalTokens: Type.Integer(), totalCost: Type.Number(), missingCostEntries: Type.Integer() };
const longestDays = 3_660;

export const methods = [
  defineMethod({
    name: "usage.cost",
    access: "operator.read",
    summary: "Tokens and cost per day.",
    params: Type.Object({ days: Type.Optional(Type.Union([Type.Number(), Type.String()])) }, { additionalProperties: true }),
    result: Type.Object({ updatedAt: Type.Integer(), days: Type.Integer(), daily: Type.Array(Type.Object({ date: Type.String(), ...figures })), totals: Type.Object(figures) }),
    async handle(app: App, params) {
      const asked = Math.trunc(Number(params.days ?? 30));
      const days = Number.isFinite(asked) && asked > 0 ? Math.min(asked, longestDays) : 30;
      const daily = await app.usage.daily(days);
      const totals = daily.reduce<UsageTotals>(
        (sum, day) => ({
          input: sum.input + day.input, output: sum.output + day.output, cacheRead: sum.cacheRead + day.cacheRead, cacheWrite: sum.cacheWrite + day.cacheWrite,
          totalTokens: sum.totalTokens + day.totalTokens, totalCost: sum.totalCost + day.totalCost, missingCostEntries: sum.missingCostEntries + day.missingCostEntries,
        }),
        { input: 0, output: 0, cacheRead: 0, cacheWrite: 0, totalTokens: 0, totalCost: 0, missingCostEntries: 0 },
      );
      return { updatedAt: app.clock.now(), days, daily, totals };
    },
  }),
  defineMethod({
    name: "usage.status",
    access: "operator.read",
    summary: "Providers in use, with what is known of their quota windows.",
    params: Type.Object({}, { additionalProperties: true }),
    result: Type.Object({ updatedAt: Type.Integer(), providers: Type.Array(Type.Object({ provider: Type.String(), displayName: Type.String(), windows: Type.Array(Type.Unknown()), error: Type.Optional(Type.String()) })) }),
    async handle(app: App) {
      const failures = new Map(app.models.status().flatMap((status) => (status.circuit === "closed" || !status.lastFailure ? [] : [[status.provider, status.lastFailure.reason] as const])));
      const configured = (await app.models.providers()).filter((provider) => provider.configured);
      return {
        updatedAt: app.clock.now(),
        providers: configured.map((provider) => ({ provider: provider.id, displayName: provider.label, windows: [], ...errorOf(failures.get(provider.id)) })),
      };
    },
  }),
];

function errorOf(reason: string | undefined) {
  return reason === undefined ? {} : { error: reason };
}
