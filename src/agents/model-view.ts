// What the model gets to see of a history: always well formed, whatever crashes, aborts and commands left in it. Pure.
import type { AssistantMessage, Message, ToolCallBlock, ToolResultMessage } from "../sdk/provider.ts";

/** Marks an answer that a command gave: people see it, the model does not. */
export const commandModel = { provider: "openclaw", model: "command" } as const;

/** Marks a word of the gateway itself about a run, for people and the model. */
export const noticeModel = { provider: "openclaw", model: "notice" } as const;

export function notice(text: string, at: number): AssistantMessage {
  return { role: "assistant", content: [{ type: "text", text: `${text.slice(0, 1).toUpperCase()}${text.slice(1)}.` }], api: "openclaw", ...noticeModel, usage: { input: 0, output: 0, cacheRead: 0, cacheWrite: 0, totalTokens: 0 }, stopReason: "injected", timestamp: at };
}

/** Put behind a text that was cut off, so that the model knows it was not finished. */
const CUT_OFF = "\n[cut off here]";

/**
 * The messages a provider may receive: answers of commands left out, cut answers kept as said and cut off,
 * failed calls without text dropped. Messages that need no change are the same objects.
 */
export function modelView(messages: readonly Message[]): Message[] {
  const view: Message[] = [];
  /** Injected between a call and its results: providers want those together, so it comes after them. */
  let held: Message[] = [];
  let openResults = 0;
  for (const message of messages) {
    if (message.role !== "assistant") {
      view.push(message);
      if (message.role === "toolResult") openResults--;
      else openResults = 0;
    } else {
      const said = asSaid(message);
      if (!said) continue;
      if (message.stopReason === "injected" && openResults > 0) {
        held.push(said);
        continue;
      }
      view.push(said);
      openResults = 0;
      for (const block of said.content) if (block.type === "toolCall") openResults++;
    }
    if (openResults <= 0 && held.length > 0) {
      view.push(...held);
      held = [];
    }
  }
  view.push(...held);
  return view;
}

function asSaid(message: AssistantMessage): AssistantMessage | undefined {
  switch (message.stopReason) {
    case "injected":
      return message.model === commandModel.model && message.provider === commandModel.provider ? undefined : { ...message, stopReason: "stop" };
    case "aborted":
    case "error": {
      const text = textOf(message);
      return text === "" ? undefined : { ...message, stopReason: "stop", content: [{ type: "text", text: text + CUT_OFF }] };
    }
    default:
      return message;
  }
}

export function textOf(message: AssistantMessage): string {
  let text = "";
  for (const block of message.content) if (block.type === "text") text += block.text;
  return text;
}

/** The words of a message that a person or a tool wrote. */
export function wordsOf(message: Message | undefined): string {
  if (!message) return "";
  if (typeof message.content === "string") return message.content;
  return message.content.map((block) => (block.type === "text" ? block.text : block.type === "image" ? "[image]" : "")).join("\n");
}

/** A result that brought outside text into the conversation. */
export function isUntrusted(message: Message): boolean {
  return message.role === "toolResult" && typeof message.details === "object" && message.details !== null && "untrusted" in message.details && message.details.untrusted === true;
}

/** Calls at the end of a history that have no result yet, in order. */
export function openCalls(messages: readonly Message[]): ToolCallBlock[] {
  const answered = new Set<string>();
  for (let i = messages.length - 1; i >= 0; i--) {
    const message = messages[i];
    if (message?.role === "toolResult") answered.add(message.toolCallId);
    else if (message?.role === "assistant" && message.stopReason !== "injected") {
      return message.content.filter((block): block is ToolCallBlock => block.type === "toolCall" && !answered.has(block.id));
    }
  }
  return [];
}

/** The result of a call whose real one will never come. */
export function lostResult(call: Pick<ToolCallBlock, "id" | "name">, reason: string, at: number): ToolResultMessage {
  return { role: "toolResult", toolCallId: call.id, toolName: call.name, content: [{ type: "text", text: reason }], isError: true, timestamp: at };
}

const CHARS_PER_TOKEN = 4;
/** What an image costs, whatever its bytes. */
const IMAGE_CHARS = 4_800;

export function charsOf(message: Message): number {
  if (typeof message.content === "string") return message.content.length;
  let chars = 0;
  for (const block of message.content) {
    if (block.type === "text") chars += block.text.length;
    else if (block.type === "thinking") chars += block.thinking.length;
    else if (block.type === "image") chars += IMAGE_CHARS;
    else chars += block.name.length + JSON.stringify(block.arguments).length;
  }
  return chars;
}

/**
 * Tokens the next request will take: the provider's own figure for the last answer, and a guess for what came after it.
 * Figures of answers before `sinceMs` (the last compaction) counted a longer history and are not used.
 */
export function estimateTokens(messages: readonly Message[], sinceMs = 0): number {
  let tailChars = 0;
  for (let i = messages.length - 1; i >= 0; i--) {
    const message = messages[i] as Message; // within bounds
    if (message.role === "assistant" && message.usage.totalTokens > 0 && message.timestamp > sinceMs) return message.usage.totalTokens + Math.ceil(tailChars / CHARS_PER_TOKEN);
    tailChars += charsOf(message);
  }
  return Math.ceil(tailChars / CHARS_PER_TOKEN);
}

/** Cuts the longest texts in the middle until the messages fit; for a history that no summary can make short enough. */
export function fitView(messages: readonly Message[], maxTokens: number): Message[] {
  const maxChars = maxTokens * CHARS_PER_TOKEN;
  const sizes = messages.map(charsOf);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  if (total <= maxChars) return [...messages];
  // The level to which every text has to come down: only the largest ones are touched.
  const sorted = [...sizes].sort((a, b) => b - a);
  let below = total;
  let level = 0;
  for (const [i, size] of sorted.entries()) {
    below -= size;
    level = Math.max(0, Math.floor((maxChars - below) / (i + 1)));
    if (level >= (sorted[i + 1] ?? 0)) break;
  }
  return messages.map((message, i) => ((sizes[i] ?? 0) > level ? shortened(message, Math.max(level, MIN_CUT_CHARS)) : message));
}

const MIN_CUT_CHARS = 200;

function shortened(message: Message, maxChars: number): Message {
  if (typeof message.content === "string") return { ...message, content: cutMiddle(message.content, maxChars) } as Message;
  const share = Math.max(MIN_CUT_CHARS, Math.floor(maxChars / Math.max(1, message.content.length)));
  const content = message.content.map((block) => (block.type === "text" ? { ...block, text: cutMiddle(block.text, share) } : block));
  return { ...message, content } as Message; // the same kinds of blocks, shorter
}

export function cutMiddle(text: string, maxChars: number): string {
  if (text.length <= maxChars) return text;
  const half = Math.floor((maxChars - 40) / 2);
  return `${text.slice(0, half)}\n[… ${text.length - 2 * half} characters left out …]\n${text.slice(text.length - half)}`;
}
