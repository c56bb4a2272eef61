// `openclaw gateway`: run it here, keep it running in the background, ask it things.
import type { CommandSpec, OptionSpec } from "../command.ts";

const actions = () => import("../actions/gateway-process.ts");

/** Passed on to the process that runs. */
const listenOptions: readonly OptionSpec[] = [
  { flags: "--port <port>", help: "port to listen on", preset: "gateway.port, else 18789" },
  { flags: "--bind <where>", help: "which interfaces", choices: ["loopback", "lan", "auto", "tailnet", "custom"] },
  { flags: "--verbose", help: "log more" },
];

export const gateway: CommandSpec = {
  name: "gateway",
  summary: "Run, start, stop and ask the gateway",
  examples: ["openclaw gateway run --print-link", "openclaw gateway start", "openclaw gateway call health --json"],
  commands: [
    {
      name: "run",
      summary: "Run the gateway in this terminal until it is stopped",
      details: "Prints one line with its address when it is ready. Exits with 78 when it cannot start as configured: a service manager should not try again then.",
      options: [...listenOptions, { flags: "--print-link", help: "print a one-time link that opens the Control UI signed in" }, { flags: "--background", help: "started by another command", hidden: true }],
      action: () => import("../gateway-run.ts").then((module) => module.run),
    },
    {
      name: "start",
      summary: "Start the gateway in the background and wait until it is ready",
      options: [...listenOptions, { flags: "--wait <seconds>", help: "longest wait", preset: "40" }],
      action: () => actions().then((module) => module.start),
    },
    {
      name: "stop",
      summary: "Stop the gateway: it finishes what it can, then ends",
      options: [{ flags: "--wait <seconds>", help: "longest wait", preset: "40" }, { flags: "--force", help: "kill it when it does not end in time" }],
      action: () => actions().then((module) => module.stop),
    },
    {
      name: "restart",
      summary: "Stop the gateway and start it again with the options it had",
      options: [...listenOptions, { flags: "--wait <seconds>", help: "longest wait for each step", preset: "40" }, { flags: "--force", help: "kill it when it does not end in time" }],
      action: () => actions().then((module) => module.restart),
    },
    { name: "status", summary: "Whether the gateway runs here, since when, and how it is reached", scopes: ["operator.read"], action: () => import("../actions/gateway-status.ts").then((module) => module.run) },
    {
      name: "call",
      summary: "Call one method of the gateway and print its answer",
      args: [{ name: "<method>", help: "for example health or sessions.list" }],
      options: [
        { flags: "--params <json>", help: "parameters as JSON or JSON5; - reads standard input" },
        { flags: "--expect-final", help: "wait for the second answer of methods that first say accepted" },
        { flags: "--scope <scope...>", help: "scopes to ask for", preset: "all operator scopes" },
      ],
      examples: ["openclaw gateway call health", `openclaw gateway call sessions.list --params '{"limit": 5}'`],
      scopes: ["operator.admin", "operator.approvals", "operator.pairing"],
      action: () => import("../actions/gateway-call.ts").then((module) => module.run),
    },
  ],
};
