// Commands of one line each: how the gateway is, its log, its web page, what was spent.
import type { CommandSpec } from "../command.ts";

export const status: CommandSpec = { name: "status", summary: "The gateway at a glance: conversations, agents, models, devices", scopes: ["operator.read"], action: () => import("../actions/status.ts").then((module) => module.run) };

export const health: CommandSpec = {
  name: "health",
  summary: "Ask the gateway whether it is well",
  options: [{ flags: "--probe", help: "look anew instead of taking the last answer" }],
  examples: ["openclaw health", "openclaw health --json"],
  scopes: ["operator.read"],
  action: () => import("../actions/health.ts").then((module) => module.run),
};

export const logs: CommandSpec = {
  name: "logs",
  summary: "The gateway's log",
  details: "Asks the gateway; when none runs here, reads the file that the last one left.",
  options: [{ flags: "-f, --follow", help: "go on with new lines until Ctrl-C" }, { flags: "-n, --lines <number>", help: "how many of the last lines", preset: "100" }, { flags: "--level <level>", help: "only lines of this weight or more", choices: ["debug", "info", "warn", "error"] }, { flags: "--raw", help: "lines as they are in the file" }],
  examples: ["openclaw logs --follow", "openclaw logs -n 20 --level warn"],
  scopes: ["operator.read"],
  action: () => import("../actions/logs.ts").then((module) => module.run),
};

export const dashboard: CommandSpec = {
  name: "dashboard",
  summary: "Open the Control UI with a one-time sign-in link",
  details: "The link works once and for ten minutes.",
  options: [{ flags: "--no-open", help: "print the link instead of opening a browser" }],
  scopes: ["operator.admin"],
  action: () => import("../actions/dashboard.ts").then((module) => module.run),
};

export const usage: CommandSpec = {
  name: "usage",
  summary: "What was spent, by day, from the providers' own figures",
  options: [{ flags: "--days <number>", help: "how many days back", preset: "30" }],
  scopes: ["operator.read"],
  action: () => import("../actions/usage.ts").then((module) => module.run),
};

export const nodes: CommandSpec = {
  name: "nodes",
  summary: "Devices that lend the gateway what they can do",
  preset: "list",
  commands: [{ name: "list", summary: "All nodes, connected ones first", options: [{ flags: "--connected", help: "only those" }], scopes: ["operator.read"], action: () => import("../actions/nodes.ts").then((module) => module.list) }],
};

export const completion: CommandSpec = {
  name: "completion",
  summary: "Print the script that completes commands in a shell",
  details: "bash: source <(openclaw completion bash)\nzsh:  source <(openclaw completion zsh)\nfish: openclaw completion fish | source",
  args: [{ name: "<shell>", help: "which shell", choices: ["bash", "zsh", "fish"] }],
  action: () => import("../actions/completion.ts").then((module) => module.run),
};

export const version: CommandSpec = { name: "version", summary: "Print the version of this program and of the gateway that runs here", action: () => import("../actions/version.ts").then((module) => module.run) };
