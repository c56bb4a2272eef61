// The door of a real process, by raw HTTP and upgrades: Host, Origin, proxy headers, wrong secrets, strict headers on every answer.
import { connect as connectTcp } from "node:net";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openClawConfig, startGateway, testToken, type GatewayProcess } from "../fixtures/gateway-process.ts";
import { startModelServer, type ModelServer } from "../fixtures/model-server/model-server.ts";
import { makeMutant, type Mutation } from "../fixtures/mutant.ts";
import { verdict } from "../fixtures/mutant-module.ts";
import { attempt, connectWire, makeDevice, percentile } from "../fixtures/wire-client.ts";

let models: ModelServer;
let gateway: GatewayProcess;
const config = () => openClawConfig({ baseUrl: models.baseUrl("openai-chat") });

beforeAll(async () => {
  models = await startModelServer();
  gateway = await startGateway({ config: config() });
});
afterAll(async () => {
  await gateway?.destroy();
  await models?.close();
});

interface Answer { status: number; headers: Record<string, string>; body: string }

/** One request as bytes, so that no client library mends it. */
function raw(target: GatewayProcess, head: string, body = ""): Promise<Answer> {
  return new Promise((done) => {
    const socket = connectTcp({ port: target.port, host: "127.0.0.1" });
    let seen = "";
    const finish = () => {
      const [headText = "", ...rest] = seen.split("\r\n\r\n");
      const [status = "", ...lines] = headText.split("\r\n");
      done({ status: Number(status.split(" ")[1] ?? 0), headers: Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf(":")).toLowerCase(), line.slice(line.indexOf(":") + 1).trim()])), body: rest.join("\r\n\r\n") });
    };
    const timer = setTimeout(() => (socket.destroy(), finish()), 3_000);
    socket.on("data", (data) => {
      seen += data.toString("latin1");
      if (seen.startsWith("HTTP/1.1 101")) socket.destroy();
    });
    socket.on("error", () => undefined); // then nothing was answered: status 0
    socket.on("close", () => {
      clearTimeout(timer);
      finish();
    });
    socket.write(`${head}\r\n\r\n${body}`);
  });
}

const routes: [method: string, path: string, body?: string][] = [
  ["GET", "/"], ["GET", "/index.html"], ["GET", "/assets/x.js"], ["GET", "/some/place"], ["GET", "/health"], ["GET", "/healthz"], ["GET", "/ready"], ["GET", "/readyz"], ["GET", "/v1/models"], ["GET", "/v1/models/openclaw"],
  ["POST", "/v1/chat/completions", '{"model":"openclaw","messages":[{"role":"user","content":"hi"}]}'], ["POST", "/v1/responses", '{"model":"openclaw","input":"hi"}'], ["POST", "/api/signin/redeem", "{}"], ["POST", "/base/api/signin/redeem", "{}"], ["GET", "/nothing/there.txt"], ["DELETE", "/v1/chat/completions"], ["OPTIONS", "/v1/responses"],
];
const upgrades = ["/", "/ws", "/__openclaw__/ws", "/v1/responses"];

function requestHead(target: GatewayProcess, method: string, path: string, extra: Record<string, string>, body: string): string {
  const headers: Record<string, string> = { Host: `127.0.0.1:${target.port}`, Connection: "close", Authorization: `Bearer ${testToken}`, ...(body === "" ? {} : { "Content-Type": "application/json" }), "Content-Length": String(Buffer.byteLength(body)), ...extra };
  return [`${method} ${path} HTTP/1.1`, ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`)].join("\r\n");
}

function upgradeHead(target: GatewayProcess, path: string, extra: Record<string, string>): string {
  const headers: Record<string, string> = { Host: `127.0.0.1:${target.port}`, Connection: "Upgrade", Upgrade: "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==", ...extra };
  return [`GET ${path} HTTP/1.1`, ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`)].join("\r\n");
}

/** Sends the same extra headers to every route and upgrade; what did not answer `status`. */
async function everywhere(target: GatewayProcess, name: string, extra: Record<string, string>, status: number): Promise<string[]> {
  const wrong: string[] = [];
  await Promise.all([
    ...routes.map(async ([method, path, body = ""]) => {
      const answer = await raw(target, requestHead(target, method, path, extra, body), body);
      if (answer.status !== status) wrong.push(`${name}: ${method} ${path} answers ${answer.status}`);
    }),
    ...upgrades.map(async (path) => {
      const answer = await raw(target, upgradeHead(target, path, extra));
      if (answer.status !== status) wrong.push(`${name}: upgrade ${path} answers ${answer.status}`);
    }),
  ]);
  return wrong;
}

const foreignHosts = (port: number) => ["evil.example", `evil.example:${port}`, `127.0.0.1.evil.example:${port}`, `localhost.evil.example`, "0.0.0.0", `[::]:${port}`, "192.168.1.5", `user@127.0.0.1:${port}`, "169.254.169.254", "gateway.ts.net", ""];
const foreignOrigins = (port: number) => ["https://evil.example", "null", `http://127.0.0.1:${port + 1}`, `http://127.0.0.1`, `https://127.0.0.1:${port}`, `http://127.0.0.1:${port}.evil.example`, `http://localhost.evil.example:${port}`, "file://", "chrome-extension://abcdef", `http://evil@127.0.0.1:${port}`, `http://[::ffff:127.0.0.1]:${port}`];
const proxyHeaders = [{ "X-Forwarded-For": "127.0.0.1" }, { "X-Real-IP": "127.0.0.1" }, { "X-Forwarded-Host": "localhost" }, { "X-Forwarded-Proto": "https" }, { Forwarded: "for=127.0.0.1" }] as Record<string, string>[];

async function doorFaults(target: GatewayProcess): Promise<{ wrong: string[]; cases: number }> {
  const each = routes.length + upgrades.length;
  const wrong: string[] = [];
  let cases = 0;
  for (const host of foreignHosts(target.port)) {
    for (const origin of [undefined, `http://${host}`, `http://127.0.0.1:${target.port}`]) {
      // Without any Host HTTP itself refuses.
      wrong.push(...(await everywhere(target, `host "${host}", origin ${origin}`, { Host: host, ...(origin === undefined ? {} : { Origin: origin }) }, 421)));
      cases += each;
    }
  }
  for (const origin of foreignOrigins(target.port)) {
    wrong.push(...(await everywhere(target, `origin ${origin}`, { Origin: origin }, 403)));
    cases += each;
  }
  for (const extra of proxyHeaders) {
    wrong.push(...(await everywhere(target, JSON.stringify(extra), extra, 403)));
    cases += each;
  }
  return { wrong, cases };
}

test("[I.3] [I.4] [rpc.http.proxy-attribution] foreign hosts, foreign origins and proxy headers of a stranger are refused on every route and upgrade", async () => {
  const { wrong, cases } = await doorFaults(gateway);
  console.log(`I.3 I.4: ${cases} requests over ${routes.length} routes and ${upgrades.length} upgrades`);
  expect(wrong).toEqual([]);
});

test("[I.3] [I.4] our own names and origins are served", async () => {
  for (const host of [`127.0.0.1:${gateway.port}`, `localhost:${gateway.port}`, `[::1]:${gateway.port}`, "LOCALHOST"]) expect((await raw(gateway, requestHead(gateway, "GET", "/v1/models", { Host: host }, ""))).status, host).toBe(200);
  for (const origin of [`http://127.0.0.1:${gateway.port}`, `http://localhost:${gateway.port}`]) {
    expect((await raw(gateway, requestHead(gateway, "GET", "/v1/models", { Origin: origin }, ""))).status, origin).toBe(200);
    expect((await raw(gateway, upgradeHead(gateway, "/", { Origin: origin }))).status, origin).toBe(101);
  }
  // Nothing invites other origins.
  const preflight = await raw(gateway, requestHead(gateway, "OPTIONS", "/v1/models", { Origin: "https://evil.example", "Access-Control-Request-Method": "GET" }, ""));
  expect(Object.keys(preflight.headers).filter((name) => name.startsWith("access-control"))).toEqual([]);
});

const mutants: Mutation[] = [
  { name: "any Host is served", file: "src/gateway/door.ts", from: "if (hostName === undefined || !(rules.hosts.has(hostName)", to: 'if (hostName === "" || hostName === "never" && !(rules.hosts.has(hostName)' },
  { name: "any Origin is served", file: "src/gateway/door.ts", from: "if (origin !== undefined && !rules.origins.has(origin.toLowerCase()) && !isOwnPage) {", to: 'if (origin === "never" && !isOwnPage) {' },
];
for (const mutation of mutants) {
  test(`[I.3] [I.4] the check catches a gateway where ${mutation.name}`, async () => {
    const mutant = await makeMutant(mutation);
    const other = await startGateway({ config: config(), command: mutant.command });
    try {
      expect((await doorFaults(other)).wrong.length).toBeGreaterThan(0);
    } finally {
      await other.destroy();
      await mutant.remove();
    }
  });
}

async function strictHeaders(target: GatewayProcess): Promise<void> {
  for (const [method, path, body = ""] of routes) {
    const { headers, status } = await raw(target, requestHead(target, method, path, {}, body), body);
    const where = `${method} ${path} (${status})`;
    expect(headers["x-content-type-options"], where).toBe("nosniff");
    expect(headers["x-frame-options"], where).toBe("DENY");
    expect(headers["referrer-policy"], where).toBe("no-referrer");
    const policy = headers["content-security-policy"] ?? "";
    expect(policy, where).toContain("default-src 'none'");
    expect(policy, where).toContain("frame-ancestors 'none'");
    expect(policy, where).not.toMatch(/unsafe-inline|unsafe-eval|https?:|\*/);
    expect(headers["server"] ?? headers["x-powered-by"], where).toBeUndefined();
    expect(headers["set-cookie"], where).toBeUndefined();
  }
  const page = await raw(target, requestHead(target, "GET", "/", {}, ""));
  if (page.status === 200) {
    expect(page.headers["content-security-policy"]).toMatch(/connect-src 'self'(;|$)/);
    expect(page.headers["content-security-policy"]).toContain("require-trusted-types-for 'script'");
    expect(page.headers["cross-origin-opener-policy"]).toBe("same-origin");
  }
}

async function askFirst(target: GatewayProcess): Promise<void> {
  for (const path of ["/v1/chat/completions", "/v1/responses"]) {
    for (const authorization of ["", "Bearer", "Bearer wrong", `Basic ${Buffer.from(`x:${testToken}`).toString("base64")}`, `bearer  ${testToken}x`]) {
      const answer = await raw(target, requestHead(target, "POST", path, { Authorization: authorization }, "{not json"), "{not json");
      expect(answer.status, `${path} ${authorization}`).toBe(401);
      expect(JSON.parse(answer.body.replace(/^[0-9a-f]+\r\n|\r\n0?\r?\n?$/g, "").trim() || "{}"), path).toMatchObject({ error: { type: "unauthorized" } });
    }
    expect((await raw(target, requestHead(target, "POST", path, {}, "{not json"), "{not json")).status, path).toBe(400);
    expect((await raw(target, requestHead(target, "POST", path, { "Content-Length": "30000000" }, ""))).status, `${path} too large`).toBe(413);
  }
  expect((await raw(target, requestHead(target, "GET", `/v1/models?token=${testToken}`, { Authorization: "" }, ""))).status).toBe(401);
}

/** Guesses, known clients beside them, and silent strangers. */
async function holdsBackStrangers(other: GatewayProcess, guessCount: number): Promise<{ lastMs: number; kept: number }> {
  const device = makeDevice();
  const first = await connectWire(other.wsUrl, { device, scopes: ["operator.read"], auth: { token: testToken } });
  const token = first.hello.auth.deviceToken ?? "";
  const guesses: number[] = [];
  for (let guess = 0; guess < guessCount; guess++) {
    const begun = performance.now();
    const { wire, answer } = await attempt(other.wsUrl, { scopes: ["operator.read"], auth: { token: `guess-number-${guess}-is-wrong` } });
    guesses.push(performance.now() - begun);
    expect(answer.ok).toBe(false);
    wire.close();
  }
  if (guessCount > 0) {
    expect(percentile(guesses.slice(0, 8), 0.5)).toBeLessThan(150);
    expect(guesses.at(-1)).toBeGreaterThan(500);
  }
  const begun = performance.now();
  (await connectWire(other.wsUrl, { device, scopes: ["operator.read"], auth: { deviceToken: token } })).close();
  (await connectWire(other.wsUrl, { scopes: ["operator.read"], auth: { token: testToken } })).close();
  if (guessCount > 0) expect(performance.now() - begun).toBeLessThan(500);
  // Silent strangers fill their own places only.
  const silent = await Promise.all(Array.from({ length: 80 }, () => new Promise<{ open: boolean; end(): void }>((done) => {
    const socket = connectTcp({ port: other.port, host: "127.0.0.1" });
    let open = true;
    socket.on("close", () => (open = false));
    socket.on("error", () => (open = false));
    socket.on("connect", () => setTimeout(() => done({ get open() { return open; }, end: () => socket.destroy() } as { open: boolean; end(): void }), 300));
  })));
  const kept = silent.filter((one) => one.open).length;
  const health = await first.request("health");
  for (const one of silent) one.end();
  expect(kept, "silent strangers").toBeLessThanOrEqual(64);
  expect(health.ok).toBe(true);
  first.close();
  return { lastMs: guesses.at(-1) ?? 0, kept };
}

test("[I.21] every answer carries the strict headers; the page a policy without inline code, foreign sources or frames", async () => {
  await strictHeaders(gateway);
  console.log(`I.21: ${routes.length} answers and the page`);
});

test("[I.8] [I.9] the /v1 doors ask who it is before they look at the body", async () => {
  await askFirst(gateway);
  console.log("I.8 I.9: 15 requests of 2 doors");
});

test("[I.23] guesses are held back more and more while known clients come in at once, and strangers' sockets are bounded", async () => {
  const other = await startGateway({ config: config() });
  try {
    const { lastMs, kept } = await holdsBackStrangers(other, 14);
    console.log(`I.23: 14 guesses, the last held back ${Math.round(lastMs)} ms; ${kept} of 80 silent sockets kept`);
  } finally {
    await other.destroy();
  }
});

for (const { promise, check, says, ...mutation } of [
  { promise: "[I.21]", name: "leaves the headers out", file: "src/gateway/http/router.ts", from: "for (const [name, value] of Object.entries(apiHeaders)) response.setHeader(name, value);", to: "", check: strictHeaders, says: /to be 'nosniff'/ },
  { promise: "[I.8] [I.9]", name: "lets anybody in at its HTTP doors", file: "src/gateway/http/router.ts", from: 'if (route.access !== "open") {', to: 'if (route.access === undefined) {', check: askFirst, says: /to be 401/ },
  // How long a guess waits is judged where the clock can be seen, in src/gateway/admission.test.ts.
  { promise: "[I.23]", name: "counts no strangers", file: "src/gateway/pre-auth.ts", from: "if (held >= perAddress || total >= most) return undefined;", to: "", check: (target: GatewayProcess) => holdsBackStrangers(target, 0), says: /silent strangers: expected 80/ },
]) {
  test(`${promise} the check catches a gateway that ${mutation.name}`, async () => {
    const mutant = await makeMutant(mutation);
    const other = await startGateway({ config: config(), command: mutant.command });
    try {
      expect(await verdict(() => check(other))).toMatch(says);
    } finally {
      await other.destroy();
      await mutant.remove();
    }
  });
}

test("[I.28] frames that are too large, too deep, too wide or of the wrong type end at most their own socket", async () => {
  const wire = await connectWire(gateway.wsUrl, { auth: { token: testToken }, scopes: ["operator.write"] });
  const deep = `${"[".repeat(100)}${"]".repeat(100)}`;
  const wide = JSON.stringify(Object.fromEntries(Array.from({ length: 100_001 }, (_, index) => [`k${index}`, 0])));
  for (const [name, params] of [["deep", deep], ["wide", wide]] as const) {
    wire.send(`{"type":"req","id":"${name}","method":"chat.send","params":${params}}`);
    const answer = await wire.until((frame) => frame.id === name || frame.id === "invalid", `the answer to ${name}`);
    expect(answer.ok, name).toBe(false);
  }
  for (const params of ['{"__proto__":{"sessionKey":"main","message":"x","idempotencyKey":"p1"}}', '{"constructor":1}', '"text"', "7", "[1]", "true"]) {
    const id = `t${params.length}`;
    wire.send(`{"type":"req","id":"${id}","method":"chat.send","params":${params}}`);
    expect((await wire.until((frame) => frame.id === id, params)).error?.code, params).toBe("INVALID_REQUEST");
  }
  expect((await wire.request("health")).ok).toBe(true);
  wire.socket.send(Buffer.alloc(27 * 1024 * 1024));
  expect((await wire.closed).code).toBe(1009);
});

test("[I.14] a hostile working directory decides nothing: no .env, no configuration, no module of it is read", async () => {
  const folder = await mkdtemp(join(tmpdir(), "openclaw-hostile-"));
  const marker = join(folder, "was-here");
  try {
    await writeFile(join(folder, ".env"), "OPENCLAW_GATEWAY_TOKEN=token-of-the-hostile-folder\nOPENCLAW_GATEWAY_PORT=1\nNODE_OPTIONS=--inspect\n");
    for (const name of ["openclaw.json", "config.yaml", "moltbot.json"]) await writeFile(join(folder, name), '{"gateway":{"auth":{"token":"token-of-the-hostile-folder"}}}');
    for (const name of ["ws", "pino", "undici", "typebox"]) {
      await mkdir(join(folder, "node_modules", name), { recursive: true });
      await writeFile(join(folder, "node_modules", name, "index.js"), `require("fs").writeFileSync(${JSON.stringify(marker)}, ${JSON.stringify(name)}); module.exports = {};`);
    }
    await writeFile(join(folder, "package.json"), JSON.stringify({ name: "hostile", type: "commonjs", imports: { "#x": "./x.js" }, scripts: { start: `touch ${marker}` } }));
    await writeFile(join(folder, "AGENTS.md"), "marker-of-the-hostile-folder");
    const stateDir = await mkdtemp(join(tmpdir(), "openclaw-test-"));
    const other = await startGateway({ config: config(), stateDir, cwd: folder });
    try {
      expect((await attempt(other.wsUrl, { auth: { token: "token-of-the-hostile-folder" }, scopes: ["operator.read"] })).answer.ok).toBe(false);
      const wire = await connectWire(other.wsUrl, { auth: { token: testToken }, scopes: ["operator.write"] });
      await wire.call("chat.send", { sessionKey: "main", message: "hello", idempotencyKey: "hostile" });
      await wire.call("agent.wait", { runId: "hostile", timeoutMs: 10_000 });
      wire.close();
      expect(JSON.stringify(models.requests().at(-1))).not.toContain("marker-of-the-hostile-folder");
      expect(existsSync(marker) ? await readFile(marker, "utf8") : "nothing").toBe("nothing");
      expect(await other.stop()).toBe(0);
    } finally {
      await other.destroy();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
