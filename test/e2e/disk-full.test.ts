// A disk of 16 MiB is filled under a running gateway and freed again: what it says, what it keeps, and that nobody has to restart it.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { openClawConfig, startGateway, testToken, type GatewayProcess } from "../fixtures/gateway-process.ts";
import { startModelServer } from "../fixtures/model-server/model-server.ts";
import { makeMutant } from "../fixtures/mutant.ts";
import { createSmallDisk } from "../fixtures/small-disk.ts";
import { connectWire, percentile, sleep, type Wire } from "../fixtures/wire-client.ts";

interface Report { refusedMs: number[]; refusals: string[]; acceptedWhileFull: number; notReadyAfterMs: number; readyAgainAfterMs: number; faults: string[]; health: { live: number[]; ready: number[] } }

async function readiness(gateway: GatewayProcess): Promise<{ status: number; body: { ready: boolean; failing: string[] }; tookMs: number }> {
  const begun = performance.now();
  const response = await fetch(`${gateway.url}/readyz`);
  return { status: response.status, body: (await response.json()) as { ready: boolean; failing: string[] }, tookMs: performance.now() - begun };
}

const textOf = (content: string | { text?: string }[]) => (typeof content === "string" ? content : content.map((block) => block.text ?? "").join(""));

async function fillAndFree(command?: readonly string[]): Promise<Report> {
  const disk = await createSmallDisk(16);
  const models = await startModelServer();
  const stateDir = join(disk.dir, "state");
  const options = { config: openClawConfig({ baseUrl: models.baseUrl("openai-chat"), extra: { messages: { queue: { mode: "followup" } } } }), stateDir, ...(command ? { command } : {}) };
  const report: Report = { refusedMs: [], refusals: [], acceptedWhileFull: 0, notReadyAfterMs: -1, readyAgainAfterMs: -1, faults: [], health: { live: [], ready: [] } };
  const accepted = new Set<string>();
  let gateway = await startGateway(options);
  const send = async (wire: Wire, key: string) => {
    const begun = performance.now();
    const answer = await wire.request("chat.send", { sessionKey: `full-${key.length % 3}`, message: `<${key}>`, idempotencyKey: key });
    if (answer.ok === true) accepted.add(key);
    return { answer, tookMs: performance.now() - begun };
  };
  try {
    const wire = await connectWire(gateway.wsUrl, { auth: { token: testToken }, scopes: ["operator.write"] });
    for (let index = 0; index < 10; index++) await send(wire, `before-${index}`);
    await Promise.all([...accepted].map((runId) => wire.request("agent.wait", { runId, timeoutMs: 10_000 })));
    // A turn that goes on while the disk fills.
    models.script({ scenario: { kind: "text", text: "held until the disk is full", chunks: 2, holdKey: "full" } });
    await send(wire, "during");
    await wire.until((frame) => frame.event === "agent" && frame.payload?.["runId"] === "during", "the start of the turn");
    await disk.fill();
    const filledAt = performance.now();
    while (performance.now() - filledAt < 5_000) {
      const ready = await readiness(gateway);
      if (ready.status === 503) {
        report.notReadyAfterMs = performance.now() - filledAt;
        if (ready.body.ready || ready.body.failing.length === 0) report.faults.push(`not ready, but says ${JSON.stringify(ready.body)}`);
        break;
      }
      await sleep(50);
    }
    models.release(Infinity, "full");
    await wire.until((frame) => frame.event === "chat" && frame.payload?.["runId"] === "during" && frame.payload["state"] !== "delta", "a visible end of the turn", 15_000).catch(() => report.faults.push("the turn that was running has no visible end"));
    models.reset();
    for (let index = 0; index < 200; index++) {
      const { answer, tookMs } = await send(wire, `full-${index}`);
      if (answer.ok === true) report.acceptedWhileFull++;
      else {
        report.refusedMs.push(tookMs);
        report.refusals.push(`${answer.error?.code} ${answer.error?.message} ${String(answer.error?.details?.["code"])}`);
      }
    }
    const history = await wire.request("chat.history", { sessionKey: "full-2" });
    if (history.ok !== true) report.faults.push("reading does not work on a full disk");
    for (let index = 0; index < 20; index++) {
      const begun = performance.now();
      if ((await fetch(`${gateway.url}/healthz`)).status !== 200) report.faults.push("/healthz says dead");
      report.health.live.push(performance.now() - begun);
      report.health.ready.push((await readiness(gateway)).tookMs);
    }
    await disk.free();
    const freedAt = performance.now();
    while (performance.now() - freedAt < 5_000) {
      if ((await readiness(gateway)).status === 200) {
        report.readyAgainAfterMs = performance.now() - freedAt;
        break;
      }
      await sleep(50);
    }
    for (let index = 0; index < 10; index++) {
      const { answer } = await send(wire, `after-${index}`);
      if (answer.ok !== true) report.faults.push(`refused with space again: ${answer.error?.message}`);
    }
    const ends = await Promise.all([...accepted].map(async (runId) => ({ runId, ...(await wire.call<{ status: string }>("agent.wait", { runId, timeoutMs: 40_000 })) })));
    report.faults.push(...ends.filter((end) => end.status === "timeout").map((end) => `${end.runId} was accepted and never ended`));
    report.faults.push(...(await judge(wire, accepted, ends.filter((end) => end.status === "error").map((end) => end.runId), "before the restart")));
    wire.close();
    const exit = await gateway.stop();
    if (exit !== 0) report.faults.push(`the stop ended with ${exit}`);
    report.faults.push(...(await corruption(stateDir)));
    gateway = await startGateway(options);
    const again = await connectWire(gateway.wsUrl, { auth: { token: testToken }, scopes: ["operator.write"] });
    report.faults.push(...(await judge(again, accepted, ends.filter((end) => end.status === "error").map((end) => end.runId), "after the restart")));
    again.close();
  } finally {
    if (gateway.child.exitCode === null && gateway.child.signalCode === null) await gateway.kill();
    await models.close();
    await disk.remove();
  }
  return report;
}

/** Every accepted message is there once, with one answer, unless its failure was told. */
async function judge(wire: Wire, accepted: Set<string>, failed: string[], when: string): Promise<string[]> {
  const faults: string[] = [];
  const lines: { role: string; text: string; runId: string }[] = [];
  for (let session = 0; session < 3; session++) {
    const { messages } = await wire.call<{ messages: { role: string; content: string | { text?: string }[]; __openclaw?: { runId?: string } }[] }>("chat.history", { sessionKey: `full-${session}`, limit: 1000 });
    lines.push(...messages.map((message) => ({ role: message.role, text: textOf(message.content), runId: message.__openclaw?.runId ?? "" })));
  }
  for (const key of accepted) {
    const asked = lines.filter((line) => line.role === "user" && line.text.includes(`<${key}>`)).length;
    const answered = lines.filter((line) => line.role === "assistant" && line.runId === key && line.text !== "").length;
    if (asked > 1 || answered > 1) faults.push(`${key} is doubled ${when}`);
    if (!failed.includes(key) && (asked !== 1 || answered !== 1)) faults.push(`${key} is lost ${when} (asked ${asked}, answered ${answered})`);
  }
  return faults;
}

async function corruption(stateDir: string): Promise<string[]> {
  const faults: string[] = [];
  const db = new DatabaseSync(join(stateDir, "state.db"));
  const check = db.prepare("PRAGMA integrity_check").all() as { integrity_check: string }[];
  db.close();
  if (check[0]?.integrity_check !== "ok") faults.push(`state.db: ${JSON.stringify(check)}`);
  const sessions = join(stateDir, "agents/main/sessions");
  for (const name of await readdir(sessions)) {
    const text = await readFile(join(sessions, name), "utf8");
    if (name === "sessions.json") JSON.parse(text);
    if (!name.endsWith(".jsonl")) continue;
    for (const line of text.split("\n")) {
      if (line === "") continue;
      try {
        JSON.parse(line);
      } catch {
        faults.push(`${name}: a line that is no JSON: ${line.slice(0, 80)}`);
      }
    }
  }
  return faults;
}

test("[R08] [R43] a full disk is told within 2 s, costs nothing accepted, leaves reading, and needs no restart when there is space again", async () => {
  const report = await fillAndFree();
  console.log(`R08: ${report.refusals.length} refused, slowest after ${Math.round(Math.max(...report.refusedMs))} ms, ${report.acceptedWhileFull} still accepted; R43: not ready after ${Math.round(report.notReadyAfterMs)} ms, ready again after ${Math.round(report.readyAgainAfterMs)} ms, /healthz p99 ${Math.round(percentile(report.health.live, 0.99))} ms`);
  expect(report.faults).toEqual([]);
  expect(report.refusals.length).toBeGreaterThan(100);
  expect([...new Set(report.refusals)]).toEqual(["UNAVAILABLE the disk that holds the state is full store.full"]);
  expect(Math.max(...report.refusedMs)).toBeLessThanOrEqual(2_000);
  expect(report.notReadyAfterMs).toBeGreaterThanOrEqual(0);
  expect(report.notReadyAfterMs).toBeLessThanOrEqual(2_000);
  expect(report.readyAgainAfterMs).toBeGreaterThanOrEqual(0);
  expect(report.readyAgainAfterMs).toBeLessThanOrEqual(2_000);
  expect(percentile(report.health.live, 0.99)).toBeLessThanOrEqual(50);
});

test("[R43] the check catches a gateway that says ready without a write", async () => {
  const mutant = await makeMutant({ name: "ready by word", file: "src/gateway/health.ts", from: "await withTimeout(deps.store.probe(), clock, readyTimeoutMs);", to: "" });
  try {
    expect((await fillAndFree(mutant.command)).notReadyAfterMs).toBe(-1);
  } finally {
    await mutant.remove();
  }
});

test("[R08] the check catches a gateway that accepts before it has written", async () => {
  const mutant = await makeMutant({ name: "accept unwritten", file: "src/flows/accept.ts", from: 'if ((await app.inbox.accept(row, run)) === "duplicate") {', to: 'void app.inbox.accept(row, run).catch(() => undefined); if (prompt.key === "") {' });
  try {
    expect((await fillAndFree(mutant.command)).refusals.length).toBeLessThan(100);
  } finally {
    await mutant.remove();
  }
});
