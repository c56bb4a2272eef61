// The file tools: read, write, edit and list, inside the agent's workspace only.
import { Type } from "typebox";
import { fault } from "../base/faults.ts";
import type { Ids } from "../base/ids.ts";
import { defineTool, type Tool, type ToolResult } from "../sdk/tool.ts";
import { replacePassage } from "./text-edit.ts";
import { openWorkspace, partsOf, type WorkspaceEntry } from "./workspace.ts";

const MAX_READ_BYTES = 10_485_760;
const MAX_WRITE_CHARS = 5_242_880;
const MAX_LINES = 2_000;
const MAX_IMAGE_BYTES = 5_242_880;
const MAX_ENTRIES = 1_000;

const path = (description: string) => Type.String({ description, minLength: 1, maxLength: 4_096 });
const closed = { additionalProperties: false } as const;

export function createFileTools(deps: { ids: Ids }): Tool[] {
  const inTurn = createTurns();
  return [readTool(), writeTool(deps.ids, inTurn), editTool(deps.ids, inTurn), listTool()];
}

const said = (text: string): ToolResult => ({ content: [{ type: "text", text }] });

function readTool(): Tool {
  return defineTool({
    name: "read",
    label: "Read file",
    description: "Reads a file of the workspace. Text comes with at most 2,000 lines at a time: use offset and limit for more. Images are shown to you.",
    params: Type.Object(
      {
        path: path("File, relative to the workspace."),
        offset: Type.Optional(Type.Integer({ minimum: 1, description: "First line, counted from 1." })),
        limit: Type.Optional(Type.Integer({ minimum: 1, description: "Number of lines." })),
      },
      closed,
    ),
    risk: "read",
    repeatable: true,
    async run({ path: file, offset = 1, limit = MAX_LINES }, call) {
      const { bytes, sizeBytes } = await openWorkspace(call.workspace).read(file, MAX_READ_BYTES);
      const image = imageType(bytes);
      if (image !== undefined) {
        if (sizeBytes > MAX_IMAGE_BYTES) throw fault("tool.failed", { reason: `${file} is an image of ${sizeBytes} bytes; at most ${MAX_IMAGE_BYTES} can be shown` });
        return { content: [{ type: "text", text: `${file} (${image}, ${sizeBytes} bytes)` }, { type: "image", data: bytes.toString("base64"), mimeType: image }] };
      }
      if (isBinary(bytes)) throw fault("tool.failed", { reason: `${file} is a binary file (${sizeBytes} bytes)` });
      return said(page(bytes.toString("utf8"), offset, Math.min(limit, MAX_LINES), bytes.length < sizeBytes ? sizeBytes : undefined));
    },
  });
}

function page(text: string, offset: number, limit: number, cutFrom: number | undefined): string {
  const lines = text.split("\n");
  if (offset > lines.length) throw fault("tool.failed", { reason: `the file has ${lines.length} lines` });
  const shown = lines.slice(offset - 1, offset - 1 + limit);
  const next = offset + shown.length;
  const more = next <= lines.length ? `\n[lines ${offset}-${next - 1} of ${lines.length}; go on with offset ${next}]` : "";
  const cut = cutFrom === undefined ? "" : `\n[only the first ${MAX_READ_BYTES} of ${cutFrom} bytes were read]`;
  return shown.join("\n") + more + cut;
}

function writeTool(ids: Ids, inTurn: Turns): Tool {
  return defineTool({
    name: "write",
    label: "Write file",
    description: "Writes a file of the workspace, replacing what is there. Folders on the way are made.",
    params: Type.Object({ path: path("File, relative to the workspace."), content: Type.String({ maxLength: MAX_WRITE_CHARS, description: "The whole content." }) }, closed),
    risk: "write",
    target: (params) => params.path,
    run: async ({ path: file, content }, call) =>
      inTurn(placeOf(call.workspace, file), async () => {
        const workspace = openWorkspace(call.workspace);
        const bytes = Buffer.from(content, "utf8");
        const { isNew } = await workspace.write(file, bytes, ids.hex(8));
        return { ...said(`${isNew ? "Made" : "Replaced"} ${workspace.show(file)} (${bytes.length} bytes).`), details: { path: workspace.show(file), bytes: bytes.length, isNew } };
      }),
  });
}

function editTool(ids: Ids, inTurn: Turns): Tool {
  return defineTool({
    name: "edit",
    label: "Edit file",
    description: "Replaces a passage of a file. oldText must be there exactly once, unless replaceAll is true.",
    params: Type.Object(
      {
        path: path("File, relative to the workspace."),
        oldText: Type.String({ minLength: 1, maxLength: MAX_WRITE_CHARS, description: "The passage as it is now." }),
        newText: Type.String({ maxLength: MAX_WRITE_CHARS, description: "What it becomes." }),
        replaceAll: Type.Optional(Type.Boolean({ description: "Replace every occurrence." })),
      },
      closed,
    ),
    risk: "write",
    target: (params) => params.path,
    run: async ({ path: file, oldText, newText, replaceAll = false }, call) =>
      inTurn(placeOf(call.workspace, file), async () => {
        const workspace = openWorkspace(call.workspace);
        const { bytes, sizeBytes } = await workspace.read(file, MAX_READ_BYTES);
        if (sizeBytes > bytes.length) throw fault("tool.failed", { reason: `${file} is too large to edit (${sizeBytes} bytes)` });
        if (isBinary(bytes)) throw fault("tool.failed", { reason: `${file} is a binary file` });
        const edited = replacePassage(bytes.toString("utf8"), oldText, newText, replaceAll);
        if (!edited.ok) throw fault("tool.failed", { reason: editProblem(file, edited) });
        await workspace.write(file, Buffer.from(edited.text, "utf8"), ids.hex(8));
        return { ...said(`Edited ${workspace.show(file)}: ${edited.count} ${edited.count === 1 ? "passage" : "passages"} replaced.`), details: { path: workspace.show(file), count: edited.count } };
      }),
  });
}

function editProblem(file: string, { reason, count }: { reason: "same" | "missing" | "ambiguous"; count: number }): string {
  if (reason === "same") return "oldText and newText are the same";
  if (reason === "missing") return `oldText was not found in ${file}; read the file and use its exact words`;
  return `oldText is in ${file} ${count} times; give more of what surrounds it, or set replaceAll`;
}

function listTool(): Tool {
  return defineTool({
    name: "list",
    label: "List files",
    description: "Lists a folder of the workspace.",
    params: Type.Object({ path: Type.Optional(path("Folder, relative to the workspace; the workspace itself when absent.")) }, closed),
    risk: "read",
    repeatable: true,
    async run({ path: folder = "." }, call) {
      const entries = await openWorkspace(call.workspace).list(folder);
      const shown = entries.slice(0, MAX_ENTRIES).map(line);
      const more = entries.length > MAX_ENTRIES ? [`[${entries.length - MAX_ENTRIES} more]`] : [];
      return { ...said([...shown, ...more].join("\n") || "(empty)"), details: { count: entries.length } };
    },
  });
}

function line({ name, kind, sizeBytes }: WorkspaceEntry): string {
  if (kind === "folder") return `${name}/`;
  return kind === "file" ? `${name} (${sizeBytes} bytes)` : `${name} (${kind}, not followed)`;
}

/** NUL bytes, or text that is not UTF-8, in the first 8 KiB. */
export function isBinary(bytes: Buffer): boolean {
  const head = bytes.subarray(0, 8_192);
  if (head.includes(0)) return true;
  try {
    // A character that the cut tore apart is no sign of a binary file.
    new TextDecoder("utf-8", { fatal: true }).decode(head, { stream: true });
    return false;
  } catch (error) {
    if (error instanceof TypeError) return true;
    throw error;
  }
}

/** Told by the first bytes, not the name. */
export function imageType(bytes: Buffer): string | undefined {
  if (bytes.subarray(0, 8).equals(Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]))) return "image/png";
  if (bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff) return "image/jpeg";
  if (/^GIF8[79]a$/.test(bytes.toString("latin1", 0, 6))) return "image/gif";
  if (bytes.toString("latin1", 0, 4) === "RIFF" && bytes.toString("latin1", 8, 12) === "WEBP") return "image/webp";
  return undefined;
}

/** One name for a file, however the path to it is spelt. */
function placeOf(workspace: string, path: string): string {
  return `${workspace}\0${partsOf(workspace, path).join("/")}`;
}

type Turns = <T>(key: string, work: () => Promise<T>) => Promise<T>;

/** Work on one file happens one after the other, so that two edits at once do not lose one. */
function createTurns(): Turns {
  const tails = new Map<string, Promise<unknown>>();
  return async (key, work) => {
    const before = tails.get(key) ?? Promise.resolve();
    const mine = before.then(work, work);
    tails.set(key, mine);
    try {
      return await mine;
    } finally {
      if (tails.get(key) === mine) tails.delete(key);
    }
  };
}
