// Model choice: catalogue over all providers, policy per run, failover and circuit breakers. Every model call passes here.
import { createHash } from "node:crypto";
import type { Clock } from "../base/clock.ts";
import type { Ids } from "../base/ids.ts";
import type { Log } from "../base/log.ts";
import type { Secret } from "../base/secret.ts";
import type { Config, ConfigSnapshot } from "../config/config.ts";
import { redactionMark } from "../config/snapshot.ts";
import type { ExtensionHost } from "../host/host.ts";
import type { ModelFailure, ModelInfo } from "../sdk/provider.ts";
import { createBreakers } from "./breakers.ts";
import { createCatalogue, type ListedModel, type Source } from "./catalogue.ts";
import { choose, type Wish } from "./choice.ts";
import { nameOf, routed, type FailoverLimits, type ModelPolicy, type Ready, type RoutedEvent, type RoutedRequest } from "./failover.ts";

export type { ListedModel } from "./catalogue.ts";
export type { ModelPolicy, RoutedEvent, RoutedRequest } from "./failover.ts";

export interface ModelStatus {
  /** `<provider>/<id>` */
  id: string;
  provider: string;
  circuit: "closed" | "open" | "half-open";
  lastFailure?: { at: number; kind: string; reason: string };
  lastSuccessAt?: number;
}

export interface ProviderListing {
  id: string;
  label: string;
  /** It is in the configuration, or its key is in the environment. */
  configured: boolean;
  needsKey: boolean;
  keySource?: "config" | "environment" | "ambient";
  keyHint?: string;
  /** The first environment variable that would do. */
  keyEnv?: string;
  baseUrl?: string;
}

export type ProbeResult = { ok: true } | { ok: false; reason: string; /** Absent: there was nothing to ask. */ kind?: ModelFailure | "aborted" };

export interface Models {
  /** Catalogue of what is configured; `demo/assistant` alone when nothing is. `all` adds providers without a key. */
  list(options?: { all?: boolean; refresh?: boolean }, signal?: AbortSignal): Promise<ListedModel[]>;
  /** Providers that could be configured, for onboarding and the keys form. */
  providers(): Promise<ProviderListing[]>;
  /** By `<provider>/<id>`, alias, or an id that only one provider has. Throws model.unknown. */
  find(name: string): Promise<ModelInfo>;
  /** Throws model.unknown for a name that nobody offers. */
  policy(want: Wish): Promise<ModelPolicy>;
  /** One model call with failover before visible output, deadlines and breakers. Never rejects; `failed` is the last event. */
  stream(policy: ModelPolicy, request: RoutedRequest, signal: AbortSignal): AsyncIterable<RoutedEvent>;
  status(): ModelStatus[];
  /** Sends one tiny request to see whether a credential works. */
  test(provider: string, signal: AbortSignal): Promise<ProbeResult>;
}

export interface ModelsDeps {
  clock: Clock;
  ids: Ids;
  log: Log;
  config: Pick<Config, "current" | "secret" | "own">;
  extensions: Pick<ExtensionHost, "offered" | "load">;
  /** From config/env.ts: one environment variable. */
  env(name: string): string | undefined;
  /** vault.register: a key from the environment must be redacted, too. */
  onSecret?(secret: Secret): void;
  /** Takes known secrets out of a text. */
  redact?(text: string): string;
}

/** With a fallback standing by, the first word or the next model comes within this (R19: 8 s). */
const SWITCH_MS = 7_000;
const BREAKER_WINDOW_MS = 30_000;

export function createModels(deps: ModelsDeps): Models {
  const catalogue = createCatalogue(deps);
  const breakers = createBreakers(deps.clock);
  /** Breaker key → model, for status. */
  const called = new Map<string, { id: string; provider: string }>();

  deps.config.own({
    prefixes: ["models", "env", "agents.defaults.models"],
    prepare: () => Promise.resolve({ swap: () => catalogue.forget() }),
  });

  const ready = async (model: ModelInfo, config: ConfigSnapshot = deps.config.current()): Promise<Ready> => {
    const source = await catalogue.source(model.provider, config);
    if (!source) return { ok: false, kind: "not-found", reason: `provider ${model.provider} is not configured` };
    if (source.credential.kind === "missing") return { ok: false, kind: "auth", reason: `no credential for provider ${model.provider}: ${source.credential.reason}. Add one with \`openclaw onboard\`.` };
    const breakerKey = `${nameOf(model)} ${fingerprint(source)}`;
    called.set(breakerKey, { id: nameOf(model), provider: model.provider });
    return {
      ok: true,
      provider: source.provider,
      request: { settings: source.settings, ...(source.credential.kind === "key" ? { credential: source.credential.secret } : {}) },
      breakerKey,
      isLocal: source.credential.kind === "none" && isLocalUrl(source.settings.baseUrl ?? source.provider.access.baseUrl),
    };
  };

  const failover = { clock: deps.clock, ids: deps.ids, log: deps.log, breakers, ready, limits: (config?: ConfigSnapshot) => limitsOf(config ?? deps.config.current()), ...(deps.redact === undefined ? {} : { redact: deps.redact }) };

  const firstChoice = async (config: ConfigSnapshot): Promise<ModelInfo | undefined> => {
    for (const source of await catalogue.sources(config)) {
      if (source.credential.kind === "missing") continue;
      const models = await catalogue.modelsOf(source);
      const best = models.find((model) => model.id === source.provider.access.firstModel) ?? models[0];
      if (best) return best;
    }
    return (await catalogue.demo())?.model;
  };

  const list: Models["list"] = async ({ all = false, refresh = false } = {}, signal) => {
    const config = deps.config.current();
    const sources = await catalogue.sources(config, all);
    const lists = await Promise.all(
      sources.map(async (source) => {
        const models = await catalogue.modelsOf(source, signal, refresh);
        return models.map((model) => ({ ...model, available: source.isConfigured && source.credential.kind !== "missing" }));
      }),
    );
    const found = lists.flat();
    const demo = all || !found.some((model) => model.available) ? (await catalogue.demo())?.model : undefined;
    return demo ? [{ ...demo, available: true }, ...found] : found;
  };

  return {
    list,
    async providers() {
      const sources = await catalogue.sources(deps.config.current(), true);
      return sources.map(listing);
    },
    find: (name) => catalogue.find(name, deps.config.current()),
    async policy(want) {
      const choice = choose(want);
      const candidates: ModelInfo[] = [];
      for (const name of choice.names) candidates.push(await catalogue.find(name, want.config));
      if (candidates.length === 0) {
        const first = await firstChoice(want.config);
        if (first) candidates.push(first);
      }
      return { candidates, pinned: choice.pinned, config: want.config };
    },
    stream: (policy, request, signal) => routed(failover, policy, request, signal),
    status() {
      return [...called].map(([key, model]) => ({ ...model, ...breakers.view(key) }));
    },
    async test(providerId, signal) {
      const source = await catalogue.source(providerId, deps.config.current());
      if (!source) return { ok: false, reason: `provider ${providerId} is not configured` };
      const models = await catalogue.modelsOf(source, signal, true);
      const model = models.find((one) => one.id === source.provider.access.firstModel) ?? models[0];
      if (!model) return { ok: false, reason: "the provider lists no models" };
      return probe(routed(failover, { candidates: [model], pinned: true }, { system: "", messages: [{ role: "user", content: "Say ok.", timestamp: deps.clock.now() }], tools: [], maxTokens: 16, remainingMs: 20_000 }, signal));
    },
  };
}

async function probe(events: AsyncIterable<RoutedEvent>): Promise<ProbeResult> {
  for await (const event of events) {
    // A word, or an answer length used up while thinking: either way the key was accepted.
    if (event.type === "text" || event.type === "thinking" || event.type === "done") return { ok: true };
    if (event.type === "failed" && event.reason.includes("used up its answer length")) return { ok: true };
    if (event.type === "waiting") return { ok: false, ...(event.kind === undefined ? {} : { kind: event.kind }), reason: event.reason };
    if (event.type === "failed") return { ok: false, kind: event.kind, reason: event.reason };
  }
  return { ok: false, reason: "no answer" };
}

function listing({ id, provider, settings, credential, isConfigured }: Source): ProviderListing {
  const { access } = provider;
  const baseUrl = settings.baseUrl ?? access.baseUrl;
  const source = credential.kind === "key" ? credential.source : credential.kind === "none" && credential.source === "ambient" ? "ambient" : undefined;
  return {
    id,
    label: provider.id === id ? provider.label : id,
    configured: isConfigured,
    needsKey: access.needsKey && settings.auth !== "none",
    ...(source === undefined ? {} : { keySource: source }),
    ...(access.keyHint === undefined ? {} : { keyHint: access.keyHint }),
    ...(access.keyEnv[0] === undefined ? {} : { keyEnv: access.keyEnv[0] }),
    ...(baseUrl === undefined ? {} : { baseUrl: withoutPassword(baseUrl) }),
  };
}

/** Everybody who may read sees the list. A password in the address is masked as config.get masks it, so that a form may write it back. */
function withoutPassword(baseUrl: string): string {
  return baseUrl.replace(/(\w:\/\/[^\s/:@]*:)[^\s/@]+@/g, `$1${redactionMark}@`);
}

/** Tells credentials apart without keeping one: a new key or address starts with a closed circuit. */
function fingerprint({ credential, settings }: Source): string {
  const text = `${settings.baseUrl ?? ""} ${credential.kind === "key" ? credential.secret.reveal() : credential.kind}`;
  return createHash("sha256").update(text).digest("hex").slice(0, 16);
}

function limitsOf(config: ConfigSnapshot): FailoverLimits {
  const set = config.value.models.failover ?? {};
  const firstByteMs = set.firstByteMs ?? 60_000;
  return {
    firstByteMs,
    switchMs: SWITCH_MS,
    stallMs: set.stallMs ?? 60_000,
    maxAnswerBytes: set.maxAnswerBytes ?? 33_554_432,
    breaker: { failures: set.breakerFailures ?? 5, windowMs: BREAKER_WINDOW_MS, restMs: set.breakerRestMs ?? 15_000 },
  };
}

function isLocalUrl(url: string | undefined): boolean {
  if (url === undefined || !URL.canParse(url)) return false;
  const host = new URL(url).hostname;
  return host === "localhost" || host === "[::1]" || /^(127|10|192\.168|169\.254|172\.(1[6-9]|2\d|3[01]))\./.test(host) || host.endsWith(".local");
}

