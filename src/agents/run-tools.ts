// How a run calls tools: through execution alone, with authority that only shrinks, and without waiting for one that does not listen.
import type { Clock } from "../base/clock.ts";
import type { Execution, ToolCallRequest, ToolOutcome } from "../execution/execution.ts";
import { narrow } from "../guard/authority.ts";
import type { ToolCallBlock } from "../sdk/provider.ts";
import type { EngineToolResult } from "./engine.ts";
import type { RunLimits } from "./run-limits.ts";

export interface ToolCallerDeps {
  clock: Clock;
  execution: Pick<Execution, "call">;
  limits: RunLimits;
  /** What every call of the run has in common; its authority is where the run begins. */
  about: Omit<ToolCallRequest, "callId" | "tool" | "args" | "said" | "progress">;
  progress(call: ToolCallBlock, text: string): void;
}

export interface ToolCaller {
  call(call: ToolCallBlock, signal: AbortSignal): Promise<EngineToolResult>;
  /** The person said more: what they name may be touched even with outside text in the turn. */
  heard(words: string): void;
}

/** A tool that does not listen to its signal is left behind after this. */
const ABORT_GRACE_MS = 100;

export function createToolCaller({ clock, execution, limits, about, progress }: ToolCallerDeps): ToolCaller {
  let { authority } = about;
  let said = "";
  return {
    heard(words) {
      said = said === "" ? words : `${said}\n${words}`;
    },
    async call(call, signal) {
      const refused = limits.call(call.name, call.arguments);
      if (refused) return { content: [{ type: "text", text: `Not run: ${refused}.` }], isError: true };
      const work = execution.call({ ...about, authority, callId: call.id, tool: call.name, args: call.arguments, said, progress: (text) => progress(call, text) }, signal);
      const outcome = await withinGrace(clock, work, signal);
      if (outcome.untrusted) authority = narrow(authority, { tainted: true });
      return { content: outcome.content, isError: outcome.isError, details: detailsOf(outcome) };
    },
  };
}

/** Waits for the outcome; after an abort only for the grace. */
function withinGrace(clock: Clock, work: Promise<ToolOutcome>, signal: AbortSignal): Promise<ToolOutcome> {
  return new Promise((resolve, reject) => {
    let cancel = () => {};
    const giveUp = () => {
      const timer = clock.after(ABORT_GRACE_MS, () => resolve({ content: [{ type: "text", text: "Aborted." }], isError: true, untrusted: false, durationMs: 0 }));
      cancel = () => timer.cancel();
    };
    if (signal.aborted) giveUp();
    else signal.addEventListener("abort", giveUp, { once: true });
    work.then(resolve, reject).finally(() => {
      cancel();
      signal.removeEventListener("abort", giveUp);
    });
  });
}

/** What stands beside the result in the transcript: for people, never for the model. */
function detailsOf({ details, untrusted, fullOutput, durationMs }: ToolOutcome): Record<string, unknown> {
  return { durationMs: Math.round(durationMs), ...(details === undefined ? {} : { data: details }), ...(untrusted ? { untrusted: true } : {}), ...(fullOutput === undefined ? {} : { fullOutput }) };
}
