// What /status says about a conversation: model, context, queue, version.
import { estimateTokens } from "../agents/model-view.ts";
import type { App } from "./app.ts";
import { sessionModelOf } from "./session-model.ts";

export async function sessionStatus(app: App, sessionKey: string, agentId: string): Promise<string> {
  const session = await app.sessions.peek(sessionKey);
  const sessionModel = sessionModelOf(session?.entry);
  const policy = await app.models.policy({ agentId, config: app.config.current(), ...(sessionModel === undefined ? {} : { sessionModel }) });
  const model = policy.candidates[0];
  const messages = session ? await session.transcript.messages() : [];
  const tokens = estimateTokens(messages);
  const live = app.runs.live(sessionKey);
  const running = live.find((run) => run.state !== "queued");
  const usage = await app.usage.bySession(sessionKey);
  return [
    `OpenClaw ${app.version}, up ${duration(app.clock.now() - app.startedAt)}`,
    `Model: ${model ? `${model.provider}/${model.id}${model.demo ? " (demo)" : ""}` : "none"}`,
    `Context: about ${tokens} of ${model?.contextWindow ?? 0} tokens in ${messages.length} messages`,
    `Used: ${usage.totalTokens} tokens${usage.totalCost > 0 ? `, $${usage.totalCost.toFixed(4)}${usage.missingCostEntries > 0 ? " or more" : ""}` : ""}`,
    `Queue: ${running ? "one running" : "nothing running"}, ${live.filter((run) => run.state === "queued").length} waiting`,
    `Session: ${sessionKey}${session ? ` (${session.sessionId})` : ""}`,
  ].join("\n");
}

function duration(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} days`;
}
