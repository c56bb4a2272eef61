// The composition root: builds every manager in order, wires the gateway before them, closes in reverse. The only file that knows everything.
import { hostname, networkInterfaces } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { createAgents } from "./agents/agents.ts";
import { createPiEngine } from "./agents/pi.ts";
import { createRuns, queueLimits } from "./agents/runs.ts";
import type { Clock } from "./base/clock.ts";
import type { Ids } from "./base/ids.ts";
import { runCommand } from "./base/spawn.ts";
import { createLog, type Log, type LogSink } from "./base/log.ts";
import type { Secret } from "./base/secret.ts";
import { createInbox } from "./channels/inbox.ts";
import { createOutbox, webchatDeliverer } from "./channels/outbox.ts";
import { createConfig, type Config, type ResolvedConfig } from "./config/config.ts";
import type { Env } from "./config/env.ts";
import type { Location } from "./config/files.ts";
import { createDevices } from "./devices/devices.ts";
import { rawPublicKey } from "./devices/identity.ts";
import { createNodes } from "./devices/nodes.ts";
import { createExecution } from "./execution/execution.ts";
import { createFileTools } from "./execution/files.ts";
import { createSearchTool } from "./execution/search.ts";
import { createSessionStatusTool } from "./execution/session-status.ts";
import type { App } from "./flows/app.ts";
import { createBus } from "./flows/bus.ts";
import { keepSwept, recover } from "./flows/recover.ts";
import { sessionStatus } from "./flows/status.ts";
import { createGateway, type Gateway } from "./gateway/gateway.ts";
import { createLogFiles, type LogFiles } from "./gateway/log-files.ts";
import type { GatewaySection, Machine } from "./gateway/listen-plan.ts";
import { createHostKeyCheck, createServerKey, resolveSharedSecrets } from "./gateway/shared-secrets.ts";
import { createTailscale } from "./gateway/tailscale.ts";
import { effectiveScopes } from "./guard/authority.ts";
import { createGuards, createLeakGuard, verdictOf } from "./guard/guard.ts";
import { createRedactor } from "./guard/leaks.ts";
import { createExtensionHost } from "./host/host.ts";
import { createModels } from "./models/models.ts";
import { createUsage } from "./models/usage.ts";
import { createSessions } from "./sessions/sessions.ts";
import { agentIdOf } from "./sessions/key.ts";
import { createAuditLog } from "./store/audit-log.ts";
import type { Disk } from "./store/disk.ts";
import { createLocalStore } from "./store/local-store.ts";
import type { Paths } from "./store/paths.ts";
import { createEgress } from "./vault/egress.ts";
import { createVault } from "./vault/vault.ts";

export interface AppDeps {
  env: Env;
  disk: Disk;
  clock: Clock;
  ids: Ids;
  version: string;
  paths: Paths;
  location: Location;
  /** Take log lines beside the file: the terminal of `gateway run`. */
  sinks?: readonly LogSink[];
}

/** The App and what only its maker needs. */
export interface Assembled {
  app: App;
  config: Config;
  logFiles: LogFiles;
  serverKey(): Promise<Uint8Array>;
  deps: AppDeps;
  /** Ends all in reverse order of building. Runs are ended before, by `drain`. */
  close(): Promise<void>;
}

const dayMs = 86_400_000;

type Logging = ResolvedConfig["logging"];
/** Until the configuration is read. */
const firstLogging: Logging = { level: "info", maxFileBytes: 20_971_520, maxFiles: 5 };
const noSecrets: readonly Secret[] = [];

export async function createApp(deps: AppDeps): Promise<Assembled> {
  const { env, disk, clock, ids, paths } = deps;
  const closers: (() => Promise<void> | void)[] = [];
  const root = new AbortController();
  const startedAt = clock.now();
  try {
    // 1. The log comes first, redacted by what the vault knows; then configuration and secrets.
    const known: { list(): readonly Secret[] } = { list: () => noSecrets };
    const logging: { settings(): Logging } = { settings: () => firstLogging };
    const logFiles = createLogFiles({
      disk,
      clock,
      settings() {
        const { file, maxFileBytes, maxFiles } = logging.settings();
        return { path: file === undefined ? join(paths.logs, "openclaw.log") : env.path(file), maxFileBytes, maxFiles };
      },
    });
    closers.push(() => logFiles.close());
    const redact = createRedactor(() => known.list());
    const log = createLog({ level: () => logging.settings().level, sinks: [logFiles.sink, ...(deps.sinks ?? []).map((sink) => ({ level: () => logging.settings().consoleLevel ?? "warn", ...sink }))], redact });
    const vault = createVault({ disk, clock, ids, log, path: paths.vault, keyPath: paths.vaultKey });
    known.list = () => vault.known();
    const events = createBus(log);
    const config = await createConfig({ env, disk, clock, log, location: deps.location, stateDir: paths.stateDir, version: deps.version, vault, onChange: (change, hash) => events.emit("config.changed", { paths: change.paths, hash }) });
    closers.push(() => config.close());
    const value = () => config.current().value;
    logging.settings = () => value().logging;

    // 2. The state directory: from here on it is ours alone.
    const { durability } = value().store;
    const sessionsFile = value().session.store;
    const store = await createLocalStore({ disk, clock, ids, log, paths, ...(durability === undefined ? {} : { durability }), ...(sessionsFile === undefined ? {} : { sessionsFile: env.path(sessionsFile) }) });
    closers.push(() => store.close());
    const audit = await createAuditLog({ disk, clock, log, dir: paths.audit });
    closers.push(() => audit.close());
    const serverKey = createServerKey({ disk, ids, path: paths.serverKey });

    // 3. The ways out and what extensions bring.
    const egress = createEgress({ clock });
    const extensions = await createExtensionHost({ disk, clock, ids, log, config, egress, roots: [{ dir: join(programRoot(), "extensions"), isOurs: true }, { dir: paths.extensionsDir, isOurs: false }], stateDir: paths.stateDir, signal: root.signal });
    closers.push(() => extensions.close());

    // 4. The managers.
    const agents = createAgents({ clock, config, paths, disk, home: env.home });
    const sessions = await createSessions({ store, clock, ids, log, config, events, workspaceOf: (agentId) => agents.get(agentId).workspace });
    closers.push(() => sessions.close());
    const devices = createDevices({ rows: store.rows, clock, ids, log, events, serverKey });
    closers.push(() => devices.close());
    const nodes = createNodes({ clock, ids, rules: () => nodeRules(config), paired: async () => (await devices.list()).paired });
    const models = createModels({ clock, ids, log, config, extensions, env: env.get, onSecret: vault.register, redact });
    const usage = createUsage({ clock, rows: store.rows });
    const ownGuards = [createLeakGuard(() => vault.known())];
    const guards = createGuards({ log, guards: () => ownGuards });
    const execution = createExecution({
      clock, ids, log, store, extensions,
      builtIn: [...createFileTools({ ids }), createSearchTool(), createSessionStatusTool((key) => sessionStatus(app, key, agentIdOf(key, agents.defaultId())))],
      guard: (point, text, about) => verdictOf(guards.check(point, text, about)),
      receiptKey: await serverKey(),
    });
    const keepMs = () => (value().store.keepSettledDays ?? 7) * dayMs;
    const inbox = createInbox({ clock, ids, rows: store.rows, keepMs });
    // WebChat has its answer when the chat event went out and the transcript holds it; a client that was away reads it there.
    const outbox = createOutbox({ clock, ids, log, rows: store.rows, keepMs, deliverer: (target) => (target === "webchat" ? webchatDeliverer : undefined) });
    const runs = createRuns({ clock, rows: store.rows, events, engine: createPiEngine(), models, execution, signal: root.signal, limits: queueLimits(value) });

    const app: App = { version: deps.version, startedAt, clock, ids, log, paths, config, vault, egress, store, events, audit, extensions, sessions, devices, nodes, models, usage, execution, agents, runs, inbox, outbox, signal: root.signal };
    const close = async () => {
      root.abort(new Error("the gateway stopped"));
      await closeAll(closers, log);
    };
    return { app, config, logFiles, serverKey, deps, close };
  } catch (error) {
    root.abort(error);
    await closeAll(closers, undefined);
    throw error;
  }
}

export interface GatewayOptions {
  /** Instead of the configuration's; 0 takes a free one. */
  port?: number;
  /** Instead of the configuration's. */
  bind?: GatewaySection["bind"];
  /** Check every answer against its schema. */
  checkResults?: boolean;
  /** Instead of asking tailscaled who is behind an address. */
  whois?(address: string): Promise<string | undefined>;
}

export interface RunningGateway {
  readonly app: App;
  readonly port: number;
  readonly hosts: readonly string[];
  /** `http://127.0.0.1:18789` or `https://…` */
  readonly url: string;
  readonly fingerprint: string | undefined;
  /** A one-time link that opens the Control UI signed in. */
  link(): Promise<{ url: string; expiresAtMs: number }>;
  /** No new work, runs may end within the grace, everybody is told, all is closed. */
  stop(options?: { reason?: string; restartExpectedMs?: number | null; graceMs?: number }): Promise<void>;
}

const stopGraceMs = 30_000;

/** Opens the door before an App that is already assembled, and takes up what an earlier process left. */
export async function startGateway(assembled: Assembled, options: GatewayOptions = {}): Promise<RunningGateway> {
  const { app, config, deps } = assembled;
  const { disk, ids, env, paths } = deps;
  const port = options.port ?? env.gatewayPort;
  const tailscale = createTailscale({ clock: app.clock, log: app.log, run: (args, signal) => runCommand({ command: "tailscale", args, env: env.forChildren(), maxBytes: 1_048_576 }, signal) });
  // Found before the door opens, so that no new message stands before an old one; begun after it, so that a taken port interrupts nothing again.
  const recovery = await recover(app);
  const gateway: Gateway = await createGateway({
    app,
    disk,
    log: app.log,
    logFiles: assembled.logFiles,
    machine: thisMachine(),
    ...(port === undefined ? {} : { port }),
    ...(options.bind === undefined ? {} : { bind: options.bind }),
    uiDir: await uiDir(disk),
    secrets: (snapshot) => resolveSharedSecrets({ config, disk, ids, env: { token: env.gatewayToken, password: env.gatewayPassword }, tokenPath: paths.gatewayToken, register: app.vault.register }, snapshot),
    serverKey: assembled.serverKey,
    isHostKey: createHostKeyCheck({ disk, path: paths.hostDevice, rawKey: rawPublicKey }),
    whois: options.whois ?? tailscale.whois,
    checkResults: options.checkResults ?? false,
  });
  recovery.begin().catch((error: unknown) => app.log.error("a message of an earlier start could not be answered", { error }));
  const sweeper = keepSwept(app);
  config.confirm();
  await config.watch();
  const url = `${gateway.secure ? "https" : "http"}://127.0.0.1:${gateway.port}`;
  app.log.info("the gateway listens", { port: gateway.port, hosts: gateway.hosts, secure: gateway.secure });
  const { mode: tailnet, resetOnExit } = config.current().value.gateway.tailscale;
  // In the background: the gateway is up on this machine whatever tailscaled does, and the log says what it did.
  const exposed = tailnet === "off" ? undefined : tailscale.expose(tailnet, gateway.port);

  let stopping: Promise<void> | undefined;
  const stop = async (reason: string, restartExpectedMs: number | null, graceMs: number) => {
    gateway.drain(reason, restartExpectedMs);
    await app.runs.drain(graceMs);
    sweeper.cancel();
    if (tailnet !== "off" && resetOnExit === true && (await exposed)) await tailscale.withdraw(tailnet);
    await gateway.close();
    await assembled.close();
  };
  return {
    app,
    port: gateway.port,
    hosts: gateway.hosts,
    url,
    fingerprint: gateway.fingerprint,
    async link() {
      const { code, expiresAtMs } = await app.devices.createLink(effectiveScopes(["operator.admin"]));
      const base = (config.current().value.gateway.controlUi?.basePath ?? "").replace(/^\/+|\/+$/g, "");
      return { url: `${url}/${base === "" ? "" : `${base}/`}#link=${code}`, expiresAtMs };
    },
    stop: ({ reason = "stop", restartExpectedMs = null, graceMs = stopGraceMs } = {}) => (stopping ??= stop(reason, restartExpectedMs, graceMs)),
  };
}

/** In reverse; one that fails does not keep the others open. */
async function closeAll(closers: (() => Promise<void> | void)[], log: Log | undefined): Promise<void> {
  for (const close of closers.reverse()) {
    try {
      await close();
    } catch (error) {
      log?.error("something did not close cleanly", { error });
    }
  }
}

function nodeRules(config: Config) {
  const { nodes } = config.current().value.gateway;
  return { allowCommands: nodes?.allowCommands ?? [], denyCommands: nodes?.denyCommands ?? [] };
}

function thisMachine(): Machine {
  const addresses = Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .map(({ address, family, internal }) => ({ address, family: family === "IPv6" ? (6 as const) : (4 as const), internal }));
  return { hostName: hostname().toLowerCase(), addresses };
}

/** The folder that holds `extensions`: the checkout, or dist when this is the bundle (where this file is in it or one below). */
function programRoot(): string {
  const here = dirname(fileURLToPath(import.meta.url));
  return here.endsWith("src") || here.endsWith("chunks") ? dirname(here) : here;
}

async function uiDir(disk: Disk): Promise<string> {
  const built = join(programRoot(), "dist", "ui");
  return (await disk.stat(built)) ? built : join(programRoot(), "ui");
}
