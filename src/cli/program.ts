// Command values as a commander program: arguments, options, help, suggestions. What a command does is not here.
import { Argument, Command, Option } from "commander";
import type { ArgumentSpec, CommandSpec, OptionSpec } from "./command.ts";

/** A command that was chosen, with everything given to it. */
export interface Chosen {
  spec: CommandSpec;
  args: string[];
  values: Record<string, unknown>;
  /** The options that the command knows: none of them is meant as the value of another. */
  flags: readonly string[];
  /** A word after a group that is none of its commands; the group's own command would take it for an argument. */
  unknown?: string;
}

const commonOptions: readonly OptionSpec[] = [{ flags: "--json", help: "one JSON document on standard output" }, { flags: "--no-color", help: "no colours" }];
const connectionOptions: readonly OptionSpec[] = [
  { flags: "--url <url>", help: "address of the gateway" },
  { flags: "--token <token>", help: "its shared token (OPENCLAW_GATEWAY_TOKEN keeps it out of the process list)" },
  { flags: "--password <password>", help: "its shared password" },
  { flags: "--tls-fingerprint <sha256>", help: "the certificate it must show" },
];
const timeoutOption: OptionSpec = { flags: "--timeout <ms>", help: "longest wait for an answer" };

export interface ProgramDeps {
  version: string;
  commands: readonly CommandSpec[];
  out(text: string): void;
  err(text: string): void;
  /** Called with the command to run; commander itself runs nothing. */
  choose(chosen: Chosen): void;
}

export function createProgram(deps: ProgramDeps): Command {
  const program = new Command("openclaw");
  settle(program, deps)
    .description("A personal AI assistant gateway: one process between your chats, your devices and the models you choose.")
    .version(deps.version, "-V, --version", "print the version")
    .enablePositionalOptions()
    .helpCommand("help [command]", "help for a command")
    .addHelpText("after", "\nFirst steps:\n  openclaw onboard              add a model and its key\n  openclaw gateway start        start the gateway in the background\n  openclaw dashboard            open the Control UI\n  openclaw agent -m \"Hello\"     talk to the assistant");
  addOptions(program, [...commonOptions, ...connectionOptions, timeoutOption]);
  for (const spec of deps.commands) addCommand(program, spec, deps);
  return program;
}

function addCommand(parent: Command, spec: CommandSpec, deps: ProgramDeps): void {
  const command = settle(parent.command(spec.name, { hidden: spec.hidden ?? false }), deps);
  command.summary(spec.summary).description([spec.summary, spec.details].filter((part) => part !== undefined).join("\n\n"));
  if (spec.examples) command.addHelpText("after", `\nExamples:\n${spec.examples.map((line) => `  ${line}`).join("\n")}`);
  for (const child of spec.commands ?? []) addCommand(command, child, deps);
  const acting = spec.preset === undefined ? spec : spec.commands?.find((child) => child.name === spec.preset);
  if (acting?.action === undefined) {
    addOptions(command, commonOptions); // so that a group without a command fails in the form that was asked for
    return;
  }
  for (const arg of acting.args ?? []) command.addArgument(argumentOf(arg));
  addOptions(command, acting.options ?? []);
  const own = new Set(command.options.map((option) => option.long));
  const shared = [...(acting.scopes ? [...connectionOptions, timeoutOption] : []), ...commonOptions].filter((option) => !own.has(/--[a-z-]+/.exec(option.flags)?.[0]));
  command.optionsGroup("Common options:");
  addOptions(command, shared);
  if (spec.commands) command.allowExcessArguments();
  command.action((...given: unknown[]) => {
    const self = given.at(-1) as Command; // commander passes the command last
    const named = given.slice(0, -2).flat().filter((arg) => arg !== undefined).map(String);
    const [stray] = spec.commands ? self.args.slice(named.length) : [];
    const flags = self.options.flatMap((option) => option.long ?? []);
    deps.choose({ spec: stray === undefined ? acting : spec, args: named, values: self.optsWithGlobals(), flags, ...(stray === undefined ? {} : { unknown: stray }) });
  });
}

function settle(command: Command, deps: ProgramDeps): Command {
  return command
    .exitOverride()
    .showSuggestionAfterError()
    .configureOutput({ writeOut: deps.out, writeErr: deps.err, outputError: (text, write) => write(text) })
    .configureHelp({ showGlobalOptions: false, subcommandTerm: (sub) => `${sub.name()}${sub.commands.length > 0 ? " …" : ""}` });
}

function addOptions(command: Command, options: readonly OptionSpec[]): void {
  for (const { flags, help, choices, preset, hidden } of options) {
    const option = new Option(flags, preset === undefined ? help : `${help} (default: ${preset})`);
    if (choices) option.choices(choices);
    command.addOption(hidden ? option.hideHelp() : option);
  }
}

function argumentOf({ name, help, choices }: ArgumentSpec): Argument {
  const argument = new Argument(name, help);
  return choices ? argument.choices(choices) : argument;
}
