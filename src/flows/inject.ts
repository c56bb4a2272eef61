// Puts an assistant text into a conversation without a model.
import { fault } from "../base/faults.ts";
import type { App } from "./app.ts";

/** Returns the id of the new line. Throws session.not-found. */
export async function injectMessage(app: App, what: { sessionKey: string; spokenKey: string; text: string }): Promise<string> {
  const session = await app.sessions.peek(what.sessionKey);
  if (!session) throw fault("session.not-found", { key: what.spokenKey });
  const [messageId = ""] = await session.transcript.append(
    [{ type: "message", message: { role: "assistant", content: [{ type: "text", text: what.text }], api: "openclaw", provider: "openclaw", model: "gateway-injected", usage: { input: 0, output: 0, cacheRead: 0, cacheWrite: 0, totalTokens: 0 }, stopReason: "injected", timestamp: app.clock.now() } }],
    { durable: true },
  );
  app.sessions.touch(what.sessionKey, { updatedAt: app.clock.now() });
  app.events.emit("session.message", { sessionKey: session.key, sessionId: session.sessionId, agentId: session.agentId, spokenKey: what.spokenKey, kind: "inject", text: what.text, messageId });
  return messageId;
}
