// One connection of a command to its gateway: who it says it is, what it asks for, and words for every way in which that fails.
import { hostname } from "node:os";
import { CallError, detailText } from "../client/call-error.ts";
import { connect, type CallOptions, type ClientOptions, type ClientState, type GatewayClient, type HelloOk } from "../client/client.ts";
import type { Scope } from "../protocol/scopes.ts";
import { type DeviceKey, hostKey, remoteKey } from "./device-key.ts";
import { type CliFailure, failure } from "./failure.ts";
import type { Machine } from "./machine.ts";
import { certificateProblem, nodeSocket } from "./node-socket.ts";
import type { Target } from "./target.ts";

export interface ConnectWish {
  scopes: readonly Scope[];
  caps?: readonly string[];
  /** Keeps trying when the connection is lost later. */
  stays?: boolean;
}

export interface Connection {
  readonly hello: HelloOk;
  readonly target: Target;
  call<T = unknown>(method: string, params?: unknown, options?: CallOptions): Promise<T>;
  on<T = unknown>(event: string, listener: (payload: T) => void): () => void;
  onState(listener: (state: ClientState) => void): () => void;
  close(): void;
}

export interface ConnectDeps {
  machine: Machine;
  target: Target;
  version: string;
  timeoutMs: number | undefined;
  signal: AbortSignal;
}

const handshakeMs = 10_000;

/** Throws a failure with the next step when the gateway cannot be reached or does not let us in. */
export async function openConnection(deps: ConnectDeps, wish: ConnectWish): Promise<Connection> {
  const { machine, target } = deps;
  const key = await (target.isHome ? hostKey(machine) : remoteKey(machine, target.url));
  /** A command may end a moment after its hello: what is to be kept is written first. */
  let keeping: Promise<void> = Promise.resolve();
  let broken: Error | undefined;
  const client = connect(clientOptions(deps, wish, key, { keep: (work) => void (keeping = keeping.then(work)), onError: (error) => (broken = error) }));
  try {
    const hello = await firstHello(client, deps.signal);
    await keeping;
    const timeout = deps.timeoutMs === undefined ? {} : { timeoutMs: deps.timeoutMs };
    return {
      hello,
      target,
      call: (method, params, options) => client.call(method, params, { signal: deps.signal, ...timeout, ...options }),
      on: (event, listener) => client.on(event, listener as (payload: unknown) => void), // the caller names the event's payload
      onState: (listener) => client.onState(listener),
      close: () => client.close(),
    };
  } catch (error) {
    client.close();
    throw error instanceof CallError ? refusalFailure(error, target, broken) : error;
  }
}

function clientOptions(deps: ConnectDeps, wish: ConnectWish, key: DeviceKey, { keep, onError }: { keep(work: () => Promise<void>): void; onError(error: Error): void }): ClientOptions {
  const { target } = deps;
  return {
    url: target.url,
    client: { id: "cli", mode: "cli", version: deps.version, platform: process.platform, displayName: `${hostname()} (command line)` },
    scopes: wish.scopes,
    caps: wish.caps ?? [],
    identity: key.identity,
    auth: { ...target.auth, ...(target.isHome || key.token === undefined ? {} : { deviceToken: key.token }) },
    reconnect: wish.stays ?? false,
    handshakeTimeoutMs: deps.timeoutMs ?? handshakeMs,
    socket: (url) => nodeSocket(url, target.fingerprint, onError),
    ...(target.isHome
      ? {}
      : {
          onDeviceToken: (grant) => keep(() => key.keepToken(grant.token, grant.scopes)),
          onDeviceTokenRefused: () => keep(() => key.dropToken()),
        }),
  };
}

/** A client that stays would try for ever; the first attempt of a command counts. */
async function firstHello(client: GatewayClient, signal: AbortSignal): Promise<HelloOk> {
  const settled = Promise.withResolvers<void>();
  const stop = client.onState((state) => state.kind !== "connecting" && settled.resolve());
  const onAbort = () => settled.resolve();
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    if (client.state.kind === "connecting") await settled.promise;
    if (signal.aborted) throw signal.reason;
    const { state } = client;
    if (state.kind === "offline" || state.kind === "pairing") throw asCallError(state);
    return await client.ready(signal);
  } finally {
    stop();
    signal.removeEventListener("abort", onAbort);
  }
}

function asCallError(state: Extract<ClientState, { kind: "offline" | "pairing" }>): CallError {
  const pairing = state.kind === "pairing" ? { requestId: state.requestId, words: state.words } : {};
  return new CallError({ code: "OFFLINE", message: state.reason, details: { code: state.code, nextStep: state.nextStep, ...pairing } });
}

/** What was refused, in the command line's own next steps. */
export function refusalFailure(error: CallError, target: Pick<Target, "url" | "isHome" | "fingerprint">, broken?: Error): CliFailure {
  const code = error.detailsCode ?? error.code;
  const nextStep = detailText(error.details, "nextStep");
  const reason = nextStep !== undefined && error.message.endsWith(nextStep) ? error.message.slice(0, -nextStep.length).trim() : error.message;
  const certificate = code === "CLOSE_1006" ? certificateProblem(broken) : undefined;
  if (certificate !== undefined) {
    const next = target.fingerprint === undefined
      ? "If it is the gateway's own certificate, pin it: take the fingerprint from `openclaw gateway status` on the gateway's machine and give it with --tls-fingerprint, or set gateway.remote.tlsFingerprint."
      : "Compare the fingerprint with `openclaw gateway status` on the gateway's machine; the certificate may be new, or somebody stands in between.";
    return failure("CERTIFICATE", `The certificate of ${target.url} is not trusted: ${certificate}.`, next);
  }
  if (code === "CLOSE_1006" || code === "CLOSE_4000") {
    const next = target.isHome ? "Start it with `openclaw gateway start`, or look at `openclaw gateway status`." : "Check the address, the network, and that the gateway runs there.";
    return failure("GATEWAY_UNREACHABLE", `No gateway answers at ${target.url}.`, next);
  }
  if (code === "PAIRING_REQUIRED") {
    const requestId = detailText(error.details, "requestId") ?? "";
    const words = detailText(error.details, "words");
    return failure(code, `This machine waits for approval${words === undefined ? "" : `; its words are: ${words}`}.`, `On the gateway's machine run \`openclaw devices approve ${requestId}\`, then repeat this command.`);
  }
  if (code === "AUTH_TOKEN_MISSING" || code === "DEVICE_IDENTITY_REQUIRED") return failure(code, reason, "Give the gateway's token with --token or OPENCLAW_GATEWAY_TOKEN.");
  return failure(code, reason, nextStep);
}
