// `openclaw config`: read and change the configuration, with or without a running gateway.
import type { ArgumentSpec, CommandSpec } from "../command.ts";

const actions = () => import("../actions/config.ts");
const path: ArgumentSpec = { name: "<path>", help: "for example gateway.port or agents.list[0].name" };

export const config: CommandSpec = {
  name: "config",
  summary: "Read and change the configuration",
  details: "With a running gateway changes are applied at once; without one they are checked and written to the file, and comments stay.",
  examples: ["openclaw config get gateway.port", "openclaw config set agents.defaults.model anthropic/claude-sonnet-4-5", `openclaw config set models.providers.local '{baseUrl: "http://127.0.0.1:8080/v1"}'`, "openclaw config unset agents.defaults.model"],
  commands: [
    { name: "get", summary: "Print a value with its default filled in; without a path, all of it", args: [{ name: "[path]", help: path.help }], options: [{ flags: "--stored", help: "only what the file holds" }], scopes: ["operator.read"], action: () => actions().then((module) => module.get) },
    {
      name: "set",
      summary: "Set a value: JSON or JSON5, else text",
      args: [path, { name: "[value]", help: "the value; - reads standard input, for secrets" }],
      options: [{ flags: "--string", help: "take the value as text, whatever it looks like" }],
      scopes: ["operator.admin"],
      action: () => actions().then((module) => module.set),
    },
    { name: "unset", summary: "Remove a value", args: [path], scopes: ["operator.admin"], action: () => actions().then((module) => module.unset) },
    { name: "file", summary: "Print which file is the configuration", action: () => actions().then((module) => module.file) },
    { name: "validate", summary: "Check the file and say what is wrong, with line and column", action: () => actions().then((module) => module.validate) },
    { name: "schema", summary: "Print the JSON Schema of the configuration", action: () => actions().then((module) => module.schema) },
  ],
};
