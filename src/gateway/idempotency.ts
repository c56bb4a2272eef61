// One effect per key: the first answer is kept seven days and given again, another body under the same key is refused.
import { createHash } from "node:crypto";
import type { Clock } from "../base/clock.ts";
import { fault } from "../base/faults.ts";
import type { SessionStore } from "../sdk/backends.ts";

/** What is kept: the payload or the error of the first answer, whole or as a blob. */
export type KeptAnswer = { ok: true; json: string } | { ok: false; error: string };

export interface Idempotency {
  /** Runs `work` unless the key has an answer or is at it; concurrent uses share one run. Throws request.conflict. */
  once(method: string, person: string, key: string, params: unknown, work: () => Promise<KeptAnswer>): Promise<KeptAnswer>;
  sweep(): Promise<number>;
}

export const keepMs = 7 * 86_400_000;
/** Larger answers (pictures from nodes) are kept as blobs. */
const maxInlineChars = 65_536;
/** Stands in the row while the effect is under way. */
const begun = "";

export function createIdempotency(deps: { store: SessionStore; clock: Clock }): Idempotency {
  const { rows } = deps.store;
  const running = new Map<string, { digest: string; answer: Promise<KeptAnswer> }>();

  const stored = async (answer: string): Promise<KeptAnswer> => {
    const kept = JSON.parse(answer) as KeptAnswer | { blob: string }; // written below
    if (!("blob" in kept)) return kept;
    const bytes = await deps.store.getBlob(kept.blob);
    if (!bytes) throw fault("store.corrupt", { file: "the answer kept for an idempotency key", reason: "its blob is gone" });
    return JSON.parse(Buffer.from(bytes).toString("utf8")) as KeptAnswer;
  };

  const keep = async (id: string, digest: string, answer: KeptAnswer): Promise<void> => {
    const json = JSON.stringify(answer);
    const inline = json.length <= maxInlineChars ? json : JSON.stringify({ blob: await deps.store.putBlob(Buffer.from(json, "utf8")) });
    await rows.commit([{ table: "idempotency", put: { id, digest, answer: inline, createdAt: deps.clock.now() } }]);
  };

  return {
    async once(method, person, key, params, work) {
      const id = `${method}|${person}|${key}`;
      const digest = digestOf(params);
      const already = running.get(id);
      if (already) {
        if (already.digest !== digest) throw fault("request.conflict");
        return already.answer;
      }
      const answer = (async () => {
        const row = await rows.get("idempotency", id);
        if (row && row.createdAt > deps.clock.now() - keepMs) {
          if (row.digest !== digest) throw fault("request.conflict");
          if (row.answer === begun) throw fault("request.interrupted");
          return stored(row.answer);
        }
        // A row before the effect: after a crash in between nobody knows the outcome, and it is not done twice.
        await rows.commit([{ table: "idempotency", put: { id, digest, answer: begun, createdAt: deps.clock.now() } }]);
        const fresh = await work();
        await keep(id, digest, fresh);
        return fresh;
      })();
      running.set(id, { digest, answer });
      try {
        return await answer;
      } finally {
        running.delete(id);
      }
    },
    sweep: () => rows.sweep("idempotency", "createdAt", deps.clock.now() - keepMs),
  };
}

/** Independent of the order of members. */
function digestOf(value: unknown): string {
  return createHash("sha256").update(canonical(value)).digest("hex");
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return `{${members.sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, member]) => `${JSON.stringify(name)}:${canonical(member)}`).join(",")}}`;
}
