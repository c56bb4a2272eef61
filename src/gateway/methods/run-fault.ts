// The fault that a run which did not end well answers with: the reason, and what a person can do about this kind of it.
import type { RunResult } from "../../agents/run-result.ts";
import { fault, faultCatalogue, isFaultCode, type Fault } from "../../base/faults.ts";
import type { ModelFailure } from "../../sdk/provider.ts";

const again = "Try again in a moment, or choose another model with `/model`.";

const steps: Record<ModelFailure, string> = {
  "auth": "Give the provider a key that works: openclaw onboard.",
  "billing": "Look at the account with the provider, or choose another model with `/model`.",
  "rate-limit": again,
  "overloaded": again,
  "server": again,
  "network": "Check that the provider's address is right and that it runs (`openclaw models status` shows the address), or choose another model with `/model`.",
  "timeout": again,
  "context-length": "Shorten the conversation with `/compact`, or begin a new one with `/new`.",
  "refused": "Ask in other words, or choose another model with `/model`.",
  "too-long": "Ask for a shorter answer.",
  "not-found": "Choose a model that the provider has: `openclaw models list` shows them, `/model` changes it.",
  "bad-response": again,
  "bad-request": "Choose another model with `/model`; the log holds the provider's words.",
  "unknown": "Try again, or choose another model with `/model`; `openclaw models status` shows what is wrong.",
};

/** With payload and error together (protocol.md 1.2). */
export function runFault(result: RunResult, reason: string): Fault {
  const kind = result.error?.kind ?? "unknown";
  return fault("model.failed", { reason, kind }, { next: nextStep(result.error?.code, kind), payload: { runId: result.runId, status: "error", summary: reason } });
}

function nextStep(code: string | undefined, kind: string): string {
  const isOther = code !== undefined && code !== "model.failed" && isFaultCode(code);
  if (isOther && !faultCatalogue[code].next.includes("{")) return faultCatalogue[code].next;
  return Object.hasOwn(steps, kind) ? steps[kind as ModelFailure] : steps.unknown; // one of its keys, as just asked
}
