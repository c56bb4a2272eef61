import { mkdtemp, readFile, rm, stat, chmod, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { afterEach, describe, expect, it } from "vitest";
import { createFakeClock } from "../base/fake-clock.ts";
import { Fault } from "../base/faults.ts";
import { systemIds } from "../base/ids.ts";
import { silentLog, type Log } from "../base/log.ts";
import { Secret } from "../base/secret.ts";
import { systemDisk, type Disk } from "../store/disk.ts";
import { openValue, sealValue, newKey } from "./envelope.ts";
import { verdictOn } from "../../test/fixtures/mutant-module.ts";
import { createVault, type Vault } from "./vault.ts";

const folders: string[] = [];
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

async function place(): Promise<{ path: string; keyPath: string }> {
  const dir = await mkdtemp(join(tmpdir(), "vault-"));
  folders.push(dir);
  return { path: join(dir, "vault.json"), keyPath: join(dir, "identity", "vault.key") };
}
const open = (at: { path: string; keyPath: string }, disk: Disk = systemDisk, log: Log = silentLog, create = createVault): Vault => create({ ...at, disk, log, clock: createFakeClock(), ids: systemIds });
const codeOf = (work: Promise<unknown>) => work.then(() => "resolved", (error: unknown) => (error instanceof Fault ? error.code : String(error)));

describe("vault", () => {
  it("keeps values over restarts, lists names only, and makes its files 0600", async () => {
    const at = await place();
    await open(at).set("openai", "sk-one");
    const vault = open(at);
    expect((await vault.get("openai")).reveal()).toBe("sk-one");
    expect(await vault.list()).toMatchObject([{ name: "openai" }]);
    expect(await vault.has("openai")).toBe(true);
    expect(await vault.has("toString")).toBe(false);
    expect(await vault.remove("openai")).toBe(true);
    expect(await vault.remove("openai")).toBe(false);
    expect(await codeOf(vault.get("openai"))).toBe("secret.unknown");
    for (const file of [at.path, at.keyPath]) expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  it("reads nothing before the first use", async () => {
    const at = await place();
    const touched: string[] = [];
    const disk: Disk = { ...systemDisk, stat: (path) => (touched.push(path), systemDisk.stat(path)), readFile: (path) => (touched.push(path), systemDisk.readFile(path)) };
    const vault = open(at, disk);
    vault.register(new Secret("from the environment"));
    expect(vault.known()).toHaveLength(1);
    expect(touched).toEqual([]);
    await vault.has("x");
    expect(new Set(touched)).toEqual(new Set([at.path]));
  });

  it("sees what another process stored", async () => {
    const at = await place();
    const [one, two] = [open(at), open(at)];
    await one.set("a", "first");
    expect((await two.get("a")).reveal()).toBe("first");
    await new Promise((resolve) => setTimeout(resolve, 5)); // file times have millisecond steps
    await one.set("b", "second value");
    expect((await two.get("b")).reveal()).toBe("second value");
  });

  it("knows every stored value for redaction from its first use on", async () => {
    const at = await place();
    await open(at).set("a", "value-a");
    await open(at).set("b", "value-b");
    const vault = open(at);
    const before = vault.known();
    await vault.has("a");
    expect(vault.known()).not.toBe(before);
    expect(vault.known().map((secret) => secret.reveal()).sort()).toEqual(["value-a", "value-b"]);
    expect(inspect(vault.known()) + JSON.stringify(vault.known()) + String(vault.known())).not.toContain("value");
  });

  it("[I.15] refuses every flipped bit, a swapped name and an older version", async () => {
    const at = await place();
    const vault = open(at);
    await vault.set("a", "value of a");
    await vault.set("b", "value of b");
    const file = JSON.parse(await readFile(at.path, "utf8")) as { secrets: Record<string, { key: string; value: string; version: number }> };
    let cases = 0;
    const refuses = async (change: (secrets: typeof file.secrets) => void) => {
      const copy = structuredClone(file);
      change(copy.secrets);
      await writeFile(at.path, JSON.stringify(copy));
      expect(await codeOf(open(at).get("a"))).toBe("vault.sealed");
      cases++;
    };
    for (const part of ["key", "value"] as const) {
      const bytes = Buffer.from(file.secrets["a"]?.[part] ?? "", "base64");
      for (let bit = 0; bit < bytes.length * 8; bit += 3) {
        await refuses((secrets) => {
          const flipped = Buffer.from(bytes);
          flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
          Object.assign(secrets["a"] ?? {}, { [part]: flipped.toString("base64") });
        });
      }
    }
    await refuses((secrets) => void Object.assign(secrets, { a: secrets["b"] }));
    await refuses((secrets) => void Object.assign(secrets["a"] ?? {}, { version: 7 }));
    await refuses((secrets) => void Object.assign(secrets["a"] ?? {}, { scheme: "none" }));
    await refuses((secrets) => void Object.assign(secrets["a"] ?? {}, { key: secrets["b"]?.key }));
    console.log(`[I.15] ${cases} changed records refused`);
  });

  it("[I.15] catches a seeded mutant that does not bind a value to its name", () => {
    const random = (bytes: number) => Buffer.from(systemIds.hex(bytes), "hex");
    const key = newKey(random);
    const bound = (name: string) => ({ name, version: 1 });
    const opensElsewhere = (binding: (name: string) => { name: string; version: number }) => {
      try {
        return openValue(sealValue("v", key, binding("a"), random), key, binding("b")) === "v";
      } catch {
        return false; // refused, as it should be
      }
    };
    expect(opensElsewhere(bound)).toBe(false);
    expect(opensElsewhere(() => ({ name: "", version: 1 }))).toBe(true);
  });

  it("keeps other secrets readable when one record is broken", async () => {
    const at = await place();
    await open(at).set("a", "value-a");
    await open(at).set("b", "value-b");
    const file = JSON.parse(await readFile(at.path, "utf8")) as { secrets: Record<string, { value: string }> };
    Object.assign(file.secrets["a"] ?? {}, { value: "AAAA" });
    await writeFile(at.path, JSON.stringify(file));
    const lines: string[] = [];
    const vault = open(at, systemDisk, { ...silentLog, error: (message, fields) => void lines.push(message + JSON.stringify(fields)) });
    expect((await vault.get("b")).reveal()).toBe("value-b");
    expect(lines.join()).toContain("does not open");
  });

  it("[I.15] rotates the wrapping key so that a crash at any write leaves everything readable", async () => {
    const at = await place();
    await open(at).set("a", "value-a");
    await open(at).set("b", "value-b");
    const before = await readFile(at.path, "utf8");
    let crashes = 0;
    for (let step = 0; ; step++) {
      let left = step;
      const crash = () => {
        if (left-- === 0) throw new Error("crash");
      };
      const disk: Disk = {
        ...systemDisk,
        open: async (path, how) => (crash(), systemDisk.open(path, how)),
        rename: async (from, to) => (crash(), systemDisk.rename(from, to)),
        syncDir: async (path) => (crash(), systemDisk.syncDir(path)),
        remove: async (path) => (crash(), systemDisk.remove(path)),
      };
      const outcome = await codeOf(open(at, disk).rotate());
      expect([(await open(at).get("a")).reveal(), (await open(at).get("b")).reveal()]).toEqual(["value-a", "value-b"]);
      if (outcome === "resolved") break;
      crashes++;
    }
    const after = await readFile(at.path, "utf8");
    expect(after).not.toBe(before);
    expect((await readFile(at.keyPath, "utf8")).trim().split("\n")).toHaveLength(1);
    console.log(`[I.15] ${crashes} crash points in a rotation`);
    expect(crashes).toBeGreaterThan(8);
  });

  const closeOpenFiles = async (create: typeof createVault) => {
    const at = await place();
    await open(at).set("a", "value-a");
    await chmod(at.path, 0o644);
    await chmod(at.keyPath, 0o640);
    await open(at, systemDisk, silentLog, create).get("a");
    expect((await stat(at.path)).mode & 0o777, "the vault").toBe(0o600);
    expect((await stat(at.keyPath)).mode & 0o777, "its key").toBe(0o600);
  };

  it("[I.29] closes files that others can read", async () => {
    await closeOpenFiles(createVault);
    console.log("[I.29] 2 files closed");
  });

  it.each([
    { name: "leaves the vault open", file: "src/vault/vault.ts", from: "if (stat && (stat.mode & 0o077) !== 0) await disk.setMode(path, fileMode);", to: "", says: /the vault/ },
    { name: "leaves its key open", file: "src/vault/key-file.ts", from: "await disk.setMode(path, fileMode);", to: "", says: /its key/ },
  ])("[I.29] the check sees a mutant that $name", async ({ says, ...mutation }) => {
    expect(await verdictOn<{ createVault: typeof createVault }>(mutation, ({ createVault: mutated }) => closeOpenFiles(mutated), "src/vault/vault.ts")).toMatch(says);
  });

  it("says what is wrong when the key file is gone or another one", async () => {
    const at = await place();
    await open(at).set("a", "value-a");
    await rm(at.keyPath);
    expect(await codeOf(open(at).get("a"))).toBe("vault.sealed");
    await writeFile(at.keyPath, `deadbeef ${Buffer.alloc(32).toString("base64")}\n`, { mode: 0o600 });
    expect(await codeOf(open(at).get("a"))).toBe("vault.sealed");
    await writeFile(at.path, "{ not json", { mode: 0o600 });
    expect(await codeOf(open(at).get("a"))).toBe("vault.sealed");
  });

  it("stores what two callers set at once", async () => {
    const at = await place();
    const vault = open(at);
    await Promise.all(Array.from({ length: 20 }, (_, index) => vault.set(`n${index}`, `v${index}`)));
    expect(await open(at).list()).toHaveLength(20);
  });
});
