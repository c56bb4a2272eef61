// The gateway's own life from the command line: foreground, background, restart, refusals, the one-time link, TLS.
import { createServer } from "node:net";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { runCommandLine, startCommand, type CommandRun } from "../fixtures/command-line.ts";
import { freePort } from "../fixtures/gateway-process.ts";

const dirs: string[] = [];
const running: CommandRun[] = [];

async function folder(config?: string): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "openclaw-life-"));
  dirs.push(dir);
  if (config !== undefined) await writeFile(join(dir, "config.yaml"), config);
  return dir;
}

function foreground(stateDir: string, args: string[]): CommandRun {
  const run = startCommand(["gateway", "run", ...args], { stateDir });
  running.push(run);
  return run;
}

afterEach(async () => {
  for (const run of running.splice(0)) {
    if (run.child.exitCode === null) run.child.kill("SIGKILL");
    await run.ended;
  }
  for (const dir of dirs.splice(0)) {
    await runCommandLine(["gateway", "stop", "--force", "--wait", "5"], { stateDir: dir });
    await rm(dir, { recursive: true, force: true });
  }
});

describe("in the background", () => {
  test("it is started, asked, restarted on the same port, and stopped", async () => {
    const [stateDir, port] = [await folder(), await freePort()];
    const openclaw = (...args: string[]) => runCommandLine([...args, "--json"], { stateDir });
    const started = (await openclaw("gateway", "start", "--port", String(port), "--verbose")).json<{ pid: number }>();
    expect(started).toMatchObject({ ok: true, started: true, url: `ws://127.0.0.1:${port}` });
    expect((await openclaw("gateway", "start")).json()).toMatchObject({ ok: true, started: false, pid: started.pid });
    expect((await openclaw("gateway", "status")).json()).toMatchObject({ running: true, reachable: true, background: true, pid: started.pid });
    expect((await runCommandLine(["agent", "-m", "hello"], { stateDir })).out).toContain("demo");

    const restarted = (await openclaw("gateway", "restart")).json<{ pid: number }>();
    expect(restarted).toMatchObject({ ok: true, stopped: started.pid, url: `ws://127.0.0.1:${port}` });
    expect(restarted.pid).not.toBe(started.pid);
    expect(JSON.parse(await readFile(join(stateDir, "gateway.json"), "utf8"))).toMatchObject({ args: ["--port", String(port), "--verbose"] });
    expect((await openclaw("sessions")).json<{ sessions: { key: string }[] }>().sessions.map((row) => row.key)).toEqual(["agent:main:main"]);

    expect((await openclaw("gateway", "stop")).json()).toEqual({ ok: true, stopped: true, pid: restarted.pid });
    expect((await openclaw("gateway", "stop")).json()).toEqual({ ok: true, stopped: false });
    expect((await openclaw("gateway", "status")).json()).toMatchObject({ running: false, reachable: false, error: { code: "GATEWAY_UNREACHABLE" } });
    expect(await readdir(stateDir)).not.toContain("gateway.json");
  });

  test("a start that fails gives the reason and the exit code of the process that failed", async () => {
    const stateDir = await folder("gateway: {prot: [\n");
    const end = await runCommandLine(["gateway", "start", "--json"], { stateDir });
    expect(end.exitCode).toBe(78);
    expect(end.json()).toMatchObject({ ok: false, error: { code: "config.invalid", message: expect.stringContaining("config.yaml"), next: expect.stringContaining("config validate") } });
  });

  test("a wrong option starts nothing", async () => {
    const stateDir = await folder("gateway:\n  port: 0\n");
    expect(await runCommandLine(["gateway", "start", "--wait", "soon"], { stateDir })).toMatchObject({ exitCode: 2 });
    expect((await readdir(stateDir)).filter((name) => name !== "config.yaml")).toEqual([]);
  });

  test("a damaged database is told as such, with 78, and the log can be read without a gateway", async () => {
    const stateDir = await folder("gateway:\n  port: 0\n");
    expect((await runCommandLine(["gateway", "start"], { stateDir })).exitCode).toBe(0);
    await runCommandLine(["gateway", "stop"], { stateDir });
    const path = join(stateDir, "state.db");
    const bytes = await readFile(path);
    await writeFile(path, bytes.fill(0x5a, 4_096));
    const end = await runCommandLine(["gateway", "start", "--json"], { stateDir });
    expect(end.exitCode).toBe(78);
    expect(end.json()).toMatchObject({ ok: false, error: { code: "store.corrupt", next: expect.stringContaining("openclaw doctor") } });
    expect((await runCommandLine(["doctor", "--json"], { stateDir })).json()).toMatchObject({ ok: false, checks: expect.arrayContaining([expect.objectContaining({ id: "state-db", state: "fail" })]) });
    expect((await runCommandLine(["logs"], { stateDir })).out).toContain("the gateway listens");
  });
});

describe("in the foreground", () => {
  test("it prints one ready line, and ends with 0 on SIGTERM", async () => {
    const run = foreground(await folder(), ["--port", "0"]);
    await run.shows("is ready at http://127.0.0.1:");
    expect(run.out().trim().split("\n")).toHaveLength(1);
    run.child.kill("SIGTERM");
    expect((await run.ended).exitCode).toBe(0);
  });

  test("the one-time link goes to standard output and never to the log", async () => {
    const stateDir = await folder();
    const run = foreground(stateDir, ["--port", "0", "--print-link", "--verbose"]);
    await run.shows("#link=");
    const code = /#link=([\w-]{43})\n/.exec(run.out())?.[1];
    expect(code).toBeDefined();
    run.child.kill("SIGTERM");
    await run.ended;
    expect(run.err()).not.toContain(code);
    for (const file of await readdir(stateDir, { recursive: true, withFileTypes: true })) {
      if (file.isFile()) expect((await readFile(join(file.parentPath, file.name))).includes(code ?? ""), file.name).toBe(false);
    }
  });

  test("with --json the ready line is a document", async () => {
    const run = foreground(await folder(), ["--port", "0", "--print-link", "--json"]);
    await run.shows("#link=");
    expect(JSON.parse(run.out())).toMatchObject({ ok: true, pid: run.child.pid, url: expect.stringMatching(/^http:/), link: expect.stringContaining("#link=") });
  });

  test("commands find it through its certificate when it serves TLS", async () => {
    const stateDir = await folder("gateway:\n  tls:\n    enabled: true\n");
    const run = foreground(stateDir, ["--port", "0"]);
    await run.shows("is ready at https://127.0.0.1:");
    expect(run.out()).toMatch(/certificate (?:[0-9A-F]{2}:){31}[0-9A-F]{2}/);
    expect((await runCommandLine(["health", "--json"], { stateDir })).json()).toMatchObject({ ok: true });
    const url = /https:\S+?:(\d+)/.exec(run.out())?.[1];
    const stranger = await runCommandLine(["health", "--url", `wss://127.0.0.1:${url}`, "--tls-fingerprint", "00", "--json"], { stateDir: await folder() });
    expect(stranger.json()).toMatchObject({ ok: false, error: { code: "CERTIFICATE", message: expect.stringContaining("not the pinned one") } });
  });

  const refusals: [string, string, string[], RegExp][] = [
    ["a configuration that cannot be read", "gateway: {port: [\n", [], /line 2:\d+|line 1:\d+/],
    ["a bind that strangers reach in the clear", "gateway:\n  bind: lan\n", [], /bind lan needs TLS/],
    ["the same from the command line", "", ["--bind", "lan"], /bind lan needs TLS/],
    ["a password that anybody guesses", "gateway:\n  auth:\n    mode: password\n    password: changeme\n", [], /password/],
    ["a gateway that is elsewhere", "gateway:\n  mode: remote\n", [], /elsewhere/],
  ];
  test.each(refusals)("%s ends with 78 and one line", async (_what, config, args, reason) => {
    const end = await runCommandLine(["gateway", "run", "--port", "0", ...args], { stateDir: await folder(config) });
    expect(end).toMatchObject({ exitCode: 78, out: "" });
    const lines = end.err.trim().split("\n").filter((line) => !line.startsWith("{")); // beside the log's own
    expect(lines[0]).toMatch(reason);
    expect(lines.length).toBeLessThanOrEqual(2);
  });

  test("a port that is taken and a state directory that is in use end with 78", async () => {
    const taken = createServer().listen(0, "127.0.0.1");
    await new Promise((done) => taken.once("listening", done));
    const { port } = taken.address() as { port: number };
    expect(await runCommandLine(["gateway", "run", "--port", String(port)], { stateDir: await folder() })).toMatchObject({ exitCode: 78, err: expect.stringContaining(`port ${port} is in use`) });
    taken.close();
    const stateDir = await folder();
    const first = foreground(stateDir, ["--port", "0"]);
    await first.shows("is ready");
    const second = await runCommandLine(["gateway", "run", "--port", "0"], { stateDir });
    expect(second).toMatchObject({ exitCode: 78, err: expect.stringContaining(`another gateway (pid ${first.child.pid})`) });
    // The first is not harmed.
    expect((await runCommandLine(["health", "--json"], { stateDir })).json()).toMatchObject({ ok: true });
  });
});

describe("a configuration that is wrong", () => {
  test("is told by start in one line, by status and by health", async () => {
    const stateDir = await folder("gateway:\n  port: 0\nsession:\n  mainKay: x\n");
    try {
      const started = await runCommandLine(["gateway", "start"], { stateDir });
      expect(started.exitCode).toBe(0);
      expect(started.err.split("\n").filter((line) => line.startsWith("warning:"))).toEqual([expect.stringMatching(/config\.yaml line 4:3.*mainKay/)]);
      for (const command of ["status", "health"]) {
        expect((await runCommandLine([command, "--json"], { stateDir })).json()).toMatchObject({ config: { valid: false, issues: [{ line: 4 }] }, warnings: [expect.stringContaining("config.yaml line 4:3")] });
        expect((await runCommandLine([command], { stateDir })).out).toContain("line 4:3");
      }
    } finally {
      await runCommandLine(["gateway", "stop"], { stateDir });
    }
  });

  test("with which the gateway refuses to start is told by start without lines for machines, and never kept as a good one", async () => {
    const stateDir = await folder("gateway:\n  port: 0\n  bind: lan\nsession:\n  mainKay: x\n");
    const end = await runCommandLine(["gateway", "start"], { stateDir });
    expect(end.exitCode).toBe(78);
    expect(end.err).toContain("bind lan needs TLS");
    expect(end.err).not.toContain('{"');
    const { checks } = (await runCommandLine(["doctor", "--json"], { stateDir })).json<{ checks: { id: string; state: string; detail: string }[] }>();
    expect(checks.find((check) => check.id === "gateway")).toMatchObject({ state: "warn", detail: expect.stringContaining("bind lan needs TLS"), next: expect.stringContaining("gateway.tls") });
    expect(await readFile(join(stateDir, "config-history/last-good.json"), "utf8").catch(() => "none")).toBe("none");
  });
});

describe("openclaw doctor", () => {
  test("finds what is open to others and narrows it with --fix", async () => {
    const stateDir = await folder("gateway:\n  port: 0\n");
    await writeFile(join(stateDir, "vault.json"), "{}", { mode: 0o644 });
    const before = await runCommandLine(["doctor", "--json"], { stateDir });
    expect(before.exitCode).toBe(1);
    expect(before.json()).toMatchObject({ ok: false, error: { next: expect.stringContaining("--fix") }, checks: expect.arrayContaining([expect.objectContaining({ id: "state-dir", state: "fail", fixable: true })]) });
    expect((await runCommandLine(["doctor", "--fix", "--json"], { stateDir })).json()).toMatchObject({ ok: true, checks: expect.arrayContaining([expect.objectContaining({ id: "state-dir", state: "fixed" })]) });
    expect((await runCommandLine(["doctor", "--json"], { stateDir })).json()).toMatchObject({ ok: true });
  });

  test("names the line of a wrong configuration and the key that is missing", async () => {
    const stateDir = await folder("gateway:\n  prot: 1\nmodels:\n  providers:\n    openai: {}\n");
    const { checks } = (await runCommandLine(["doctor", "--json"], { stateDir })).json<{ checks: { id: string; state: string; detail: string; next?: string }[] }>();
    expect(checks.find((check) => check.id === "config")).toMatchObject({ state: "fail", detail: expect.stringContaining("line 2:3") });
    expect(checks.find((check) => check.id === "provider.openai")).toMatchObject({ state: "fail", next: "openclaw onboard --provider openai" });
  });
});
