// `openclaw sessions`: conversations and their settings.
import type { ArgumentSpec, CommandSpec } from "../command.ts";

const actions = () => import("../actions/sessions.ts");
const key: ArgumentSpec = { name: "<key>", help: "short (main) or in full (agent:main:main)" };

export const sessions: CommandSpec = {
  name: "sessions",
  summary: "List, change, shorten and delete conversations",
  preset: "list",
  examples: ["openclaw sessions --active 60", "openclaw sessions patch main --model openai/gpt-5 --thinking low", "openclaw sessions reset main"],
  commands: [
    {
      name: "list",
      summary: "Conversations, newest first",
      options: [{ flags: "--active <minutes>", help: "only those used in this time" }, { flags: "--limit <number>", help: "how many", preset: "50" }, { flags: "--agent <id>", help: "of one agent" }, { flags: "--search <text>", help: "whose key, label or title holds this" }],
      scopes: ["operator.read"],
      action: () => actions().then((module) => module.list),
    },
    { name: "reset", summary: "Start a conversation anew; settings and the old transcript stay", args: [key], scopes: ["operator.admin"], action: () => actions().then((module) => module.reset) },
    {
      name: "delete",
      summary: "Delete conversations; transcripts are put aside",
      args: [{ name: "<keys...>", help: "which ones" }],
      options: [{ flags: "-y, --yes", help: "do not ask" }],
      scopes: ["operator.admin"],
      action: () => actions().then((module) => module.remove),
    },
    { name: "compact", summary: "Shorten the history of a conversation", args: [key], scopes: ["operator.admin"], action: () => actions().then((module) => module.compact) },
    {
      name: "patch",
      summary: "Change settings of a conversation; an empty value clears one",
      args: [key],
      options: [
        { flags: "--label <text>", help: "its name" },
        { flags: "--model <name>", help: "provider/model" },
        { flags: "--thinking <level>", help: "how much to think" },
        { flags: "--verbose <level>", help: "show tool activity to older clients: on or off" },
        { flags: "--usage <mode>", help: "show usage below answers: off, tokens or full" },
      ],
      scopes: ["operator.admin"],
      action: () => actions().then((module) => module.patch),
    },
  ],
};
