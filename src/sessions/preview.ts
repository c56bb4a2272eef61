// The last lines of a conversation as short texts, for sessions.preview. Pure.
import type { TranscriptEntry } from "../sdk/backends.ts";
import type { Message } from "../sdk/provider.ts";
import { cut, plainText } from "./text.ts";

export interface SessionPreview {
  key: string;
  status: "ok" | "empty" | "missing" | "error";
  items: { role: "user" | "assistant" | "tool" | "system" | "other"; text: string }[];
}

export function previewItems(entries: readonly TranscriptEntry[], limit: number, maxChars: number): SessionPreview["items"] {
  const items: SessionPreview["items"] = [];
  for (let index = entries.length - 1; index >= 0 && items.length < limit; index--) {
    const entry = entries[index];
    if (entry?.type !== "message") continue;
    const text = plainText(entry.message as Message /* an injected answer reads like any other */);
    if (text !== "") items.push({ role: roleOf(entry.message.role), text: cut(text, maxChars) });
  }
  return items.reverse();
}

function roleOf(role: string): SessionPreview["items"][number]["role"] {
  if (role === "user" || role === "assistant" || role === "system") return role;
  return role === "toolResult" || role === "tool" ? "tool" : "other";
}
