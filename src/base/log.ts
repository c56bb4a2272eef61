// Structured log lines, redacted at the sink: one JSON object per line, control characters escaped, lengths capped.
import { pino, type Logger } from "pino";

export type LogLevel = "debug" | "info" | "warn" | "error" | "silent";
export type LogFields = Record<string, unknown>;

export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A logger whose every line carries these fields (connId, sessionKey, runId, …). */
  child(fields: LogFields): Log;
  /** Writes out what is buffered; call it before the process ends. */
  flush(): void;
}

export interface LogSink {
  write(line: string): void;
  flush?(): void;
  /** Least level this sink takes; absent takes all that the log writes. */
  level?(): LogLevel;
}

export interface LogOptions {
  /** Least level written; a function where the configuration may change it. */
  level: LogLevel | (() => LogLevel);
  sinks: LogSink[];
  /** Takes every finished line; the place where secrets are cut out. */
  redact?: (line: string) => string;
}

/** Longer field values are cut: a log line is a note, not a store. */
const MAX_LINE_CHARS = 16_384;
/** What is kept of a line that is too long. */
const HEAD_CHARS = 2_000;
/** Not escaped by JSON, yet obeyed by terminals and editors: C1 controls, line separators, marks that turn the direction of text. */
const hiddenControls = /[\u007f-\u009f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

export function createLog(options: LogOptions): Log {
  const redact = options.redact ?? ((line) => line);
  const { level } = options;
  const least = typeof level === "function" ? level : () => level;
  /** Level of the line that pino is writing; its stream is called at once. */
  let writing: LogLevel = "info";
  const stream = {
    write(line: string) {
      // Redacted before it is cut: half of a secret is not recognised.
      const clean = escapeControls(redact(line.slice(0, MAX_LINE_CHARS)));
      const safe = line.length > MAX_LINE_CHARS ? `${JSON.stringify({ cut: line.length, head: clean.slice(0, HEAD_CHARS) })}\n` : clean;
      for (const sink of options.sinks) if (!sink.level || ranks[writing] >= ranks[sink.level()]) sink.write(safe);
    },
  };
  const root = pino(
    {
      level: "debug",
      base: null,
      messageKey: "message",
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { error: serializeError },
    },
    stream,
  );
  const line: Writer = (logger, at, message, fields) => {
    if (ranks[at] < ranks[least()]) return;
    writing = at;
    logger[at](fields ?? {}, message);
  };
  return wrap(root, line, () => {
    for (const sink of options.sinks) sink.flush?.();
  });
}

const ranks: Record<LogLevel, number> = { debug: 0, info: 1, warn: 2, error: 3, silent: 4 };

type Writer = (logger: Logger, level: Exclude<LogLevel, "silent">, message: string, fields: LogFields | undefined) => void;

/** A log that goes nowhere, for tests and tools. */
export const silentLog: Log = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  child: () => silentLog,
  flush() {},
};

function wrap(logger: Logger, line: Writer, flush: () => void): Log {
  return {
    debug: (message, fields) => line(logger, "debug", message, fields),
    info: (message, fields) => line(logger, "info", message, fields),
    warn: (message, fields) => line(logger, "warn", message, fields),
    error: (message, fields) => line(logger, "error", message, fields),
    child: (fields) => wrap(logger.child(fields), line, flush),
    flush,
  };
}

function escapeControls(line: string): string {
  return line.replace(hiddenControls, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

function serializeError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  return { name: error.name, message: error.message, stack: error.stack, ...(error.cause === undefined ? {} : { cause: serializeError(error.cause) }) };
}
