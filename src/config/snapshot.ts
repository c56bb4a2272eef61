// One state of the configuration, and the words for what is wrong with it.
import type { ResolvedConfig } from "./schema.ts";

export interface ConfigIssue {
  path: string;
  message: string;
  line?: number;
  column?: number;
  /** Nearest valid key or value. */
  suggestion?: string;
}

/** One immutable state of the configuration. A run keeps the snapshot it began with. */
export interface ConfigSnapshot {
  /** Validated, with defaults filled in for every section. */
  readonly value: ResolvedConfig;
  /** SHA-256 of the document's bytes; the base hash for writes. */
  readonly hash: string;
  readonly path: string;
  readonly exists: boolean;
  readonly format: "yaml" | "json5";
  readonly warnings: readonly ConfigIssue[];
  readonly issues: readonly ConfigIssue[];
  /** When the first of the issues was met. */
  readonly issuesSinceMs?: number;
  /** The file was changed to what is not in force: an earlier one is. */
  readonly isRefused?: boolean;
}

/** `config.yaml line 3:5, gateway.prot: unknown key gateway.prot`, of the first issue. */
export function issuePlace(path: string, { line, column, path: at, message }: ConfigIssue): string {
  const where = line === undefined ? "" : ` line ${line}${column === undefined ? "" : `:${column}`}`;
  return `${path}${where}${at === "" || message.includes(at) ? "" : `, ${at}`}: ${message}`;
}

/** One sentence on a file that is not in force as it stands; undefined when all of it is. */
export function configTrouble({ path, issues, isRefused, issuesSinceMs }: Pick<ConfigSnapshot, "path" | "issues" | "isRefused" | "issuesSinceMs">): string | undefined {
  const [first] = issues;
  if (first === undefined) return undefined;
  const more = issues.length === 1 ? "" : ` (and ${issues.length - 1} more)`;
  const since = issuesSinceMs === undefined ? "" : ` since ${localMinute(new Date(issuesSinceMs))}`;
  return `The configuration is wrong${since}, ${isRefused === true ? "its last change was refused and the one before is in force" : "what is wrong is not in force and the last good one stands in for it"}: ${issuePlace(path, first)}${more}`;
}

/** `2026-11-21 14:05`, in the zone of the machine that says it. */
function localMinute(date: Date): string {
  const two = (number: number) => String(number).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${two(date.getHours())}:${two(date.getMinutes())}`;
}

/** Stands for a secret in every view of the configuration; written back, it keeps the stored value. */
export const redactionMark = "__OPENCLAW_REDACTED__";
