// The completion script of a shell, written from the same tree as the help.
import type { CommandCall, Outcome } from "../command.ts";
import { completionScript, type Shell } from "../completion.ts";
import { createProgram } from "../program.ts";

export async function run(call: CommandCall): Promise<Outcome> {
  const shell = call.args[0] as Shell; // one of the choices that the argument allows
  const program = createProgram({ version: call.version, commands: call.commands, out: () => undefined, err: () => undefined, choose: () => undefined });
  const script = completionScript(shell, program);
  return { json: { shell, script }, text: script };
}
