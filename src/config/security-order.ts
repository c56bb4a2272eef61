// Which of two configurations is the weaker one, aspect by aspect, and how the weaker aspects are put back.
import { withDefaults } from "./defaults.ts";
import { valueAt, withValue, type Path } from "./path.ts";
import type { ConfigDocument, ResolvedConfig } from "./schema.ts";

/** `rank`: a smaller number is stricter. `few`: fewer entries are stricter. `many`: more entries are stricter. `same`: any other value counts as weaker. */
type Order = { rank: readonly unknown[] } | { number: "small" } | { few: "absent-is-none" | "absent-is-all" } | { many: true } | { same: true };

interface Aspect {
  path: Path;
  order: Order;
}

const off = { rank: [false, undefined, true] } as const;
const unlessOff = { rank: [false, true] } as const;
const few = { few: "absent-is-none" } as const;
const profile = { rank: ["minimal", "messaging", "coding", "full", undefined] } as const;
const small = { number: "small" } as const;
const same = { same: true } as const;

const toolAspects = (at: Path): Aspect[] => [
  { path: [...at, "profile"], order: profile },
  { path: [...at, "allow"], order: { few: "absent-is-all" } },
  { path: [...at, "deny"], order: { many: true } },
];

const fixed: readonly Aspect[] = [
  { path: ["gateway", "mode"], order: same },
  { path: ["gateway", "bind"], order: { rank: ["loopback", "tailnet", "custom", "auto", "lan"] } },
  { path: ["gateway", "customBindHost"], order: same },
  { path: ["gateway", "publicOrigins"], order: few },
  { path: ["gateway", "trustedProxies"], order: few },
  { path: ["gateway", "auth", "mode"], order: { rank: ["token", "password", "trusted-proxy"] } },
  { path: ["gateway", "auth", "token"], order: same },
  { path: ["gateway", "auth", "password"], order: same },
  { path: ["gateway", "auth", "allowTailscale"], order: off },
  { path: ["gateway", "auth", "allowLegacySignatures"], order: off },
  { path: ["gateway", "auth", "sharedTokenScopes"], order: few },
  { path: ["gateway", "auth", "trustedProxy", "userHeader"], order: same },
  { path: ["gateway", "auth", "trustedProxy", "allowUsers"], order: few },
  { path: ["gateway", "tls", "enabled"], order: { rank: [true, undefined, false] } },
  { path: ["gateway", "tls", "caPath"], order: same },
  { path: ["gateway", "tailscale", "mode"], order: { rank: ["off", "serve", "funnel"] } },
  { path: ["gateway", "remote", "url"], order: same },
  { path: ["gateway", "remote", "tlsFingerprint"], order: same },
  { path: ["gateway", "controlUi", "enabled"], order: unlessOff },
  { path: ["gateway", "controlUi", "allowedOrigins"], order: few },
  { path: ["gateway", "http", "endpoints", "chatCompletions", "enabled"], order: unlessOff },
  { path: ["gateway", "http", "endpoints", "responses", "enabled"], order: unlessOff },
  { path: ["gateway", "nodes", "allowCommands"], order: few },
  { path: ["gateway", "nodes", "denyCommands"], order: { many: true } },
  { path: ["gateway", "limits", "preAuthPerAddress"], order: small },
  { path: ["gateway", "limits", "preAuthTotal"], order: small },
  { path: ["gateway", "limits", "maxConnections"], order: small },
  { path: ["gateway", "limits", "requestsPerSecond"], order: small },
  { path: ["gateway", "limits", "inFlightPerConnection"], order: small },
  { path: ["gateway", "limits", "authFailuresPerMinute"], order: small },
  { path: ["tools", "web", "fetch", "enabled"], order: unlessOff },
  { path: ["tools", "web", "fetch", "allowPrivate"], order: few },
  { path: ["extensions", "deny"], order: { many: true } },
  { path: ["session", "scope"], order: { rank: ["per-sender", "global"] } },
  ...toolAspects(["tools"]),
  ...toolAspects(["agents", "defaults", "tools"]),
];

/** Aspects in which `next` is weaker than `last`. */
export function weakerAspects(last: ResolvedConfig, next: ResolvedConfig): Path[] {
  return aspectsOf(last).filter(({ path, order }) => isWeaker(order, valueAt(last, path), valueAt(next, path))).map(({ path }) => path).concat(weakerAgents(last, next));
}

/** `next` with every weaker aspect as it was in `last`. */
export function strengthen(last: ConfigDocument, next: ConfigDocument): { document: ConfigDocument; restored: Path[] } {
  const restored = weakerAspects(withDefaults(last), withDefaults(next));
  let document: unknown = next;
  for (const path of restored) document = withValue(document, path, valueAt(last, path));
  return { document: document as ConfigDocument, restored }; // parts of two valid documents, exchanged at the same paths
}

/** The fixed aspects and those of extensions named in `last`. */
function aspectsOf(last: ResolvedConfig): Aspect[] {
  return [...fixed, ...Object.keys(last.extensions.entries ?? {}).map((id) => ({ path: ["extensions", "entries", id, "enabled"], order: off }))];
}

/** An agent of the same id whose own rules became laxer brings the whole list back. */
function weakerAgents(last: ResolvedConfig, next: ResolvedConfig): Path[] {
  const before = last.agents.list ?? [];
  const after = next.agents.list ?? [];
  const weaker = before.some((old) => {
    const agent = after.find((candidate) => candidate.id === old.id);
    return agent !== undefined && toolAspects(["tools"]).some(({ path, order }) => isWeaker(order, valueAt(old, path), valueAt(agent, path)));
  });
  // An unknown agent, or one that lost its entry, would run under the general rules instead of its own.
  const lost = before.some((old) => old.tools !== undefined && !after.some((agent) => agent.id === old.id));
  return weaker || lost ? [["agents", "list"]] : [];
}

function isWeaker(order: Order, last: unknown, next: unknown): boolean {
  if ("rank" in order) return rankOf(order.rank, next) > rankOf(order.rank, last);
  if ("number" in order) return typeof last === "number" && !(typeof next === "number" && next <= last);
  if ("same" in order) return JSON.stringify(last) !== JSON.stringify(next);
  if ("many" in order) return listOf(last).some((entry) => !listOf(next).includes(entry));
  if (order.few === "absent-is-all" && next === undefined) return last !== undefined;
  if (order.few === "absent-is-all" && last === undefined) return false;
  return listOf(next).some((entry) => !listOf(last).includes(entry));
}

function rankOf(ranks: readonly unknown[], value: unknown): number {
  const rank = ranks.indexOf(value);
  return rank === -1 ? ranks.length : rank;
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}
