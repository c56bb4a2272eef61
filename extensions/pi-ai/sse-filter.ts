// Passes an event stream on, line by line within bounds, and joins the crumbs in which tool arguments come:
// pi-ai reads a call's arguments anew from their beginning at every crumb, which for a long file would cost minutes.
import type { Clock } from "../../src/sdk/extension.ts";

export interface SseFilter {
  /** What may go on now. After something unusable, nothing more is taken and `broken` says what it was. */
  push(chunk: Uint8Array): Uint8Array;
  /** What was held back, at the end. */
  end(): Uint8Array;
  broken(): Unusable | undefined;
}

/** The answer breaks a bound or is no answer; the message is for people. */
export class Unusable extends Error {
  override readonly name = "Unusable";
}

/** Crumbs are joined at least up to this, and always up to as much as was passed on before: so the work stays linear. */
const MIN_JOINED_CHARS = 256;
/** Held no longer than this, so that silence stays silence. */
const MAX_HELD_MS = 2_000;

export function createSseFilter(clock: Clock, maxLineBytes: number): SseFilter {
  const joiner = createJoiner(clock);
  let parts: Uint8Array[] = [];
  let partBytes = 0;
  let broken: Unusable | undefined;

  const takeLine = (rest: Uint8Array, out: string[]) => {
    const line = parts.length === 0 ? rest : Buffer.concat([...parts, rest]);
    parts = [];
    partBytes = 0;
    joiner.line(Buffer.from(line.buffer, line.byteOffset, line.length).toString("utf8").replace(/\r$/, ""), out);
  };
  const take = (chunk: Uint8Array, out: string[]) => {
    let from = 0;
    for (let at = chunk.indexOf(10); at !== -1; at = chunk.indexOf(10, from)) {
      if (partBytes + at - from > maxLineBytes) throw tooLong(maxLineBytes);
      takeLine(chunk.subarray(from, at), out);
      from = at + 1;
    }
    if (from === chunk.length) return;
    parts.push(chunk.subarray(from));
    partBytes += chunk.length - from;
    if (partBytes > maxLineBytes) throw tooLong(maxLineBytes);
  };
  const guarded = (work: (out: string[]) => void): Uint8Array => {
    const out: string[] = [];
    try {
      if (!broken) work(out);
    } catch (error) {
      if (!(error instanceof Unusable)) throw error;
      broken = error; // what came before it was sound and goes on
    }
    return Buffer.from(out.join(""), "utf8");
  };

  return {
    push: (chunk) => guarded((out) => take(chunk, out)),
    end: () =>
      guarded((out) => {
        if (partBytes > 0) takeLine(new Uint8Array(), out);
        joiner.end(out);
      }),
    broken: () => broken,
  };
}

function tooLong(maxLineBytes: number): Unusable {
  return new Unusable(`one line of the answer is longer than ${maxLineBytes} bytes`);
}

/** A crumb of tool arguments: whose it is, what it says, and how to write it with other words. */
interface Crumb {
  key: string;
  text: string;
  write(text: string): string;
}

function createJoiner(clock: Clock) {
  let event: string[] = [];
  let held: { crumb: Crumb; pieces: string[]; chars: number; sinceMs: number } | undefined;
  const passedOn = new Map<string, number>();

  const flush = (out: string[]) => {
    if (!held) return;
    const { crumb, pieces, chars } = held;
    out.push(crumb.write(pieces.join("")));
    passedOn.set(crumb.key, (passedOn.get(crumb.key) ?? 0) + chars);
    held = undefined;
  };
  const take = (crumb: Crumb, out: string[]) => {
    if (held && held.crumb.key !== crumb.key) flush(out);
    held ??= { crumb, pieces: [], chars: 0, sinceMs: clock.monotonic() };
    held.pieces.push(crumb.text);
    held.chars += crumb.text.length;
    const isEnough = held.chars >= Math.max(MIN_JOINED_CHARS, passedOn.get(crumb.key) ?? 0);
    if (isEnough || clock.monotonic() - held.sinceMs > MAX_HELD_MS) flush(out);
  };

  return {
    line(line: string, out: string[]) {
      if (line !== "") {
        event.push(line);
        return;
      }
      refuseCut(event);
      const crumb = crumbOf(event);
      if (crumb) take(crumb, out);
      else {
        flush(out);
        out.push(`${event.join("\n")}\n\n`);
      }
      event = [];
    },
    end(out: string[]) {
      flush(out);
      // An event without its blank line was never finished; whoever reads on decides what that means.
      if (event.length > 0) out.push(event.join("\n"));
    },
  };
}

/** An event cut short inside its JSON. Said here because a vendor's SDK prints such events to the console. */
function refuseCut(lines: readonly string[]): void {
  const [data, ...more] = lines.filter((line) => line.startsWith("data:"));
  if (data === undefined || more.length > 0 || !/^data: ?\{/.test(data)) return;
  if (!data.trimEnd().endsWith("}")) throw new Unusable("the provider sent an event that breaks off in the middle");
}

function crumbOf(lines: readonly string[]): Crumb | undefined {
  const data = lines.find((line) => line.startsWith("data:"));
  if (data === undefined || lines.length > 2) return undefined;
  const isCandidate = data.includes('"tool_calls"') || data.includes('"input_json_delta"') || data.includes("function_call_arguments.delta");
  if (!isCandidate) return undefined;
  const before = lines.filter((line) => line !== data).map((line) => `${line}\n`).join("");
  try {
    const value: unknown = JSON.parse(data.slice(5));
    return isObject(value) ? (chatCrumb(value, before) ?? messagesCrumb(value, before) ?? responsesCrumb(value, before)) : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined; // passed on as it is; the dialect says what is wrong with it
    throw error;
  }
}

type Json = Record<string, unknown>;

const write = (before: string, value: Json): string => `${before}data: ${JSON.stringify(value)}\n\n`;

/** One choice, one call, nothing but more arguments. */
function chatCrumb(value: Json, before: string): Crumb | undefined {
  const [choice, ...others] = asArray(value["choices"]);
  if (others.length > 0 || !isObject(choice) || choice["finish_reason"] != null || value["usage"] != null) return undefined;
  const delta = choice["delta"];
  if (!isObject(delta) || Object.entries(delta).some(([key, part]) => key !== "tool_calls" && key !== "role" && part != null)) return undefined;
  const [call, ...more] = asArray(delta["tool_calls"]);
  if (more.length > 0 || !isObject(call) || typeof call["index"] !== "number" || isFilled(call["id"])) return undefined;
  const fn = call["function"];
  if (!isObject(fn) || typeof fn["arguments"] !== "string" || isFilled(fn["name"])) return undefined;
  const { arguments: text } = fn;
  return {
    key: `chat ${call["index"]}`,
    text: String(text),
    write: (joined) => write(before, { ...value, choices: [{ ...choice, delta: { ...delta, tool_calls: [{ ...call, function: { ...fn, arguments: joined } }] } }] }),
  };
}

function messagesCrumb(value: Json, before: string): Crumb | undefined {
  const delta = value["delta"];
  if (value["type"] !== "content_block_delta" || !isObject(delta) || delta["type"] !== "input_json_delta" || typeof delta["partial_json"] !== "string") return undefined;
  return { key: `messages ${String(value["index"])}`, text: delta["partial_json"], write: (joined) => write(before, { ...value, delta: { ...delta, partial_json: joined } }) };
}

function responsesCrumb(value: Json, before: string): Crumb | undefined {
  if (value["type"] !== "response.function_call_arguments.delta" || typeof value["delta"] !== "string") return undefined;
  return { key: `responses ${String(value["output_index"])}`, text: value["delta"], write: (joined) => write(before, { ...value, delta: joined }) };
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function asArray(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function isFilled(value: unknown): boolean {
  return value !== undefined && value !== null && value !== "";
}
