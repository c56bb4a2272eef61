// Lines of the gateway's log, and what is added while somebody follows it.
import { CallError } from "../../client/call-error.ts";
import type { CommandCall, Outcome } from "../command.ts";
import type { Connection } from "../connection.ts";
import { isAbort } from "../failure.ts";
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
  const connection = await call.gateway({ stays: isFollowing });
  const keep = (line: string) => least <= 0 || weights.indexOf(levelOf(line)) >= least;
  const show = (line: string) => (options.flag("raw") ? line : readableLogLine(line, terminal.paint));
  // A filter needs more lines to choose from.
  const first = await connection.call<Tail>("logs.tail", { limit: least > 0 ? 5_000 : Math.min(wanted, 5_000), maxBytes });
  const lines = first.lines.filter(keep).slice(-wanted);
  if (!isFollowing) return { json: { file: first.file, cursor: first.cursor, lines: lines.map(parseLogLine) }, text: lines.map(show).join("\n") };
  // A stream has no end to wait for: with --json it is one document per line.
  const print = (some: readonly string[]) => some.filter(keep).forEach((line) => terminal.out(`${call.json ? JSON.stringify(parseLogLine(line)) : show(line)}\n`));
  print(lines);
  await follow(call, connection, first.cursor, print);
  return { json: undefined };
}

async function follow(call: CommandCall, connection: Connection, from: number, print: (lines: readonly string[]) => void): Promise<void> {
  let cursor = from;
  while (!call.signal.aborted) {
    try {
      await call.machine.clock.sleep(pollMs, call.signal);
      const next = await connection.call<Tail>("logs.tail", { cursor, limit: 5_000, maxBytes });
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
