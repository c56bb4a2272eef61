// The messages of a session as clients read them: every message line in file order, cut to what a frame may hold.
import type { App } from "../../flows/app.ts";
import type { TranscriptEntry } from "../../sdk/backends.ts";
import type { Message } from "../../sdk/provider.ts";
import { agentIdOf } from "../../sessions/key.ts";
import { inParts, prepare, preparedLength } from "../prepared.ts";

interface Wanted { sessionKey: string; limit?: number; offset?: number; maxChars?: number }
type MessageEntry = Extract<TranscriptEntry, { type: "message" }>;

const defaultLimit = 200;
const maxBytes = 6 * 1024 * 1024;

/** Entries never change once written, so their wire form and its JSON are made once. */
const wireForms = new WeakMap<MessageEntry, Record<string, unknown>>();

export async function readHistory(app: App, key: string, wanted: Wanted) {
  const agentId = agentIdOf(key);
  const session = await app.sessions.peek(key);
  const live = app.runs.live(key);
  const running = live.find((run) => run.state !== "queued");
  const pending = live.filter((run) => run.state === "queued").map((run) => ({ runId: run.runId, text: run.prompt ?? "", state: run.state }));
  const thinkingLevel = String(session?.entry["thinkingLevel"] ?? defaultThinking(app, agentId));
  const modelOverride = session?.entry["modelOverride"];
  const providerOverride = session?.entry["providerOverride"];
  const base = {
    sessionKey: wanted.sessionKey,
    thinkingLevel,
    pendingInputs: { items: pending, total: pending.length },
    sessionInfo: { key, agentId, thinkingLevel, ...(modelOverride === undefined ? {} : { model: modelOverride, modelProvider: providerOverride }) },
    ...(running ? { inFlightRun: { runId: running.runId, text: running.text, startedAt: running.startedAt } } : {}),
  };
  if (!session) return { ...base, messages: [] as unknown[], hasMore: false, totalMessages: 0 };

  const entries = await session.transcript.history();
  const end = Math.max(0, entries.length - (wanted.offset ?? 0));
  const start = Math.max(0, end - (wanted.limit ?? defaultLimit));
  const messages: unknown[] = [];
  let bytes = 0;
  let first = end;
  for (let index = end - 1; index >= start; index--) {
    const entry = entries[index];
    if (!entry) break;
    const form = wireForm(entry, index + 1);
    bytes += preparedLength(form);
    if (bytes > maxBytes && messages.length > 0) break;
    messages.push(wanted.maxChars === undefined ? form : clipped(form, wanted.maxChars));
    first = index;
  }
  const gaps = await session.transcript.gaps();
  return inParts({ ...base, sessionId: session.sessionId, messages: inParts(messages.reverse()), hasMore: first > 0, totalMessages: entries.length, ...(gaps > 0 ? { unreadableLines: gaps } : {}) });
}

/** The agent of an old conversation may be gone. */
function defaultThinking(app: App, agentId: string): string {
  return app.agents.list().find((agent) => agent.id === agentId)?.thinkingDefault ?? "off";
}

function wireForm(entry: MessageEntry, seq: number): Record<string, unknown> {
  const known = wireForms.get(entry);
  if (known) return known;
  const message: Message = entry.message as Message; // an injected answer has the same members
  const form = prepare({
    ...message,
    __openclaw: {
      id: entry.id,
      seq,
      ...(entry.runId === undefined ? {} : { runId: entry.runId }),
      ...(entry.idempotencyKey === undefined ? {} : { idempotencyKey: entry.idempotencyKey }),
      recordTimestampMs: Math.trunc(Date.parse(entry.timestamp)) || message.timestamp,
    },
  });
  wireForms.set(entry, form);
  return form;
}

function clipped(value: Record<string, unknown>, maxChars: number): Record<string, unknown> {
  const cut = (text: string) => (text.length > maxChars ? `${text.slice(0, maxChars)}…` : text);
  if (typeof value.content === "string") return { ...value, content: cut(value.content) };
  if (!Array.isArray(value.content)) return value;
  const content = (value.content as Record<string, unknown>[]).map((block) => (typeof block.text === "string" ? { ...block, text: cut(block.text) } : block));
  return { ...value, content };
}

