// Secrets with known values are planted in every place that holds one, then everything that leaves the process is searched for them in twelve disguises.
import { chmod, readdir, readFile, symlink, writeFile, mkdir, stat } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openClawConfig, startGateway, type GatewayProcess } from "../fixtures/gateway-process.ts";
import { startModelServer, type ModelServer } from "../fixtures/model-server/model-server.ts";
import { makeMutant } from "../fixtures/mutant.ts";
import { attempt, connectWire, everyScope, makeDevice, makeHostKey, type Wire } from "../fixtures/wire-client.ts";

const randomText = (length: number) => randomBytes(length).toString("base64url").replace(/[-_]/g, "x").slice(0, length);

/** Made at run time, so that scanners of the repository stay quiet. */
function makeCanaries() {
  return {
    "shared token": `tok${randomText(40)}`,
    "provider key in the file": ["sk", "proj", `A1${randomText(40)}`].join("-"),
    "provider key in the environment": ["sk", "ant", `b2${randomText(40)}`].join("-"),
    "provider key kept by a form": `plain-looking-${randomText(28)}`,
    "header of a provider": `hdr${randomText(32)}`,
  };
}
type Canaries = ReturnType<typeof makeCanaries>;

/** The value and what it looks like after the usual ways of writing it. */
function disguises(value: string): string[] {
  const bytes = Buffer.from(value);
  const percent = [...bytes].map((byte) => `%${byte.toString(16).padStart(2, "0")}`).join("");
  const base64 = [0, 1, 2].map((shift) => Buffer.concat([Buffer.alloc(shift, 65), bytes]).toString("base64").slice(shift === 0 ? 0 : 4, -4));
  const letters = Array.from(value);
  return [value, bytes.toString("hex"), bytes.toString("hex").toUpperCase(), percent, ...base64, bytes.toString("base64url").slice(0, -2), letters.toReversed().join(""), letters.join(" "), letters.join("-"), letters.join("\\u0000")];
}

interface Surfaces { add(name: string, content: string | Buffer): void; hits(secrets: Record<string, string>): string[]; count(): number }

function createSurfaces(): Surfaces {
  const seen: { name: string; content: string }[] = [];
  return {
    add: (name, content) => void seen.push({ name, content: content.toString("latin1") }),
    hits: (secrets) => Object.entries(secrets).flatMap(([secret, value]) => seen.flatMap(({ name, content }) => disguises(value).flatMap((disguise, index) => (content.includes(disguise) ? [`${secret} (disguise ${index}) in ${name}`] : [])))),
    count: () => seen.length,
  };
}

/** A provider that says the key it was given in its error, as real ones do. */
async function startGossip(): Promise<{ url: string; close(): void }> {
  const server: Server = createServer((request, response) => {
    response.writeHead(401, { "content-type": "application/json", "x-request-id": String(request.headers.authorization ?? "") });
    response.end(JSON.stringify({ error: { message: `Incorrect API key provided: ${String(request.headers.authorization ?? request.headers["x-api-key"])}. You sent ${JSON.stringify(request.headers)}`, type: "invalid_request_error" } }));
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`, close: () => server.close() };
}

const allowedFiles = (name: string, folder: string) => name === "openclaw.json" || folder.endsWith("config-history") || name === "notes.txt";

/** Lets the planted secrets pass through everything, and collects what came out. */
async function collect(canaries: Canaries, command?: readonly string[]): Promise<{ surfaces: Surfaces; modelSurfaces: Surfaces; extra: Record<string, string> }> {
  const models = await startModelServer();
  const gossip = await startGossip();
  const model = (id: string) => ({ id, name: id, maxTokens: 4_096, contextWindow: 100_000, input: ["text"], reasoning: false, cost: { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 } });
  const config = openClawConfig({
    baseUrl: models.baseUrl("openai-chat"),
    extra: {
      logging: { level: "debug" },
      agents: { defaults: { model: { primary: "mock/mock-1" } }, list: [{ id: "main", default: true }, { id: "gossip", model: "gossip/g" }, { id: "gossip-env", model: "gossip-env/g" }, { id: "kept", model: "kept/k" }] },
      models: {
        providers: {
          mock: { baseUrl: models.baseUrl("openai-chat"), apiKey: "mock-key-0123456789", api: "openai-completions", models: [model("mock-1")] },
          gossip: { baseUrl: gossip.url, apiKey: canaries["provider key in the file"], api: "openai-completions", headers: { "x-api-key": canaries["header of a provider"] }, models: [model("g")] },
          "gossip-env": { baseUrl: gossip.url, apiKey: "${CANARY_KEY}", api: "anthropic-messages", models: [model("g")] },
        },
      },
    },
  });
  (config as { gateway: { auth: Record<string, unknown> } }).gateway.auth = { mode: "token" };
  const gateway = await startGateway({ config, env: { OPENCLAW_GATEWAY_TOKEN: canaries["shared token"], CANARY_KEY: canaries["provider key in the environment"] }, ...(command ? { command } : {}) });
  const surfaces = createSurfaces();
  const modelSurfaces = createSurfaces();
  const extra: Record<string, string> = {};
  try {
    const admin = await connectWire(gateway.wsUrl, { device: await makeHostKey(gateway.stateDir), scopes: everyScope, caps: ["tool-events"] });
    const operatorDevice = makeDevice();
    const shared = await connectWire(gateway.wsUrl, { device: operatorDevice, scopes: ["operator.read", "operator.write"], auth: { token: canaries["shared token"] } });
    extra["device token"] = shared.hello.auth.deviceToken ?? "";
    // A key given in a form.
    const read = await admin.call<{ hash: string }>("config.get", {});
    await admin.call("config.patch", { baseHash: read.hash, raw: JSON.stringify({ models: { providers: { kept: { baseUrl: gossip.url, api: "openai-completions", apiKey: canaries["provider key kept by a form"], models: [model("k")] } } } }) });
    // Wrong guesses near the right ones, and errors that name keys.
    for (const token of [`${canaries["shared token"]}x`, canaries["shared token"].slice(0, -1)]) surfaces.add("answer to a wrong token", JSON.stringify((await attempt(gateway.wsUrl, { auth: { token }, scopes: [] })).answer));
    const workspace = join(gateway.stateDir, "workspace");
    await mkdir(workspace, { recursive: true });
    await writeFile(join(workspace, "notes.txt"), `keys to look after: ${Object.values(canaries).join(" and ")}`);
    const prompts: [string, string][] = [["agent:gossip:main", "hello"], ["agent:gossip-env:main", "hello"], ["agent:kept:main", "hello"], ["main", '[[scenario:tool read {"path":"notes.txt"}]]'], ["main", '[[scenario:tool read {"path":"../openclaw.json"}]]'], ["main", '[[scenario:tool session_status {}]]'], ["main", "/status"], ["main", "plain words"]];
    for (const [index, [sessionKey, message]] of prompts.entries()) {
      await admin.call("chat.send", { sessionKey, message, idempotencyKey: `canary-${index}` });
      await admin.call("agent.wait", { runId: `canary-${index}`, timeoutMs: 30_000 });
      surfaces.add(`history after ${message}`, JSON.stringify(await admin.call("chat.history", { sessionKey })));
    }
    const http = async (path: string, init?: RequestInit) => {
      const response = await fetch(`${gateway.url}${path}`, init);
      surfaces.add(`HTTP ${path}`, JSON.stringify([...response.headers]) + (await response.text()));
    };
    await Promise.all([http("/readyz"), http("/"), http("/v1/models", { headers: { authorization: `Bearer ${canaries["shared token"]}` } }), http("/v1/models", { headers: { authorization: `Bearer ${canaries["shared token"]}x` } }), http("/v1/chat/completions", { method: "POST", headers: { authorization: `Bearer ${canaries["shared token"]}`, "content-type": "application/json" }, body: JSON.stringify({ model: "openclaw/gossip", messages: [{ role: "user", content: "hi" }] }) })]);
    for (const method of ["config.get", "config.schema", "status", "health", "system.info", "models.list", "models.authStatus", "usage.cost", "usage.status", "agents.list", "sessions.list", "device.pair.list", "node.list", "system-presence", "gateway.identity.get", "logs.tail"]) surfaces.add(method, JSON.stringify(await admin.request(method, {})));
    for (const provider of ["gossip", "gossip-env", "kept"]) surfaces.add(`models.probe ${provider}`, JSON.stringify(await admin.request("models.probe", { provider })));
    surfaces.add("config.set refused", JSON.stringify(await admin.request("config.set", { raw: `{ gateway: { auth: { token: ["${canaries["shared token"]}"] } } }`, baseHash: (await admin.call<{ hash: string }>("config.get", {})).hash })));
    surfaces.add("frames to the administrator", admin.texts.join("\n"));
    surfaces.add("frames to another client", shared.texts.slice(2).join("\n")); // its own hello brings it its own token
    surfaces.add("command line of the process", await readFile(`/proc/${gateway.child.pid}/cmdline`));
    for (const wire of [admin, shared] as Wire[]) wire.close();
    await gateway.stop();
    surfaces.add("what the process printed", gateway.output());
    for (const entry of await readdir(gateway.stateDir, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile() || allowedFiles(entry.name, entry.parentPath)) continue;
      surfaces.add(`file ${entry.name}`, await readFile(join(entry.parentPath, entry.name)));
    }
    for (const request of models.requests()) modelSurfaces.add(`request ${request.id} to the model`, JSON.stringify(request));
    modelSurfaces.add("number of requests", String(models.requests().length));
  } finally {
    await gateway.destroy();
    await models.close();
    gossip.close();
  }
  return { surfaces, modelSurfaces, extra };
}

test("[I.15] [I.18] [I.27] planted secrets are in no log, event, error, answer, file or request to a model, in twelve disguises", async () => {
  const canaries = makeCanaries();
  const { surfaces, modelSurfaces, extra } = await collect(canaries);
  const secrets = { ...canaries, ...extra };
  console.log(`I.15: ${Object.keys(secrets).length} secrets, ${disguises("x").length} disguises, ${surfaces.count() + modelSurfaces.count()} surfaces`);
  expect(surfaces.hits(secrets)).toEqual([]);
  expect(modelSurfaces.hits(secrets)).toEqual([]);
  expect(modelSurfaces.count()).toBeGreaterThan(5);
});

test("[I.15] the check catches a gateway that lets tool results pass unseen", async () => {
  const mutant = await makeMutant({ name: "no leak guard", file: "src/app.ts", from: "const ownGuards = [createLeakGuard(() => vault.known())];", to: "const ownGuards: ReturnType<typeof createLeakGuard>[] = [];" });
  try {
    const canaries = makeCanaries();
    const { surfaces, modelSurfaces, extra } = await collect(canaries, mutant.command);
    expect([...surfaces.hits({ ...canaries, ...extra }), ...modelSurfaces.hits({ ...canaries, ...extra })].length).toBeGreaterThan(0);
  } finally {
    await mutant.remove();
  }
});

// --- what a model may reach

let models: ModelServer;
let gateway: GatewayProcess;
let inside: Server;
let insideUrl: URL;
const reached: string[] = [];
const token = `t${randomText(40)}`;

beforeAll(async () => {
  models = await startModelServer();
  inside = createServer((request, response) => {
    reached.push(`${request.headers.host} ${request.url}`);
    if (request.url?.startsWith("/jump") === true) return void response.writeHead(302, { location: `http://127.0.0.1:${gateway.port}/health` }).end();
    response.setHeader("content-type", "text/plain");
    response.end("what stands inside");
  });
  await new Promise<void>((done) => inside.listen(0, "127.0.0.1", done));
  insideUrl = new URL(`http://127.0.0.1:${(inside.address() as AddressInfo).port}/`);
});
afterAll(async () => {
  await gateway?.destroy();
  await models?.close();
  inside?.close();
});

interface ToolEnd { name: string; isError: boolean; text: string }

/** Lets the model ask for one call; how the call ended. */
async function callTool(wire: Wire, index: number, name: string, args: object): Promise<ToolEnd> {
  const runId = `tool-${index}`;
  await wire.call("chat.send", { sessionKey: `tools-${index}`, message: `[[scenario:tool ${name} ${JSON.stringify(args)}]]`, idempotencyKey: runId });
  await wire.call("agent.wait", { runId, timeoutMs: 30_000 });
  const { messages } = await wire.call<{ messages: { role: string; toolName?: string; isError?: boolean; content: { text?: string }[] }[] }>("chat.history", { sessionKey: `tools-${index}` });
  const result = messages.find((message) => message.role === "toolResult");
  return { name: result?.toolName ?? "none", isError: result?.isError ?? false, text: result?.content.map((block) => block.text ?? "").join("") ?? "" };
}

const grantedConfig = () => openClawConfig({ baseUrl: models.baseUrl("openai-chat"), extra: { tools: { web: { fetch: { allowPrivate: [`127.0.0.1:${insideUrl.port}`] } } } } });

/** Addresses that a model reached and should not have. */
async function reachable(target: GatewayProcess, most = Infinity): Promise<{ wrong: string[]; cases: number }> {
  const wire = await connectWire(target.wsUrl, { auth: { token }, scopes: ["operator.write"] });
  const { port } = target;
  const urls = [
    ...["127.0.0.1", "127.1", "127.0.1", "2130706433", "0x7f000001", "0x7f.0.0.1", "0177.0.0.1", "017700000001", "127.0.0.1.", "localhost", "LOCALHOST", "localhost.", "foo.localhost", "[::1]", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[fe80::1]", "[fc00::1]", "[::]", "0.0.0.0", "0", "127.255.255.254", "①②⑦.⓪.⓪.①", "127。0。0。1"].map((host) => `http://${host}:${port}/health`),
    ...["10.0.0.1", "172.16.0.1", "192.168.0.1", "100.64.0.1", "169.254.169.254", "169.254.170.2", "198.18.0.1", "192.0.0.1", "192.0.2.1", "203.0.113.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "[fd00:ec2::254]", "[ff02::1]", "[2001:db8::1]", "[2001:0:53aa:64c:0:0:80ff:fffe]"].map((host) => `http://${host}/latest/meta-data/`),
    `http://${insideUrl.host}/jump`,
    `http://user:pass@127.0.0.1:${port}/`,
    "file:///etc/passwd", "ftp://127.0.0.1/", "gopher://127.0.0.1:6379/_INFO", "data:text/plain,hello", "javascript:alert(1)", "http://", "http://[::1", "//127.0.0.1/", `unix:/var/run/docker.sock`,
  ];
  const ends = await Promise.all(urls.slice(0, most).map(async (url, index) => ({ url, end: await callTool(wire, index, "web_fetch", { url }) })));
  const wrong = ends.filter(({ end }) => !end.isError || end.text.includes("live") || end.text.includes("root:")).map(({ url, end }) => `${url}: ${end.isError ? "" : "not refused: "}${end.text.slice(0, 100)}`);
  wire.close();
  return { wrong, cases: urls.length };
}

test("[I.17] a model that asks for addresses of this machine and its networks, in any spelling, reaches none of them", async () => {
  gateway = await startGateway({ config: grantedConfig(), env: { OPENCLAW_GATEWAY_TOKEN: token } });
  const { wrong, cases } = await reachable(gateway);
  console.log(`I.17: ${cases} addresses`);
  expect(wrong).toEqual([]);
  // The grant itself works, for exactly its host and port.
  const wire = await connectWire(gateway.wsUrl, { auth: { token }, scopes: ["operator.write"] });
  const granted = await callTool(wire, 900, "web_fetch", { url: insideUrl.href });
  expect(granted).toMatchObject({ isError: false, text: expect.stringContaining("what stands inside") });
  expect(reached.filter((one) => !one.startsWith(insideUrl.host))).toEqual([]);
  wire.close();
});

test("[I.17] the check catches a gateway that connects to any address", async () => {
  const mutant = await makeMutant({ name: "any address", file: "src/vault/addresses.ts", from: 'if (range === "unicast" || (isGranted && grantable.has(range))) return undefined;', to: 'if (range !== "never") return undefined;' });
  const other = await startGateway({ config: grantedConfig(), env: { OPENCLAW_GATEWAY_TOKEN: token }, command: mutant.command });
  try {
    expect((await reachable(other, 10)).wrong.length).toBeGreaterThan(0);
  } finally {
    await other.destroy();
    await mutant.remove();
  }
});

test("a model that asks for files outside its workspace, by any path, gets and changes none of them", async () => {
  const wire = await connectWire(gateway.wsUrl, { auth: { token }, scopes: ["operator.write"] });
  const workspace = join(gateway.stateDir, "workspace");
  await mkdir(join(workspace, "deep"), { recursive: true });
  await symlink("/etc", join(workspace, "etc-link"));
  await symlink("../openclaw.json", join(workspace, "deep", "config-link"));
  await symlink(join(gateway.stateDir, "new-file"), join(workspace, "dangling"));
  const before = await readFile(join(gateway.stateDir, "openclaw.json"), "utf8");
  const paths = ["/etc/passwd", "../openclaw.json", "../../etc/passwd", "deep/../../openclaw.json", "etc-link/passwd", "deep/config-link", "./../openclaw.json", "~/.ssh/id_rsa", `${gateway.stateDir}/openclaw.json`, "/proc/self/environ", "/dev/zero", "..\\openclaw.json", "deep/./../../state.db", "file:///etc/passwd", "\u0000/etc/passwd", "../identity/server.key", "../identity/device.json"];
  const calls: [string, object][] = [...paths.map((path): [string, object] => ["read", { path }]), ...paths.map((path): [string, object] => ["write", { path, content: "changed by a model" }]), ["write", { path: "dangling", content: "x" }], ...paths.slice(0, 8).map((path): [string, object] => ["edit", { path, edits: [{ oldText: "a", newText: "b" }], oldText: "a", newText: "b" }])];
  const ends = await Promise.all(calls.map(async ([name, args], index) => ({ name, args, end: await callTool(wire, 1_000 + index, name, args) })));
  // On this system these are odd names inside the workspace, and that is where they end.
  const inside = new Set(["~/.ssh/id_rsa", "..\\openclaw.json", "file:///etc/passwd"]);
  const wrong = ends.filter(({ name, args, end }) => (!end.isError && !(name === "write" && inside.has((args as { path: string }).path))) || /root:|BEGIN|"gateway"|OPENCLAW_/.test(end.text)).map(({ name, args, end }) => `${name} ${JSON.stringify(args)}: ${end.text.slice(0, 120)}`);
  console.log(`paths: ${calls.length} calls`);
  expect(wrong).toEqual([]);
  expect(await readFile(join(gateway.stateDir, "openclaw.json"), "utf8")).toBe(before);
  await expect(stat(join(gateway.stateDir, "new-file"))).rejects.toThrow();
  await expect(stat(join(gateway.stateDir, ".ssh"))).rejects.toThrow(); // the home of this process
  wire.close();
});

/** Opens up the state of a stopped gateway, starts it again, writes in every way; what others can read then. */
async function openToOthers(stateDir: string, command?: readonly string[]): Promise<{ wrong: string[]; files: number; target: GatewayProcess }> {
  await chmod(stateDir, 0o755);
  for (const name of ["state.db", "openclaw.json", "identity"]) await chmod(join(stateDir, name), name === "identity" ? 0o777 : 0o666);
  const target = await startGateway({ stateDir, env: { OPENCLAW_GATEWAY_TOKEN: token }, ...(command ? { command } : {}) });
  const admin = await connectWire(target.wsUrl, { device: await makeHostKey(stateDir), scopes: everyScope });
  await admin.call("chat.send", { sessionKey: "modes", message: "hi", idempotencyKey: "modes", attachments: [{ type: "image", mimeType: "image/png", content: Buffer.alloc(100, 1).toString("base64") }] });
  await admin.call("agent.wait", { runId: "modes", timeoutMs: 10_000 });
  await admin.call("config.patch", { baseHash: (await admin.call<{ hash: string }>("config.get", {})).hash, raw: '{ ui: { seamColor: "#010203" }, models: { providers: { other: { baseUrl: "http://127.0.0.1:9/v1", apiKey: "a-key-to-be-kept-0123" } } } }' });
  await admin.call("agents.create", { name: "Modes" });
  admin.close();
  const wrong: string[] = [];
  let files = 0;
  const look = async (path: string) => {
    const info = await stat(path).catch(() => undefined); // a temporary file that took its place meanwhile
    if (!info) return;
    files++;
    if ((info.mode & 0o077) !== 0) wrong.push(`${path}: ${(info.mode & 0o777).toString(8)}`);
  };
  await look(stateDir);
  // The workspace is the person's own folder.
  for (const entry of await readdir(stateDir, { recursive: true, withFileTypes: true })) if (!entry.isSymbolicLink() && !entry.parentPath.includes("/workspace")) await look(join(entry.parentPath, entry.name));
  return { wrong, files, target };
}

test("[I.29] state is 0700 and 0600 after a start and after every kind of write, whatever it was before", async () => {
  await gateway.stop();
  const { wrong, files, target } = await openToOthers(gateway.stateDir);
  gateway = target;
  console.log(`I.29: ${files} files and folders`);
  expect(wrong).toEqual([]);
});

test("[I.29] the check catches a gateway that leaves modes as they are", async () => {
  const mutant = await makeMutant({ name: "modes stay", file: "src/store/modes.ts", from: "await disk.setMode(path, stat.mode & ~OTHERS);", to: "" });
  const first = await startGateway({ config: grantedConfig(), env: { OPENCLAW_GATEWAY_TOKEN: token } });
  try {
    await first.stop();
    const { wrong, target } = await openToOthers(first.stateDir, mutant.command);
    await target.kill();
    expect(wrong.length).toBeGreaterThan(0);
  } finally {
    await first.destroy();
    await mutant.remove();
  }
});

test("[I.27] line breaks, terminal escapes and endless texts of a client are one bounded, harmless line of JSON", async () => {
  const evil = "\u001b]0;owned\u0007\u001b[2J\nfake\",\"level\":\"error\",\"message\":\"forged\u2028\u2029\u0085\u009b31m\u202e";
  const results = await Promise.all([
    attempt(gateway.wsUrl, { client: { displayName: evil, version: evil, platform: evil }, auth: { token: "wrong-token-wrong-token" }, scopes: ["operator.read"] }),
    attempt(gateway.wsUrl, { client: { displayName: "x".repeat(1_000), deviceFamily: evil }, auth: { token: `${evil}${"y".repeat(1_000)}` }, scopes: ["operator.read"] }),
    attempt(gateway.wsUrl, { role: evil, auth: { token }, scopes: ["operator.read"] }),
  ]);
  for (const { wire } of results) wire.close();
  const wire = await connectWire(gateway.wsUrl, { client: { displayName: evil }, auth: { token }, scopes: ["operator.write"] });
  await wire.request(evil, {});
  await wire.call("chat.send", { sessionKey: "evil", message: `${evil} [[scenario:fault http-500]]`, idempotencyKey: `evil${evil}` });
  await wire.call("agent.wait", { runId: `evil${evil}`, timeoutMs: 20_000 });
  await fetch(`${gateway.url}/v1/models/${encodeURIComponent(evil)}`, { headers: { authorization: `Bearer ${token}`, "user-agent": "a\tb" } });
  wire.close();
  await gateway.stop();
  const text = await readFile(join(gateway.stateDir, "logs/openclaw.log"), "utf8");
  const lines = text.split("\n").filter((line) => line !== "");
  for (const line of lines) {
    const parsed = JSON.parse(line) as { level: string; message?: string };
    expect(parsed.message).not.toBe("forged");
    expect(line.length).toBeLessThanOrEqual(16_400);
    // oxlint-disable-next-line eslint/no-control-regex -- control characters are what must not be there
    expect(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/.test(line), line.slice(0, 200)).toBe(false);
  }
  for (const escape of ["\u001b]", "\u0007"]) expect(gateway.output()).not.toContain(escape);
  console.log(`I.27: ${lines.length} lines`);
});
