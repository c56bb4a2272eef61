// The gateway at a glance.
import type { CommandCall, Outcome } from "../command.ts";
import { age, count, duration, tokens } from "../format.ts";
import { facts, table } from "../table.ts";
import { plain } from "../terminal.ts";

interface Session {
  key: string;
  label?: string;
  updatedAt: number | null;
  model?: string;
  totalTokens?: number;
}

interface Status {
  runtimeVersion?: string;
  heartbeat?: { defaultAgentId?: string; agents?: { agentId: string }[] };
  sessions: { count: number; defaults?: { model?: string | null }; recent?: Session[] };
  gateway?: { port?: number; secure?: boolean; hosts?: string[]; connections?: number; uptimeMs?: number };
  runs?: { runId: string; sessionKey: string; state: string }[];
  extensions?: { id: string; state: string; reason?: string }[];
  outbox?: { pending?: number };
  warnings?: string[];
}

export async function run(call: CommandCall): Promise<Outcome> {
  const { terminal, machine } = call;
  const connection = await call.gateway();
  const [status, sessions] = await Promise.all([
    connection.call<Status>("status", {}),
    connection.call<{ defaults: { modelProvider: string | null; model: string | null } }>("sessions.list", { limit: 1 }),
  ]);
  const { modelProvider, model } = sessions.defaults;
  const broken = (status.extensions ?? []).filter((extension) => extension.state === "broken");
  const runs = status.runs ?? [];
  const head = facts(terminal, [
    ["gateway", `${terminal.paint("green", "running")} at ${connection.target.url}, version ${plain(status.runtimeVersion ?? connection.hello.server.version)}`],
    ["up", duration(status.gateway?.uptimeMs ?? connection.hello.snapshot.uptimeMs)],
    ["connections", status.gateway?.connections === undefined ? undefined : String(status.gateway.connections)],
    ["agents", (status.heartbeat?.agents ?? []).map(({ agentId }) => plain(agentId)).join(", ")],
    ["model", model === null ? "none" : `${plain(`${modelProvider ?? ""}/${model}`)}${modelProvider === "demo" ? terminal.paint("yellow", " (the built-in demo; `openclaw onboard` adds a real one)") : ""}`],
    ["conversations", String(status.sessions.count)],
    ["running now", runs.length === 0 ? "nothing" : runs.map((one) => `${plain(one.sessionKey)} (${one.state})`).join(", ")],
    ["to be delivered", (status.outbox?.pending ?? 0) > 0 ? count(status.outbox?.pending ?? 0, "message") : undefined],
    ...broken.map((one) => ["broken", terminal.paint("red", `${plain(one.id)}: ${plain(one.reason ?? "no reason given")}`)] as const),
    ...(status.warnings ?? []).map((warning) => ["note", terminal.paint("yellow", plain(warning))] as const),
  ]);
  const now = machine.clock.now();
  const recent = table(
    terminal,
    [
      { title: "recent", keep: true, value: (row: Session) => row.key },
      { title: "label", value: (row) => row.label ?? "" },
      { title: "last used", value: (row) => age(row.updatedAt, now) },
      { title: "tokens", align: "right", value: (row) => (row.totalTokens === undefined ? "" : tokens(row.totalTokens)) },
    ],
    status.sessions.recent ?? [],
  );
  return { json: status, text: recent === "" ? head : `${head}\n${recent}` };
}
