// Nodes of the gateway, connected ones first.
import type { CommandCall, Outcome } from "../command.ts";
import { age } from "../format.ts";
import { table } from "../table.ts";

interface Node {
  nodeId: string;
  displayName?: string;
  platform?: string;
  version?: string;
  caps?: string[];
  commands?: string[];
  connected?: boolean;
  connectedAtMs?: number;
}

export async function list(call: CommandCall): Promise<Outcome> {
  const connection = await call.gateway();
  const answer = await connection.call<{ ts: number; nodes: Node[] }>("node.list", {});
  const nodes = answer.nodes.filter((node) => !call.options.flag("connected") || node.connected === true);
  if (nodes.length === 0) return { json: { ...answer, nodes }, text: "No nodes. A phone or another machine becomes one when its app is paired with this gateway." };
  const text = table(
    call.terminal,
    [
      { title: "name", value: (node: Node) => node.displayName ?? node.nodeId.slice(0, 12) },
      { title: "state", value: (node) => (node.connected ? "connected" : "away"), paint: (node) => (node.connected ? "green" : "dim") },
      { title: "since", value: (node) => (node.connectedAtMs === undefined ? "" : age(node.connectedAtMs, call.machine.clock.now())) },
      { title: "platform", value: (node) => node.platform ?? "" },
      { title: "offers", value: (node) => (node.commands ?? node.caps ?? []).join(", ") },
      { title: "id", keep: true, value: (node) => node.nodeId.slice(0, 12) },
    ],
    nodes,
  );
  return { json: { ...answer, nodes }, text };
}
