// One model call over several models: who is tried, when the next one is, and when it is over. The only retry loop of the product.
import type { Clock } from "../base/clock.ts";
import type { Ids } from "../base/ids.ts";
import type { Log } from "../base/log.ts";
import type { ConfigSnapshot } from "../config/config.ts";
import type { AssistantMessage, ModelEvent, ModelFailure, ModelInfo, ModelProvider, ModelRequest } from "../sdk/provider.ts";
import { attempt, type AttemptEnd, type AttemptFailure, type AttemptLimits, type Delta } from "./attempt.ts";
import type { BreakerLimits, Breakers } from "./breakers.ts";

export interface ModelPolicy {
  /** In the order they are tried. */
  candidates: ModelInfo[];
  /** The person chose exactly this one: no failover to another. */
  pinned: boolean;
  /** The configuration the turn began with; the current one when absent. */
  config?: ConfigSnapshot;
}

/** What a run asks for; the model, its settings and its credential are filled in per candidate. */
export type RoutedRequest = Omit<ModelRequest, "model" | "credential" | "settings" | "maxAnswerBytes"> & {
  /** Nobody sees the answer before it is whole: then a cut answer may be thrown away and asked for again. */
  buffered?: boolean;
  /** Time left for the whole turn; retries and Retry-After stay within it. Default 10 minutes. */
  remainingMs?: number;
};

export type RoutedEvent =
  | Exclude<ModelEvent, { type: "started" | "progress" }>
  | { type: "model"; provider: string; model: string }
  | { type: "fallback"; from: string; to: string; reason: string }
  /** All candidates rest; the next try is in `forMs`. */
  | { type: "waiting"; forMs: number; reason: string; kind?: ModelFailure | "aborted" };

/** A candidate made ready for a call, or why it cannot be called. */
export type Ready =
  | { ok: true; provider: ModelProvider; request: Pick<ModelRequest, "settings" | "credential">; breakerKey: string; isLocal: boolean }
  | { ok: false; kind: "auth" | "not-found" | "unknown"; reason: string };

export interface FailoverLimits {
  firstByteMs: number;
  /** With another model standing by, this is the longest wait for a first word. */
  switchMs: number;
  stallMs: number;
  maxAnswerBytes: number;
  breaker: BreakerLimits;
}

export interface FailoverDeps {
  clock: Clock;
  ids: Ids;
  log: Log;
  breakers: Breakers;
  ready(model: ModelInfo, config: ConfigSnapshot | undefined): Promise<Ready>;
  limits(config: ConfigSnapshot | undefined): FailoverLimits;
  /** Takes known secrets out of what a provider says about a failure: some repeat what they were sent. */
  redact?(text: string): string;
}

const DEFAULT_TURN_MS = 600_000;
/** Tries of one candidate within one call; a timed-out one is tried once more only. */
const MAX_TRIES = 3;
const BACKOFF_MS = 500;
/** A local model may evaluate its prompt for minutes; only the turn's own deadline ends that. */
const LOCAL_PATIENCE = 10;

/** May the same model be asked again? Does another one help? Does it tell against the provider? */
const rules: Record<AttemptFailure["kind"], { again: boolean; next: boolean; counts: boolean }> = {
  "rate-limit": { again: true, next: true, counts: true },
  overloaded: { again: true, next: true, counts: true },
  server: { again: true, next: true, counts: true },
  network: { again: true, next: true, counts: true },
  timeout: { again: true, next: true, counts: true },
  "bad-response": { again: true, next: true, counts: true },
  unknown: { again: true, next: true, counts: true },
  auth: { again: false, next: true, counts: true },
  billing: { again: false, next: true, counts: true },
  "not-found": { again: false, next: true, counts: false },
  "context-length": { again: false, next: false, counts: false },
  "bad-request": { again: false, next: false, counts: false },
  refused: { again: false, next: false, counts: false },
  "too-long": { again: false, next: false, counts: false },
  aborted: { again: false, next: false, counts: false },
};

interface Candidate {
  model: ModelInfo;
  name: string;
  ready: Ready;
  tries: number;
  isOut: boolean;
  /** Monotonic; not tried before. */
  notBefore: number;
  failure?: AttemptFailure;
}

export const nameOf = (model: Pick<ModelInfo, "provider" | "id">): string => `${model.provider}/${model.id}`;

/** Never throws. The last event is `done` or `failed`. */
export async function* routed(deps: FailoverDeps, policy: ModelPolicy, request: RoutedRequest, signal: AbortSignal): AsyncGenerator<RoutedEvent, void> {
  const { buffered = false, remainingMs = DEFAULT_TURN_MS, ...asked } = request;
  const limits = deps.limits(policy.config);
  const endsAt = deps.clock.monotonic() + remainingMs;
  const candidates = await makeReady(deps, policy);
  let lastFailed: Candidate | undefined;

  for (let round = 0; ; round++) {
    for (const candidate of candidates) {
      const turn = admit(deps, limits, candidate);
      if (turn === "out") {
        if (!candidate.ready.ok) lastFailed ??= candidate;
        continue;
      }
      if (turn === "resting") {
        lastFailed ??= candidate;
        continue;
      }
      if (lastFailed && lastFailed !== candidate) yield { type: "fallback", from: lastFailed.name, to: candidate.name, reason: lastFailed.failure?.reason ?? "resting after failures" };
      yield { type: "model", provider: candidate.model.provider, model: candidate.model.id };
      const hasNext = candidates.some((other) => other !== candidate && !other.isOut);
      const own = attemptLimits(limits, turn, hasNext, endsAt - deps.clock.monotonic());
      const call = attempt(deps, turn.provider, { ...asked, ...turn.request, model: candidate.model, maxAnswerBytes: limits.maxAnswerBytes }, own, signal);
      const { end: told, wasSeen } = yield* relay(call, buffered); // if the reader leaves here, a probe taken just lapses
      const end = withoutSecrets(told, deps.redact);
      if (end.ok) {
        deps.breakers.succeeded(turn.breakerKey);
        return yield* answer(end);
      }
      note(deps, limits, candidate, turn.breakerKey, end, candidates);
      lastFailed = candidate;
      if (wasSeen || !rules[end.kind].next || signal.aborted) return yield failed(end, candidates);
    }
    const pause = pauseBefore(deps, candidates, round, endsAt);
    if (pause === undefined) return yield failed(undefined, candidates, deps, limits);
    const last = lastFailed?.failure;
    yield { type: "waiting", forMs: pause, reason: last?.reason ?? "resting after failures", ...(last === undefined ? {} : { kind: last.kind }) };
    if (!(await slept(deps.clock, pause, signal))) return yield failed({ kind: "aborted", reason: "stopped", message: emptyMessage(deps.clock, candidates[0]?.model) }, candidates);
  }
}

function withoutSecrets(end: AttemptEnd, redact: FailoverDeps["redact"]): AttemptEnd {
  if (end.ok || !redact) return end;
  const { errorMessage } = end.message;
  return { ...end, reason: redact(end.reason), message: { ...end.message, ...(errorMessage === undefined ? {} : { errorMessage: redact(errorMessage) }) } };
}

async function makeReady(deps: FailoverDeps, policy: ModelPolicy): Promise<Candidate[]> {
  const models = policy.pinned ? policy.candidates.slice(0, 1) : policy.candidates;
  return Promise.all(
    models.map(async (model): Promise<Candidate> => {
      const ready = await deps.ready(model, policy.config).catch((error: unknown): Ready => ({ ok: false, kind: "unknown", reason: error instanceof Error ? error.message : String(error) }));
      const base = { model, name: nameOf(model), ready, tries: 0, isOut: !ready.ok, notBefore: -Infinity };
      return ready.ok ? base : { ...base, failure: { kind: ready.kind, reason: ready.reason, message: emptyMessage(deps.clock, model) } };
    }),
  );
}

function admit(deps: FailoverDeps, limits: FailoverLimits, candidate: Candidate): Extract<Ready, { ok: true }> | "out" | "resting" {
  if (candidate.isOut || !candidate.ready.ok) return "out";
  const now = deps.clock.monotonic();
  if (candidate.notBefore > now) return "resting";
  const { breakerKey } = candidate.ready;
  const restMs = deps.breakers.admit(breakerKey, limits.breaker);
  if (restMs === 0) return candidate.ready;
  // A provider that said when to come back is waited for; an open circuit is not.
  if (deps.breakers.view(breakerKey).circuit === "closed") candidate.notBefore = now + restMs;
  return "resting";
}

function attemptLimits(limits: FailoverLimits, ready: Extract<Ready, { ok: true }>, hasNext: boolean, totalMs: number): AttemptLimits {
  const patience = ready.isLocal ? LOCAL_PATIENCE : 1;
  return {
    firstWordMs: hasNext && !ready.isLocal ? Math.min(limits.firstByteMs, limits.switchMs) : limits.firstByteMs * patience,
    stallMs: limits.stallMs * patience,
    maxAnswerChars: limits.maxAnswerBytes,
    totalMs: Math.max(1, totalMs),
  };
}

/** Passes words on as they come, or keeps them to itself until the answer is whole. */
async function* relay(call: AsyncGenerator<Delta, AttemptEnd>, buffered: boolean): AsyncGenerator<RoutedEvent, { end: AttemptEnd; wasSeen: boolean }> {
  const held: Delta[] = [];
  let wasSeen = false;
  try {
    for (;;) {
      const step = await call.next();
      if (step.done === true) {
        if (step.value.ok) yield* held;
        return { end: step.value, wasSeen };
      }
      if (buffered) held.push(step.value);
      else {
        wasSeen ||= step.value.type === "text" && step.value.delta !== "";
        yield step.value;
      }
    }
  } finally {
    await call.return(undefined as never); // a reader that leaves early ends the call; the value has no reader
  }
}

function* answer(end: Extract<AttemptEnd, { ok: true }>): Generator<RoutedEvent, void> {
  for (const call of end.calls) yield { type: "tool-call", call };
  yield { type: "done", message: end.message };
}

function note(deps: FailoverDeps, limits: FailoverLimits, candidate: Candidate, breakerKey: string, end: AttemptFailure, all: Candidate[]): void {
  const rule = rules[end.kind];
  candidate.failure = end;
  candidate.tries++;
  candidate.isOut = !rule.again || candidate.tries >= (end.kind === "timeout" ? 2 : MAX_TRIES);
  if (end.retryAfterMs !== undefined) candidate.notBefore = deps.clock.monotonic() + end.retryAfterMs;
  if (rule.counts) deps.breakers.failed(breakerKey, limits.breaker, { kind: end.kind, reason: end.reason, ...(end.retryAfterMs === undefined ? {} : { retryAfterMs: end.retryAfterMs }) });
  else deps.breakers.abandoned(breakerKey);
  if (end.kind !== "aborted") deps.log.warn("model call failed", { model: candidate.name, kind: end.kind, reason: end.reason, status: end.httpStatus, try: candidate.tries });
  // The same key refused once is refused for every model behind it.
  if (end.kind === "auth" || end.kind === "billing") for (const other of all) if (sameCredential(other, candidate)) other.isOut = true;
}

function sameCredential(a: Candidate, b: Candidate): boolean {
  return a.model.provider === b.model.provider && a.ready.ok && b.ready.ok && a.ready.request.credential?.reveal() === b.ready.request.credential?.reveal();
}

/** How long until somebody may be asked again; undefined when that is never, or too late. */
function pauseBefore(deps: FailoverDeps, candidates: Candidate[], round: number, endsAt: number): number | undefined {
  const now = deps.clock.monotonic();
  // Whoever was not asked at all is resting behind an open circuit: that ends in a clear answer now, not in a long silence.
  const asked = candidates.filter((candidate) => !candidate.isOut && (candidate.tries > 0 || candidate.notBefore > now));
  if (asked.length === 0) return undefined;
  const backoff = BACKOFF_MS * 2 ** round * (0.5 + deps.ids.fraction() / 2);
  const pause = Math.ceil(Math.min(...asked.map((candidate) => Math.max(backoff, candidate.notBefore - now))));
  return now + pause < endsAt ? pause : undefined;
}

async function slept(clock: Clock, ms: number, signal: AbortSignal): Promise<boolean> {
  try {
    await clock.sleep(ms, signal);
    return true;
  } catch (error) {
    if (signal.aborted) return false;
    throw error;
  }
}

/** The one clear error: the failure itself, or the first candidate's with what became of the others. */
function failed(end: AttemptFailure | undefined, candidates: Candidate[], deps?: FailoverDeps, limits?: FailoverLimits): RoutedEvent {
  if (end) {
    const { kind, reason, retryAfterMs, httpStatus, message } = end;
    return { type: "failed", kind, reason, ...(retryAfterMs === undefined ? {} : { retryAfterMs }), ...(httpStatus === undefined ? {} : { httpStatus }), message };
  }
  const tried = candidates.map((candidate) => ({ candidate, failure: candidate.failure ?? restingFailure(candidate, deps, limits) }));
  const first = tried[0];
  if (!first) return { type: "failed", kind: "not-found", reason: "no model is configured", message: emptyMessage(deps?.clock, undefined) };
  const reason = tried.length === 1 ? first.failure.reason : tried.map(({ candidate, failure }) => `${candidate.name}: ${failure.reason}`).join("; ");
  return failed({ ...first.failure, reason, message: { ...first.failure.message, errorMessage: reason } }, candidates);
}

function restingFailure(candidate: Candidate, deps: FailoverDeps | undefined, limits: FailoverLimits | undefined): AttemptFailure {
  const message = emptyMessage(deps?.clock, candidate.model);
  if (!deps || !limits || !candidate.ready.ok) return { kind: "unknown", reason: `${candidate.name} was not tried`, message };
  const last = deps.breakers.view(candidate.ready.breakerKey).lastFailure;
  const restMs = deps.breakers.restMs(candidate.ready.breakerKey, limits.breaker);
  return {
    kind: "overloaded",
    reason: `${candidate.name} failed repeatedly (${last?.reason ?? "reason unknown"}) and rests for ${Math.ceil(restMs / 1000)} s more`,
    retryAfterMs: restMs,
    message,
  };
}

function emptyMessage(clock: Clock | undefined, model: ModelInfo | undefined): AssistantMessage {
  return {
    role: "assistant",
    content: [],
    api: "",
    provider: model?.provider ?? "",
    model: model?.id ?? "",
    usage: { input: 0, output: 0, cacheRead: 0, cacheWrite: 0, totalTokens: 0 },
    stopReason: "error",
    timestamp: clock?.now() ?? 0,
  };
}
