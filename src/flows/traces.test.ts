import { expect, test } from "vitest";
import { answered } from "../../test/fixtures/flow-app.ts";
import { cutByRestart } from "../agents/model-call.ts";
import { notice } from "../agents/model-view.ts";
import type { Message } from "../sdk/provider.ts";
import { findTraces } from "./traces.ts";

type Line = Parameters<typeof findTraces>[0][number];
let ids = 0;
const line = (message: Message, runId = "r", idempotencyKey?: string): Line => ({ type: "message", id: String(++ids), parentId: null, timestamp: "", message, runId, ...(idempotencyKey === undefined ? {} : { idempotencyKey }) });
const asked = line({ role: "user", content: "do it", timestamp: 5 }, "r", "r");
const calling = (name: string) => line(answered("wait", { stopReason: "toolUse", calls: [{ type: "toolCall", id: "c", name, arguments: { a: 1 } }] }));
const result = line({ role: "toolResult", toolCallId: "c", toolName: "look", content: [], isError: false, timestamp: 6 });
const kindOf = (...history: Line[]) => findTraces(history, "r", ["theirs"], 100);

test("nothing of it is there", () => {
  expect(kindOf()).toEqual({ kind: "none" });
  expect(kindOf(line({ role: "user", content: "other", timestamp: 1 }, "q", "q"))).toEqual({ kind: "none" });
});

test("it was begun: its line, a call without result, a result without answer, an answer cut by the stop", () => {
  const cut = line({ ...answered("half", { stopReason: "aborted", tokens: 0 }), errorMessage: cutByRestart });
  for (const history of [[asked], [asked, calling("look")], [asked, calling("look"), result], [asked, cut]]) expect(kindOf(...history).kind).toBe("begun");
  expect(kindOf(asked, calling("look"))).toMatchObject({ spent: [{ usage: { totalTokens: 10 } }] });
});

test("it ended: answered, failed, aborted, stopped by a limit, handed over to the client", () => {
  expect(kindOf(asked, line(answered("done")))).toMatchObject({ kind: "ended", result: { state: "done", text: "done", startedAt: 5, endedAt: 100, provider: "scripted" } });
  expect(kindOf(asked, line({ ...answered("half", { stopReason: "error" }), errorMessage: "down" }))).toMatchObject({ kind: "ended", result: { state: "failed", text: "half", error: { code: "model.failed", message: "down" } } });
  expect(kindOf(asked, line({ ...answered("half", { stopReason: "aborted" }), errorMessage: "run aborted: rpc" }))).toMatchObject({ kind: "ended", result: { state: "aborted", text: "half" } });
  expect(kindOf(asked, line(answered("said")), line(notice("the run was stopped: too long", 9)))).toMatchObject({ kind: "ended", result: { state: "failed", text: "said", error: { code: "run.limit", message: "The run was stopped: too long." } } });
  expect(kindOf(asked, calling("theirs"))).toMatchObject({ kind: "ended", result: { state: "done", clientToolCalls: [{ id: "c", name: "theirs", arguments: { a: 1 } }] } });
});

test("its text became part of another run", () => {
  expect(kindOf(line({ role: "user", content: "also", timestamp: 5 }, "other", "r"))).toMatchObject({ kind: "ended", result: { state: "joined", into: "other" } });
});
