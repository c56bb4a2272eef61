import { afterAll, beforeAll, describe, expect, it } from "vitest";
import piAi from "../../extensions/pi-ai/index.ts";
import { createModelsKit } from "../../test/fixtures/models/models-kit.ts";
import { connectFaultModes, expectationOf, faultModes, type ConnectFaultId, type FaultMode } from "../../test/fixtures/model-server/fault-modes.ts";
import type { DialectId } from "../../test/fixtures/model-server/dialect.ts";
import { startModelServer, type ModelServer } from "../../test/fixtures/model-server/model-server.ts";
import { systemClock } from "../base/clock.ts";
import { createTestHost } from "../sdk/testing/host.ts";
import type { ModelProvider } from "../sdk/provider.ts";
import type { RoutedEvent } from "./models.ts";

const dialects = [
  { id: "openai-chat", api: "openai-completions" },
  { id: "openai-responses", api: "openai-responses" },
  { id: "anthropic-messages", api: "anthropic-messages" },
] as const satisfies readonly { id: DialectId; api: string }[];
type Dialect = (typeof dialects)[number];

const sound = "All is well and this is the whole answer.";
/** Short only where the deadline is what ends the fault: everywhere else a busy machine must not look like a silent provider. */
function limitsOf(mode: FaultMode) {
  const patient = { firstByteMs: 8_000, stallMs: 8_000, maxAnswerBytes: 100_000 };
  if (mode.endsBy !== "deadline" || mode.id === "infinite-stream" || mode.id === "huge-line") return patient; // the last two meet a bound of size
  return mode.expectation === "mark" ? { ...patient, stallMs: 1_500 } : { ...patient, firstByteMs: 1_500 };
}
/** Far beyond every deadline above: what takes this long hangs. */
const HANG_MS = 15_000;
const readTool = { name: "read", description: "Reads a file.", parameters: { type: "object", properties: { path: { type: "string" } } } };

let server: ModelServer;
let providers: readonly ModelProvider[];

beforeAll(async () => {
  server = await startModelServer({
    scenario: { kind: "text", text: sound, chunks: 8 },
    faultSettings: { retryAfterS: 1 },
    faults: faultModes.filter((mode) => mode.kind !== "connect").map((mode) => ({ mode: mode.id as never, model: `ill-${mode.id}` })), // each mode has its model, so that cases can run side by side
  });
  const host = { ...createTestHost(), clock: systemClock };
  providers = (await piAi(host)).providers?.filter(({ id }) => id === "*") ?? [];
});
afterAll(() => server.close());

async function play(mode: FaultMode, dialect: Dialect, options: { buffered: boolean; alone: boolean }) {
  const illUrl = mode.kind === "connect" ? await server.urlFor(mode.id as ConnectFaultId, dialect.id) : server.baseUrl(dialect.id);
  const kit = createModelsKit({
    providers,
    realClock: systemClock,
    document: {
      models: {
        failover: limitsOf(mode),
        providers: {
          ill: { baseUrl: illUrl, apiKey: "key-of-the-ill", api: dialect.api, models: [{ id: `ill-${mode.id}`, maxTokens: 4_096 }] },
          well: { baseUrl: server.baseUrl(dialect.id), apiKey: "key-of-the-well", api: dialect.api, models: [{ id: "well" }] },
        },
      },
      agents: { defaults: { model: { primary: `ill/ill-${mode.id}`, fallbacks: options.alone ? [] : ["well/well"] } } },
    },
  });
  const result = kit.call({}, { tools: [readTool], remainingMs: options.alone ? 4_000 : 10_000, buffered: options.buffered });
  const hang = new Promise<never>((_, reject) => setTimeout(() => reject(new Error(`${mode.id} over ${dialect.id} hangs`)), HANG_MS).unref());
  return Promise.race([result, hang]);
}

/** Runs cases a few at a time; returns what went wrong. */
async function eachCase<C>(cases: readonly C[], name: (one: C) => string, run: (one: C) => Promise<void>): Promise<string[]> {
  const wrong: string[] = [];
  const waiting = [...cases];
  const worker = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      try {
        await run(next);
      } catch (error) {
        wrong.push(`${name(next)}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
  };
  await Promise.all(Array.from({ length: 16 }, worker));
  return wrong;
}

function checkEnds(events: readonly RoutedEvent[]): void {
  const ends = events.filter((event) => event.type === "done" || event.type === "failed");
  expect(ends).toHaveLength(1);
  expect(events.at(-1)).toBe(ends[0]);
}

function checkCalls(events: readonly RoutedEvent[]): number {
  const calls = events.flatMap((event) => (event.type === "tool-call" ? [event.call] : []));
  expect(new Set(calls.map((call) => call.id)).size).toBe(calls.length);
  expect(calls.length).toBeLessThanOrEqual(1);
  // Half of a call's arguments must never arrive as a call.
  for (const call of calls) expect(call.arguments).toEqual({ path: "notes.txt" });
  return calls.length;
}

function checkClear(last: RoutedEvent | undefined): void {
  if (last?.type !== "failed") return;
  expect(last.reason.length).toBeGreaterThan(5);
  expect(last.reason).not.toMatch(/key-of-the|undefined|\[object|<html/);
  expect(last.kind).not.toBe("unknown");
  expect(last.message.stopReason).toBe("error");
}

describe("provider faults", () => {
  it("[R18] every fault ends in success by failover or one clear error, over 3 dialects, shown word by word or whole", { timeout: 120_000 }, async () => {
    const cases = faultModes.flatMap((mode) => dialects.flatMap((dialect) => [false, true].map((buffered) => ({ mode: mode as FaultMode, dialect, buffered }))));
    const counts: Record<string, number> = {};
    let calls = 0;
    const wrong = await eachCase(cases, ({ mode, dialect, buffered }) => `${mode.id} ${dialect.id} ${buffered ? "whole" : "stream"}`, async ({ mode, dialect, buffered }) => {
      const { events, text, last } = await play(mode, dialect, { buffered, alone: false });
      const expected = expectationOf(mode, !buffered);
      counts[expected] = (counts[expected] ?? 0) + 1;
      checkEnds(events);
      checkClear(last);
      calls += checkCalls(events);
      if (expected === "failover" || expected === "answer") {
        expect(last?.type, JSON.stringify(last)).toBe("done");
        expect(text).toBe(sound);
        expect(events.filter((event) => event.type === "fallback")).toHaveLength(expected === "failover" ? 1 : 0);
      } else if (expected === "error") {
        expect(last?.type).toBe("failed");
        expect(text).toBe("");
      } else if (expected === "mark") {
        expect(last?.type).toBe("failed");
        expect(text).not.toBe("");
        expect(events.some((event) => event.type === "fallback")).toBe(false);
        if (last?.type === "failed") expect(last.message.content).toEqual([{ type: "text", text }]);
      }
    });
    expect(wrong).toEqual([]);
    console.log(`[R18] ${cases.length} cases (${faultModes.length} modes × 3 dialects × 2): ${JSON.stringify(counts)}, 0 hangs, ${calls} tool calls, 0 doubled`);
  });

  it("[R18] a provider that stands alone ends in one clear error or an answer, within the turn's deadline", { timeout: 120_000 }, async () => {
    const cases = faultModes.flatMap((mode) => dialects.map((dialect) => ({ mode: mode as FaultMode, dialect })));
    const counts: Record<string, number> = {};
    const wrong = await eachCase(cases, ({ mode, dialect }) => `${mode.id} ${dialect.id} alone`, async ({ mode, dialect }) => {
      const { events, last, tookMs } = await play(mode, dialect, { buffered: false, alone: true });
      checkEnds(events);
      checkClear(last);
      checkCalls(events);
      expect(tookMs).toBeLessThan(6_000);
      if (mode.expectation === "answer") expect(last?.type).toBe("done");
      else if (mode.expectation !== "finish") expect(last?.type).toBe("failed");
      const kind = last?.type === "failed" ? last.kind : "done";
      counts[kind] = (counts[kind] ?? 0) + 1;
    });
    expect(wrong).toEqual([]);
    console.log(`[R18] ${cases.length} cases of a provider alone: ${JSON.stringify(counts)}`);
  });

  it("names the kind of each failure", { timeout: 60_000 }, async () => {
    const expected: Record<string, readonly string[]> = {
      "rate-limit": ["rate-limit", "rate-limit-retry-after", "rate-limit-retry-date"],
      billing: ["quota"],
      server: ["http-500", "http-502"],
      overloaded: ["http-503", "http-529"],
      auth: ["http-401", "http-403"],
      "not-found": ["unknown-model"],
      "context-length": ["context-length"],
      "bad-request": ["bad-request"],
      network: connectFaultModes.map(({ id }) => id),
      timeout: ["no-first-byte", "headers-then-stall", "keep-alive-only"],
    };
    const cases = Object.entries(expected).flatMap(([kind, ids]) => ids.flatMap((id) => dialects.map((dialect) => ({ kind, dialect, mode: faultModes.find((mode) => mode.id === id) as FaultMode }))));
    const wrong = await eachCase(cases, ({ mode, dialect }) => `${mode.id} ${dialect.id}`, async ({ kind, mode, dialect }) => {
      const { events } = await play(mode, dialect, { buffered: false, alone: true });
      expect(events.at(-1)).toMatchObject({ type: "failed", kind });
    });
    expect(wrong).toEqual([]);
  });
});
