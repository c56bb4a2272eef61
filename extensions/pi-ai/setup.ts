// What is configured for a provider, as pi-ai's Model: catalogue entry, then the provider's settings, then the model's own. Pure but for the catalogue.
import type { Api, Model } from "@earendil-works/pi-ai";
import type { ModelInfo, ModelSettings, ProviderSettings } from "../../src/sdk/provider.ts";
import { catalogueOf } from "./catalogues.ts";
import { dialectName } from "./dialects.ts";
import type { Vendor } from "./vendors.ts";

/** When nobody says how much a model holds. */
const DEFAULT_CONTEXT = 128_000;
const DEFAULT_ANSWER = 8_192;
/** What local servers give a model unless they are told otherwise. */
const LOCAL_CONTEXT = 32_768;

/** A model that can be called; `isPriced` is false when nobody said what it costs. */
export interface Callable {
  model: Model<Api>;
  isPriced: boolean;
}

export async function callables(vendor: Vendor, provider: string, settings: ProviderSettings): Promise<Callable[]> {
  const known = settings.onlyListed ? [] : await catalogueOf(provider);
  const listed = new Map((settings.models ?? []).map((one) => [one.id, one]));
  const merged = known.map((model): Callable => {
    const own = listed.get(model.id);
    listed.delete(model.id);
    return { model: withModel(withProvider(model, vendor, settings), own), isPriced: true };
  });
  const added = [...listed.values()].map((own) => fresh(vendor, provider, settings, own));
  return [...added, ...merged];
}

export async function callable(vendor: Vendor, wanted: ModelInfo, settings: ProviderSettings): Promise<Callable> {
  const all = await callables(vendor, wanted.provider, settings);
  return all.find(({ model }) => model.id === wanted.id) ?? fresh(vendor, wanted.provider, settings, { id: wanted.id, name: wanted.name, contextWindow: wanted.contextWindow, maxTokens: wanted.maxTokens, reasoning: wanted.reasoning, input: wanted.input, cost: wanted.cost });
}

export function toInfo({ model, isPriced }: Callable): ModelInfo {
  const { input, output, cacheRead, cacheWrite } = model.cost;
  return {
    id: model.id,
    provider: model.provider,
    name: model.name,
    contextWindow: model.contextWindow,
    maxTokens: model.maxTokens,
    reasoning: model.reasoning,
    input: [...model.input],
    ...(isPriced ? { cost: { input, output, cacheRead, cacheWrite } } : {}),
  };
}

/** A model that pi-ai has never heard of. */
export function fresh(vendor: Vendor, provider: string, settings: ProviderSettings, own: ModelSettings): Callable {
  const isLocal = vendor.id === "ollama";
  const base: Model<Api> = {
    id: own.id,
    name: own.id,
    api: vendor.api,
    provider,
    baseUrl: vendor.access.baseUrl ?? "",
    reasoning: false,
    input: ["text"],
    cost: { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 },
    contextWindow: isLocal ? LOCAL_CONTEXT : DEFAULT_CONTEXT,
    maxTokens: DEFAULT_ANSWER,
  };
  return { model: withModel(withProvider(base, vendor, settings), own), isPriced: isLocal || own.cost !== undefined };
}

function withProvider(model: Model<Api>, vendor: Vendor, settings: ProviderSettings): Model<Api> {
  const { baseUrl } = settings;
  return {
    ...model,
    api: settings.api === undefined ? model.api : dialectName(settings.api),
    baseUrl: baseUrl === undefined ? model.baseUrl : baseUrlOf(baseUrl, vendor),
    ...(settings.headers || model.headers ? { headers: { ...model.headers, ...settings.headers } } : {}),
  };
}

function withModel(model: Model<Api>, own: ModelSettings | undefined): Model<Api> {
  if (!own) return model;
  const { cost, headers, compat, api } = own;
  return {
    ...model,
    ...defined({ name: own.name, reasoning: own.reasoning, input: own.input, contextWindow: own.contextWindow, maxTokens: own.maxTokens }),
    ...(api === undefined ? {} : { api: dialectName(api) }),
    ...(cost ? { cost: { cacheRead: 0, cacheWrite: 0, ...defined(cost) } } : {}),
    ...(headers ? { headers: { ...model.headers, ...headers } } : {}),
    ...(compat ? { compat: { ...model.compat, ...compat } as NonNullable<Model<Api>["compat"]> } : {}), // passed on as written: its members are pi-ai's own words
  };
}

/** Ollama is often given as it prints itself, without the path of its OpenAI-compatible door. */
function baseUrlOf(baseUrl: string, vendor: Vendor): string {
  const plain = baseUrl.replace(/\/+$/, "");
  return vendor.id === "ollama" && !plain.endsWith("/v1") ? `${plain}/v1` : plain;
}

/** Drops undefined members, so that a spread does not overwrite with them. */
function defined<T extends object>(members: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as { [K in keyof T]: Exclude<T[K], undefined> }; // exactly what the filter left
}
