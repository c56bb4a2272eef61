// What the demo model says: a table of intents over the last message. Pure, in plain words, never pretending to be more.
import type { Message, ToolDeclaration } from "../../src/sdk/provider.ts";

export interface Reply {
  text: string;
  calls: { name: string; arguments: Record<string, unknown> }[];
}

interface Intent {
  pattern: RegExp;
  /** The tool it needs; without it the reply says that the tool is not there. */
  tool?: string;
  reply(match: RegExpExecArray): Reply;
}

const say = (text: string): Reply => ({ text, calls: [] });
const use = (text: string, name: string, args: Record<string, unknown>): Reply => ({ text, calls: [{ name, arguments: args }] });

const path = String.raw`["'\x60]?([\w./ -]*[\w/-])["'\x60]?`;

/** A name in quotes or with an ending may stand anywhere; any other has to be the last of the sentence. */
const reading = String.raw`\b(?:read|open|show)\s+(?:me\s+)?(?:the\s+)?(?:file\s+)?`;

/** The first that fits answers. */
const intents: readonly Intent[] = [
  { pattern: new RegExp(String.raw`\bwrite\s+([\s\S]{1,4000}?)\s+(?:to|into|in)\s+(?:the\s+file\s+)?${path}[.!]?\s*$`, "i"), tool: "write", reply: (m) => use(`I write that to \`${m[2]}\`.`, "write", { path: m[2], content: unquoted(m[1] ?? "") }) },
  { pattern: new RegExp(String.raw`\b(?:list|show)\s+(?:me\s+)?(?:the\s+|my\s+|all\s+)*(?:files|folder|directory|workspace)(?:\s+(?:in|of|under)\s+(?:the\s+)?${path})?[.!?]?\s*$`, "i"), tool: "list", reply: (m) => use("I look at the files.", "list", m[1] === undefined || /^workspace$/i.test(m[1]) ? {} : { path: m[1] }) },
  { pattern: new RegExp(String.raw`\b(?:search|find|look)\s+(?:for\s+)?["'\x60]?(.{1,200}?)["'\x60]?(?:\s+in\s+(?:the\s+|my\s+)?(?:files|workspace))?[.!?]?\s*$`, "i"), tool: "search", reply: (m) => use(`I search for "${m[1]}".`, "search", { text: m[1] }) },
  { pattern: /\b(?:fetch|open|get|read)\s+(https?:\/\/[^\s"'`<>]{1,2000})/i, tool: "web_fetch", reply: (m) => use(`I fetch ${m[1]}.`, "web_fetch", { url: (m[1] ?? "").replace(/[.,;!?)]+$/, "") }) },
  { pattern: new RegExp(String.raw`${reading}(?:["'\x60]([\w./ -]{1,200})["'\x60]|([\w./-]{0,200}\w\.\w{1,8})(?![\w./-]*\w))`, "i"), tool: "read", reply: (m) => use(`I read \`${m[1] ?? m[2]}\`.`, "read", { path: m[1] ?? m[2] }) },
  { pattern: new RegExp(String.raw`${reading}${path}[.!?]?\s*$`, "i"), tool: "read", reply: (m) => use(`I read \`${m[1]}\`.`, "read", { path: m[1] }) },
  { pattern: /\b(?:session|your)\s+status\b|^\s*status\b/i, tool: "session_status", reply: () => use("I look up this session's status.", "session_status", {}) },
  {
    pattern: /\b(?:key|provider|real model|onboard|another model|set ?up|connect)\b/i,
    reply: () =>
      say(
        "To talk to a real model, give OpenClaw a key. Either run `openclaw onboard` in a terminal, or open Models in the Control UI, choose a provider and paste its key. It applies at once, without a restart. A local server such as Ollama needs no key at all: only its address.",
      ),
  },
  {
    pattern: /\b(?:what can you do|help|can you|how does this work|capabilit|features?)\b/i,
    reply: () =>
      say(
        'I am the demo model, so I follow a few fixed phrases:\n\n- "list files" – shows your workspace\n- "write hello to notes.md" – makes a file\n- "read notes.md" – reads it back\n- "search for hello" – searches your files\n- "fetch https://example.com" – reads a web page\n- "status" – tells about this session\n- "how do I add a key?" – gets you a real model\n\nEach of these runs a real tool, the same way a real model would.',
      ),
  },
  { pattern: /\b(?:who|what)\s+are\s+you\b|\byour name\b/i, reply: () => say("I am `demo/assistant`, a built-in demo. I am a small program with fixed answers, not a language model. I am here so that you can see OpenClaw work before you add a real one.") },
  { pattern: /^\s*(?:hi|hello|hey|good (?:morning|evening|afternoon))\b/i, reply: () => say('Hello! I am the built-in demo model: no key, no network, fixed answers. Ask "what can you do?", or try "list files". When you want a real model, ask "how do I add a key?".') },
  { pattern: /\b(?:thanks|thank you)\b/i, reply: () => say("You are welcome. (I am still only the demo model.)") },
];

const MAX_QUOTE_CHARS = 300;
const MAX_RESULT_CHARS = 1_500;

/** What to say next: the report of tool results, or the answer to the last message. */
export function replyTo(messages: readonly Message[], tools: readonly ToolDeclaration[]): Reply {
  const last = messages.at(-1);
  if (last?.role === "toolResult") return report(messages);
  const text = last?.role === "user" ? textOf(last.content) : "";
  for (const { pattern, tool, reply } of intents) {
    const match = pattern.exec(text.slice(0, 8_000));
    if (!match) continue;
    if (tool !== undefined && !tools.some((one) => one.name === tool)) return say(`That needs the tool \`${tool}\`, which is not available in this session. (I am the demo model.)`);
    return reply(match);
  }
  const quote = text.trim().slice(0, MAX_QUOTE_CHARS);
  return say(`I am the demo model and have no answer of my own to ${quote === "" ? "that" : `"${quote}"`}. Ask "what can you do?" to see what I follow, or "how do I add a key?" for a real model.`);
}

function report(messages: readonly Message[]): Reply {
  const results = messages.slice(messages.findLastIndex((message) => message.role !== "toolResult") + 1).filter((message) => message.role === "toolResult");
  const parts = results.map((result) => {
    const text = textOf(result.content).trim();
    const shown = text.length > MAX_RESULT_CHARS ? `${text.slice(0, MAX_RESULT_CHARS)}\n…` : text;
    return result.isError ? `\`${result.toolName}\` did not work: ${shown}` : `\`${result.toolName}\` says:\n\n${fenced(shown)}`;
  });
  return say(`${parts.join("\n\n")}\n\nThat was a real tool call, made by the demo model.`);
}

/** A fence longer than any in the text. */
function fenced(text: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map((run) => run[0].length));
  const fence = "`".repeat(longest + 1);
  return `${fence}\n${text}\n${fence}`;
}

function textOf(content: string | readonly ({ type: "text"; text: string } | { type: "image" })[]): string {
  if (typeof content === "string") return content;
  return content.map((block) => (block.type === "text" ? block.text : "")).join("\n");
}

function unquoted(text: string): string {
  return /^(["'`])([\s\S]*)\1$/.exec(text.trim())?.[2] ?? text.trim();
}
