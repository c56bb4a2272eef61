// What the frame always shows: runs going on, devices that wait, models that can be used. Read at every hello, kept by events.
import type { Gateway } from "./gateway.ts";
import type { AgentList } from "./agents.ts";
import { createResource, type Resource } from "./resource.ts";
import { createValue, type Value } from "./value.ts";
import type { ModelRow, PairingList, SessionRow } from "./wire.ts";

export interface Live {
  /** Run id → session key of every run known to be going on. */
  readonly runs: Value<ReadonlyMap<string, string>>;
  readonly sessions: Resource<SessionList>;
  readonly models: Resource<ModelRow[]>;
  readonly agents: Resource<AgentList>;
  readonly pairing: Resource<PairingList>;
  begin(): () => void;
}

export interface SessionList {
  rows: SessionRow[];
  total: number;
  defaults: { modelProvider: string | null; model: string | null };
}

interface AgentEvent {
  runId: string;
  stream: string;
  sessionKey?: string;
  data?: { phase?: string };
}

interface ChatEvent {
  runId: string;
  state: string;
}

const listedSessions = 200;

export function createLive(gateway: Gateway): Live {
  const runs = createValue<ReadonlyMap<string, string>>(new Map());
  const sessions = createResource<SessionList>({
    gateway,
    refreshOn: ["sessions.changed"],
    async load() {
      const answer = await gateway.call<{ sessions: SessionRow[]; totalCount?: number; count: number; defaults?: SessionList["defaults"] }>("sessions.list", { limit: listedSessions, includeDerivedTitles: true, includeLastMessage: true });
      return { rows: answer.sessions, total: answer.totalCount ?? answer.count, defaults: answer.defaults ?? { modelProvider: null, model: null } };
    },
  });
  const models = createResource<ModelRow[]>({ gateway, refreshOn: ["config.changed"], load: async () => (await gateway.call<{ models: ModelRow[] }>("models.list", {})).models });
  const agents = createResource<AgentList>({
    gateway,
    refreshOn: ["config.changed"],
    load: async () => (gateway.can("agents.list", "operator.read") ? gateway.call("agents.list", {}) : { defaultId: "main", mainKey: "main", agents: [] }),
  });
  const pairing = createResource<PairingList>({
    gateway,
    // Presence tells of devices that came in by a link or the host's word, and who is connected.
    refreshOn: ["device.pair.requested", "device.pair.resolved", "device.pair.changed", "presence"],
    load: () => (gateway.can("device.pair.list", "operator.pairing") ? gateway.call<PairingList>("device.pair.list", {}) : Promise.resolve({ pending: [], paired: [] })),
  });

  /** Runs that began before this page did, and those whose events were missed. */
  const readRuns = async (): Promise<void> => {
    try {
      const { runs: going = [] } = await gateway.call<{ runs?: { runId: string; sessionKey: string; state: string }[] }>("status", {});
      runs.set(new Map(going.filter((run) => run.state !== "queued").map((run) => [run.runId, run.sessionKey])));
    } catch {
      runs.set(new Map()); // not allowed or gone again: events tell what begins from here on
    }
  };

  const change = (edit: (map: Map<string, string>) => void): void => {
    const next = new Map(runs.get());
    edit(next);
    runs.set(next);
  };
  const ended = (runId: string): void => {
    if (runs.get().has(runId)) change((map) => map.delete(runId));
  };

  return {
    runs,
    sessions,
    models,
    agents,
    pairing,
    begin() {
      const stops = [
        gateway.on("online", () => {
          void readRuns();
          if (gateway.can("sessions.subscribe", "operator.read")) gateway.call("sessions.subscribe", {}).catch(() => undefined); // without it the list refreshes on gaps and reconnects only
        }),
        gateway.on("gap", () => void readRuns()),
        gateway.on<AgentEvent>("agent", ({ runId, stream, sessionKey, data }) => {
          if (stream !== "lifecycle") return;
          if (data?.phase === "start") change((map) => map.set(runId, sessionKey ?? ""));
          if (data?.phase === "end" || data?.phase === "error") ended(runId);
        }),
        gateway.on<ChatEvent>("chat", ({ runId, state }) => {
          if (state === "delta" || state === "status") return;
          ended(runId);
          // The list shows last words, which are others now.
          sessions.soon();
        }),
        sessions.begin(),
        models.begin(),
        agents.begin(),
        pairing.begin(),
      ];
      return () => {
        for (const stop of stops) stop();
      };
    },
  };
}
