// `openclaw doctor`: what is wrong on this machine, and what can be put right.
import type { CommandSpec } from "../command.ts";

export const doctor: CommandSpec = {
  name: "doctor",
  summary: "Check this installation and put right what can be",
  options: [{ flags: "--fix", help: "put right what can be" }, { flags: "--deep", help: "also send one small request to every provider that is set up" }],
  examples: ["openclaw doctor", "openclaw doctor --fix", "openclaw doctor --json"],
  scopes: ["operator.admin"],
  action: () => import("../actions/doctor.ts").then((module) => module.run),
};
