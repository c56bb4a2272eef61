// The record of calls that must not run twice: a durable row before the effect, a signed receipt after it.
import { createHash, createHmac } from "node:crypto";
import type { Clock } from "../base/clock.ts";
import type { LedgerRow, MachineRows } from "../sdk/backends.ts";

export interface LedgerCall { runId: string; callId: string; tool: string; argsDigest: string }

export interface Ledger {
  /** Durable when it resolves. False: this call was begun before and must not run again. */
  begin(call: LedgerCall): Promise<boolean>;
  end(call: LedgerCall, outcome: { isError: boolean; result: string }): Promise<void>;
  /** Marks calls of a run that were begun and never ended; returns them. */
  interrupt(runId: string): Promise<{ callId: string; tool: string }[]>;
  /** Whether a row's receipt was made by this gateway for this row and result. */
  verify(row: LedgerRow, result: string): boolean;
}

export function createLedger(deps: { clock: Clock; rows: MachineRows; key: Uint8Array }): Ledger {
  const idOf = (call: Pick<LedgerCall, "runId" | "callId">) => `${call.runId}:${call.callId}`;
  const receipt = (row: Pick<LedgerRow, "id" | "tool" | "argsDigest" | "endedAt" | "state">, result: string) =>
    createHmac("sha256", deps.key)
      .update(JSON.stringify([row.id, row.tool, row.argsDigest, row.endedAt, row.state, createHash("sha256").update(result).digest("hex")]))
      .digest("hex");
  return {
    async begin(call) {
      const row: LedgerRow = { id: idOf(call), ...call, begunAt: deps.clock.now(), endedAt: null, receipt: null, state: "begun" };
      const { ok } = await deps.rows.commit([{ table: "ledger", add: row }]);
      return ok;
    },
    async end(call, { isError, result }) {
      const ended = { endedAt: deps.clock.now(), state: isError ? ("failed" as const) : ("done" as const) };
      const id = idOf(call);
      await deps.rows.commit([{ table: "ledger", key: id, set: { ...ended, receipt: receipt({ id, tool: call.tool, argsDigest: call.argsDigest, ...ended }, result) }, expect: { state: "begun" } }]);
    },
    async interrupt(runId) {
      const open = await deps.rows.find("ledger", { where: { runId, state: "begun" } });
      if (open.length > 0) {
        await deps.rows.commit(open.map((row) => ({ table: "ledger", key: row.id, set: { state: "interrupted", endedAt: deps.clock.now() }, expect: { state: "begun" } })));
      }
      return open.map(({ callId, tool }) => ({ callId, tool }));
    },
    verify: (row, result) => row.receipt !== null && row.receipt === receipt(row, result),
  };
}
