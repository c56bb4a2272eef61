// Child processes: the only caller of node:child_process.
import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";

export interface Detached {
  readonly pid: number;
  /** Its exit code, or the name of the signal that ended it. */
  readonly exited: Promise<number | string>;
}

export interface DetachWish {
  command: string;
  args: readonly string[];
  /** Its output is appended here (0600); absent: it has none. */
  outputPath?: string;
  cwd?: string;
}

/** Starts a process that outlives this one. Throws when it cannot be started at all. */
export async function startDetached(wish: DetachWish): Promise<Detached> {
  const output = wish.outputPath === undefined ? "ignore" : openSync(wish.outputPath, "a", 0o600);
  try {
    const child = spawn(wish.command, [...wish.args], { detached: true, stdio: ["ignore", output, output], ...(wish.cwd === undefined ? {} : { cwd: wish.cwd }) });
    const exited = new Promise<number | string>((resolve) => child.once("exit", (code, signal) => resolve(code ?? signal ?? "unknown")));
    await new Promise<void>((resolve, reject) => child.once("spawn", resolve).once("error", reject));
    child.unref();
    if (child.pid === undefined) throw new Error(`${wish.command} did not start`);
    return { pid: child.pid, exited };
  } finally {
    if (typeof output === "number") closeSync(output);
  }
}

export interface CommandWish {
  command: string;
  args: readonly string[];
  /** The whole environment of the child; nothing is inherited. */
  env: Readonly<Record<string, string>>;
  /** Further output ends the child. */
  maxBytes: number;
}

/** Runs a command to its end and returns what it printed. Throws when it cannot be started; the signal ends it. */
export function runCommand(wish: CommandWish, signal: AbortSignal): Promise<{ code: number | string; stdout: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(wish.command, [...wish.args], { env: { ...wish.env }, stdio: ["ignore", "pipe", "ignore"], signal, killSignal: "SIGKILL" });
    const parts: Buffer[] = [];
    let bytes = 0;
    child.stdout.on("data", (part: Buffer) => {
      bytes += part.length;
      if (bytes > wish.maxBytes) child.kill("SIGKILL");
      else parts.push(part);
    });
    child.once("error", reject);
    child.once("close", (code, ended) => resolve({ code: code ?? ended ?? "unknown", stdout: Buffer.concat(parts).toString("utf8") }));
  });
}
