// `openclaw onboard`: a model and its key, in one command.
import type { CommandSpec } from "../command.ts";

export const onboard: CommandSpec = {
  name: "onboard",
  summary: "Add a model provider, its key, and choose the model that answers",
  details: "Asks step by step in a terminal; with --non-interactive everything comes from options. The key is best given on standard input (--api-key -) or in the provider's own variable (ANTHROPIC_API_KEY, OPENAI_API_KEY, …), so that it is not in the process list. A running gateway uses it at once.",
  options: [
    { flags: "--non-interactive", help: "ask nothing" },
    { flags: "--provider <id>", help: "anthropic, openai, google, openrouter, ollama, …, or a name of your own with --base-url" },
    { flags: "--api-key <key>", help: "its key; - reads standard input" },
    { flags: "--api-key-env <name>", help: "keep the key in this variable of the gateway's environment; only its name is stored" },
    { flags: "--model <name>", help: "model that answers by default" },
    { flags: "--base-url <url>", help: "address of an OpenAI-compatible or other server" },
    { flags: "--api <dialect>", help: "its dialect", choices: ["openai-completions", "openai-responses", "anthropic-messages", "google-generative-ai"] },
    { flags: "--workspace <folder>", help: "where agents work" },
    { flags: "--skip-test", help: "do not try the key" },
  ],
  examples: ["openclaw onboard", "pass show anthropic | openclaw onboard --non-interactive --provider anthropic --api-key -", "openclaw onboard --non-interactive --provider local --base-url http://127.0.0.1:8080/v1 --model llama"],
  scopes: ["operator.admin"],
  action: () => import("../actions/onboard.ts").then((module) => module.run),
};
