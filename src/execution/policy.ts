// Which agent may call which tool, and when: profiles, allow and deny lists, the authority of the run, outside text in the turn. Pure.
import { holds, type Authority, type Scope } from "../protocol/scopes.ts";
import type { ConfigSnapshot } from "../config/config.ts";
import type { Tool, ToolRisk } from "../sdk/tool.ts";

export type Profile = "minimal" | "coding" | "messaging" | "full";

/** Lists may name tools, globs (`web_*`) and these groups. */
export const groups: Readonly<Record<string, readonly string[]>> = {
  "group:fs": ["read", "write", "edit", "list", "search"],
  "group:web": ["web_fetch", "web_search"],
  "group:sessions": ["session_status", "sessions_*"],
};

const profiles: Readonly<Record<Profile, readonly string[]>> = {
  minimal: ["session_status"],
  coding: ["group:fs", "group:web", "group:sessions"],
  messaging: ["group:sessions"],
  full: ["*"],
};

/** What a run's authority must hold for each kind of effect. */
const scopeFor: Readonly<Record<ToolRisk, Scope>> = { read: "operator.read", write: "operator.write", network: "operator.write", exec: "operator.write" };

/** Files that become part of the prompt of every later conversation: outside text must never reach them. */
const promptFiles = /^(?:agents|soul|identity|user|tools|memory|bootstrap|heartbeat|skill)\.md$/i;

interface Lists { profile?: Profile | undefined; allow?: readonly string[] | undefined; deny?: readonly string[] | undefined }

/** Whether the tool exists for this agent at all. Order: profile, then the lists for all agents, then the agent's own; deny wins. */
export function isOffered(tool: Pick<Tool, "name">, agentId: string, config: ConfigSnapshot): boolean {
  const all: Lists = config.value.tools;
  const defaults: Lists = config.value.agents.defaults?.tools ?? {};
  const own: Lists = config.value.agents.list?.find((agent) => agent.id === agentId)?.tools ?? {};
  const profile = own.profile ?? defaults.profile ?? all.profile ?? "full";
  const levels = [all, defaults, own];
  if (levels.some((level) => matches(tool.name, level.deny ?? []))) return false;
  if (!matches(tool.name, profiles[profile])) return false;
  return levels.every((level) => level.allow === undefined || level.allow.length === 0 || matches(tool.name, level.allow));
}

/** Whether the run may have this kind of effect. */
export function isWithin(tool: Pick<Tool, "risk">, authority: Authority): boolean {
  return holds(authority.scopes, scopeFor[tool.risk]);
}

/**
 * Once outside text is in the turn, an effect is allowed only on a target that the person named in their own words:
 * the model may have been talked into everything else. Reading inside the workspace stays allowed.
 * Returns why not, or undefined.
 */
export function taintedRefusal(tool: Pick<Tool, "name" | "risk">, target: string | undefined, authority: Authority, said: string | undefined): string | undefined {
  if (!authority.tainted || tool.risk === "read") return undefined;
  if (target === undefined) return "text from outside is in this conversation, and this tool has effects beyond it";
  if (tool.risk === "write" && promptFiles.test(lastName(target))) return `text from outside is in this conversation, so ${target} may not be changed in it`;
  if (said !== undefined && isNamed(target, said)) return undefined;
  return `text from outside is in this conversation, and the person did not name ${target}; ask them to name it in a message`;
}

/** As the resolver of paths sees it: `AGENTS.md/.` is that file, too. */
function lastName(target: string): string {
  return target.split("/").findLast((part) => part !== "" && part !== ".") ?? "";
}

/** The whole target as a word of its own: naming `a.md` does not name `data.md`, nor an address its longer relatives. */
function isNamed(target: string, said: string): boolean {
  const wanted = target.replace(/^\.\//, "").replace(/\/$/, "");
  if (wanted === "") return false;
  for (let at = said.indexOf(wanted); at !== -1; at = said.indexOf(wanted, at + 1)) {
    const before = said[at - 1];
    const after = said.slice(at + wanted.length);
    if ((before === undefined || /[\s"'`(<[]/.test(before) || (before === "/" && said[at - 2] === ".")) && /^\/?(?:$|[\s"'`)>\],;:!?]|\.(?:\s|$))/.test(after)) return true;
  }
  return false;
}

function matches(name: string, patterns: readonly string[]): boolean {
  return patterns.some((pattern) => {
    const text = pattern.toLowerCase();
    const group = Object.hasOwn(groups, text) ? groups[text] : undefined;
    if (group) return matches(name, group);
    return globMatches(text, name.toLowerCase());
  });
}

/** `*` stands for any run of characters; linear in the text for each star. */
export function globMatches(pattern: string, text: string): boolean {
  const parts = pattern.split("*");
  const first = parts[0] ?? "";
  const last = parts.at(-1) ?? "";
  if (parts.length === 1) return pattern === text;
  if (!text.startsWith(first) || !text.endsWith(last) || text.length < first.length + last.length) return false;
  let at = first.length;
  for (const part of parts.slice(1, -1)) {
    const found = text.indexOf(part, at);
    if (found === -1) return false;
    at = found + part.length;
  }
  return at <= text.length - last.length;
}
