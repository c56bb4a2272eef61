// Who may do what: roles, scopes, the Caller behind a connection and the Authority carried by a run. Data only.

export type Role = "operator" | "node";

export const scopes = [
  "operator.read",
  "operator.write",
  "operator.admin",
  "operator.approvals",
  "operator.pairing",
  "operator.questions",
  "operator.talk",
  "operator.talk.secrets",
] as const;
export type Scope = (typeof scopes)[number];

/** What a method asks for: one scope, the node role, or nothing beyond being connected. */
export type Access = Scope | "node" | "any";

/** Write includes read and talk; admin includes every scope. */
export function holds(held: readonly string[], wanted: Scope): boolean {
  if (held.includes("operator.admin") || held.includes(wanted)) return true;
  return (wanted === "operator.read" || wanted === "operator.talk") && held.includes("operator.write");
}

export function isScope(text: string): text is Scope {
  return (scopes as readonly string[]).includes(text);
}

export type ProtocolVersion = 3 | 4;

export interface ClientInfo {
  id: string;
  mode: string;
  version: string;
  platform: string;
  displayName?: string;
  deviceFamily?: string;
  modelIdentifier?: string;
  instanceId?: string;
}

/** The principal of one connection or request. Made by the transport, never from a field the caller wrote. */
export interface Caller {
  readonly connId: string;
  readonly door: "ws" | "http" | "internal";
  readonly role: Role;
  readonly scopes: readonly Scope[];
  /** Who it is: `owner` until more people are configured. */
  readonly person: string;
  readonly protocol: ProtocolVersion;
  readonly client: ClientInfo;
  readonly caps: readonly string[];
  readonly deviceId?: string;
  /** On this machine, by the rule of protocol.md 2.6. */
  readonly local: boolean;
}

/** What a run may do. Derived from the Caller or sender that caused it; it only ever shrinks. */
export interface Authority {
  readonly person: string;
  readonly scopes: readonly Scope[];
  /** Where the prompt came in: chat, agent, http, cron, … */
  readonly door: string;
  /** True once text from outside the conversation's own people entered the context. */
  readonly tainted: boolean;
}
