// The `agents` and `models` sections of the configuration.
import { Type } from "typebox";
import { choice, closed, flag, free, list, number, object, record, secret, text, texts, whole } from "./schema-fields.ts";

/** `provider/model`, or that with a list to fall back on. */
export const modelChoice = Type.Union([
  Type.String({ description: "provider/model" }),
  Type.Object({
    primary: text("provider/model tried first."),
    fallbacks: texts("provider/model names tried next, in order."),
  }, closed),
], { description: "Which model answers." });

const cost = Type.Object({
  input: Type.Number({ description: "Per million input tokens." }),
  output: Type.Number({ description: "Per million output tokens." }),
  cacheRead: number("Per million tokens read from the provider's cache."),
  cacheWrite: number("Per million tokens written to the provider's cache."),
}, { ...closed, description: "US dollars per million tokens." });

const modelEntry = Type.Object({
  id: Type.String({ description: "The id the provider knows.", minLength: 1 }),
  name: text("How the model is shown."),
  api: text("Wire dialect when it differs from the provider's."),
  reasoning: flag("The model can think before it answers."),
  input: list(Type.Union([Type.Literal("text"), Type.Literal("image")]), "What it accepts."),
  cost: Type.Optional(cost),
  contextWindow: whole("Tokens the model can hold."),
  maxTokens: whole("Tokens it can answer with."),
  headers: record(Type.String(), "Further request headers for this model."),
  compat: free("Dialect quirks.", { "x-advanced": true }),
}, closed);

const providerEntry = Type.Object({
  baseUrl: text("Where the API is.", { examples: ["http://127.0.0.1:11434/v1"] }),
  apiKey: secret("The provider's key."),
  auth: choice(["api-key", "token", "oauth", "aws-sdk", "none"], "How requests are signed."),
  api: choice(["openai-completions", "openai-responses", "anthropic-messages", "google-generative-ai", "mistral-conversations", "bedrock-converse-stream", "github-copilot", "ollama"], "Wire dialect; known providers have their own."),
  headers: record(Type.String(), "Further request headers."),
  authHeader: flag("Send the key as an Authorization header."),
  models: list(modelEntry, "Models beyond the provider's catalogue."),
}, closed);

const runLimits = object({
  maxSteps: whole("Model calls in one run.", { default: 50, minimum: 1 }),
  maxTokens: whole("Tokens one run may use, input and output; 0 is no bound.", { default: 0 }),
  maxRepeatedCalls: whole("Same tool call with same arguments before the run is stopped.", { default: 4, minimum: 2 }),
  maxConsecutiveErrors: whole("Failed tool calls in a row before the run is stopped.", { default: 8, minimum: 1 }),
}, "What stops a run that does not end by itself.");

const compaction = object({
  mode: choice(["default", "safeguard", "off"], "When history is shortened.", { default: "default" }),
  keepRecentTokens: whole("Tokens of the newest history kept word for word.", { default: 20_000 }),
  reserveTokens: whole("Tokens kept free for the answer.", { default: 16_000 }),
  reserveTokensFloor: whole("Accepted for older files.", { "x-advanced": true }),
  maxHistoryShare: number("Accepted for older files.", { "x-advanced": true }),
}, "Shortening of history.");

const thinkingDefault = choice(["off", "minimal", "low", "medium", "high", "xhigh"], "Thinking level when a session sets none.");

/** What policy reads: the whole set, the subset allowed, what is never allowed. */
export const toolRules = {
  profile: choice(["minimal", "coding", "messaging", "full"], "Named set of tools."),
  allow: texts("Tools allowed; everything else is not."),
  deny: texts("Tools never allowed; deny wins."),
};

const agentEntry = Type.Object({
  id: Type.String({ pattern: "^[a-z0-9][a-z0-9_-]{0,63}$", description: "Short name in session keys and folders." }),
  default: flag("The agent used when none is named."),
  name: text("Shown name."),
  agentDir: text("Folder for the agent's own state."),
  model: Type.Optional(modelChoice),
  workspace: text("Folder the agent works in."),
  thinkingDefault,
  timeoutSeconds: whole("Longest time one run may take.", { minimum: 1 }),
  tools: object(toolRules, "Which tools the agent may use."),
  identity: object({
    name: text("Name the agent goes by."),
    theme: text("Its vibe, in a few words."),
    emoji: text("Emoji shown beside its messages."),
    avatar: text("Avatar: emoji, URL or file."),
  }, "How the agent appears."),
}, closed);

export const agentsSection = object({
  defaults: object({
    model: Type.Optional(modelChoice),
    workspace: text("Folder the agent works in."),
    thinkingDefault,
    timeoutSeconds: whole("Longest time one run may take.", { default: 600, minimum: 1 }),
    tools: object(toolRules, "Which tools agents may use."),
    models: record(Type.Object({ alias: text("Short name for it."), params: free("Parameters sent with each call.") }, closed), "Aliases and parameters per model."),
    skipBootstrap: flag("Do not create workspace files."),
    bootstrapMaxChars: whole("Longest part of one workspace file in the prompt.", { default: 20_000 }),
    userTimezone: text("IANA zone used in prompts.", { examples: ["Europe/Vienna"] }),
    contextTokens: whole("Bound on the context, when smaller than the model's."),
    maxConcurrent: whole("Runs at once, over all sessions.", { default: 8, minimum: 1 }),
    maxQueued: whole("Messages waiting in one session.", { default: 50, minimum: 1 }),
    limits: runLimits,
    compaction,
  }, "What every agent has unless it says otherwise."),
  list: list(agentEntry, "The agents; without any there is one, called main."),
}, "Agents: model, workspace, tools.");

export const modelsSection = object({
  mode: choice(["merge", "replace"], "Add to the built-in catalogue, or use only what is listed.", { default: "merge" }),
  providers: record(providerEntry, "Model providers by id."),
  failover: object({
    firstByteMs: whole("Longest wait for a model's first event before the next is tried.", { default: 60_000, minimum: 100 }),
    stallMs: whole("Longest silence in the middle of an answer.", { default: 60_000, minimum: 100 }),
    breakerFailures: whole("Failures in 30 s that open a credential's circuit.", { default: 5, minimum: 1 }),
    breakerRestMs: whole("How long an open circuit rests before one probe.", { default: 15_000, minimum: 100 }),
    maxAnswerBytes: whole("Largest answer accepted from a provider.", { default: 33_554_432 }),
  }, "When and how the next model is tried.", { "x-advanced": true }),
}, "Model providers.");
