// The extension host: manifests first, code only when something it provides is asked for.
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { deadline, orAborted } from "../base/abort.ts";
import type { Clock } from "../base/clock.ts";
import { fault } from "../base/faults.ts";
import type { Ids } from "../base/ids.ts";
import type { Log } from "../base/log.ts";
import type { Config, ConfigSnapshot } from "../config/config.ts";
import { deepEqual, parsePath, valueAt } from "../config/path.ts";
import type { Contributions, Extension, Host } from "../sdk/extension.ts";
import type { Disk } from "../store/disk.ts";
import type { Egress } from "../vault/egress.ts";
import { discover, entryOf, type ExtensionRoot, type Found } from "./discover.ts";
import { configProblem, requirementProblem, type ContributionKind, type ExtensionManifest } from "./manifest.ts";

export type { ExtensionManifest } from "./manifest.ts";

export interface ExtensionStatus { id: string; name: string; state: "idle" | "loaded" | "disabled" | "broken"; reason?: string }

export interface ExtensionHost {
  manifests(): readonly ExtensionManifest[];
  /** Ids of one kind over all enabled extensions, without loading them. */
  offered(kind: ContributionKind): readonly { extension: string; id: string }[];
  /** Loads the extension on first use. Throws extension.broken. */
  load(extensionId: string): Promise<Contributions>;
  status(): ExtensionStatus[];
  close(): Promise<void>;
}

export interface ExtensionHostDeps {
  disk: Disk;
  clock: Clock;
  ids: Ids;
  log: Log;
  config: Pick<Config, "current" | "own" | "secret">;
  egress: Egress;
  /** Ours first: the first of two with one id counts. */
  roots: readonly ExtensionRoot[];
  stateDir: string;
  signal: AbortSignal;
  machine?: { os: string; node: string };
}

interface Loaded {
  found: Found & { manifest: ExtensionManifest };
  contributions: Contributions;
  stop: AbortController;
}

const SETUP_MS = 10_000;
const CLOSE_MS = 5_000;
/** This many failed loads within the window park an extension until its settings change. */
const MAX_FAILURES = 3;
const FAILURE_WINDOW_MS = 60_000;

export async function createExtensionHost(deps: ExtensionHostDeps): Promise<ExtensionHost> {
  const { disk, clock, config, log } = deps;
  const machine = deps.machine ?? { os: process.platform, node: process.versions.node };
  const found = await discover(disk, deps.roots);
  const loading = new Map<string, Promise<Loaded>>();
  /** In the order of loading. */
  const loaded = new Map<string, Loaded>();
  const failures = new Map<string, { at: number[]; reason: string }>();

  const settingsOf = (id: string, snapshot: ConfigSnapshot = config.current()) => snapshot.value.extensions.entries?.[id];
  /** Why it may not run, in the words a person is shown; undefined when it may. */
  const disabledReason = (one: Found, snapshot: ConfigSnapshot = config.current()): string | undefined => {
    if (snapshot.value.extensions.deny?.includes(one.id) === true) return "denied by extensions.deny";
    if (settingsOf(one.id, snapshot)?.enabled === false) return `switched off by extensions.entries.${one.id}.enabled`;
    if (!one.isOurs) return "extensions of others run only in a process of their own, which this version does not have";
    return "manifest" in one ? requirementProblem(one.manifest, machine) : undefined;
  };
  const usable = () => found.filter((one): one is Found & { manifest: ExtensionManifest } => "manifest" in one && disabledReason(one) === undefined);
  const isParked = (id: string): boolean => {
    const recent = failures.get(id)?.at.filter((at) => clock.monotonic() - at < FAILURE_WINDOW_MS) ?? [];
    return recent.length >= MAX_FAILURES;
  };

  const hostFor = (manifest: ExtensionManifest, stop: AbortController): Host => ({
    config: settingsOf(manifest.id)?.config ?? {},
    log: log.child({ extension: manifest.id }),
    clock,
    ids: deps.ids,
    signal: stop.signal,
    dir: join(deps.stateDir, "extension-data", manifest.id),
    async secret(ref) {
      if (manifest.secrets?.includes(ref) !== true) throw fault("secret.unknown", { name: ref });
      const secret = await config.secret(valueAt(settingsOf(manifest.id)?.config, parsePath(ref)));
      if (!secret) throw fault("secret.unknown", { name: ref });
      return secret;
    },
    fetch: (request, signal) => deps.egress.fetch(request, AbortSignal.any([signal, stop.signal])),
  });
  const setUp = async (one: Loaded["found"]): Promise<Loaded> => {
    const { manifest } = one;
    const problem = configProblem(manifest, settingsOf(one.id)?.config ?? {});
    if (problem !== undefined) throw new Error(problem);
    const entry = await entryOf(disk, one.dir);
    if (entry === undefined) throw new Error("it has a manifest and no code");
    const { default: extension } = (await import(/* @vite-ignore */ pathToFileURL(entry).href)) as { default?: Extension }; // checked on the next line
    if (typeof extension !== "function") throw new Error("its default export is not an extension");
    if (manifest.state === true) await disk.makeDir(join(deps.stateDir, "extension-data", manifest.id));
    const stop = new AbortController();
    const limit = deadline(clock, SETUP_MS, deps.signal);
    try {
      const contributions = await orAborted(Promise.resolve(extension(hostFor(manifest, stop))), limit.signal);
      const undeclared = undeclaredOf(manifest, contributions);
      if (undeclared !== undefined) throw new Error(`it adds ${undeclared}, which its manifest does not name`);
      return { found: one, contributions, stop };
    } catch (error) {
      stop.abort(error);
      throw error;
    } finally {
      limit.clear();
    }
  };
  const start = async (id: string): Promise<Loaded> => {
    const one = found.find((candidate) => candidate.id === id && "manifest" in candidate);
    const reason = one === undefined ? (problemOf(found, id) ?? "there is no such extension") : disabledReason(one);
    if (one === undefined || reason !== undefined || !("manifest" in one)) throw fault("extension.broken", { id, reason });
    if (isParked(id)) throw fault("extension.broken", { id, reason: failures.get(id)?.reason });
    try {
      const ready = await setUp(one);
      loaded.set(id, ready);
      failures.delete(id);
      return ready;
    } catch (error) {
      const words = error instanceof Error ? error.message : String(error);
      failures.set(id, { at: [...(failures.get(id)?.at ?? []).slice(1 - MAX_FAILURES), clock.monotonic()], reason: words });
      loading.delete(id);
      log.error("an extension could not be loaded", { extension: id, error });
      throw fault("extension.broken", { id, reason: words }, { cause: error });
    }
  };
  const unload = async (one: Loaded): Promise<void> => {
    one.stop.abort(new Error("the extension is unloaded"));
    const limit = deadline(clock, CLOSE_MS);
    try {
      await orAborted(Promise.resolve(one.contributions.close?.()), limit.signal);
    } catch (error) {
      log.warn("an extension did not close cleanly", { extension: one.found.id, error });
    } finally {
      limit.clear();
    }
  };

  config.own({
    prefixes: ["extensions"],
    async prepare(next) {
      const now = config.current();
      const stale = [...loaded.values()].filter(({ found: one }) => disabledReason(one, next) !== undefined || !deepEqual(settingsOf(one.id, now)?.config, settingsOf(one.id, next)?.config));
      for (const { found: one } of stale) {
        const problem = disabledReason(one, next) === undefined ? configProblem(one.manifest, settingsOf(one.id, next)?.config ?? {}) : undefined;
        if (problem !== undefined) throw new Error(problem);
      }
      return {
        swap() {
          failures.clear();
          for (const { found: one } of stale) {
            loaded.delete(one.id);
            loading.delete(one.id);
          }
        },
        close: async () => void (await Promise.all(stale.map(unload))),
      };
    },
  });

  return {
    manifests: () => usable().map((one) => one.manifest),
    offered: (kind) => usable().flatMap((one) => (isParked(one.id) ? [] : (one.manifest.provides[kind] ?? []).map((id) => ({ extension: one.id, id })))),
    async load(id) {
      let work = loading.get(id);
      if (!work) {
        work = start(id);
        loading.set(id, work);
        work.catch(() => loading.delete(id));
      }
      return (await work).contributions;
    },
    status: () => found.map((one) => statusOf(one, disabledReason(one), failures.get(one.id)?.reason, loaded.has(one.id))),
    async close() {
      for (const one of [...loaded.values()].reverse()) await unload(one);
      loaded.clear();
      loading.clear();
    },
  };
}

function problemOf(found: readonly Found[], id: string): string | undefined {
  const broken = found.find((one) => one.id === id);
  return broken !== undefined && "problem" in broken ? broken.problem : undefined;
}

function statusOf(one: Found, disabled: string | undefined, failure: string | undefined, isLoaded: boolean): ExtensionStatus {
  const name = "manifest" in one ? one.manifest.name : one.id;
  if ("problem" in one) return { id: one.id, name, state: "broken", reason: one.problem };
  if (disabled !== undefined) return { id: one.id, name, state: "disabled", reason: disabled };
  if (failure !== undefined) return { id: one.id, name, state: "broken", reason: failure };
  return { id: one.id, name, state: isLoaded ? "loaded" : "idle" };
}

/** The first contribution that the manifest does not announce: what is not declared is not taken. */
function undeclaredOf(manifest: ExtensionManifest, contributions: Contributions): string | undefined {
  const added: [ContributionKind, string[]][] = [
    ["providers", (contributions.providers ?? []).map((provider) => provider.id)],
    ["tools", (contributions.tools ?? []).map((tool) => tool.name)],
    ["methods", (contributions.methods ?? []).map((method) => method.name)],
    ["guards", (contributions.guards ?? []).map((guard) => guard.id)],
  ];
  for (const [kind, ids] of added) {
    const declared = manifest.provides[kind] ?? [];
    const extra = declared.includes("*") ? undefined : ids.find((id) => !declared.includes(id));
    if (extra !== undefined) return `${kind} ${extra}`;
  }
  return undefined;
}
