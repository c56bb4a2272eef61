// One line of the log: as data, by its weight, and as a person reads it.
import { localTime } from "./format.ts";
import { plain, type Paint, type Terminal } from "./terminal.ts";

const paints: Record<string, Paint> = { debug: "dim", warn: "yellow", error: "red" };

export function parseLogLine(line: string): unknown {
  try {
    return JSON.parse(line) as unknown;
  } catch {
    return { message: line }; // a line of something else than the logger
  }
}

export function levelOf(line: string): string {
  return /"level":"(\w+)"/.exec(line)?.[1] ?? "info";
}

/** `14:05:09 warn  message  key=value` */
export function readableLogLine(line: string, paint: Terminal["paint"]): string {
  const entry = parseLogLine(line);
  if (typeof entry !== "object" || entry === null) return plain(line);
  const { time, level, message, ...rest } = entry as Record<string, unknown>;
  const at = typeof time === "string" ? Date.parse(time) : Number.NaN;
  const seconds = new Date(at).getSeconds();
  const when = Number.isNaN(at) ? "" : `${localTime(at)}:${String(seconds).padStart(2, "0")} `;
  const weight = typeof level === "string" ? level : "info";
  const more = Object.entries(rest).map(([key, value]) => ` ${key}=${plain(valueText(value))}`).join("");
  const painted = paints[weight] === undefined ? weight.padEnd(5) : paint(paints[weight], weight.padEnd(5));
  return `${paint("dim", when)}${painted} ${plain(String(message ?? ""))}${paint("dim", more)}`;
}

/** An error as its words: the stack is for --raw. */
function valueText(value: unknown): string {
  if (typeof value === "string") return value;
  if (typeof value === "object" && value !== null && "message" in value && typeof value.message === "string" && "stack" in value) {
    return `${"name" in value && typeof value.name === "string" ? `${value.name}: ` : ""}${value.message}`;
  }
  return JSON.stringify(value) ?? "";
}
