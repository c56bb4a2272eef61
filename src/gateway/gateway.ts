// The gateway: one listener in front of the App. Puts door, handshake, dispatch, events and HTTP together, and takes them apart again.
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Log } from "../base/log.ts";
import type { Disk } from "../store/disk.ts";
import type { App } from "../flows/app.ts";
import { closeCodes } from "../protocol/errors.ts";
import { createAdmission } from "./admission.ts";
import { createAuthFailures } from "./auth-failures.ts";
import { createBroadcast } from "./broadcast.ts";
import { createConnections } from "./connections.ts";
import { createDispatch, type Dispatch } from "./dispatch.ts";
import type { DoorRules, Peer } from "./door.ts";
import { createFairQueue } from "./fair-queue.ts";
import type { GatewayApp } from "./gateway-app.ts";
import { createHandshake } from "./handshake.ts";
import { createHealth } from "./health.ts";
import { createHello } from "./hello.ts";
import { answerProbe } from "./http/probes.ts";
import type { HttpRouter } from "./http/router.ts";
import { createIdempotency } from "./idempotency.ts";
import { createLimits } from "./limits.ts";
import { checkListening, doorRules, planListening, type GatewaySection, type Machine } from "./listen-plan.ts";
import type { LogFiles } from "./log-files.ts";
import { followBlocks } from "./loop-blocks.ts";
import { createLoopWatch } from "./loop-watch.ts";
import { coreMethods } from "./methods/all.ts";
import { createPreAuth } from "./pre-auth.ts";
import { createPresence } from "./presence.ts";
import { createRegistry, type GatewayMethod } from "./registry.ts";
import { createEventRing } from "./ring.ts";
import { listen, type GatewayServer } from "./server.ts";
import { createSharedAuth, type SharedSecrets } from "./shared-auth.ts";
import { createSockets } from "./sockets.ts";
import { loadCertificate } from "./tls.ts";
import { createTransportIdentity, letsTailscaleIn } from "./transport-identity.ts";
import { publishEvents } from "./wire-events.ts";
import { createWizards } from "./wizards.ts";
import type { ConfigSnapshot } from "../config/config.ts";

export interface GatewayDeps {
  app: App;
  disk: Disk;
  log: Log;
  logFiles: LogFiles;
  machine: Machine;
  /** The port, when it is not the configuration's (an option, the environment; 0 takes a free one). */
  port?: number;
  /** Which interfaces, when it is not the configuration's. */
  bind?: GatewaySection["bind"];
  /** Where the built Control UI is. */
  uiDir: string;
  /** The shared secret as the given configuration says. */
  secrets(snapshot: ConfigSnapshot): Promise<SharedSecrets>;
  serverKey(): Promise<Uint8Array>;
  isHostKey(deviceId: string, publicKey: string): Promise<boolean>;
  /** The login behind a Tailscale address. */
  whois(address: string): Promise<string | undefined>;
  /** Methods of extensions. */
  methods?: readonly GatewayMethod[];
  /** Check every answer against its schema: tests and development. */
  checkResults?: boolean;
}

export interface Gateway {
  readonly port: number;
  readonly hosts: readonly string[];
  readonly secure: boolean;
  /** Of the certificate. */
  readonly fingerprint: string | undefined;
  readonly dispatch: Dispatch;
  readonly app: GatewayApp;
  /** No new work: sockets are refused, readiness is false, everybody is told. */
  drain(reason: string, restartExpectedMs: number | null): void;
  /** Says goodbye and ends what is open. */
  close(): Promise<void>;
}

const attachmentLimits = { maxBytes: 19_464_192, maxImageBytes: 6_291_456 } as const;
/** Time for goodbyes to be read. */
const farewellMs = 1_000;
const sweepMs = 3_600_000;

export async function createGateway(deps: GatewayDeps): Promise<Gateway> {
  const { app, log } = deps;
  const { clock, ids, config } = app;
  const limits = createLimits(config);
  const section = () => config.current().value.gateway;

  // 1. Where to listen; a refusal comes before anything is opened.
  const plan = planListening(section(), deps.machine, deps);
  config.own({
    prefixes: ["gateway.bind", "gateway.customBindHost", "gateway.tls", "gateway.trustedProxies"],
    async prepare({ value }) {
      checkListening(value.gateway, deps.machine, { plan, options: deps });
      return { swap: () => undefined };
    },
  });
  const certificate = plan.secure ? await loadCertificate({ disk: deps.disk, dir: app.paths.tls, now: clock.now(), machine: deps.machine }, section().tls ?? {}) : undefined;
  const shared = createSharedAuth(await deps.secrets(config.current()));
  config.own({
    prefixes: ["gateway.auth"],
    async prepare(next) {
      const secrets = await deps.secrets(next);
      return { swap: () => shared.replace(secrets) };
    },
  });

  // 2. What only a gateway has.
  const loop = createLoopWatch(clock);
  const connections = createConnections({ clock, perConnectionBytes: limits().maxBufferedBytes });
  const ring = createEventRing(clock);
  const broadcast = createBroadcast({ connections, ring });
  const presence = createPresence({ clock, events: app.events, self: { host: deps.machine.hostName, version: app.version, platform: process.platform } });
  const health = createHealth({ ...app, loop });
  const wizards = createWizards(app);
  const door: { server?: GatewayServer } = {};
  const listening = () => ({ port: door.server?.port ?? plan.port, secure: plan.secure, hosts: door.server?.hosts ?? [], ...(certificate === undefined ? {} : { fingerprint: certificate.fingerprint }) });
  const gatewayApp: GatewayApp = { ...app, presence, health, connections, ring, wizards, logFiles: deps.logFiles, auth: shared, serverKey: deps.serverKey, listening };

  // 3. The path of a request.
  const registry = createRegistry([...coreMethods, ...(deps.methods ?? [])]);
  const idempotency = createIdempotency(app);
  const dispatch = createDispatch({ app: gatewayApp, registry, idempotency, checkResults: deps.checkResults ?? false });
  const queue = createFairQueue({
    clock,
    limits: () => ({ inFlight: limits().inFlightPerConnection, perSecond: limits().requestsPerSecond }),
    work(connection, text) {
      const { caller } = connection;
      if (caller) void dispatch.request(connection, caller, text, () => queue.done(connection, text));
    },
  });

  // 4. The door.
  const rules = cachedRules(() => config.current(), (snapshot) => doorRules(snapshot.value.gateway, deps.machine, { ...listening(), hosts: plan.hosts.map((host) => host.address) }));
  const failures = createAuthFailures({ clock, limit: () => limits().authFailuresPerMinute });
  const transport = createTransportIdentity({ rules: () => transportRules(section()), isTrustedProxy: (address) => rules.get().isTrustedProxy(address), whois: deps.whois });
  const admit = createAdmission({ log, devices: app.devices, shared, failures, transport, isHostKey: deps.isHostKey });
  const handshake = createHandshake({ clock, failures, admit, allowsLegacy: () => section().auth?.allowLegacySignatures ?? true });
  const hello = createHello({ app, bootId: ids.uuid(), host: deps.machine.hostName, registry, presence, health, auth: shared, maxBufferedBytes: () => limits().maxBufferedBytes, attachments: attachmentLimits });
  const sockets = createSockets({ clock, ids, log, handshake, hello, queue, connections, ring, presence, health, nodes: app.nodes, broadcast });
  const stopEvents = publishEvents({ clock, events: app.events, sessions: app.sessions, presence, health, connections, broadcast });

  // 5. HTTP; its doors are loaded when the first of them is used.
  let draining = false;
  let router: Promise<HttpRouter> | undefined;
  const loadRouter = async (): Promise<HttpRouter> => {
    const [{ createRouter }, { v1Routes }, { signInRoutes }, { uiRoute }] = await Promise.all([import("./http/router.ts"), import("./http/v1-routes.ts"), import("./http/sign-in.ts"), import("./http/ui.ts")]);
    return createRouter({ app: gatewayApp, shared, transport, failures, routes: [...v1Routes, ...signInRoutes({ failures }), uiRoute({ disk: deps.disk, dir: deps.uiDir })] });
  };
  const onRequest = (request: IncomingMessage, response: ServerResponse, peer: Peer, leavePreAuth: () => void) => {
    const path = request.url?.split("?", 1)[0] ?? "/";
    const probes = { health, loop, uptimeMs: () => Math.round(clock.now() - app.startedAt), isServing: () => !draining };
    if (answerProbe(probes, request.method, path, peer.local, response)) return;
    router ??= loadRouter();
    router.then((serve) => serve(request, response, { peer, leavePreAuth })).catch((error: unknown) => {
      log.error("an HTTP request failed in an unforeseen way", { error, path });
      if (!response.headersSent) response.writeHead(500, { "content-type": "text/plain; charset=utf-8" });
      response.end("Internal Server Error");
    });
  };

  // 6. Open.
  const server = await listen({
    clock,
    log,
    plan,
    certificate,
    rules: rules.get,
    preAuth: createPreAuth(() => ({ perAddress: limits().preAuthPerAddress, total: limits().preAuthTotal })),
    refusesSockets() {
      if (draining) return { message: "the gateway is stopping", type: "draining", retryAfterSeconds: 2 };
      return connections.count().total >= limits().maxConnections ? { message: "the gateway has as many connections as it may", type: "connection_limit", retryAfterSeconds: 5 } : undefined;
    },
    onSocket: sockets.accept,
    onRequest,
  });
  door.server = server;
  rules.forget(); // the port is known now
  health.kick();
  const blocks = followBlocks(app);
  const sweeper = clock.every(sweepMs, () => void idempotency.sweep().catch((error: unknown) => log.warn("old idempotency keys could not be removed", { error })));

  return {
    port: server.port,
    hosts: server.hosts,
    secure: plan.secure,
    fingerprint: certificate?.fingerprint,
    dispatch,
    app: gatewayApp,
    drain(reason, restartExpectedMs) {
      draining = true;
      server.stopAccepting();
      app.events.emit("shutdown", { reason, restartExpectedMs });
    },
    async close() {
      draining = true;
      const open = [...connections.signedIn()];
      for (const connection of open) connection.close(closeCodes.serviceRestart, "service restart");
      for (let waitedMs = 0; waitedMs < farewellMs && connections.count().total > 0; waitedMs += 50) await clock.sleep(50);
      for (const connection of connections.all()) connection.socket.terminate();
      await server.close();
      sweeper.cancel();
      stopEvents();
      connections.stop();
      health.stop();
      wizards.close();
      loop.stop();
      await blocks.stop();
    },
  };
}

function transportRules(gateway: ConfigSnapshot["value"]["gateway"]) {
  const { auth } = gateway;
  const mode = auth?.mode ?? "token";
  const { userHeader, allowUsers } = auth?.trustedProxy ?? {};
  return {
    allowTailscale: letsTailscaleIn(gateway),
    proxy: mode === "trusted-proxy" ? { userHeader: userHeader ?? "x-forwarded-user", allowUsers: allowUsers ?? [] } : undefined,
  };
}

function cachedRules(current: () => ConfigSnapshot, make: (snapshot: ConfigSnapshot) => DoorRules): { get(): DoorRules; forget(): void } {
  let seen: ConfigSnapshot | undefined;
  let rules: DoorRules | undefined;
  return {
    get() {
      const snapshot = current();
      if (rules && snapshot === seen) return rules;
      seen = snapshot;
      return (rules = make(snapshot));
    },
    forget: () => void (rules = undefined),
  };
}
