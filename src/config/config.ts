// The configuration as the rest of the product sees it: the current snapshot, how it changes, and what of it may be shown.
import type { Clock } from "../base/clock.ts";
import { fault } from "../base/faults.ts";
import type { Log } from "../base/log.ts";
import { Secret } from "../base/secret.ts";
import type { Disk } from "../store/disk.ts";
import type { Env } from "./env.ts";
import { createConfigFiles, hashOf, type Location } from "./files.ts";
import { releasedSecrets, sealSecrets } from "./seal.ts";
import { createLastGood, invalid, loadConfig, type Loaded } from "./load.ts";
import { formatPath, isMap, mergePatch, parsePath, valueAt, withoutValue, withValue } from "./path.ts";
import { redactDocument, restoreMarks, secretsIn } from "./redact.ts";
import { stage, type ConfigOwner, type Staged } from "./reload.ts";
import { configSchema, type SecretValue } from "./schema.ts";
import type { ConfigIssue, ConfigSnapshot } from "./snapshot.ts";
import { editSource, parseSource } from "./source.ts";
import { lookupFor, substituteText } from "./substitute.ts";
import { uiHints } from "./ui-hints.ts";
import { followFile, type Watching } from "./watch.ts";

export type { ConfigOwner } from "./reload.ts";
export type { ResolvedConfig } from "./schema.ts";
export { redactionMark, type ConfigIssue, type ConfigSnapshot } from "./snapshot.ts";

export interface ConfigChange {
  applied: boolean;
  /** Changed dot paths. */
  paths: string[];
  /** Changed paths that need a restart. */
  restart: string[];
  issues: ConfigIssue[];
}

/** Document as `config.get` shows it: secrets replaced by the redaction mark. */
export interface ConfigView {
  path: string;
  exists: boolean;
  /** JSON5 text of the redacted document; empty when the file cannot be parsed. */
  raw: string;
  parsed: unknown;
  valid: boolean;
  config: unknown;
  hash: string;
  issues: ConfigIssue[];
  warnings: ConfigIssue[];
  legacyIssues: ConfigIssue[];
}

export interface Config {
  current(): ConfigSnapshot;
  own(owner: ConfigOwner): void;
  /** Reads the file again and applies what changed, all or nothing. A file with new errors is refused and the old configuration stays. */
  reload(): Promise<ConfigChange>;
  view(): ConfigView;
  /** Replaces the document by JSON5 text, merged into the file so that comments survive; the redaction mark keeps the stored value. Throws config.stale, config.hash-required, config.invalid or the fault of the one owner that refuses, and then nothing was written. */
  write(raw: string, baseHash: string | undefined): Promise<ConfigChange>;
  /** The same with a JSON merge patch. */
  patch(raw: string, baseHash: string | undefined): Promise<ConfigChange>;
  /** Sets one dot path; for the CLI, onboarding and forms. Throws as `write` does. */
  set(path: string, value: unknown): Promise<ConfigChange>;
  unset(path: string): Promise<ConfigChange>;
  /** Reveals a secret value of the document: plain text, `${ENV}`, or a reference into the vault. Undefined when absent, empty or its variable is not set; throws secret.unknown for a name the vault lacks. */
  secret(value: unknown): Promise<Secret | undefined>;
  /** JSON Schema and UI hints for `config.schema`. */
  schema(): { schema: unknown; uiHints: Record<string, unknown>; version: string; generatedAt: string };
  /** The program came up with it: from here on what is in force without errors is kept as the last good configuration. */
  confirm(): void;
  /** Follows changes of the file from a moment later on, as gateway.reload.mode says. Call it once the gateway is up. */
  watch(): Promise<void>;
  close(): Promise<void>;
}

export interface ConfigDeps {
  env: Env;
  disk: Disk;
  clock: Clock;
  log: Log;
  location: Location;
  stateDir: string;
  version: string;
  vault: { get(name: string): Promise<Secret>; set(name: string, value: string): Promise<void>; remove(name: string): Promise<boolean>; register(secret: Secret): void; known(): readonly Secret[] };
  /** How long after `watch` the watcher is loaded, so that starting does not pay for it. */
  watchDelayMs?: number;
  /** Called after a change is in force, or was refused. */
  onChange?(change: ConfigChange, hash: string): void;
}

const WATCH_DELAY_MS = 2_000;

/** Throws config.invalid when the file cannot be parsed and there is no last good one: the program ends with 78. */
export async function createConfig(deps: ConfigDeps): Promise<Config> {
  const files = createConfigFiles(deps);
  const { log } = deps;
  const owners: ConfigOwner[] = [];
  const asLastGood = (text: string) => createLastGood(text, deps.location.format, deps.env.get);
  const kept = await files.readLastGood();
  let lastGood = kept === undefined ? undefined : asLastGood(kept);
  let loaded: Loaded = await loadConfig({ file: await files.read(), location: deps.location, env: deps.env.get, lastGood });
  /** Errors of the file that is in force: they do not stand in the way of the next change. */
  let standing = loaded.snapshot.issues;
  let queue: Promise<unknown> = Promise.resolve();
  let background: Promise<unknown> = Promise.resolve();
  let watching: Watching | undefined;

  /** Since when something is wrong with the file; a second fault does not make it younger. */
  const stamped = (next: Loaded): Loaded => {
    if (next.snapshot.issues.length === 0) return next;
    return { ...next, snapshot: { ...next.snapshot, issuesSinceMs: loaded.snapshot.issuesSinceMs ?? deps.clock.now() } };
  };
  loaded = stamped(loaded);

  const lookup = (name: string) => lookupFor(loaded.source, deps.env.get)(name);
  /** One change at a time, in the order asked for. */
  const exclusive = <T>(work: () => Promise<T>): Promise<T> => {
    const next = queue.then(work);
    queue = next.catch(() => undefined);
    return next;
  };
  const noticeSecrets = () => {
    for (const value of plainSecrets(loaded, lookup)) deps.vault.register(new Secret(value));
  };
  let isConfirmed = false;
  const keepLastGood = () => {
    // One with which the gateway refuses to start is not good, however valid.
    if (!isConfirmed || !loaded.snapshot.exists || loaded.snapshot.issues.length > 0 || loaded.text === lastGood?.text) return;
    const { text } = loaded;
    lastGood = asLastGood(text);
    background = background.then(() => files.saveLastGood(text)).catch((error: unknown) => log.warn("the last good configuration could not be kept", { error }));
  };
  const install = (next: Loaded, staged: Staged): ConfigChange => {
    loaded = stamped(next);
    standing = next.snapshot.issues;
    staged.commit();
    noticeSecrets();
    keepLastGood();
    const change: ConfigChange = { applied: true, paths: staged.paths, restart: staged.restart, issues: [] };
    if (staged.paths.length > 0) deps.onChange?.(change, next.snapshot.hash);
    return change;
  };
  const refuse = (next: Pick<Loaded, "source" | "text">, hash: string, exists: boolean, issues: ConfigIssue[]): ConfigChange => {
    loaded = stamped({ ...loaded, source: next.source, text: next.text, snapshot: { ...loaded.snapshot, hash, exists, issues, isRefused: true } });
    deps.onChange?.({ applied: false, paths: [], restart: [], issues }, hash);
    log.warn("a changed configuration was refused; the old one stays", { issues });
    return { applied: false, paths: [], restart: [], issues };
  };

  const reload = async (): Promise<ConfigChange> => {
    const file = await files.read();
    if (file.hash === loaded.snapshot.hash) return { applied: true, paths: [], restart: [], issues: [...loaded.snapshot.issues] };
    if (!file.exists && loaded.snapshot.exists) return refuse({ source: {}, text: "" }, file.hash, false, [{ path: "", message: "the configuration file is gone" }]);
    let next: Loaded;
    try {
      next = await loadConfig({ file, location: deps.location, env: deps.env.get, lastGood });
    } catch (error) {
      return refuse({ source: undefined, text: file.text }, file.hash, true, issuesOf(error));
    }
    if (newIssues(standing, next.snapshot.issues).length > 0) return refuse(next, file.hash, true, [...next.snapshot.issues]);
    const answer = await stage(owners, loaded.snapshot, next.snapshot, log);
    return answer.ok ? install(next, answer.staged) : refuse(next, file.hash, true, answer.issues);
  };

  /** Writes the document that `change` makes of the stored one. A much smaller document is not refused: whoever sends a whole one has shown by its hash that the present one was seen, a patch names what it removes, and the earlier one is in the history. */
  const rewrite = async (change: (stored: unknown) => unknown, baseHash: string | undefined): Promise<ConfigChange> => {
    const present = await files.read();
    if (baseHash !== undefined && baseHash !== present.hash) {
      await reload();
      throw fault("config.stale");
    }
    if (present.hash !== loaded.snapshot.hash) await reload();
    const stored = loaded.source ?? {};
    const { value: restored, orphans } = restoreMarks(change(stored), stored, deps.vault.known());
    if (orphans.length > 0) throw invalid(deps.location.path, orphans.map((path) => ({ path: formatPath(path), message: `the redaction mark at ${formatPath(path)} stands for no stored value` })));
    // An adopted openclaw.json stays readable for the programs that share it, so it keeps what it is given.
    const value = deps.location.format === "yaml" ? await sealSecrets(restored, stored, (name, secret) => deps.vault.set(name, secret)) : restored;
    const isReadable = loaded.source !== undefined;
    const text = await editSource(isReadable ? present.text : "", deps.location.format, isReadable ? stored : {}, value);
    const file = { exists: true, text, hash: hashOf(text) };
    const next = await loadConfig({ file, location: deps.location, env: deps.env.get, lastGood, isOurs: true });
    if (newIssues([...standing, ...loaded.snapshot.issues], next.snapshot.issues).length > 0) throw invalid(deps.location.path, next.snapshot.issues);
    const answer = await stage(owners, loaded.snapshot, next.snapshot, log);
    if (!answer.ok) throw answer.fault ?? invalid(deps.location.path, answer.issues);
    try {
      await files.write(text, present.hash);
    } catch (error) {
      await answer.staged.discard();
      throw error;
    }
    const done = install(next, answer.staged);
    // Only now: a write that fails must leave the stored document with its keys.
    await release(releasedSecrets(stored, value));
    return done;
  };
  const release = async (names: readonly string[]): Promise<void> => {
    for (const name of names) await deps.vault.remove(name).catch((error: unknown) => log.warn("a key that is used no more stays in the vault", { name, error }));
  };
  const needHash = async (baseHash: string | undefined): Promise<void> => {
    if (baseHash === undefined && (await files.read()).exists) throw fault("config.hash-required");
  };

  noticeSecrets();
  for (const { message, ...where } of loaded.snapshot.issues) log.error(`configuration: ${message}`, where);
  for (const { message, ...where } of loaded.snapshot.warnings) log.warn(`configuration: ${message}`, where);

  return {
    current: () => loaded.snapshot,
    own: (owner) => void owners.push(owner),
    reload: () => exclusive(reload),
    view() {
      const { snapshot, source, legacy } = loaded;
      const known = deps.vault.known();
      const parsed = source === undefined ? undefined : redactDocument(source, known);
      return {
        path: snapshot.path,
        exists: snapshot.exists,
        raw: parsed === undefined ? "" : `${JSON.stringify(parsed, null, 2)}\n`,
        parsed: parsed ?? null,
        valid: snapshot.issues.length === 0,
        config: redactDocument(snapshot.value, known),
        hash: snapshot.hash,
        issues: [...snapshot.issues],
        warnings: [...snapshot.warnings],
        legacyIssues: [...legacy],
      };
    },
    write: (raw, baseHash) => exclusive(async () => {
      await needHash(baseHash);
      const wanted = await parseWire(raw);
      return rewrite(() => wanted, baseHash);
    }),
    patch: (raw, baseHash) => exclusive(async () => {
      await needHash(baseHash);
      const wanted = await parseWire(raw);
      return rewrite((stored) => mergePatch(stored, wanted), baseHash);
    }),
    set: (path, value) => exclusive(() => rewrite((stored) => withValue(stored, parsePath(path), value), undefined)),
    unset: (path) => exclusive(() => rewrite((stored) => withoutValue(stored, parsePath(path)), undefined)),
    async secret(value) {
      if (value instanceof Secret) return value;
      const text = typeof value === "string" ? filled(value, lookup) : isMap(value) && value["source"] === "env" ? lookup(String(value["id"])) : undefined;
      if (text !== undefined && text !== "") {
        const secret = new Secret(text);
        deps.vault.register(secret);
        return secret;
      }
      return isMap(value) && typeof value["secret"] === "string" ? deps.vault.get(value["secret"]) : undefined;
    },
    schema: () => ({ schema: configSchema, uiHints: uiHints() as Record<string, unknown>, version: deps.version, generatedAt: new Date(deps.clock.now()).toISOString() }),
    confirm() {
      isConfirmed = true;
      keepLastGood();
    },
    async watch() {
      const { mode, debounceMs } = loaded.snapshot.value.gateway.reload;
      if (mode === "off" || watching) return;
      const onChange = () => void exclusive(reload).catch((error: unknown) => log.error("the configuration could not be read again", { error }));
      watching = followFile({ clock: deps.clock, log, path: deps.location.path, quietMs: debounceMs, delayMs: deps.watchDelayMs ?? WATCH_DELAY_MS, onChange });
    },
    async close() {
      await watching?.stop();
      await queue;
      await background;
    },
  };
}

function newIssues(old: readonly ConfigIssue[], now: readonly ConfigIssue[]): ConfigIssue[] {
  return now.filter((issue) => !old.some((known) => known.path === issue.path && known.message === issue.message));
}

/** JSON5 as it comes over the wire. */
async function parseWire(raw: string): Promise<unknown> {
  const parsed = await parseSource(raw, "json5");
  if (!parsed.ok) throw invalid("request", [{ path: "", message: parsed.message, line: parsed.line, column: parsed.column }]);
  return parsed.value;
}

function filled(text: string, lookup: (name: string) => string | undefined): string | undefined {
  const result = substituteText(text, lookup);
  return result.missing.length > 0 ? undefined : result.text;
}

/** Every secret that stands in the document itself or in a variable it names. */
function plainSecrets(loaded: Loaded, lookup: (name: string) => string | undefined): string[] {
  const textOf = (field: SecretValue) => (typeof field === "string" ? filled(field, lookup) : "source" in field ? lookup(field.id) : undefined);
  return secretsIn(loaded.snapshot.value).map(textOf).filter((value) => value !== undefined && value !== "") as string[]; // filtered
}

function issuesOf(error: unknown): ConfigIssue[] {
  const issues = valueAt(error, ["details", "issues"]);
  if (Array.isArray(issues)) return issues as ConfigIssue[]; // put there by invalid()
  throw error;
}
