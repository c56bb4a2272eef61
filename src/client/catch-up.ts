// After a reconnect: what the former connection missed, in order, before anything newer; or one clear word that the state must be read anew.
import type { EventFrame } from "../protocol/frames.ts";
import type { HelloOk } from "./hello.ts";
import type { Link } from "./link.ts";

/** Where a connection stood in the gateway's stream of events. */
export interface Position {
  connId: string;
  /** Number of the last event that was received; 0 for none. */
  seq: number;
}

export type CaughtUp = { complete: true; events: EventFrame[] } | { complete: false; reason: string };

const resumeTimeoutMs = 10_000;

export async function catchUp(link: Pick<Link, "call">, former: Position, hello: HelloOk): Promise<CaughtUp> {
  if (!hello.features.methods.includes("events.resume")) return { complete: false, reason: "the gateway keeps no events" };
  try {
    return read(await link.call("events.resume", { connId: former.connId, seq: former.seq }, { timeoutMs: resumeTimeoutMs }));
  } catch (error) {
    return { complete: false, reason: error instanceof Error ? error.message : "the gateway did not answer" };
  }
}

/** Untrusted input: anything but a list of events means reading anew. */
function read(payload: unknown): CaughtUp {
  const { resync, reason, events } = (payload ?? {}) as { resync?: unknown; reason?: unknown; events?: unknown };
  if (resync !== false || !Array.isArray(events)) return { complete: false, reason: typeof reason === "string" ? reason : "too much was missed" };
  const frames = (events as { event?: unknown; payload?: unknown; seq?: unknown }[]).flatMap((missed): EventFrame[] => (typeof missed?.event === "string" ? [{ type: "event", event: missed.event, payload: missed.payload, ...(typeof missed.seq === "number" && { seq: missed.seq }) }] : []));
  return { complete: true, events: frames };
}
