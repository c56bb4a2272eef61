// The health snapshot: made once a minute and after sign-ins, kept as finished JSON, given to everybody alike.
import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import type { Bus } from "../sdk/events.ts";
import type { Agents } from "../agents/agents.ts";
import type { ExtensionHost } from "../host/host.ts";
import type { Outbox } from "../channels/outbox.ts";
import type { SessionStore } from "../sdk/backends.ts";
import type { Sessions } from "../sessions/sessions.ts";
import { prepare } from "./prepared.ts";
import type { LoopWatch } from "./loop-watch.ts";

export type HealthSnapshot = Record<string, unknown>;

export interface Health {
  /** The last snapshot; `{}` until the first refresh ended. */
  current(): HealthSnapshot;
  version(): number;
  /** Makes a new one; calls at the same time share it. */
  refresh(): Promise<HealthSnapshot>;
  /** A refresh soon, merged with others that are wanted. */
  kick(): void;
  /** Can it accept and persist: does a write. */
  ready(): Promise<{ ready: boolean; failing: string[] }>;
  stop(): void;
}

export interface HealthDeps {
  clock: Clock;
  log: Log;
  events: Bus;
  sessions: Sessions;
  agents: Agents;
  extensions: ExtensionHost;
  outbox: Outbox;
  store: SessionStore;
  loop: LoopWatch;
}

const periodMs = 60_000;
const kickDelayMs = 1_000;
const recentSessions = 10;
/** `/readyz` does one write per this time, however often it is asked. */
const readyFreshMs = 500;
const readyTimeoutMs = 2_000;

export function createHealth(deps: HealthDeps): Health {
  const { clock } = deps;
  let snapshot: HealthSnapshot = prepare({});
  let version = 1;
  let running: Promise<HealthSnapshot> | undefined;
  let kicked: { cancel(): void } | undefined;
  let probe: { at: number; result: Promise<{ ready: boolean; failing: string[] }> } | undefined;

  const make = async (): Promise<HealthSnapshot> => {
    const begun = clock.monotonic();
    const now = clock.now();
    const { path, rows, total } = await deps.sessions.list({ limit: recentSessions });
    const status = deps.extensions.status();
    const made = {
      ok: true,
      ts: now,
      durationMs: Math.round(clock.monotonic() - begun),
      eventLoop: deps.loop.read(),
      plugins: {
        loaded: status.filter((extension) => extension.state === "loaded").map((extension) => extension.id),
        errors: status.filter((extension) => extension.state === "broken").map((extension) => ({ id: extension.id, origin: "bundled", activated: false, error: extension.reason ?? "broken" })),
      },
      channels: {},
      channelOrder: [],
      channelLabels: {},
      heartbeatSeconds: 0,
      defaultAgentId: deps.agents.defaultId(),
      agents: deps.agents.list().map((agent) => ({
        agentId: agent.id,
        ...(agent.name === undefined ? {} : { name: agent.name }),
        isDefault: agent.isDefault,
        heartbeat: { enabled: false, every: "0m", everyMs: null, prompt: "", target: "none", ackMaxChars: 0 },
        sessions: { path, count: total, recent: [] },
      })),
      sessions: { path, count: total, recent: rows.map((row) => ({ key: row.key, updatedAt: row.updatedAt, age: row.updatedAt === null ? null : Math.max(0, now - row.updatedAt) })) },
    };
    snapshot = prepare(made);
    version++;
    deps.events.emit("health.changed", {});
    return snapshot;
  };

  const refresh = () =>
    (running ??= make().finally(() => {
      running = undefined;
    }));
  const quietly = () => void refresh().catch((error: unknown) => deps.log.error("the health snapshot could not be made", { error }));
  const timer = clock.every(periodMs, quietly);

  const look = async (): Promise<{ ready: boolean; failing: string[] }> => {
    try {
      await withTimeout(deps.store.probe(), clock, readyTimeoutMs);
      return { ready: true, failing: [] };
    } catch (error) {
      deps.log.warn("the state directory does not accept writes", { error });
      return { ready: false, failing: ["state"] };
    }
  };

  return {
    current: () => snapshot,
    version: () => version,
    refresh,
    kick() {
      kicked ??= clock.after(kickDelayMs, () => {
        kicked = undefined;
        quietly();
      });
    },
    ready() {
      if (!probe || clock.monotonic() - probe.at > readyFreshMs) probe = { at: clock.monotonic(), result: look() };
      return probe.result;
    },
    stop() {
      timer.cancel();
      kicked?.cancel();
    },
  };
}

function withTimeout<T>(work: Promise<T>, clock: Clock, timeoutMs: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = clock.after(timeoutMs, () => reject(new Error(`no answer in ${timeoutMs} ms`)));
    work.then(resolve, reject).finally(() => timer.cancel());
  });
}
