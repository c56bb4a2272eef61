// `openclaw devices`: who may connect, who asks to, and their tokens.
import type { ArgumentSpec, CommandSpec } from "../command.ts";

const actions = () => import("../actions/devices.ts");
const device: ArgumentSpec = { name: "<device>", help: "its id, the beginning of it, or its name" };
const role = { flags: "--role <role>", help: "which of its roles", choices: ["operator", "node"], preset: "operator" } as const;
const scopes = ["operator.admin", "operator.approvals", "operator.pairing"] as const;

export const devices: CommandSpec = {
  name: "devices",
  summary: "Approve, rename and remove devices, and their tokens",
  preset: "list",
  examples: ["openclaw devices", "openclaw devices approve --latest", "openclaw devices revoke phone"],
  commands: [
    { name: "list", summary: "Requests that wait, and paired devices", scopes: ["operator.pairing"], action: () => actions().then((module) => module.list) },
    {
      name: "approve",
      summary: "Let a waiting device in, after comparing the words on both sides",
      args: [{ name: "[request]", help: "id of the request, or the beginning of it" }],
      options: [{ flags: "--latest", help: "the newest request" }],
      scopes,
      action: () => actions().then((module) => module.approve),
    },
    { name: "reject", summary: "Turn a waiting device away", args: [{ name: "<request>", help: "id of the request, or the beginning of it" }], scopes: ["operator.pairing"], action: () => actions().then((module) => module.reject) },
    { name: "rotate", summary: "Make a new token for a device; the old one ends", args: [device], options: [role, { flags: "--scope <scope...>", help: "what it may do from now on" }], scopes, action: () => actions().then((module) => module.rotate) },
    { name: "revoke", summary: "End a device's token and its approval", args: [device], options: [role], scopes: ["operator.pairing"], action: () => actions().then((module) => module.revoke) },
    { name: "remove", summary: "Forget a device; its connections are closed", args: [device], options: [{ flags: "-y, --yes", help: "do not ask" }], scopes: ["operator.pairing"], action: () => actions().then((module) => module.remove) },
    { name: "rename", summary: "Give a device a name", args: [device, { name: "<name>", help: "the new name" }], scopes: ["operator.pairing"], action: () => actions().then((module) => module.rename) },
  ],
};
