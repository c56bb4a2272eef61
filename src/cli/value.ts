// Values as people type them: JSON, JSON5 where it helps, and plain text for the rest.
import { usageFailure } from "./failure.ts";

/** A whole JSON or JSON5 document. Throws a usage failure that names the place. */
export async function readValue(text: string, what: string): Promise<unknown> {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // JSON5 is asked next; it says what is wrong in either case.
  }
  const { default: json5 } = await import("json5");
  try {
    return json5.parse(text);
  } catch (error) {
    const why = error instanceof Error ? error.message.replace(/^JSON5: /, "") : String(error);
    throw usageFailure(`${what} is neither JSON nor JSON5: ${why.replace(/ at (\d+):(\d+)$/, " (line $1, column $2)")}`);
  }
}

/** `8080`, `true`, `null`, `"text"`, `{a: 1}`, `[1, 2]` as what they look like, everything else as text. */
export async function readLoose(text: string): Promise<unknown> {
  const trimmed = text.trim();
  if (/^(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)$/.test(trimmed) || /^".*"$/s.test(trimmed)) return readValue(trimmed, "the value");
  return /^[[{]/.test(trimmed) ? readValue(trimmed, "the value") : text;
}
