// Every agent's sessions.json as one map: which entry a key has, whose it is, and which session a transcript belongs to.
import type { Config } from "../config/config.ts";
import type { SessionDocument, SessionEntry, SessionStore } from "../sdk/backends.ts";
import { agentIdOf, type KeySettings } from "./key.ts";
import type { TranscriptRef } from "./transcript.ts";

export interface Registry {
  keySettings(): KeySettings;
  agentOf(key: string): string;
  /** Of agents whose document is open: all that had one at start, and those used since. */
  entry(key: string): SessionEntry | undefined;
  /** Opens the agent's document when it is not open yet. */
  document(agentId: string): Promise<SessionDocument>;
  opened(agentId: string): SessionDocument | undefined;
  all(): Generator<[string, SessionEntry]>;
  count(): number;
  /** The store file, or `(multiple)`. */
  path(agentId?: string): string;
  put(key: string, entry: SessionEntry, options: { durable: boolean; withinMs?: number }): Promise<void>;
  remove(key: string): Promise<SessionEntry | undefined>;
  keyOfSession(sessionId: string): string | undefined;
  ref(key: string, entry: SessionEntry): TranscriptRef;
}

export async function createRegistry({ store, config }: { store: SessionStore; config: Pick<Config, "current"> }): Promise<Registry> {
  const documents = new Map<string, SessionDocument>();
  const keyBySession = new Map<string, string>();

  const keySettings = (): KeySettings => {
    const { agents, session } = config.current().value;
    const listed = agents.list ?? [];
    return { mainKey: session.mainKey ?? "main", scope: session.scope ?? "per-sender", defaultAgentId: (listed.find((agent) => agent.default) ?? listed[0])?.id ?? "main" };
  };
  const agentOf = (key: string) => agentIdOf(key, keySettings().defaultAgentId);
  const document = async (agentId: string): Promise<SessionDocument> => {
    const known = documents.get(agentId);
    if (known) return known;
    const opened = await store.sessions(agentId);
    if (!documents.has(agentId)) for (const [key, entry] of opened.entries) keyBySession.set(entry.sessionId, key);
    documents.set(agentId, opened);
    return opened;
  };
  for (const agentId of await store.agentIds()) await document(agentId);

  return {
    keySettings,
    agentOf,
    entry: (key) => documents.get(agentOf(key))?.entries.get(key),
    document,
    opened: (agentId) => documents.get(agentId),
    *all() {
      for (const opened of documents.values()) yield* opened.entries;
    },
    count: () => [...documents.values()].reduce((sum, opened) => sum + opened.entries.size, 0),
    path(agentId) {
      const chosen = agentId === undefined ? [...documents.values()] : [documents.get(agentId)];
      return (chosen.length === 1 ? chosen[0]?.path : undefined) ?? "(multiple)";
    },
    async put(key, entry, options) {
      // Without a wait before it, so that no change made meanwhile is overwritten.
      const opened = documents.get(agentOf(key)) ?? (await document(agentOf(key)));
      const before = opened.entries.get(key);
      await opened.put(key, entry, options);
      if (before && before.sessionId !== entry.sessionId) keyBySession.delete(before.sessionId);
      keyBySession.set(entry.sessionId, key);
    },
    async remove(key) {
      const opened = await document(agentOf(key));
      const entry = opened.entries.get(key);
      if (!entry) return undefined;
      await opened.remove(key);
      keyBySession.delete(entry.sessionId);
      return entry;
    },
    keyOfSession: (sessionId) => keyBySession.get(sessionId),
    ref: (key, entry) => ({ agentId: agentOf(key), sessionId: entry.sessionId, ...(typeof entry.sessionFile === "string" ? { file: entry.sessionFile } : {}) }),
  };
}
