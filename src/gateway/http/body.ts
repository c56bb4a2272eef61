// Request bodies: bounded in bytes and time, read only after the caller is known.
import type { Clock } from "../../base/clock.ts";
import { deadline, orAborted } from "../../base/abort.ts";
import { fault } from "../../base/faults.ts";
import { boundsProblem } from "../frame-bounds.ts";

/** Time a client has to finish sending its body. */
const bodyTimeoutMs = 30_000;

/** Parses a JSON body, within the bounds of a frame. Throws request.too-large, request.deadline or request.invalid. */
export async function readJson(request: Request, maxBytes: number, clock: Clock, signal: AbortSignal): Promise<unknown> {
  const text = await readText(request, maxBytes, clock, signal);
  const breach = boundsProblem(text);
  if (breach !== undefined) throw fault("request.invalid", { reason: `the body is not acceptable: ${breach}` });
  try {
    return JSON.parse(text);
  } catch {
    throw fault("request.invalid", { reason: "the body is not valid JSON" });
  }
}

async function readText(request: Request, maxBytes: number, clock: Clock, signal: AbortSignal): Promise<string> {
  if (Number(request.headers.get("content-length") ?? 0) > maxBytes) throw fault("request.too-large", { limitBytes: maxBytes });
  if (!request.body) return "";
  const limit = deadline(clock, bodyTimeoutMs, signal);
  const reader = request.body.getReader();
  const decoder = new TextDecoder();
  let bytes = 0;
  let text = "";
  try {
    for (;;) {
      const part = await orAborted(reader.read(), limit.signal);
      if (part.done) return text + decoder.decode();
      bytes += part.value.byteLength;
      if (bytes > maxBytes) throw fault("request.too-large", { limitBytes: maxBytes });
      text += decoder.decode(part.value, { stream: true });
    }
  } catch (error) {
    await reader.cancel(error).catch(() => undefined); // the peer may be gone already; the first error is the one to report
    if (limit.signal.aborted && !signal.aborted) throw fault("request.deadline", { what: "the request body", afterMs: bodyTimeoutMs });
    throw error;
  } finally {
    limit.clear();
  }
}
