// One attempt to send what stands in the outbox.
import type { Gateway } from "../app/gateway.ts";
import { problemOf } from "../app/problem.ts";
import { CallError } from "../../../src/client/call-error.ts";
import type { Outcome, Sent } from "./outbox.ts";

/** What an attempt to send came to; the outbox decides on it. */
export async function sendEntry(gateway: Gateway, entry: Sent): Promise<Outcome> {
  const attachments = entry.attachments.map(({ fileName, mimeType, content }) => ({ fileName, mimeType, content, type: mimeType.startsWith("image/") ? "image" : "file" }));
  try {
    const answer = await gateway.call<{ runId?: string; status?: string }>("chat.send", {
      sessionKey: entry.sessionKey,
      message: entry.text,
      idempotencyKey: entry.key,
      ...(entry.queueMode !== undefined && { queueMode: entry.queueMode }),
      ...(attachments.length > 0 && { attachments }),
    });
    // `ok` is a message that was answered already; an answer without a run was a stop.
    return answer.runId === undefined || answer.status === "ok" ? { kind: "over" } : { kind: "accepted" };
  } catch (error) {
    const lost = error instanceof CallError && ["OFFLINE", "CONNECTION_LOST", "TIMEOUT", "CLOSED"].includes(error.code);
    return lost ? { kind: "again" } : { kind: "failed", problem: problemOf(error) };
  }
}
