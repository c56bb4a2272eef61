// What onboarding changes in the configuration, from what was answered. Pure.
import type { Change } from "./config-access.ts";

export interface Answers {
  provider: string;
  /** The key itself, or the name of a variable that holds it. */
  key?: { value: string } | { env: string };
  model?: string;
  baseUrl?: string;
  api?: string;
  workspace?: string;
}

/** Provider ids are names in the configuration and before the slash of a model. */
export const providerPattern = /^[a-z0-9][a-z0-9._-]{0,63}$/i;

export function planChanges(answers: Answers): Change[] {
  const { provider, key, baseUrl, api, workspace } = answers;
  const at = (field: string) => `models.providers[${JSON.stringify(provider)}].${field}`;
  const model = modelName(answers);
  const changes: Change[] = [];
  if (key !== undefined) changes.push({ path: at("apiKey"), value: "env" in key ? `\${${key.env}}` : key.value });
  if (baseUrl !== undefined) changes.push({ path: at("baseUrl"), value: baseUrl });
  if (api !== undefined) changes.push({ path: at("api"), value: api });
  // A server of one's own often wants no key; without this word a missing one would be an error.
  if (baseUrl !== undefined && key === undefined) changes.push({ path: at("auth"), value: "none" });
  // It lists no models that a catalogue knows: the chosen one is written down.
  if (baseUrl !== undefined && model !== undefined) changes.push({ path: at("models"), value: [{ id: model.slice(provider.length + 1) }] });
  if (key !== undefined) changes.push({ path: at("auth"), value: undefined });
  // A provider that needs neither is named, so that it counts as set up.
  if (key === undefined && baseUrl === undefined) changes.push({ path: `models.providers[${JSON.stringify(provider)}]`, value: {}, onlyIfAbsent: true });
  if (model !== undefined) changes.push({ path: "agents.defaults.model", value: model, isModelChoice: true });
  if (workspace !== undefined) changes.push({ path: "agents.defaults.workspace", value: workspace });
  return changes;
}

/** `provider/model`, whether or not the provider was said. */
export function modelName({ provider, model }: Pick<Answers, "provider" | "model">): string | undefined {
  if (model === undefined) return undefined;
  return model.startsWith(`${provider}/`) ? model : `${provider}/${model}`;
}
