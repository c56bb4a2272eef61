// A command line from words to exit code, against a machine in memory: suggestions, help, JSON errors, configuration without a gateway.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { createFakeClock } from "../base/fake-clock.ts";
import { createCountingIds } from "../base/ids.ts";
import { readEnv } from "../config/env.ts";
import { createMemoryDisk, type MemoryDisk } from "../store/memory-disk.ts";
import { runCommand } from "./cli.ts";
import { createFakeTerminal } from "./fake-terminal.ts";
import { silentLog } from "../base/log.ts";
import { createVault } from "../vault/vault.ts";
import { createMachine } from "./machine.ts";

const clock = createFakeClock();

async function openclaw(args: string[], at: { disk?: MemoryDisk; env?: Record<string, string>; input?: string; isTty?: boolean } = {}) {
  const terminal = createFakeTerminal({ ...(at.input === undefined ? {} : { input: at.input }), ...(at.isTty === undefined ? {} : { isTty: at.isTty }) });
  const env = readEnv({ HOME: "/home/u", OPENCLAW_STATE_DIR: "/state", ...at.env });
  const disk = at.disk ?? createMemoryDisk();
  if (!disk.peek(`${process.cwd()}/package.json`)) disk.plant(new URL("../../package.json", import.meta.url).pathname, Buffer.from('{"version":"9.9.9"}'));
  const exitCode = await runCommand(args, { machine: createMachine({ env, disk, clock, ids: createCountingIds() }), terminal, signal: new AbortController().signal });
  return { exitCode, out: terminal.output(), err: terminal.errors(), disk };
}

/** As the gateway will open it. */
async function secretAt(disk: MemoryDisk, name: string): Promise<string> {
  const vault = createVault({ disk, clock, ids: createCountingIds(), log: silentLog, path: "/state/vault.json", keyPath: "/state/identity/vault.key" });
  return (await vault.get(name)).reveal();
}

const failure = (out: string) => (JSON.parse(out) as { ok: boolean; error: { code: string; message: string; next?: string } });

describe("words that are no command", () => {
  it("end with 2 and name what was meant", async () => {
    const { exitCode, out, err } = await openclaw(["staus"]);
    expect({ exitCode, out }).toEqual({ exitCode: 2, out: "" });
    expect(err).toContain("unknown command 'staus'");
    expect(err).toContain("Did you mean status?");
  });

  it("name what was meant behind a group that acts by itself", async () => {
    const { exitCode, err } = await openclaw(["sessions", "rset"]);
    expect(exitCode).toBe(2);
    expect(err).toContain("Did you mean sessions reset?");
    expect((await openclaw(["devices", "zzzz"])).err).toContain("devices approve");
    expect((await openclaw(["help", "sesions"])).err).toBe("error: unknown command 'sesions' [USAGE]\n→ Did you mean sessions?\n");
    expect((await openclaw(["xyzzy"])).err).toBe("error: unknown command 'xyzzy' [USAGE]\n→ `openclaw --help` shows what there is.\n");
  });

  it("are told as one JSON document when that was asked for", async () => {
    const { exitCode, out, err } = await openclaw(["helth", "--json"]);
    expect({ exitCode, err }).toEqual({ exitCode: 2, err: "" });
    expect(failure(out)).toEqual({ ok: false, error: { code: "USAGE", message: "unknown command 'helth'", next: "Did you mean health?" } });
  });

  it("may be options, too", async () => {
    const { exitCode, err } = await openclaw(["agent", "--mesage", "hi"]);
    expect(exitCode).toBe(2);
    expect(err).toContain("Did you mean --message?");
  });
});

describe("a command line that is wrong", () => {
  it.each([
    ["a word is missing", ["sessions", "reset"]],
    ["a word is too much", ["status", "now"]],
    ["an option is unknown", ["health", "--zzz"]],
    ["a value is missing", ["sessions", "patch", "main", "--label"]],
    ["a value is not one of those there are", ["logs", "--level", "loud"]],
    ["a number is none", ["usage", "--days", "few"]],
    ["an option stands where a value belongs", ["sessions", "patch", "main", "--label", "--url"]],
    ["a scope does not exist", ["devices", "rotate", "vm", "--scope", "everything"]],
    ["a path is none", ["config", "get", "a["]],
    ["a value is empty", ["config", "set", "gateway.port"]],
    ["a file is not there", ["agent", "--message-file", "nowhere.txt"]],
    ["a model is no name", ["models", "set", "gpt"]],
    ["a name is empty", ["agents", "add", " "]],
    ["a group stands alone", ["config"]],
  ])("where %s ends with 2, a reason and a next step", async (_what, args) => {
    const { exitCode, out, err } = await openclaw([...args, "--json"], { input: "" });
    expect({ exitCode, err }).toEqual({ exitCode: 2, err: "" });
    expect(failure(out)).toEqual({ ok: false, error: { code: "USAGE", message: expect.stringMatching(/\w/), next: expect.stringMatching(/\w/) } });
  });

  it("starts nothing", async () => {
    const { exitCode, err } = await openclaw(["gateway", "start", "--wait", "long"]);
    expect({ exitCode, err }).toEqual({ exitCode: 2, err: "error: --wait takes a whole number from 1, not \"long\" [USAGE]\n→ `openclaw gateway start --help` shows how it is used.\n" });
  });
});

describe("help", () => {
  it("and the version are a document with --json", async () => {
    for (const args of [["sessions", "--help"], ["help", "sessions"]]) {
      const { exitCode, out } = await openclaw([...args, "--json"]);
      expect({ exitCode, ...(JSON.parse(out) as object) }).toEqual({ exitCode: 0, help: expect.stringContaining("Conversations, newest first") });
    }
    expect(JSON.parse((await openclaw(["--version", "--json"])).out)).toEqual({ version: "9.9.9" });
  });

  it("is shown for no words at all, with exit 0", async () => {
    const { exitCode, out } = await openclaw([]);
    expect(exitCode).toBe(0);
    expect(out).toContain("openclaw onboard");
  });

  it("of a command has its examples and its connection options", async () => {
    const { exitCode, out } = await openclaw(["devices", "approve", "--help"]);
    expect(exitCode).toBe(0);
    expect(out).toContain("--latest");
    expect(out).toContain("--token <token>");
    expect((await openclaw(["agent", "--help"])).out).toContain("Examples:");
  });

  it("of a group without a command of its own goes to standard error with exit 2", async () => {
    const { exitCode, out, err } = await openclaw(["gateway"]);
    expect({ exitCode, out }).toEqual({ exitCode: 2, out: "" });
    expect(err).toContain("restart");
  });

  it("prints the version", async () => {
    expect(await openclaw(["--version"])).toMatchObject({ exitCode: 0, out: "9.9.9\n" });
  });
});

describe("failures", () => {
  it("say what to do next, on standard error", async () => {
    const { exitCode, out, err } = await openclaw(["agents", "delete", "x"]);
    expect({ exitCode, out, err }).toEqual({ exitCode: 2, out: "", err: "error: Remove agent x? Its files stay. There is no terminal to ask in. [USAGE]\n→ Answer with --yes.\n" });
  });

  it("are one document on standard output with --json, before or after the command", async () => {
    for (const args of [["agent", "-m", " ", "--json"], ["--json", "agent", "-m", " "]]) {
      const { exitCode, out, err } = await openclaw(args);
      expect({ exitCode, err }).toEqual({ exitCode: 2, err: "" });
      expect(failure(out).error).toMatchObject({ code: "USAGE", message: "a message is missing" });
    }
  });

  it("refuse a number that is none", async () => {
    expect(failure((await openclaw(["sessions", "--limit", "many", "--json"])).out).error.code).not.toBe("INTERNAL");
    expect((await openclaw(["gateway", "stop", "--wait", "0"])).exitCode).toBe(0); // nothing runs, so nothing is waited for
  });
});

describe("the configuration without a gateway", () => {
  it("takes values as what they look like and keeps comments", async () => {
    const disk = createMemoryDisk();
    disk.plant("/state/config.yaml", Buffer.from("# mine\ngateway:\n  port: 18000 # the usual\n"));
    expect(await openclaw(["config", "set", "gateway.port", "19000"], { disk })).toMatchObject({ exitCode: 0, err: "" });
    expect(await openclaw(["config", "set", "agents.defaults.model", "a/b"], { disk })).toMatchObject({ exitCode: 0 });
    expect(disk.peek("/state/config.yaml")?.toString()).toBe("# mine\ngateway:\n  port: 19000 # the usual\nagents:\n  defaults:\n    model: a/b\n");
    expect((await openclaw(["config", "get", "gateway.port"], { disk })).out).toBe("19000\n");
    expect((await openclaw(["config", "get", "gateway.bind"], { disk })).out).toBe("loopback\n");
    expect(await openclaw(["config", "unset", "agents.defaults.model"], { disk })).toMatchObject({ exitCode: 0 });
    expect(await openclaw(["config", "get", "agents.defaults.model", "--json"], { disk })).toMatchObject({ exitCode: 1 });
  });

  it("says without places that are in no file what would be wrong", async () => {
    const { exitCode, err } = await openclaw(["config", "set", "gateway.port", "99999"]);
    expect(exitCode).toBe(1);
    expect(err).toBe("error: The configuration would be wrong, so nothing was changed. [config.invalid]\n  gateway.port: must be at most 65535\n→ `openclaw config schema` shows what is allowed.\n");
  });

  it("has nothing to remove where nothing is set", async () => {
    expect(await openclaw(["config", "unset", "gateway.port"])).toMatchObject({ exitCode: 0, out: "gateway.port is not set; nothing was changed.\n" });
  });

  it("refuses what the schema does not know, with the nearest name, and writes nothing", async () => {
    const disk = createMemoryDisk();
    const { exitCode, err } = await openclaw(["config", "set", "gateway.prot", "1"], { disk });
    expect(exitCode).toBe(1);
    expect(err).toContain("did you mean port?");
    expect(disk.peek("/state/config.yaml")).toBeUndefined();
  });

  it("takes a secret from standard input and never shows it again", async () => {
    const disk = createMemoryDisk();
    const set = await openclaw(["config", "set", "models.providers.openai.apiKey", "-"], { disk, input: "sk-very-secret-0123456789\n" });
    expect(set).toMatchObject({ exitCode: 0 });
    expect(disk.peek("/state/config.yaml")?.toString()).toContain("secret: models.providers.openai.apiKey");
    const all = await openclaw(["config", "get"], { disk });
    expect(all.out + set.out).not.toContain("sk-very-secret");
    expect(all.out).toContain("models.providers.openai.apiKey");
    for (const path of disk.paths()) expect(disk.peek(path)?.includes("sk-very-secret"), path).toBe(false);
    const again = await openclaw(["config", "set", "models.providers.openai.apiKey", "-"], { disk, input: "sk-another-0123456789\n" });
    expect(again).toMatchObject({ exitCode: 0, out: "models.providers.openai.apiKey is changed in /state/config.yaml.\n" });
    expect(await secretAt(disk, "models.providers.openai.apiKey")).toBe("sk-another-0123456789");
    await openclaw(["config", "set", "models.providers.openai.apiKey", "-"], { disk, input: "sk-very-secret-0123456789\n" });
    // A later change keeps it, and the gateway can open it.
    await openclaw(["config", "set", "gateway.port", "19001"], { disk });
    expect(disk.peek("/state/config.yaml")?.toString()).toContain("secret: models.providers.openai.apiKey");
    expect(await secretAt(disk, "models.providers.openai.apiKey")).toBe("sk-very-secret-0123456789");
  });

  it("finds the place of an error, as text and as JSON", async () => {
    const disk = createMemoryDisk();
    disk.plant("/state/config.yaml", Buffer.from("gateway:\n  prot: 1\n"));
    const text = await openclaw(["config", "validate"], { disk });
    expect(text).toMatchObject({ exitCode: 1, out: "" });
    expect(text.err).toContain("line 2:3");
    const json = JSON.parse((await openclaw(["config", "validate", "--json"], { disk })).out) as Record<string, unknown>;
    expect(json).toMatchObject({ ok: false, error: { code: "config.invalid" }, issues: [{ path: "gateway.prot", line: 2, column: 3 }] });
    disk.plant("/state/config.yaml", Buffer.from("gateway: {port: [\n"));
    expect(await openclaw(["config", "validate"], { disk })).toMatchObject({ exitCode: 1 });
    expect((await openclaw(["config", "set", "gateway.port", "1"], { disk })).exitCode).toBe(1);
    expect(disk.peek("/state/config.yaml")?.toString()).toBe("gateway: {port: [\n");
  });
});

describe("onboarding without a gateway", () => {
  const stored = (disk: MemoryDisk) => disk.peek("/state/config.yaml")?.toString();

  it("stores provider, key and model", async () => {
    const { exitCode, out, disk } = await openclaw(["onboard", "--non-interactive", "--provider", "anthropic", "--api-key", "-", "--model", "claude-x", "--json"], { input: "sk-ant-0123456789abcdef\n" });
    expect(exitCode).toBe(0);
    expect(JSON.parse(out)).toEqual({ ok: true, provider: "anthropic", model: "anthropic/claude-x", file: "/state/config.yaml", applied: false, tested: false });
    expect(stored(disk)).toBe("models:\n  providers:\n    anthropic:\n      apiKey:\n        secret: models.providers.anthropic.apiKey\nagents:\n  defaults:\n    model: anthropic/claude-x\n");
  });

  it("takes the key from the provider's own variable, or keeps only a variable's name", async () => {
    const { disk } = await openclaw(["onboard", "--non-interactive", "--provider", "openai"], { env: { OPENAI_API_KEY: "sk-from-env-0123456789" } });
    expect(stored(disk)).toContain("secret: models.providers.openai.apiKey");
    expect(stored(disk)).not.toContain("sk-from-env");
    expect(disk.peek("/state/vault.json")?.toString()).toContain("models.providers.openai.apiKey");
    expect(disk.peek("/state/vault.json")?.toString()).not.toContain("sk-from-env");
    const named = await openclaw(["onboard", "--non-interactive", "--provider", "openai", "--api-key-env", "MY_KEY"], { env: { MY_KEY: "sk-not-stored" } });
    expect(stored(named.disk)).toContain("${MY_KEY}");
    expect(stored(named.disk)).not.toContain("sk-not-stored");
  });

  it("sets up a server of one's own without a key", async () => {
    const { exitCode, disk } = await openclaw(["onboard", "--non-interactive", "--provider", "local", "--base-url", "http://127.0.0.1:8080/v1", "--model", "llama"]);
    expect(exitCode).toBe(0);
    expect(stored(disk)).toBe("models:\n  providers:\n    local:\n      baseUrl: http://127.0.0.1:8080/v1\n      auth: none\n      models:\n        - id: llama\nagents:\n  defaults:\n    model: local/llama\n");
  });

  it("refuses a provider that nobody knows, unless it has an address", async () => {
    const { exitCode, err, disk } = await openclaw(["onboard", "--non-interactive", "--provider", "anthropicc", "--api-key", "k"]);
    expect({ exitCode, err }).toEqual({ exitCode: 2, err: "error: there is no provider \"anthropicc\" [USAGE]\n→ Did you mean anthropic? A server of your own takes --base-url.\n" });
    expect(stored(disk)).toBeUndefined();
    disk.plant("/state/config.yaml", Buffer.from("models:\n  providers:\n    mine:\n      baseUrl: http://127.0.0.1:1/v1\n"));
    expect((await openclaw(["onboard", "--non-interactive", "--provider", "mine", "--api-key", "k-0123456789"], { disk })).exitCode).toBe(0);
  });

  it("says what is missing instead of guessing", async () => {
    expect(failure((await openclaw(["onboard", "--non-interactive", "--json"])).out).error.message).toBe("--provider is missing");
    expect(failure((await openclaw(["onboard", "--non-interactive", "--provider", "openai", "--json"])).out).error).toMatchObject({ message: "openai needs a key", next: expect.stringContaining("OPENAI_API_KEY") });
    expect(failure((await openclaw(["onboard", "--non-interactive", "--provider", "openai-codex", "--json"])).out).error).toMatchObject({ message: "openai-codex needs a key", next: "Give it on standard input (--api-key -), or name its variable (--api-key-env)." });
    expect((await openclaw(["onboard"], { input: "" })).exitCode).toBe(2);
  });
});

describe("the log without a gateway", () => {
  const line = (level: string, message: string, more: object = {}) => `${JSON.stringify({ level, time: "2026-11-21T13:00:00.000Z", ...more, message })}\n`;

  it("is read from the file that the last one left", async () => {
    const disk = createMemoryDisk();
    await disk.makeDir("/state/logs");
    disk.plant("/state/logs/openclaw.log", Buffer.from(line("info", "the gateway listens") + line("error", "it broke", { error: { name: "Fault", message: "no more", stack: "Fault: no more\n  at somewhere" } })));
    expect(await openclaw(["logs", "-n", "1"], { disk })).toMatchObject({ exitCode: 0, err: "" });
    expect((await openclaw(["logs", "-n", "1"], { disk })).out).toMatch(/^2026-11-2\d \d\d:\d\d:00 error it broke error=Fault: no more\n$/);
    expect((await openclaw(["logs", "--raw"], { disk })).out).toContain("at somewhere");
    expect(JSON.parse((await openclaw(["logs", "--json", "--level", "error"], { disk })).out)).toMatchObject({ file: "/state/logs/openclaw.log", lines: [{ message: "it broke" }] });
  });

  it("that was never written is told", async () => {
    expect(failure((await openclaw(["logs", "--json"])).out).error).toMatchObject({ code: "NO_LOG", next: expect.stringContaining("gateway start") });
  });
});

describe("every code of a failure", () => {
  it("stands in the guide to troubleshooting", async () => {
    const here = fileURLToPath(new URL(".", import.meta.url));
    const files = (await readdir(here, { recursive: true })).filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts"));
    const sources = await Promise.all(files.map((name) => readFile(join(here, name), "utf8")));
    const codes = new Set(sources.flatMap((text) => [...text.matchAll(/failure\("([A-Z_]+)"/g)].map((match) => match[1] ?? "")));
    const guide = await readFile(new URL("../../docs/guide/troubleshooting.md", import.meta.url), "utf8");
    expect(codes.size).toBeGreaterThan(12);
    expect([...codes].filter((code) => !guide.includes(`\`${code}\``))).toEqual([]);
  });
});
