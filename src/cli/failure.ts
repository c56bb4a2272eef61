// What a command fails with: a code, a sentence, the next step, and the exit code of the process.
import { Fault } from "../base/faults.ts";
import { CallError, detailText } from "../client/call-error.ts";

export const exitCodes = { ok: 0, failed: 1, usage: 2, /** EX_CONFIG: a service manager does not try again. */ config: 78, interrupted: 130 } as const;

/** The `error` member of `--json` output. */
export interface FailureView {
  code: string;
  message: string;
  next?: string;
}

export class CliFailure extends Error {
  readonly code: string;
  readonly next: string | undefined;
  readonly exitCode: number;
  constructor(view: FailureView, exitCode: number = exitCodes.failed) {
    super(view.message);
    this.name = "CliFailure";
    this.code = view.code;
    this.next = view.next;
    this.exitCode = exitCode;
  }
}

export function failure(code: string, message: string, next?: string, exitCode?: number): CliFailure {
  return new CliFailure({ code, message, ...(next === undefined ? {} : { next }) }, exitCode);
}

/** The arguments were wrong: exit 2. */
export function usageFailure(message: string, next?: string): CliFailure {
  return failure("USAGE", message, next, exitCodes.usage);
}

/** What a system call was refused with: in words, and what to do. */
const systemReasons: Record<string, { words: string; next: string }> = {
  EACCES: { words: "this user may not do that there", next: "Run this as the user it belongs to, or correct the permissions; `openclaw doctor --fix` narrows those of the state directory." },
  EPERM: { words: "this user may not do that there", next: "Run this as the user it belongs to, or correct the permissions." },
  EROFS: { words: "that disk can only be read", next: "Choose another place, for example with OPENCLAW_STATE_DIR." },
  ENOSPC: { words: "the disk is full", next: "Free some space and repeat this." },
  ENOTDIR: { words: "a part of the path is a file, not a folder", next: "Correct the path; where state lies is chosen with OPENCLAW_STATE_DIR." },
  EISDIR: { words: "that is a folder, not a file", next: "Name a file." },
  ENOENT: { words: "there is no such file or folder", next: "Correct the path." },
};

/** Any thrown value as words for a person and a code for a program. */
export function describeFailure(error: unknown): { view: FailureView; exitCode: number } {
  if (error instanceof CliFailure) return { view: viewOf(error.code, error.message, error.next), exitCode: error.exitCode };
  if (error instanceof Fault) return { view: faultView(error), exitCode: exitCodes.failed };
  if (error instanceof CallError) return { view: callView(error), exitCode: exitCodes.failed };
  if (isAbort(error)) return { view: viewOf("ABORTED", "Stopped."), exitCode: exitCodes.interrupted };
  if (error instanceof Error && "syscall" in error) return { view: systemView(error), exitCode: exitCodes.failed };
  const message = error instanceof Error ? error.message : String(error);
  return { view: viewOf("INTERNAL", message, "This is a fault of the program; run it again with OPENCLAW_DEBUG=1 to see where."), exitCode: exitCodes.failed };
}

export function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === "AbortError";
}

function viewOf(code: string, message: string, next?: string): FailureView {
  return { code, message, ...(next === undefined || next === "" ? {} : { next }) };
}

function systemView(error: Error): FailureView {
  const { code, path, syscall } = error as NodeJS.ErrnoException;
  const known = systemReasons[code ?? ""];
  if (known === undefined) return viewOf(code ?? "SYSTEM", error.message, "Look at what the message names; `openclaw doctor` checks this installation.");
  return viewOf(code ?? "SYSTEM", `${path ?? syscall ?? "the system"}: ${known.words}`, known.next);
}

const configNext = "Correct it; `openclaw config validate` checks the file, `openclaw config schema` shows what is allowed.";

/** With the places where a configuration is wrong. */
function faultView(error: Fault): FailureView {
  const issues = issueLines(error.details["issues"]);
  const file = issues.length > 0 && typeof error.details["path"] === "string" ? ` ${error.details["path"]}` : "";
  return viewOf(error.code, [`${error.message}${file}`, ...issues].join("\n"), issues.length > 0 ? configNext : error.next);
}

/** Where the protocol's form of a refusal has no room for a next step, or one that is meant for programs. */
const nextByCode: Record<string, string> = {
  UNKNOWN_AGENT_ID: "List agents with `openclaw agents list`.",
  TIMEOUT: "Try again, or wait longer with --timeout.",
  CONNECTION_LOST: "Repeat it; `openclaw gateway status` says whether the gateway runs.",
};

/** The client's own refusals carry their next step in the message, too; it is said once. */
function callView(error: CallError): FailureView {
  const next = detailText(error.details, "nextStep") ?? detailText(error.details, "next");
  const message = next !== undefined && error.message.endsWith(next) ? error.message.slice(0, -next.length).trim() : error.message;
  const issues = issueLines((error.details as { issues?: unknown } | null | undefined)?.issues); // read as untrusted on the next lines
  return viewOf(error.detailsCode ?? error.code, [message, ...issues].join("\n"), issues.length > 0 ? configNext : (next ?? nextByCode[error.detailsCode ?? error.code]));
}

/** `line 3:5 gateway.prot: unknown key; did you mean gateway.port?` */
export function issueLines(issues: unknown): string[] {
  if (!Array.isArray(issues)) return [];
  return issues.slice(0, 20).flatMap((issue: unknown) => {
    const { path, message, line, column, suggestion } = (issue ?? {}) as Record<string, unknown>;
    if (typeof message !== "string") return [];
    const where = [typeof line === "number" ? `line ${line}${typeof column === "number" ? `:${column}` : ""}` : "", typeof path === "string" && path !== "" && !message.includes(path) ? path : ""].filter((part) => part !== "").join(" ");
    const hint = typeof suggestion === "string" && !message.includes(suggestion) ? ` (did you mean ${suggestion}?)` : "";
    return [`  ${where === "" ? "" : `${where}: `}${message}${hint}`];
  });
}
