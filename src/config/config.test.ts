import { mkdtemp, readFile, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { systemClock } from "../base/clock.ts";
import { Fault, fault } from "../base/faults.ts";
import { silentLog } from "../base/log.ts";
import { Secret } from "../base/secret.ts";
import { systemDisk, type Disk } from "../store/disk.ts";
import { verdictOn } from "../../test/fixtures/mutant-module.ts";
import { createConfig, redactionMark, type Config, type ConfigDeps } from "./config.ts";
import { readEnv } from "./env.ts";
import { configTrouble } from "./snapshot.ts";
import { locateConfig } from "./files.ts";

const open: Config[] = [];
const folders: string[] = [];
afterEach(async () => {
  for (const config of open.splice(0)) await config.close();
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

interface Start { files?: Record<string, string>; env?: Record<string, string>; disk?: Disk; dir?: string; vault?: Record<string, string>; onChange?: ConfigDeps["onChange"] }

/** What is tested; the checks of mutants replace it. */
let create = createConfig;

async function start(how: Start = {}): Promise<{ config: Config; dir: string; known: Secret[]; kept: Map<string, string>; text(): Promise<string> }> {
  const dir = how.dir ?? (await mkdtemp(join(tmpdir(), "config-")));
  folders.push(dir);
  for (const [name, text] of Object.entries(how.files ?? {})) await writeFile(join(dir, name), text);
  const env = readEnv({ HOME: dir, ...how.env });
  const known: Secret[] = [];
  const kept = new Map(Object.entries(how.vault ?? {}));
  const vault: ConfigDeps["vault"] = { get: async (name) => new Secret(how.vault?.[name] ?? "none"), set: async (name, value) => void kept.set(name, value), remove: async (name) => kept.delete(name), register: (secret) => void known.push(secret), known: () => known };
  const disk = how.disk ?? systemDisk;
  const location = await locateConfig(env, dir, disk);
  const config = await create({ env, disk, clock: systemClock, log: silentLog, location, stateDir: dir, version: "1.0.0", vault, watchDelayMs: 0, ...(how.onChange ? { onChange: how.onChange } : {}) });
  open.push(config);
  return { config, dir, known, kept, text: () => readFile(location.path, "utf8") };
}

const refusal = async (work: Promise<unknown>): Promise<Fault> => {
  const error: unknown = await work.then(() => undefined, (reason: unknown) => reason);
  expect(error, "a refusal").toBeInstanceOf(Fault);
  return error as Fault; // as just seen
};

/** What the check says of a configuration with this error. */
const saysOf = (mutation: { name: string; file: string; from: string; to: string }, check: () => Promise<unknown>) =>
  verdictOn<{ createConfig: typeof createConfig }>(mutation, async ({ createConfig: mutated }) => {
    create = mutated;
    try {
      await check();
    } finally {
      create = createConfig;
    }
  }, "src/config/config.ts");

const adopted = `{
  // a file of OpenClaw
  gateway: { mode: "local", bind: "loopback", port: 19001, auth: { mode: "token", token: "0123456789abcdef0123456789abcdef" }, http: { endpoints: { chatCompletions: { enabled: true }, responses: { enabled: true } } } },
  agents: { defaults: { workspace: "~/work", model: { primary: "mock/one" } } },
  models: { mode: "merge", providers: { mock: { baseUrl: "http://127.0.0.1:9/v1", apiKey: "sk-mock-1234567890", api: "openai-completions", models: [{ id: "one", name: "One", reasoning: false, input: ["text"], cost: { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 }, contextWindow: 8000, maxTokens: 1000 }] } } },
}
`;

describe("starting", () => {
  it("without a file runs on defaults and names config.yaml as the place to write", async () => {
    const { config, dir } = await start();
    expect(config.current()).toMatchObject({ exists: false, format: "yaml", path: join(dir, "config.yaml"), issues: [], warnings: [] });
    expect(config.current().value.gateway).toMatchObject({ port: 18789, bind: "loopback", auth: { mode: "token", sharedTokenScopes: ["operator.read", "operator.write"] } });
    expect(await readdir(dir)).toEqual([]);
  });

  it("adopts an openclaw.json as it is and leaves its bytes alone", async () => {
    const { config, text } = await start({ files: { "openclaw.json": adopted } });
    expect(config.current()).toMatchObject({ format: "json5", issues: [], warnings: [] });
    expect(config.current().value.models.providers?.["mock"]?.models?.[0]?.id).toBe("one");
    await config.close();
    expect(await text()).toBe(adopted);
  });

  it("prefers config.yaml and says so when both are there", async () => {
    const { config } = await start({ files: { "openclaw.json": adopted, "config.yaml": "gateway:\n  port: 19002\n" } });
    expect(config.current().value.gateway.port).toBe(19002);
    expect(config.current().warnings[0]?.message).toContain("openclaw.json is there too");
  });

  it("reads whichever file OPENCLAW_CONFIG_PATH names", async () => {
    const dir = await mkdtemp(join(tmpdir(), "config-"));
    await writeFile(join(dir, "mine.conf"), "// json\n{ gateway: { port: 19003 } }");
    const { config } = await start({ dir, env: { OPENCLAW_CONFIG_PATH: join(dir, "mine.conf") }, files: { "config.yaml": "gateway:\n  port: 1\n" } });
    expect(config.current()).toMatchObject({ format: "json5", value: { gateway: { port: 19003 } } });
  });

  it("lists keys of an adopted file that this version does not use as warnings", async () => {
    const { config } = await start({ files: { "openclaw.json": "{ channels: { telegram: { botToken: 'x' } }, gateway: { push: {}, port: 19004 }, hooks: {}, agents: { defaults: { heartbeat: {} } } }" } });
    expect(config.current().issues).toEqual([]);
    expect(config.current().warnings.map((warning) => warning.path)).toEqual(["channels", "gateway.push", "hooks", "agents.defaults.heartbeat"]);
    expect(config.current().value.gateway.port).toBe(19004);
  });

  it("names line, column and nearest key of an unknown key in config.yaml and disables only its section", async () => {
    const { config } = await start({ files: { "config.yaml": "gateway:\n  port: 19005\nsession:\n  scop: global\n  mainKey: home\n  reset:\n    mode: daily\n" } });
    expect(config.current().issues).toEqual([{ path: "session.scop", message: "unknown key session.scop; did you mean scope?", line: 4, column: 3, suggestion: "scope" }]);
    expect(config.current().value.session).toMatchObject({ scope: "per-sender", mainKey: "main" });
    expect(config.current().value.gateway.port).toBe(19005);
  });

  it("drops one bad provider or model and keeps its neighbours", async () => {
    const { config } = await start({ files: { "config.yaml": "models:\n  providers:\n    good: { api: openai-completions }\n    bad: { api: openai-completion }\n    half:\n      models:\n        - { id: one }\n        - { id: two, cots: 1 }\n" } });
    expect(Object.keys(config.current().value.models.providers ?? {})).toEqual(["good", "half"]);
    expect(config.current().value.models.providers?.["half"]?.models).toEqual([{ id: "one" }]);
    expect(config.current().issues.map((issue) => [issue.path, issue.suggestion])).toEqual([["models.providers.bad.api", "openai-completions"], ["models.providers.half.models[1].cots", "cost"]]);
  });

  it("falls back to the strictest rules when a first file misspells what restricts", async () => {
    const { config } = await start({ files: { "config.yaml": "tools:\n  dney: [write]\ngateway:\n  auth:\n    sharedTokenScope: []\n" } });
    expect(config.current().value.tools.profile).toBe("minimal");
    expect(config.current().value.gateway.auth).toMatchObject({ mode: "token", sharedTokenScopes: ["operator.read"] });
  });

  it("fills in variables, keeps the escaped ones, and leaves out what is not set", async () => {
    const { config } = await start({
      files: { "config.yaml": "agents:\n  defaults:\n    workspace: ${BASE}/w\n    userTimezone: ${NOT_SET}\nlogging:\n  file: $${BASE} ${FROM_FILE}\nenv:\n  vars:\n    FROM_FILE: file\n" },
      env: { BASE: "/base" },
    });
    expect(config.current().value.agents.defaults).toMatchObject({ workspace: "/base/w" });
    expect(config.current().value.agents.defaults.userTimezone).toBeUndefined();
    expect(config.current().value.logging.file).toBe("${BASE} file");
    expect(config.current().issues).toMatchObject([{ path: "agents.defaults.userTimezone", message: "variable NOT_SET is not set", line: 4 }]);
  });

  it("says of keys that only other versions read that they do nothing here: an error in config.yaml, a warning in an adopted file", async () => {
    const own = await start({ files: { "config.yaml": "session:\n  dmScope: per-peer\n" } });
    expect(own.config.current().issues).toMatchObject([{ path: "session.dmScope", line: 2, message: expect.stringContaining("does nothing with it") }]);
    const unread = { session: { dmScope: "per-peer", identityLinks: {} }, messages: { responsePrefix: "x" }, agents: { defaults: { imageModel: "a/b" } }, gateway: { remote: { transport: "ssh", sshTarget: "a@b", sshIdentity: "c" } } };
    const { config } = await start({ files: { "openclaw.json": JSON.stringify(unread) } });
    expect(config.current().issues).toEqual([]);
    expect(config.current().warnings.map((warning) => warning.path).sort()).toEqual(["agents.defaults.imageModel", "gateway.remote.sshIdentity", "gateway.remote.sshTarget", "gateway.remote.transport", "messages.responsePrefix", "session.dmScope", "session.identityLinks"]);
  });

  it("ends with the line and column when a first file cannot be parsed", async () => {
    const fault = await refusal(start({ files: { "config.yaml": "gateway:\n  port: 1\n bind: lan\n" } }));
    expect(fault).toMatchObject({ code: "config.invalid", details: { line: 3, column: 1 } });
  });

  it("reads what newer and older files call differently", async () => {
    const { config } = await start({ files: { "openclaw.json": "{ gateway: { publicOrigin: 'https://a.example', nodes: { commands: { deny: ['x'] } } }, agents: { entries: { main: { name: 'M' } } } }" } });
    expect(config.current()).toMatchObject({ issues: [], value: { gateway: { publicOrigins: ["https://a.example"], nodes: { denyCommands: ["x"] } }, agents: { list: [{ id: "main", name: "M" }] } } });
    expect(config.view().legacyIssues.map((issue) => issue.path)).toEqual(["gateway.publicOrigin", "gateway.nodes.commands.deny", "agents.entries"]);
  });
});

const commented = "# mine\ngateway: # the door\n  port: 19010 # high\n  auth:\n    token: abcdefghijklmnop\nmodels:\n  providers:\n    one:\n      apiKey: sk-secret-one-123456 # paid\n      headers: { X-Api-Key: header-secret-1234, X-Title: shown }\n";

describe("writing", () => {
  it("merges JSON5 from the wire into the YAML and keeps comments and marked secrets", async () => {
    const { config, text } = await start({ files: { "config.yaml": commented } });
    const seen = config.view();
    expect(seen.raw).not.toContain("secret");
    const change = await config.write(seen.raw.replace("19010", "19011"), seen.hash);
    expect(change).toEqual({ applied: true, paths: ["gateway.port"], restart: ["gateway.port"], issues: [] });
    expect(await text()).toBe(commented.replace("19010", "19011"));
    expect((await stat(join(config.current().path))).mode & 0o777).toBe(0o600);
  });

  const compareHashes = async () => {
    const { config, dir, text } = await start({ files: { "config.yaml": commented } });
    const seen = config.view();
    expect((await refusal(config.write("{}", undefined))).code).toBe("config.hash-required");
    expect((await refusal(config.write("{}", "0".repeat(64)))).code).toBe("config.stale");
    const results = await Promise.allSettled([config.patch("{session: {mainKey: 'a'}}", seen.hash), config.patch("{session: {mainKey: 'b'}}", seen.hash)]);
    expect(results.map((result) => result.status)).toEqual(["fulfilled", "rejected"]);
    await writeFile(join(dir, "config.yaml"), commented);
    expect((await refusal(config.patch("{session: null}", config.view().hash))).code).toBe("config.stale");
    expect(config.view().hash).toBe(seen.hash);
    expect(await text(), "the file").toBe(commented);
  };

  it("[R39] refuses a stale hash, a missing one, and one of two writers who saw the same", compareHashes);

  it.each([
    { name: "asks for no hash", from: 'if (baseHash === undefined && (await files.read()).exists) throw fault("config.hash-required");', to: "" },
    { name: "takes a stale hash", from: 'if (baseHash !== undefined && baseHash !== present.hash) {', to: 'if (baseHash === "") {' },
  ])("[R39] the check catches a configuration that $name", async (mutation) => {
    expect(await saysOf({ file: "src/config/config.ts", ...mutation }, compareHashes)).toMatch(/a refusal|to be 'config\.|to deeply equal/);
  });

  it("refuses what the schema does not accept, with the nearest key, and writes nothing", async () => {
    const { config, text } = await start({ files: { "config.yaml": commented } });
    const fault = await refusal(config.patch("{gateway: {prot: 1}}", config.view().hash));
    expect(fault).toMatchObject({ code: "config.invalid", details: { issues: [{ path: "gateway.prot", suggestion: "port" }] } });
    expect((await refusal(config.set("gateway.port", "19000"))).code).toBe("config.invalid");
    expect((await refusal(config.write("{ gateway: ", config.view().hash))).code).toBe("config.invalid");
    expect(await text()).toBe(commented);
  });

  it("refuses a mark that stands for nothing", async () => {
    const { config } = await start({ files: { "config.yaml": commented } });
    const fault = await refusal(config.set("models.providers.two.apiKey", redactionMark));
    expect(fault).toMatchObject({ code: "config.invalid", details: { issues: [{ path: "models.providers.two.apiKey" }] } });
  });

  it("makes config.yaml on the first write", async () => {
    const { config, text } = await start();
    await config.set("models.providers.openai.apiKey", { secret: "openai" });
    expect(await text()).toBe("models:\n  providers:\n    openai:\n      apiKey:\n        secret: openai\n");
    await config.unset("models.providers.openai");
    expect(config.current().value.models.providers).toBeUndefined();
  });

  it("edits an adopted file in its own spelling", async () => {
    const { config, text } = await start({ files: { "openclaw.json": adopted } });
    await config.set("agents.defaults.model.primary", "mock/two");
    expect(await text()).toBe(adopted.replace("mock/one", "mock/two"));
  });

  it("[R39] keeps earlier documents, newest first and not without end", async () => {
    const { config, dir } = await start({ files: { "config.yaml": "session:\n  mainKey: k0\n" } });
    for (let round = 1; round <= 55; round++) await config.set("session.mainKey", `k${round}`);
    const kept = (await readdir(join(dir, "config-history"))).filter((name) => name.endsWith(".yaml")).sort();
    expect(kept).toHaveLength(50);
    expect(await readFile(join(dir, "config-history", kept.at(-1) ?? ""), "utf8")).toBe("session:\n  mainKey: k54\n");
  });

  it("repairs one error without being stopped by another that was there before", async () => {
    const { config } = await start({ files: { "config.yaml": "session:\n  scop: x\nlogging:\n  levle: y\n" } });
    await config.unset("session.scop");
    expect(config.current().issues.map((issue) => issue.path)).toEqual(["logging.levle"]);
  });
});

describe("secrets", () => {
  it("are shown nowhere and known to the redactor from every place", async () => {
    const { config, known } = await start({
      files: { "config.yaml": `${commented}    two: { apiKey: "\${KEY_TWO}", baseUrl: "https://user:pass-word-1@host.example/v1" }\n    three: { apiKey: { secret: three } }\nenv:\n  vars: { EXTRA_TOKEN: extra-secret-1, PLAIN: ordinary }\n` },
      env: { KEY_TWO: "env-secret-two" },
      vault: { three: "vault-secret-three" },
    });
    const revealed = await Promise.all(["one", "two", "three"].map(async (id) => (await config.secret(config.current().value.models.providers?.[id]?.apiKey))?.reveal()));
    expect(revealed).toEqual(["sk-secret-one-123456", "env-secret-two", "vault-secret-three"]);
    const shown = JSON.stringify([config.view(), config.current().warnings, config.current().issues]);
    for (const value of [...revealed, "abcdefghijklmnop", "header-secret-1234", "pass-word-1", "extra-secret-1"]) expect(shown).not.toContain(value);
    expect(shown).toContain("${KEY_TWO}");
    expect(shown).toContain("X-Title\":\"shown");
    expect(known.map((secret) => secret.reveal())).not.toContain("ordinary");
    expect(known.map((secret) => secret.reveal())).toEqual(expect.arrayContaining(["sk-secret-one-123456", "env-secret-two", "extra-secret-1", "abcdefghijklmnop", "header-secret-1234", "pass-word-1"]));
  });

  it("leave the vault after the field that they were sealed for is removed or points elsewhere, and not before", async () => {
    const { config, kept, dir } = await start({ vault: { shared: "by-hand" } });
    const key = (id: string) => `models.providers.${id}.apiKey`;
    for (const id of ["one", "two", "three"]) await config.set(key(id), `sk-${id}-1234567890`);
    await config.set(key("four"), { secret: "shared" });
    await config.set(key("five"), { secret: key("three") });
    expect([...kept.keys()].sort()).toEqual([key("one"), key("three"), key("two"), "shared"]);
    await config.set(key("one"), "sk-one-anew-12345");
    expect(kept.get(key("one"))).toBe("sk-one-anew-12345");
    await refusal(config.patch("{ models: null, logging: { level: 5 } }", config.view().hash));
    expect(kept.size).toBe(4);
    await config.unset(key("one"));
    await config.set(key("two"), "${TWO}");
    await config.unset(key("three"));
    await config.unset(key("four"));
    // Another field still uses the third, and the shared one was never sealed for a field.
    expect([...kept.keys()].sort()).toEqual([key("three"), "shared"]);
    expect(await readFile(join(dir, "config.yaml"), "utf8")).not.toContain("one:");
  });

  it("are absent, not empty, when their variable is not set", async () => {
    const { config } = await start();
    expect(await config.secret("${NOT_SET}")).toBeUndefined();
    expect(await config.secret("")).toBeUndefined();
    expect(await config.secret(undefined)).toBeUndefined();
    expect(await config.secret({ source: "env", id: "NOT_SET" })).toBeUndefined();
  });
});

describe("reloading", () => {
  const keepTheOld = async () => {
    const { config, dir } = await start({ files: { "config.yaml": "session:\n  mainKey: a\n" } });
    await writeFile(join(dir, "config.yaml"), "session:\n  mainKey: b\nlogging:\n  level: debug\n");
    expect(await config.reload()).toMatchObject({ applied: true, paths: ["session.mainKey", "logging.level"], restart: [] });
    await writeFile(join(dir, "config.yaml"), "session: [\n");
    expect(await config.reload()).toMatchObject({ applied: false, issues: [{ line: 2 }] });
    expect(config.current().value.session.mainKey).toBe("b");
    expect(config.view()).toMatchObject({ valid: false, raw: "" });
    await writeFile(join(dir, "config.yaml"), "session:\n  mainkey: c\n");
    expect(await config.reload()).toMatchObject({ applied: false, issues: [{ suggestion: "mainKey" }] });
    expect(config.current().value.session.mainKey).toBe("b");
    await writeFile(join(dir, "config.yaml"), "session:\n  mainKey: c\n");
    expect(await config.reload()).toMatchObject({ applied: true });
    expect(config.view().valid).toBe(true);
  };

  const reloadOften = async (rounds: number) => {
    const { config, dir } = await start({ files: { "config.yaml": "session:\n  mainKey: k0\n" } });
    config.confirm();
    const held = { mainKey: "k0" };
    config.own({
      prefixes: ["session"],
      async prepare(next) {
        if (next.value.session.mainKey.endsWith("7")) throw new Error("not this one");
        return { swap: () => void (held.mainKey = next.value.session.mainKey) };
      },
    });
    let good = "k0";
    let refused = 0;
    const bad = ["session: [", "session:\n  mainKay: x\n", "session:\n  mainKey: 5\n", "", "\0", "- a\n", "session: &a\n  mainKey: *b\n"];
    for (let round = 1; round <= rounds; round++) {
      const isBad = round % 2 === 1;
      await writeFile(join(dir, "config.yaml"), isBad ? (bad[round % bad.length] ?? "") : `session:\n  mainKey: k${round}${round % 3 === 0 ? 7 : 8}\n`);
      const change = await config.reload();
      if (change.applied && !isBad) good = `k${round}8`;
      else refused++;
      expect([config.current().value.session.mainKey, held.mainKey], `round ${round}`).toEqual([good, good]);
    }
    expect(refused).toBeGreaterThan(rounds / 2);
    return refused;
  };

  it("[R42] applies a good change, refuses a bad one and keeps the old", keepTheOld);

  it("[R42] stays on the last good one through 500 reloads, half of them bad", async () => {
    console.log(`[R42] 500 reloads, ${await reloadOften(500)} refused`);
  });

  it("goes on applying changes to a file that had an error from the start", async () => {
    const { config, dir } = await start({ files: { "config.yaml": "logging:\n  levle: x\nsession:\n  mainKey: a\n" } });
    await writeFile(join(dir, "config.yaml"), "logging:\n  levle: x\nsession:\n  mainKey: b\n");
    expect(await config.reload()).toMatchObject({ applied: true, paths: ["session.mainKey"] });
    await writeFile(join(dir, "config.yaml"), "logging:\n  levle: x\nsession:\n  mainKay: b\n");
    expect(await config.reload()).toMatchObject({ applied: false });
    await writeFile(join(dir, "config.yaml"), "logging:\n  levle: x\nsession:\n  mainKay: b\n# again\n");
    expect(await config.reload()).toMatchObject({ applied: false });
    expect(config.current().value.session.mainKey).toBe("b");
  });

  const allOrNone = async () => {
    const { config } = await start({ files: { "config.yaml": "session:\n  mainKey: a\n" } });
    const seen: string[] = [];
    const owner = (name: string, prefix: string, refuses = () => false) => config.own({
      prefixes: [prefix],
      async prepare(next) {
        if (refuses()) throw new Error(`${name} cannot`);
        return { swap: () => void seen.push(`${name}:${next.value.session.mainKey}`), discard: async () => void seen.push(`${name} discards`), close: async () => void seen.push(`${name} closes`) };
      },
    });
    let refusing = true;
    owner("one", "session");
    owner("two", "session.mainKey", () => refusing);
    owner("three", "logging");
    const fault = await refusal(config.set("session.mainKey", "b"));
    expect(fault.details["issues"]).toEqual([{ path: "session.mainKey", message: "two cannot" }]);
    expect(seen, "after the refusal").toEqual(["one discards"]);
    expect(config.current().value.session.mainKey).toBe("a");
    refusing = false;
    await config.set("session.mainKey", "c");
    expect(seen.slice(1), "after the change").toEqual(["one:c", "two:c", "one closes", "two closes"]);
  };

  it("[R42] swaps all owners or none, and only those concerned", allOrNone);

  it.each([
    { name: "takes what is bad", file: "src/config/config.ts", from: "return answer.ok ? install(next, answer.staged) : refuse(next, file.hash, true, answer.issues);", to: "return install(next, answer.ok ? answer.staged : { paths: [], restart: [], commit() {}, async discard() {} });", check: () => reloadOften(40), says: /round \d+/ },
    { name: "swaps what others refused", file: "src/config/reload.ts", from: "if (refusals.length > 0) {", to: "if (refusals.length > 0 && prepared.length === 0) {", check: allOrNone, says: /a refusal/ },
    { name: "leaves what was prepared", file: "src/config/reload.ts", from: "    await discard();\n    const [first]", to: "    const [first]", check: allOrNone, says: /after the refusal/ },
    { name: "asks owners of other parts", file: "src/config/reload.ts", from: "owner.prefixes.some((prefix) => paths.some((path) => touches(prefix, path)))", to: "owner.prefixes.length > 0", check: allOrNone, says: /after the (refusal|change)/ },
    { name: "swaps nothing", file: "src/config/reload.ts", from: "for (const one of prepared) one.swap();", to: "", check: () => reloadOften(40), says: /round \d+/ },
  ])("[R42] the check catches a reload that $name", async ({ check, says, ...mutation }) => {
    expect(await saysOf(mutation, check)).toMatch(says);
  });

  it("gives who asked the fault of the one owner that refuses, and all issues when there are more", async () => {
    const { config, dir } = await start({ files: { "config.yaml": "session:\n  mainKey: a\n" } });
    const owner = (prefix: string) => config.own({ prefixes: [prefix], prepare: async () => Promise.reject(fault("gateway.unsafe-bind", { bind: "lan" })) });
    owner("session.mainKey");
    expect(await refusal(config.set("session.mainKey", "b"))).toMatchObject({ code: "gateway.unsafe-bind", message: "bind lan needs TLS or a trusted proxy" });
    await writeFile(join(dir, "config.yaml"), "session:\n  mainKey: b\n");
    expect((await config.reload()).issues).toEqual([{ path: "session.mainKey", message: "bind lan needs TLS or a trusted proxy. Enable gateway.tls, name gateway.trustedProxies, or use bind: loopback." }]);
    owner("session");
    const both = await refusal(config.set("session.mainKey", "c"));
    expect(both).toMatchObject({ code: "config.invalid", details: { issues: [{ path: "session.mainKey" }, { path: "session" }] } });
    expect(config.current().value.session.mainKey).toBe("a");
  });

  it("follows the file once it watches", async () => {
    const changes: string[][] = [];
    const { config, dir } = await start({ files: { "config.yaml": "gateway:\n  reload:\n    debounceMs: 30\n" }, onChange: (change) => void changes.push(change.paths) });
    await config.watch();
    await config.watch();
    await writeFile(join(dir, "config.yaml"), "gateway:\n  reload:\n    debounceMs: 30\nsession:\n  mainKey: seen\n");
    await expect.poll(() => changes, { timeout: 5_000 }).toEqual([["session.mainKey"]]);
  });

  it("keeps nothing as the last good one with which the program did not come up", async () => {
    const first = await start({ files: { "config.yaml": "gateway:\n  bind: lan\n" } });
    await first.config.set("session.mainKey", "a");
    await first.config.close();
    expect((await readdir(join(first.dir, "config-history"))).filter((name) => name.startsWith("last-good"))).toEqual([]);
    expect((await refusal(start({ dir: first.dir, files: { "config.yaml": "gateway: [\n" } }))).code).toBe("config.invalid");
  });

  it("says since when a file is wrong, and that its last change was refused", async () => {
    const { config, dir } = await start({ files: { "config.yaml": "session:\n  mainKey: a\n" } });
    expect(configTrouble(config.current())).toBeUndefined();
    await writeFile(join(dir, "config.yaml"), "session:\n  mainkey: c\n");
    await config.reload();
    const { issuesSinceMs } = config.current();
    expect(Math.abs(Date.now() - (issuesSinceMs ?? 0))).toBeLessThan(60_000);
    expect(configTrouble(config.current())).toMatch(/config is wrong|configuration is wrong since \d{4}-.*last change was refused.*config\.yaml line 2:3/);
    await writeFile(join(dir, "config.yaml"), "session: [\n");
    await config.reload();
    expect(config.current().issuesSinceMs).toBe(issuesSinceMs);
    await writeFile(join(dir, "config.yaml"), "session:\n  mainKey: c\n");
    await config.reload();
    expect(config.current()).not.toHaveProperty("issuesSinceMs");
    expect(configTrouble(config.current())).toBeUndefined();
  });

  it("starts on the last good file, with a notice, when the file was broken meanwhile", async () => {
    const first = await start({ files: { "config.yaml": commented } });
    first.config.confirm();
    await first.config.close();
    const { config } = await start({ dir: first.dir, files: { "config.yaml": "gateway: [\n" } });
    expect(config.current()).toMatchObject({ issues: [{ line: 2 }], value: { gateway: { port: 19010 } } });
    expect(config.current().warnings[0]?.message).toContain("last good configuration is used");
    await config.write("{gateway: {port: 19012}}", config.view().hash);
    expect(config.current()).toMatchObject({ issues: [], value: { gateway: { port: 19012 } } });
  });
});
