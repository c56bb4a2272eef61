// The queue mode: run now, join the run that goes on, wait for the others' texts, or stop what runs. Only texts of equal authority join.
import { covers, equal } from "../guard/authority.ts";
import type { RunTicket } from "../agents/runs.ts";
import type { Fate, Joining } from "../agents/steering.ts";
import type { UserMessage } from "../sdk/provider.ts";
import type { App } from "./app.ts";
import type { Turn } from "./entry.ts";

export type Admission =
  /** It is this prompt's turn; `collected` texts of others come with it. */
  | { kind: "run"; collected: Joining[] }
  | { kind: "joined"; into: string; messageId: string }
  /** Stopped before its turn came. */
  | { kind: "aborted" };

type Mode = NonNullable<Turn["prompt"]["queueMode"]>;

/** Programs that wait for their own answer get a turn of their own; people's messages follow the configuration. */
function modeOf(app: App, turn: Turn): Mode {
  const { prompt } = turn;
  if (prompt.clientTools || prompt.toolResults || turn.resumes !== undefined) return "followup";
  return prompt.queueMode ?? (prompt.door === "chat" ? (app.config.current().value.messages.queue?.mode ?? "steer") : "followup");
}

export async function admit(app: App, turn: Turn, message: UserMessage): Promise<Admission> {
  const { ticket } = turn;
  const mode = modeOf(app, turn);
  if (ticket.place.ahead() > 0) {
    ticket.sessionId = (await app.sessions.peek(turn.sessionKey))?.sessionId ?? "";
    ticket.emit({ type: "run.queued" });
    if (mode === "interrupt") stopAhead(app, ticket);
    const into = mode === "steer" ? joinable(app, ticket) : undefined;
    const fate = into ? await steer(ticket, into, message) : undefined;
    if (into && fate?.joined) return { kind: "joined", into: into.runId, messageId: fate.messageId };
  }
  if (mode === "collect" && ticket.place.ahead() > 0) return collected(app, turn, message);
  return (await itsTurn(ticket)) ? { kind: "run", collected: [] } : { kind: "aborted" };
}

/** False when it was stopped first. */
async function itsTurn(ticket: RunTicket): Promise<boolean> {
  try {
    await ticket.place.turn(ticket.signal);
    return true;
  } catch (error) {
    if (ticket.signal.aborted) return false;
    throw error;
  }
}

function stopAhead(app: App, ticket: RunTicket): void {
  for (const other of app.runs.live(ticket.sessionKey)) {
    const ahead = app.runs.find(other.runId);
    if (!ahead || ahead === ticket) break;
    if (covers(ticket.authority, ahead.authority)) app.runs.abort(ticket.sessionKey, { runId: ahead.runId, by: "stop" });
  }
}

/** The run at the head, when everything between joins it too: nothing is overtaken. */
function joinable(app: App, ticket: RunTicket): RunTicket | undefined {
  const head = app.runs.head(ticket.sessionKey);
  if (!head || head === ticket || !equal(head.authority, ticket.authority)) return undefined;
  for (const between of app.runs.behind(head)) {
    if (between === ticket) return head;
    if (between.joining !== head) return undefined;
  }
  return undefined;
}

async function steer(ticket: RunTicket, into: RunTicket, message: UserMessage): Promise<Fate> {
  const { promise, resolve } = Promise.withResolvers<Fate>();
  const joining: Joining = { runId: ticket.runId, message, settle: resolve };
  if (!into.steering.offer(joining)) return { joined: false };
  ticket.joining = into;
  const withdraw = () => {
    if (into.steering.withdraw(joining)) resolve({ joined: false });
  };
  ticket.signal.addEventListener("abort", withdraw, { once: true });
  const fate = await promise;
  ticket.signal.removeEventListener("abort", withdraw);
  if (!fate.joined) ticket.joining = undefined;
  return fate;
}

/** Waits until its turn comes or a run in front takes the text along; whoever comes first to its turn takes those behind. */
async function collected(app: App, turn: Turn, message: UserMessage): Promise<Admission> {
  const { ticket } = turn;
  const taken = Promise.withResolvers<Fate>();
  let into: string | undefined;
  ticket.collectable = { runId: ticket.runId, message, settle: taken.resolve };
  ticket.onCollected = (runId) => {
    into = runId;
  };
  // A text that was taken along gives its place up when that is on record; its wait for a turn then ends for nothing.
  const mine = itsTurn(ticket).catch((error: unknown) => {
    if (into === undefined) throw error;
    return false;
  });
  const first = await Promise.race([mine, taken.promise]);
  if (typeof first !== "boolean" && first.joined) return { kind: "joined", into: into ?? ticket.runId, messageId: first.messageId };
  const came = typeof first === "boolean" ? first : await mine;
  ticket.collectable = undefined;
  if (came) await app.clock.sleep(app.config.current().value.messages.queue?.debounceMs ?? 500, ticket.signal).catch(() => undefined);
  return came && !ticket.signal.aborted ? { kind: "run", collected: takeBehind(app, ticket) } : { kind: "aborted" };
}

function takeBehind(app: App, ticket: RunTicket): Joining[] {
  const taken: Joining[] = [];
  for (const other of app.runs.behind(ticket)) {
    if (!other.collectable || !equal(other.authority, ticket.authority) || other.signal.aborted) break;
    taken.push(other.collectable);
    other.collectable = undefined;
    other.onCollected?.(ticket.runId);
  }
  return taken;
}
