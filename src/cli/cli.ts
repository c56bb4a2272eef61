// The command line from arguments to exit code: choose a command, run it, print what it ends with or why it failed.
import { CommanderError } from "commander";
import { allCommands } from "./command-tree.ts";
import { type CommandCall, type CommandSpec, createOptions, type Outcome } from "./command.ts";
import type { Connection } from "./connection.ts";
import { type CliFailure, describeFailure, exitCodes, type FailureView, usageFailure } from "./failure.ts";
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
  const place = placeOf(argv);
  let [told, complaint] = ["", ""];
  let chosen: Chosen | undefined;
  const program = createProgram({ version, commands: allCommands, out: (text) => (isJson ? void (told += text) : terminal.out(text)), err: (text) => void (complaint += text), choose: (found) => void (chosen = found) });
  try {
    if (argv[0] === "help" && place.stray !== undefined) throw await unknownCommand(place.stray, place);
    if (argv.length === 0) program.outputHelp();
    else program.parse(argv[0] === "help" ? [...argv.slice(1), "--help"] : argv, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) return fail(error, { terminal, isJson, machine, place });
    if (error.exitCode !== 0) return fail(await usage(complaint, error, place), { terminal, isJson, machine, place, help: error.code === "commander.help" ? complaint : undefined });
    return print({ json: error.code === "commander.version" ? { version } : { help: told } }, terminal, isJson);
  }
  if (complaint !== "") terminal.err(complaint);
  return chosen === undefined ? exitCodes.ok : runChosen(chosen, { ...deps, version, place });
}

/** How far the words of a command line name a command, and the first word that does not. */
interface Place {
  /** `openclaw sessions list` */
  name: string;
  commands: readonly CommandSpec[];
  stray?: string;
}

function placeOf(argv: readonly string[]): Place {
  let place: Place = { name: "openclaw", commands: allCommands };
  const isValue = (index: number) => argv[index - 1]?.startsWith("-") === true && !["--json", "--no-color"].includes(argv[index - 1] ?? "");
  for (const word of argv.filter((one, index) => !one.startsWith("-") && !isValue(index) && !(index === 0 && one === "help"))) {
    const found = place.commands.find((child) => child.name === word);
    if (found === undefined) return { ...place, stray: word };
    place = { name: `${place.name} ${word}`, commands: found.commands ?? [] };
  }
  return place;
}

async function runChosen(chosen: Chosen, deps: RunDeps & { version: string; place: Place }): Promise<number> {
  const { terminal, machine, signal, place } = deps;
  const options = createOptions(chosen.values);
  const isJson = options.flag("json") || Object.values(chosen.values).includes("--json"); // where it was swallowed, too
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
    if (chosen.unknown !== undefined) throw await unknownCommand(chosen.unknown, place);
    refuseSwallowed(chosen);
    const action = await chosen.spec.action?.();
    if (!action) throw new Error(`command ${chosen.spec.name} does nothing`);
    return print(await action(call), terminal, isJson);
  } catch (error) {
    return fail(error, { terminal, isJson, machine, place });
  } finally {
    for (const connection of open) connection.close();
  }
}

/** `--label --json`: the value was left out, and the next option would be taken for it. */
function refuseSwallowed({ values, flags }: Chosen): void {
  for (const [name, value] of Object.entries(values)) {
    const swallowed = [value].flat().find((one) => typeof one === "string" && flags.includes(one));
    if (swallowed !== undefined) throw usageFailure(`option --${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)} has no value: ${String(swallowed)} is an option itself`);
  }
}

async function unknownCommand(word: string, { name, commands }: Place): Promise<CliFailure> {
  const { nearest } = await import("../config/check.ts");
  const within = name === "openclaw" ? "" : `${name.slice("openclaw ".length)} `;
  const meant = nearest(word, commands.map((child) => child.name));
  const all = within === "" || commands.length === 0 ? `\`${name} --help\` shows what there is.` : commandsOf({ name, commands });
  return usageFailure(`unknown command '${word}'`, meant === undefined ? all : `Did you mean ${within}${meant}?`);
}

function commandsOf({ name, commands }: Place): string {
  return `Commands: ${commands.map((child) => `${name.replace(/^openclaw ?/, "")} ${child.name}`.trim()).join(", ")}`;
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

interface FailDeps {
  terminal: Terminal;
  isJson: boolean;
  machine: Machine;
  place: Place;
  /** Shown to people in place of the words. */
  help?: string | undefined;
}

function fail(error: unknown, { terminal, isJson, machine, place, help }: FailDeps): number {
  const { view, exitCode } = describeFailure(error);
  if (help !== undefined && !isJson) terminal.err(help);
  else say(view.code === "USAGE" && view.next === undefined ? { ...view, next: `\`${place.name} --help\` shows how it is used.` } : view, terminal, isJson);
  if (machine.env.own("DEBUG") !== undefined && error instanceof Error) terminal.err(`${error.stack ?? ""}\n`);
  return exitCode;
}

/** The code stands behind the first line: the guide to troubleshooting is sorted by it. */
function say(view: FailureView, terminal: Terminal, isJson: boolean): void {
  if (isJson) return terminal.out(`${JSON.stringify({ ok: false, error: view }, null, 2)}\n`);
  const [first = "", ...rest] = view.message.split("\n");
  terminal.err([`${terminal.paintErr("red", "error:")} ${first} ${terminal.paintErr("dim", `[${view.code}]`)}`, ...rest, ...(view.next === undefined ? [] : [terminal.paintErr("dim", `→ ${view.next}`)]), ""].join("\n"));
}

/** Commander's complaint, with its suggestion, as one of ours. A group without a command shows its help. */
async function usage(complaint: string, error: CommanderError, place: Place): Promise<CliFailure> {
  if (error.code === "commander.help") return usageFailure("a command is missing", commandsOf(place));
  const [message = "", ...rest] = complaint.trim().split("\n");
  const next = rest.join(" ").replace(/^\((.*)\)$/, "$1");
  if (error.code === "commander.unknownCommand" && next === "" && place.stray !== undefined) return unknownCommand(place.stray, place);
  return usageFailure(message.replace(/^error: /, ""), next === "" ? undefined : next);
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
