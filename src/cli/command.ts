// What a command is: a value that says its arguments and options, and names the module that does the work.
import type { Scope } from "../protocol/scopes.ts";
import { usageFailure } from "./failure.ts";
import type { Connection, ConnectWish } from "./connection.ts";
import type { Machine } from "./machine.ts";
import type { Terminal } from "./terminal.ts";

export interface OptionSpec {
  /** As commander writes it: `-m, --message <text>`, `--all`, `--scope <scope...>`. */
  flags: string;
  help: string;
  choices?: readonly string[];
  /** Shown in the help; the action applies it. */
  preset?: string;
  /** Left out of the help. */
  hidden?: true;
}

export interface ArgumentSpec {
  /** `<id>`, `[id]`, `[words...]`. */
  name: string;
  help: string;
  choices?: readonly string[];
}

export interface CommandSpec {
  name: string;
  /** One line, no full stop. */
  summary: string;
  /** A paragraph below the summary in the help. */
  details?: string;
  args?: readonly ArgumentSpec[];
  options?: readonly OptionSpec[];
  examples?: readonly string[];
  /** Talks to a gateway: gets --url, --token, --password and --timeout, and asks for these scopes. */
  scopes?: readonly Scope[];
  commands?: readonly CommandSpec[];
  /** Which of `commands` runs when none is named. */
  preset?: string;
  /** Loads the module that does the work. */
  action?: () => Promise<Action>;
  /** Left out of the help. */
  hidden?: true;
}

/** What a command ends with. `json` is the one document of --json (undefined: it was printed already); `text` is for people. */
export interface Outcome {
  json: unknown;
  text?: string;
  exitCode?: number;
}

export type Action = (call: CommandCall) => Promise<Outcome>;

export interface CommandCall {
  /** Positional arguments in order. */
  readonly args: readonly string[];
  readonly options: Options;
  readonly json: boolean;
  readonly terminal: Terminal;
  readonly machine: Machine;
  /** Fires on the first Ctrl-C. */
  readonly signal: AbortSignal;
  /** Of this program. */
  readonly version: string;
  /** All commands: for what is made from them. */
  readonly commands: readonly CommandSpec[];
  /** From now on the command deals with signals itself. */
  onForeground(): void;
  /** Connects on first use, with the command's scopes; closed when the command ends. */
  gateway(wish?: Partial<ConnectWish> & { timeoutMs?: number }): Promise<Connection>;
}

/** Options as typed values; a wrong number is the caller's mistake. */
export interface Options {
  text(name: string): string | undefined;
  texts(name: string): string[];
  flag(name: string): boolean;
  /** A whole number, at least `least`. Throws a usage failure. */
  whole(name: string, least?: number): number | undefined;
  has(name: string): boolean;
}

export function createOptions(values: Readonly<Record<string, unknown>>): Options {
  const text = (name: string): string | undefined => {
    const value = values[name];
    return typeof value === "string" ? value : undefined;
  };
  return {
    text,
    texts(name) {
      const value = values[name];
      return Array.isArray(value) ? value.map(String) : typeof value === "string" ? [value] : [];
    },
    flag: (name) => values[name] === true,
    whole(name, least = 0) {
      const given = text(name);
      if (given === undefined) return undefined;
      const number = Number(given);
      if (!/^\d+$/.test(given) || !Number.isSafeInteger(number) || number < least) throw usageFailure(`--${kebab(name)} takes a whole number from ${least}, not "${given}"`);
      return number;
    },
    has: (name) => values[name] !== undefined,
  };
}

function kebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
