// Slash commands as a table of values. They never wait for the session's lane; their answers go to the transcript and to whoever watches.
import type { RunResult } from "../agents/runs.ts";
import { commandModel } from "../agents/model-view.ts";
import { Fault } from "../base/faults.ts";
import { holds, type Scope } from "../protocol/scopes.ts";
import type { AssistantMessage } from "../sdk/provider.ts";
import type { App } from "./app.ts";
import { compactSession } from "./compact-session.ts";
import { settle } from "./deliver.ts";
import type { Outcome, PromptEntry } from "./entry.ts";
import { sessionModelOf } from "./session-model.ts";
import { sessionStatus } from "./status.ts";

export interface Command {
  /** With its slash. */
  name: string;
  aliases?: readonly string[];
  /** What the person's authority must hold. */
  access: Scope;
  /** What stands after the name, for the help text. */
  usage?: string;
  help: string;
  /** Returns what the person is told. A Fault becomes the answer too. */
  run(app: App, entry: PromptEntry, args: string): Promise<string>;
}

export const newConversation: Command = {
  name: "/new",
  aliases: ["/reset"],
  access: "operator.write",
  usage: "[first words]",
  help: "Start a new conversation; the old one stays on disk.",
  async run(app, entry) {
    await stopAll(app, entry);
    await app.sessions.reset(entry.sessionKey);
    return "New conversation. The model remembers nothing of the old one; its transcript is kept.";
  },
};

export const commands: readonly Command[] = [
  newConversation,
  {
    name: "/stop",
    access: "operator.write",
    help: "Stop what is running here and what waits behind it.",
    async run(app, entry) {
      const stopped = app.runs.abort(entry.sessionKey, { by: "stop" });
      return stopped.length === 0 ? "Nothing is running." : stopped.length === 1 ? "Stopped." : `Stopped ${stopped.length} runs.`;
    },
  },
  {
    name: "/model",
    access: "operator.write",
    usage: "[provider/model | default]",
    help: "Show the model of this conversation, or choose another one.",
    run: (app, entry, args) => (args === "" ? showModel(app, entry) : chooseModel(app, entry, args)),
  },
  { name: "/status", access: "operator.read", help: "Show model, context, queue and version.", run: (app, entry) => sessionStatus(app, entry.sessionKey, entry.agentId) },
  {
    name: "/compact",
    access: "operator.write",
    help: "Shorten the history that the model sees; nothing is deleted.",
    async run(app, entry) {
      const done = await compactSession(app, entry.sessionKey, app.signal);
      return done.compacted ? `Shortened: a summary and the newest ${done.kept} messages stay in view.` : `Not shortened: ${done.reason}.`;
    },
  },
  { name: "/help", access: "operator.read", help: "Show this list.", run: async () => helpText() },
];

export function helpText(): string {
  return commands.map((command) => `${[command.name, ...(command.aliases ?? [])].join(", ")}${command.usage ? ` ${command.usage}` : ""} – ${command.help}`).join("\n");
}

const stopPhrases = new Set(["/stop", "stop", "esc", "abort", "wait", "exit", "interrupt"]);

/** What stops the runs of a session when it is all that was said (protocol.md 4.2). */
export function isStopPhrase(text: string): boolean {
  return stopPhrases.has(text.trim().toLowerCase());
}

export interface ParsedCommand { command: Command; args: string }

const byName = new Map(commands.flatMap((command) => [command.name, ...(command.aliases ?? [])].map((name) => [name, command] as const)));

/** A command of ours, or a word that the configuration made one; other text with a slash in front is for the model. */
export function parseCommand(app: { config: Pick<App["config"], "current"> }, text: string): ParsedCommand | undefined {
  const said = text.trim();
  if (isStopPhrase(said)) return { command: byName.get("/stop") as Command /* it is in the table */, args: "" };
  const first = /^\S+/.exec(said)?.[0] ?? "";
  const isReset = (app.config.current().value.session.resetTriggers ?? []).some((trigger) => trigger.toLowerCase() === first.toLowerCase());
  const command = isReset ? newConversation : first.startsWith("/") ? byName.get(first.toLowerCase()) : undefined;
  return command && { command, args: said.slice(first.length).trim() };
}

export function commandOf(app: App, entry: PromptEntry): ParsedCommand | undefined {
  return entry.ticket || entry.prompt.literal ? undefined : parseCommand(app, entry.prompt.text);
}

/** Runs it, writes its answer down, tells who watches, settles the entry. Found at boot with its answer written, it is settled only. */
export async function runCommand(app: App, entry: PromptEntry, { command, args }: ParsedCommand): Promise<Outcome> {
  const startedAt = app.clock.now();
  const text = (await answeredBefore(app, entry)) ?? (await answerOf(app, entry, command, args));
  const result: RunResult = { runId: entry.runId, state: "done", startedAt, endedAt: app.clock.now(), text };
  await settle(app, entry, result, [], { kind: "command" });
  app.runs.note(result);
  return { kind: "command", runId: entry.runId, text };
}

async function answerOf(app: App, entry: PromptEntry, command: Command, args: string): Promise<string> {
  const mayRun = holds(entry.prompt.authority.scopes, command.access);
  const text = mayRun ? await told(command.run(app, entry, args)) : `missing scope: ${command.access}`;
  const session = await app.sessions.open(entry.sessionKey);
  const [messageId] = await session.transcript.append([{ type: "message", message: commandAnswer(text, app.clock.now()), runId: entry.runId, idempotencyKey: entry.runId }], { durable: true });
  app.events.emit("session.message", { sessionKey: entry.sessionKey, sessionId: session.sessionId, agentId: entry.agentId, spokenKey: entry.prompt.spokenKey, runId: entry.runId, kind: "command", text, messageId: messageId ?? "" });
  return text;
}

/** What went wrong is an answer as well, unless it could not be kept. */
async function told(work: Promise<string>): Promise<string> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof Fault) || error.code.startsWith("store.")) throw error;
    return `${error.message}. ${error.next}`;
  }
}

async function answeredBefore(app: App, entry: PromptEntry): Promise<string | undefined> {
  if (entry.resumes === undefined) return undefined;
  const session = await app.sessions.peek(entry.sessionKey);
  const line = (await session?.transcript.history())?.find((one) => one.runId === entry.runId);
  if (line?.message.role !== "assistant") return undefined;
  return line.message.content.map((block) => (block.type === "text" ? block.text : "")).join("");
}

function commandAnswer(text: string, at: number): AssistantMessage {
  return { role: "assistant", content: [{ type: "text", text }], api: "openclaw", ...commandModel, usage: { input: 0, output: 0, cacheRead: 0, cacheWrite: 0, totalTokens: 0 }, stopReason: "injected", timestamp: at };
}

/** Runs that were stopped get this long to put down what they said. */
const STOP_WAIT_MS = 2_000;

async function stopAll(app: App, entry: PromptEntry): Promise<void> {
  const stopped = app.runs.abort(entry.sessionKey, { by: "stop" });
  await Promise.all(stopped.map((runId) => app.runs.wait(runId, STOP_WAIT_MS, app.signal)));
}

async function showModel(app: App, entry: PromptEntry): Promise<string> {
  const session = await app.sessions.peek(entry.sessionKey);
  const chosen = sessionModelOf(session?.entry);
  const policy = await app.models.policy({ agentId: entry.agentId, config: app.config.current(), ...(chosen === undefined ? {} : { sessionModel: chosen }) });
  const [first, ...rest] = policy.candidates.map((model) => `${model.provider}/${model.id}${model.demo ? " (demo)" : ""}`);
  return `Model: ${first ?? "none"}${chosen === undefined ? "" : " (chosen for this conversation)"}${rest.length === 0 ? "" : `\nThen: ${rest.join(", ")}`}`;
}

async function chooseModel(app: App, entry: PromptEntry, wanted: string): Promise<string> {
  await app.sessions.open(entry.sessionKey);
  if (wanted === "default") {
    await app.sessions.patch(entry.sessionKey, { model: null });
    return showModel(app, entry);
  }
  const model = await app.models.find(wanted);
  await app.sessions.patch(entry.sessionKey, { model: `${model.provider}/${model.id}` });
  return `Model: ${model.provider}/${model.id}${model.demo ? " (demo)" : ""}. It answers from the next message on.`;
}
