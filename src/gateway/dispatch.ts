// The one path every request takes: frame, role and scope, method, shim, params, raised scope, idempotency, handler, answer.
import { fault, Fault, type FaultCode, type FaultDetails } from "../base/faults.ts";
import { readRequest, type RequestFrame } from "../protocol/frames.ts";
import { holds, type Caller } from "../protocol/scopes.ts";
import type { Log } from "../base/log.ts";
import type { Call } from "../sdk/method.ts";
import { missingScope, refusal } from "./authorise.ts";
import { boundsProblem } from "./frame-bounds.ts";
import type { Connection } from "./connection.ts";
import { createDenials } from "./denials.ts";
import type { GatewayApp } from "./gateway-app.ts";
import type { Idempotency, KeptAnswer } from "./idempotency.ts";
import { createPendingCalls } from "./pending-call.ts";
import { toJson } from "./prepared.ts";
import type { GatewayMethod, Registry } from "./registry.ts";
import { problem } from "./validators.ts";
import { wireError } from "./wire-error.ts";

export interface DispatchDeps {
  app: GatewayApp;
  registry: Registry;
  idempotency: Idempotency;
  /** Answers are checked against their schema: tests and development. */
  checkResults: boolean;
}

export interface Dispatch {
  /** Answers one frame; never rejects. `release` is called once, when the request no longer counts as in work. */
  request(connection: Connection, caller: Caller, text: string, release: () => void): Promise<void>;
  /** One method for a caller that is not a socket (HTTP, tests). Throws what the method throws. */
  call(caller: Caller, name: string, params: unknown, signal: AbortSignal): Promise<unknown>;
}

/** A request that names no time of its own ends after this long. */
const defaultDeadlineMs = 120_000;
const deadlineGraceMs = 10_000;
/** A `once` handler outlives its connection but not everything. */
const onceDeadlineMs = 3_600_000;
/** Sends the first of two answers. */
type Early = (payload: unknown) => void;

export function createDispatch(deps: DispatchDeps): Dispatch {
  const { app, registry } = deps;
  const pendingCalls = createPendingCalls(app.clock);
  const denials = createDenials(app.clock);

  const paramsOf = (method: GatewayMethod, caller: Caller, raw: unknown): unknown => {
    const given = raw ?? {};
    const params = caller.protocol === 3 && method.v3?.params ? method.v3.params(given) : given;
    const wrong = problem(method.params, params);
    if (wrong !== undefined) throw fault("request.invalid", { reason: `invalid ${method.name} params: ${wrong}` });
    return params;
  };

  const resultOf = (method: GatewayMethod, caller: Caller, result: unknown, params: unknown): unknown => {
    if (deps.checkResults) {
      const wrong = problem(method.result, result);
      if (wrong !== undefined) throw new Error(`${method.name} answered against its own schema: ${wrong}`);
    }
    return caller.protocol === 3 && method.v3?.result ? method.v3.result(result, params) : result;
  };

  const run = async (method: GatewayMethod, caller: Caller, params: unknown, parent: () => AbortSignal, early: Early): Promise<string> => {
    const pending = pendingCalls.start({ what: method.name, deadlineMs: method.once ? onceDeadlineMs : deadlineOf(params), parent });
    let log: Log | undefined;
    const call: Call = {
      caller,
      get signal() {
        return pending.signal;
      },
      get log() {
        return (log ??= app.log.child({ connId: caller.connId, method: method.name }));
      },
      accept(payload) {
        pending.unlimited(); // the second answer comes when the run ends, whenever that is
        early(payload);
      },
    };
    const result = await pending.wait(method.handle(app, params as never /* checked against the schema */, call));
    return toJson(resultOf(method, caller, result, params));
  };

  const perform = async (caller: Caller, name: string, raw: unknown, parent: () => AbortSignal, early: Early): Promise<string> => {
    const denied = refusal(caller, registry.access(name, caller.protocol));
    if (denied) {
      audit(caller, name, "denied");
      throw denied;
    }
    const method = registry.get(name);
    if (!method) throw fault("method.unknown", { method: name });
    const params = paramsOf(method, caller, raw);
    const raised = method.raise?.(params as never /* checked against the schema */);
    if (raised !== undefined && !holds(caller.scopes, raised)) {
      audit(caller, name, "denied");
      throw missingScope(raised);
    }
    if (!method.once) return watched(method, caller, () => run(method, caller, params, parent, early));
    const kept = await deps.idempotency.once(name, caller.person, keyOf(params), params, () => watched(method, caller, () => settle(() => run(method, caller, params, () => app.signal, early))));
    if (kept.ok) return kept.json;
    throw restored(kept.error);
  };

  /** Turns the outcome into what can be kept: faults are answers too. */
  const settle = async (work: () => Promise<string>): Promise<KeptAnswer> => {
    try {
      return { ok: true, json: await work() };
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      const { code, details, retryable, retryAfterMs, payload, next } = error;
      return { ok: false, error: JSON.stringify({ code, details, retryable, retryAfterMs, payload, next } satisfies KeptFault) };
    }
  };

  const watched = async <T>(method: GatewayMethod, caller: Caller, work: () => Promise<T>): Promise<T> => {
    if (!changesState(method)) return work();
    try {
      const done = await work();
      audit(caller, method.name, "ok");
      return done;
    } catch (error) {
      audit(caller, method.name, "failed");
      throw error;
    }
  };

  const audit = (caller: Caller, method: string, outcome: "ok" | "denied" | "failed") => {
    const actor = caller.deviceId ?? `${caller.client.id}@${caller.connId}`;
    const { isWritten, ...more } = outcome === "denied" ? denials.count(actor) : { isWritten: true };
    if (isWritten) app.audit.record({ at: app.clock.now(), actor, scopes: caller.scopes, method: method.slice(0, 128), outcome, ...more });
  };

  const respond = (connection: Connection, id: string, answer: { ok: true; json: string } | { ok: false; error: unknown; protocol: Caller["protocol"] }) => {
    if (answer.ok) return connection.send(`{"type":"res","id":${JSON.stringify(id)},"ok":true,"payload":${answer.json}}`, false);
    const error = wireError(answer.error, answer.protocol, { ids: app.ids, log: connection.log });
    const beside = answer.error instanceof Fault && answer.error.payload !== undefined ? { payload: answer.error.payload } : {};
    connection.send(JSON.stringify({ type: "res", id, ok: false, ...beside, error }), false);
  };

  return {
    async request(connection, caller, text, release) {
      let isHeld = true;
      const done = () => {
        if (isHeld) release();
        isHeld = false;
      };
      try {
        const read = readFrame(text);
        if (read === undefined || connection.isCut) return; // cut off, or its device was turned out: what still waited is not done
        if (!read.ok) return respond(connection, read.id, { ok: false, protocol: caller.protocol, error: fault("request.invalid", { reason: `invalid request frame: ${read.reason}` }) });
        const { frame } = read;
        connection.tokens -= costOf(registry.get(frame.method));
        remember(app, connection, caller, frame); // before the work: its events may come before its answer
        try {
          const json = await perform(caller, frame.method, frame.params, () => connection.signal, (payload) => {
            respond(connection, frame.id, { ok: true, json: toJson(payload) });
            done();
          });
          respond(connection, frame.id, { ok: true, json });
        } catch (error) {
          if (connection.isOpen) respond(connection, frame.id, { ok: false, protocol: caller.protocol, error });
        }
      } finally {
        done();
      }
    },
    async call(caller, name, params, signal) {
      return JSON.parse(await perform(caller, name, params, () => signal, () => undefined)) as unknown;
    },
  };
}

type ReadFrame = ReturnType<typeof readRequest>;

/** undefined for text that is not JSON: after `connect` it is ignored (protocol.md 1.4). */
export function readFrame(text: string): ReadFrame | undefined {
  const breach = boundsProblem(text);
  if (breach !== undefined) return { ok: false, id: "invalid", reason: breach };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined; // answered by silence, as the protocol says
  }
  return readRequest(value);
}

/** Protocol 3 clients compare session keys with the spelling they used; it is remembered for their events. */
function remember(app: GatewayApp, connection: Connection, caller: Caller, frame: RequestFrame): void {
  if (caller.protocol !== 3 || typeof frame.params !== "object" || frame.params === null) return;
  const spelt = (frame.params as Record<string, unknown>).sessionKey; // own data of a checked request
  if (typeof spelt !== "string" || spelt === "") return;
  try {
    const canonical = app.sessions.resolve(spelt, caller);
    // The spelling used last counts, the canonical one too: whoever turns to it must not get the short one.
    if (canonical !== spelt || connection.spoken(canonical) !== undefined) connection.hear(canonical, spelt);
  } catch (error) {
    if (!(error instanceof Fault)) throw error; // what is wrong with the key is for the method to say, to those who may ask
  }
}

function deadlineOf(params: unknown): number {
  const own = (params as { timeoutMs?: unknown } | undefined)?.timeoutMs; // a convention of the wire
  return typeof own === "number" ? Math.max(defaultDeadlineMs, own + deadlineGraceMs) : defaultDeadlineMs;
}

function keyOf(params: unknown): string {
  const key = (params as { idempotencyKey?: unknown }).idempotencyKey; // required by the schema of every `once` method
  if (typeof key !== "string" || key === "") throw fault("request.invalid", { reason: "idempotencyKey is required" });
  return key;
}

/** A fault in its row: all that a client is told of it. Rows of older versions hold code and details only. */
interface KeptFault { code: FaultCode; details: FaultDetails; retryable?: boolean; retryAfterMs?: number | undefined; payload?: unknown; next?: string }

function restored(kept: string): Fault {
  const { code, details, retryAfterMs, ...rest } = JSON.parse(kept) as KeptFault; // written by settle
  return fault(code, details, { ...rest, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) });
}

/** Beyond the one token that every frame costs: what writes is dearer than what reads. */
function costOf(method: GatewayMethod | undefined): number {
  return method !== undefined && changesState(method) ? 3 : 0;
}

/** Reads are not worth a line in the audit log. */
function changesState(method: GatewayMethod): boolean {
  return method.access !== "operator.read" && method.access !== "any" && method.access !== "node";
}
