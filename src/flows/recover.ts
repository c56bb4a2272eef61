// At boot: every message that was accepted and has no outcome goes through the same functions as a new one. And the sweep of what is settled.
import type { RunTicket } from "../agents/runs.ts";
import type { InboxRow } from "../sdk/backends.ts";
import type { App } from "./app.ts";
import type { Outcome, PromptEntry, StoredPrompt } from "./entry.ts";
import { commandOf } from "./commands.ts";
import { answer } from "./inbound.ts";

export interface Recovery {
  /** Messages that were accepted and not answered. */
  readonly entries: number;
  /** Lets them run; resolves when all have an outcome. */
  begin(): Promise<Outcome[]>;
}

/** Finds what an earlier process left. When it resolves, every entry has its place in its session's order, before any new message; nothing runs until `begin`. */
export async function recover(app: App): Promise<Recovery> {
  const rows = await app.inbox.unsettled();
  const runs = await Promise.all(rows.map((row) => app.store.rows.get("runs", row.runId)));
  const entries = rows.map((row, i) => entryOf(app, row, runs[i]?.resumes ?? 0));
  return {
    entries: entries.length,
    async begin() {
      if (entries.length > 0) app.log.info("taking up unanswered messages", { count: entries.length });
      const outcomes = entries.map((entry) => answer(app, entry));
      await resumeDeliveries(app);
      return Promise.all(outcomes);
    },
  };
}

async function resumeDeliveries(app: App): Promise<void> {
  try {
    const found = await app.outbox.resume(app.signal);
    if (found.sent + found.unknown > 0) app.log.info("deliveries taken up", found);
  } catch (error) {
    app.log.error("deliveries could not be taken up", { error });
  }
}

function entryOf(app: App, row: InboxRow, resumes: number): PromptEntry {
  const prompt = JSON.parse(row.payload) as StoredPrompt; // written by acceptPrompt
  const entry: PromptEntry = { runId: row.runId, sessionKey: row.sessionKey, agentId: row.agentId, acceptedAt: row.acceptedAt, prompt, inboxId: row.id, resumes };
  return commandOf(app, entry) ? entry : { ...entry, ticket: openTicket(app, row, prompt) };
}

function openTicket(app: App, row: InboxRow, prompt: StoredPrompt): RunTicket {
  const ticket = app.runs.open({ runId: row.runId, sessionKey: row.sessionKey, agentId: row.agentId, door: row.door, spokenKey: prompt.spokenKey, authority: prompt.authority, prompt: prompt.text, digest: row.digest }, { recovered: true });
  ticket.confirm();
  return ticket;
}

const SWEEP_PERIOD_MS = 60 * 60_000;

/** Attachments and whole tool outputs: what nothing names any more goes when it is this old, or too much (promise R36). */
const BLOB_AGE_MS = 30 * 24 * 60 * 60_000;
const BLOB_BYTES = 1024 ** 3;

/** Removes settled rows when their keep time is over, and blobs that nothing needs, once an hour. The caller ends the timer. */
export function keepSwept(app: App): { cancel(): void } {
  return app.clock.every(SWEEP_PERIOD_MS, () => {
    Promise.all([app.inbox.sweep(), app.outbox.sweep(), sweepBlobs(app)]).catch((error: unknown) => app.log.error("the sweep of settled rows failed", { error }));
  });
}

/** A message without an outcome may still need its attachments. */
export async function sweepBlobs(app: App): Promise<number> {
  const needed = (await app.inbox.unsettled()).map((row) => row.payload);
  return app.store.sweepBlobs({ isNamed: (hash) => needed.some((payload) => payload.includes(hash)), maxAgeMs: BLOB_AGE_MS, maxBytes: BLOB_BYTES });
}
