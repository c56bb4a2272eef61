// The central path: from an accepted prompt to its visible outcome. Start reading here.
import type { App } from "./app.ts";
import { admit } from "./admit.ts";
import { commandOf, runCommand } from "./commands.ts";
import { endAborted, endBroken, endJoined, endRun, leaveForRestart } from "./deliver.ts";
import { userMessage } from "./enrich.ts";
import type { Outcome, PromptEntry, Turn } from "./entry.ts";
import { runTurn } from "./run-turn.ts";

/** Every door's prompt ends here; the promise never rejects while the process can tell anybody anything. */
export async function answer(app: App, entry: PromptEntry): Promise<Outcome> {
  try {
    const command = commandOf(app, entry);
    if (command) return await runCommand(app, entry, command); // never waits for the lane
    return await take(app, entry as Turn); // what is no command has its place since it was accepted
  } catch (error) {
    return endBroken(app, entry, error);
  }
}

async function take(app: App, turn: Turn): Promise<Outcome> {
  const admission = await admit(app, turn, await userMessage(app, turn));
  if (admission.kind === "joined") return endJoined(app, turn, admission.into, admission.messageId);
  if (admission.kind === "aborted") return turn.ticket.abortedBy === undefined || turn.ticket.abortedBy === "shutdown" ? leaveForRestart(app, turn) : endAborted(app, turn);
  const end = await runTurn(app, turn, admission.collected);
  // What a stop of the process cut off goes on at the next start: its row stays open.
  if (end.result.state === "aborted" && end.result.abortedBy === "shutdown" && turn.inboxId !== undefined) return leaveForRestart(app, turn, end.result);
  return end.result.into === undefined ? endRun(app, turn, end) : endJoined(app, turn, end.result.into);
}
