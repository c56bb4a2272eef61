// A command line from words to exit code, against a machine in memory: suggestions, help, JSON errors, configuration without a gateway.
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

describe("help", () => {
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
    expect({ exitCode, out, err }).toEqual({ exitCode: 2, out: "", err: "error: this needs a yes\n→ Add --yes.\n" });
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

  it("says what is missing instead of guessing", async () => {
    expect(failure((await openclaw(["onboard", "--non-interactive", "--json"])).out).error.message).toBe("--provider is missing");
    expect(failure((await openclaw(["onboard", "--non-interactive", "--provider", "openai", "--json"])).out).error).toMatchObject({ message: "openai needs a key", next: expect.stringContaining("OPENAI_API_KEY") });
    expect(failure((await openclaw(["onboard", "--non-interactive", "--provider", "openai-codex", "--json"])).out).error).toMatchObject({ message: "openai-codex needs a key", next: "Give it on standard input (--api-key -), or name its variable (--api-key-env)." });
    expect((await openclaw(["onboard"], { input: "" })).exitCode).toBe(2);
  });
});
