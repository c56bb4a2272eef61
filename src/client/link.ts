// One socket from open to close: challenge, connect, calls, events, watchdog. It never reconnects; client.ts does.
import type { ErrorShape } from "../protocol/errors.ts";
import type { EventFrame, ResponseFrame } from "../protocol/frames.ts";
import { createCalls, type CallOptions } from "./calls.ts";
import { clientError, errorShapeOf } from "./call-error.ts";
import { type ClientIdentity, type DeviceProof, signProof } from "./device-proof.ts";
import type { HelloOk } from "./hello.ts";
import type { Timer, Timers } from "./timers.ts";

export interface LinkOptions {
  socket: () => WebSocket;
  timers: Timers;
  handshakeTimeoutMs: number;
  client: { id: string; mode: string; version: string; platform: string; deviceFamily?: string };
  role: string;
  scopes: readonly string[];
  /** `auth` of connect, with `token` holding whatever is signed over. */
  auth: { token?: string; password?: string; deviceToken?: string } | undefined;
  identity: ClientIdentity | undefined;
  /** The members of connect's params that need no challenge. */
  params: Record<string, unknown>;
}

export interface LinkHandlers {
  onHello(hello: HelloOk): void;
  onEvent(frame: EventFrame): void;
  /** The gateway answered `connect` with an error; the close that follows is not reported. */
  onRefused(error: ErrorShape): void;
  onClose(close: { code: number; reason: string }): void;
}

export interface Link {
  call(method: string, params: unknown, options: CallOptions): Promise<unknown>;
  close(code: number, reason: string): void;
}

export function openLink(options: LinkOptions, handlers: LinkHandlers): Link {
  const { timers } = options;
  const socket = options.socket();
  let phase: "challenge" | "connecting" | "online" | "over" = "challenge";
  let lastFrameAt = timers.monotonic();
  let watchdog: Timer = timers.after(options.handshakeTimeoutMs, () => end(4000, "connect timeout"));
  const calls = createCalls({ timers, send: (text) => socket.send(text) });

  const end = (code: number, reason: string, tell = true): void => {
    if (phase === "over") return;
    phase = "over";
    watchdog.cancel();
    calls.failAll(clientError("CONNECTION_LOST", `the connection to the gateway ended (${code}${reason === "" ? "" : ` ${reason}`})`, true));
    // Browsers allow only 1000 and 3000–4999 here.
    if (socket.readyState <= 1) socket.close(code === 1000 || code >= 3000 ? code : 4008, reason);
    if (tell) handlers.onClose({ code, reason });
  };

  const sayHello = async (challenge: EventFrame): Promise<void> => {
    phase = "connecting";
    const device = await deviceProof(options, challenge.payload);
    const hello = await calls.call("connect", { ...options.params, ...(device && { device }) }, { timeoutMs: options.handshakeTimeoutMs });
    const read = readHello(hello);
    phase = "online";
    calls.setLimit(read.policy.maxPayload);
    watchTicks(read.policy.tickIntervalMs);
    handlers.onHello(read);
  };

  const refuse = (error: unknown): void => {
    if (phase === "over") return;
    end(1000, "", false);
    handlers.onRefused(errorShapeOf(error));
  };

  const watchTicks = (intervalMs: number): void => {
    watchdog.cancel();
    watchdog = timers.after(intervalMs, () => {
      if (timers.monotonic() - lastFrameAt > 2 * intervalMs) end(4000, "tick timeout");
      else watchTicks(intervalMs);
    });
  };

  socket.addEventListener("message", (message) => {
    if (phase === "over") return;
    lastFrameAt = timers.monotonic();
    const frame = readFrame(message.data);
    if (frame?.type === "res") calls.settle(frame);
    else if (frame?.type === "event" && phase === "challenge") {
      if (frame.event === "connect.challenge") sayHello(frame).catch(refuse);
    } else if (frame?.type === "event") handlers.onEvent(frame);
  });
  socket.addEventListener("close", (event) => end(event.code, event.reason));
  // The close event that follows carries what is known.
  socket.addEventListener("error", () => undefined);

  return {
    call: (method, params, callOptions) => (phase === "online" ? calls.call(method, params, callOptions) : Promise.reject(clientError("OFFLINE", "not connected to the gateway", true))),
    close: (code, reason) => end(code, reason, false),
  };
}

async function deviceProof(options: LinkOptions, challenge: unknown): Promise<DeviceProof | undefined> {
  if (options.identity === undefined) return undefined;
  const { nonce, ts } = readChallenge(challenge, options.timers);
  return signProof(options.identity, {
    clientId: options.client.id,
    clientMode: options.client.mode,
    role: options.role,
    scopes: options.scopes,
    signedAtMs: ts,
    token: options.auth?.token ?? "",
    nonce,
    platform: options.client.platform,
    deviceFamily: options.client.deviceFamily,
  });
}

/** The challenge's own time is signed, so that a wrong clock here does no harm. */
function readChallenge(payload: unknown, timers: Timers): { nonce: string; ts: number } {
  const raw = (payload ?? {}) as { nonce?: unknown; ts?: unknown };
  return { nonce: typeof raw.nonce === "string" ? raw.nonce : "", ts: typeof raw.ts === "number" ? Math.trunc(raw.ts) : timers.now() };
}

function readHello(payload: unknown): HelloOk {
  const raw = payload as Partial<HelloOk> | null | undefined;
  if (raw?.type !== "hello-ok" || typeof raw.policy?.tickIntervalMs !== "number") throw clientError("BAD_ANSWER", "the other side does not speak the gateway's protocol");
  return raw as HelloOk; // the members that the client itself relies on were checked
}

function readFrame(data: unknown): ResponseFrame | EventFrame | undefined {
  if (typeof data !== "string") return undefined;
  try {
    const frame = JSON.parse(data) as { type?: unknown; id?: unknown; event?: unknown } | null;
    if (frame?.type === "res" && typeof frame.id === "string") return frame as ResponseFrame;
    if (frame?.type === "event" && typeof frame.event === "string") return frame as EventFrame;
    return undefined;
  } catch {
    return undefined; // not JSON: nothing a client could answer
  }
}
