// State that a crash or a power cut left torn: the next start repairs it by itself, keeps the good part byte for byte and the rest aside, and says so once.
import { appendFile, readdir, readFile, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openClawConfig, readState, startGateway, testToken, type GatewayProcess } from "../fixtures/gateway-process.ts";
import { startModelServer } from "../fixtures/model-server/model-server.ts";
import { makeMutant } from "../fixtures/mutant.ts";
import { connectWire } from "../fixtures/wire-client.ts";

type Damage = (path: string, bytes: Buffer) => Promise<{ goodBytes: number }>;

const lastLine = (bytes: Buffer) => bytes.lastIndexOf(0x0a, bytes.length - 2) + 1;

/** Cuts of the last lines at several bytes, and what disks put behind a file. */
const damages: Record<string, Damage> = {
  "the last line lacks its newline and a byte": async (path, bytes) => (await truncate(path, bytes.length - 2), { goodBytes: lastLine(bytes) }),
  "half of the last line": async (path, bytes) => (await truncate(path, Math.floor((lastLine(bytes) + bytes.length) / 2)), { goodBytes: lastLine(bytes) }),
  "one byte of the last line": async (path, bytes) => (await truncate(path, lastLine(bytes) + 1), { goodBytes: lastLine(bytes) }),
  "a block of NULs": async (path, bytes) => (await appendFile(path, Buffer.alloc(4_096)), { goodBytes: bytes.length }),
  "half a character": async (path, bytes) => (await appendFile(path, Buffer.from([0x7b, 0x22, 0xc3])), { goodBytes: bytes.length }),
  "noise": async (path, bytes) => (await appendFile(path, Buffer.from([0xff, 0xfe, 0x00, 0x17, 0x80])), { goodBytes: bytes.length }),
  "the beginning of a line": async (path, bytes) => (await appendFile(path, '{"type":"message","id":"aaaaaaaa","mess'), { goodBytes: bytes.length }),
  "a torn line over NULs": async (path, bytes) => (await appendFile(path, Buffer.concat([Buffer.from('{"type":"mess'), Buffer.alloc(512)])), { goodBytes: bytes.length }),
};

async function history(gateway: GatewayProcess, sessionKey: string): Promise<number> {
  const wire = await connectWire(gateway.wsUrl, { auth: { token: testToken }, scopes: ["operator.write"] });
  const { messages } = await wire.call<{ messages: unknown[] }>("chat.history", { sessionKey, limit: 1000 });
  wire.close();
  return messages.length;
}

/** Damages one transcript per way, starts again, and says what is wrong with what came of it. */
async function repairs(command?: readonly string[]): Promise<string[]> {
  const models = await startModelServer();
  const options = { config: openClawConfig({ baseUrl: models.baseUrl("openai-chat") }), ...(command ? { command } : {}) };
  let gateway = await startGateway(options);
  const faults: string[] = [];
  try {
    const names = Object.keys(damages);
    const wire = await connectWire(gateway.wsUrl, { auth: { token: testToken }, scopes: ["operator.write"] });
    await Promise.all(
      names.map(async (_, index) => {
        for (let turn = 0; turn < 3; turn++) {
          await wire.call("chat.send", { sessionKey: `torn-${index}`, message: `turn ${turn} with a word äöü`, idempotencyKey: `torn-${index}-${turn}` });
          await wire.call("agent.wait", { runId: `torn-${index}-${turn}`, timeoutMs: 10_000 });
        }
      }),
    );
    wire.close();
    await gateway.stop();
    const folder = join(gateway.stateDir, "agents/main/sessions");
    const entries = JSON.parse(await readFile(join(folder, "sessions.json"), "utf8")) as Record<string, { sessionId: string }>;
    const expected: { name: string; path: string; good: Buffer; lines: number; key: string }[] = [];
    for (const [index, name] of names.entries()) {
      const path = join(folder, `${entries[`agent:main:torn-${index}`]?.sessionId}.jsonl`);
      const bytes = await readFile(path);
      const { goodBytes } = await (damages[name] as Damage)(path, bytes);
      const good = bytes.subarray(0, goodBytes);
      expected.push({ name, path, good, lines: good.toString().split("\n").filter((line) => line.includes('"message":{')).length, key: `torn-${index}` });
    }
    gateway = await startGateway({ ...options, stateDir: gateway.stateDir });
    for (const { name, path, good, lines, key } of expected) {
      const begun = performance.now();
      const shown = await history(gateway, key);
      if (performance.now() - begun > 1_000) faults.push(`${name}: took ${performance.now() - begun} ms`);
      if (shown !== lines) faults.push(`${name}: shows ${shown} of ${lines} lines`);
      const again = await connectWire(gateway.wsUrl, { auth: { token: testToken }, scopes: ["operator.write"] });
      await again.call("chat.send", { sessionKey: key, message: "after the repair", idempotencyKey: `${key}-after` });
      const end = await again.call<{ status: string }>("agent.wait", { runId: `${key}-after`, timeoutMs: 10_000 });
      again.close();
      if (end.status !== "ok") faults.push(`${name}: the next turn ended ${JSON.stringify(end)}`);
      const now = await readFile(path);
      if (!now.subarray(0, good.length).equals(good)) faults.push(`${name}: the good part was changed`);
      for (const line of now.toString().split("\n")) {
        if (line === "") continue;
        try {
          JSON.parse(line);
        } catch {
          faults.push(`${name}: a line is no JSON: ${JSON.stringify(line.slice(0, 60))}`);
        }
      }
      if ((await history(gateway, key)) !== lines + 2) faults.push(`${name}: after the next turn ${await history(gateway, key)} instead of ${lines + 2} lines`);
    }
    const aside = (await readdir(folder)).filter((name) => name.includes(".torn."));
    if (aside.length < names.length) faults.push(`kept aside: ${aside.length} of ${names.length} tails: ${(await readdir(folder)).join(" ")}`);
    await gateway.stop(); // writes the log out
    const log = await readState(gateway, "logs/openclaw.log");
    for (const { name, path } of expected) {
      const warnings = log.split("\n").filter((line) => line.includes('"warn"') && line.includes(path.split("/").at(-1) ?? "?")).length;
      if (warnings !== 1) faults.push(`${name}: ${warnings} warnings in the log`);
    }
  } finally {
    await gateway.destroy();
    await models.close();
  }
  return faults;
}

test("[R06] torn transcripts are repaired at the next use: the good part stays, the tail is kept aside, one warning, and the conversation goes on", async () => {
  const faults = await repairs();
  console.log(`R06: ${Object.keys(damages).length} kinds of torn ends over a restart`);
  expect(faults).toEqual([]);
});

test("[R06] the check catches a gateway that appends behind a torn line", async () => {
  const mutant = await makeMutant({ name: "no repair", file: "src/store/jsonl-repair.ts", from: "  await file.truncate(keptBytes);\n", to: "" });
  try {
    expect((await repairs(mutant.command)).length).toBeGreaterThan(0);
  } finally {
    await mutant.remove();
  }
});

test("[R06] torn audit lines, an empty sessions.json.tmp and half a lock file do not keep it from starting", async () => {
  const models = await startModelServer();
  const options = { config: openClawConfig({ baseUrl: models.baseUrl("openai-chat") }) };
  let gateway = await startGateway(options);
  try {
    const wire = await connectWire(gateway.wsUrl, { auth: { token: testToken }, scopes: ["operator.write"] });
    await wire.call("chat.send", { sessionKey: "main", message: "one", idempotencyKey: "left-1" });
    await wire.call("agent.wait", { runId: "left-1", timeoutMs: 10_000 });
    wire.close();
    await gateway.kill();
    await writeFile(join(gateway.stateDir, "gateway.lock"), '{"pid":');
    await writeFile(join(gateway.stateDir, "agents/main/sessions/sessions.json.tmp"), "");
    for (const name of await readdir(join(gateway.stateDir, "audit")).catch(() => [])) if (name.endsWith(".jsonl")) await appendFile(join(gateway.stateDir, "audit", name), '{"at":1,"act');
    gateway = await startGateway({ ...options, stateDir: gateway.stateDir });
    expect(await history(gateway, "main")).toBe(2);
    expect((await stat(join(gateway.stateDir, "state.db"))).size).toBeGreaterThan(0);
    expect(await gateway.stop()).toBe(0);
  } finally {
    await gateway.destroy();
    await models.close();
  }
});
