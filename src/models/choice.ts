// Which models serve a run, in which order: pure rules over the configuration.
import type { ConfigSnapshot } from "../config/config.ts";

export interface Wish {
  agentId: string;
  sessionModel?: string;
  runModel?: string;
  config: ConfigSnapshot;
}

export interface Choice {
  /** As written; resolved by the catalogue. Empty: nothing is configured. */
  names: string[];
  /** A person chose it for this run or session. */
  pinned: boolean;
}

type Configured = string | { primary?: string | undefined; fallbacks?: string[] | undefined } | undefined;

/** Run over session over agent over defaults. What a person chose stands alone; what the configuration says comes with its fallbacks. */
export function choose(wish: Wish): Choice {
  const picked = clean(wish.runModel) ?? clean(wish.sessionModel);
  if (picked !== undefined) return { names: [picked], pinned: true };
  const { defaults, list } = wish.config.value.agents;
  const own = list?.find((agent) => agent.id === wish.agentId)?.model;
  const fallback = defaults?.model;
  const primary = primaryOf(own) ?? primaryOf(fallback);
  const rest = fallbacksOf(own) ?? fallbacksOf(fallback) ?? [];
  return { names: unique([...(primary === undefined ? [] : [primary]), ...rest]), pinned: false };
}

function clean(name: string | undefined): string | undefined {
  const text = name?.trim();
  return text === undefined || text === "" || text === "default" ? undefined : text;
}

function primaryOf(model: Configured): string | undefined {
  return clean(typeof model === "string" ? model : model?.primary);
}

function fallbacksOf(model: Configured): string[] | undefined {
  return typeof model === "string" ? undefined : model?.fallbacks;
}

function unique(names: string[]): string[] {
  return [...new Set(names.map((name) => name.trim()).filter((name) => name !== ""))];
}
