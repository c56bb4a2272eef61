// `openclaw models`: which models there are, which one answers, whether a key works.
import type { CommandSpec } from "../command.ts";

const actions = () => import("../actions/models.ts");

export const models: CommandSpec = {
  name: "models",
  summary: "List models, choose the default one, test a provider",
  preset: "list",
  examples: ["openclaw models list --all", "openclaw models set anthropic/claude-sonnet-4-5", "openclaw models test openai"],
  commands: [
    { name: "list", summary: "Models that can be used", options: [{ flags: "--all", help: "the whole catalogue, also of providers without a key" }, { flags: "--provider <id>", help: "of one provider" }, { flags: "--refresh", help: "ask the providers again" }], scopes: ["operator.read"], action: () => actions().then((module) => module.list) },
    { name: "status", summary: "The default model, and which providers have a key", options: [{ flags: "--all", help: "also providers that are not set up" }], scopes: ["operator.read"], action: () => actions().then((module) => module.status) },
    { name: "set", summary: "Choose the model that answers by default", args: [{ name: "<model>", help: "provider/model" }], options: [{ flags: "--agent <id>", help: "for one agent only" }], scopes: ["operator.admin"], action: () => actions().then((module) => module.set) },
    { name: "test", summary: "Send one small request to see whether a provider's key works", args: [{ name: "<provider>", help: "its id" }], scopes: ["operator.admin"], action: () => actions().then((module) => module.test) },
  ],
};
