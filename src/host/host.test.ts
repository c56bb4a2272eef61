import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { importMutant, verdictOn } from "../../test/fixtures/mutant-module.ts";
import { createFakeClock } from "../base/fake-clock.ts";
import { Fault } from "../base/faults.ts";
import { systemIds } from "../base/ids.ts";
import { silentLog } from "../base/log.ts";
import { Secret } from "../base/secret.ts";
import type { ConfigOwner, ConfigSnapshot } from "../config/config.ts";
import { withDefaults } from "../config/defaults.ts";
import type { ConfigDocument } from "../config/schema.ts";
import { systemDisk } from "../store/disk.ts";
import type { EgressRequest } from "../vault/egress.ts";
import type * as HostModule from "./host.ts";
import { createExtensionHost } from "./host.ts";

const folders: string[] = [];
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
  delete (globalThis as { seen?: unknown }).seen;
});

interface Made { manifest?: object | string; code?: string }
const simple = (id: string, provides: object = {}) => ({ id, name: id.toUpperCase(), description: "A test.", provides });

async function make(extensions: Record<string, Made>): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "host-"));
  folders.push(dir);
  for (const [name, { manifest, code }] of Object.entries(extensions)) {
    await mkdir(join(dir, name), { recursive: true });
    if (manifest !== undefined) await writeFile(join(dir, name, "openclaw.plugin.json"), typeof manifest === "string" ? manifest : JSON.stringify(manifest));
    if (code !== undefined) await writeFile(join(dir, name, "index.mjs"), code);
  }
  return dir;
}

function fakeConfig(start: ConfigDocument = {}) {
  let document = start;
  const owners: ConfigOwner[] = [];
  const snapshot = (from: ConfigDocument): ConfigSnapshot => ({ value: withDefaults(from), hash: "", path: "", exists: true, format: "yaml", warnings: [], issues: [] });
  return {
    current: () => snapshot(document),
    own: (owner: ConfigOwner) => void owners.push(owner),
    secret: async (value: unknown) => (typeof value === "string" ? new Secret(value) : undefined),
    async change(next: ConfigDocument) {
      const prepared = await Promise.all(owners.map((owner) => owner.prepare(snapshot(next))));
      document = next;
      for (const one of prepared) one.swap();
      for (const one of prepared) await one.close?.();
    },
  };
}

async function start(ours: Record<string, Made>, more: { theirs?: Record<string, Made>; config?: ConfigDocument; create?: typeof createExtensionHost } = {}) {
  const stateDir = await mkdtemp(join(tmpdir(), "host-state-"));
  folders.push(stateDir);
  const config = fakeConfig(more.config);
  const clock = createFakeClock();
  const requests: EgressRequest[] = [];
  const egress = { fetch: async (request: EgressRequest) => (requests.push(request), { url: request.url, status: 200, headers: {}, body: new Uint8Array(), truncated: false }) };
  const roots = [{ dir: await make(ours), isOurs: true }, { dir: await make(more.theirs ?? {}), isOurs: false }];
  const host = await (more.create ?? createExtensionHost)({ disk: systemDisk, clock, ids: systemIds, log: silentLog, config, egress, roots, stateDir, signal: new AbortController().signal, machine: { os: "linux", node: "24.21.0" } });
  return { host, config, clock, requests, stateDir };
}

const reasonOf = (work: Promise<unknown>) => work.then(() => "loaded", (error: unknown) => (error instanceof Fault ? String(error.details["reason"]) : String(error)));
const seen = (): string[] => ((globalThis as { seen?: string[] }).seen ??= []);
const mark = (word: string) => `(globalThis.seen ??= []).push(${JSON.stringify(word)});`;

describe("extension host", () => {
  it("reads manifests without running code, and loads once at first use", async () => {
    const { host } = await start({ a: { manifest: simple("a", { tools: ["t"] }), code: `${mark("imported")} export default async (host) => { ${mark("set up")} return { tools: [{ name: "t" }] }; };` } });
    expect(host.offered("tools")).toEqual([{ extension: "a", id: "t" }]);
    expect(host.offered("providers")).toEqual([]);
    expect(host.status()).toEqual([{ id: "a", name: "A", state: "idle" }]);
    expect(seen()).toEqual([]);
    const [one, two] = await Promise.all([host.load("a"), host.load("a")]);
    expect(one).toBe(two);
    expect(seen()).toEqual(["imported", "set up"]);
    expect(host.status()[0]?.state).toBe("loaded");
  });

  it("never runs an extension of others in this process, and says why", async () => {
    const { host } = await start({ ours: { manifest: simple("ours"), code: "export default () => ({})" } }, { theirs: { theirs: { manifest: simple("theirs", { tools: ["x"] }), code: mark("theirs ran") }, ours: { manifest: simple("ours", { tools: ["fake"] }), code: mark("impostor ran") } } });
    expect(host.offered("tools")).toEqual([]);
    expect(await reasonOf(host.load("theirs"))).toContain("process of their own");
    expect(host.status()).toMatchObject([{ id: "ours", state: "idle" }, { id: "ours", state: "broken", reason: "another extension has this id" }, { id: "theirs", state: "disabled" }]);
    await host.load("ours");
    expect(seen()).toEqual([]);
  });

  it.each([
    ["not JSON", { manifest: "{", code: "" }, "is not JSON"],
    ["no provides", { manifest: { id: "x", name: "x", description: "" } }, "needs provides"],
    ["an unknown kind", { manifest: simple("x", { toolz: ["t"] }) }, "unknown key"],
    ["another id", { manifest: simple("y") }, "its folder is called x"],
    ["a path as id", { manifest: simple("../x") }, "must match"],
    ["no code", { manifest: simple("x") }, "no code"],
    ["no default export", { manifest: simple("x"), code: "export const a = 1;" }, "not an extension"],
    ["code that does not parse", { manifest: simple("x"), code: "export default (" }, ""],
    ["a throwing setup", { manifest: simple("x"), code: "export default () => { throw new Error('no luck') }" }, "no luck"],
    ["an undeclared tool", { manifest: simple("x", { tools: ["a"] }), code: "export default () => ({ tools: [{ name: 'b' }] })" }, "adds tools b"],
    ["another system", { manifest: { ...simple("x"), requires: { os: ["darwin"] } }, code: "export default () => ({})" }, "needs darwin"],
    ["a newer Node", { manifest: { ...simple("x"), requires: { node: ">=99" } }, code: "export default () => ({})" }, "needs Node"],
  ] as const)("reports %s and goes on", async (_, made, reason) => {
    const { host } = await start({ x: made, good: { manifest: simple("good", { tools: ["g"] }), code: "export default () => ({ tools: [{ name: 'g' }] })" } });
    expect(await reasonOf(host.load("x"))).toContain(reason);
    expect(host.status().find((one) => one.id === "x")).toMatchObject({ state: /needs (?:darwin|Node)/.test(reason) ? "disabled" : "broken" });
    expect((await host.load("good")).tools).toHaveLength(1);
  });

  it("gives an extension its settings, its own secrets and the guarded client, and nothing more", async () => {
    const { host, requests, stateDir } = await start(
      { a: { manifest: { ...simple("a"), secrets: ["key"], state: true, configSchema: { type: "object", properties: { key: { type: "string" }, n: { type: "integer" } }, additionalProperties: false } }, code: "export default (host) => { globalThis.seen = host; return {}; };" } },
      { config: { extensions: { entries: { a: { config: { key: "secret-value", n: 1 } } } }, gateway: { auth: { token: "not-for-it" } } } },
    );
    await host.load("a");
    const given = (globalThis as { seen?: { config: unknown; secret(ref: string): Promise<Secret>; dir: string; fetch(request: object, signal: AbortSignal): Promise<unknown> } }).seen;
    expect(given?.config).toEqual({ key: "secret-value", n: 1 });
    expect((await given?.secret("key"))?.reveal()).toBe("secret-value");
    expect(await reasonOf(given?.secret("n") ?? Promise.resolve())).toBe("undefined");
    await expect(given?.secret("gateway.auth.token")).rejects.toMatchObject({ code: "secret.unknown" });
    await given?.fetch({ url: "https://example.com", maxBytes: 1, timeoutMs: 1 }, new AbortController().signal);
    expect(requests).toHaveLength(1);
    expect(given?.dir.startsWith(stateDir)).toBe(true);
    expect((await systemDisk.stat(given?.dir ?? ""))?.mode).toBe(0o700);
  });

  const parks = async (create: typeof createExtensionHost) => {
    const { host, clock } = await start({ a: { manifest: simple("a", { tools: ["t"] }), code: `export default () => { ${mark("try")} if (globalThis.seen.length < 5) throw new Error("not yet"); return {}; };` } }, { create });
    for (let turn = 0; turn < 6; turn++) expect(await reasonOf(host.load("a"))).toBe("not yet");
    expect(seen().length, "tries").toBe(3);
    expect(host.offered("tools"), "what is parked").toEqual([]);
    await clock.advance(61_000);
    expect(await reasonOf(host.load("a")), "a minute later").toBe("not yet");
    expect(await reasonOf(host.load("a"))).toBe("loaded");
    expect(host.status()[0]?.state).toBe("loaded");
    return 8;
  };

  it("[R23] parks an extension that fails three times in a minute, and tries again later", async () => {
    console.log(`[R23] ${await parks(createExtensionHost)} loads of an extension that fails four times`);
  });

  it.each([
    { name: "tries without end", from: "return recent.length >= MAX_FAILURES;", to: "return recent.length < 0;", says: /expected 'loaded' to be 'not yet'|tries/ },
    { name: "parks for ever", from: "const FAILURE_WINDOW_MS = 60_000;", to: "const FAILURE_WINDOW_MS = Infinity;", says: /to be 'loaded'/ },
    { name: "gives up at once", from: "const MAX_FAILURES = 3;", to: "const MAX_FAILURES = 1;", says: /tries/ },
  ])("[R23] the check catches a host that $name", async ({ says, ...mutation }) => {
    expect(await verdictOn<typeof HostModule>({ file: "src/host/host.ts", ...mutation }, ({ createExtensionHost: mutated }) => parks(mutated))).toMatch(says);
  });

  it("[R23] catches seeded mutants: code of others run here, undeclared tools taken, failures not counted", async () => {
    const load = async (from: string, to: string) => (await importMutant<typeof HostModule>({ name: from, file: "src/host/host.ts", from, to })).createExtensionHost;
    const foreign = await start({}, { create: await load("if (!one.isOurs) return", "if (false) return"), theirs: { theirs: { manifest: simple("theirs"), code: `${mark("theirs ran")} export default () => ({});` } } });
    await foreign.host.load("theirs");
    expect(seen()).toEqual(["theirs ran"]);
    const taken = await start({ x: { manifest: simple("x"), code: "export default () => ({ tools: [{ name: 'b' }] })" } }, { create: await load("if (undeclared !== undefined) throw", "if (false) throw") });
    expect((await taken.host.load("x")).tools).toHaveLength(1);
    const endless = await start({ y: { manifest: simple("y"), code: `export default () => { ${mark("try")} throw new Error("no"); };` } }, { create: await load("return recent.length >= MAX_FAILURES", "return false") });
    for (let turn = 0; turn < 6; turn++) await reasonOf(endless.host.load("y"));
    expect(seen().filter((word) => word === "try")).toHaveLength(6);
  });

  it("ends a setup that hangs at its deadline", async () => {
    const { host, clock } = await start({ a: { manifest: simple("a"), code: `export default () => { ${mark("begun")} return new Promise(() => {}); };` } });
    const work = reasonOf(host.load("a"));
    await expect.poll(() => seen()).toEqual(["begun"]);
    await clock.advance(10_001);
    expect(await work).toContain("not finished after 10000 ms");
  });

  it("closes in the reverse order of loading, with the signal first", async () => {
    const code = (id: string) => `export default (host) => { host.signal.addEventListener("abort", () => { ${mark(`${id} signal`)} }); return { close: async () => { ${mark(`${id} closed`)} } }; };`;
    const { host } = await start({ a: { manifest: simple("a"), code: code("a") }, b: { manifest: simple("b"), code: code("b") } });
    await host.load("b");
    await host.load("a");
    await host.close();
    expect(seen()).toEqual(["a signal", "a closed", "b signal", "b closed"]);
  });

  it("unloads what a change of settings concerns and refuses settings that do not fit", async () => {
    const { host, config } = await start({
      a: { manifest: { ...simple("a", { tools: ["t"] }), configSchema: { type: "object", properties: { n: { type: "integer" } } } }, code: `export default (host) => { (globalThis.seen ??= []).push("n=" + host.config.n); return { tools: [{ name: "t" }], close: async () => { ${mark("closed")} } }; };` },
      b: { manifest: simple("b"), code: `export default () => ({ close: async () => { ${mark("b closed")} } });` },
    }, { config: { extensions: { entries: { a: { config: { n: 1 } } } } } });
    await host.load("a");
    await host.load("b");
    await expect(config.change({ extensions: { entries: { a: { config: { n: "x" } } } } })).rejects.toThrow("must be a whole number");
    await config.change({ extensions: { entries: { a: { config: { n: 2 } } } } });
    await host.load("a");
    await config.change({ extensions: { deny: ["a"] } });
    expect(host.offered("tools")).toEqual([]);
    expect(host.status()[0]).toMatchObject({ state: "disabled", reason: "denied by extensions.deny" });
    expect(seen()).toEqual(["n=1", "closed", "n=2", "closed"]);
  });

  it("finds the extensions that are shipped", async () => {
    const root = { dir: join(import.meta.dirname, "../../extensions"), isOurs: true };
    const host = await createExtensionHost({ disk: systemDisk, clock: createFakeClock(), ids: systemIds, log: silentLog, config: fakeConfig(), egress: { fetch: () => Promise.reject(new Error("no network")) }, roots: [root], stateDir: "/nowhere", signal: new AbortController().signal });
    expect(host.status().filter((one) => one.state !== "idle")).toEqual([]);
    expect(host.offered("providers").map((offer) => offer.id)).toContain("demo");
    for (const { id } of host.manifests()) await host.load(id);
    expect(host.status().every((one) => one.state === "loaded")).toBe(true);
    await host.close();
  });
});
