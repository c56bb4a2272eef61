// Asks a server of one's own which models it has: GET <baseUrl>/models, as OpenAI-compatible servers answer it.
import { fault, type Clock } from "../../src/sdk/extension.ts";
import type { ModelSettings, ProviderSetup } from "../../src/sdk/provider.ts";
import type { Seen } from "./failures.ts";
import type { Network } from "./network.ts";
import { watchedFetch } from "./transport.ts";

const MAX_LIST_BYTES = 4_194_304;
const MAX_MODELS = 2_000;

export async function listModels(clock: Clock, network: Network, setup: ProviderSetup, baseUrl: string, signal: AbortSignal): Promise<ModelSettings[]> {
  const seen: Seen = {};
  const key = setup.credential?.reveal();
  const fetch = watchedFetch(clock, network, { maxBytes: MAX_LIST_BYTES, maxLineBytes: MAX_LIST_BYTES }, seen);
  try {
    const response = await fetch(`${baseUrl.replace(/\/+$/, "")}/models`, { signal, headers: { accept: "application/json", ...(key === undefined ? {} : { authorization: `Bearer ${key}` }), ...setup.settings.headers } });
    if (!response.ok) throw new Error(`HTTP ${response.status}`);
    return modelsIn(await response.json());
  } catch (error) {
    const reason = seen.broken ?? seen.network ?? (error instanceof Error ? error.message : String(error));
    throw fault("model.failed", { reason: `${setup.provider} did not list its models: ${reason}` }, { cause: error });
  }
}

/** `{data: [{id, …}]}`; some servers say how much a model holds, under names of their own. */
export function modelsIn(answer: unknown): ModelSettings[] {
  const data = isObject(answer) && Array.isArray(answer["data"]) ? answer["data"] : [];
  return data.slice(0, MAX_MODELS).flatMap((one: unknown): ModelSettings[] => {
    if (!isObject(one) || typeof one["id"] !== "string" || one["id"] === "") return [];
    const meta = isObject(one["meta"]) ? one["meta"] : {};
    const contextWindow = [one["max_model_len"], one["context_length"], one["context_window"], one["max_context_length"], meta["n_ctx"], meta["n_ctx_train"]].find((value): value is number => typeof value === "number" && value > 0);
    return [{ id: one["id"], ...(contextWindow === undefined ? {} : { contextWindow }) }];
  });
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
