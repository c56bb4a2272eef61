// The command line against a real gateway and a mock model: talking, configuring, onboarding, devices, and what is said when it fails.
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runCommandLine, startCommand, type CommandAt } from "../fixtures/command-line.ts";
import { openClawConfig, projectRoot, startGateway, type GatewayProcess } from "../fixtures/gateway-process.ts";
import { startModelServer, type ModelServer } from "../fixtures/model-server/model-server.ts";

let models: ModelServer;
let gateway: GatewayProcess;
const dirs: string[] = [];
const here = (): CommandAt => ({ stateDir: gateway.stateDir });
const openclaw = (args: string[], at: Partial<CommandAt> = {}) => runCommandLine(args, { ...here(), ...at });

async function folder(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "openclaw-cli-"));
  dirs.push(dir);
  return dir;
}

beforeAll(async () => {
  models = await startModelServer();
  gateway = await startGateway({ config: openClawConfig({ baseUrl: models.baseUrl("openai-chat") }) });
});
afterAll(async () => {
  await gateway?.destroy();
  await models?.close();
  for (const dir of dirs) await rm(dir, { recursive: true, force: true });
});

describe("openclaw agent", () => {
  test("prints the answer and nothing else on standard output", async () => {
    expect(await openclaw(["agent", "--message", "good morning"])).toMatchObject({ exitCode: 0, out: "echo: good morning\n", err: "" });
  });

  test("takes the message from standard input and from a file", async () => {
    expect((await openclaw(["agent", "-m", "-"], { input: "from input" })).out).toBe("echo: from input\n");
    expect((await openclaw(["agent"], { input: "piped" })).out).toBe("echo: piped\n");
    const file = join(await folder(), "message.txt");
    await writeFile(file, "from a file");
    expect((await openclaw(["agent", "--message-file", file])).out).toBe("echo: from a file\n");
  });

  test("answers with one document for --json", async () => {
    const end = await openclaw(["agent", "-m", "hi", "--json", "--session-key", "json"]);
    expect(end.exitCode).toBe(0);
    expect(end.json()).toMatchObject({ status: "ok", result: { payloads: [{ text: "echo: hi" }], meta: { agentMeta: { provider: "mock", model: "mock-1" } } } });
  });

  test("shows what tools do on standard error", async () => {
    const end = await openclaw(["agent", "--verbose", "--session-key", "tools", "-m", '[[scenario:tool session_status {}]] [[scenario:then]] [[scenario:text all done]]']);
    expect(end).toMatchObject({ exitCode: 0, out: "all done\n" });
    expect(end.err).toContain("⚙ session_status");
    expect(end.err).toContain("✓ session_status");
  });

  test("stops the run on Ctrl-C", async () => {
    const run = startCommand(["agent", "--session-key", "stop", "-m", "[[scenario:hold chunks=5 key=ctrl-c one two three four five]]"], here());
    models.release(1, "ctrl-c");
    await run.shows("one");
    run.child.kill("SIGINT");
    const end = await run.ended;
    expect(end).toMatchObject({ exitCode: 130 });
    expect(end.err).toContain("stopped");
    await models.idle();
    expect(models.requests().at(-1)?.end).toBe("aborted");
  });

  test("goes on with the same run when the gateway dies and comes back", async () => {
    const first = await startGateway({ config: openClawConfig({ baseUrl: models.baseUrl("openai-chat") }) });
    const run = startCommand(["agent", "-m", "[[scenario:hold chunks=2 key=crash first second]]"], { stateDir: first.stateDir });
    models.release(1, "crash");
    await run.shows("first");
    await first.kill();
    const second = await startGateway({ stateDir: first.stateDir, port: first.port });
    models.release(10, "crash");
    const end = await run.ended;
    await second.destroy();
    expect(end.exitCode, end.err).toBe(0);
    expect(end.err).toContain("asking again");
    expect(end.out.trim()).toMatch(/first second$/);
  });

  test("fails with the model's reason", async () => {
    const end = await openclaw(["agent", "--json", "--session-key", "fault", "-m", "[[scenario:fault bad-request]]"]);
    expect(end.exitCode).toBe(1);
    expect(end.json()).toMatchObject({ ok: false, error: { code: "model.failed" } });
  });
});

describe("openclaw config", () => {
  test("changes what runs at once", async () => {
    const config = JSON.parse(await readFile(join(gateway.stateDir, "openclaw.json"), "utf8")) as { models: { providers: { mock: object } } };
    const second = { ...config.models.providers.mock, models: [{ id: "mock-2" }] };
    const added = await openclaw(["config", "set", "models.providers.second", "-", "--json"], { input: JSON.stringify(second) });
    expect(added.json()).toMatchObject({ ok: true, applied: true, restartRequired: [] });
    expect((await openclaw(["models", "set", "second/mock-2"])).exitCode).toBe(0);
    expect((await openclaw(["agent", "-m", "who?", "--session-key", "fresh", "--json"])).json()).toMatchObject({ result: { meta: { agentMeta: { provider: "second", model: "mock-2" } } } });
    expect((await openclaw(["config", "get", "agents.defaults.model.primary"])).out).toBe("second/mock-2\n");
    expect((await openclaw(["models", "set", "mock/mock-1"])).exitCode).toBe(0);
  });

  test("keeps secrets hidden and says what needs a restart", async () => {
    expect((await openclaw(["config", "get"])).out).not.toContain(gateway.token);
    expect((await openclaw(["config", "set", "gateway.port", "18888", "--json"])).json()).toMatchObject({ restartRequired: ["gateway.port"] });
    expect((await openclaw(["config", "set", "gateway.port", "18789"])).exitCode).toBe(0);
    const wrong = await openclaw(["config", "set", "session.idleMinutes", "soon", "--json"]);
    expect(wrong.exitCode).toBe(1);
    expect(wrong.json()).toMatchObject({ ok: false, error: { code: "config.invalid", message: expect.stringContaining("session.idleMinutes") } });
  });
});

describe("everyday commands", () => {
  test.each(["status", "health", "sessions", "agents", "models", "models status", "usage", "devices", "nodes", "logs -n 5", "gateway status", "gateway call system.info", "dashboard", "doctor", "version", "config file"])("%s answers people and programs", async (line) => {
    const args = line.split(" ");
    const [text, json] = await Promise.all([openclaw(args), openclaw([...args, "--json"])]);
    expect(text, text.err).toMatchObject({ exitCode: 0 });
    expect(text.out.trim()).not.toBe("");
    expect(json).toMatchObject({ exitCode: 0, err: "" });
    expect(typeof json.json()).toBe("object");
  });

  test("sessions are patched, reset and deleted", async () => {
    await openclaw(["agent", "-m", "hi", "--session-key", "trip"]);
    expect((await openclaw(["sessions", "patch", "trip", "--label", "The trip", "--thinking", "low"])).exitCode).toBe(0);
    expect((await openclaw(["sessions", "--search", "trip"])).out).toContain("The trip");
    expect((await openclaw(["sessions", "reset", "trip"])).out).toContain("starts anew");
    expect((await openclaw(["sessions", "compact", "trip", "--json"])).json()).toMatchObject({ ok: true });
    expect((await openclaw(["sessions", "delete", "trip", "--yes", "--json"])).json()).toMatchObject({ sessions: [{ key: "agent:main:trip", deleted: true }] });
    expect(await openclaw(["sessions", "delete", "main", "--yes"])).toMatchObject({ exitCode: 1 });
    expect((await openclaw(["sessions", "delete", "trip", "--yes", "--json"])).json()).toMatchObject({ ok: false, error: { code: "session.not-found" } });
    expect((await openclaw(["sessions", "reset", "tirp", "--json"])).json()).toMatchObject({ ok: false, error: { code: "session.not-found" } });
  });

  test("agents are added, spoken to and removed", async () => {
    expect((await openclaw(["agents", "add", "Research", "--model", "nobody/x", "--json"])).json()).toMatchObject({ ok: false, error: { code: "model.unknown" } });
    expect((await openclaw(["agents", "add", "Research"])).exitCode).toBe(0);
    expect((await openclaw(["agent", "--agent", "research", "-m", "hello"])).out).toBe("echo: hello\n");
    expect((await openclaw(["agents", "delete", "research", "--yes"])).exitCode).toBe(0);
    expect((await openclaw(["agents", "--json"])).json<{ agents: { id: string }[] }>().agents.map((agent) => agent.id)).not.toContain("research");
  });

  test("logs --follow shows new lines until Ctrl-C", async () => {
    const run = startCommand(["logs", "--follow", "-n", "1000"], here());
    await run.shows("the gateway listens");
    run.child.kill("SIGINT");
    expect((await run.ended).exitCode).toBe(0);
  });

  test("the link of dashboard carries its code in the fragment", async () => {
    const { url } = (await openclaw(["dashboard", "--json"])).json<{ url: string }>();
    expect(url).toMatch(new RegExp(`^${gateway.url}/#link=[\\w-]{43}$`));
  });

  test("a mistyped command ends with 2 and a suggestion", async () => {
    const end = await openclaw(["gateway", "stats"]);
    expect(end).toMatchObject({ exitCode: 2, out: "" });
    expect(end.err).toContain("status");
  });

  test("an unknown method and a wrong parameter are told in the gateway's words", async () => {
    expect((await openclaw(["gateway", "call", "no.such", "--json"])).json()).toMatchObject({ ok: false, error: { code: "method.unknown", message: "unknown method: no.such" } });
    expect((await openclaw(["gateway", "call", "chat.history", "--params", "{}", "--json"])).json()).toMatchObject({ ok: false, error: { message: expect.stringContaining("invalid chat.history params") } });
    expect((await openclaw(["gateway", "call", "helth", "--json"])).json()).toMatchObject({ error: { code: "method.unknown", next: "Did you mean health?" } });
    expect((await openclaw(["gateway", "call", "health", "--params", "{oops"])).exitCode).toBe(2);
  });
});

test("a default model that nobody serves hides no conversation, and the doctor names it", async () => {
  const config = openClawConfig({ baseUrl: models.baseUrl("openai-chat") }) as { agents?: { defaults?: object } };
  const fresh = await startGateway({ config: { ...config, agents: { ...config.agents, defaults: { ...config.agents?.defaults, model: "nobody/x" } } } });
  try {
    const at = { stateDir: fresh.stateDir };
    expect((await runCommandLine(["agent", "-m", "hi", "--json"], at)).json()).toMatchObject({ ok: false, error: { message: expect.stringContaining("nobody/x") } });
    expect((await runCommandLine(["sessions", "--json"], at)).json()).toMatchObject({ defaults: { modelProvider: "nobody", model: "x" }, sessions: [{ key: "agent:main:main" }] });
    expect((await runCommandLine(["status"], at)).out).toContain("nobody/x");
    expect((await runCommandLine(["models", "status", "--json"], at)).json()).toMatchObject({ defaultModel: "nobody/x" });
    expect((await runCommandLine(["doctor", "--json"], at)).json()).toMatchObject({ ok: false, checks: expect.arrayContaining([expect.objectContaining({ id: "model", state: "fail", detail: expect.stringContaining("nobody") })]) });
  } finally {
    await fresh.destroy();
  }
});

describe("a short command", () => {
  /** Packages that a run of the sources loads. */
  async function packagesOf(args: string[]): Promise<string[]> {
    const list = join(await folder(), "loads");
    const hook = `import{registerHooks}from"node:module";import{appendFileSync}from"node:fs";registerHooks({resolve(name,context,next){const found=next(name,context);appendFileSync(${JSON.stringify(list)},found.url+"\\n");return found}})`;
    const end = await promisify(execFile)(process.execPath, ["--import", `data:text/javascript,${encodeURIComponent(hook)}`, join(projectRoot, "src/main.ts"), ...args], { env: { PATH: process.env["PATH"], HOME: gateway.stateDir, OPENCLAW_STATE_DIR: gateway.stateDir } });
    expect(end.stdout).not.toBe("");
    const loads = await readFile(list, "utf8");
    return [...new Set([...loads.matchAll(/.*node_modules\/((?:@[^/]+\/)?[^/\n]+)/g)].map((match) => match[1] ?? ""))].toSorted();
  }

  test("loads neither schemas nor the log nor a model library", async () => {
    expect(await packagesOf(["health"])).toEqual(["commander", "ws"]);
    expect(await packagesOf(["agent", "-m", "hi"])).toEqual(["commander", "ws"]);
    expect(await packagesOf(["config", "set", "session.idleMinutes", "60"])).toEqual(["commander", "ws"]);
    expect(await packagesOf(["devices", "--help"])).toEqual(["commander"]);
  });
});

describe("openclaw onboard", () => {
  test("sets a provider up that answers the next message, without a restart", async () => {
    const fresh = await startGateway({ env: {} });
    try {
      const at = { stateDir: fresh.stateDir };
      expect((await runCommandLine(["agent", "-m", "hello"], at)).err).toContain("demo");
      const end = await runCommandLine(["onboard", "--non-interactive", "--provider", "mine", "--base-url", models.baseUrl("openai-chat"), "--api", "openai-completions", "--api-key", "-", "--model", "m-1", "--json"], { ...at, input: "sk-onboard-0123456789abcdef\n" });
      expect(end.json()).toEqual({ ok: true, provider: "mine", model: "mine/m-1", file: join(fresh.stateDir, "config.yaml"), applied: true, tested: true });
      expect(await runCommandLine(["agent", "-m", "are you real?"], at)).toMatchObject({ out: "echo: are you real?\n", err: "" });
      expect((await runCommandLine(["doctor", "--json", "--deep"], at)).json()).toMatchObject({ ok: true, checks: expect.arrayContaining([expect.objectContaining({ id: "provider.mine", state: "ok", detail: "answers" })]) });
      expect(fresh.output()).not.toContain("sk-onboard");
      expect((await runCommandLine(["logs", "--raw"], at)).out).not.toContain("sk-onboard");
    } finally {
      await fresh.destroy();
    }
  });

  test("says when a key is refused", async () => {
    models.script({ apiKeys: ["the-right-key", "mock-key"] });
    try {
      const end = await openclaw(["onboard", "--non-interactive", "--provider", "wrong", "--base-url", models.baseUrl("openai-chat"), "--api", "openai-completions", "--api-key", "the-wrong-key", "--model", "m", "--json"]);
      expect(end).toMatchObject({ exitCode: 1 });
      expect(end.json()).toMatchObject({ ok: false, error: { code: "PROVIDER_FAILED" } });
    } finally {
      models.reset();
      await openclaw(["config", "unset", "models.providers.wrong"]);
      await openclaw(["models", "set", "mock/mock-1"]);
    }
  });
});

describe("a machine elsewhere", () => {
  test("pairs, is approved on the host, works, and is shut out when revoked", async () => {
    const away = { stateDir: await folder() };
    const asks = ["devices", "list", "--url", gateway.wsUrl, "--token", gateway.token];
    const waiting = await runCommandLine([...asks, "--json"], away);
    expect(waiting).toMatchObject({ exitCode: 1 });
    const { error } = waiting.json<{ error: { code: string; message: string; next: string } }>();
    expect(error.code).toBe("PAIRING_REQUIRED");
    expect(error.next).toContain("openclaw devices approve ");
    const words = /words are: (.+)\.$/.exec(error.message)?.[1] ?? "";
    expect(words.split(/[ -]/)).toHaveLength(6);

    const listed = (await openclaw(["devices", "--json"])).json<{ pending: { code: string; requestId: string }[] }>();
    expect(listed.pending.map((request) => request.code)).toEqual([words]);
    const approved = await openclaw(["devices", "approve", "--latest"]);
    expect(approved).toMatchObject({ exitCode: 0 });
    expect(approved.err).toContain(words);

    // Its own token is enough from now on.
    const alone = ["devices", "list", "--url", gateway.wsUrl, "--json"];
    const { paired } = (await runCommandLine([...asks, "--json"], away)).json<{ paired: { deviceId: string; connected: boolean; approvedVia: string }[] }>();
    expect((await runCommandLine(alone, away)).exitCode).toBe(0);
    const mine = paired.find((device) => device.connected && device.approvedVia.startsWith("device:"));
    expect(mine).toBeDefined();
    expect((await openclaw(["devices", "revoke", mine?.deviceId.slice(0, 10) ?? ""])).exitCode).toBe(0);
    expect((await runCommandLine(alone, away)).exitCode).toBe(1);
    expect((await openclaw(["devices", "remove", mine?.deviceId ?? "", "--yes"])).exitCode).toBe(0);
  });

  test("sets models up in the gateway that it uses, and keeps its own file", async () => {
    const away = { stateDir: await folder() };
    const own = `gateway:\n  mode: remote\n  remote:\n    url: ${gateway.wsUrl}\n    token: ${gateway.token}\n`;
    await writeFile(join(away.stateDir, "config.yaml"), own, { mode: 0o600 });
    expect((await runCommandLine(["models", "set", "mock/mock-1", "--json"], away)).json()).toMatchObject({ ok: false, error: { code: "PAIRING_REQUIRED" } });
    expect((await openclaw(["devices", "approve", "--latest"])).exitCode).toBe(0);
    expect((await runCommandLine(["models", "set", "mock/mock-1", "--json"], away)).json()).toMatchObject({ ok: true, model: "mock/mock-1" });
    expect(await readFile(join(away.stateDir, "config.yaml"), "utf8")).toBe(own);
    const status = await runCommandLine(["gateway", "status"], away);
    expect(status.out).toContain("elsewhere");
    expect(status.out).toContain(gateway.wsUrl);
    expect((await runCommandLine(["doctor", "--json"], away)).json()).toMatchObject({ ok: true, checks: expect.arrayContaining([expect.objectContaining({ id: "answer", state: "ok" })]) });
    expect((await runCommandLine(["config", "get", "gateway.mode"], away)).out).toBe("remote\n");
  });

  test("reads with the shared token alone", async () => {
    const away = { stateDir: await folder() };
    expect((await runCommandLine(["health", "--url", gateway.wsUrl, "--token", gateway.token, "--json"], away)).json()).toMatchObject({ ok: true });
    const without = await runCommandLine(["health", "--url", gateway.wsUrl, "--json"], away);
    expect(without.exitCode).toBe(0); // the device token of the visit before
    expect((await runCommandLine(["health", "--url", gateway.wsUrl, "--json"], { stateDir: await folder() })).json()).toMatchObject({ ok: false, error: { code: "AUTH_TOKEN_MISSING" } });
  });
});
