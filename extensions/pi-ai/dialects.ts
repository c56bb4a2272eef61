// The wire dialects of pi-ai, each loaded at its first call: a vendor's SDK costs 50 to 100 ms and some 15 MB.
import type { ProviderStreams } from "@earendil-works/pi-ai";

type Dialect = Pick<ProviderStreams, "streamSimple">;

const loaders: Readonly<Record<string, () => Promise<Dialect>>> = {
  "openai-completions": () => import("@earendil-works/pi-ai/api/openai-completions") as Promise<Dialect>,
  "openai-responses": () => import("@earendil-works/pi-ai/api/openai-responses") as Promise<Dialect>,
  "anthropic-messages": () => import("@earendil-works/pi-ai/api/anthropic-messages") as Promise<Dialect>,
  "google-generative-ai": () => import("@earendil-works/pi-ai/api/google-generative-ai") as Promise<Dialect>,
  "google-vertex": () => import("@earendil-works/pi-ai/api/google-vertex") as Promise<Dialect>,
  "mistral-conversations": () => import("@earendil-works/pi-ai/api/mistral-conversations") as Promise<Dialect>,
  "bedrock-converse-stream": () => import("@earendil-works/pi-ai/api/bedrock-converse-stream") as Promise<Dialect>,
  "azure-openai-responses": () => import("@earendil-works/pi-ai/api/azure-openai-responses") as Promise<Dialect>,
  "openai-codex-responses": () => import("@earendil-works/pi-ai/api/openai-codex-responses") as Promise<Dialect>,
  "pi-messages": () => import("@earendil-works/pi-ai/api/pi-messages") as Promise<Dialect>,
};

/** These read the network by themselves; our byte bound cannot see what they read. */
const ownTransport = new Set(["google-generative-ai", "google-vertex", "bedrock-converse-stream"]);

export const takesFetch = (api: string): boolean => !ownTransport.has(api);

/** Undefined for a dialect that pi-ai does not speak. What is loaded is kept: importing again would cost at every call. */
export function createDialects(): (api: string) => Promise<Dialect | undefined> {
  const loaded = new Map<string, Dialect>();
  return async (api) => {
    const kept = loaded.get(api);
    if (kept || !Object.hasOwn(loaders, api)) return kept;
    const dialect = await loaders[api]?.();
    if (dialect) loaded.set(api, dialect);
    return dialect;
  };
}

/** Other names under which configurations know a dialect. */
export function dialectName(api: string): string {
  return api === "ollama" || api === "github-copilot" ? "openai-completions" : api;
}
