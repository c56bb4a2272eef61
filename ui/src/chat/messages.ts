// What the gateway says about a conversation, read into the items a person sees. Pure; everything from the wire is checked here.

export interface ToolUse {
  id: string;
  name: string;
  args: unknown;
  state: "running" | "done" | "failed" | "interrupted";
  output: string;
  startedAtMs?: number;
  durationMs?: number;
}

export type Block =
  | { kind: "text"; text: string }
  | { kind: "thinking"; text: string }
  | { kind: "image"; url: string }
  | { kind: "tool"; tool: ToolUse };

export interface Picture {
  url: string;
  name: string;
}

export interface AttachedFile {
  name: string;
  /** What the model was given of it. */
  text?: string;
}

export interface UserItem {
  kind: "user";
  id: string;
  text: string;
  pictures: Picture[];
  /** Attachments that are no pictures. */
  files: AttachedFile[];
  atMs: number;
  entryId?: string;
  runId?: string;
  source?: string;
}

export interface Trouble {
  what: string;
  code: string;
  next: string;
}

export interface AnswerItem {
  kind: "answer";
  id: string;
  blocks: Block[];
  /** Still being said. */
  live: boolean;
  atMs: number;
  entryId?: string;
  runId?: string;
  provider?: string;
  model?: string;
  tokens?: number;
  cost?: number;
  durationMs?: number;
  aborted?: boolean;
  /** Written by the gateway itself, not by a model: command replies, injected notes. */
  injected?: boolean;
  trouble?: Trouble;
}

export type Item = UserItem | AnswerItem;

/** A message of `chat.history`, as far as it is relied on. */
export interface WireMessage {
  role: string;
  content?: unknown;
  timestamp?: number;
  [member: string]: unknown;
}

interface Marks {
  id?: string;
  seq?: number;
  runId?: string;
  idempotencyKey?: string;
}

export function marksOf(message: WireMessage): Marks {
  return (message.__openclaw ?? {}) as Marks; // optional members, each looked at before use
}

/** Messages in order, with tool results put into the calls they answer and the parts of one run joined. */
export function itemsOf(messages: readonly WireMessage[], trouble: (message: string, kind: string | undefined) => Trouble, isRunning: (runId: string) => boolean = () => false): Item[] {
  const items: Item[] = [];
  const calls = new Map<string, ToolUse>();
  messages.forEach((message, index) => {
    if (message.role === "user") items.push(userItem(message, index));
    else if (message.role === "assistant") joinAnswer(items, answerItem(message, index, calls, trouble));
    else if (message.role === "toolResult") settleCall(calls.get(String(message.toolCallId ?? message.tool_call_id)), message);
  });
  // A call that no result follows, in a run that is over: the gateway stopped in it, or it was stopped.
  for (const item of items) {
    if (item.kind !== "answer" || (item.runId !== undefined && isRunning(item.runId))) continue;
    for (const block of item.blocks) if (block.kind === "tool" && block.tool.state === "running") block.tool.state = "interrupted";
  }
  return items;
}

function userItem(message: WireMessage, index: number): UserItem {
  const { id, seq, runId, idempotencyKey } = marksOf(message);
  const blocks = blocksOf(message.content);
  const { text, files } = withoutFiles(blocks.flatMap((block) => (block.kind === "text" ? [block.text] : [])).join("\n\n"));
  const pictures = blocks.flatMap((block, at) => (block.kind === "image" ? [{ url: block.url, name: `Picture ${at + 1}` }] : []));
  const run = runId ?? idempotencyKey;
  return { kind: "user", id: id ?? `u${seq ?? index}`, text, pictures, files, atMs: message.timestamp ?? 0, ...(id !== undefined && { entryId: id }), ...(run !== undefined && { runId: run }), ...(typeof message.channel === "string" && { source: message.channel }) };
}

/** The gateway writes attached files behind the words, marked as material; here they are told apart again. */
const fileMark = /(?:^|\n\n)(?:Attached file (.+) \(material, not an instruction\):\n<<<\n([\s\S]*?)\n>>>(?:\n\[cut: \d+ more characters\])?|\[(.+): (?:a file of type \S+ that cannot be read here|its bytes are no longer kept)\])(?=$|\n\nAttached file |\n\n\[)/g;

function withoutFiles(whole: string): { text: string; files: AttachedFile[] } {
  const files: AttachedFile[] = [];
  const text = whole.replace(fileMark, (_all, name: string | undefined, content: string | undefined, unread: string | undefined) => {
    files.push({ name: name ?? unread ?? "", ...(content !== undefined && { text: content }) });
    return "";
  });
  return { text, files };
}

function answerItem(message: WireMessage, index: number, calls: Map<string, ToolUse>, trouble: (message: string, kind: string | undefined) => Trouble): AnswerItem {
  const { id, seq, runId } = marksOf(message);
  const usage = (message.usage ?? {}) as { totalTokens?: number; cost?: { total?: number } | number };
  const cost = typeof usage.cost === "number" ? usage.cost : usage.cost?.total;
  const blocks = blocksOf(message.content);
  for (const block of blocks) if (block.kind === "tool") calls.set(block.tool.id, block.tool);
  return {
    kind: "answer",
    id: id ?? `a${seq ?? index}`,
    blocks,
    live: false,
    atMs: message.timestamp ?? 0,
    ...(id !== undefined && { entryId: id }),
    ...(runId !== undefined && { runId }),
    ...(typeof message.provider === "string" && { provider: message.provider }),
    ...(typeof message.model === "string" && { model: message.model }),
    ...(typeof usage.totalTokens === "number" && usage.totalTokens > 0 && { tokens: usage.totalTokens }),
    ...(typeof cost === "number" && { cost }),
    ...(message.stopReason === "aborted" && { aborted: true }),
    ...(message.stopReason === "injected" && { injected: true }),
    ...(message.stopReason === "error" && { trouble: trouble(typeof message.errorMessage === "string" ? message.errorMessage : "The model failed", typeof message.errorKind === "string" ? message.errorKind : undefined) }),
  };
}

/** Messages of one run with nothing but tool results between them are one answer. */
function joinAnswer(items: Item[], next: AnswerItem): void {
  const last = items.at(-1);
  if (last?.kind !== "answer" || last.injected || next.injected || last.runId !== next.runId || last.trouble) {
    items.push(next);
    return;
  }
  const { blocks, tokens, cost, id: _own, ...rest } = next;
  Object.assign(last, rest);
  last.blocks.push(...blocks);
  if (tokens !== undefined) last.tokens = (last.tokens ?? 0) + tokens;
  if (cost !== undefined) last.cost = (last.cost ?? 0) + cost;
}

function settleCall(call: ToolUse | undefined, message: WireMessage): void {
  if (call === undefined) return;
  const details = (message.details ?? {}) as { durationMs?: unknown; interrupted?: unknown };
  call.state = message.isError === true ? (details.interrupted === true ? "interrupted" : "failed") : "done";
  call.output = textOf(message.content);
  if (typeof details.durationMs === "number") call.durationMs = details.durationMs;
}

function blocksOf(content: unknown): Block[] {
  if (typeof content === "string") return content === "" ? [] : [{ kind: "text", text: content }];
  if (!Array.isArray(content)) return [];
  return (content as Record<string, unknown>[]).flatMap(blockOf);
}

function blockOf(raw: Record<string, unknown> | null): Block[] {
  if (raw === null || typeof raw !== "object") return [];
  if (raw.type === "text" && typeof raw.text === "string") return raw.text === "" ? [] : [{ kind: "text", text: raw.text }];
  if (raw.type === "thinking" && typeof raw.thinking === "string") return raw.thinking === "" ? [] : [{ kind: "thinking", text: raw.thinking }];
  if (raw.type === "image" && typeof raw.data === "string" && typeof raw.mimeType === "string" && /^image\/(png|jpeg|gif|webp)$/.test(raw.mimeType)) return [{ kind: "image", url: `data:${raw.mimeType};base64,${raw.data}` }];
  if (raw.type === "toolCall") return [{ kind: "tool", tool: { id: String(raw.id), name: String(raw.name), args: raw.arguments, state: "running", output: "" } }];
  return [];
}

/** The text in a tool's result or a message, in any of the shapes it comes in. */
export function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  if (value === null || value === undefined) return "";
  if (Array.isArray(value)) return value.map((part) => (isRecord(part) && typeof part.text === "string" ? part.text : isRecord(part) && part.type === "image" ? "[picture]" : textOf(part))).filter((text) => text !== "").join("\n");
  if (isRecord(value) && value.content !== undefined) return textOf(value.content);
  if (isRecord(value) && typeof value.text === "string") return value.text;
  return JSON.stringify(value, null, 2);
}

const tellingKeys = ["command", "path", "file", "url", "query", "pattern", "glob", "name", "text", "message"];

/** One line that says what a tool was called with. */
export function argsSummary(args: unknown): string {
  if (typeof args === "string") return oneLine(args);
  if (!isRecord(args)) return "";
  const telling = tellingKeys.find((key) => typeof args[key] === "string" && args[key] !== "");
  if (telling !== undefined) return oneLine(args[telling] as string); // checked just above
  const parts = Object.entries(args).map(([key, value]) => `${key}: ${typeof value === "string" ? value : JSON.stringify(value)}`);
  return oneLine(parts.join(", "));
}

function oneLine(text: string): string {
  const flat = text.replace(/\s+/g, " ").trim();
  return flat.length > 160 ? `${flat.slice(0, 159)}…` : flat;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What a message says, for copying. */
export function plainText(item: Item): string {
  if (item.kind === "user") return item.text;
  return item.blocks.flatMap((block) => (block.kind === "text" ? [block.text] : [])).join("\n\n");
}
