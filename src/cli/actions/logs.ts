// Lines of the gateway's log, and what is added while somebody follows it.
import { join } from "node:path";
import { CallError } from "../../client/call-error.ts";
import type { CommandCall, Outcome } from "../command.ts";
import { asksGateway } from "../config-access.ts";
import { failure, isAbort } from "../failure.ts";
import { levelOf, parseLogLine, readableLogLine } from "../log-line.ts";

interface Tail {
  file: string;
  cursor: number;
  lines: string[];
  reset?: boolean;
}

const defaultLines = 100;
const maxBytes = 1_000_000;
const pollMs = 500;
const weights = ["debug", "info", "warn", "error"];

export async function run(call: CommandCall): Promise<Outcome> {
  const { options, terminal } = call;
  const least = weights.indexOf(options.text("level") ?? "debug");
  const wanted = options.whole("lines", 1) ?? defaultLines;
  const isFollowing = options.flag("follow");
  const tail = (await asksGateway(call)) ? await gatewayTail(call, isFollowing) : await fileTail(call);
  const keep = (line: string) => least <= 0 || weights.indexOf(levelOf(line)) >= least;
  const show = (line: string) => (options.flag("raw") ? line : readableLogLine(line, terminal.paint));
  // A filter needs more lines to choose from.
  const first = await tail({ limit: least > 0 ? 5_000 : Math.min(wanted, 5_000), maxBytes });
  const lines = first.lines.filter(keep).slice(-wanted);
  if (!isFollowing) return { json: { file: first.file, cursor: first.cursor, lines: lines.map(parseLogLine) }, text: lines.map(show).join("\n") };
  // A stream has no end to wait for: with --json it is one document per line.
  const print = (some: readonly string[]) => some.filter(keep).forEach((line) => terminal.out(`${call.json ? JSON.stringify(parseLogLine(line)) : show(line)}\n`));
  print(lines);
  await follow(call, tail, first.cursor, print);
  return { json: undefined };
}

interface Want {
  cursor?: number;
  limit: number;
  maxBytes: number;
}
type TailOf = (want: Want) => Promise<Tail>;

async function gatewayTail(call: CommandCall, stays: boolean): Promise<TailOf> {
  const connection = await call.gateway({ stays });
  return (want) => connection.call<Tail>("logs.tail", want);
}

/** Why a gateway ended is in the log that it left: read without one. */
async function fileTail({ machine }: CommandCall): Promise<TailOf> {
  const { peekConfig } = await import("../config-peek.ts");
  const named = (await peekConfig(machine)).text("logging.file");
  const file = named === undefined ? join((await machine.paths()).logs, "openclaw.log") : machine.env.path(named);
  if ((await machine.disk.stat(file)) === undefined) throw failure("NO_LOG", `No gateway runs here, and there is no log at ${file}.`, "Start the gateway: openclaw gateway start");
  return async ({ cursor, limit, maxBytes: most }) => {
    const total = (await machine.disk.stat(file))?.sizeBytes ?? 0;
    const isReset = cursor !== undefined && cursor > total;
    const start = cursor === undefined || isReset ? Math.max(0, total - most) : cursor;
    if (start === total) return { file, cursor: total, lines: [], ...(isReset ? { reset: true } : {}) };
    const reader = await machine.disk.open(file, "read");
    const text = (await reader.read(start, total - start)).toString("utf8");
    await reader.close();
    const body = start > 0 && start !== cursor ? text.slice(text.indexOf("\n") + 1) : text;
    const end = body.lastIndexOf("\n") + 1;
    const lines = body.slice(0, end).split("\n").slice(0, -1);
    return { file, cursor: total - Buffer.byteLength(body.slice(end), "utf8"), lines: lines.slice(-limit), ...(isReset ? { reset: true } : {}) };
  };
}

async function follow(call: CommandCall, tail: TailOf, from: number, print: (lines: readonly string[]) => void): Promise<void> {
  let cursor = from;
  while (!call.signal.aborted) {
    try {
      await call.machine.clock.sleep(pollMs, call.signal);
      const next = await tail({ cursor, limit: 5_000, maxBytes });
      if (next.reset) call.terminal.err("the log was rotated\n");
      print(next.lines);
      cursor = next.cursor;
    } catch (error) {
      if (isAbort(error)) return;
      // The gateway may be restarting; the client comes back by itself.
      if (!(error instanceof CallError) || !["OFFLINE", "CONNECTION_LOST", "TIMEOUT"].includes(error.code)) throw error;
    }
  }
}
