// "Are you sure?" before something is gone. Without a terminal the answer must be on the command line.
import type { CommandCall } from "./command.ts";
import { exitCodes, failure, usageFailure } from "./failure.ts";

/** Throws when the answer is no. `--yes` answers for scripts. */
export async function confirm(call: Pick<CommandCall, "options" | "terminal" | "json">, question: string): Promise<void> {
  if (call.options.flag("yes")) return;
  if (call.json || !call.terminal.isInTty || !call.terminal.isErrTty) throw usageFailure(`${question} There is no terminal to ask in.`, "Answer with --yes.");
  const prompts = await import("@clack/prompts");
  const answer = await prompts.confirm({ message: question, initialValue: false, output: process.stderr });
  if (answer !== true) throw failure("ABORTED", "Nothing was changed.", undefined, exitCodes.interrupted);
}
