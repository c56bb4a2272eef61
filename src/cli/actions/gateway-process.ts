// Start, stop and restart the gateway as a background process of this machine; no service manager is needed.
import { join } from "node:path";
import { startDetached } from "../../base/spawn.ts";
import type { CommandCall, Outcome } from "../command.ts";
import { exitCodes, failure } from "../failure.ts";
import { localTime } from "../format.ts";
import { readableLogLine } from "../log-line.ts";
import { withProgress } from "../progress.ts";
import { findRunning, holderOf, type Running } from "../running.ts";
import { plain } from "../terminal.ts";

/** A stop lets running turns end for up to 30 s. */
const defaultWaitSeconds = 40;
const pollMs = 40;
const killWaitMs = 5_000;
const shownLines = 12;

export async function start(call: CommandCall): Promise<Outcome> {
  const holder = await holderOf(call.machine);
  if (holder) {
    const running = await findRunning(call.machine);
    return { json: { ok: true, started: false, pid: holder.pid, ...(running ? { url: running.url } : {}) }, text: `The gateway runs already (pid ${holder.pid}${running ? `, ${running.url}` : ""}).` };
  }
  const running = await launch(call, runArgs(call));
  return { json: { ok: true, started: true, pid: running.pid, url: running.url }, text: `The gateway runs at ${pageUrl(running.url)} (pid ${running.pid}). Open it with \`openclaw dashboard\`.` };
}

export async function stop(call: CommandCall): Promise<Outcome> {
  const pid = await end(call);
  return pid === undefined ? { json: { ok: true, stopped: false }, text: "No gateway runs here." } : { json: { ok: true, stopped: true, pid }, text: `The gateway (pid ${pid}) has stopped.` };
}

export async function restart(call: CommandCall): Promise<Outcome> {
  const before = await findRunning(call.machine);
  const given = runArgs(call);
  const pid = await end(call);
  const running = await launch(call, given.length > 0 ? given : (before?.args ?? []));
  return { json: { ok: true, started: true, pid: running.pid, url: running.url, ...(pid === undefined ? {} : { stopped: pid }) }, text: `The gateway runs at ${pageUrl(running.url)} (pid ${running.pid}).` };
}

function runArgs({ options }: CommandCall): string[] {
  const pairs = (["port", "bind"] as const).flatMap((name) => {
    const value = options.text(name);
    return value === undefined ? [] : [`--${name}`, value];
  });
  return [...pairs, ...(options.flag("verbose") ? ["--verbose"] : [])];
}

async function launch(call: CommandCall, args: readonly string[]): Promise<Running> {
  const { machine } = call;
  const waitMs = waitOf(call); // a wrong one is told before anything runs
  const { stateDir, logs } = await machine.paths();
  await machine.disk.makeDir(logs);
  const consolePath = join(logs, "gateway.console.log");
  const printedBefore = (await machine.disk.stat(consolePath))?.sizeBytes ?? 0;
  const entry = process.argv[1] ?? "";
  // The state folder survives as a working directory; the one this was typed in may go.
  const child = await startDetached({ command: process.execPath, args: [...process.execArgv, entry, "gateway", "run", "--background", ...args], outputPath: consolePath, cwd: stateDir });
  let ended: number | string | undefined;
  void child.exited.then((code) => (ended = code));
  return withProgress({ terminal: call.terminal, clock: machine.clock, quiet: call.json }, "Starting the gateway", async () => {
    const begun = machine.clock.monotonic();
    for (;;) {
      const running = await findRunning(machine);
      if (running?.pid === child.pid) {
        if (running.warning !== undefined) call.terminal.err(`${call.terminal.paintErr("yellow", "warning:")} ${plain(running.warning)}\n`);
        return running;
      }
      const code = ended;
      if (code !== undefined) throw await startFailure(call, consolePath, printedBefore, code);
      if (machine.clock.monotonic() - begun > waitMs) throw failure("START_TIMEOUT", `The gateway (pid ${child.pid}) is not ready after ${waitMs / 1_000} s.`, "Look at `openclaw gateway status` and at its log: openclaw logs.");
      await machine.clock.sleep(pollMs, call.signal);
    }
  });
}

/** What it said before it ended is the reason. */
async function startFailure(call: CommandCall, path: string, from: number, code: number | string): Promise<Error> {
  const text = (await call.machine.disk.readFile(path))?.subarray(from).toString("utf8") ?? "";
  const said = readReason(spokenLines(text).slice(-shownLines));
  const message = said.message === "" ? `The gateway ended at once (${code}); it said nothing.` : said.message;
  return failure(said.code ?? "START_FAILED", message, said.next ?? `Its output is in ${path}.`, typeof code === "number" && code !== 0 ? code : exitCodes.failed);
}

/** The error as `openclaw gateway run` prints it, taken apart again. */
export function readReason(lines: readonly string[]): { message: string; code?: string; next?: string } {
  const said = lines.slice(Math.max(0, lines.findLastIndex((line) => line.startsWith("error: "))));
  const next = said.find((line) => line.startsWith("→ "))?.slice(2);
  const [first = "", ...rest] = said.filter((line) => !line.startsWith("→ "));
  const [, words = first, code] = /^(.*) \[([\w.-]+)\]$/.exec(first) ?? [];
  return { message: [words.replace(/^error: /, ""), ...rest].join("\n").trim(), ...(code === undefined ? {} : { code }), ...(next === undefined ? {} : { next }) };
}

/** What was said to a person; the log's lines for machines only when there is nothing else, and then as sentences. */
export function spokenLines(text: string): string[] {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  const spoken = lines.filter((line) => !line.startsWith("{"));
  return spoken.length > 0 ? spoken : lines.map((line) => readableLogLine(line, (_paint, words) => words));
}

/** SIGTERM, then patience. Returns the pid that ended; undefined when none ran. */
async function end(call: CommandCall): Promise<number | undefined> {
  const { machine } = call;
  const holder = await holderOf(machine);
  if (!holder) return undefined;
  const isGone = async () => (await holderOf(machine))?.pid !== holder.pid;
  const waitGone = async (limitMs: number): Promise<boolean> => {
    const begun = machine.clock.monotonic();
    while (!(await isGone())) {
      if (machine.clock.monotonic() - begun > limitMs) return false;
      await machine.clock.sleep(pollMs, call.signal);
    }
    return true;
  };
  const waitMs = waitOf(call);
  send(holder.pid, "SIGTERM");
  const isStopped = await withProgress({ terminal: call.terminal, clock: machine.clock, quiet: call.json }, "Stopping the gateway", () => waitGone(waitMs));
  if (isStopped) return holder.pid;
  const since = holder.startedAt > 0 ? `, running since ${localTime(holder.startedAt)},` : "";
  if (!call.options.flag("force")) throw failure("STOP_TIMEOUT", `The gateway (pid ${holder.pid})${since} has not ended after ${waitMs / 1_000} s.`, "Wait, or kill it with --force: what it accepted is kept and taken up again.");
  send(holder.pid, "SIGKILL");
  if (await waitGone(killWaitMs)) return holder.pid;
  throw failure("STOP_TIMEOUT", `The process ${holder.pid} cannot be killed.`);
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ESRCH") return; // it ended in between
    if (code === "EPERM") throw failure("NOT_ALLOWED", `The gateway (pid ${pid}) belongs to another user.`, "Run this as that user.");
    throw error;
  }
}

function waitOf({ options }: CommandCall): number {
  return (options.whole("wait", 1) ?? defaultWaitSeconds) * 1_000;
}

function pageUrl(url: string): string {
  return url.replace(/^ws/, "http");
}
