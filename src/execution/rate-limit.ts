// How often one tool may be called in one session: a window that slides, for a model that has lost its way.
import type { Clock } from "../base/clock.ts";
import type { ToolRisk } from "../sdk/tool.ts";

const WINDOW_MS = 60_000;
const MAX_KEYS = 1_000;
/** Calls per minute. Far above what a sensible run needs. */
const limitFor: Readonly<Record<ToolRisk, number>> = { read: 600, write: 240, network: 60, exec: 120 };

export interface RateLimit {
  /** 0: go on. Else how long to wait. */
  take(sessionKey: string, tool: { name: string; risk: ToolRisk }): number;
}

export function createRateLimit(clock: Clock): RateLimit {
  const windows = new Map<string, { from: number; count: number; before: number }>();
  return {
    take(sessionKey, tool) {
      const now = clock.monotonic();
      const key = `${tool.name} ${sessionKey}`;
      const window = advance(windows.get(key), now);
      // The window before counts by the share of it that is still less than a minute ago.
      const weight = 1 - (now - window.from) / WINDOW_MS;
      if (window.count + window.before * weight >= limitFor[tool.risk]) return Math.ceil(WINDOW_MS - (now - window.from));
      window.count++;
      windows.delete(key);
      windows.set(key, window);
      if (windows.size > MAX_KEYS) windows.delete(windows.keys().next().value ?? key);
      return 0;
    },
  };
}

function advance(window: { from: number; count: number; before: number } | undefined, now: number): { from: number; count: number; before: number } {
  if (!window || now - window.from >= 2 * WINDOW_MS) return { from: now, count: 0, before: 0 };
  if (now - window.from >= WINDOW_MS) return { from: window.from + WINDOW_MS, count: 0, before: window.count };
  return window;
}
