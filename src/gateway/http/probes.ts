// /health and /ready, answered without the router: a probe must not wait for anything to load.
import type { ServerResponse } from "node:http";
import type { Health } from "../health.ts";
import type { LoopWatch } from "../loop-watch.ts";
import { apiHeaders } from "./headers.ts";

export interface ProbeDeps {
  health: Health;
  loop: LoopWatch;
  uptimeMs(): number;
  /** False while the gateway starts or stops. */
  isServing(): boolean;
}

/** True when the path was a probe and is answered. */
export function answerProbe(deps: ProbeDeps, method: string | undefined, path: string, local: boolean, response: ServerResponse): boolean {
  const isHealth = path === "/health" || path === "/healthz";
  if (!isHealth && path !== "/ready" && path !== "/readyz") return false;
  if (method !== "GET" && method !== "HEAD") send(response, 405, { error: { message: "Method Not Allowed", type: "method_not_allowed" } }, { allow: "GET, HEAD" });
  else if (isHealth) send(response, 200, { ok: true, status: "live" });
  else {
    void deps.health.ready().then(({ ready, failing }) => {
      const isReady = ready && deps.isServing();
      const reasons = deps.isServing() ? failing : [...failing, "draining"];
      // From afar only yes or no: what fails, and how busy we are, is nobody's business.
      send(response, isReady ? 200 : 503, local ? { ready: isReady, failing: reasons, uptimeMs: deps.uptimeMs(), eventLoop: deps.loop.read() } : { ready: isReady, failing: [] });
    });
  }
  return true;
}

function send(response: ServerResponse, status: number, body: unknown, extra: Record<string, string> = {}): void {
  if (response.headersSent || response.destroyed) return;
  const text = JSON.stringify(body);
  response.writeHead(status, { ...apiHeaders, ...extra, "content-type": "application/json; charset=utf-8", "content-length": Buffer.byteLength(text), "cache-control": "no-store" });
  response.end(response.req.method === "HEAD" ? undefined : text);
}
