// `gateway run`: builds the program, opens the door, says so in one line, and ends in order on SIGTERM or Ctrl-C.
import { createApp, startGateway, type Assembled, type RunningGateway } from "../app.ts";
import type { Clock } from "../base/clock.ts";
import { Fault, type FaultCode } from "../base/faults.ts";
import { keepHeapSmall } from "../base/heap.ts";
import type { LogSink } from "../base/log.ts";
import { configTrouble } from "../config/snapshot.ts";
import { isCorrupt } from "../store/store-faults.ts";
import type { CommandCall, Outcome } from "./command.ts";
import { type CliFailure, exitCodes, failure, issueLines, usageFailure } from "./failure.ts";
import { readableLogLine } from "./log-line.ts";
import { clearRunning, writeRunning } from "./running.ts";
import { plain } from "./terminal.ts";
import { createStopSignals } from "./stop-signals.ts";

/** Started as it stands it would fail again: a service manager should leave it. */
const hopeless: ReadonlySet<FaultCode> = new Set<FaultCode>(["config.invalid", "request.invalid", "store.locked", "store.corrupt", "gateway.unsafe-bind", "gateway.weak-secret", "gateway.port-taken", "vault.sealed", "secret.unknown"]);
const highestPort = 65_535;
/** After a crash: enough to write what is in hand. */
const crashGraceMs = 5_000;

export async function run(call: CommandCall): Promise<Outcome> {
  call.onForeground();
  const ended = Promise.withResolvers<number>();
  const stop = watchSignals(call.machine.clock);
  try {
    const assembled = await assemble(call);
    const gateway = await open(call, assembled);
    const heapKeeper = keepHeapSmall(call.machine.clock);
    watchBugs(gateway, ended);
    await announce(call, gateway);
    stop.requested.then(
      (signal) => {
        if (call.terminal.isErrTty) call.terminal.err(`\n${call.terminal.paintErr("dim", "Stopping. Answers that are being written may end, for up to 30 s; Ctrl-C again stops at once.")}\n`);
        gateway.stop({ reason: signal }).then(() => ended.resolve(exitCodes.ok), ended.reject);
      },
      ended.reject,
    );
    const exitCode = await ended.promise;
    heapKeeper.cancel();
    await clearRunning(call.machine, process.pid);
    return { json: undefined, exitCode };
  } catch (error) {
    throw startFailure(error);
  } finally {
    stop.release();
  }
}

async function assemble(call: CommandCall): Promise<Assembled> {
  const { env, disk, clock, ids } = call.machine;
  const [paths, location] = [await call.machine.paths(), await call.machine.location()];
  return createApp({ env, disk, clock, ids, version: call.version, paths, location, sinks: [terminalSink(call)] });
}

async function open(call: CommandCall, assembled: Assembled): Promise<RunningGateway> {
  try {
    if (assembled.config.current().value.gateway.mode === "remote") {
      throw failure("GATEWAY_MODE", "gateway.mode is remote: this machine uses a gateway elsewhere.", "To run one here: openclaw config set gateway.mode local", exitCodes.config);
    }
    const port = call.options.whole("port");
    if (port !== undefined && port > highestPort) throw usageFailure(`--port takes a number up to ${highestPort}, not ${port}`);
    const bind = call.options.text("bind") as Bind | undefined; // one of the choices that the option allows
    return await startGateway(assembled, { ...(port === undefined ? {} : { port }), ...(bind === undefined ? {} : { bind }) });
  } catch (error) {
    await assembled.close();
    throw error;
  }
}

type Bind = NonNullable<Parameters<typeof startGateway>[1]>["bind"];

/** One line for people and log readers; the link goes to standard output and nowhere else. */
async function announce(call: CommandCall, gateway: RunningGateway): Promise<void> {
  const { terminal, options, machine } = call;
  const link = options.flag("printLink") ? (await gateway.link()).url : undefined;
  const trouble = configTrouble(gateway.app.config.current());
  if (trouble !== undefined) terminal.err(`${terminal.paintErr("yellow", "warning:")} ${plain(trouble)}\n`);
  await writeRunning(machine, {
    pid: process.pid,
    startedAt: machine.clock.now(),
    version: call.version,
    url: gateway.url.replace(/^http/, "ws"),
    ...(gateway.fingerprint === undefined ? {} : { fingerprint: gateway.fingerprint }),
    args: [
      ...["port", "bind"].flatMap((name) => {
        const value = options.text(name);
        return value === undefined ? [] : [`--${name}`, value];
      }),
      ...(options.flag("verbose") ? ["--verbose"] : []),
    ],
    ...(trouble === undefined ? {} : { warning: trouble }),
    ...(options.flag("background") ? { background: true as const } : {}),
  });
  if (call.json) {
    terminal.out(`${JSON.stringify({ ok: true, url: gateway.url, pid: process.pid, version: call.version, ...(gateway.fingerprint === undefined ? {} : { tlsFingerprint: gateway.fingerprint }), ...(link === undefined ? {} : { link }) })}\n`);
    return;
  }
  terminal.out(`${terminal.paint("green", "OpenClaw")} ${call.version} is ready at ${terminal.paint("bold", gateway.url)}${gateway.fingerprint === undefined ? "" : `, certificate ${gateway.fingerprint}`} (pid ${process.pid})\n`);
  if (link !== undefined) terminal.out(`\nOpen the Control UI with this link. It signs in once and lives 10 minutes:\n\n  ${link}\n\n`);
}

/** On standard error, so that standard output stays the ready line. What logging.consoleLevel says, or everything with --verbose. */
function terminalSink({ terminal, options }: CommandCall): LogSink {
  const form = (line: string) => (terminal.isErrTty ? `${readableLogLine(line, terminal.paintErr)}\n` : line);
  return { write: (line) => terminal.err(form(line)), ...(options.flag("verbose") ? { level: () => "debug" as const } : {}) };
}

function watchSignals(clock: Clock): { requested: Promise<string>; release(): void } {
  const requested = Promise.withResolvers<string>();
  const onSignal: (signal: NodeJS.Signals) => void = createStopSignals({ clock, ask: requested.resolve, now: () => process.exit(exitCodes.interrupted) });
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  for (const signal of signals) process.on(signal, onSignal);
  return {
    requested: requested.promise,
    release: () => signals.forEach((signal) => void process.off(signal, onSignal)),
  };
}

/** An error that nobody caught is a bug: it is written down, what is in hand is finished, and the process ends. */
function watchBugs(gateway: RunningGateway, ended: PromiseWithResolvers<number>): void {
  const onBug = (error: unknown) => {
    gateway.app.log.error("an error that nobody caught; the gateway ends", { error });
    gateway.app.log.flush();
    const late = gateway.app.clock.sleep(crashGraceMs);
    void Promise.race([gateway.stop({ reason: "internal error", graceMs: 0 }), late]).finally(() => ended.resolve(exitCodes.failed));
  };
  process.on("uncaughtException", onBug);
  process.on("unhandledRejection", onBug);
}

/** One line with the reason, one with what to do. */
function startFailure(error: unknown): unknown {
  if (error instanceof Fault) return oneLine(error);
  if (error instanceof Error && "syscall" in error && error.syscall === "listen") return failure("LISTEN", `The gateway cannot listen: ${error.message}`, "Look at --port and --bind, or at gateway.port and gateway.bind.", exitCodes.config);
  // A page of it that is read only now: what is seen at once is store.corrupt already.
  if (error instanceof Error && isCorrupt(error)) return failure("store.corrupt", `state.db cannot be read: ${error.message}`, "Run `openclaw doctor`.", exitCodes.config);
  return error;
}

function oneLine(error: Fault): CliFailure {
  const issues = issueLines(error.details["issues"]).map((line) => line.trim());
  const path = typeof error.details["path"] === "string" ? ` ${error.details["path"]}` : "";
  const message = issues.length > 0 ? `${error.message}${path}: ${issues.join("; ")}` : error.message;
  const next = issues.length > 0 ? "Correct the file; `openclaw config validate` checks it." : error.next;
  return failure(error.code, message, next, hopeless.has(error.code) ? exitCodes.config : exitCodes.failed);
}
