// SessionStore on this machine: sessions.json, transcripts and blobs as files, machine rows in state.db.
import { basename, dirname, join } from "node:path";
import type { Clock } from "../base/clock.ts";
import { fault } from "../base/faults.ts";
import type { Ids } from "../base/ids.ts";
import type { Log } from "../base/log.ts";
import type { SessionStore, TranscriptLog } from "../sdk/backends.ts";
import { createBlobs } from "./blobs.ts";
import { writeWhole, type Disk } from "./disk.ts";
import { createJsonlFile, fileStamp } from "./jsonl-file.ts";
import { lockedFault, readHolder, writeHolder } from "./lock.ts";
import { repairModes } from "./modes.ts";
import type { Paths } from "./paths.ts";
import { createScratch, type Scratch } from "./scratch.ts";
import { openSessionDocument, type OpenDocument } from "./session-document.ts";
import { openStateDb, StateDbBusy, type StateDb } from "./state-db.ts";
import { createStateRows } from "./state-rows.ts";
import { asStoreFault } from "./store-faults.ts";
import { createTranscriptFile } from "./transcript-file.ts";

export interface LocalStoreDeps {
  disk: Disk;
  clock: Clock;
  ids: Ids;
  log: Log;
  paths: Pick<Paths, "stateDir" | "stateDb" | "lock" | "blobs" | "sessionsDir" | "scratchDir">;
  /** config `store.durability`; `disk` when absent. */
  durability?: "disk" | "process";
  /** config `session.store`: another place for sessions.json, `{agentId}` is replaced. */
  sessionsFile?: string;
}

const LOCK_WAIT_MS = 800;
const SCRATCH_SWEEP_MS = 3_600_000;
const DEEP_MODES_MS = 2_000;
const PROBE_BYTES = 4_096;

/** Takes the state directory for this process. Throws store.locked within a second when another process has it. */
export async function createLocalStore(deps: LocalStoreDeps): Promise<SessionStore> {
  const { disk, clock, ids, log, paths } = deps;
  await disk.makeDir(paths.stateDir);
  const db = await openAlone(deps);
  const modes = { disk, log, dir: paths.stateDir };
  try {
    await writeHolder(disk, paths.lock, clock.now());
    await repairModes(modes, { deep: false });
  } catch (error) {
    await db.close();
    throw asStoreFault(error);
  }

  const rows = createStateRows(db, clock);
  const blobs = createBlobs({ disk, clock, ids, log, dir: paths.blobs });
  const documents = new Map<string, Promise<OpenDocument>>();
  const scratches = new Map<string, Scratch>();
  const agentsDir = dirname(dirname(paths.sessionsDir("main")));

  const scratchOf = (agentId: string): Scratch => {
    let found = scratches.get(agentId);
    if (!found) scratches.set(agentId, (found = createScratch({ disk, clock, log, dir: paths.scratchDir(agentId) })));
    return found;
  };
  const agentIds = async () => (await disk.list(agentsDir)).filter((name) => /^[a-z0-9][a-z0-9_-]{0,63}$/.test(name));
  const sweepScratch = async () => {
    for (const agentId of await agentIds()) await scratchOf(agentId).sweep();
  };
  const sweeper = clock.every(SCRATCH_SWEEP_MS, () => {
    sweepScratch().catch((error: unknown) => log.warn("old scratch transcripts could not be removed", { error }));
  });
  const deepModes = clock.after(DEEP_MODES_MS, () => {
    repairModes(modes, { deep: true }).catch((error: unknown) => log.warn("permissions could not be checked", { error }));
  });
  const transcriptPath = (agentId: string, sessionId: string, file?: string): string => {
    if (!/^[\w.-]{1,128}$/.test(sessionId) || sessionId.startsWith(".")) throw fault("session.key", { key: sessionId });
    const dir = paths.sessionsDir(agentId);
    // Files named in an adopted sessions.json may carry the folder they once lay in; only the name counts.
    const name = file === undefined ? `${sessionId}.jsonl` : basename(file);
    if (name.startsWith(".")) throw fault("session.key", { key: name });
    return join(dir, name);
  };
  const openDocument = async (agentId: string): Promise<OpenDocument> => {
    const path = deps.sessionsFile?.replaceAll("{agentId}", agentId) ?? join(paths.sessionsDir(agentId), "sessions.json");
    await disk.makeDir(paths.sessionsDir(agentId));
    await disk.makeDir(dirname(path));
    return openSessionDocument({ disk, clock, log, path });
  };

  return {
    rows,
    agentIds,
    sessions(agentId) {
      let found = documents.get(agentId);
      if (!found) {
        found = openDocument(agentId);
        documents.set(agentId, found);
        found.catch(() => documents.delete(agentId));
      }
      return found;
    },
    transcript(agentId, sessionId, file): TranscriptLog {
      return createTranscriptFile(createJsonlFile({ disk, clock, log, path: transcriptPath(agentId, sessionId, file) }), log);
    },
    transcriptPath,
    async archiveTranscript(agentId, sessionId, reason, file) {
      const path = transcriptPath(agentId, sessionId, file);
      if (!(await disk.stat(path))) return undefined;
      const archived = `${path}.${reason}.${fileStamp(clock.now())}`;
      await disk.rename(path, archived);
      await disk.syncDir(dirname(path));
      return archived;
    },
    async replaceTranscript(agentId, sessionId, entries, file) {
      const path = transcriptPath(agentId, sessionId, file);
      const archived = `${path}.bak.${fileStamp(clock.now())}`;
      try {
        await disk.copy(path, archived);
        await writeWhole(disk, path, Buffer.from(entries.map((entry) => `${JSON.stringify(entry)}\n`).join("")));
      } catch (error) {
        throw asStoreFault(error);
      }
      return archived;
    },
    scratch: (agentId, sessionId) => scratchOf(agentId).transcript(sessionId),
    putBlob: (bytes) => blobs.put(bytes),
    getBlob: (hash) => blobs.get(hash),
    sweepBlobs: (options) => blobs.sweep(options),
    probe: () => probe({ disk, db, clock, dir: paths.stateDir }),
    async close() {
      sweeper.cancel();
      deepModes.cancel();
      for (const document of documents.values()) await (await document).close();
      for (const scratch of scratches.values()) await scratch.close();
      await disk.remove(paths.lock);
      rows.flush();
      await db.close();
    },
  };
}

/** Two that start at once may each see the other's half-taken lock, so a refusal is tried again until someone is named. */
async function openAlone({ disk, clock, ids, log, paths, durability }: LocalStoreDeps): Promise<StateDb> {
  const giveUpAt = clock.monotonic() + LOCK_WAIT_MS;
  for (;;) {
    try {
      return await openStateDb({ disk, clock, log, path: paths.stateDb, durability: durability ?? "disk" });
    } catch (error) {
      if (!(error instanceof StateDbBusy)) throw error;
    }
    const holder = await readHolder(disk, paths.lock);
    if (holder || clock.monotonic() >= giveUpAt) throw lockedFault(holder);
    await clock.sleep(10 + Math.floor(ids.fraction() * 40));
  }
}

/** A row and a file of some size: a full disk may still take a row where the log has room. */
async function probe({ disk, db, clock, dir }: { disk: Disk; db: StateDb; clock: Clock; dir: string }): Promise<void> {
  const path = join(dir, ".probe");
  try {
    db.run("INSERT INTO meta (id, value) VALUES ('probe', ?) ON CONFLICT (id) DO UPDATE SET value = excluded.value", [String(clock.now())]);
    await disk.remove(path);
    const file = await disk.open(path, "new");
    try {
      await file.append(Buffer.alloc(PROBE_BYTES, 0x20));
      await file.sync();
    } finally {
      await file.close();
      await disk.remove(path);
    }
    await db.durable();
  } catch (error) {
    throw asStoreFault(error);
  }
}
