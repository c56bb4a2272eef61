// What stops a run that does not end by itself: steps, tokens, the same call again and again, one error after another.

export interface Limits {
  /** Model calls in one run. */
  maxSteps: number;
  /** Tokens of all its model calls; 0 is no bound. */
  maxTokens: number;
  /** The same call with the same arguments. */
  maxRepeatedCalls: number;
  /** Failed calls one after another. */
  maxConsecutiveErrors: number;
}

/** Counts for one run; every method returns the reason to stop, in words for the person, once there is one. */
export interface RunLimits {
  step(): string | undefined;
  tokens(total: number): string | undefined;
  /** Before a call: refuses the one that would be once too often. */
  call(tool: string, args: unknown): string | undefined;
  ended(isError: boolean): string | undefined;
  /** The first reason that came up. */
  reason(): string | undefined;
}

export function createRunLimits(limits: Limits): RunLimits {
  let steps = 0;
  let used = 0;
  let errors = 0;
  let first: string | undefined;
  const calls = new Map<string, number>();
  const stop = (reason: string): string => (first ??= reason);
  return {
    step() {
      if (steps >= limits.maxSteps) return stop(`it took ${steps} model calls without coming to an end (limit ${limits.maxSteps})`);
      steps++;
      return undefined;
    },
    tokens(total) {
      used += total;
      return limits.maxTokens > 0 && used >= limits.maxTokens ? stop(`it used ${used} tokens (limit ${limits.maxTokens})`) : undefined;
    },
    call(tool, args) {
      const key = `${tool} ${stableJson(args)}`;
      const count = (calls.get(key) ?? 0) + 1;
      calls.set(key, count);
      return count >= limits.maxRepeatedCalls ? stop(`it asked for ${tool} with the same arguments ${count} times`) : undefined;
    },
    ended(isError) {
      errors = isError ? errors + 1 : 0;
      return errors >= limits.maxConsecutiveErrors ? stop(`${errors} tool calls failed one after another`) : undefined;
    },
    reason: () => first,
  };
}

/** The same text for the same value, whatever the order of its members. */
export function stableJson(value: unknown): string {
  return JSON.stringify(value, (_, member: unknown) =>
    member !== null && typeof member === "object" && !Array.isArray(member) ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1))) : member,
  ) ?? "undefined";
}
