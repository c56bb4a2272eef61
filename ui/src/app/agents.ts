// The agents of the gateway as a person tells them apart. Pure.

export interface AgentRow {
  id: string;
  name?: string;
  identity?: { emoji?: string };
  model?: { primary?: string };
}

export interface AgentList {
  defaultId: string;
  mainKey: string;
  agents: AgentRow[];
}

/** With its sign, if it has one. */
export function agentName(agent: AgentRow): string {
  const emoji = agent.identity?.emoji;
  return `${emoji === undefined ? "" : `${emoji} `}${agent.name ?? agent.id}`;
}

/** `agent:research:main` → `research`. */
export function agentIdOf(key: string): string | undefined {
  const [first, id, ...rest] = key.split(":");
  return first === "agent" && rest.length > 0 ? id : undefined;
}

/** Empty while there is nothing to choose: with a single agent nothing speaks of agents. */
export function choiceOf(list: AgentList | undefined): readonly AgentRow[] {
  return list !== undefined && list.agents.length > 1 ? list.agents : [];
}

/** Whose conversation it is; undefined while there is nothing to tell apart. */
export function agentOf(list: AgentList | undefined, key: string): AgentRow | undefined {
  const id = agentIdOf(key) ?? list?.defaultId;
  return choiceOf(list).find((agent) => agent.id === id);
}
