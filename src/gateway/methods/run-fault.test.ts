// What a person is told to do about a run that failed.
import { expect, it } from "vitest";
import type { RunResult } from "../../agents/run-result.ts";
import { toWire } from "../../base/faults.ts";
import { runFault } from "./run-fault.ts";

const failed = (error: NonNullable<RunResult["error"]>): RunResult => ({ runId: "r", state: "failed", startedAt: 0, endedAt: 1, text: "", error });
const nextOf = (error: NonNullable<RunResult["error"]>) => toWire(runFault(failed(error), error.message), () => "").details?.["next"];

it("says what to do about an unreachable, an unknown and a keyless model, in words", () => {
  expect(nextOf({ code: "model.failed", message: "connection refused", kind: "network" })).toMatch(/address is right and that it runs/);
  expect(nextOf({ code: "model.failed", message: "no such model", kind: "not-found" })).toMatch(/openclaw models list/);
  expect(nextOf({ code: "model.unknown", message: "unknown model: x" })).toBe("List models with `openclaw models list`.");
  expect(nextOf({ code: "model.failed", message: "401", kind: "auth" })).toMatch(/openclaw onboard/);
});

it("has words for kinds and codes that it does not know", () => {
  for (const error of [{ code: "model.failed", message: "?", kind: "toString" }, { code: "odd", message: "?" }, { code: "store.corrupt", message: "?" }, { code: "pairing.required", message: "?" }]) {
    expect(nextOf(error)).toMatch(/^[A-Z].*\.$/);
    expect(nextOf(error)).not.toMatch(/details\.|[{}?]/);
  }
});
