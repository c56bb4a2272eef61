// npm run bench: how fast and how small the built gateway is, beside a floor measured in the same run. Prints a table and JSON.
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { randomUUID } from "node:crypto";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { Agent, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openClawConfig, projectRoot, startGateway, testToken, type GatewayProcess } from "../fixtures/gateway-process.ts";
import { openRaw, type RawClient } from "./raw-client.ts";
import { cpuSeconds, hammer, rssMb, spread } from "./statistics.ts";

interface Row { name: string; value: number; unit: string; aim?: string; floor?: number; note?: string }

const quick = process.argv.includes("--quick");
const seconds = quick ? 1 : 4;
const bundle = join(projectRoot, "dist/openclaw.mjs");
const rows: Row[] = [];
const put = (row: Row) => {
  rows.push(row);
  process.stderr.write(`${row.name}: ${format(row.value)} ${row.unit}${row.floor === undefined ? "" : ` (floor ${format(row.floor)})`}\n`);
};
const format = (value: number) => (Math.abs(value) >= 100 ? value.toFixed(0) : Math.abs(value) >= 10 ? value.toFixed(1) : value.toFixed(2));
const sleep = (delayMs: number) => new Promise<void>((done) => setTimeout(done, delayMs));
const median = (samples: number[]) => spread(samples).p50;

/** A helper process that prints one JSON line when it is ready. */
async function sidecar(args: string[]): Promise<{ child: ChildProcess; about: Record<string, unknown> }> {
  const child = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"], env: { ...process.env, NODE_NO_WARNINGS: "1" } });
  const about = await new Promise<Record<string, unknown>>((resolve, reject) => {
    let text = "";
    child.stdout?.on("data", (part: Buffer) => {
      text += part.toString();
      if (text.includes("\n")) resolve(JSON.parse(text.slice(0, text.indexOf("\n"))) as Record<string, unknown>);
    });
    child.once("exit", (code) => reject(new Error(`${args.join(" ")} ended with ${code}`)));
  });
  return { child, about };
}

function wallMs(command: string, args: string[], env: NodeJS.ProcessEnv): number {
  const startedAt = performance.now();
  execFileSync(command, args, { env, stdio: "ignore" });
  return performance.now() - startedAt;
}

async function measureStart(config: object): Promise<void> {
  const walls: number[] = [];
  const cpus: number[] = [];
  for (let round = 0; round < (quick ? 3 : 8); round++) {
    const startedAt = performance.now();
    const gateway = await startGateway({ config, command: [process.execPath, bundle], wait: false });
    for (;;) {
      try {
        const client = await openRaw(gateway.wsUrl, testToken);
        walls.push(performance.now() - startedAt);
        cpus.push(cpuSeconds(gateway.child.pid ?? 0) * 1000);
        client.close();
        break;
      } catch {
        await sleep(3); // not listening yet
      }
    }
    await gateway.destroy();
  }
  put({ name: "spawn to hello-ok", value: median(walls.slice(1)), unit: "ms", aim: "≤ 250", floor: median(Array.from({ length: 5 }, () => wallMs(process.execPath, ["-e", "0"], process.env))), note: "floor: bare node" });
  put({ name: "CPU until hello-ok", value: median(cpus.slice(1)), unit: "ms", aim: "≤ 300" });
}

function measureCli(gateway: GatewayProcess): void {
  const env = { ...process.env, HOME: gateway.stateDir, OPENCLAW_STATE_DIR: gateway.stateDir, OPENCLAW_GATEWAY_PORT: String(gateway.port), OPENCLAW_GATEWAY_TOKEN: testToken };
  const floor = median(Array.from({ length: 7 }, () => wallMs(process.execPath, ["-e", "0"], env)));
  for (const [name, args, aim] of [["--version", ["--version"], "≤ 50"], ["--help", ["--help"], ""], ["health", ["health", "--json"], "≤ 130"]] as const) {
    wallMs(process.execPath, [bundle, ...args], env);
    put({ name: `openclaw ${name}`, value: median(Array.from({ length: 9 }, () => wallMs(process.execPath, [bundle, ...args], env))), unit: "ms", aim, floor, note: "floor: bare node" });
  }
}

async function measureIdle(gateway: GatewayProcess): Promise<void> {
  await sleep(10_000);
  const pid = gateway.child.pid ?? 0;
  put({ name: "idle RSS after 10 s", value: rssMb(pid), unit: "MB", aim: "≤ 85" });
  await sleep(5_000); // V8 looks once more behind the first collection at rest
  const before = cpuSeconds(pid);
  await sleep(quick ? 3_000 : 10_000);
  put({ name: "idle CPU", value: ((cpuSeconds(pid) - before) / (quick ? 3 : 10)) * 100, unit: "%", aim: "< 0.5" });
}

async function measureHandshakes(gateway: GatewayProcess, echoUrl: string): Promise<void> {
  const shake = async (url: string) => {
    const client = await openRaw(url, testToken);
    client.close();
  };
  const floor = await hammer(1, seconds * 500, () => shake(echoUrl));
  const ours = await hammer(1, seconds * 1000, () => shake(gateway.wsUrl));
  put({ name: "handshake p50", value: ours.ms.p50, unit: "ms", aim: "≤ 1.8", floor: floor.ms.p50, note: "floor: ws echo" });
  const wide = await hammer(8, seconds * 1000, () => shake(gateway.wsUrl));
  put({ name: "handshakes per second, 8 at once", value: wide.perSecond, unit: "/s" });
}

async function measureCalls(gateway: GatewayProcess, echoUrl: string): Promise<void> {
  const run = async (url: string, method: string, params: unknown, width: number) => {
    const clients = await openMany(width, url);
    const lanes = width === 1 ? 1 : width * (width > 10 ? 1 : 4);
    const result = await hammer(lanes, seconds * 1000, async (lane) => void (await clients[lane % width]?.call(method, params)));
    for (const client of clients) client.close();
    return result;
  };
  for (const width of [1, 10, 100]) {
    const floor = await run(echoUrl, "health", {}, width);
    const ours = await run(gateway.wsUrl, "health", {}, width);
    put({ name: `health at ${width} connections`, value: ours.perSecond, unit: "/s", floor: floor.perSecond, ...(width === 10 ? { aim: "≥ 60 % of floor" } : {}), note: `p50 ${format(ours.ms.p50)} ms, p99 ${format(ours.ms.p99)} ms` });
  }
  put({ name: "sessions.list at 10 connections", value: (await run(gateway.wsUrl, "sessions.list", { limit: 20 }, 10)).perSecond, unit: "/s", aim: "≥ 10,000" });
  put({ name: "chat.history of 200 messages at 10 connections", value: (await run(gateway.wsUrl, "chat.history", { sessionKey: "bench-500", limit: 200 }, 10)).perSecond, unit: "/s", aim: "≥ 2,500" });
}

/** 50 at a time: one address may not have more than 64 strangers at the door. */
async function openMany(count: number, url: string, scopes?: readonly string[]): Promise<RawClient[]> {
  const clients: RawClient[] = [];
  while (clients.length < count) clients.push(...(await Promise.all(Array.from({ length: Math.min(50, count - clients.length) }, () => openRaw(url, testToken, scopes)))));
  return clients;
}

/** A client that resolves each turn at its final chat event. */
async function turnClient(gateway: GatewayProcess): Promise<{ client: RawClient; turn(session: string): Promise<void> }> {
  const client = await openRaw(gateway.wsUrl, testToken);
  const waiting = new Map<string, () => void>();
  client.onEvent = (event, payload) => {
    if (event === "chat" && payload["state"] !== "delta") waiting.get(String(payload["runId"]))?.();
  };
  return {
    client,
    async turn(session) {
      const runId = randomUUID();
      const ended = new Promise<void>((done) => waiting.set(runId, done));
      await client.call("chat.send", { sessionKey: session, message: "hello", idempotencyKey: runId });
      await ended;
      waiting.delete(runId);
    },
  };
}

async function grow(gateway: GatewayProcess, session: string, messages: number): Promise<void> {
  const { client, turn } = await turnClient(gateway);
  for (let count = 0; count < messages; count += 2) await turn(session);
  client.close();
}

/** A session is left before it has grown to half as much again, so that the figure is one of its length. */
async function measureTurns(gateway: GatewayProcess): Promise<void> {
  const pid = gateway.child.pid ?? 0;
  await Promise.all(Array.from({ length: 20 }, (_, lane) => grow(gateway, `bench-warm-${lane}`, 40)));
  for (const [messages, sessions, turnsEach] of [[5, 60, 2], [500, 2, 60], ...(quick ? [] : [[2000, 1, 120] as const])] as const) {
    const names = Array.from({ length: sessions }, (_, index) => (index === 0 ? `bench-${messages}` : `bench-${messages}-${index}`));
    for (const name of names) await grow(gateway, name, messages);
    const { client, turn } = await turnClient(gateway);
    const samples: number[] = [];
    const before = cpuSeconds(pid);
    for (const name of names) {
      for (let round = 0; round < turnsEach; round++) {
        const startedAt = performance.now();
        await turn(name);
        samples.push(performance.now() - startedAt);
      }
    }
    const cpu = ((cpuSeconds(pid) - before) * 1000) / samples.length;
    const { p50, p99 } = spread(samples);
    put({ name: `durable turn with ${messages} messages of history`, value: p50, unit: "ms p50", aim: "≤ 5", note: `p99 ${format(p99)} ms (aim ≤ 20), server CPU ${format(cpu)} ms (aim ≤ 4)` });
    client.close();
  }
  const clients = await Promise.all(Array.from({ length: 4 }, () => turnClient(gateway)));
  const result = await hammer(20, seconds * 1500, async (lane) => {
    await clients[lane % 4]?.turn(`bench-wide-${lane}`);
  });
  put({ name: "turns per second over 20 sessions", value: result.perSecond, unit: "/s", aim: "≥ 200", note: `p99 ${format(result.ms.p99)} ms` });
  for (const { client } of clients) client.close();
}

function post(agent: Agent, url: string, body: object, onFirst?: () => void): Promise<number> {
  return new Promise((resolve, reject) => {
    const text = JSON.stringify(body);
    const outgoing = request(url, { method: "POST", agent, headers: { authorization: `Bearer ${testToken}`, "content-type": "application/json", "content-length": Buffer.byteLength(text) } }, (response) => {
      response.on("data", (part: Buffer) => {
        if (onFirst && /"content":"[^"]/.test(part.toString())) onFirst();
      });
      response.on("end", () => resolve(response.statusCode ?? 0));
      response.on("error", reject);
    });
    outgoing.on("error", reject);
    outgoing.end(text);
  });
}

async function measureCompletions(gateway: GatewayProcess, relayUrl: string): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  const body = (model: string) => ({ model, messages: [{ role: "user", content: "hello" }] });
  for (const width of [1, 10, 50]) {
    const floor = await hammer(width, seconds * 500, async () => void (await post(agent, `${relayUrl}/v1/chat/completions`, body("mock-1"))));
    const ours = await hammer(width, seconds * 1000, async () => {
      const status = await post(agent, `${gateway.url}/v1/chat/completions`, body("openclaw"));
      if (status !== 200) throw new Error(`chat completions answered ${status}`);
    });
    put({ name: `/v1/chat/completions at ${width}`, value: ours.perSecond, unit: "/s", floor: floor.perSecond, ...(width === 10 ? { aim: "≥ 500" } : {}), note: `p50 ${format(ours.ms.p50)} ms; floor: bare relay` });
  }
  const first = async (url: string, model: string) => {
    const samples: number[] = [];
    for (let round = 0; round < (quick ? 20 : 100); round++) {
      const startedAt = performance.now();
      let seen = false;
      await post(agent, url, { ...body(model), stream: true }, () => {
        if (!seen) samples.push(performance.now() - startedAt);
        seen = true;
      });
    }
    return median(samples);
  };
  const floor = await first(`${relayUrl}/v1/chat/completions`, "mock-1");
  put({ name: "first SSE content after the relay's", value: (await first(`${gateway.url}/v1/chat/completions`, "openclaw")) - floor, unit: "ms", aim: "≤ 5", floor });
  agent.destroy();
}

async function measureFanOut(gateway: GatewayProcess): Promise<void> {
  const watchers = await openMany(quick ? 50 : 200, gateway.wsUrl);
  const finals = watchers.map(() => 0);
  const texts = watchers.map(() => "");
  for (const [index, watcher] of watchers.entries()) {
    watcher.onEvent = (event, payload) => {
      if (event !== "chat") return;
      if (payload["state"] === "delta") texts[index] += String(payload["deltaText"] ?? "");
      if (payload["state"] === "final") finals[index] = performance.now();
    };
  }
  const client = await openRaw(gateway.wsUrl, testToken);
  const startedAt = performance.now();
  const words = 60;
  const runId = randomUUID();
  await client.call("chat.send", { sessionKey: "bench-fan", message: `[[scenario:text chunks=${words} delay=10]]`, idempotencyKey: runId });
  while (finals.some((at) => at === 0) && performance.now() - startedAt < 30_000) await sleep(10);
  const complete = texts.filter((text) => text === texts[0] && text !== "").length;
  put({ name: "subscribers that saw every word", value: complete, unit: `of ${watchers.length}`, aim: "all", note: `last final ${format(Math.max(...finals) - Math.min(...finals))} ms after the first` });
  client.close();
  for (const watcher of watchers) watcher.close();
}

async function measureSockets(gateway: GatewayProcess): Promise<void> {
  const pid = gateway.child.pid ?? 0;
  const count = quick ? 500 : 5000;
  await sleep(6_000); // at rest, memory of what was before is back
  const before = rssMb(pid);
  const clients = await openMany(count, gateway.wsUrl, ["operator.write"]);
  await sleep(6_000);
  put({ name: `RSS per idle socket at ${count}`, value: ((rssMb(pid) - before) * 1024) / count, unit: "KB", aim: "≤ 10" });
  for (const client of clients) client.close();
}

function installedSize(): void {
  const folder = mkdtempSync(join(tmpdir(), "openclaw-pack-"));
  try {
    const npm = (args: string[], cwd: string) => execFileSync("npm", [...args, "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
    const tarball = npm(["pack", "--pack-destination", folder], projectRoot).split("\n").at(-1) ?? "";
    writeFileSync(join(folder, "package.json"), "{}");
    npm(["install", join(folder, tarball)], folder);
    const kilobytes = Number(execFileSync("du", ["-sk", join(folder, "node_modules")], { encoding: "utf8" }).split("\t")[0]);
    put({ name: "installed size", value: kilobytes / 1024, unit: "MB", aim: "≤ 60" });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function main(): Promise<void> {
  if (!existsSync(bundle)) throw new Error("dist/openclaw.mjs is missing; run `npm run build` first");
  const model = await sidecar([join(projectRoot, "test/fixtures/model-server/main.ts"), "--port", "0", "--scenario", '{"kind":"instant"}', "--keep", "none"]);
  const baseUrl = `${String(model.about["url"])}/v1`;
  const echo = await sidecar([join(projectRoot, "test/load/floors.ts"), "echo", "600"]);
  const relay = await sidecar([join(projectRoot, "test/load/floors.ts"), "relay", baseUrl]);
  const echoUrl = `ws://127.0.0.1:${String(echo.about["port"])}`;
  const config = openClawConfig({ baseUrl });
  let gateway: GatewayProcess | undefined;
  try {
    await measureStart(config);
    gateway = await startGateway({ config, command: [process.execPath, bundle] });
    await measureIdle(gateway);
    measureCli(gateway);
    await measureHandshakes(gateway, echoUrl);
    await measureTurns(gateway);
    await measureCalls(gateway, echoUrl);
    await measureCompletions(gateway, `http://127.0.0.1:${String(relay.about["port"])}`);
    await measureFanOut(gateway);
    await measureSockets(gateway);
    await sleep(5_000);
    put({ name: "RSS after the whole bench", value: rssMb(gateway.child.pid ?? 0), unit: "MB", aim: "≤ 200" });
    if (!quick) installedSize();
  } finally {
    await gateway?.destroy();
    for (const { child } of [model, echo, relay]) child.kill();
  }
  const table = rows.map((row) => `| ${row.name} | ${format(row.value)} ${row.unit} | ${row.floor === undefined ? "" : format(row.floor)} | ${row.floor === undefined ? "" : format(row.value / row.floor)} | ${row.aim ?? ""} | ${row.note ?? ""} |`);
  process.stdout.write(`| measure | ours | floor | ratio | aim | note |\n| --- | --- | --- | --- | --- | --- |\n${table.join("\n")}\n`);
  process.stdout.write(`${JSON.stringify({ node: process.version, rows })}\n`);
}

await main();
