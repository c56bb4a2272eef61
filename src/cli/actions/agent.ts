// One turn: sends the message under a run id, prints text the moment it arrives, and stops the run on Ctrl-C.
import { CallError } from "../../client/call-error.ts";
import type { CommandCall, Outcome } from "../command.ts";
import type { Connection } from "../connection.ts";
import { exitCodes, failure, isAbort, usageFailure } from "../failure.ts";
import { createReplyPrinter, type ReplyPrinter } from "../reply-printer.ts";
import { createToolPrinter } from "../tool-printer.ts";

interface Answer {
  runId: string;
  status: string;
  summary?: string;
  result?: { payloads?: { text?: string }[]; meta?: { aborted?: boolean; agentMeta?: { provider?: string; model?: string } } };
}

const maxMessageBytes = 4_000_000;
const defaultTimeoutSeconds = 600;
/** After the run's own limit: the gateway ends it, and says so. */
const graceMs = 15_000;
const abortWaitMs = 5_000;
/** A gateway that restarts is back within seconds. */
const reconnectTries = 30;
const reconnectPauseMs = 500;

export async function run(call: CommandCall): Promise<Outcome> {
  const { options, terminal } = call;
  const message = await messageOf(call);
  const runId = call.machine.ids.uuid();
  const timeoutSeconds = options.whole("timeout") ?? defaultTimeoutSeconds;
  const params = {
    message,
    idempotencyKey: runId,
    deliver: false,
    timeout: timeoutSeconds,
    ...given("agentId", options.text("agent")),
    ...given("sessionKey", options.text("sessionKey")),
    ...given("sessionId", options.text("sessionId")),
    ...given("thinking", options.text("thinking")),
    ...given("model", options.text("model")),
  };
  const reply = createReplyPrinter(call.json ? () => undefined : (text) => terminal.out(text), { shared: terminal.isOutTty && terminal.isErrTty });
  const showsTools = !call.json && (terminal.isErrTty || options.flag("verbose"));
  const answer = await ask(call, { params, runId, reply, showsTools, timeoutMs: timeoutSeconds === 0 ? 0 : timeoutSeconds * 1_000 + graceMs });
  const text = (answer.result?.payloads ?? []).map((payload) => payload.text ?? "").join("\n");
  reply.end(text);
  const isStopped = answer.result?.meta?.aborted === true;
  if (!call.json && answer.result?.meta?.agentMeta?.provider === "demo") terminal.err(terminal.paintErr("dim", "This was the built-in demo. Add a model with `openclaw onboard`.\n"));
  if (!call.json && isStopped) terminal.err(`${terminal.paintErr("yellow", "stopped")}\n`);
  return { json: answer, exitCode: isStopped ? exitCodes.interrupted : exitCodes.ok };
}

async function messageOf({ options, terminal, machine }: CommandCall): Promise<string> {
  const [text, file] = [options.text("message"), options.text("messageFile")];
  if (text !== undefined && file !== undefined) throw usageFailure("--message and --message-file exclude each other");
  const fromInput = text === "-" || file === "-" || (text === undefined && file === undefined && !terminal.isInTty);
  const message = fromInput ? await terminal.readInput(maxMessageBytes) : file === undefined ? text : await readMessage(machine, file);
  if (message === undefined || message.trim() === "") throw usageFailure("a message is missing", 'Say it: openclaw agent -m "Hello"');
  return message;
}

async function readMessage(machine: CommandCall["machine"], file: string): Promise<string> {
  const path = machine.env.path(file);
  const found = await machine.disk.stat(path);
  if (found === undefined) throw usageFailure(`there is no file ${file}`);
  if (found.isDirectory) throw usageFailure(`${file} is a folder, not a file`);
  return (await machine.disk.readFile(path))?.toString("utf8") ?? "";
}

interface Ask {
  params: Record<string, unknown>;
  runId: string;
  reply: ReplyPrinter;
  showsTools: boolean;
  timeoutMs: number;
}

/** The run goes on without us; when the connection breaks, the same id asks for the same run. */
async function ask(call: CommandCall, what: Ask): Promise<Answer> {
  for (let left = reconnectTries; ; left--) {
    let accepted = false;
    try {
      const connection = await call.gateway({ caps: what.showsTools ? ["tool-events"] : [] });
      return await turn(call, connection, what, () => void (accepted = true));
    } catch (error) {
      const isLost = error instanceof CallError && error.code === "CONNECTION_LOST";
      const isAway = !accepted && left < reconnectTries && !call.signal.aborted;
      if ((!isLost && !isAway) || left === 0) throw error;
      if (isLost) call.terminal.err(`${what.reply.breakLine() ? "\n" : ""}${call.terminal.paintErr("dim", "the connection was lost; the run goes on, asking again")}\n`);
      await call.machine.clock.sleep(reconnectPauseMs, call.signal);
    }
  }
}

async function turn(call: CommandCall, connection: Connection, { params, runId, reply, showsTools, timeoutMs }: Ask, onAccepted: () => void): Promise<Answer> {
  let sessionKey = typeof params["sessionKey"] === "string" ? params["sessionKey"] : connection.hello.snapshot.sessionDefaults?.mainSessionKey ?? "main";
  connection.on<ChatEvent>("chat", (event) => {
    if (event.runId === runId && event.state === "delta" && typeof event.deltaText === "string") reply.delta(event.deltaText, event.replace === true);
  });
  if (showsTools) {
    const tools = createToolPrinter(call.terminal, reply);
    connection.on<AgentEvent>("agent", (event) => event.runId === runId && event.stream === "tool" && tools.show(event.data));
  }
  // The call itself outlives Ctrl-C: its answer says that the run was stopped.
  const finished = new AbortController();
  const stop = () => {
    connection.call("chat.abort", { sessionKey, runId }, { signal: finished.signal, timeoutMs: abortWaitMs }).catch(() => finished.abort());
    call.machine.clock.after(abortWaitMs, () => finished.abort());
  };
  if (call.signal.aborted) throw call.signal.reason;
  call.signal.addEventListener("abort", stop, { once: true });
  try {
    return await connection.call<Answer>("agent", params, {
      expectFinal: true,
      timeoutMs,
      signal: finished.signal,
      onAccepted(early) {
        onAccepted();
        const resolved = (early as { sessionKey?: unknown } | null)?.sessionKey;
        if (typeof resolved === "string") sessionKey = resolved;
      },
    });
  } catch (error) {
    if (isAbort(error)) throw failure("ABORTED", "Stopped; the gateway did not say how the run ended.", undefined, exitCodes.interrupted);
    throw error;
  } finally {
    call.signal.removeEventListener("abort", stop);
  }
}

interface ChatEvent {
  runId: string;
  state: string;
  deltaText?: string;
  replace?: boolean;
}

interface AgentEvent {
  runId: string;
  stream: string;
  data: Record<string, unknown>;
}

function given<K extends string>(name: K, value: string | undefined): Partial<Record<K, string>> {
  return value === undefined ? {} : ({ [name]: value } as Record<K, string>); // one member, as named
}
