// One conversation on screen: its history, what is being said now, what waits, and what can be done with it.
import type { App } from "../app/app.ts";
import { modelTrouble as troubleOf, problemOf, type Problem } from "../app/problem.ts";
import { createValue, type Subscribable } from "../app/value.ts";
import { type AgentEvent, answerOf, applyAgent, applyChat, type ChatEvent, createLiveRun, type LiveRun } from "./live-run.ts";
import { type AnswerItem, type Item, itemsOf, marksOf, type UserItem, type WireMessage } from "./messages.ts";
import type { Attachment, Sent } from "./outbox.ts";

export interface Queued {
  runId: string;
  text: string;
}

export interface Conversation extends Subscribable {
  readonly key: string;
  /** Undefined until the history was read. */
  items(): readonly Item[] | undefined;
  problem(): Problem | undefined;
  hasOlder(): boolean;
  /** Runs going on, oldest first. */
  running(): readonly LiveRun[];
  queued(): readonly Queued[];
  sent(): readonly Sent[];
  thinkingLevel(): string;
  /** The model chosen for this conversation, `provider/model`; undefined for the default. */
  model(): string | undefined;
  loadedAtMs(): number | undefined;
  loadOlder(): Promise<void>;
  reload(): Promise<void>;
  send(text: string, attachments: readonly Attachment[], queueMode?: string): void;
  abort(runId?: string): Promise<void>;
  begin(): () => void;
}

interface HistoryAnswer {
  sessionId?: string;
  messages: WireMessage[];
  thinkingLevel?: string;
  sessionInfo?: { model?: string; modelProvider?: string; thinkingLevel?: string };
  hasMore?: boolean;
  pendingInputs?: { items?: { runId?: string; text?: string }[] };
  inFlightRun?: { runId: string; text?: string; startedAt?: number };
}

const pageSize = 100;
const recentSize = 60;

export function createConversation(deps: { app: App; key: string }): Conversation {
  const { app, key } = deps;
  const { gateway, outbox } = app;
  const changed = createValue(0);
  const touch = (): void => changed.set(changed.get() + 1);

  let messages: WireMessage[] = [];
  let historyItems: Item[] | undefined;
  let sessionId: string | undefined;
  let hasMore = false;
  let loadedAtMs: number | undefined;
  let thinkingLevel = "";
  let model: string | undefined;
  let problem: Problem | undefined;
  let pending: Queued[] = [];
  const live = new Map<string, LiveRun>();
  /** How long tools took, which only their events tell. */
  const durations = new Map<string, number>();
  /** Commands that this page sent, by run id. */
  const asked = new Map<string, UserItem>();
  let reading: Promise<void> | undefined;
  let readAgain = false;
  let readingOlder = false;

  const readItems = (inFlight?: string): Item[] => withDurations(itemsOf(messages, troubleOf, (runId) => runId === inFlight || live.get(runId)?.ended === "no"), durations);

  /** `settled`: runs that had ended before the history was asked for, so that it has all of them. */
  const accept = (answer: HistoryAnswer, settled: ReadonlySet<string>): void => {
    const sameSession = answer.sessionId === sessionId;
    sessionId = answer.sessionId;
    messages = sameSession ? spliced(messages, answer.messages) : answer.messages;
    if (!sameSession || messages.length <= answer.messages.length) hasMore = answer.hasMore === true;
    historyItems = readItems(answer.inFlightRun?.runId);
    thinkingLevel = answer.sessionInfo?.thinkingLevel ?? answer.thinkingLevel ?? thinkingLevel;
    const { model: chosen, modelProvider } = answer.sessionInfo ?? {};
    model = chosen === undefined ? undefined : modelProvider === undefined ? chosen : `${modelProvider}/${chosen}`;
    pending = (answer.pendingInputs?.items ?? []).flatMap((item) => (item.runId === undefined ? [] : [{ runId: item.runId, text: item.text ?? "" }]));
    loadedAtMs = Date.now();
    problem = undefined;
    forgetWhatHistoryHas(settled);
    if (answer.inFlightRun !== undefined) joinRun(answer.inFlightRun);
    touch();
  };

  /** A run that began before this page listened: the history has its earlier steps, this is the one being said. */
  const joinRun = (running: NonNullable<HistoryAnswer["inFlightRun"]>): void => {
    const run = live.get(running.runId) ?? createLiveRun(running.runId, running.startedAt ?? Date.now());
    if (run.whole || run.ended !== "no") return;
    run.started = true;
    run.blocks = running.text ? [{ kind: "text", text: running.text }] : [];
    live.set(run.runId, run);
  };

  /** Live runs and sent messages make room for what the transcript says about them. */
  const forgetWhatHistoryHas = (settled: ReadonlySet<string>): void => {
    const said = new Set<string>();
    const answered = new Set<string>();
    for (const message of messages) {
      const { runId, idempotencyKey } = marksOf(message);
      const ids = [runId, idempotencyKey].filter((id): id is string => id !== undefined);
      for (const id of ids) (message.role === "user" ? said : answered).add(id);
    }
    for (const [id, run] of live) {
      if (!settled.has(id)) continue;
      const told = run.trouble === undefined ? answered.has(id) || run.blocks.length === 0 : historyItems?.some((item) => item.kind === "answer" && item.runId === id && item.trouble !== undefined);
      if (told) live.delete(id);
    }
    for (const entry of outbox.list(key)) {
      if (entry.state !== "accepted" || (!said.has(entry.key) && !answered.has(entry.key))) continue;
      // Commands are answered but not written down: what was asked stays on screen beside its answer.
      if (!said.has(entry.key)) asked.set(entry.key, userItem(entry));
      outbox.remove(entry.key);
    }
  };

  const readOnce = async (): Promise<void> => {
    const settled = new Set([...live.values()].filter((run) => run.ended !== "no").map((run) => run.runId));
    try {
      accept(await gateway.call<HistoryAnswer>("chat.history", { sessionKey: key, limit: messages.length === 0 ? pageSize : recentSize }), settled);
    } catch (error) {
      if (!gateway.isOnline()) return; // what is shown stays; the next hello reads again
      problem = problemOf(error);
      touch();
    }
  };

  const reload = (): Promise<void> => {
    if (reading !== undefined) {
      readAgain = true;
      return reading;
    }
    reading = readOnce().finally(() => {
      reading = undefined;
      if (readAgain) {
        readAgain = false;
        void reload();
      }
    });
    return reading;
  };

  const runFor = (runId: string, atMs: number): LiveRun => {
    const known = live.get(runId);
    if (known) return known;
    const run = createLiveRun(runId, atMs);
    live.set(runId, run);
    return run;
  };

  const onChat = (event: ChatEvent): void => {
    if (event.sessionKey !== key) return;
    // Told again after a reconnect, while the history has it already.
    if (!live.has(event.runId) && event.state !== "delta" && historyItems?.some((item) => item.kind === "answer" && item.runId === event.runId)) return void reload();
    const unbegun = event.state === "aborted" && event.message === undefined && live.get(event.runId)?.started !== true ? outbox.list(key).find((entry) => entry.key === event.runId && entry.state === "accepted") : undefined;
    if (unbegun !== undefined) {
      // Stopped in the queue, from elsewhere or by a command: it will never be answered, so it must not stand there as if it were.
      outbox.remove(unbegun.key);
      app.toasts.add("info", `Taken back before it was answered: “${unbegun.text.slice(0, 80)}”`);
    }
    applyChat(runFor(event.runId, Date.now()), event, Date.now(), troubleOf);
    pending = pending.filter((item) => item.runId !== event.runId);
    touch();
    if (event.state !== "delta" && event.state !== "status") void reload();
  };

  const onAgent = (event: AgentEvent): void => {
    if (event.sessionKey !== key) return;
    const begins = event.stream === "lifecycle" && event.data?.phase === "start";
    if (!live.has(event.runId) && !begins && event.stream !== "tool" && event.stream !== "thinking") return;
    const run = runFor(event.runId, Date.now());
    applyAgent(run, event, Date.now());
    for (const block of run.blocks) if (block.kind === "tool" && block.tool.durationMs !== undefined) durations.set(block.tool.id, block.tool.durationMs);
    if (begins) pending = pending.filter((item) => item.runId !== event.runId);
    touch();
  };

  return {
    key,
    subscribe(listener) {
      const stops = [changed.subscribe(listener), outbox.subscribe(listener)];
      return () => {
        for (const stop of stops) stop();
      };
    },
    items() {
      if (historyItems === undefined) return outbox.list(key).length + live.size === 0 ? undefined : tailItems([], live, outbox.list(key));
      // What is seen in full as it happens is not shown a second time from its half-written transcript.
      const told = historyItems.filter((item) => item.kind !== "answer" || item.runId === undefined || live.get(item.runId)?.whole !== true);
      return [...told.flatMap((item): Item[] => (item.kind === "answer" && asked.has(item.runId ?? "") ? [asked.get(item.runId ?? "") as UserItem, item] : [item])), ...tailItems(messages, live, outbox.list(key))];
    },
    problem: () => problem,
    hasOlder: () => hasMore,
    running: () => [...live.values()].filter((run) => run.ended === "no" && run.started),
    queued() {
      const own = waitingEntries(live, outbox.list(key));
      return [...pending.filter((item) => !own.some((entry) => entry.key === item.runId)), ...own.map((entry) => ({ runId: entry.key, text: entry.text }))];
    },
    sent: () => outbox.list(key),
    thinkingLevel: () => thinkingLevel,
    model: () => model,
    loadedAtMs: () => loadedAtMs,
    reload,
    async loadOlder() {
      if (readingOlder || !hasMore) return;
      readingOlder = true;
      try {
        const answer = await gateway.call<HistoryAnswer>("chat.history", { sessionKey: key, limit: pageSize, offset: messages.length });
        const first = marksOf(messages[0] ?? { role: "" }).seq ?? Number.POSITIVE_INFINITY;
        messages = [...answer.messages.filter((message) => (marksOf(message).seq ?? 0) < first), ...messages];
        hasMore = answer.hasMore === true && answer.messages.length > 0;
        historyItems = readItems();
        touch();
      } catch (error) {
        app.toasts.failed("Older messages could not be read", error);
      } finally {
        readingOlder = false;
      }
    },
    send(text, attachments, queueMode) {
      outbox.add({ sessionKey: key, text, attachments, queueMode });
      touch();
    },
    async abort(runId) {
      // Without a run the gateway would stop what waits as well; that is taken back one by one.
      const runIds = runId === undefined ? this.running().map((run) => run.runId) : [runId];
      // Before it is asked, so that its own event finds nothing to tell of.
      if (runId !== undefined) outbox.remove(runId);
      try {
        const answers = await Promise.all(runIds.map((id) => gateway.call<{ aborted: boolean }>("chat.abort", { sessionKey: key, runId: id })));
        if (!answers.some((answer) => answer.aborted)) app.toasts.add("info", "Nothing was running any more.");
      } catch (error) {
        app.toasts.failed("It could not be stopped", error);
      }
      void reload();
    },
    begin() {
      const stops = [
        gateway.on<ChatEvent>("chat", onChat),
        gateway.on<AgentEvent>("agent", onAgent),
        gateway.on<{ sessionKey?: string }>("session.message", (line) => line.sessionKey === key && void reload()),
        gateway.on<{ sessionKey?: string; reason?: string }>("sessions.changed", (line) => line.sessionKey === key && line.reason !== "touched" && void reload()),
        gateway.on("gap", () => void reload()),
        gateway.on("online", () => {
          // What ended while nobody listened is in the history; what still runs is told by it.
          live.clear();
          subscribe();
          void reload();
        }),
      ];
      const subscribe = (): void => {
        if (gateway.can("sessions.messages.subscribe", "operator.read")) gateway.call("sessions.messages.subscribe", { key }).catch(() => undefined); // finals and gaps refresh it all the same
      };
      if (gateway.isOnline()) {
        subscribe();
        void reload();
      }
      return () => {
        for (const stop of stops) stop();
      };
    },
  };
}

function withDurations(items: Item[], durations: ReadonlyMap<string, number>): Item[] {
  for (const item of items) {
    if (item.kind !== "answer") continue;
    for (const block of item.blocks) {
      const durationMs = block.kind === "tool" ? durations.get(block.tool.id) : undefined;
      if (block.kind === "tool" && durationMs !== undefined) block.tool.durationMs ??= durationMs;
    }
  }
  return items;
}

/** Accepted, but the run has not begun while another one goes on. */
function waitingEntries(live: ReadonlyMap<string, LiveRun>, sent: readonly Sent[]): Sent[] {
  const busy = [...live.values()].some((run) => run.started && run.ended === "no");
  return busy ? sent.filter((entry) => entry.state === "accepted" && live.get(entry.key)?.started !== true) : [];
}

/** What comes after the history: own messages not in it yet and runs, in the order of time. */
function tailItems(messages: readonly WireMessage[], live: ReadonlyMap<string, LiveRun>, sent: readonly Sent[]): Item[] {
  const said = new Set(messages.filter((message) => message.role === "user").flatMap((message) => [marksOf(message).idempotencyKey, marksOf(message).runId]));
  const waiting = new Set(waitingEntries(live, sent));
  const users = sent.filter((entry) => !said.has(entry.key) && !waiting.has(entry)).map((entry): [number, Item] => [entry.atMs, userItem(entry)]);
  const answers = [...live.values()].filter((run) => run.blocks.length > 0 || run.started || run.trouble).map((run): [number, AnswerItem] => [run.startedAtMs + 0.5, answerOf(run, `run:${run.runId}`)]);
  return [...users, ...answers].sort(([one], [other]) => one - other).map(([, item]) => item);
}

function userItem(entry: Sent): UserItem {
  return {
    kind: "user",
    id: `sent:${entry.key}`,
    text: entry.text,
    pictures: entry.attachments.filter((file) => file.mimeType.startsWith("image/")).map((file) => ({ url: `data:${file.mimeType};base64,${file.content}`, name: file.fileName })),
    files: entry.attachments.filter((file) => !file.mimeType.startsWith("image/")).map((file) => ({ name: file.fileName })),
    atMs: entry.atMs,
    runId: entry.key,
  };
}

/** The newest page over what was there: lines never change once written, so the overlap is replaced. */
function spliced(before: readonly WireMessage[], page: WireMessage[]): WireMessage[] {
  const first = marksOf(page[0] ?? { role: "" }).seq;
  if (first === undefined) return page;
  const older = before.filter((message) => (marksOf(message).seq ?? Number.POSITIVE_INFINITY) < first);
  const newestOlder = marksOf(older.at(-1) ?? { role: "" }).seq;
  // A hole between both means too much happened meanwhile: begin with the page alone.
  return newestOlder === undefined || newestOlder === first - 1 ? [...older, ...page] : page;
}
