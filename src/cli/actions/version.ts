// The version of this program, and of the gateway that runs here.
import type { CommandCall, Outcome } from "../command.ts";
import { findRunning } from "../running.ts";

export async function run(call: CommandCall): Promise<Outcome> {
  const running = await findRunning(call.machine);
  const json = { version: call.version, node: process.versions.node, platform: `${process.platform}-${process.arch}`, ...(running ? { gateway: running.version } : {}) };
  const differs = running && running.version !== call.version ? `\ngateway ${running.version} is running; restart it with \`openclaw gateway restart\`` : "";
  return { json, text: `openclaw ${call.version} (Node ${process.versions.node})${differs}` };
}
