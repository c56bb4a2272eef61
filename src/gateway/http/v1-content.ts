// Message content of the /v1 doors: text and images from either API's parts, as our blocks.
import { fault } from "../../base/faults.ts";
import type { App } from "../../flows/app.ts";
import type { Attachment } from "../../flows/accept.ts";
import type { AssistantMessage, ImageBlock, Message, TextBlock, ToolCallBlock } from "../../sdk/provider.ts";

export type Block = TextBlock | ImageBlock;

const maxImageBytes = 10 * 1024 * 1024;
const imageTimeoutMs = 20_000;
const imageTypes = new Set(["image/jpeg", "image/png", "image/gif", "image/webp"]);

/** Reads a string or a list of parts. Image addresses are fetched through the egress client. Throws request.invalid. */
export async function readContent(app: App, raw: unknown, where: string, signal: AbortSignal): Promise<Block[]> {
  if (typeof raw === "string") return raw === "" ? [] : [{ type: "text", text: raw }];
  if (raw === null || raw === undefined) return [];
  if (!Array.isArray(raw)) throw fault("request.invalid", { reason: `${where}: content must be text or a list of parts` });
  const blocks: Block[] = [];
  for (const [index, part] of raw.entries()) blocks.push(await readPart(app, part, `${where}.content.${index}`, signal));
  return blocks;
}

async function readPart(app: App, raw: unknown, where: string, signal: AbortSignal): Promise<Block> {
  const part = (typeof raw === "object" && raw !== null ? raw : {}) as Record<string, unknown>;
  switch (part.type) {
    case "text":
    case "input_text":
    case "output_text":
      if (typeof part.text !== "string") throw fault("request.invalid", { reason: `${where}: text must be a string` });
      return { type: "text", text: part.text };
    case "refusal":
      return { type: "text", text: String(part.refusal ?? "") };
    case "image_url":
    case "input_image":
      return readImage(app, part, where, signal);
    case "input_file":
      return readFilePart(part, where);
    default:
      throw fault("request.invalid", { reason: `${where}: unknown part type ${JSON.stringify(part.type ?? null)}` });
  }
}

async function readImage(app: App, part: Record<string, unknown>, where: string, signal: AbortSignal): Promise<ImageBlock> {
  const source = part.source as { type?: string; url?: string; media_type?: string; data?: string } | undefined;
  if (source?.type === "base64" && typeof source.data === "string") return image(source.media_type ?? "", source.data, where);
  const nested = part.image_url as { url?: string } | string | undefined;
  const url = source?.url ?? (typeof nested === "string" ? nested : nested?.url);
  if (typeof url !== "string" || url === "") throw fault("request.invalid", { reason: `${where}: an image needs a URL or base64 data` });
  const inline = /^data:([\w/+.-]+);base64,(.*)$/s.exec(url);
  if (inline) return image(inline[1] ?? "", inline[2] ?? "", where);
  const fetched = await app.egress.fetch({ url, maxBytes: maxImageBytes, timeoutMs: imageTimeoutMs }, signal);
  if (fetched.status !== 200 || fetched.truncated) throw fault("request.invalid", { reason: `${where}: the image could not be fetched (status ${fetched.status})` });
  return image((fetched.headers["content-type"] ?? "").split(";")[0]?.trim() ?? "", Buffer.from(fetched.body).toString("base64"), where);
}

function image(mimeType: string, data: string, where: string): ImageBlock {
  if (!imageTypes.has(mimeType)) throw fault("request.invalid", { reason: `${where}: unsupported image type ${mimeType || "(none)"}` });
  if ((data.length * 3) / 4 > maxImageBytes) throw fault("request.too-large", { limitBytes: maxImageBytes });
  return { type: "image", mimeType, data };
}

/** Text files are given to the model as text; other files have no reader here. */
function readFilePart(part: Record<string, unknown>, where: string): TextBlock {
  const source = part.source as { data?: string; media_type?: string; filename?: string } | undefined;
  const inline = typeof part.file_data === "string" ? /^data:([\w/+.-]+)?;base64,(.*)$/s.exec(part.file_data) : undefined;
  const mimeType = inline?.[1] ?? source?.media_type ?? "";
  const data = inline?.[2] ?? source?.data;
  if (data === undefined || !(mimeType.startsWith("text/") || mimeType === "application/json")) throw fault("request.invalid", { reason: `${where}: only text files given as base64 data can be read` });
  const name = String(part.filename ?? source?.filename ?? "file");
  return { type: "text", text: `File ${JSON.stringify(name)}:\n${Buffer.from(data, "base64").toString("utf8")}` };
}

export function textOf(blocks: readonly Block[]): string {
  return blocks.flatMap((block) => (block.type === "text" ? [block.text] : [])).join("\n");
}

export function imagesOf(blocks: readonly Block[]): Attachment[] {
  return blocks.flatMap((block) => (block.type === "image" ? [{ mimeType: block.mimeType, content: block.data }] : []));
}

const noUsage: AssistantMessage["usage"] = { input: 0, output: 0, cacheRead: 0, cacheWrite: 0, totalTokens: 0, cost: { input: 0, output: 0, cacheRead: 0, cacheWrite: 0, total: 0 } };

export function userTurn(blocks: readonly Block[], timestamp: number): Message {
  return { role: "user", content: [...blocks], timestamp };
}

/** An earlier answer as the client remembers it. */
export function assistantTurn(text: string, calls: readonly ToolCallBlock[], timestamp: number): Message {
  return { role: "assistant", content: [...(text === "" ? [] : [{ type: "text" as const, text }]), ...calls], api: "client", provider: "client", model: "client", usage: noUsage, stopReason: calls.length > 0 ? "toolUse" : "stop", timestamp };
}

export function toolCall(id: string, name: string, argumentsText: unknown, where: string): ToolCallBlock {
  try {
    const parsed: unknown = typeof argumentsText === "string" && argumentsText !== "" ? JSON.parse(argumentsText) : {};
    if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) throw new TypeError("not an object");
    return { type: "toolCall", id, name, arguments: parsed as Record<string, unknown> };
  } catch {
    throw fault("request.invalid", { reason: `${where}: arguments must be a JSON object` });
  }
}

/** Earlier turns as lines, for a kept conversation that has no history of its own yet. */
export function historyLines(history: readonly Message[]): string {
  const lines = history.map((message) => {
    const text = typeof message.content === "string" ? message.content : message.content.flatMap((block) => (block.type === "text" ? [block.text] : [])).join("\n");
    if (message.role === "toolResult") return `Tool:${message.toolName}: ${text}`;
    return `${message.role === "user" ? "User" : "Assistant"}: ${text}`;
  });
  return lines.join("\n");
}

/** One message of the request; a user's message keeps its blocks, since it may be the current turn. */
export interface Turn { message: Message; blocks?: Block[] }

/** The current turn is the last user message, or the tool results at the end; what stands before is history. Throws request.invalid. */
export function currentTurn(turns: readonly Turn[], field: string) {
  const firstResult = turns.findLastIndex(({ message }) => message.role !== "toolResult") + 1;
  if (firstResult < turns.length) {
    const toolResults = turns.slice(firstResult).flatMap(({ message }) => (message.role === "toolResult" ? [{ toolCallId: message.toolCallId, text: textOf(message.content), isError: false }] : []));
    return { history: turns.slice(0, firstResult).map(({ message }) => message), text: "", attachments: [], toolResults };
  }
  const index = turns.findLastIndex(({ message }) => message.role === "user");
  const blocks = turns[index]?.blocks ?? [];
  if (textOf(blocks) === "" && imagesOf(blocks).length === 0) throw fault("request.invalid", { reason: `Missing user message in \`${field}\`.` });
  return { history: turns.slice(0, index).map(({ message }) => message), text: textOf(blocks), attachments: imagesOf(blocks), toolResults: [] };
}
