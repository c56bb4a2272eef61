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

/** Any thrown value as words for a person and a code for a program. */
export function describeFailure(error: unknown): { view: FailureView; exitCode: number } {
  if (error instanceof CliFailure) return { view: viewOf(error.code, error.message, error.next), exitCode: error.exitCode };
  if (error instanceof Fault) return { view: faultView(error), exitCode: exitCodes.failed };
  if (error instanceof CallError) return { view: callView(error), exitCode: exitCodes.failed };
  if (isAbort(error)) return { view: viewOf("ABORTED", "Stopped."), exitCode: exitCodes.interrupted };
  if (error instanceof Error && "syscall" in error) return { view: viewOf("code" in error ? String(error.code) : "SYSTEM", error.message), exitCode: exitCodes.failed };
  const message = error instanceof Error ? error.message : String(error);
  return { view: viewOf("INTERNAL", message, "This is a fault of the program; run it again with OPENCLAW_DEBUG=1 to see where."), exitCode: exitCodes.failed };
}

export function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === "AbortError";
}

function viewOf(code: string, message: string, next?: string): FailureView {
  return { code, message, ...(next === undefined || next === "" ? {} : { next }) };
}

/** With the places where a configuration is wrong; then nothing more needs saying. */
function faultView(error: Fault): FailureView {
  const issues = issueLines(error.details["issues"]);
  return viewOf(error.code, [error.message, ...issues].join("\n"), issues.length > 0 ? undefined : error.next);
}

/** The client's own refusals carry their next step in the message, too; it is said once. */
function callView(error: CallError): FailureView {
  const next = detailText(error.details, "nextStep") ?? detailText(error.details, "next");
  const message = next !== undefined && error.message.endsWith(next) ? error.message.slice(0, -next.length).trim() : error.message;
  const issues = issueLines((error.details as { issues?: unknown } | null | undefined)?.issues); // read as untrusted on the next lines
  return viewOf(error.detailsCode ?? error.code, [message, ...issues].join("\n"), issues.length > 0 ? undefined : next);
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
