// Messages as short plain text: titles and previews for lists. Pure.
import type { Message } from "../sdk/provider.ts";

const MESSAGE_ID_LINE = /^\s*\[message_id:[^\]]*\]\s*$/gim;
/** A header that a channel put before the text: `[WhatsApp … 2026-01-27 10:00] `. */
const ENVELOPE = /^\[[^\]\n]*\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}[^\]\n]*\]\s*/;

/** User text as the person wrote it, without what channels put around it. */
export function spokenText(text: string): string {
  return text.replace(ENVELOPE, "").replace(MESSAGE_ID_LINE, "").trim();
}

/** Text of a message; media as `[image]`, tool calls as `call a, b +n` when there is no text. */
export function plainText(message: Pick<Message, "role" | "content">): string {
  const { content } = message;
  if (typeof content === "string") return message.role === "user" ? spokenText(content) : content.trim();
  if (!Array.isArray(content)) return "";
  const parts: string[] = [];
  const calls: string[] = [];
  for (const block of content) {
    if (block.type === "text") parts.push(message.role === "user" ? spokenText(block.text) : block.text.trim());
    else if (block.type === "image") parts.push("[image]");
    else if (block.type === "toolCall") calls.push(block.name);
  }
  const text = parts.filter((part) => part !== "").join("\n");
  return text === "" && calls.length > 0 ? callText(calls) : text;
}

const CALLS_NAMED = 2;

function callText(names: readonly string[]): string {
  const more = names.length - CALLS_NAMED;
  return `call ${names.slice(0, CALLS_NAMED).join(", ")}${more > 0 ? ` +${more}` : ""}`;
}

/** On one line and at most `maxChars` long. */
export function oneLine(text: string, maxChars: number): string {
  return cut(text.replace(/\s+/g, " ").trim(), maxChars);
}

/** At most `maxChars`, with a sign where something was left out; never half a character. */
export function cut(text: string, maxChars: number): string {
  if (text.length <= maxChars) return text;
  const kept = text.slice(0, maxChars - 1);
  return `${/[\uD800-\uDBFF]$/.test(kept) ? kept.slice(0, -1) : kept}…`;
}
