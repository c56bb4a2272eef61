// The search tool: finds files by name and lines by text inside the workspace. Plain text and `*`, no regular expressions, so no pattern can hang it.
import { Type } from "typebox";
import { fault } from "../base/faults.ts";
import { defineTool, type Tool, type ToolContext } from "../sdk/tool.ts";
import { globMatches } from "./policy.ts";
import { openWorkspace, type Workspace } from "./workspace.ts";

const MAX_FILES = 20_000;
const MAX_FILE_BYTES = 2_097_152;
const MAX_HITS = 200;
const MAX_LINE_CHARS = 300;
/** Folders that hold machines' work, not a person's. */
const skipped = new Set([".git", "node_modules"]);

export function createSearchTool(): Tool {
  return defineTool({
    name: "search",
    label: "Search files",
    description: "Searches the workspace. With text: lines that contain it. With only glob: files whose path fits. Text is plain, not a pattern; case does not matter.",
    params: Type.Object(
      {
        text: Type.Optional(Type.String({ minLength: 1, maxLength: 1_000, description: "Text to find in files." })),
        glob: Type.Optional(Type.String({ minLength: 1, maxLength: 1_000, description: "Path that must fit; * stands for anything, e.g. *.md" })),
        path: Type.Optional(Type.String({ minLength: 1, maxLength: 4_096, description: "Folder to search; the whole workspace when absent." })),
      },
      { additionalProperties: false },
    ),
    risk: "read",
    repeatable: true,
    async run({ text, glob, path = "." }, call) {
      if (text === undefined && glob === undefined) throw fault("tool.failed", { reason: "give text, glob, or both" });
      const { hits, seen, isCut } = await search(openWorkspace(call.workspace), { text: text?.toLowerCase(), glob: glob?.toLowerCase(), path }, call);
      const note = isCut ? `\n[stopped after ${hits.length} hits in ${seen} files]` : "";
      return { content: [{ type: "text", text: hits.length > 0 ? hits.join("\n") + note : `Nothing found in ${seen} files.` }], details: { hits: hits.length, files: seen } };
    },
  });
}

interface Wanted { text: string | undefined; glob: string | undefined; path: string }

async function search(workspace: Workspace, wanted: Wanted, call: ToolContext): Promise<{ hits: string[]; seen: number; isCut: boolean }> {
  const hits: string[] = [];
  let seen = 0;
  for await (const file of filesBelow(workspace, workspace.show(wanted.path), call.signal)) {
    if (++seen > MAX_FILES || hits.length >= MAX_HITS) return { hits, seen, isCut: true };
    if (wanted.glob !== undefined && !fitsGlob(wanted.glob, file.toLowerCase())) continue;
    if (wanted.text === undefined) hits.push(file);
    else hits.push(...(await hitsIn(workspace, file, wanted.text, MAX_HITS - hits.length)));
  }
  return { hits, seen, isCut: false };
}

/** A glob without a slash fits the name anywhere. */
function fitsGlob(glob: string, file: string): boolean {
  return globMatches(glob, file) || (!glob.includes("/") && globMatches(glob, file.split("/").at(-1) ?? ""));
}

async function* filesBelow(workspace: Workspace, folder: string, signal: AbortSignal): AsyncGenerator<string> {
  const waiting = [folder];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    signal.throwIfAborted();
    const entries = await workspace.list(next);
    const at = next === "." ? "" : `${next}/`;
    for (const entry of entries) if (entry.kind === "file") yield at + entry.name;
    for (const entry of entries.toReversed()) if (entry.kind === "folder" && !skipped.has(entry.name)) waiting.push(at + entry.name);
  }
}

async function hitsIn(workspace: Workspace, file: string, wanted: string, max: number): Promise<string[]> {
  const { bytes, sizeBytes } = await workspace.read(file, MAX_FILE_BYTES);
  if (sizeBytes > MAX_FILE_BYTES || bytes.subarray(0, 8_192).includes(0)) return [];
  const text = bytes.toString("utf8");
  const lower = text.toLowerCase();
  if (!lower.includes(wanted)) return [];
  const hits: string[] = [];
  for (const [index, line] of text.split("\n").entries()) {
    if (hits.length >= max) break;
    if (line.toLowerCase().includes(wanted)) hits.push(`${file}:${index + 1}: ${line.trim().slice(0, MAX_LINE_CHARS)}`);
  }
  return hits;
}
