// Is it well: the gateway's own snapshot.
import type { CommandCall, Outcome } from "../command.ts";
import { exitCodes } from "../failure.ts";
import { age, duration } from "../format.ts";
import { facts } from "../table.ts";
import { plain } from "../terminal.ts";

interface Snapshot {
  ok?: boolean;
  ts?: number;
  defaultAgentId?: string;
  agents?: { agentId: string }[];
  sessions?: { count?: number; recent?: { key: string; updatedAt: number | null }[] };
  plugins?: { loaded?: string[]; errors?: { id: string; error?: string }[] };
}

/** The snapshot's form is the protocol's and has no place for these. */
interface Notes {
  config?: { valid: boolean };
  warnings?: string[];
}

export async function run(call: CommandCall): Promise<Outcome> {
  const { terminal, machine, options } = call;
  const begun = machine.clock.monotonic();
  const connection = await call.gateway();
  const [snapshot, { config, warnings = [] }] = await Promise.all([connection.call<Snapshot>("health", options.flag("probe") ? { probe: true } : {}), connection.call<Notes>("status", {})]);
  const tookMs = machine.clock.monotonic() - begun;
  const isWell = snapshot.ok === true;
  const [latest] = snapshot.sessions?.recent ?? [];
  const broken = snapshot.plugins?.errors ?? [];
  const text = facts(terminal, [
    ["gateway", isWell ? terminal.paint("green", "well") : terminal.paint("red", "not well")],
    ["answered in", duration(tookMs)],
    ["up", duration(connection.hello.snapshot.uptimeMs)],
    ["agents", (snapshot.agents ?? []).map((agent) => plain(agent.agentId)).join(", ")],
    ["conversations", `${snapshot.sessions?.count ?? 0}${latest ? `, last ${plain(latest.key)} ${age(latest.updatedAt, machine.clock.now())}` : ""}`],
    ["extensions", (snapshot.plugins?.loaded ?? []).map(plain).join(", ")],
    ...broken.map((one) => ["broken", terminal.paint("red", `${plain(one.id)}: ${plain(one.error ?? "no reason given")}`)] as const),
    ...warnings.map((warning) => ["note", terminal.paint("yellow", plain(warning))] as const),
  ]);
  return { json: { ...snapshot, ...(config === undefined ? {} : { config }), warnings }, text, exitCode: isWell ? exitCodes.ok : exitCodes.failed };
}
