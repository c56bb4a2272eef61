// A line that says what is being waited for and for how long; only where somebody is looking.
import type { Clock } from "../base/clock.ts";
import type { Terminal } from "./terminal.ts";

/** Shows the line while `work` runs and takes it away afterwards. */
export async function withProgress<T>(deps: { terminal: Terminal; clock: Clock; quiet: boolean }, text: string, work: () => Promise<T>): Promise<T> {
  const { terminal, clock } = deps;
  if (deps.quiet || !terminal.isErrTty) return work();
  const begun = clock.monotonic();
  const draw = () => {
    const seconds = Math.floor((clock.monotonic() - begun) / 1_000);
    terminal.err(`\r\u001b[2K${terminal.paintErr("dim", `${text} …${seconds > 0 ? ` ${seconds} s` : ""}`)}`);
  };
  draw();
  const timer = clock.every(1_000, draw);
  try {
    return await work();
  } finally {
    timer.cancel();
    terminal.err("\r\u001b[2K");
  }
}
