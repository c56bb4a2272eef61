// Runs a child as if it were this process: same terminal, signals passed on, same exit code.
import { constants } from "node:os";

const PASSED_ON = ["SIGINT", "SIGTERM", "SIGHUP"];

/** Resolves never: ends this process the way the child ended. */
export async function relay(command, args, options = {}) {
  const { spawn } = await import("node:child_process"); // Not on the way of a command that needs no relay.
  const child = spawn(command, args, { stdio: "inherit", ...options });
  for (const signal of PASSED_ON) {
    process.on(signal, () => {
      // Ctrl+C already reaches the whole foreground group; a second SIGINT would read as "at once".
      if (signal === "SIGINT" && process.stdin.isTTY) return;
      child.kill(signal);
    });
  }
  return new Promise((_resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code, signal) => process.exit(signal ? 128 + (constants.signals[signal] ?? 0) : (code ?? 1)));
  });
}
