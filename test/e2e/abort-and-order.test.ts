// Aborts end what is said within their bound, and the turns of a session keep their order over many clients.
import { expect, test } from "vitest";
import { openClawConfig, startGateway, testToken } from "../fixtures/gateway-process.ts";
import { startModelServer } from "../fixtures/model-server/model-server.ts";
import { makeMutant, type Mutation } from "../fixtures/mutant.ts";
import { connectWire, percentile, sleep, type Wire, type WireFrame } from "../fixtures/wire-client.ts";

const textOf = (content: string | { text?: string }[]) => (typeof content === "string" ? content : content.map((block) => block.text ?? "").join(""));

interface AbortReport { delaysMs: number[]; lateText: string[]; notAborted: string[]; stillAsking: number }

/** Aborts streaming runs, some by chat.abort, some by the stop phrase, some in a tool. */
async function abortRuns(count: number, command?: readonly string[]): Promise<AbortReport> {
  const models = await startModelServer();
  const gateway = await startGateway({ config: openClawConfig({ baseUrl: models.baseUrl("openai-chat") }), ...(command ? { command } : {}) });
  const report: AbortReport = { delaysMs: [], lateText: [], notAborted: [], stillAsking: 0 };
  try {
    const wire = await connectWire(gateway.wsUrl, { auth: { token: testToken }, scopes: ["operator.write"] });
    const abortOne = async (index: number) => {
      const runId = `abort-${index}`;
      const sessionKey = `abort-${index % 10}`;
      const mine = (frame: WireFrame) => frame.event === "chat" && frame.payload?.["runId"] === runId;
      await wire.call("chat.send", { sessionKey, message: "[[scenario:text chunks=400 delay=10 words that go on and on and on until they are stopped by somebody]]", idempotencyKey: runId });
      await wire.until((frame) => mine(frame) && frame.payload?.["state"] === "delta", "its first words");
      await sleep((index * 37) % 120);
      const begun = performance.now();
      if (index % 3 === 2) await wire.call("chat.send", { sessionKey, message: "/stop", idempotencyKey: `${runId}-stop` });
      else await wire.call("chat.abort", { sessionKey, runId });
      try {
        await wire.until((frame) => mine(frame) && frame.payload?.["state"] === "aborted", "the aborted event", 3_000);
        report.delaysMs.push(performance.now() - begun);
      } catch {
        report.notAborted.push(runId);
      }
    };
    for (let first = 0; first < count; first += 5) await Promise.all(Array.from({ length: Math.min(5, count - first) }, (_, offset) => abortOne(first + offset)));
    await sleep(300);
    for (let index = 0; index < count; index++) {
      const own = wire.events.filter((frame) => frame.event === "chat" && frame.payload?.["runId"] === `abort-${index}`).map((frame) => frame.payload?.["state"]);
      const end = own.indexOf("aborted");
      if (end >= 0 && end !== own.length - 1) report.lateText.push(`abort-${index}: ${own.slice(end + 1).join(",")}`);
    }
    report.stillAsking = models.requests().filter((request) => request.end === "open").length;
    wire.close();
  } finally {
    await gateway.destroy();
    await models.close();
  }
  return report;
}

const isNight = process.env["OPENCLAW_TEST_TIER"] === "night";
const aborts = isNight ? 1_000 : 50;

test(`[R17] ${aborts} aborts take effect within 250 ms p99, no text follows, and the model is no longer asked`, { timeout: 60_000 + aborts * 500 }, async () => {
  const report = await abortRuns(aborts);
  console.log(`R17: ${report.delaysMs.length} aborts, p50 ${Math.round(percentile(report.delaysMs, 0.5))} ms, p99 ${Math.round(percentile(report.delaysMs, 0.99))} ms`);
  expect({ ...report, delaysMs: [] }).toEqual({ delaysMs: [], lateText: [], notAborted: [], stillAsking: 0 });
  expect(percentile(report.delaysMs, 0.99)).toBeLessThanOrEqual(250);
});

test("[R17] the check catches a gateway where the abort is told but the model goes on", async () => {
  const mutation: Mutation = { name: "abort without signal", file: "src/agents/runs.ts", from: "this.#abort.abort(new Error(`run aborted: ${by}`));", to: "" };
  const mutant = await makeMutant(mutation);
  try {
    const report = await abortRuns(3, mutant.command);
    const late = report.delaysMs.filter((ms) => ms > 250).length;
    expect(late + report.notAborted.length + report.lateText.length + report.stillAsking).toBeGreaterThan(0);
  } finally {
    await mutant.remove();
  }
});

const producers = 8;
const sessions = isNight ? 1_000 : 20;
const perProducer = 5;

/** Eight clients write to many sessions at once; what is wrong with the order of what came of it. */
async function inversions(command?: readonly string[]): Promise<{ faults: string[]; messages: number }> {
  const models = await startModelServer();
  const gateway = await startGateway({ config: openClawConfig({ baseUrl: models.baseUrl("openai-chat"), extra: { messages: { queue: { mode: "followup" } } } }), ...(command ? { command } : {}) });
  const faults: string[] = [];
  try {
    const wires: Wire[] = await Promise.all(Array.from({ length: producers }, () => connectWire(gateway.wsUrl, { auth: { token: testToken }, scopes: ["operator.write"] })));
    const keys: string[] = [];
    await Promise.all(
      wires.flatMap((wire, producer) =>
        Array.from({ length: sessions }, async (_, session) => {
          for (let number = 0; number < perProducer; number++) {
            const key = `order-${session}-${producer}-${number}`;
            keys.push(key);
            // The next is sent when this one is accepted, not when it is answered.
            await wire.call("chat.send", { sessionKey: `order-${session}`, message: `<${producer}:${number}> [[scenario:text chunks=2 delay=3 ok]]`, idempotencyKey: key });
          }
        }),
      ),
    );
    const reader = wires[0] as Wire;
    await Promise.all(keys.map((runId) => reader.request("agent.wait", { runId, timeoutMs: 3_000_000 }, { timeoutMs: 3_000_000 })));
    for (let session = 0; session < sessions; session++) {
      const { messages } = await reader.call<{ messages: { role: string; content: string | { text?: string }[] }[] }>("chat.history", { sessionKey: `order-${session}`, limit: 1000 });
      const roles = messages.map((message) => message.role).join(" ");
      if (roles !== Array.from({ length: producers * perProducer }, () => "user assistant").join(" ")) faults.push(`session ${session}: turns overlap or are missing: ${roles.slice(0, 200)}`);
      const last = new Map<string, number>();
      for (const message of messages) {
        const stamp = /<(\d+):(\d+)>/.exec(message.role === "user" ? textOf(message.content) : "");
        if (!stamp) continue;
        const [producer = "", number] = [stamp[1], Number(stamp[2])];
        if (number !== (last.get(producer) ?? -1) + 1) faults.push(`session ${session}: ${producer}:${number} after ${last.get(producer)}`);
        last.set(producer, number);
      }
    }
    for (const wire of wires) wire.close();
    return { faults, messages: keys.length };
  } finally {
    await gateway.destroy();
    await models.close();
  }
}

test("[R13] the turns of a session never overlap and keep each client's order", { timeout: isNight ? 3_600_000 : 120_000 }, async () => {
  const { faults, messages } = await inversions();
  console.log(`R13: ${messages} messages, ${producers} clients, ${sessions} sessions`);
  expect(faults).toEqual([]);
});

test("[R13] the check catches a gateway where turns take no place in the lane", async () => {
  const mutant = await makeMutant({ name: "no lane", file: "src/flows/admit.ts", from: "await ticket.place.turn(ticket.signal);", to: "" });
  try {
    expect((await inversions(mutant.command)).faults.length).toBeGreaterThan(0);
  } finally {
    await mutant.remove();
  }
});
