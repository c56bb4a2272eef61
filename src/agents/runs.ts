// Run rows and session lanes: who runs now, who waits, how a run is steered, aborted and waited for.
import { child } from "../base/abort.ts";
import type { Clock } from "../base/clock.ts";
import { fault } from "../base/faults.ts";
import { createLanes, type Place } from "../base/lane.ts";
import type { ResolvedConfig } from "../config/config.ts";
import type { Authority } from "../protocol/scopes.ts";
import type { MachineRows, RunRow } from "../sdk/backends.ts";
import type { Bus, RunEvent } from "../sdk/events.ts";
import type { Execution } from "../execution/execution.ts";
import type { Models } from "../models/models.ts";
import type { Engine } from "./engine.ts";
import type { AbortedBy, RunResult } from "./run-result.ts";
import { run, type RunEnd, type RunTask } from "./run.ts";
import { createSteering, type Joining, type Steering } from "./steering.ts";

export type { AbortedBy, RunResult } from "./run-result.ts";

export interface LiveRun { runId: string; sessionKey: string; sessionId?: string; agentId: string; state: "queued" | "running" | "waiting"; startedAt?: number; text: string; door: string; spokenKey?: string; /** The text that started it. */ prompt?: string }

/** What is known of a run when it is accepted. */
export interface RunSpec {
  runId: string;
  sessionKey: string;
  agentId: string;
  door: string;
  spokenKey?: string | undefined;
  authority: Authority;
  /** Of the request that caused it: the same key with another body is refused. */
  digest: string;
  /** Nobody asks for its result later. */
  ephemeral?: boolean;
  /** The text, for whoever looks at the queue. */
  prompt?: string | undefined;
  /** Sees every event of the run in order; must not throw. */
  watch?: ((event: RunEvent) => void) | undefined;
}

/** A run that has not ended, in the hands of the flow that carries it. */
export interface RunTicket extends RunSpec {
  /** Its place in the session's order. */
  readonly place: Place;
  /** Fires on abort and when the process stops. */
  readonly signal: AbortSignal;
  readonly steering: Steering;
  readonly abortedBy: AbortedBy | undefined;
  sessionId: string;
  state: LiveRun["state"];
  /** The run whose next turn this text is to join; while it is set, this one has no turn of its own in mind. */
  joining: RunTicket | undefined;
  /** Set while the text waits to become part of a run in front of it. */
  collectable: Joining | undefined;
  /** Told which run took it along. */
  onCollected: ((into: string) => void) | undefined;
  /** Resolves when the prompt is on record; rejects when that failed. */
  readonly accepted: Promise<void>;
  confirm(): void;
  /** It could not be recorded: leaves no trace but the error for those who wait. */
  discard(reason: unknown): void;
  /** Numbers the event and puts it on the bus. After an abort no text passes any more. */
  emit(event: RunEvent): void;
  /** The one end: `run.ended`, waiters answered, place released. */
  finish(result: RunResult): void;
}

export interface Runs {
  /** Takes the next place in the session's order; synchronous. Throws lane.full (not for what was accepted before), and busy while the process stops. */
  open(spec: RunSpec, options?: { recovered: boolean }): RunTicket;
  /** Carries the run of a ticket whose turn it is to its end. Never rejects. */
  carry(ticket: RunTicket, task: Omit<RunTask, "runId" | "sessionKey" | "sessionId" | "agentId" | "authority" | "steering">, opened: (messageIds: readonly string[]) => void): Promise<RunEnd>;
  /** The session's lane for work that is no run (a compaction); undefined when something runs or waits there. */
  hold(sessionKey: string): Place | undefined;
  find(runId: string): RunTicket | undefined;
  /** Throws busy while the process stops. */
  ensureOpen(): void;
  /** Something accepted ended without a run of its own (a command): waiters are answered. */
  note(result: RunResult): void;
  /** The run that now holds the session's lane. */
  head(sessionKey: string): RunTicket | undefined;
  /** Runs of the session that stand behind this one, in order. */
  behind(ticket: RunTicket): RunTicket[];
  live(sessionKey?: string): LiveRun[];
  row(runId: string): Promise<RunRow | undefined>;
  result(runId: string): Promise<RunResult | undefined>;
  /** Stops runs of a session (all, or one); returns the ids that were stopped. */
  abort(sessionKey: string, options: { runId?: string; by: AbortedBy }): string[];
  /** Waits for the end of a run, also of one that has not begun; undefined on timeout. */
  wait(runId: string, timeoutMs: number, signal: AbortSignal): Promise<RunResult | undefined>;
  /** Runs going on and messages waiting, over all sessions. */
  load(): { active: number; waiting: number };
  /** Ends all runs for a stop of the process: nothing new, what runs may finish within the grace, the rest is cut and taken up at the next start. */
  drain(graceMs: number): Promise<void>;
}

export interface RunsDeps {
  clock: Clock;
  rows: MachineRows;
  events: Bus;
  engine: Engine;
  models: Pick<Models, "stream">;
  execution: Pick<Execution, "call">;
  signal: AbortSignal;
  /** Read at every use: a changed configuration counts at once. */
  limits: { readonly maxActive: number; readonly maxPerKey: number };
}

/** How many messages may run and wait, as the configuration says at each moment. */
export function queueLimits(config: () => Pick<ResolvedConfig, "agents" | "messages">): RunsDeps["limits"] {
  return {
    get maxActive() {
      return config().agents.defaults?.maxConcurrent ?? 8;
    },
    get maxPerKey() {
      const { agents, messages } = config();
      return messages.queue?.cap ?? agents.defaults?.maxQueued ?? 50;
    },
  };
}

/** Ended runs answer `agent.wait` and retries from memory this long; later from their rows. */
const REMEMBER_MS = 10 * 60_000;
const REMEMBER_MAX = 4_096;

export function createRuns(deps: RunsDeps): Runs {
  const { clock, rows } = deps;
  const lanes = createLanes(deps.limits);
  const byId = new Map<string, Ticket>();
  const bySession = new Map<string, Ticket[]>();
  const ended = new Map<string, { result: RunResult; at: number }>();
  const waiters = new Map<string, Set<(result: RunResult) => void>>();
  let onIdle: (() => void) | undefined;
  let draining = false;

  const remember = (result: RunResult) => {
    const now = clock.monotonic();
    ended.delete(result.runId);
    ended.set(result.runId, { result, at: now });
    for (const [runId, old] of ended) {
      if (old.at > now - REMEMBER_MS && ended.size <= REMEMBER_MAX) break;
      ended.delete(runId);
    }
  };
  const note = (result: RunResult) => {
    remember(result);
    tell(result);
  };
  const tell = (result: RunResult) => {
    const waiting = waiters.get(result.runId);
    waiters.delete(result.runId);
    for (const answer of waiting ?? []) answer(result);
  };
  const forget = (ticket: Ticket) => {
    byId.delete(ticket.runId);
    const rest = (bySession.get(ticket.sessionKey) ?? []).filter((other) => other !== ticket);
    if (rest.length > 0) bySession.set(ticket.sessionKey, rest);
    else bySession.delete(ticket.sessionKey);
    ticket.place.release();
    if (byId.size === 0) onIdle?.();
  };

  class Ticket implements RunTicket {
    readonly runId: string;
    readonly sessionKey: string;
    readonly agentId: string;
    readonly door: string;
    readonly spokenKey: string | undefined;
    readonly digest: string;
    readonly prompt: string | undefined;
    readonly watch: RunSpec["watch"];
    readonly authority: Authority;
    readonly accepted: Promise<void>;
    readonly confirm: () => void;
    readonly #refuse: (reason: unknown) => void;
    readonly #ephemeral: boolean;
    readonly place: Place;
    readonly steering = createSteering();
    readonly #abort = child(deps.signal);
    abortedBy: AbortedBy | undefined;
    sessionId = "";
    joining: RunTicket | undefined;
    collectable: Joining | undefined;
    onCollected: ((into: string) => void) | undefined;
    state: LiveRun["state"] = "queued";
    startedAt: number | undefined;
    text = "";
    #seq = 0;
    #over = false;
    constructor(spec: RunSpec, place: Place) {
      this.runId = spec.runId;
      this.sessionKey = spec.sessionKey;
      this.agentId = spec.agentId;
      this.door = spec.door;
      this.authority = spec.authority;
      this.spokenKey = spec.spokenKey;
      this.digest = spec.digest;
      this.prompt = spec.prompt;
      this.#ephemeral = spec.ephemeral ?? false;
      this.watch = spec.watch;
      this.place = place;
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      promise.catch(noop);
      this.accepted = promise;
      this.confirm = resolve;
      this.#refuse = reject;
    }
    get signal() {
      return this.#abort.signal;
    }
    emit(event: RunEvent) {
      if (this.#over) return;
      if (event.type === "run.text" || event.type === "run.thinking") {
        if (this.abortedBy) return;
        if (event.type === "run.text") this.text = event.text;
      }
      if (event.type === "run.started") {
        this.state = "running";
        this.startedAt = event.at;
      }
      deps.events.emit("run", {
        runId: this.runId,
        sessionKey: this.sessionKey,
        sessionId: this.sessionId,
        agentId: this.agentId,
        ...(this.spokenKey === undefined ? {} : { spokenKey: this.spokenKey }),
        seq: ++this.#seq,
        at: clock.now(),
        event,
      });
      this.watch?.(event);
    }
    stop(by: AbortedBy) {
      this.abortedBy ??= by;
      this.#abort.abort(new Error(`run aborted: ${by}`));
    }
    finish(result: RunResult) {
      if (this.#over) return;
      this.steering.close();
      this.emit(endedEvent(result));
      this.#over = true;
      this.#abort.detach();
      forget(this);
      if (this.#ephemeral) tell(result);
      else note(result);
    }
    discard(reason: unknown) {
      this.#over = true;
      this.#abort.detach();
      forget(this);
      this.#refuse(reason);
    }
  }

  const ensureOpen = () => {
    if (draining) throw fault("busy", { reason: "the gateway is stopping" });
  };
  const result = async (runId: string): Promise<RunResult | undefined> => {
    const known = ended.get(runId)?.result;
    if (known) return known;
    const row = await rows.get("runs", runId);
    return row?.result == null ? undefined : (JSON.parse(row.result) as RunResult) /* written by resultRow below */;
  };

  return {
    open(spec, options) {
      ensureOpen();
      if (byId.has(spec.runId)) throw fault("request.conflict", { runId: spec.runId });
      const ticket = new Ticket(spec, lanes.place(spec.sessionKey, { always: options?.recovered ?? false }));
      byId.set(spec.runId, ticket);
      const lane = bySession.get(spec.sessionKey);
      if (lane) lane.push(ticket);
      else bySession.set(spec.sessionKey, [ticket]);
      return ticket;
    },
    carry: (ticket, task, opened) =>
      run(
        deps,
        { ...task, runId: ticket.runId, sessionKey: ticket.sessionKey, sessionId: ticket.sessionId, agentId: ticket.agentId, authority: ticket.authority, steering: ticket.steering },
        ticket.signal,
        { emit: (event) => ticket.emit(event), abortedBy: () => ticket.abortedBy ?? (deps.signal.aborted ? "shutdown" : undefined), opened },
      ),
    hold(sessionKey) {
      if (draining || lanes.depth(sessionKey) > 0) return undefined;
      return lanes.place(sessionKey);
    },
    find: (runId) => byId.get(runId),
    ensureOpen,
    note,
    head: (sessionKey) => bySession.get(sessionKey)?.[0],
    behind(ticket) {
      const lane = bySession.get(ticket.sessionKey) ?? [];
      return lane.slice(lane.findIndex((other) => other === ticket) + 1);
    },
    live(sessionKey) {
      const tickets = sessionKey === undefined ? [...byId.values()] : (bySession.get(sessionKey) ?? []);
      return tickets.map((ticket) => ({
        runId: ticket.runId,
        sessionKey: ticket.sessionKey,
        agentId: ticket.agentId,
        state: ticket.state,
        text: ticket.text,
        door: ticket.door,
        ...(ticket.sessionId === "" ? {} : { sessionId: ticket.sessionId }),
        ...(ticket.startedAt === undefined ? {} : { startedAt: ticket.startedAt }),
        ...(ticket.spokenKey === undefined ? {} : { spokenKey: ticket.spokenKey }),
        ...(ticket.prompt === undefined ? {} : { prompt: ticket.prompt }),
      }));
    },
    async row(runId) {
      const row = await rows.get("runs", runId);
      const ticket = byId.get(runId);
      // The row is written at acceptance and at the end; in between memory knows better.
      return row && ticket ? { ...row, state: ticket.state, sessionId: ticket.sessionId, startedAt: ticket.startedAt ?? row.startedAt } : row;
    },
    result,
    abort(sessionKey, { runId, by }) {
      const tickets = (bySession.get(sessionKey) ?? []).filter((ticket) => runId === undefined || ticket.runId === runId);
      for (const ticket of tickets) ticket.stop(by);
      return tickets.map((ticket) => ticket.runId);
    },
    wait: (runId, timeoutMs, signal) =>
      new Promise((resolve, reject) => {
        if (signal.aborted) return reject(signal.reason as Error);
        const set = waiters.get(runId) ?? new Set();
        waiters.set(runId, set);
        const leave = () => {
          timer.cancel();
          signal.removeEventListener("abort", onAbort);
          set.delete(answer);
          if (set.size === 0 && waiters.get(runId) === set) waiters.delete(runId);
        };
        const answer = (value: RunResult | undefined) => {
          leave();
          resolve(value);
        };
        const fail = (error: unknown) => {
          leave();
          reject(error as Error);
        };
        const onAbort = () => fail(signal.reason);
        const timer = clock.after(timeoutMs, () => answer(undefined));
        set.add(answer);
        signal.addEventListener("abort", onAbort, { once: true });
        // Looked up after it was put on the list: a run that begins and ends meanwhile is not missed.
        if (!byId.has(runId)) result(runId).then((known) => known && answer(known), fail);
      }),
    load: () => lanes.load(),
    async drain(graceMs) {
      draining = true;
      for (const ticket of byId.values()) if (ticket.state === "queued") ticket.stop("shutdown");
      if (byId.size === 0) return;
      await new Promise<void>((resolve) => {
        let timer = clock.after(graceMs, () => {
          for (const ticket of byId.values()) ticket.stop("shutdown");
          timer = clock.after(AFTER_CUT_MS, resolve);
        });
        onIdle = () => {
          timer.cancel();
          resolve();
        };
      });
    },
  };
}

const noop = () => {};

/** After the grace the cut runs get this long to put what was said into the transcript. */
const AFTER_CUT_MS = 2_000;

function endedEvent(result: RunResult): RunEvent {
  return {
    type: "run.ended",
    at: result.endedAt,
    startedAt: result.startedAt,
    state: result.state === "interrupted" ? "aborted" : result.state,
    ...(result.text === "" ? {} : { text: result.text }),
    ...(result.error === undefined ? {} : { error: result.error }),
    ...(result.abortedBy === undefined ? {} : { abortedBy: result.abortedBy }),
  };
}
