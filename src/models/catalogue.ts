// Which providers and models there are: configured providers, those with a key in the environment, and the built-in demo.
import { orAborted } from "../base/abort.ts";
import type { Clock } from "../base/clock.ts";
import { fault } from "../base/faults.ts";
import type { Log } from "../base/log.ts";
import type { ConfigSnapshot } from "../config/config.ts";
import type { ExtensionHost } from "../host/host.ts";
import type { ModelInfo, ModelProvider, ProviderSettings } from "../sdk/provider.ts";
import { credentialFor, type Credential, type CredentialDeps } from "./credentials.ts";
import { nameOf } from "./failover.ts";

export type ListedModel = ModelInfo & { available: boolean };

export interface CatalogueDeps extends CredentialDeps {
  clock: Clock;
  log: Log;
  extensions: Pick<ExtensionHost, "offered" | "load">;
}

/** A provider id, with what serves it and what is configured for it. */
export interface Source {
  id: string;
  provider: ModelProvider;
  settings: ProviderSettings;
  credential: Credential;
  isConfigured: boolean;
}

export interface Catalogue {
  /** Configured ones first; `all` adds those that merely could be. The demo is not among them. */
  sources(config: ConfigSnapshot, all?: boolean): Promise<Source[]>;
  source(id: string, config: ConfigSnapshot): Promise<Source | undefined>;
  modelsOf(source: Source, signal?: AbortSignal, refresh?: boolean): Promise<ModelInfo[]>;
  demo(): Promise<{ provider: ModelProvider; model: ModelInfo } | undefined>;
  /** Throws model.unknown, with the nearest names. */
  find(name: string, config: ConfigSnapshot, signal?: AbortSignal): Promise<ModelInfo>;
  /** Forgets what was read from providers; called when the configuration changes. */
  forget(): void;
}

export const DEMO_PROVIDER = "demo";
/** Answers for every configured id that nobody else claims. */
const ANY_PROVIDER = "*";
/** A list read from a provider is believed this long; a failed reading much shorter. */
const LIST_TTL_MS = 10 * 60_000;
const FAILED_TTL_MS = 15_000;
const LIST_TIMEOUT_MS = 5_000;

export function createCatalogue(deps: CatalogueDeps): Catalogue {
  const lists = new Map<string, { until: number; models: Promise<ModelInfo[]> }>();

  const providerFor = async (id: string): Promise<ModelProvider | undefined> => {
    const offers = deps.extensions.offered("providers");
    const offer = offers.find((one) => one.id === id) ?? offers.find((one) => one.id === ANY_PROVIDER);
    if (!offer) return undefined;
    const { providers = [] } = await deps.extensions.load(offer.extension);
    return providers.find((one) => one.id === offer.id);
  };

  const source = async (id: string, config: ConfigSnapshot): Promise<Source | undefined> => {
    const provider = await providerFor(id);
    if (!provider) return undefined;
    const entry = config.value.models.providers?.[id];
    if (!entry && provider.id === ANY_PROVIDER) return undefined;
    const { apiKey: _, ...settings } = entry ?? {};
    const credential = await credentialFor(deps, provider, entry, config).catch((error: unknown): Credential => ({ kind: "missing", reason: error instanceof Error ? error.message : String(error) }));
    const isConfigured = entry !== undefined || credential.kind === "key" || (credential.kind === "none" && credential.source === "ambient");
    return { id, provider, settings: { ...settings, onlyListed: config.value.models.mode === "replace" && (entry?.models?.length ?? 0) > 0 }, credential, isConfigured };
  };

  const sources = async (config: ConfigSnapshot, all = false): Promise<Source[]> => {
    const configured = Object.keys(config.value.models.providers ?? {});
    const offered = deps.extensions.offered("providers").map((offer) => offer.id);
    const ids = [...new Set([...configured, ...offered])].filter((id) => id !== ANY_PROVIDER && id !== DEMO_PROVIDER);
    const found = await Promise.all(ids.map((id) => source(id, config)));
    return found.filter((one): one is Source => one !== undefined && (all || one.isConfigured));
  };

  const readModels = async ({ id, provider, settings, credential }: Source, signal: AbortSignal): Promise<ModelInfo[]> =>
    provider.models({ provider: id, settings, ...(credential.kind === "key" ? { credential: credential.secret } : {}) }, signal);

  const modelsOf = (one: Source, signal?: AbortSignal, refresh = false): Promise<ModelInfo[]> => {
    const key = JSON.stringify([one.id, one.settings, one.credential.kind]);
    const kept = lists.get(key);
    if (kept && !refresh && deps.clock.monotonic() < kept.until) return within(kept.models, signal);
    const controller = new AbortController();
    const timer = deps.clock.after(LIST_TIMEOUT_MS, () => controller.abort(new Error(`no list of models within ${LIST_TIMEOUT_MS} ms`)));
    const entry = { until: deps.clock.monotonic() + LIST_TTL_MS, models: Promise.resolve<ModelInfo[]>([]) };
    entry.models = orAborted(readModels(one, controller.signal), controller.signal)
      .catch((error: unknown) => {
        const about = { provider: one.id, reason: error instanceof Error ? error.message : String(error) };
        // One that nobody set up is often not there: that is no event.
        if (one.isConfigured) deps.log.warn("models of a provider could not be read", about);
        else deps.log.debug("models of a provider that is not set up could not be read", about);
        entry.until = deps.clock.monotonic() + FAILED_TTL_MS;
        return [];
      })
      .finally(() => timer.cancel());
    lists.set(key, entry);
    return within(entry.models, signal);
  };

  const demo: Catalogue["demo"] = async () => {
    const provider = await providerFor(DEMO_PROVIDER);
    if (provider?.id !== DEMO_PROVIDER) return undefined;
    const [model] = await provider.models({ provider: DEMO_PROVIDER, settings: {} }, new AbortController().signal);
    return model && { provider, model };
  };

  const find = async (name: string, config: ConfigSnapshot, signal?: AbortSignal): Promise<ModelInfo> => {
    const wanted = aliased(name.trim(), config);
    const slash = wanted.indexOf("/");
    if (slash > 0) {
      const providerId = wanted.slice(0, slash);
      const id = wanted.slice(slash + 1);
      if (providerId === DEMO_PROVIDER) {
        const built = await demo();
        if (built && id === built.model.id) return built.model;
      }
      const one = await source(providerId, config);
      if (one && id !== "") {
        const models = await modelsOf(one, signal);
        const exact = models.find((model) => model.id === id) ?? models.find((model) => model.id.toLowerCase() === id.toLowerCase());
        if (exact) return exact;
        // A server of one's own may have models that it does not list.
        if (one.isConfigured && one.settings.baseUrl !== undefined && !one.settings.onlyListed) return unlisted(providerId, id);
      }
    }
    return findByBareName(wanted, config, signal);
  };

  const findByBareName = async (wanted: string, config: ConfigSnapshot, signal?: AbortSignal): Promise<ModelInfo> => {
    const all = (await Promise.all((await sources(config)).map((one) => modelsOf(one, signal)))).flat();
    const same = (text: string) => text.toLowerCase() === wanted.toLowerCase();
    const found = all.find((model) => same(model.id)) ?? all.find((model) => same(model.name));
    if (found) return found;
    const built = await demo();
    if (built && (same(built.model.id) || same(DEMO_PROVIDER))) return built.model;
    throw fault("model.unknown", { model: wanted, suggestions: nearest(wanted, all) });
  };

  return { sources, source, modelsOf, demo, find, forget: () => lists.clear() };
}

/** A list is read for everybody; one caller that leaves only stops waiting. */
function within<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  return signal ? orAborted(work, signal) : work;
}

function aliased(name: string, config: ConfigSnapshot): string {
  const models = config.value.agents.defaults?.models ?? {};
  const hit = Object.entries(models).find(([, entry]) => entry.alias?.toLowerCase() === name.toLowerCase());
  return hit?.[0] ?? name;
}

function unlisted(provider: string, id: string): ModelInfo {
  return { id, provider, name: id, contextWindow: 128_000, maxTokens: 8_192, reasoning: false, input: ["text"] };
}

/** Names that share the most with the wanted one, best first. */
function nearest(wanted: string, models: ModelInfo[]): string[] {
  const parts = wanted.toLowerCase().split(/[^a-z0-9]+/).filter((part) => part.length > 1);
  return models
    .map((model) => ({ name: nameOf(model), score: parts.filter((part) => nameOf(model).toLowerCase().includes(part)).length }))
    .filter((one) => one.score > 0)
    .sort((a, b) => b.score - a.score || a.name.length - b.name.length)
    .slice(0, 5)
    .map((one) => one.name);
}
