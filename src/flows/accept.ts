// The one way in for prompts that carry their own route (chat.send, agent, HTTP): a durable row first, then the answer flow.
import { fault } from "../base/faults.ts";
import type { RunTicket } from "../agents/runs.ts";
import type { Message } from "../sdk/provider.ts";
import type { App } from "./app.ts";
import { newConversation, parseCommand } from "./commands.ts";
import { digestOf, storedPrompt, type Accepted, type DirectPrompt, type Outcome, type PromptEntry, type StoredAttachment, type StoredPrompt } from "./entry.ts";
import { answer } from "./inbound.ts";

export type { Accepted, Attachment, ClientTool, DirectPrompt, Outcome } from "./entry.ts";

/**
 * Accepts a prompt: when it resolves, the prompt is on record and will have a visible outcome, whatever happens to the process.
 * Throws request.conflict (the key was used with another body), agent.unknown, lane.full, busy, store.full and store.failed; then nothing was accepted.
 */
export async function acceptPrompt(app: App, asked: DirectPrompt): Promise<Accepted> {
  if (asked.ephemeral) return startEphemeral(app, asked, asked.ephemeral.history);
  app.runs.ensureOpen();
  const digest = digestOf(asked);
  const prompt = asFirstWords(app, asked);
  const live = app.runs.find(prompt.key);
  if (live) return inFlight(app, live, digest);
  if (!app.agents.list().some(({ id }) => id === prompt.agentId)) return ofLostAgent(app, prompt);
  // The place in the session's order is taken before anything is waited for: prompts keep the order in which they came.
  const ticket = isCommand(app, prompt) ? undefined : openTicket(app, prompt, digest);
  const inboxId = app.inbox.nextId();
  try {
    const attachments = await storeAttachments(app, prompt.attachments);
    return await record(app, { prompt, digest, inboxId, stored: storedPrompt(prompt, attachments), ticket });
  } catch (error) {
    ticket?.discard(error);
    throw error;
  }
}

async function record(app: App, what: { prompt: DirectPrompt; digest: string; inboxId: string; stored: StoredPrompt; ticket: RunTicket | undefined }): Promise<Accepted> {
  const { prompt, digest, inboxId, stored, ticket } = what;
  const acceptedAt = app.clock.now();
  const row = { id: inboxId, dedupeKey: prompt.key, door: prompt.door, sessionKey: prompt.sessionKey, agentId: prompt.agentId, runId: prompt.key, payload: JSON.stringify(stored), digest, acceptedAt, state: "accepted" as const, outcome: null, settledAt: null };
  const run = { id: prompt.key, inboxId: row.id, sessionKey: prompt.sessionKey, sessionId: "", agentId: prompt.agentId, state: "queued" as const, startedAt: null, endedAt: null, result: null, resumes: 0, updatedAt: acceptedAt };
  if ((await app.inbox.accept(row, run)) === "duplicate") {
    ticket?.confirm();
    ticket?.discard(undefined);
    return known(app, prompt.key);
  }
  ticket?.confirm();
  const entry: PromptEntry = { runId: prompt.key, sessionKey: prompt.sessionKey, agentId: prompt.agentId, acceptedAt, prompt: stored, inboxId: row.id, ...(ticket === undefined ? {} : { ticket }) };
  return { kind: "started", runId: prompt.key, acceptedAt, outcome: answer(app, entry) };
}

/** No row and no digest: the request is answered or fails before its client's eyes. */
async function startEphemeral(app: App, prompt: DirectPrompt, history: readonly Message[]): Promise<Accepted> {
  if (app.runs.find(prompt.key)) throw fault("request.conflict", { key: prompt.key });
  const ticket = openTicket(app, prompt, "");
  try {
    const stored = storedPrompt(prompt, await storeAttachments(app, prompt.attachments));
    ticket.confirm();
    const acceptedAt = app.clock.now();
    return { kind: "started", runId: prompt.key, acceptedAt, outcome: answer(app, { runId: prompt.key, sessionKey: prompt.sessionKey, agentId: prompt.agentId, acceptedAt, prompt: stored, history, ticket }) };
  } catch (error) {
    ticket.discard(error);
    throw error;
  }
}

/** Nothing new is accepted for it; a key from the time when it was there keeps its answer. */
async function ofLostAgent(app: App, { key, agentId }: DirectPrompt): Promise<Accepted> {
  const result = await app.runs.result(key);
  if (!result) throw fault("agent.unknown", { agentId });
  return { kind: "ended", runId: key, result };
}

function isCommand(app: App, prompt: DirectPrompt): boolean {
  return prompt.literal !== true && parseCommand(app, prompt.text) !== undefined;
}

/** `/new` with words behind it: a new conversation that these words begin. They stop what runs and have their turn like any others. */
function asFirstWords(app: App, prompt: DirectPrompt): DirectPrompt & { fresh?: boolean } {
  const parsed = prompt.literal ? undefined : parseCommand(app, prompt.text);
  return parsed?.command === newConversation && parsed.args !== "" ? { ...prompt, text: parsed.args, queueMode: "interrupt", literal: true, fresh: true } : prompt;
}

function openTicket(app: App, prompt: DirectPrompt, digest: string): RunTicket {
  return app.runs.open({ ephemeral: prompt.ephemeral !== undefined, runId: prompt.key, sessionKey: prompt.sessionKey, agentId: prompt.agentId, door: prompt.door, spokenKey: prompt.spokenKey, authority: prompt.authority, prompt: prompt.text, digest, watch: prompt.watch });
}

async function storeAttachments(app: App, attachments: DirectPrompt["attachments"]): Promise<StoredAttachment[]> {
  return Promise.all(
    attachments.map(async ({ content, mimeType, fileName }) => ({ hash: await app.store.putBlob(Buffer.from(content, "base64")), mimeType, ...(fileName === undefined ? {} : { fileName }) })),
  );
}

async function inFlight(app: App, ticket: RunTicket, digest: string): Promise<Accepted> {
  if (ticket.digest !== digest) throw fault("request.conflict", { key: ticket.runId });
  await ticket.accepted;
  return known(app, ticket.runId);
}

/** The key is on record with the same body: its end, or the wait for it. */
async function known(app: App, runId: string): Promise<Accepted> {
  const result = app.runs.find(runId) ? undefined : await app.runs.result(runId);
  if (result) return { kind: "ended", runId, result };
  return { kind: "in_flight", runId, outcome: outcomeOf(app, runId) };
}

/** Longer than any run may take; the row answers later. */
const LONGEST_WAIT_MS = 24 * 60 * 60_000;

async function outcomeOf(app: App, runId: string): Promise<Outcome> {
  const result = await app.runs.wait(runId, LONGEST_WAIT_MS, app.signal);
  if (!result) return { kind: "refused", runId, reason: "the run did not end" };
  return result.state === "joined" && result.into !== undefined ? { kind: "joined", runId, into: result.into } : { kind: "ran", result };
}
