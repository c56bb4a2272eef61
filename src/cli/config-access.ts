// The configuration behind one door: the running gateway's, where a change is in force at once, or the file when none runs.
import { Fault } from "../base/faults.ts";
import { CallError } from "../client/call-error.ts";
import type { ConfigView } from "../config/config.ts";
import { isMap, parsePath, valueAt, withoutValue, withValue } from "../config/path.ts";
import type { CommandCall } from "./command.ts";
import { failure, issueLines } from "./failure.ts";
import type { Machine } from "./machine.ts";
import { silent } from "./quiet-log.ts";
import { findRunning } from "./running.ts";

export interface Change {
  path: string;
  /** undefined removes it. */
  value: unknown;
  /** A model is a name or a map with `primary`: what stands beside it stays. */
  isModelChoice?: boolean;
  /** Left alone when something stands there already. */
  onlyIfAbsent?: boolean;
}

export interface Changed {
  /** The file. */
  path: string;
  /** Changed dot paths. */
  changed: string[];
  /** Changed paths that need a restart of the gateway. */
  restartRequired: string[];
  isLive: boolean;
}

export interface ConfigDoor {
  readonly isLive: boolean;
  view(): Promise<ConfigView>;
  /** All or nothing. Throws when the result is not valid. */
  change(changes: readonly Change[]): Promise<Changed>;
  close(): Promise<void>;
}

const staleTries = 3;

/** A gateway that was named is asked; else the one that runs here; else the one elsewhere that this machine uses. */
export async function asksGateway(call: Pick<CommandCall, "machine" | "options">): Promise<boolean> {
  return (await isAtHand(call)) || (await usesRemote(call.machine));
}

async function isAtHand({ machine, options }: Pick<CommandCall, "machine" | "options">): Promise<boolean> {
  return options.has("url") || machine.env.gatewayUrl !== undefined || (await findRunning(machine)) !== undefined;
}

/** `gateway.mode: remote` in the file. */
export async function usesRemote(machine: Machine): Promise<boolean> {
  const { peekConfig } = await import("./config-peek.ts");
  return (await peekConfig(machine)).text("gateway.mode") === "remote";
}

/** `openclaw config` on a machine that uses a gateway elsewhere is about its own file: where else could it be told which gateway that is. */
export async function openConfigDoor(call: CommandCall): Promise<ConfigDoor> {
  return (await isAtHand(call)) ? liveDoor(call) : fileDoor(call.machine, call.version);
}

/** What concerns the gateway that answers, wherever it is. */
export async function openGatewayDoor(call: CommandCall): Promise<ConfigDoor> {
  return (await asksGateway(call)) ? liveDoor(call) : fileDoor(call.machine, call.version);
}

export async function changeConfig(call: CommandCall, changes: readonly Change[], open: (call: CommandCall) => Promise<ConfigDoor> = openConfigDoor): Promise<Changed> {
  const door = await open(call);
  try {
    return await door.change(changes);
  } catch (error) {
    throw refusal(error);
  } finally {
    await door.close();
  }
}

/** Places in the document that would have been are places in no file. */
function refusal(error: unknown): unknown {
  const details: unknown = error instanceof Fault && error.code === "config.invalid" ? error.details : error instanceof CallError && error.detailsCode === "config.invalid" ? error.details : undefined;
  const issues = isMap(details) ? details["issues"] : undefined;
  if (!Array.isArray(issues) || issues.length === 0) return error;
  const placeless = issues.map((issue: unknown) => (isMap(issue) ? { ...issue, line: undefined } : issue));
  return failure("config.invalid", ["The configuration would be wrong, so nothing was changed.", ...issueLines(placeless)].join("\n"), "`openclaw config schema` shows what is allowed.");
}

async function liveDoor(call: CommandCall): Promise<ConfigDoor> {
  const connection = await call.gateway();
  const view = () => connection.call<ConfigView>("config.get", {});
  const attempt = async (changes: readonly Change[]): Promise<Changed> => {
    const before = await view();
    const answer = await connection.call<{ path: string; changed?: string[]; restartRequired?: string[] }>("config.set", { raw: edited(before, changes), baseHash: before.hash });
    return { path: answer.path, changed: answer.changed ?? [], restartRequired: answer.restartRequired ?? [], isLive: true };
  };
  return {
    isLive: true,
    view,
    async change(changes) {
      for (let left = staleTries; ; left--) {
        try {
          return await attempt(changes);
        } catch (error) {
          // Somebody else changed it in between: the change is made again on what is there now.
          if (!(error instanceof CallError) || error.detailsCode !== "config.stale" || left === 0) throw error;
        }
      }
    },
    close: async () => undefined,
  };
}

/** Loads the schema: the slow way, taken only when no gateway does the work. */
export async function fileDoor(machine: Machine, version: string): Promise<ConfigDoor> {
  const [{ createConfig }, { createVault }] = await Promise.all([import("../config/config.ts"), import("../vault/vault.ts")]);
  const { env, disk, clock, ids } = machine;
  const [location, paths] = [await machine.location(), await machine.paths()];
  // Warnings of the file come back with its view.
  const vault = createVault({ disk, clock, ids, log: silent, path: paths.vault, keyPath: paths.vaultKey });
  const config = await createConfig({ env, disk, clock, log: silent, location, stateDir: paths.stateDir, version, vault });
  return {
    isLive: false,
    view: async () => config.view(),
    async change(changes) {
      const before = config.view();
      const change = await config.write(edited(before, changes), before.hash);
      return { path: location.path, changed: change.paths, restartRequired: [], isLive: false };
    },
    close: () => config.close(),
  };
}

/** The whole document with the changes in it; masks of secrets are put back by whoever stores it. */
function edited(view: ConfigView, changes: readonly Change[]): string {
  if (view.exists && view.raw === "") throw failure("config.invalid", `${view.path} cannot be read, so nothing can be changed in it.`, "`openclaw config validate` shows where it is wrong.");
  let document: unknown = view.parsed ?? {};
  for (const { path, value, isModelChoice, onlyIfAbsent } of changes) {
    const steps = parsePath(path);
    if (onlyIfAbsent && valueAt(document, steps) !== undefined) continue;
    const at = isModelChoice && isMap(valueAt(document, steps)) ? [...steps, "primary"] : steps;
    document = value === undefined ? withoutValue(document, at) : withValue(document, at, value);
  }
  return JSON.stringify(document);
}
