// What a node reports or asks for with node.event (protocol.md 7.4). Unknown names are answered, not refused.
import { acceptPrompt } from "../flows/accept.ts";
import { authorityOf } from "../guard/authority.ts";
import type { Caller } from "../protocol/scopes.ts";
import { agentIdOf } from "../sessions/key.ts";
import type { GatewayApp } from "./gateway-app.ts";

export interface NodeEventOutcome { handled: boolean; reason?: string }

type Body = Readonly<Record<string, unknown>>;
type Handler = (app: GatewayApp, caller: Caller, body: Body) => NodeEventOutcome | Promise<NodeEventOutcome>;

const maxPromptChars = 20_000;
const maxKeyChars = 512;
const handled: NodeEventOutcome = { handled: true };

const handlers: Readonly<Record<string, Handler>> = {
  "chat.subscribe": (app, caller, body) => follow(app, caller, body, true),
  "chat.unsubscribe": (app, caller, body) => follow(app, caller, body, false),
  "voice.transcript": (app, caller, body) => prompt(app, caller, { text: text(body.text), spoken: text(body.sessionKey) ?? "main", key: `voice-${app.ids.uuid()}`, thinking: "low" }),
  "agent.request": (app, caller, body) =>
    prompt(app, caller, {
      text: text(body.message),
      spoken: text(body.sessionKey) ?? `node-${caller.deviceId ?? caller.client.id}`,
      key: text(body.key) ?? `node-${app.ids.uuid()}`,
      thinking: text(body.thinking),
      timeoutMs: typeof body.timeoutSeconds === "number" && body.timeoutSeconds > 0 ? Math.round(body.timeoutSeconds * 1000) : undefined,
    }),
};

export async function handleNodeEvent(app: GatewayApp, caller: Caller, event: { event: string; payload?: unknown; payloadJSON?: string | null }): Promise<NodeEventOutcome> {
  const handler = Object.hasOwn(handlers, event.event) ? handlers[event.event] : undefined;
  if (!handler) return { handled: false, reason: "unknown event" };
  const body = bodyOf(event);
  return body ? handler(app, caller, body) : { handled: false, reason: "the payload is not an object" };
}

/** The payload comes as a value or as JSON text. */
function bodyOf(event: { payload?: unknown; payloadJSON?: string | null }): Body | undefined {
  let value = event.payload;
  if (typeof event.payloadJSON === "string") {
    try {
      value = JSON.parse(event.payloadJSON) as unknown;
    } catch {
      return undefined; // told to the node as the reason
    }
  }
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Body) : undefined;
}

function follow(app: GatewayApp, caller: Caller, body: Body, on: boolean): NodeEventOutcome {
  const spelt = text(body.sessionKey);
  if (spelt === undefined) return { handled: false, reason: "sessionKey required" };
  const key = app.sessions.resolve(spelt, caller);
  app.connections.get(caller.connId)?.subscribe(({ sessions }) => {
    if (on && sessions.size < maxFollowed) sessions.set(key, spelt);
    else sessions.delete(key);
  });
  return handled;
}

/** Sessions one connection may follow. */
export const maxFollowed = 256;

async function prompt(app: GatewayApp, caller: Caller, want: { text: string | undefined; spoken: string; key: string; thinking?: string | undefined; timeoutMs?: number | undefined }): Promise<NodeEventOutcome> {
  if (want.text === undefined) return { handled: false, reason: "text required" };
  if (want.key.length > maxKeyChars) return { handled: false, reason: `key is longer than ${maxKeyChars} characters` };
  const sessionKey = app.sessions.resolve(want.spoken, caller);
  const accepted = await acceptPrompt(app, {
    door: "node",
    key: want.key,
    sessionKey,
    spokenKey: want.spoken,
    agentId: agentIdOf(sessionKey, app.agents.defaultId()),
    text: want.text.slice(0, maxPromptChars),
    attachments: [],
    authority: authorityOf(caller, "node"),
    ...(want.thinking === undefined ? {} : { thinking: want.thinking }),
    ...(want.timeoutMs === undefined ? {} : { timeoutMs: want.timeoutMs }),
    literal: true, // a node speaks, it does not command
  });
  if (accepted.kind !== "ended") accepted.outcome.catch((error: unknown) => app.log.warn("a node's prompt failed", { runId: accepted.runId, error }));
  return handled;
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value.trim() !== "" ? value : undefined;
}
