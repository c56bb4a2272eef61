// docs/cli.md: every command with its options and examples, from the command tree.
import { describeCommands, type CommandDescription } from "../../src/cli/command-tree.ts";

export function cliPage(): string {
  const parts = [
    "# Command line",
    "Written by `npm run gen` from the commands; change them there.",
    "Every command takes `--json` (one document on standard output, `{ok:false,error:{code,message,next}}` and a non-zero exit code on failure), `--no-color` and `--help`. Commands that reach a gateway also take `--url`, `--token`, `--password`, `--tls-fingerprint` and `--timeout`.",
    ...describeCommands().flatMap((command) => section(command, 2)),
  ];
  return `${parts.join("\n\n")}\n`;
}

function section(command: CommandDescription, depth: number): string[] {
  const usage = ["openclaw", command.path, ...command.arguments.map((argument) => argument.name)].join(" ");
  const rows = [
    ...command.arguments.map((argument) => row(argument.name, argument.help, argument.choices, undefined)),
    ...command.options.map((option) => row(option.flags, option.help, option.choices, option.preset)),
  ];
  return [
    `${"#".repeat(depth)} ${command.path}`,
    `${command.summary}.${command.preset === undefined ? "" : ` Without a subcommand: \`${command.preset}\`.`}`,
    ...(command.commands.length > 0 && command.preset === undefined ? [] : [`    ${usage}`]),
    ...(command.details === undefined ? [] : [command.details]),
    ...(rows.length === 0 ? [] : [`| | |\n| --- | --- |\n${rows.join("\n")}`]),
    ...(command.examples.length === 0 ? [] : [`\`\`\`\n${command.examples.join("\n")}\n\`\`\``]),
    ...command.commands.flatMap((child) => section(child, depth + 1)),
  ];
}

function row(name: string, help: string, choices: readonly string[] | undefined, preset: string | undefined): string {
  const notes = [...(choices === undefined ? [] : [`one of ${choices.map((choice) => `\`${choice}\``).join(", ")}`]), ...(preset === undefined ? [] : [`default ${preset}`])];
  return `| \`${name.replaceAll("|", "\\|")}\` | ${help.replaceAll("|", "\\|")}${notes.length === 0 ? "" : ` (${notes.join("; ")})`} |`;
}
