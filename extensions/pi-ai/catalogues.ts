// pi-ai's list of models per provider, each read from its own file at first use.
import type { Api, Model } from "@earendil-works/pi-ai";

type Lists = Readonly<Record<string, unknown>>;

/** Literal imports, so that a bundler finds them. */
const files: Readonly<Record<string, () => Promise<Lists>>> = {
  "amazon-bedrock": () => import("@earendil-works/pi-ai/providers/amazon-bedrock.models"),
  "ant-ling": () => import("@earendil-works/pi-ai/providers/ant-ling.models"),
  "anthropic": () => import("@earendil-works/pi-ai/providers/anthropic.models"),
  "azure-openai-responses": () => import("@earendil-works/pi-ai/providers/azure-openai-responses.models"),
  "baseten": () => import("@earendil-works/pi-ai/providers/baseten.models"),
  "cerebras": () => import("@earendil-works/pi-ai/providers/cerebras.models"),
  "cloudflare-ai-gateway": () => import("@earendil-works/pi-ai/providers/cloudflare-ai-gateway.models"),
  "cloudflare-workers-ai": () => import("@earendil-works/pi-ai/providers/cloudflare-workers-ai.models"),
  "deepseek": () => import("@earendil-works/pi-ai/providers/deepseek.models"),
  "fireworks": () => import("@earendil-works/pi-ai/providers/fireworks.models"),
  "github-copilot": () => import("@earendil-works/pi-ai/providers/github-copilot.models"),
  "google": () => import("@earendil-works/pi-ai/providers/google.models"),
  "google-vertex": () => import("@earendil-works/pi-ai/providers/google-vertex.models"),
  "groq": () => import("@earendil-works/pi-ai/providers/groq.models"),
  "huggingface": () => import("@earendil-works/pi-ai/providers/huggingface.models"),
  "kimi-coding": () => import("@earendil-works/pi-ai/providers/kimi-coding.models"),
  "meta": () => import("@earendil-works/pi-ai/providers/meta.models"),
  "minimax": () => import("@earendil-works/pi-ai/providers/minimax.models"),
  "minimax-cn": () => import("@earendil-works/pi-ai/providers/minimax-cn.models"),
  "mistral": () => import("@earendil-works/pi-ai/providers/mistral.models"),
  "moonshotai": () => import("@earendil-works/pi-ai/providers/moonshotai.models"),
  "moonshotai-cn": () => import("@earendil-works/pi-ai/providers/moonshotai-cn.models"),
  "nvidia": () => import("@earendil-works/pi-ai/providers/nvidia.models"),
  "openai": () => import("@earendil-works/pi-ai/providers/openai.models"),
  "openai-codex": () => import("@earendil-works/pi-ai/providers/openai-codex.models"),
  "opencode": () => import("@earendil-works/pi-ai/providers/opencode.models"),
  "opencode-go": () => import("@earendil-works/pi-ai/providers/opencode-go.models"),
  "openrouter": () => import("@earendil-works/pi-ai/providers/openrouter.models"),
  "qwen-token-plan": () => import("@earendil-works/pi-ai/providers/qwen-token-plan.models"),
  "qwen-token-plan-cn": () => import("@earendil-works/pi-ai/providers/qwen-token-plan-cn.models"),
  "qwen-token-plan-individual": () => import("@earendil-works/pi-ai/providers/qwen-token-plan-individual.models"),
  "radius": () => import("@earendil-works/pi-ai/providers/radius.models"),
  "together": () => import("@earendil-works/pi-ai/providers/together.models"),
  "vercel-ai-gateway": () => import("@earendil-works/pi-ai/providers/vercel-ai-gateway.models"),
  "xai": () => import("@earendil-works/pi-ai/providers/xai.models"),
  "xiaomi": () => import("@earendil-works/pi-ai/providers/xiaomi.models"),
  "xiaomi-token-plan-ams": () => import("@earendil-works/pi-ai/providers/xiaomi-token-plan-ams.models"),
  "xiaomi-token-plan-cn": () => import("@earendil-works/pi-ai/providers/xiaomi-token-plan-cn.models"),
  "xiaomi-token-plan-sgp": () => import("@earendil-works/pi-ai/providers/xiaomi-token-plan-sgp.models"),
  "zai": () => import("@earendil-works/pi-ai/providers/zai.models"),
  "zai-coding-cn": () => import("@earendil-works/pi-ai/providers/zai-coding-cn.models"),
};

/** Empty for a provider that pi-ai has no list of. */
export async function catalogueOf(provider: string): Promise<readonly Model<Api>[]> {
  const load = Object.hasOwn(files, provider) ? files[provider] : undefined;
  if (!load) return [];
  const lists = Object.values(await load()).filter((value): value is Record<string, Model<Api>> => typeof value === "object" && value !== null);
  return lists.flatMap((list) => Object.values(list));
}
