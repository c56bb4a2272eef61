// What `status` tells: sessions, agents, models, and every switch that is looser than its default.
import type { ConfigSnapshot } from "../config/config.ts";
import { configTrouble } from "../config/snapshot.ts";
import type { SessionRow } from "../sessions/sessions.ts";
import type { GatewayApp } from "./gateway-app.ts";
import { letsTailscaleIn } from "./transport-identity.ts";

const recentSessions = 10;
const maxIssues = 20;

export async function readStatus(app: GatewayApp) {
  const { path, rows, total } = await app.sessions.list({ limit: recentSessions });
  const now = app.clock.now();
  const recent = rows.map((row) => statusRow(row, now));
  const agents = app.agents.list();
  const byAgent = await Promise.all(
    agents.map(async ({ id }) => {
      const own = await app.sessions.list({ agentId: id, limit: recentSessions });
      return { agentId: id, path, count: own.total, recent: own.rows.map((row) => statusRow(row, now)) };
    }),
  );
  const { value } = app.config.current();
  const listening = app.listening();
  const { total: sockets, signedIn } = app.connections.count();
  return {
    runtimeVersion: app.version,
    heartbeat: { defaultAgentId: app.agents.defaultId(), agents: agents.map((agent) => ({ agentId: agent.id, enabled: false, every: "disabled", everyMs: null })) },
    channelSummary: [],
    queuedSystemEvents: [],
    sessions: {
      paths: [path],
      count: total,
      defaults: { model: primaryOf(value), contextTokens: value.agents.defaults?.contextTokens ?? null },
      recent,
      byAgent,
    },
    gateway: { port: listening.port, secure: listening.secure, hosts: listening.hosts, ...(listening.fingerprint === undefined ? {} : { tlsFingerprint: listening.fingerprint }), connections: sockets, signedIn, uptimeMs: Math.round(now - app.startedAt) },
    runs: app.runs.live().map(({ runId, sessionKey, agentId, state, startedAt }) => ({ runId, sessionKey, agentId, state, ...(startedAt === undefined ? {} : { startedAt }) })),
    models: app.models.status(),
    extensions: app.extensions.status(),
    outbox: { pending: await app.outbox.pending() },
    config: configState(app.config.current()),
    warnings: statusWarnings(app.config.current()),
  };
}

/** What is wrong with the file, and every switch that is looser than its default. */
export function statusWarnings(config: ConfigSnapshot): string[] {
  const trouble = configTrouble(config);
  return [...(trouble === undefined ? [] : [trouble]), ...looseSwitches(config.value)];
}

export function configState({ path, issues, isRefused, issuesSinceMs }: ConfigSnapshot) {
  return { path, valid: issues.length === 0, issues: issues.slice(0, maxIssues), ...(isRefused === true ? { refused: true } : {}), ...(issuesSinceMs === undefined ? {} : { sinceMs: issuesSinceMs }) };
}

/** Each is one sentence; an empty list is the safe state. */
export function looseSwitches(config: ConfigSnapshot["value"]): string[] {
  const { auth, bind, trustedProxies, tailscale } = config.gateway;
  const warnings: string[] = [];
  const raised = (auth?.sharedTokenScopes ?? []).filter((scope) => scope === "operator.admin" || scope === "operator.approvals" || scope === "operator.pairing");
  if (raised.length > 0) warnings.push(`gateway.auth.sharedTokenScopes lets the shared secret claim ${raised.join(", ")} on this machine without an approval.`);
  if ((bind ?? "loopback") !== "loopback" && bind !== "auto") warnings.push(`gateway.bind is ${bind}: other machines can reach the gateway.`);
  if (tailscale?.mode === "funnel") warnings.push("gateway.tailscale.mode is funnel: the whole internet can reach the gateway.");
  if (letsTailscaleIn(config.gateway)) warnings.push("gateway.auth.allowTailscale lets in everybody of the tailnet without the token.");
  if ((trustedProxies ?? []).length > 0) warnings.push("gateway.trustedProxies believes what these proxies say about their clients.");
  if (config.store.durability === "process") warnings.push("store.durability is process: a power cut may lose the last moments.");
  return warnings;
}

function primaryOf(config: ConfigSnapshot["value"]): string | null {
  const model = config.agents.defaults?.model;
  return typeof model === "string" ? model : (model?.primary ?? null);
}

function statusRow(row: SessionRow, now: number): Record<string, unknown> {
  return { ...row, age: row.updatedAt === null ? null : Math.max(0, now - row.updatedAt), flags: [] };
}
