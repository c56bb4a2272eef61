// Shortens a conversation's history on request; the same step that a run takes when its history is too long.
import { compact } from "../agents/compact.ts";
import { fault } from "../base/faults.ts";
import type { App } from "./app.ts";
import { sessionModelOf } from "./session-model.ts";

/** Throws session.not-found, and session.running while something runs or waits there. */
export async function compactSession(app: App, sessionKey: string, signal: AbortSignal): Promise<{ compacted: boolean; kept?: number; reason?: string }> {
  const session = await app.sessions.peek(sessionKey);
  if (!session) throw fault("session.not-found", { key: sessionKey });
  const place = app.runs.hold(sessionKey);
  if (!place) throw fault("session.running", { key: sessionKey });
  try {
    await place.turn(signal);
    const config = app.config.current();
    const agent = app.agents.get(session.agentId, config);
    const sessionModel = sessionModelOf(session.entry);
    const policy = await app.models.policy({ agentId: agent.id, config, ...(sessionModel === undefined ? {} : { sessionModel }) });
    const window = Math.min(policy.candidates[0]?.contextWindow ?? 128_000, agent.compaction.contextTokens ?? Infinity);
    const done = await compact(
      { clock: app.clock, stream: (request, on) => app.models.stream(policy, request, on) },
      // Asked for by a person: half of what would be kept otherwise, so that a short history is shortened too.
      { transcript: session.transcript, roomTokens: Math.max(1_000, window - agent.compaction.reserveTokens), settings: { ...agent.compaction, keepRecentTokens: Math.floor(agent.compaction.keepRecentTokens / 2) }, sessionId: session.sessionId },
      signal,
    );
    const runId = `compact-${app.ids.uuid()}`;
    await app.store.rows.commit(done.spent.map((message, step) => app.usage.book(message, { runId, step, sessionKey, agentId: agent.id })));
    if (!done.compacted) return { compacted: false, kept: done.kept, reason: done.reason ?? "nothing to shorten" };
    const count = typeof session.entry.compactionCount === "number" ? session.entry.compactionCount : 0;
    app.sessions.touch(sessionKey, { compactionCount: count + 1 });
    app.events.emit("session.changed", { sessionKey, agentId: agent.id, reason: "compacted" });
    return { compacted: true, kept: done.kept };
  } finally {
    place.release();
  }
}
