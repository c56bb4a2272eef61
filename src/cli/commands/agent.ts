// `openclaw agent`: one turn with the assistant, its answer as it is written.
import type { CommandSpec } from "../command.ts";

export const agent: CommandSpec = {
  name: "agent",
  summary: "Say something to an agent and print its answer as it is written",
  details: "The message comes from --message, from a file, or from standard input. Ctrl-C stops the run. What the agent does with tools is shown on standard error.",
  options: [
    { flags: "-m, --message <text>", help: "what to say; - reads standard input" },
    { flags: "--message-file <path>", help: "reads the message from a file; - is standard input" },
    { flags: "--agent <id>", help: "which agent", preset: "the default one" },
    { flags: "--session-key <key>", help: "which conversation", preset: "main" },
    { flags: "--session-id <id>", help: "the same by its id" },
    { flags: "--thinking <level>", help: "how much to think before answering", choices: ["off", "minimal", "low", "medium", "high", "xhigh"] },
    { flags: "--model <name>", help: "provider/model for this turn" },
    { flags: "--timeout <seconds>", help: "longest time the turn may take", preset: "600" },
    { flags: "--verbose", help: "show tool activity also when standard error is no terminal" },
  ],
  examples: ['openclaw agent -m "What is on my list today?"', "git diff | openclaw agent -m - --session-key review", 'openclaw agent -m "Summarise this folder" --agent work --json'],
  scopes: ["operator.read", "operator.write"],
  action: () => import("../actions/agent.ts").then((module) => module.run),
};
