// The one configuration schema: types, validation, defaults, docs page and UI form all come from it.
import { Type, type Static } from "typebox";
import { agentsSection, modelsSection, toolRules } from "./schema-agents.ts";
import { choice, closed, flag, free, object, record, text, texts, whole, type Resolved } from "./schema-fields.ts";
import { gatewaySection } from "./schema-gateway.ts";
import type { SchemaNode } from "./schema-node.ts";

export type { SecretValue } from "./schema-fields.ts";

const level = ["debug", "info", "warn", "error", "silent"] as ["debug", "info", "warn", "error", "silent"];

const session = object({
  scope: choice(["per-sender", "global"], "One conversation per sender, or one for all.", { default: "per-sender" }),
  mainKey: text("Name of the main conversation.", { default: "main" }),
  idleMinutes: whole("Start anew after this long without a message.", { minimum: 1 }),
  reset: object({
    mode: choice(["off", "daily", "idle"], "When a conversation starts anew.", { default: "off" }),
    atHour: whole("Local hour of the daily reset.", { maximum: 23, default: 4 }),
    idleMinutes: whole("Idle time of the idle reset.", { minimum: 1 }),
  }, "Automatic reset."),
  resetByType: record(Type.Object({
    mode: choice(["off", "daily", "idle"], "When a conversation of this type starts anew."),
    atHour: whole("Local hour of the daily reset.", { maximum: 23 }),
    idleMinutes: whole("Idle time of the idle reset.", { minimum: 1 }),
  }, closed), "Automatic reset per type of chat: dm, group, thread."),
  resetTriggers: texts("Messages that start anew.", { default: ["/new", "/reset"] }),
  store: text("Path of sessions.json; {agentId} is replaced.", { "x-advanced": true }),
}, "Conversations.");

const tools = object({
  ...toolRules,
  profile: choice(["minimal", "coding", "messaging", "full"], "Named set of tools.", { default: "full" }),
  web: object({
    fetch: object({
      enabled: flag("Offer web_fetch.", { default: true }),
      maxBytes: whole("Largest page.", { default: 5_242_880 }),
      timeoutMs: whole("Longest wait.", { default: 20_000, minimum: 100 }),
      allowPrivate: texts("Exact host:port pairs on private networks that may be fetched.", { examples: [["192.168.1.10:8080"]] }),
    }, "Fetching pages."),
  }, "Web tools."),
  timeoutMs: whole("Longest time of one tool call.", { default: 120_000, minimum: 100 }),
  maxResultChars: whole("Longest tool result given to the model; the whole is kept as a blob.", { default: 30_000, minimum: 1_000 }),
}, "Tools for all agents.");

const logging = object({
  level: choice(level, "Least level written.", { default: "info" }),
  file: text("Path of the log file."),
  consoleLevel: choice(level, "Least level on the console; warn when absent."),
  maxFileBytes: whole("A full file is renamed and the oldest removed.", { default: 20_971_520, minimum: 4_096 }),
  maxFiles: whole("Files kept.", { default: 5, minimum: 1 }),
}, "The log.");

export const configSchema = Type.Object({
  $schema: text("Editor hint; ignored."),
  meta: object({ lastTouchedVersion: text("Version that wrote the file last."), lastTouchedAt: text("When it did.") }, "Who wrote the file last.", { "x-advanced": true }),
  gateway: gatewaySection,
  agents: agentsSection,
  models: modelsSection,
  session,
  messages: object({
    queue: object({
      mode: choice(["steer", "followup", "collect", "interrupt"], "What a message does while a run is going on.", { default: "steer" }),
      debounceMs: whole("Quiet time before collected messages become one.", { default: 500 }),
      cap: whole("Messages kept waiting in one conversation; agents.defaults.maxQueued when absent.", { minimum: 1 }),
    }, "Messages that arrive during a run."),
  }, "Message handling."),
  tools,
  logging,
  store: object({
    durability: choice(["disk", "process"], "disk: acknowledged means synced; process: a power cut may lose the last moments.", { default: "disk", "x-restart": true }),
    keepSettledDays: whole("How long keys of settled messages refuse duplicates.", { default: 7, minimum: 7 }),
  }, "State on disk.", { "x-advanced": true }),
  extensions: object({
    deny: texts("Extensions never loaded."),
    entries: record(Type.Object({ enabled: flag("Load it when something it provides is used."), config: free("Its own settings, checked against the schema in its manifest.") }, closed), "Settings per extension."),
  }, "Extensions."),
  env: Type.Optional(Type.Object({ vars: record(Type.String(), "Values for ${NAME} in this file.") }, { description: "Variables of this file.", additionalProperties: Type.String(), "x-advanced": true })),
  wizard: free("What onboarding remembers.", { "x-advanced": true }),
}, { ...closed, title: "OpenClaw configuration" });

/** The same, read as plain JSON Schema. */
export const configNode = configSchema as unknown as SchemaNode; // TypeBox values are JSON Schema

/** The document as written, after substitution and validation; every field may be absent. */
export type ConfigDocument = Static<typeof configSchema>;

/** The document with defaults filled in: every section and every field that has a default is there. */
export type ResolvedConfig = Resolved<typeof configSchema>;
