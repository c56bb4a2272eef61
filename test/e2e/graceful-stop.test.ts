// SIGTERM under load: no new work, running turns end, everybody is told, exit 0, and the next start has everything.
import { expect, test } from "vitest";
import { crashRun, type CrashReport } from "../fixtures/crash-harness.ts";
import { allScopes, openClawConfig, startGateway, testToken } from "../fixtures/gateway-process.ts";
import { startModelServer } from "../fixtures/model-server/model-server.ts";
import { makeMutant, type Mutation } from "../fixtures/mutant.ts";
import { verdict } from "../fixtures/mutant-module.ts";
import { attempt, connectWire, sleep } from "../fixtures/wire-client.ts";

const rounds = process.env["OPENCLAW_TEST_TIER"] === "night" ? 100 : 10;

function faultsOf(report: CrashReport): string[] {
  return [
    ...report.exits.filter((exit) => exit !== 0).map((exit) => `ended with ${exit}`),
    ...report.endMs.filter((ms) => ms > 35_000).map((ms) => `took ${ms} ms`),
    ...report.closeCodes.filter((code) => code !== 1012 && code !== 1001).map((code) => `a socket was closed with ${code}`),
    ...report.lost.map((key) => `lost ${key}`),
    ...[...report.answeredTwice, ...report.askedTwice, ...report.finalTwice].map((key) => `doubled ${key}`),
    ...report.toolRanTwice.map((key) => `tool ran twice for ${key}`),
    ...report.gaveUp.map((key) => `gave up ${key}`),
    ...(report.interruptedCalls > 0 ? [`${report.interruptedCalls} calls were cut`] : []),
  ];
}

test(`[R16] ${rounds} stops under load exit 0 with close 1012, and nothing is lost or doubled`, { timeout: rounds * 30_000 }, async () => {
  const report = await crashRun({ kills: rounds, seed: 5, end: "stop" });
  console.log(`R16: ${report.kills} stops, ${report.accepted} accepted, met ${JSON.stringify(report.hits)}, slowest ${Math.round(Math.max(...report.endMs))} ms`);
  expect(faultsOf(report)).toEqual([]);
});

const mutants: Mutation[] = [
  { name: "a stop does not wait for running turns", file: "src/app.ts", from: "await app.runs.drain(graceMs);", to: "" },
  { name: "sockets are dropped without a word", file: "src/gateway/gateway.ts", from: 'for (const connection of open) connection.close(closeCodes.serviceRestart, "service restart");', to: "for (const connection of open) connection.socket.terminate();" },
];
for (const mutation of mutants) {
  test(`[R16] the check catches a gateway where ${mutation.name}`, { timeout: 120_000 }, async () => {
    const mutant = await makeMutant(mutation);
    try {
      expect(faultsOf(await crashRun({ kills: 3, seed: 5, end: "stop", command: mutant.command, settleMs: 3_000 })).length).toBeGreaterThan(0);
    } finally {
      await mutant.remove();
    }
  });
}

/** A turn that never ends runs when the first signal comes; then new work, a new client, and a second signal. */
async function stopTwice(command?: readonly string[]): Promise<void> {
  const models = await startModelServer();
  const gateway = await startGateway({ config: openClawConfig({ baseUrl: models.baseUrl("openai-chat"), scopes: allScopes }), ...(command ? { command } : {}) });
  try {
    const [four, three] = await Promise.all([connectWire(gateway.wsUrl, { auth: { token: testToken }, scopes: ["operator.write"] }), connectWire(gateway.wsUrl, { protocol: 3, auth: { token: testToken }, scopes: ["operator.write"] })]);
    models.script({ scenario: { kind: "text", text: "never let go", chunks: 3, holdKey: "stop" } });
    await four.call("chat.send", { sessionKey: "main", message: "hold", idempotencyKey: "stop-1" });
    await four.until((frame) => frame.event === "agent" && frame.payload?.["stream"] === "lifecycle", "the start of the run");
    gateway.child.kill("SIGTERM");
    const told = await Promise.all([four, three].map((wire) => wire.until((frame) => frame.event === "shutdown", "the shutdown event")));
    expect(told[0]?.payload).toEqual({ reason: expect.any(String) });
    expect(told[1]?.payload).toEqual({ reason: expect.any(String), restartExpectedMs: null });
    const refused = await four.request("chat.send", { sessionKey: "main", message: "too late", idempotencyKey: "stop-2" });
    expect(refused, "new work").toMatchObject({ ok: false, error: { code: "UNAVAILABLE", retryable: true } });
    const late = await attempt(gateway.wsUrl, { auth: { token: testToken }, scopes: ["operator.read"] }).then(() => "let in", () => "refused");
    expect(late, "a new client").toBe("refused");
    await sleep(500); // two signals at once would be one wish
    expect(gateway.child.exitCode, "the turn's grace").toBeNull();
    gateway.child.kill("SIGTERM");
    expect(await Promise.race([gateway.exited.then(() => "ended"), sleep(500).then(() => "goes on")]), "after the second signal").toBe("ended");
  } finally {
    await gateway.destroy();
    await models.close();
  }
}

test("[R16] [trap.13] a stop tells everybody, takes no new work while a turn ends, and the second signal ends at once", async () => {
  await stopTwice();
  console.log("R16: 1 message and 1 client too late, the second signal ended it within 500 ms");
});

for (const { says, ...mutation } of [
  { name: "does not hear a second signal", file: "src/cli/stop-signals.ts", from: "else if (at - askedAt >= sameWishMs) deps.now();", to: "", says: /after the second signal/ },
  { name: "takes new work while it stops", file: "src/agents/runs.ts", from: "      draining = true;\n", to: "", says: /new work/ },
]) {
  test(`[R16] the check catches a gateway that ${mutation.name}`, async () => {
    const mutant = await makeMutant(mutation);
    try {
      expect(await verdict(() => stopTwice(mutant.command))).toMatch(says);
    } finally {
      await mutant.remove();
    }
  });
}
