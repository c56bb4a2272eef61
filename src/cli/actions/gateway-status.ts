// Whether a gateway runs here and answers; says so without one, too.
import { CliFailure, type FailureView } from "../failure.ts";
import type { CommandCall, Outcome } from "../command.ts";
import { usesRemote } from "../config-access.ts";
import { duration, localTime } from "../format.ts";
import { findRunning, holderOf } from "../running.ts";
import { facts } from "../table.ts";

export async function run(call: CommandCall): Promise<Outcome> {
  const { machine, terminal } = call;
  const [paths, holder, running] = [await machine.paths(), await holderOf(machine), await findRunning(machine)];
  const asked = await ask(call);
  const isElsewhere = call.options.has("url") || machine.env.gatewayUrl !== undefined || (holder === undefined && (await usesRemote(machine)));
  const json = {
    running: holder !== undefined,
    ...(holder ? { pid: holder.pid, startedAt: running?.startedAt ?? holder.startedAt } : {}),
    ...(running ? { url: running.url, version: running.version, background: running.background ?? false, ...(running.fingerprint === undefined ? {} : { tlsFingerprint: running.fingerprint }) } : {}),
    ...asked,
    stateDir: paths.stateDir,
    configPath: paths.config,
    logs: paths.logs,
  };
  const startedAt = running?.startedAt ?? holder?.startedAt ?? 0;
  const text = facts(terminal, [
    ["gateway", holder === undefined ? (isElsewhere ? "elsewhere; none runs here" : terminal.paint("yellow", "not running; start it with `openclaw gateway start`")) : terminal.paint("green", `running (pid ${holder.pid}${running?.background ? ", in the background" : ""})`)],
    ["since", startedAt > 0 ? `${localTime(startedAt)} (${duration(machine.clock.now() - startedAt)})` : undefined],
    ["address", asked.target ?? running?.url],
    ["answers", asked.reachable ? `yes, version ${asked.version ?? "unknown"}, as ${(asked.scopes ?? []).join(", ")}` : holder !== undefined || isElsewhere ? terminal.paint("red", `no: ${asked.error?.message ?? "no reason given"}`) : undefined],
    ["certificate", running?.fingerprint],
    ["configuration", paths.config],
    ["state", paths.stateDir],
    ["log", paths.logs],
  ]);
  return { json, text };
}

interface Asked {
  reachable: boolean;
  target?: string;
  version?: string;
  protocol?: number;
  scopes?: string[];
  error?: FailureView;
}

async function ask(call: CommandCall): Promise<Asked> {
  try {
    const { hello, target } = await call.gateway();
    return { reachable: true, target: target.url, version: hello.server.version, protocol: hello.protocol, scopes: hello.auth?.scopes ?? [] };
  } catch (error) {
    if (!(error instanceof CliFailure)) throw error;
    return { reachable: false, error: { code: error.code, message: error.message, ...(error.next === undefined ? {} : { next: error.next }) } };
  }
}
