// Every command, in the order of the help; and the same as plain data, from which the reference is written.
import type { ArgumentSpec, CommandSpec, OptionSpec } from "./command.ts";
import { agent } from "./commands/agent.ts";
import { agents } from "./commands/agents.ts";
import { config } from "./commands/config.ts";
import { devices } from "./commands/devices.ts";
import { doctor } from "./commands/doctor.ts";
import { gateway } from "./commands/gateway.ts";
import { models } from "./commands/models.ts";
import { onboard } from "./commands/onboard.ts";
import { sessions } from "./commands/sessions.ts";
import { completion, dashboard, health, logs, nodes, status, usage, version } from "./commands/small.ts";

export const allCommands: readonly CommandSpec[] = [onboard, gateway, agent, dashboard, status, health, logs, sessions, agents, models, usage, devices, nodes, config, doctor, completion, version];

/** One command as the reference shows it. */
export interface CommandDescription {
  /** `gateway run` */
  path: string;
  summary: string;
  details?: string;
  arguments: readonly ArgumentSpec[];
  options: readonly OptionSpec[];
  examples: readonly string[];
  /** Takes --url, --token, --password, --tls-fingerprint and --timeout. */
  reachesGateway: boolean;
  /** Runs this subcommand when none is named. */
  preset?: string;
  commands: CommandDescription[];
}

/** The whole command tree as data; pure, and reads nothing. */
export function describeCommands(): CommandDescription[] {
  return allCommands.filter((spec) => !spec.hidden).map((spec) => describe(spec, ""));
}

function describe(spec: CommandSpec, parent: string): CommandDescription {
  const path = `${parent}${spec.name}`;
  return {
    path,
    summary: spec.summary,
    ...(spec.details === undefined ? {} : { details: spec.details }),
    arguments: spec.args ?? [],
    options: (spec.options ?? []).filter((option) => !option.hidden),
    examples: spec.examples ?? [],
    reachesGateway: spec.scopes !== undefined,
    ...(spec.preset === undefined ? {} : { preset: spec.preset }),
    commands: (spec.commands ?? []).filter((child) => !child.hidden).map((child) => describe(child, `${path} `)),
  };
}
