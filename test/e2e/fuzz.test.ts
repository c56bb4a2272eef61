// Seeded noise against a real process: calls of every method with wrong params from an administrator, frames that are none, HTTP requests of all shapes.
import { readFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { connect as connectTcp } from "node:net";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openClawConfig, projectRoot, readLog, startGateway, testToken, type GatewayProcess } from "../fixtures/gateway-process.ts";
import { startModelServer } from "../fixtures/model-server/model-server.ts";
import { makeMutant, type Mutation } from "../fixtures/mutant.ts";
import { connectWire, everyScope, makeHostKey, openWire, sleep, type Hello, type Wire } from "../fixtures/wire-client.ts";

const isNight = process.env["OPENCLAW_TEST_TIER"] === "night";
const frames = Number(process.env["OPENCLAW_TEST_FRAMES"] ?? (isNight ? 1_000_000 : 20_000));
const requests = isNight ? 20_000 : 1_500;
const seed = Number(process.env["OPENCLAW_TEST_SEED"] ?? 20_261_121);

/** mulberry32 */
function createRandom(start: number): () => number {
  let state = start >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
type Random = () => number;
const pick = <T>(random: Random, values: readonly T[]): T => values[Math.floor(random() * values.length)] as T;

const oddTexts = ["", " ", "main", "agent:main:main", "agent::", "agent:main:" + "x".repeat(600), "../../etc/passwd", "..\\..\\x", "/etc/shadow", "\u0000", "\u001b[31m", "\ud800", "__proto__", "constructor", "%2e%2e%2f", "null", "NaN", "1e999", "${HOME}", "$(id)", "'; DROP TABLE runs; --", "http://169.254.169.254/", "a".repeat(20_000), "ß→𝄞", "{\"a\":1}", "[[scenario:fault http-500]]", "/new", "/stop", "/model nothing"];
const oddNumbers = [0, -0, -1, 1, 1.5, 2 ** 31, 2 ** 53, -(2 ** 53), 1e308, 5e-324];
const names = ["sessionKey", "key", "keys", "message", "idempotencyKey", "agentId", "limit", "raw", "baseHash", "path", "name", "content", "nodeId", "command", "params", "deviceId", "role", "scopes", "requestId", "sessionId", "runId", "timeoutMs", "model", "label", "entryId", "attachments", "event", "payloadJSON", "cursor", "days", "view", "provider", "answer", "text", "connId", "seq"];

function value(random: Random, depth = 0): unknown {
  const kind = Math.floor(random() * (depth > 4 ? 5 : 8));
  switch (kind) {
    case 0:
      return null;
    case 1:
      return random() < 0.5;
    case 2:
      return pick(random, oddNumbers);
    case 3:
    case 4:
      return pick(random, oddTexts);
    case 5:
      return Array.from({ length: Math.floor(random() * 5) }, () => value(random, depth + 1));
    default:
      return Object.fromEntries(Array.from({ length: Math.floor(random() * 6) }, () => [random() < 0.8 ? pick(random, names) : pick(random, oddTexts), value(random, depth + 1)]));
  }
}

interface Schema { type?: string; properties?: Record<string, Schema>; required?: string[]; items?: Schema; anyOf?: Schema[]; const?: unknown; enum?: unknown[]; minimum?: number; maximum?: number }
/** What every method takes, so that half of the noise gets past the door and into the handlers. */
const schemas = (JSON.parse(readFileSync(join(projectRoot, "docs/protocol/schema.json"), "utf8")) as { methods: Record<string, { params: Schema }> }).methods;

/** An administrator may put a workspace anywhere; the noise keeps to its own folder. */
const oddFolders = ["sub/one", "sub/a\u0000b", `sub/${"x".repeat(300)}`, "sub/ß", "openclaw.json/below-a-file", " "];

/** A value that fits the schema and is odd otherwise. */
function fitting(random: Random, schema: Schema, depth = 0): unknown {
  if (schema.const !== undefined) return schema.const;
  if (schema.enum) return pick(random, schema.enum);
  if (schema.anyOf) return fitting(random, pick(random, schema.anyOf), depth);
  switch (schema.type) {
    case "string":
      return pick(random, oddTexts);
    case "integer":
      return Math.floor((schema.minimum ?? 0) + random() * Math.min(1_000, (schema.maximum ?? 1_000) - (schema.minimum ?? 0)));
    case "number":
      return pick(random, oddNumbers);
    case "boolean":
      return random() < 0.5;
    case "null":
      return null;
    case "array":
      return Array.from({ length: Math.floor(random() * 4) }, () => fitting(random, schema.items ?? {}, depth + 1));
    case "object":
      return Object.fromEntries(Object.entries(schema.properties ?? {}).flatMap(([name, inner]) => (schema.required?.includes(name) === true || random() < 0.3 ? [[name, name === "workspace" ? pick(random, oddFolders) : fitting(random, inner, depth + 1)]] : [])));
    default:
      return value(random, depth + 1);
  }
}

/** A frame that is a request of a known method more often than not. */
function frame(random: Random, methods: readonly string[], id: string): string {
  const roll = random();
  if (roll < 0.03) return pick(random, ["", "{", "null", "[]", '"x"', "{}", "\u0000\u0000", '{"type":"req"}', '{"type":"req","id":1,"method":"health"}', `{"type":"event","event":"x"}`, "[".repeat(5_000), `{"type":"req","id":"${id}","method":"health","params":${"[".repeat(200)}${"]".repeat(200)}}`]);
  const method = random() < 0.97 ? pick(random, methods) : pick(random, oddTexts) || "x";
  const known = Object.hasOwn(schemas, method) ? schemas[method] : undefined;
  const params = known && random() < 0.6 ? fitting(random, known.params) : random() < 0.85 ? Object.fromEntries(Array.from({ length: 1 + Math.floor(random() * 5) }, () => [pick(random, names), value(random)])) : value(random);
  const text = JSON.stringify({ type: "req", id, method, params });
  if (roll > 0.97) return text.slice(0, Math.floor(random() * text.length));
  if (roll > 0.94) return text.replace(/[a-z]/, () => pick(random, ["\u0000", "}", "\"", "\\", "ÿ"]));
  return text;
}

/** Works for long or ends things that the noise stands on. */
const leftOut = new Set(["device.pair.remove", "device.token.revoke", "device.token.rotate", "models.probe", "config.apply"]);

async function noise(gateway: GatewayProcess, count: number): Promise<{ sent: number; answered: number; slowestMs: number; inside: string[] }> {
  const hostKey = await makeHostKey(gateway.stateDir);
  const random = createRandom(seed);
  const wires: (Wire & { hello: Hello })[] = await Promise.all(Array.from({ length: 4 }, () => connectWire(gateway.wsUrl, { device: hostKey, scopes: everyScope })));
  const methods = (wires[0]?.hello.features.methods ?? []).filter((method) => !leftOut.has(method));
  let sent = 0;
  let slowestMs = 0;
  while (sent < count) {
    for (let burst = 0; burst < 500 && sent < count; burst++) wires[sent % wires.length]?.socket.send(frame(random, methods, `n${sent++}`));
    // A ping of its own between the bursts tells when the process hangs.
    const begun = performance.now();
    for (const [index, wire] of wires.entries()) if (wire.socket.readyState !== wire.socket.OPEN) wires[index] = await connectWire(gateway.wsUrl, { device: hostKey, scopes: everyScope });
    const probe = await fetch(`${gateway.url}/healthz`);
    if (!probe.ok) throw new Error("/healthz is gone");
    slowestMs = Math.max(slowestMs, performance.now() - begun);
    await wires[0]?.request("health", {}, { timeoutMs: 20_000 });
  }
  const answered = wires.reduce((sum, wire) => sum + wire.frames.filter((one) => one.type === "res").length, 0);
  const inside = wires.flatMap((wire) => wire.frames.filter((one) => one.error?.message.startsWith("internal error")).map((one) => `${one.error?.message}`));
  for (const wire of wires) wire.close();
  return { sent, answered, slowestMs, inside };
}

/** One raw request; resolves when the other side is done with it, or when it had time enough. */
function raw(gateway: GatewayProcess, bytes: Buffer, patienceMs = 300): Promise<string> {
  return new Promise((done) => {
    const socket = connectTcp({ port: gateway.port, host: "127.0.0.1" });
    let seen = "";
    const timer = setTimeout(() => socket.destroy(), patienceMs);
    socket.on("data", (data) => (seen += data.toString("latin1")));
    socket.on("error", () => undefined);
    socket.on("close", () => {
      clearTimeout(timer);
      done(seen);
    });
    socket.end(bytes);
  });
}

function httpRequest(random: Random): Buffer {
  const path = pick(random, ["/", "/health", "/readyz", "/v1/models", "/v1/chat/completions", "/v1/responses", "/v1/models/%00", "/..%2f..%2fetc/passwd", "/assets/../../package.json", "/api/signin/redeem", "/x/api/signin/redeem", "//evil.example/", "/\u00ff", "/%ff", "/assets/%c3%28", "/" + "a".repeat(9_000), "*", "http://127.0.0.1/", "/ui;/%2e%2e/"]);
  const method = pick(random, ["GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "CONNECT", "BREW", "get", ""]);
  const body = pick(random, ["", "{", "null", '{"model":"openclaw","messages":[]}', `{"model":${JSON.stringify(value(random))},"messages":${JSON.stringify(value(random))},"stream":true}`, JSON.stringify({ model: "openclaw", messages: [{ role: "user", content: value(random) }], tools: value(random), tool_choice: value(random) }), JSON.stringify({ model: "openclaw", input: value(random) }), "[".repeat(20_000)]);
  const headers = [`Host: ${pick(random, ["127.0.0.1", "localhost", "evil.example", "", "127.0.0.1:99999", "[::1"])}`, `Authorization: ${pick(random, [`Bearer ${testToken}`, `Bearer ${testToken}`, "Bearer x", "Basic eA==", "\u00fe"])}`, `Content-Type: ${pick(random, ["application/json", "text/plain", "multipart/form-data; boundary=x", "\u0001"])}`, `Content-Length: ${pick(random, [Buffer.byteLength(body), Buffer.byteLength(body), 0, 5, 999_999, -1, "x"])}`, ...(random() < 0.2 ? ["Transfer-Encoding: chunked"] : []), ...(random() < 0.2 ? ["Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13", `Sec-WebSocket-Key: ${pick(random, ["AAAAAAAAAAAAAAAAAAAAAA==", "x"])}`] : []), ...(random() < 0.1 ? [`X-Odd: ${"y".repeat(20_000)}`] : []), ...(random() < 0.2 ? ["Origin: null"] : [])];
  return Buffer.from(`${method} ${path} HTTP/${pick(random, ["1.1", "1.0", "9", ""])}\r\n${headers.join("\r\n")}\r\n\r\n${body}`, "latin1");
}

/** Everything that went wrong under noise. */
async function underNoise(frameCount: number, requestCount: number, command?: readonly string[]): Promise<{ faults: string[]; sent: number; answered: number; slowestMs: number }> {
  const models = await startModelServer({ scenario: { kind: "instant" }, keep: "none" });
  const gateway = await startGateway({ config: openClawConfig({ baseUrl: models.baseUrl("openai-chat") }), ...(command ? { command } : {}) });
  const faults: string[] = [];
  let result: Awaited<ReturnType<typeof noise>> = { sent: 0, answered: 0, slowestMs: 0, inside: [] };
  try {
    await mkdir(join(gateway.stateDir, "workspace"), { recursive: true });
    result = await noise(gateway, frameCount);
    const random = createRandom(seed + 1);
    for (let done = 0; done < requestCount; done += 50) await Promise.all(Array.from({ length: 50 }, () => raw(gateway, httpRequest(random))));
    // What is most likely to be taken for a bug of ours is not left to chance.
    await raw(gateway, Buffer.from(`GET /assets/%ff HTTP/1.1\r\nHost: 127.0.0.1:${gateway.port}\r\nConnection: close\r\n\r\n`), 20_000);
    const stranger = openWire(gateway.wsUrl);
    await stranger.challenge;
    stranger.socket.send(Buffer.alloc(70_000));
    if ((await stranger.closed).code !== 1009) faults.push("a large first frame was not refused with 1009");
    const fine = await connectWire(gateway.wsUrl, { auth: { token: testToken }, scopes: ["operator.read"] });
    if ((await fine.request("status")).ok !== true) faults.push("the next client is not served");
    fine.close();
    if ((await fetch(`${gateway.url}/readyz`)).status !== 200) faults.push("not ready any more");
  } catch (error) {
    faults.push(`${error instanceof Error ? error.message : String(error)}`);
  } finally {
    await sleep(100);
    if (gateway.child.exitCode !== null) faults.push(`the process ended with ${gateway.child.exitCode}: ${gateway.output().slice(-2_000)}`);
    const log = await readLog(gateway, "message");
    for (const words of ["nobody caught", "unhandledRejection"]) if (log.includes(words) || gateway.output().includes(words)) faults.push(`the log tells of ${words}: ${log.split("\n").find((line) => line.includes(words))}`);
    const inside = log.split("\n").filter((line) => line.includes("unforeseen") || line.includes("logId"));
    for (const line of new Set(inside.map((one) => /"stack":"([^"]{0,300})/.exec(one)?.[1] ?? one.slice(0, 300)))) faults.push(`an error inside: ${line}`);
    if (result.inside.length > 0) faults.push(`${result.inside.length} answers say internal error`);
    const exit = gateway.child.exitCode === null ? await gateway.stop() : undefined;
    if (exit !== undefined && exit !== 0) faults.push(`the stop ended with ${exit}`);
    await gateway.destroy();
    await models.close();
  }
  return { faults: [...new Set(faults)], ...result };
}

test(`[R31] ${frames.toLocaleString("en")} odd frames and ${requests.toLocaleString("en")} odd requests: no exit, no rejection that nobody handles, no hang above 1 s`, { timeout: isNight ? 3_600_000 : 180_000 }, async () => {
  const { faults, sent, answered, slowestMs } = await underNoise(frames, requests);
  console.log(`R31: seed ${seed}, ${sent} frames (${answered} answers), ${requests} requests, slowest probe between bursts ${Math.round(slowestMs)} ms`);
  expect(faults).toEqual([]);
  expect(slowestMs).toBeLessThanOrEqual(1_000);
});

const mutants: (Mutation & { frames: number; requests: number; says: RegExp })[] = [
  { name: "does not look at params", file: "src/gateway/dispatch.ts", from: "const params = paramsOf(method, caller, raw);", to: "const params = (raw ?? {}) as never;", frames: 3_000, requests: 0, says: /an error inside|internal error|the process ended/ },
  { name: "does not expect a socket to break", file: "src/gateway/sockets.ts", from: 'socket.on("error", (error) => connection.log.debug("a socket broke", { error }));', to: "", frames: 0, requests: 0, says: /the process ended|nobody caught/ },
  { name: "takes an odd path for a bug", file: "src/gateway/http/router.ts", from: "  try {\n    return decodeURIComponent(new URL(url).pathname.slice(path.length - 1));\n  } catch {\n    return \"\"; // a path that is no UTF-8 names nothing\n  }", to: "  return decodeURIComponent(new URL(url).pathname.slice(path.length - 1));", frames: 0, requests: 0, says: /an error inside/ },
];
for (const { frames: frameCount, requests: requestCount, says, ...mutation } of mutants) {
  test(`[R31] the check catches a gateway that ${mutation.name}`, async () => {
    const mutant = await makeMutant(mutation);
    try {
      const { faults } = await underNoise(frameCount, requestCount, mutant.command);
      expect(faults.join("\n")).toMatch(says);
    } finally {
      await mutant.remove();
    }
  });
}
