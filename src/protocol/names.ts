// The product's three spellings on the wire: client ids, headers, hosted paths and model names of all eras. The only place that knows the old brands.

const brands = ["openclaw", "moltbot", "clawdbot"] as const;

/** Client ids in today's spelling (protocol.md 2.3). */
export const clientIds = [
  "webchat-ui", "openclaw-control-ui", "openclaw-browser-copilot", "openclaw-tui", "webchat", "cli", "gateway-client", "openclaw-macos", "openclaw-linux", "openclaw-ios",
  "openclaw-watchos", "openclaw-android", "node-host", "openclaw-worker", "test", "fingerprint", "openclaw-probe",
] as const;
export type ClientId = (typeof clientIds)[number];

export const clientModes = ["webchat", "cli", "ui", "backend", "node", "worker", "probe", "test"] as const;
export type ClientMode = (typeof clientModes)[number];

const knownIds: ReadonlySet<string> = new Set(clientIds);

/** The client id in today's spelling, or undefined when no era knows it. */
export function canonicalClientId(id: string): ClientId | undefined {
  const renamed = id.replace(/^(moltbot|clawdbot)-/, "openclaw-");
  return knownIds.has(renamed) ? (renamed as ClientId) : undefined;
}

/** Every spelling of every client id, for the schema of `connect`. */
export const allClientIds: readonly string[] = clientIds.flatMap((id) => (id.startsWith("openclaw-") ? brands.map((brand) => id.replace(/^openclaw/, brand)) : [id]));

/** Runs in a browser page: shows the Control UI or WebChat. */
export function isBrowserClient(id: string): boolean {
  const known = canonicalClientId(id);
  return known === "openclaw-control-ui" || known === "webchat-ui" || known === "webchat";
}

/** The first of `x-openclaw-<name>` and its older spellings; header maps have lower-case keys. */
export function brandHeader(headers: Readonly<Record<string, string | string[] | undefined>>, name: string): string | undefined {
  for (const brand of brands) {
    const value = headers[`x-${brand}-${name}`];
    if (typeof value === "string" && value !== "") return value;
  }
  return undefined;
}

/** The agent a model name points at: `openclaw`, `openclaw/<agent>`, `moltbot:<agent>`, `agent:<agent>`. `default` and a bare name mean the default agent; undefined is not one of our names. */
export function agentOfModelName(model: string): { agentId?: string } | undefined {
  const match = /^(?:(openclaw|moltbot|clawdbot)(?:[:/](.+))?|agent:(.+))$/.exec(model);
  if (!match) return undefined;
  const agentId = match[2] ?? match[3];
  return agentId === undefined || agentId === "default" ? {} : { agentId };
}
