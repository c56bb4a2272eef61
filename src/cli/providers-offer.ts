// The providers that onboarding offers when no gateway runs that could say what it has.

export interface Offer {
  id: string;
  label: string;
  needsKey: boolean;
  /** Where to get a key, or what it looks like. */
  hint?: string;
}

export const knownProviders: readonly Offer[] = [
  { id: "anthropic", label: "Anthropic", needsKey: true, hint: "console.anthropic.com" },
  { id: "openai", label: "OpenAI", needsKey: true, hint: "platform.openai.com" },
  { id: "google", label: "Google Gemini", needsKey: true, hint: "aistudio.google.com" },
  { id: "openrouter", label: "OpenRouter", needsKey: true, hint: "openrouter.ai/keys" },
  { id: "mistral", label: "Mistral", needsKey: true, hint: "console.mistral.ai" },
  { id: "groq", label: "Groq", needsKey: true, hint: "console.groq.com" },
  { id: "deepseek", label: "DeepSeek", needsKey: true, hint: "platform.deepseek.com" },
  { id: "xai", label: "xAI", needsKey: true, hint: "console.x.ai" },
  { id: "ollama", label: "Ollama, on this machine", needsKey: false, hint: "http://127.0.0.1:11434" },
];
