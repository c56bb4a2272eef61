// Where a provider's key comes from: the configuration (text, ${ENV} or a reference into the vault), else the variable its vendor's tools read.
import type { Secret } from "../base/secret.ts";
import { Secret as SecretValue } from "../base/secret.ts";
import type { Config, ConfigSnapshot } from "../config/config.ts";
import type { ModelProvider } from "../sdk/provider.ts";

export type Credential =
  | { kind: "key"; secret: Secret; source: "config" | "environment" }
  /** The provider needs none, or its own library finds it. */
  | { kind: "none"; source: "not-needed" | "ambient" }
  | { kind: "missing"; reason: string };

export interface CredentialDeps {
  config: Pick<Config, "secret">;
  /** One environment variable; the only way this folder sees the environment. */
  env(name: string): string | undefined;
  /** Told of keys that came from the environment, so that redaction knows them. */
  onSecret?(secret: Secret): void;
}

type Entry = { apiKey?: unknown; auth?: string | undefined; baseUrl?: string | undefined } | undefined;

/** Throws when a configured reference cannot be resolved (secret.unknown). */
export async function credentialFor(deps: CredentialDeps, provider: Pick<ModelProvider, "access">, entry: Entry, snapshot: ConfigSnapshot): Promise<Credential> {
  if (entry?.auth === "none") return { kind: "none", source: "not-needed" };
  if (entry?.apiKey !== undefined) {
    const secret = await deps.config.secret(entry.apiKey);
    if (secret && secret.reveal().trim() !== "") return { kind: "key", secret, source: "config" };
    return { kind: "missing", reason: "the configured key is empty" };
  }
  const found = fromEnvironment(deps, provider, snapshot);
  if (found) return found;
  if (!provider.access.needsKey) return { kind: "none", source: "not-needed" };
  const [first] = provider.access.keyEnv;
  return { kind: "missing", reason: first === undefined ? "no key is configured" : `no key is configured and ${first} is not set` };
}

function fromEnvironment(deps: CredentialDeps, provider: Pick<ModelProvider, "access">, snapshot: ConfigSnapshot): Credential | undefined {
  const vars = snapshot.value.env?.vars ?? {};
  const read = (name: string) => {
    const text = (deps.env(name) ?? vars[name])?.trim();
    return text === undefined || text === "" ? undefined : text;
  };
  for (const name of provider.access.keyEnv) {
    const text = read(name);
    if (text === undefined) continue;
    const secret = new SecretValue(text);
    deps.onSecret?.(secret);
    return { kind: "key", secret, source: "environment" };
  }
  const isAmbient = provider.access.ambientEnv?.some((name) => read(name) !== undefined) ?? false;
  return isAmbient ? { kind: "none", source: "ambient" } : undefined;
}
