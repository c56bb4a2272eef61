// Onboarding's two acts: store the answers, and try what was stored.
import type { CommandCall } from "./command.ts";
import { changeConfig, openGatewayDoor, type Changed } from "./config-access.ts";
import { type Answers, planChanges } from "./onboard-plan.ts";
import { withProgress } from "./progress.ts";
import { plain } from "./terminal.ts";

const probeTimeoutMs = 60_000;

export interface Probe {
  ok: boolean;
  reason?: string;
}

export async function apply(call: CommandCall, answers: Answers): Promise<Changed> {
  return changeConfig(call, planChanges(answers), openGatewayDoor);
}

/** One small request through the gateway. */
export async function tryProvider(call: CommandCall, provider: string): Promise<Probe> {
  const connection = await call.gateway();
  const answer = await withProgress({ terminal: call.terminal, clock: call.machine.clock, quiet: call.json }, `Asking ${plain(provider)}`, () => connection.call<ProbeAnswer>("models.probe", { provider }, { timeoutMs: probeTimeoutMs }));
  return probeOf(answer);
}

/** What `models.probe` answers. */
export interface ProbeAnswer {
  status: string;
  error?: string;
}

export function probeOf({ status, error }: ProbeAnswer): Probe {
  return status === "ok" ? { ok: true } : { ok: false, ...(error === undefined ? {} : { reason: error }) };
}

export function isHttpUrl(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
}
