// An error as a person can use it: what happened, its code, what to do. Pure.
import { CallError, detailText } from "../../../src/client/call-error.ts";

export interface Problem {
  what: string;
  code: string;
  next: string;
}

const nextSteps: Record<string, string> = {
  OFFLINE: "It is tried again once the connection is back.",
  CONNECTION_LOST: "It is tried again once the connection is back.",
  TIMEOUT: "Try again; if that goes on, look into the gateway's log.",
  TOO_LARGE: "Send it in smaller parts or with smaller attachments.",
  MISSING_SCOPE: "Ask for full access under Devices, or use a device that has it.",
  NOT_PAIRED: "Approve this device on the gateway's machine.",
  AGENT_TIMEOUT: "Try again, or allow more time in agents.defaults.timeoutSeconds.",
};

/** Next steps for the kinds in which a model can fail. */
const modelSteps: Record<string, string> = {
  auth: "Check the provider's key under Models and keys.",
  billing: "Check the account at the provider, or choose another model.",
  "rate-limit": "Wait a moment and retry, or choose another model.",
  rate_limit: "Wait a moment and retry, or choose another model.",
  overloaded: "Retry in a moment, or choose another model.",
  server: "Retry in a moment, or choose another model.",
  network: "Check this machine's way to the provider, then retry.",
  timeout: "Retry, or choose a faster model.",
  "context-length": "Say /compact to shorten the conversation, or /new to start another.",
  context_length: "Say /compact to shorten the conversation, or /new to start another.",
  refused: "The model declined; say it in another way.",
  refusal: "The model declined; say it in another way.",
};

export function problemOf(error: unknown): Problem {
  if (!(error instanceof CallError)) return { what: error instanceof Error ? error.message : String(error), code: "UNEXPECTED", next: "Reload the page; if that goes on, look into the gateway's log." };
  const code = error.detailsCode ?? error.code;
  const kind = detailText(error.details, "kind");
  const next = detailText(error.details, "nextStep") ?? modelSteps[kind ?? ""] ?? nextSteps[code] ?? nextSteps[error.code] ?? (error.retryable ? "Try again in a moment." : "Check what was asked for, then try again.");
  return { what: capital(error.message), code, next };
}

/** Kinds that the wire does not name, by what providers say. */
const spokenKinds: readonly (readonly [RegExp, string])[] = [
  [/\b40[13]\b|api key|unauthori[sz]ed|authentication/i, "auth"],
  [/\b402\b|billing|insufficient (quota|credit|funds)/i, "billing"],
  [/\b429\b|rate limit/i, "rate-limit"],
  [/\b529\b|overloaded/i, "overloaded"],
  [/\b5\d\d\b/, "server"],
  [/ECONN|ENOTFOUND|EAI_AGAIN|socket|network|connection (broke|reset|closed|lost)/i, "network"],
];

/** A run that failed: the kind as told, else as the words tell it, and what to do. */
export function modelTrouble(what: string, told: string | undefined): Problem {
  const kind = told === undefined || told === "unknown" ? (spokenKinds.find(([words]) => words.test(what))?.[1] ?? "unknown") : told;
  return { what: capital(what), code: kind, next: modelSteps[kind] ?? "Retry, or choose another model." };
}

function capital(text: string): string {
  return text === "" ? "It failed without a reason" : `${text[0]?.toUpperCase()}${text.slice(1)}`;
}
