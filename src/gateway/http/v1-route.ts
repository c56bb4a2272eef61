// Which agent, model and conversation a /v1 request means: headers first, then the model name, then `user`.
import { fault } from "../../base/faults.ts";
import type { App } from "../../flows/app.ts";
import { agentOfModelName, brandHeader } from "../../protocol/names.ts";
import type { Caller } from "../../protocol/scopes.ts";
import { agentIdOf } from "../../sessions/key.ts";
import { badRequest, type V1Error } from "./v1-error.ts";

export interface V1Route { agentId: string; sessionKey: string; ephemeral: boolean; model?: string }

/** Keys that only the gateway itself makes (protocol.md 8.3). */
const reservedKey = /(?:^|:)(?:subagent|cron|acp):/;

/** `kind` names the door in generated keys: `openai` or `openresponses`. */
export async function routeRequest(app: App, request: Request, caller: Caller, wanted: { model: string; user?: string; kind: "openai" | "openresponses" }): Promise<V1Route | V1Error> {
  const headers = Object.fromEntries(request.headers);
  const header = (name: string) => brandHeader(headers, name);
  const named = agentOfModelName(wanted.model);
  const namedAgent = header("agent-id") ?? header("agent") ?? named?.agentId;
  const agentId = namedAgent ?? app.agents.defaultId();
  const isKnown = (id: string) => app.agents.list().some((agent) => agent.id === id);
  if (!isKnown(agentId)) return badRequest(`Unknown agent '${agentId}'.`, "model", "model_not_found");

  const model = header("model") ?? (named ? undefined : wanted.model);
  if (model !== undefined) {
    const known = await app.models.find(model).then(() => true, () => false);
    if (!known) return { ...badRequest("Invalid model. Use openclaw or openclaw/<agentId>.", "model", "model_not_found") };
  }
  const route = { agentId, ...(model === undefined ? {} : { model }) };

  const explicit = header("session-key");
  if (explicit !== undefined) {
    const sessionKey = keyOf(app, explicit, namedAgent, caller);
    if (reservedKey.test(sessionKey)) throw fault("session.key", { key: explicit });
    // A conversation belongs to its agent; another one cannot answer in it.
    const owner = agentIdOf(sessionKey, agentId);
    if (namedAgent !== undefined && owner !== namedAgent) return badRequest(`Agent '${namedAgent}' does not match the session key's agent '${owner}'.`, "model");
    if (!isKnown(owner)) return badRequest(`Unknown agent '${owner}'.`, "model", "model_not_found");
    return { ...route, agentId: owner, sessionKey, ephemeral: false };
  }
  if (wanted.user !== undefined && wanted.user !== "") {
    return { ...route, sessionKey: app.sessions.resolve(`agent:${agentId}:${wanted.kind}-user:${wanted.user}`, caller), ephemeral: false };
  }
  return { ...route, sessionKey: `agent:${agentId}:${wanted.kind}:${app.ids.uuid()}`, ephemeral: true };
}

/** A short key is one of the agent that was named. */
function keyOf(app: App, explicit: string, namedAgent: string | undefined, caller: Caller): string {
  const key = app.sessions.resolve(explicit, caller);
  if (namedAgent === undefined || agentIdOf(key, namedAgent) === namedAgent || explicit.trim().startsWith("agent:")) return key;
  return app.sessions.resolve(`agent:${namedAgent}:${explicit}`, caller);
}
