// sessions.json of one agent: a live map, written whole, one entry per line so that a damaged line costs one entry.
import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import type { SessionDocument, SessionEntry } from "../sdk/backends.ts";
import { writeWhole, type Disk } from "./disk.ts";
import { createJsonFile } from "./json-file.ts";
import { fileStamp } from "./jsonl-file.ts";
import { parseLine } from "./jsonl-repair.ts";

export interface SessionDocumentDeps {
  disk: Disk;
  clock: Clock;
  log: Log;
  path: string;
}

export interface OpenDocument extends SessionDocument {
  close(): Promise<void>;
}

export async function openSessionDocument(deps: SessionDocumentDeps): Promise<OpenDocument> {
  const entries = await load(deps);
  const lines = new Map<string, string>();
  const set = (key: string, entry: SessionEntry | undefined) => {
    if (entry) {
      entries.set(key, entry);
      lines.set(key, lineOf(key, entry));
    } else {
      entries.delete(key);
      lines.delete(key);
    }
  };
  for (const [key, entry] of entries) set(key, entry);
  const file = createJsonFile({ ...deps, render: () => (lines.size === 0 ? "{}\n" : `{\n${[...lines.values()].join(",\n")}\n}\n`) });
  return {
    entries,
    path: deps.path,
    async put(key, entry, { durable, withinMs }) {
      const before = entries.get(key);
      set(key, entry);
      if (!durable) return file.saveSoon(withinMs);
      try {
        await file.save();
      } catch (error) {
        // What was refused must not look kept to the next reader.
        if (entries.get(key) === entry) set(key, before);
        throw error;
      }
    },
    async remove(key) {
      const before = entries.get(key);
      if (!before) return;
      set(key, undefined);
      try {
        await file.save();
      } catch (error) {
        if (!entries.has(key)) set(key, before);
        throw error;
      }
    },
    close: () => file.close(),
  };
}

function lineOf(key: string, entry: SessionEntry): string {
  return `  ${JSON.stringify(key)}: ${JSON.stringify(entry)}`;
}

async function load({ disk, clock, log, path }: SessionDocumentDeps): Promise<Map<string, SessionEntry>> {
  const bytes = await disk.readFile(path);
  if (!bytes) return new Map();
  const text = bytes.toString();
  const whole = parseLine(text);
  if (whole) return keepEntries(whole, log, path);
  const savedAs = `${path}.damaged.${fileStamp(clock.now())}`;
  await writeWhole(disk, savedAs, bytes);
  const saved = keepEntries(salvage(text), log, path);
  log.warn("sessions.json was damaged; what could be read was kept", { path, savedAs, entries: saved.size });
  return saved;
}

/** Entries of the lines that still are JSON. */
function salvage(text: string): Record<string, unknown> {
  const found: Record<string, unknown> = Object.create(null) as Record<string, unknown>; // keys come from a file
  for (const line of text.split("\n")) Object.assign(found, parseLine(`{${line.trim().replace(/,$/, "")}}`));
  return found;
}

function keepEntries(document: Record<string, unknown>, log: Log, path: string): Map<string, SessionEntry> {
  const entries = new Map<string, SessionEntry>();
  for (const [key, value] of Object.entries(document)) {
    if (isEntry(value)) entries.set(key, value);
    else log.warn("an entry of sessions.json has no session id and was left out", { path, key });
  }
  return entries;
}

function isEntry(value: unknown): value is SessionEntry {
  if (typeof value !== "object" || value === null) return false;
  const { sessionId, updatedAt } = value as Record<string, unknown>; // read as unknown members
  return typeof sessionId === "string" && /^[\w.-]{1,128}$/.test(sessionId) && !sessionId.startsWith(".") && (updatedAt === undefined || typeof updatedAt === "number");
}
