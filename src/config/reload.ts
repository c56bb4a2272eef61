// A changed configuration goes in all at once or not at all: every owner of a changed part prepares, then all swap, then what was replaced is closed.
import { Fault } from "../base/faults.ts";
import type { Log } from "../base/log.ts";
import { changedPaths, formatPath, type Path } from "./path.ts";
import { configNode } from "./schema.ts";
import { hasHint } from "./schema-node.ts";
import type { ConfigIssue, ConfigSnapshot } from "./snapshot.ts";

/** A manager that owns part of the configuration. */
export interface ConfigOwner {
  /** Dot paths; a change at, above or below one of them concerns this owner. */
  prefixes: readonly string[];
  /** Makes ready what the next snapshot needs and returns the swap, or throws to refuse the whole change: best a fault, whose code and next step reach who asked. Must not connect. */
  prepare(next: ConfigSnapshot): Promise<Prepared>;
}

export interface Prepared {
  /** Puts the prepared thing in. Must not throw. */
  swap(): void;
  /** After the swap: closes what was replaced. */
  close?(): Promise<void>;
  /** Instead of the swap, when the change is refused. */
  discard?(): Promise<void>;
}

export interface Staged {
  paths: string[];
  restart: string[];
  /** Swaps everything; what was replaced closes in the background. */
  commit(): void;
  discard(): Promise<void>;
}

export type Stage = { ok: true; staged: Staged } | { ok: false; issues: ConfigIssue[]; /** The one refusal, with its own code. */ fault: Fault | undefined };

/** Asks every owner concerned. One refusal discards what the others prepared. */
export async function stage(owners: readonly ConfigOwner[], now: ConfigSnapshot, next: ConfigSnapshot, log: Log): Promise<Stage> {
  const changed = changedPaths(now.value, next.value);
  const paths = changed.map(formatPath);
  const concerned = owners.filter((owner) => owner.prefixes.some((prefix) => paths.some((path) => touches(prefix, path))));
  const answers = await Promise.allSettled(concerned.map((owner) => owner.prepare(next)));
  const prepared = answers.flatMap((answer) => (answer.status === "fulfilled" ? [answer.value] : []));
  const discard = () => settle(prepared.flatMap((one) => one.discard?.() ?? []), log, "a prepared change could not be discarded");
  const refusals = answers.flatMap((answer, index) => (answer.status === "rejected" ? [{ path: concerned[index]?.prefixes[0] ?? "", reason: answer.reason as unknown }] : []));
  if (refusals.length > 0) {
    await discard();
    const [first] = refusals;
    return { ok: false, issues: refusals.map(issueOf), fault: refusals.length === 1 && first?.reason instanceof Fault ? first.reason : undefined };
  }
  const commit = () => {
    for (const one of prepared) one.swap();
    void settle(prepared.flatMap((one) => one.close?.() ?? []), log, "what a configuration change replaced could not be closed");
  };
  return { ok: true, staged: { paths, restart: restartPaths(changed), commit, discard } };
}

/** Changed paths that only a restart can apply. */
function restartPaths(changed: readonly Path[]): string[] {
  return changed.filter((path) => hasHint(configNode, path, "x-restart")).map(formatPath);
}

function touches(prefix: string, path: string): boolean {
  const isBelow = (inner: string, outer: string) => inner === outer || (inner.startsWith(outer) && /^[.[]/.test(inner.slice(outer.length)));
  return prefix === "" || isBelow(path, prefix) || isBelow(prefix, path);
}

function issueOf({ path, reason }: { path: string; reason: unknown }): ConfigIssue {
  if (reason instanceof Fault) return { path, message: `${reason.message}. ${reason.next}` };
  return { path, message: reason instanceof Error ? reason.message : String(reason) };
}

async function settle(work: readonly Promise<void>[], log: Log, message: string): Promise<void> {
  for (const result of await Promise.allSettled(work)) if (result.status === "rejected") log.warn(message, { error: result.reason as unknown });
}
