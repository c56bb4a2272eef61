// The command line from arguments to exit code: choose a command, run it, print what it ends with or why it failed.
import { CommanderError } from "commander";
import { allCommands } from "./command-tree.ts";
import { type CommandCall, type CommandSpec, createOptions, type Outcome } from "./command.ts";
import type { Connection } from "./connection.ts";
import { describeFailure, exitCodes, type FailureView, usageFailure } from "./failure.ts";
import { type Machine, thisMachine } from "./machine.ts";
import { type Chosen, createProgram } from "./program.ts";
import { systemTerminal, type Terminal } from "./terminal.ts";
import { programVersion } from "./version.ts";

/** Runs one command line and ends the process with its exit code. */
export async function runCli(argv: readonly string[]): Promise<void> {
  const machine = thisMachine();
  const terminal = systemTerminal({ color: !argv.includes("--no-color") });
  endQuietlyWithoutReader();
  const stop = new AbortController();
  const onInterrupt = () => {
    if (stop.signal.aborted) process.exit(exitCodes.interrupted); // the second time means now
    stop.abort();
  };
  process.on("SIGINT", onInterrupt);
  const exitCode = await runCommand(argv, { machine, terminal, signal: stop.signal, onForeground: () => void process.off("SIGINT", onInterrupt) });
  // What is still open (a socket that closes politely) is not worth waiting for.
  process.stdout.write("", () => process.stderr.write("", () => process.exit(exitCode)));
}

export interface RunDeps {
  machine: Machine;
  terminal: Terminal;
  signal: AbortSignal;
  /** The command takes signals over itself. */
  onForeground?(): void;
}

/** The same without touching the process: what tests call. */
export async function runCommand(argv: readonly string[], deps: RunDeps): Promise<number> {
  const { terminal, machine } = deps;
  const isJson = argv.includes("--json");
  const version = await programVersion(machine.disk);
  let complaint = "";
  let chosen: Chosen | undefined;
  const program = createProgram({ version, commands: allCommands, out: terminal.out, err: (text) => void (complaint += text), choose: (found) => void (chosen = found) });
  try {
    if (argv.length === 0) program.outputHelp();
    else program.parse(argv, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) return fail(error, { terminal, isJson, machine });
    if (error.exitCode === 0) return exitCodes.ok;
    return usage(complaint, error, terminal, isJson);
  }
  if (complaint !== "") terminal.err(complaint);
  return chosen === undefined ? exitCodes.ok : runChosen(chosen, { ...deps, version });
}

async function runChosen(chosen: Chosen, deps: RunDeps & { version: string }): Promise<number> {
  const { terminal, machine, signal } = deps;
  const options = createOptions(chosen.values);
  const isJson = options.flag("json");
  const open: Connection[] = [];
  // Loads beside the action, not after it.
  const reaching = chosen.spec.scopes ? loadReach() : undefined;
  const call: CommandCall = {
    args: chosen.args,
    options,
    json: isJson,
    terminal,
    machine,
    signal,
    version: deps.version,
    commands: allCommands,
    onForeground: () => deps.onForeground?.(),
    async gateway(wish = {}) {
      const [{ openConnection }, { chooseTarget }] = await (reaching ?? loadReach());
      const target = await chooseTarget(machine, { url: options.text("url"), token: options.text("token"), password: options.text("password"), fingerprint: options.text("tlsFingerprint") });
      const connection = await openConnection({ machine, target, version: deps.version, timeoutMs: wish.timeoutMs ?? options.whole("timeout", 1), signal }, { scopes: chosen.spec.scopes ?? [], ...wish });
      open.push(connection);
      return connection;
    },
  };
  try {
    if (chosen.unknown !== undefined) throw await unknownCommand(chosen.unknown, chosen.spec);
    const action = await chosen.spec.action?.();
    if (!action) throw new Error(`command ${chosen.spec.name} does nothing`);
    return print(await action(call), terminal, isJson);
  } catch (error) {
    return fail(error, { terminal, isJson, machine });
  } finally {
    for (const connection of open) connection.close();
  }
}

async function unknownCommand(word: string, spec: CommandSpec): Promise<Error> {
  const { nearest } = await import("../config/check.ts");
  const names = (spec.commands ?? []).map((child) => child.name);
  const meant = nearest(word, names);
  return usageFailure(`unknown command '${word}'`, meant === undefined ? `Commands: ${names.map((name) => `${spec.name} ${name}`).join(", ")}` : `Did you mean ${spec.name} ${meant}?`);
}

function loadReach() {
  return Promise.all([import("./connection.ts"), import("./target.ts")]);
}

function print(outcome: Outcome, terminal: Terminal, isJson: boolean): number {
  if (isJson && outcome.json !== undefined) terminal.out(`${JSON.stringify(outcome.json, null, 2)}\n`);
  else if (isJson) return outcome.exitCode ?? exitCodes.ok;
  else if (outcome.text !== undefined && outcome.text !== "") terminal.out(outcome.text.endsWith("\n") ? outcome.text : `${outcome.text}\n`);
  return outcome.exitCode ?? exitCodes.ok;
}

function fail(error: unknown, { terminal, isJson, machine }: { terminal: Terminal; isJson: boolean; machine: Machine }): number {
  const { view, exitCode } = describeFailure(error);
  say(view, terminal, isJson);
  if (machine.env.own("DEBUG") !== undefined && error instanceof Error) terminal.err(`${error.stack ?? ""}\n`);
  return exitCode;
}

function say(view: FailureView, terminal: Terminal, isJson: boolean): void {
  if (isJson) terminal.out(`${JSON.stringify({ ok: false, error: view }, null, 2)}\n`);
  else terminal.err(`${terminal.paintErr("red", "error:")} ${view.message}\n${view.next === undefined ? "" : `${terminal.paintErr("dim", `→ ${view.next}`)}\n`}`);
}

/** Commander's complaint, with its suggestion, in our two forms. A group without a command shows its help. */
function usage(complaint: string, error: CommanderError, terminal: Terminal, isJson: boolean): number {
  const isBareGroup = error.code === "commander.help";
  if (isJson) {
    const [message = "", ...rest] = isBareGroup ? ["a command is missing"] : complaint.trim().split("\n");
    const next = rest.join(" ").replace(/^\((.*)\)$/, "$1");
    say({ code: "USAGE", message: message.replace(/^error: /, ""), ...(next === "" ? {} : { next }) }, terminal, true);
  } else terminal.err(complaint);
  return exitCodes.usage;
}

/** `openclaw logs | head`: nobody reads any more, and that is no failure. */
function endQuietlyWithoutReader(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EPIPE") process.exit(exitCodes.ok);
      throw error;
    });
  }
}
