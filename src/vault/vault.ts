// Secrets at rest: envelope encryption under a key file, values only as Secret objects. Nothing is read before the first use.
import type { Clock } from "../base/clock.ts";
import { Fault, fault } from "../base/faults.ts";
import type { Ids } from "../base/ids.ts";
import type { Log } from "../base/log.ts";
import { Secret } from "../base/secret.ts";
import { fileMode, writeWhole, type Disk } from "../store/disk.ts";
import { asStoreFault } from "../store/store-faults.ts";
import { openValue, rewrap, sealValue, type SealedValue } from "./envelope.ts";
import { addKey, dropOtherKeys, readKeys, type KeyRing } from "./key-file.ts";

export interface Vault {
  /** Throws secret.unknown, or vault.sealed when the value does not open. */
  get(name: string): Promise<Secret>;
  has(name: string): Promise<boolean>;
  /** Durable when it resolves. */
  set(name: string, value: string): Promise<void>;
  remove(name: string): Promise<boolean>;
  /** Names, never values. */
  list(): Promise<{ name: string; createdAt: number; updatedAt: number }[]>;
  /** Every value that must not leave, for redaction: those opened here and those registered. A new list whenever it changes. */
  known(): readonly Secret[];
  /** A value worth hiding that does not live here (a token from the environment). */
  register(secret: Secret): void;
  /** Puts every value under a new wrapping key. A crash at any point leaves all of them readable. */
  rotate(): Promise<void>;
}

interface StoredSecret extends SealedValue {
  version: number;
  createdAt: number;
  updatedAt: number;
}

interface VaultFile {
  format: 1;
  /** Which key of the key file wraps the values. */
  keyId: string;
  secrets: Record<string, StoredSecret>;
}

export interface VaultDeps {
  disk: Disk;
  clock: Clock;
  ids: Pick<Ids, "hex">;
  log: Log;
  /** vault.json */
  path: string;
  /** The 0600 file with the wrapping key; made on the first write. */
  keyPath: string;
}

/** Secrets that were replaced long ago need no hiding; this many are remembered. */
const MAX_KNOWN = 10_000;

export function createVault({ disk, clock, ids, log, path, keyPath }: VaultDeps): Vault {
  const random = (bytes: number) => Buffer.from(ids.hex(bytes), "hex");
  /** The file as last read, with its bytes' stamp: another process may have written it since. */
  let cache: { stamp: string; file: VaultFile | undefined } | undefined;
  let known: readonly Secret[] = [];
  const knownTexts = new Set<string>();
  let queue: Promise<unknown> = Promise.resolve();

  const register = (secret: Secret) => {
    const text = secret.reveal();
    if (text === "" || knownTexts.has(text)) return;
    knownTexts.add(text);
    const [oldest] = known.length >= MAX_KNOWN ? known : [];
    if (oldest) knownTexts.delete(oldest.reveal());
    known = [...(oldest ? known.slice(1) : known), secret];
  };
  const exclusive = <T>(work: () => Promise<T>): Promise<T> => {
    const next = queue.then(work);
    queue = next.catch(() => undefined);
    return next;
  };
  const read = async (): Promise<VaultFile | undefined> => {
    const stat = await disk.stat(path);
    const stamp = stat === undefined ? "none" : `${stat.modifiedAtMs}:${stat.sizeBytes}`;
    if (cache?.stamp === stamp) return cache.file;
    if (stat && (stat.mode & 0o077) !== 0) await disk.setMode(path, fileMode);
    const bytes = await disk.readFile(path);
    const file = bytes === undefined ? undefined : parseFile(bytes.toString("utf8"));
    cache = { stamp, file };
    if (file) await openAll(file);
    return file;
  };
  /** What is stored here is hidden in logs from the first use on, whichever of it is asked for. */
  const openAll = async (file: VaultFile) => {
    const keys = await readKeys(disk, keyPath, log);
    for (const [name, stored] of Object.entries(file.secrets)) {
      try {
        register(reveal(file, stored, name, keys));
      } catch (error) {
        if (!(error instanceof Fault)) throw error;
        log.error("a secret in the vault does not open", { name, reason: String(error.details["reason"]) });
      }
    }
  };
  const write = async (file: VaultFile) => {
    try {
      await writeWhole(disk, path, Buffer.from(`${JSON.stringify(file, null, 1)}\n`));
    } catch (error) {
      throw asStoreFault(error);
    } finally {
      cache = undefined;
    }
  };
  const present = async (): Promise<{ file: VaultFile; keys: KeyRing }> => {
    const file = await read();
    if (file) return { file, keys: await readKeys(disk, keyPath, log) };
    const keys = await addKey(disk, keyPath, log, random);
    return { file: { format: 1, keyId: keys.current, secrets: {} }, keys };
  };

  return {
    register,
    known: () => known,
    async get(name) {
      const find = async () => {
        const file = await read();
        const stored = file && own(file.secrets, name);
        if (!file || !stored) throw fault("secret.unknown", { name });
        return reveal(file, stored, name, await readKeys(disk, keyPath, log));
      };
      // What does not open may have been rewritten within one step of the file's time: look once more.
      const secret = await find().catch((error: unknown) => {
        if (!cache) throw error;
        cache = undefined;
        return find();
      });
      register(secret);
      return secret;
    },
    async has(name) {
      const file = await read();
      return file !== undefined && own(file.secrets, name) !== undefined;
    },
    set: (name, value) => exclusive(async () => {
      if (!/^[\w.:/@-]{1,200}$/.test(name)) throw fault("request.invalid", { reason: "a secret's name is 1 to 200 letters, digits or . : / @ _ -" });
      const { file, keys } = await present();
      const before = own(file.secrets, name);
      const version = (before?.version ?? 0) + 1;
      const now = clock.now();
      register(new Secret(value));
      const stored: StoredSecret = { ...sealValue(value, wrappingKey(keys, file.keyId), { name, version }, random), version, createdAt: before?.createdAt ?? now, updatedAt: now };
      await write({ ...file, secrets: { ...file.secrets, [name]: stored } });
    }),
    remove: (name) => exclusive(async () => {
      const file = await read();
      if (!file || !own(file.secrets, name)) return false;
      const { [name]: _, ...rest } = file.secrets;
      await write({ ...file, secrets: rest });
      return true;
    }),
    async list() {
      const file = await read();
      return Object.entries(file?.secrets ?? {}).map(([name, { createdAt, updatedAt }]) => ({ name, createdAt, updatedAt }));
    },
    rotate: () => exclusive(async () => {
      const file = await read();
      if (!file) return;
      // The new key is on disk beside the old one before anything is under it, and the old one goes only when nothing is.
      const keys = await addKey(disk, keyPath, log, random);
      const [from, to] = [wrappingKey(keys, file.keyId), wrappingKey(keys, keys.current)];
      const secrets = Object.fromEntries(Object.entries(file.secrets).map(([name, stored]) => [name, { ...stored, ...guarded(name, () => rewrap(stored, from, to, { name, version: stored.version }, random)) }]));
      await write({ ...file, keyId: keys.current, secrets });
      await dropOtherKeys(disk, keyPath, keys);
    }),
  };
}

function parseFile(text: string): VaultFile {
  try {
    const file = JSON.parse(text) as Partial<VaultFile> | null; // checked on the next line
    if (file?.format === 1 && typeof file.keyId === "string" && typeof file.secrets === "object" && file.secrets !== null) return file as VaultFile; // what of a record is wrong shows when it is opened
  } catch (error) {
    throw fault("vault.sealed", { reason: "vault.json is not JSON" }, { cause: error });
  }
  throw fault("vault.sealed", { reason: "vault.json has another format" });
}

function own(secrets: Record<string, StoredSecret>, name: string): StoredSecret | undefined {
  return Object.hasOwn(secrets, name) ? secrets[name] : undefined;
}

function reveal(file: VaultFile, stored: StoredSecret, name: string, keys: KeyRing): Secret {
  return new Secret(guarded(name, () => openValue(stored, wrappingKey(keys, file.keyId), { name, version: stored.version })));
}

function guarded<T>(name: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof Fault) throw error;
    throw fault("vault.sealed", { reason: `the record of ${name} was changed or is under another key` }, { cause: error });
  }
}

function wrappingKey(keys: KeyRing, id: string): Buffer {
  const key = keys.keys.get(id);
  if (!key) throw fault("vault.sealed", { reason: "the vault key file is missing or is another one" });
  return key;
}
