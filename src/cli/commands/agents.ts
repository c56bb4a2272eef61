// `openclaw agents`: which agents there are.
import type { CommandSpec } from "../command.ts";

const actions = () => import("../actions/agents.ts");

export const agents: CommandSpec = {
  name: "agents",
  summary: "List, add and remove agents",
  preset: "list",
  examples: ["openclaw agents", "openclaw agents add research --model anthropic/claude-sonnet-4-5"],
  commands: [
    { name: "list", summary: "All agents, the default one first", scopes: ["operator.read"], action: () => actions().then((module) => module.list) },
    {
      name: "add",
      summary: "Add an agent with a workspace of its own",
      args: [{ name: "<name>", help: "its name; the id is made from it" }],
      options: [{ flags: "--workspace <folder>", help: "where it works" }, { flags: "--model <name>", help: "provider/model it uses" }, { flags: "--emoji <emoji>", help: "its picture" }],
      scopes: ["operator.admin"],
      action: () => actions().then((module) => module.add),
    },
    {
      name: "delete",
      summary: "Remove an agent; its files stay",
      args: [{ name: "<id>", help: "which one" }],
      options: [{ flags: "-y, --yes", help: "do not ask" }],
      scopes: ["operator.admin"],
      action: () => actions().then((module) => module.remove),
    },
  ],
};
