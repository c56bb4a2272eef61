// The providers that pi-ai knows, as data: names, dialects, and the model offered first. Importing this loads nothing of pi-ai.
import { keyVariables } from "../../src/sdk/key-variables.ts";
import type { ProviderAccess } from "../../src/sdk/provider.ts";

export interface Vendor {
  id: string;
  label: string;
  access: ProviderAccess;
  /** Dialect of models that are not in the catalogue. */
  api: string;
}

const vendor = (id: keyof typeof keyVariables, label: string, api: string, more: Partial<ProviderAccess> = {}): Vendor => ({ id, label, api, access: { needsKey: true, keyEnv: keyVariables[id], ...more } });

const chat = "openai-completions";
const responses = "openai-responses";
const messages = "anthropic-messages";

/** In the order in which they are shown. */
export const vendors: readonly Vendor[] = [
  vendor("anthropic", "Anthropic", messages, { keyHint: "sk-ant-… from console.anthropic.com", baseUrl: "https://api.anthropic.com", firstModel: "claude-sonnet-5" }),
  vendor("openai", "OpenAI", responses, { keyHint: "sk-… from platform.openai.com/api-keys", baseUrl: "https://api.openai.com/v1", firstModel: "gpt-5.5" }),
  vendor("google", "Google Gemini", "google-generative-ai", { keyHint: "AIza… from aistudio.google.com/apikey", baseUrl: "https://generativelanguage.googleapis.com/v1beta", firstModel: "gemini-3.8-flash" }),
  vendor("openrouter", "OpenRouter", chat, { keyHint: "sk-or-… from openrouter.ai/keys", baseUrl: "https://openrouter.ai/api/v1", firstModel: "anthropic/claude-sonnet-5" }),
  { id: "ollama", label: "Ollama (on this machine)", api: chat, access: { needsKey: false, keyEnv: keyVariables.ollama, baseUrl: "http://localhost:11434/v1" } },
  vendor("mistral", "Mistral", "mistral-conversations", { baseUrl: "https://api.mistral.ai", firstModel: "mistral-large-latest" }),
  vendor("xai", "xAI", responses, { keyHint: "xai-…", baseUrl: "https://api.x.ai/v1", firstModel: "grok-4.7" }),
  vendor("groq", "Groq", chat, { keyHint: "gsk_…", baseUrl: "https://api.groq.com/openai/v1", firstModel: "openai/gpt-oss-120b" }),
  vendor("deepseek", "DeepSeek", chat, { baseUrl: "https://api.deepseek.com", firstModel: "deepseek-v4-pro" }),
  vendor("moonshotai", "Moonshot AI", chat, { baseUrl: "https://api.moonshot.ai/v1", firstModel: "kimi-k3" }),
  vendor("moonshotai-cn", "Moonshot AI (China)", chat, { baseUrl: "https://api.moonshot.cn/v1", firstModel: "kimi-k3" }),
  vendor("zai", "Z.AI", chat, { baseUrl: "https://api.z.ai/api/coding/paas/v4", firstModel: "glm-5.3" }),
  vendor("zai-coding-cn", "Z.AI Coding (China)", chat, { baseUrl: "https://open.bigmodel.cn/api/coding/paas/v4" }),
  vendor("cerebras", "Cerebras", chat, { baseUrl: "https://api.cerebras.ai/v1" }),
  vendor("together", "Together", chat, { baseUrl: "https://api.together.ai/v1" }),
  vendor("fireworks", "Fireworks", messages, { baseUrl: "https://api.fireworks.ai/inference" }),
  vendor("baseten", "Baseten", chat, { baseUrl: "https://inference.baseten.co/v1" }),
  vendor("huggingface", "Hugging Face", chat, { keyHint: "hf_…", baseUrl: "https://router.huggingface.co/v1" }),
  vendor("nvidia", "NVIDIA", chat, { keyHint: "nvapi-…", baseUrl: "https://integrate.api.nvidia.com/v1" }),
  vendor("vercel-ai-gateway", "Vercel AI Gateway", messages, { baseUrl: "https://ai-gateway.vercel.sh" }),
  vendor("cloudflare-ai-gateway", "Cloudflare AI Gateway", messages, { keyHint: "needs CLOUDFLARE_ACCOUNT_ID and CLOUDFLARE_GATEWAY_ID too" }),
  vendor("cloudflare-workers-ai", "Cloudflare Workers AI", chat, { keyHint: "needs CLOUDFLARE_ACCOUNT_ID too" }),
  vendor("amazon-bedrock", "Amazon Bedrock", "bedrock-converse-stream", {
    ambientEnv: ["AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_WEB_IDENTITY_TOKEN_FILE"],
    keyHint: "a Bedrock bearer token, or AWS credentials in the environment",
  }),
  vendor("google-vertex", "Google Vertex AI", "google-vertex", { ambientEnv: ["GOOGLE_APPLICATION_CREDENTIALS"], keyHint: "a key, or application default credentials with GOOGLE_CLOUD_PROJECT and GOOGLE_CLOUD_LOCATION" }),
  vendor("azure-openai-responses", "Azure OpenAI", "azure-openai-responses", { keyHint: "set baseUrl to your resource's address" }),
  vendor("github-copilot", "GitHub Copilot", chat, { baseUrl: "https://api.individual.githubcopilot.com" }),
  vendor("openai-codex", "OpenAI Codex", "openai-codex-responses", { keyHint: "an access token of a ChatGPT plan", baseUrl: "https://chatgpt.com/backend-api" }),
  vendor("opencode", "OpenCode Zen", chat),
  vendor("opencode-go", "OpenCode Go", chat),
  vendor("kimi-coding", "Kimi for Coding", messages, { baseUrl: "https://api.kimi.com/coding" }),
  vendor("minimax", "MiniMax", messages, { baseUrl: "https://api.minimax.io/anthropic" }),
  vendor("minimax-cn", "MiniMax (China)", messages, { baseUrl: "https://api.minimaxi.com/anthropic" }),
  vendor("meta", "Meta", responses, { baseUrl: "https://api.meta.ai/v1" }),
  vendor("ant-ling", "Ant Ling", chat, { baseUrl: "https://api.ant-ling.com/v1" }),
  vendor("radius", "Radius", "pi-messages"),
  vendor("qwen-token-plan", "Qwen Token Plan", chat, { baseUrl: "https://token-plan.ap-southeast-1.maas.aliyuncs.com/compatible-mode/v1" }),
  vendor("qwen-token-plan-cn", "Qwen Token Plan (China)", chat, { baseUrl: "https://token-plan.cn-beijing.maas.aliyuncs.com/compatible-mode/v1" }),
  vendor("qwen-token-plan-individual", "Qwen Token Plan (individual)", chat, { baseUrl: "https://token-plan.ap-southeast-1.maas.aliyuncs.com/compatible-mode/v1" }),
  vendor("xiaomi", "Xiaomi", chat, { baseUrl: "https://api.xiaomimimo.com/v1" }),
  vendor("xiaomi-token-plan-cn", "Xiaomi Token Plan (China)", chat, { baseUrl: "https://token-plan-cn.xiaomimimo.com/v1" }),
  vendor("xiaomi-token-plan-ams", "Xiaomi Token Plan (Amsterdam)", chat, { baseUrl: "https://token-plan-ams.xiaomimimo.com/v1" }),
  vendor("xiaomi-token-plan-sgp", "Xiaomi Token Plan (Singapore)", chat, { baseUrl: "https://token-plan-sgp.xiaomimimo.com/v1" }),
];

/** Any other id in models.providers: a server of one's own that speaks one of the dialects. */
export const anyVendor: Vendor = { id: "*", label: "OpenAI-compatible server", api: chat, access: { needsKey: false, keyEnv: [], keyHint: "whatever the server asks for" } };
