// The only WebSocket client: connect, challenge, call, on, reconnect with backoff, gap detection. Browser-safe; stores nothing itself.
import type { ErrorShape } from "../protocol/errors.ts";
import { type EventFrame, maxProtocol, minProtocol } from "../protocol/frames.ts";
import type { MethodName, MethodTypes } from "../protocol/generated/methods.ts";
import { clientError, detailText } from "./call-error.ts";
import type { CallOptions } from "./calls.ts";
import { catchUp, type Position } from "./catch-up.ts";
import { type Auth, createCredentials } from "./credentials.ts";
import type { ClientIdentity } from "./device-proof.ts";
import type { HelloOk } from "./hello.ts";
import { type Link, openLink } from "./link.ts";
import { closeOf, type Refusal, refusalOf } from "./refusals.ts";
import { platformTimers, type Timer, type Timers } from "./timers.ts";

export type { CallOptions } from "./calls.ts";
export type { ClientIdentity } from "./device-proof.ts";
export type { HelloOk } from "./hello.ts";

export interface DeviceTokenGrant {
  token: string;
  role: string;
  scopes: string[];
}

export interface ClientOptions {
  /** `ws:` or `wss:`. */
  url: string;
  client: { id: string; mode: string; version: string; platform: string; displayName?: string; instanceId?: string; deviceFamily?: string; modelIdentifier?: string };
  role?: "operator" | "node";
  scopes?: readonly string[];
  /** The shared token or password wins over the device token when both are given. */
  auth?: Auth;
  identity?: ClientIdentity;
  caps?: readonly string[];
  commands?: readonly string[];
  locale?: string;
  userAgent?: string;
  /** Stay connected with backoff and jitter; false connects once and stays closed after that. Default true. */
  reconnect?: boolean;
  /** Makes the socket; the default is the platform's WebSocket. Node passes `ws` for TLS pinning. */
  socket?: (url: string) => WebSocket;
  /** A device token to keep for the next start; called on every hello that carries one. */
  onDeviceToken?: (grant: DeviceTokenGrant) => void;
  /** The kept device token was refused and should be forgotten. */
  onDeviceTokenRefused?: () => void;
  /** From opening the socket to hello. Default 15 s. */
  handshakeTimeoutMs?: number;
  protocols?: { min: number; max: number };
  timers?: Timers;
}

/** What a refusal tells a person: what happened and what to do. */
export interface RefusalView {
  code: string;
  reason: string;
  nextStep: string;
}

export type ClientState =
  | { kind: "connecting"; attempt: number }
  | { kind: "online"; hello: HelloOk; sinceMs: number }
  /** A person must approve this device; it is asked again by itself. */
  | ({ kind: "pairing"; requestId: string; words?: string; deviceId?: string; why?: string; retryAtMs: number } & RefusalView)
  /** Only a person can mend it. */
  | ({ kind: "refused" } & RefusalView)
  /** It is tried again at `retryAtMs`. */
  | ({ kind: "offline"; retryAtMs: number; attempt: number } & RefusalView)
  | { kind: "closed" };

/** Events from `expected` on were missed: read the state anew. After a reconnect `reason` says why they could not be had. */
export interface Gap {
  expected: number;
  received?: number;
  reason?: string;
}

export interface GatewayClient {
  readonly state: ClientState;
  /** Called on every change, not for the present state. Returns the function that stops it. */
  onState(listener: (state: ClientState) => void): () => void;
  /** Resolves when online. Rejects once only a person can mend it, and when a client that connects once failed. */
  ready(signal?: AbortSignal): Promise<HelloOk>;
  /** Waits for the first hello if it is still on its way; while offline it rejects at once. Typed by the gateway's own registry. */
  call<M extends MethodName>(method: M, params: MethodTypes[M]["params"], options?: CallOptions): Promise<MethodTypes[M]["result"]>;
  /** For methods of extensions and other gateways, and where the caller knows the result better. */
  call<T = unknown>(method: string, params?: unknown, options?: CallOptions): Promise<T>;
  /** A gateway event by name, `"*"` for all, or `"gap"` with a Gap. Returns the function that stops it. */
  on<T = unknown>(event: string, listener: (payload: T, frame: EventFrame) => void): () => void;
  /** Cuts the pause short: the network came back, or a person pressed the button. */
  retryNow(): void;
  close(): void;
}

const backoffBaseMs = 250;
const backoffCapMs = 15_000;
const pairingPollMs = 2_500;
/** Events that may arrive while the missed ones are fetched. */
const maxHeldEvents = 10_000;

export function connect(options: ClientOptions): GatewayClient {
  return createClient(options).start();
}

type Listener = (payload: never, frame: EventFrame) => void;

function createClient(options: ClientOptions): GatewayClient & { start(): GatewayClient } {
  const timers = options.timers ?? platformTimers;
  const stays = options.reconnect ?? true;
  const stateListeners = new Set<(state: ClientState) => void>();
  const eventListeners = new Map<string, Set<Listener>>();
  const credentials = createCredentials(options.auth, () => options.onDeviceTokenRefused?.());
  let state: ClientState = { kind: "connecting", attempt: 0 };
  let link: Link | undefined;
  let pause: Timer | undefined;
  let attempt = 0;
  /** Where the present or, between two, the former connection stands. */
  let position: Position | undefined;
  /** Events that wait until the missed ones were told. */
  let held: EventFrame[] | undefined;
  /** How long the gateway said its restart takes. */
  let restartHintMs: number | undefined;

  const setState = (next: ClientState): void => {
    state = next;
    for (const listener of stateListeners) {
      if (state !== next) return; // a listener changed it again, and everyone has heard of that
      guarded(() => listener(next));
    }
  };

  const emit = (event: string, payload: unknown, frame: EventFrame): void => {
    for (const listener of eventListeners.get(event) ?? []) guarded(() => listener(payload as never, frame)); // a listener says itself what it takes
  };

  const onEvent = (frame: EventFrame): void => {
    if (held !== undefined) {
      if (held.length < maxHeldEvents) held.push(frame);
      return; // what did not fit shows as a gap in seq
    }
    if (frame.seq !== undefined && position !== undefined) {
      const expected = position.seq + 1;
      if (position.seq > 0 && frame.seq > expected) emit("gap", { expected, received: frame.seq } satisfies Gap, frame);
      position.seq = frame.seq;
    }
    if (frame.event === "shutdown") restartHintMs = numberIn(frame.payload, "restartExpectedMs");
    tell(frame);
  };

  const tell = (frame: EventFrame): void => {
    emit(frame.event, frame.payload, frame);
    emit("*", frame.payload, frame);
  };

  const onHello = async (own: Link, hello: HelloOk): Promise<void> => {
    attempt = 0;
    credentials.welcomed();
    const token = hello.auth?.deviceToken;
    if (token !== undefined && hello.auth !== undefined) {
      credentials.keep(token);
      options.onDeviceToken?.({ token, role: hello.auth.role, scopes: hello.auth.scopes });
    }
    const former = position;
    position = { connId: hello.server.connId, seq: 0 };
    if (former !== undefined) await resume(own, former, hello);
    if (own === link) setState({ kind: "online", hello, sinceMs: timers.now() });
  };

  /** Everything missed is told before anything newer, or one gap. */
  const resume = async (own: Link, former: Position, hello: HelloOk): Promise<void> => {
    held = [];
    const caught = await catchUp(own, former, hello);
    if (own !== link) return;
    const newer = held ?? [];
    held = undefined;
    if (caught.complete) for (const frame of caught.events) tell(frame);
    else emit("gap", { expected: former.seq + 1, reason: caught.reason } satisfies Gap, { type: "event", event: "gap" });
    for (const frame of newer) onEvent(frame);
  };

  const onRefused = (error: ErrorShape): void => react(refusalOf(error, credentials.used()), error.details);

  const react = (refusal: Refusal, details?: unknown): void => {
    link = undefined;
    const { code, reason, nextStep } = refusal;
    held = undefined;
    if (credentials.apply(refusal.reaction)) return open();
    if (refusal.reaction === "stop" || !stays) return setState(pairingView(refusal, details, timers.now()) ?? { kind: "refused", code, reason, nextStep });
    if (refusal.reaction === "await-approval") {
      const delayMs = Math.max(pairingPollMs, refusal.retryAfterMs ?? 0);
      schedule(delayMs, (retryAtMs) => pairingView(refusal, details, retryAtMs) ?? { kind: "offline", code, reason, nextStep, retryAtMs, attempt });
      return undefined;
    }
    schedule(backoffMs(refusal), (retryAtMs) => ({ kind: "offline", code, reason, nextStep, retryAtMs, attempt }));
    return undefined;
  };

  const backoffMs = (refusal: Refusal): number => {
    const hint = refusal.retryAfterMs ?? restartHintMs;
    restartHintMs = undefined;
    const spread = timers.random() * Math.min(backoffCapMs, backoffBaseMs * 2 ** attempt);
    return hint === undefined ? spread : Math.min(hint, backoffCapMs * 4) + spread;
  };

  const schedule = (delayMs: number, view: (retryAtMs: number) => ClientState): void => {
    attempt = Math.min(attempt + 1, 30);
    pause = timers.after(delayMs, () => open());
    setState(view(timers.now() + delayMs));
  };

  const open = (): void => {
    pause?.cancel();
    pause = undefined;
    setState({ kind: "connecting", attempt });
    if (state.kind !== "connecting") return; // a listener closed the client
    const own: Link = openLink(linkOptions(options, credentials.chosen(), timers), {
      onHello: (hello) => void (own === link && onHello(own, hello)),
      onEvent: (frame) => own === link && onEvent(frame),
      onRefused: (error) => own === link && onRefused(error),
      onClose: (close) => own === link && react(closeOf(close, state.kind === "online")),
    });
    link = own;
  };

  /** Resolves with the first state, from now on, that satisfies `wanted`. */
  const reach = (wanted: (now: ClientState) => boolean, signal?: AbortSignal): Promise<ClientState> =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason as Error);
      if (wanted(state)) return resolve(state);
      const stop = (): void => {
        stateListeners.delete(listener);
        signal?.removeEventListener("abort", onAbort);
      };
      const onAbort = (): void => {
        stop();
        reject(signal?.reason as Error);
      };
      const listener = (now: ClientState): void => {
        if (!wanted(now)) return;
        stop();
        resolve(now);
      };
      stateListeners.add(listener);
      signal?.addEventListener("abort", onAbort, { once: true });
      return undefined;
    });

  const outcome = (signal?: AbortSignal): Promise<ClientState> => reach((now) => now.kind !== "connecting", signal);

  const ready = async (signal?: AbortSignal): Promise<HelloOk> => {
    const last = (now: ClientState): boolean => now.kind === "online" || now.kind === "refused" || now.kind === "closed" || (now.kind === "pairing" && !stays);
    const reached = await reach(last, signal);
    if (reached.kind === "online") return reached.hello;
    throw stateError(reached);
  };

  const client = {
    get state() {
      return state;
    },
    start() {
      open();
      return client;
    },
    onState(listener: (state: ClientState) => void) {
      stateListeners.add(listener);
      return () => void stateListeners.delete(listener);
    },
    ready,
    async call<T>(method: string, params?: unknown, callOptions: CallOptions = {}): Promise<T> {
      if (state.kind === "connecting" && attempt === 0) await outcome(callOptions.signal);
      if (link === undefined || state.kind !== "online") throw stateError(state);
      return (await link.call(method, params, callOptions)) as T; // the caller names the method's result
    },
    on<T>(event: string, listener: (payload: T, frame: EventFrame) => void) {
      const set = eventListeners.get(event) ?? new Set();
      eventListeners.set(event, set.add(listener));
      return () => void set.delete(listener);
    },
    retryNow() {
      if (state.kind !== "offline" && state.kind !== "pairing") return;
      attempt = 0;
      open();
    },
    close() {
      pause?.cancel();
      const old = link;
      link = undefined;
      old?.close(1000, "");
      if (state.kind !== "closed") setState({ kind: "closed" });
    },
  };
  return client;
}

function linkOptions(options: ClientOptions, auth: Auth | undefined, timers: Timers): Parameters<typeof openLink>[0] {
  const role = options.role ?? "operator";
  const scopes = options.scopes ?? [];
  const { caps = [], commands, locale, userAgent } = options;
  return {
    socket: () => options.socket?.(options.url) ?? new WebSocket(options.url),
    timers,
    handshakeTimeoutMs: options.handshakeTimeoutMs ?? 15_000,
    client: options.client,
    role,
    scopes,
    auth,
    identity: options.identity,
    params: {
      minProtocol: options.protocols?.min ?? minProtocol,
      maxProtocol: options.protocols?.max ?? maxProtocol,
      client: options.client,
      role,
      scopes,
      caps,
      ...(commands !== undefined && { commands }),
      ...(auth !== undefined && { auth }),
      ...(locale !== undefined && { locale }),
      ...(userAgent !== undefined && { userAgent }),
    },
  };
}

function pairingView(refusal: Refusal, details: unknown, retryAtMs: number): ClientState | undefined {
  const requestId = detailText(details, "requestId");
  if (refusal.code !== "PAIRING_REQUIRED" || requestId === undefined) return undefined;
  const words = detailText(details, "pairingCode");
  const deviceId = detailText(details, "deviceId");
  const why = detailText(details, "reason");
  return { kind: "pairing", requestId, ...(words && { words }), ...(deviceId && { deviceId }), ...(why && { why }), code: refusal.code, reason: refusal.reason, nextStep: refusal.nextStep, retryAtMs };
}

function stateError(state: ClientState): Error {
  if (state.kind === "closed") return clientError("CLOSED", "the client was closed");
  if (state.kind === "online" || state.kind === "connecting") return clientError("OFFLINE", "not connected to the gateway yet", true);
  const error = clientError("OFFLINE", `${state.reason} ${state.nextStep}`, state.kind === "offline");
  return Object.assign(error, { details: { code: state.code, nextStep: state.nextStep, ...(state.kind === "pairing" && { requestId: state.requestId, words: state.words }) } });
}

function numberIn(payload: unknown, key: string): number | undefined {
  const value = (payload as Record<string, unknown> | null | undefined)?.[key];
  return typeof value === "number" ? value : undefined;
}

/** A listener's bug must not stop the client or the other listeners; it surfaces as an uncaught error. */
function guarded(run: () => void): void {
  try {
    run();
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
