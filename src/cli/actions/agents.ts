// Agents: list, add, remove.
import type { CommandCall, Outcome } from "../command.ts";
import { confirm } from "../confirm.ts";
import { usageFailure } from "../failure.ts";
import { table } from "../table.ts";
import { plain } from "../terminal.ts";
import { findModel } from "./models.ts";

interface Agent {
  id: string;
  name?: string;
  identity?: { name?: string; emoji?: string };
  workspace?: string;
  model?: { primary?: string };
}

export async function list(call: CommandCall): Promise<Outcome> {
  const connection = await call.gateway();
  const answer = await connection.call<{ defaultId: string; agents: Agent[] }>("agents.list", {});
  const text = table(
    call.terminal,
    [
      { title: "agent", keep: true, value: (agent: Agent) => `${agent.id}${agent.id === answer.defaultId ? " (default)" : ""}` },
      { title: "name", value: (agent) => [agent.identity?.emoji, agent.identity?.name ?? agent.name].filter((part) => part !== undefined && part !== "").join(" ") },
      { title: "model", value: (agent) => agent.model?.primary ?? "" },
      { title: "workspace", value: (agent) => agent.workspace ?? "" },
    ],
    answer.agents,
  );
  return { json: answer, text };
}

export async function add(call: CommandCall): Promise<Outcome> {
  const [name = ""] = call.args;
  if (name.trim() === "") throw usageFailure("the name is empty");
  const wanted = call.options.text("model");
  const connection = await call.gateway();
  const model = wanted === undefined ? undefined : (await findModel(connection, wanted)).name;
  const params = Object.fromEntries([["name", name], ["workspace", folder(call)], ["model", model], ["emoji", call.options.text("emoji")]].filter(([, value]) => value !== undefined));
  const made = await connection.call<{ agentId: string; workspace: string }>("agents.create", params);
  return { json: made, text: `Agent ${plain(made.agentId)} works in ${plain(made.workspace)}. Talk to it: openclaw agent --agent ${plain(made.agentId)} -m "Hello"` };
}

export async function remove(call: CommandCall): Promise<Outcome> {
  const [agentId = ""] = call.args;
  await confirm(call, `Remove agent ${agentId}? Its files stay.`);
  const connection = await call.gateway();
  const answer = await connection.call("agents.delete", { agentId });
  return { json: answer, text: `Agent ${plain(agentId)} is removed; its files are where they were.` };
}

/** Relative folders are meant from where the command was typed. */
function folder(call: CommandCall): string | undefined {
  const given = call.options.text("workspace");
  return given === undefined ? undefined : call.machine.env.path(given);
}
