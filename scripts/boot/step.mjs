// One visible step of the set-up: a progress line, a log of its output, a one-line reason when it fails.
import { spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, writeSync } from "node:fs";
import path from "node:path";
import { cacheDir } from "./toolchain.mjs";

const HEARTBEAT_MS = 5_000;

/** A failure that is the user's to fix: printed as one line, without a stack. */
export class SetupError extends Error {}

const REASONS = [
  [/ENOSPC|no space left on device/i, "the disk is full"],
  [/EROFS|read-only file system/i, "the file system is read-only"],
  [/EACCES|EPERM|permission denied/i, "no permission to write there"],
  [/ERR_PNPM_OUTDATED_LOCKFILE/, "pnpm-lock.yaml does not match package.json"],
  [/ERR_PNPM_IGNORED_BUILDS/, "a package with an install script is not listed in pnpm-workspace.yaml (allowBuilds)"],
  [/ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|ERR_SOCKET_TIMEOUT|dns error|error sending request|tcp connect error/i, "no network: the package registry could not be reached"],
  [/E404|ERR_PNPM_FETCH_404/, "a package is missing in the registry"],
];

/** Turns a tool's output into the one-line reason that a person can act on. */
export function reasonFor(output) {
  const known = REASONS.find(([pattern]) => pattern.test(output));
  if (known) return known[1];
  const lines = output.split("\n").map((line) => line.trim()).filter(Boolean);
  return lines.find((line) => /^\[[A-Z_]+\]|ERR_[A-Z]/.test(line)) ?? lines.find((line) => /error|failed/i.test(line)) ?? lines.at(-1) ?? "it ended without a word";
}

/** Prints one progress line; standard output stays free for the program itself. */
export function say(text) {
  process.stderr.write(`openclaw: ${text}\n`);
}

/** Runs a command quietly, with a sign of life every few seconds. Throws SetupError with the reason. */
export async function runStep(title, command, args, options = {}) {
  const startedMs = Date.now();
  say(`${title} …`);
  const logDir = path.join(cacheDir(), "logs");
  mkdirSync(logDir, { recursive: true });
  const logFile = path.join(logDir, `${title.replace(/[^a-z0-9]+/gi, "-")}-${process.pid}.log`);
  const result = await collect(command, args, options, logFile, (lastLine) => {
    say(`${title} … ${seconds(startedMs)}${lastLine ? ` (${lastLine.slice(0, 90)})` : ""}`);
  });
  if (result.missing) throw new SetupError(`${title} failed: ${command} was not found`);
  if (result.code !== 0) throw new SetupError(`${title} failed: ${reasonFor(result.output)} (details: ${logFile})`);
  say(`${title} done in ${seconds(startedMs)}`);
}

function collect(command, args, options, logFile, onBeat) {
  const log = openSync(logFile, "w");
  let output = "";
  const child = spawn(command, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
  const take = (chunk) => {
    writeSync(log, chunk);
    output = (output + chunk.toString()).slice(-64_000);
  };
  child.stdout.on("data", take);
  child.stderr.on("data", take);
  const beat = setInterval(() => onBeat(output.trimEnd().split("\n").at(-1)?.trim()), HEARTBEAT_MS);
  const stop = (signal) => child.kill(signal);
  process.once("SIGINT", stop).once("SIGTERM", stop);
  return new Promise((resolve, reject) => {
    const finish = () => {
      clearInterval(beat);
      closeSync(log);
      process.off("SIGINT", stop).off("SIGTERM", stop);
    };
    child.once("error", (error) => {
      finish();
      if (error.code === "ENOENT") resolve({ missing: true });
      else reject(error);
    });
    child.once("close", (code, signal) => {
      finish();
      resolve({ code: signal ? 1 : code, output: signal ? `${output}\nstopped by ${signal}` : output });
    });
  });
}

function seconds(sinceMs) {
  return `${((Date.now() - sinceMs) / 1000).toFixed(1)} s`;
}
