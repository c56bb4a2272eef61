// Resolves an agent from the configuration: id, identity, workspace, model wish, limits; and edits it there.
import { isAbsolute, join } from "node:path";
import type { Clock } from "../base/clock.ts";
import { fault } from "../base/faults.ts";
import type { Config, ConfigChange, ConfigSnapshot } from "../config/config.ts";
import type { Disk } from "../store/disk.ts";
import type { Paths } from "../store/paths.ts";
import type { CompactionSettings } from "./compact.ts";
import { buildPrompt } from "./prompt.ts";
import type { Limits } from "./run-limits.ts";
import { createWorkspaces, workspaceFileNames, type WorkspaceFileName } from "./workspace.ts";

export interface Agent {
  id: string;
  name?: string;
  isDefault: boolean;
  /** Absolute path. */
  workspace: string;
  identity: { name: string; theme?: string; emoji?: string; avatar?: string };
  thinkingDefault: "off" | "minimal" | "low" | "medium" | "high" | "xhigh";
  timeoutMs: number;
  limits: Limits;
  compaction: CompactionSettings;
}

export interface Agents {
  defaultId(): string;
  /** Throws agent.unknown. */
  get(agentId: string, config?: ConfigSnapshot): Agent;
  list(): Agent[];
  create(spec: { id: string; name?: string; workspace?: string; model?: string }): Promise<Agent>;
  update(agentId: string, change: { name?: string; workspace?: string; model?: string; identity?: Partial<Agent["identity"]> }): Promise<Agent>;
  remove(agentId: string): Promise<void>;
  /** Workspace files an operator may read and edit: AGENTS.md, SOUL.md, IDENTITY.md, USER.md, TOOLS.md, MEMORY.md, HEARTBEAT.md, BOOTSTRAP.md. */
  files(agentId: string): Promise<{ name: string; path: string; size: number; updatedAtMs: number; missing: boolean }[]>;
  readFile(agentId: string, name: string): Promise<string | undefined>;
  writeFile(agentId: string, name: string, content: string): Promise<void>;
  /** The system prompt of a run; makes the workspace when it is new. */
  instructions(agent: Agent, about: { config: ConfigSnapshot; isMainSession: boolean; hasTools: boolean; extraSystem?: string }): Promise<string>;
}

export interface AgentsDeps {
  clock: Clock;
  config: Pick<Config, "current" | "set">;
  paths: Paths;
  disk: Disk;
  /** What `~` in a workspace path stands for. */
  home: string;
}

type Entry = NonNullable<ConfigSnapshot["value"]["agents"]["list"]>[number];

/** The agent there is when none is configured. */
const IMPLICIT_ID = "main";
const idPattern = /^[a-z0-9][a-z0-9_-]{0,63}$/;

export function createAgents(deps: AgentsDeps): Agents {
  const { config, paths, disk } = deps;
  const dates = createDates();
  const workspaces = createWorkspaces({ disk, clock: deps.clock });

  const entries = (snapshot: ConfigSnapshot): Entry[] => {
    const list = snapshot.value.agents.list ?? [];
    return list.length === 0 ? [{ id: IMPLICIT_ID }] : list;
  };
  const defaultIn = (list: readonly Entry[]): string => (list.find((entry) => entry.default) ?? list[0])?.id ?? IMPLICIT_ID;
  const get = (agentId: string, snapshot = config.current()): Agent => {
    const list = entries(snapshot);
    const entry = list.find((one) => one.id === agentId);
    if (!entry) throw fault("agent.unknown", { agentId });
    return resolve(entry, agentId === defaultIn(list), snapshot);
  };
  const resolve = (entry: Entry, isDefault: boolean, { value }: ConfigSnapshot): Agent => {
    const defaults = value.agents.defaults ?? {};
    const limits = defaults.limits ?? {};
    const compaction = defaults.compaction ?? {};
    const identity = entry.identity ?? {};
    return {
      id: entry.id,
      isDefault,
      ...(entry.name === undefined ? {} : { name: entry.name }),
      workspace: workspaceOf(entry, isDefault, defaults.workspace),
      identity: {
        name: identity.name ?? entry.name ?? "Assistant",
        ...(identity.theme === undefined ? {} : { theme: identity.theme }),
        ...(identity.emoji === undefined ? {} : { emoji: identity.emoji }),
        ...(identity.avatar === undefined ? {} : { avatar: identity.avatar }),
      },
      thinkingDefault: entry.thinkingDefault ?? defaults.thinkingDefault ?? "off",
      timeoutMs: (entry.timeoutSeconds ?? defaults.timeoutSeconds ?? 600) * 1000,
      limits: {
        maxSteps: limits.maxSteps ?? 50,
        maxTokens: limits.maxTokens ?? 0,
        maxRepeatedCalls: limits.maxRepeatedCalls ?? 4,
        maxConsecutiveErrors: limits.maxConsecutiveErrors ?? 8,
      },
      compaction: {
        mode: compaction.mode ?? "default",
        keepRecentTokens: compaction.keepRecentTokens ?? 20_000,
        reserveTokens: compaction.reserveTokens ?? 16_000,
        ...(defaults.contextTokens === undefined ? {} : { contextTokens: defaults.contextTokens }),
      },
    };
  };
  /** A workspace is made before it is written down: one that cannot be made is refused and nothing is changed. */
  const made = (entry: Entry, isDefault = false): Promise<void> => {
    const { defaults } = config.current().value.agents;
    return workspaces.ensure(workspaceOf(entry, isDefault, defaults?.workspace), { skipBootstrap: defaults?.skipBootstrap ?? false });
  };
  const workspaceOf = (entry: Entry, isDefault: boolean, fallback: string | undefined): string => {
    const written = entry.workspace ?? (isDefault ? fallback : undefined);
    if (written === undefined) return isDefault ? paths.workspace : `${paths.workspace}-${entry.id}`;
    if (written === "~" || written.startsWith("~/")) return join(deps.home, written.slice(1));
    return isAbsolute(written) ? written : join(paths.stateDir, written);
  };

  const edit = async (change: (list: Entry[]) => Entry[]): Promise<void> => {
    const done: ConfigChange = await config.set("agents.list", change(entries(config.current())));
    if (!done.applied) throw fault("config.invalid", { issues: done.issues });
  };
  const fileOf = (agentId: string, name: string): { dir: string; name: WorkspaceFileName } => {
    const known = workspaceFileNames.find((one) => one === name);
    if (!known) throw fault("request.invalid", { reason: `unsupported file "${name}"` });
    return { dir: get(agentId).workspace, name: known };
  };

  return {
    defaultId: () => defaultIn(entries(config.current())),
    get,
    list() {
      const snapshot = config.current();
      const list = entries(snapshot);
      const first = defaultIn(list);
      return list.map((entry) => resolve(entry, entry.id === first, snapshot)).sort((a, b) => Number(b.isDefault) - Number(a.isDefault));
    },
    async create(spec) {
      if (!idPattern.test(spec.id)) throw fault("request.invalid", { reason: `invalid agent id "${spec.id}"` });
      await made(spec);
      await edit((list) => {
        if (list.some((entry) => entry.id === spec.id)) throw fault("agent.exists", { agentId: spec.id });
        return [...list.map((entry, i) => (i === 0 && !list.some((one) => one.default) ? { ...entry, default: true } : entry)), { ...spec }];
      });
      return get(spec.id);
    },
    async update(agentId, change) {
      const { isDefault } = get(agentId);
      if (change.workspace !== undefined) await made({ id: agentId, workspace: change.workspace }, isDefault);
      await edit((list) =>
        list.map((entry) => {
          if (entry.id !== agentId) return entry;
          const { identity, ...rest } = change;
          return { ...entry, ...rest, ...(identity === undefined ? {} : { identity: { ...entry.identity, ...identity } }) };
        }),
      );
      return get(agentId);
    },
    async remove(agentId) {
      if (get(agentId).isDefault) throw fault("request.invalid", { reason: `"${agentId}" is the default agent; make another one the default first` });
      await edit((list) => list.filter((entry) => entry.id !== agentId));
    },
    files: async (agentId) => workspaces.list(get(agentId).workspace),
    async readFile(agentId, name) {
      const file = fileOf(agentId, name);
      return workspaces.text(file.dir, file.name);
    },
    async writeFile(agentId, name, content) {
      const file = fileOf(agentId, name);
      await workspaces.write(file.dir, file.name, content);
    },
    async instructions(agent, about) {
      const defaults = about.config.value.agents.defaults ?? {};
      await workspaces.ensure(agent.workspace, { skipBootstrap: defaults.skipBootstrap ?? false });
      const files = await workspaces.read(agent.workspace, defaults.bootstrapMaxChars ?? 20_000);
      const { day, timeZone } = dates(deps.clock.now(), defaults.userTimezone);
      return buildPrompt({ agent, files, isMainSession: about.isMainSession, hasTools: about.hasTools, day, timeZone, ...(about.extraSystem === undefined ? {} : { extraSystem: about.extraSystem }) });
    },
  };
}

/** The date where the person is; an unknown zone is read as the machine's. Worked out once a minute. */
function createDates(): (at: number, zone: string | undefined) => { day: string; timeZone: string } {
  const known = new Map<string | undefined, { minute: number; format: Intl.DateTimeFormat; date: { day: string; timeZone: string } }>();
  return (at, zone) => {
    const minute = Math.floor(at / 60_000);
    const last = known.get(zone);
    if (last?.minute === minute) return last.date;
    const format = last?.format ?? dateFormat(zone);
    const date = { day: format.format(at), timeZone: last?.date.timeZone ?? format.resolvedOptions().timeZone };
    known.set(zone, { minute, format, date });
    return date;
  };
}

function dateFormat(zone: string | undefined): Intl.DateTimeFormat {
  const parts = { year: "numeric", month: "2-digit", day: "2-digit" } as const;
  try {
    return new Intl.DateTimeFormat("en-CA", { ...parts, ...(zone === undefined ? {} : { timeZone: zone }) });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return new Intl.DateTimeFormat("en-CA", parts);
  }
}
