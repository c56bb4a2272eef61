// The commands a message may be, with what they do, for the help above the composer.

export const slashCommands: readonly { name: string; help: string }[] = [
  { name: "/new", help: "Start this conversation anew" },
  { name: "/reset", help: "Start anew and forget what was said" },
  { name: "/stop", help: "Stop what is running here" },
  { name: "/model", help: "Show the model, or choose one: /model provider/name" },
  { name: "/status", help: "Model, tokens and state of this conversation" },
  { name: "/compact", help: "Shorten the history to a summary" },
  { name: "/help", help: "All commands" },
];
