// When a conversation starts anew by itself: daily at an hour, or after being idle. Off by default. Pure.
export interface ResetRule {
  mode?: "off" | "daily" | "idle";
  /** Local hour of the daily reset, 0–23; 4 when absent. */
  atHour?: number;
  idleMinutes?: number;
}

export interface ResetRules {
  reset?: ResetRule;
  /** By `direct` (also spelt `dm`), `group`, `thread`; replaces the general rule. */
  resetByType?: Record<string, ResetRule>;
  /** Older spelling of an idle rule, for when there is no other. */
  idleMinutes?: number;
}

const DEFAULT_HOUR = 4;
const MINUTE_MS = 60_000;

export function ruleFor(rules: ResetRules, type: "direct" | "group" | "thread"): ResetRule {
  const byType = rules.resetByType?.[type] ?? (type === "direct" ? rules.resetByType?.["dm"] : undefined);
  if (byType) return byType;
  const general = rules.reset;
  if (general && (general.mode ?? "off") !== "off") return general;
  return rules.idleMinutes === undefined ? { mode: "off" } : { mode: "idle", idleMinutes: rules.idleMinutes };
}

/** Whether a conversation last used at `lastMs` is over at `nowMs`. A daily rule with idle minutes ends at whichever comes first. */
export function isExpired(rule: ResetRule, lastMs: number, nowMs: number): boolean {
  const mode = rule.mode ?? "off";
  if (mode === "off") return false;
  if (rule.idleMinutes !== undefined && nowMs - lastMs > rule.idleMinutes * MINUTE_MS) return true;
  return mode === "daily" && lastMs < lastBoundary(rule.atHour ?? DEFAULT_HOUR, nowMs);
}

/** The latest moment at or before `nowMs` at which the local clock showed the hour. */
export function lastBoundary(atHour: number, nowMs: number): number {
  const boundary = new Date(nowMs);
  boundary.setHours(atHour, 0, 0, 0);
  if (boundary.getTime() > nowMs) boundary.setDate(boundary.getDate() - 1);
  return boundary.getTime();
}
