// Beginning a conversation, and with whom when there are several agents: Chat, Sessions and the palette do it alike.
import { html, type TemplateResult } from "lit";
import { type AgentRow, agentName, choiceOf } from "../app/agents.ts";
import type { App } from "../app/app.ts";
import "../parts/button.ts";
import "../parts/menu.ts";

/** Opens a new conversation; false when there is none, which the page has been told. */
export async function beginConversation(app: App, agentId?: string): Promise<boolean> {
  try {
    const { key } = await app.gateway.call<{ key: string }>("sessions.create", agentId === undefined ? {} : { agentId });
    app.route.go("chat", [key]);
    return true;
  } catch (error) {
    app.toasts.failed("No new conversation", error);
    return false;
  }
}

/** A button; with several agents a menu of them. */
export function drawFresh(app: App, words: { label: string; text?: string }, begin: (agent?: AgentRow) => void): TemplateResult {
  const agents = choiceOf(app.live.agents.get().value);
  const disabled = !app.gateway.isOnline() || !app.gateway.can("sessions.create", "operator.write");
  if (agents.length === 0 || disabled) return html`<oc-button icon="plus" label=${words.label} ?disabled=${disabled} @click=${() => begin()}>${words.text ?? ""}</oc-button>`;
  return html`<oc-menu icon="plus" kind="plain" label=${words.label} text=${words.text ?? ""} .items=${agents.map((agent) => ({ label: `With ${agentName(agent)}`, icon: "chat", run: () => begin(agent) }))}></oc-menu>`;
}
