// Runs the guards of one point in order over one text. What it decides is logged; acting on it is up to where the data passes.
import type { Log } from "../base/log.ts";
import type { Secret } from "../base/secret.ts";
import type { Guard, GuardPoint, Verdict } from "../sdk/guard.ts";
import { createLeakScanner } from "./leaks.ts";

export interface Finding {
  guard: string;
  kind: Exclude<Verdict["kind"], "allow">;
  reason: string;
}

export interface Decision {
  /** `review` asks a person, `block` stops; everything else passes. */
  outcome: "pass" | "review" | "block";
  /** The text as the guards left it. */
  text: string;
  findings: Finding[];
}

export interface Guards {
  /** In order: a sanitised text is what the next guard sees, the first block ends it, a review waits for a later block. A guard that throws blocks. */
  check(point: GuardPoint, text: string, about: { tool?: string; sessionKey?: string; untrusted?: boolean }): Decision;
}

export function createGuards(deps: { log: Log; guards: () => readonly Guard[] }): Guards {
  return {
    check(point, text, about) {
      const findings: Finding[] = [];
      let current = text;
      let outcome: Decision["outcome"] = "pass";
      for (const guard of deps.guards()) {
        if (!guard.points.includes(point)) continue;
        const verdict = ask(guard, point, current, about);
        if (verdict.kind === "allow") continue;
        findings.push({ guard: guard.id, kind: verdict.kind, reason: verdict.reason });
        deps.log.warn("guard", { point, guard: guard.id, verdict: verdict.kind, reason: verdict.reason, ...(about.tool === undefined ? {} : { tool: about.tool }), ...(about.sessionKey === undefined ? {} : { sessionKey: about.sessionKey }) });
        if (verdict.kind === "sanitise") current = verdict.text;
        if (verdict.kind === "review") outcome = "review";
        if (verdict.kind === "block") return { outcome: "block", text: "", findings };
      }
      return { outcome, text: current, findings };
    },
  };
}

function ask(guard: Guard, point: GuardPoint, text: string, about: { tool?: string; sessionKey?: string; untrusted?: boolean }): Verdict {
  try {
    return guard.check(point, text, about);
  } catch (error) {
    return { kind: "block", reason: `the guard failed: ${error instanceof Error ? error.message : String(error)}` };
  }
}

/** Values shorter than this may be ordinary words; stopping a tool for them would do more harm than good. */
const MIN_GUARDED_CHARS = 12;

/** The guard that every installation has: its own secrets never reach a model, and a call that carries one is not made; out of what is sent to people, vendors' keys are cut too. */
export function createLeakGuard(known: () => readonly Secret[]): Guard {
  const own = createLeakScanner(known, { minChars: MIN_GUARDED_CHARS, shapes: false });
  const all = createLeakScanner(known);
  const reason = "it holds a secret of this installation";
  return {
    id: "leaks",
    points: ["prompt", "tool-call", "tool-result", "outbound", "egress"],
    check(point, text) {
      const scanner = point === "outbound" ? all : own;
      const leaks = scanner.find(text);
      if (leaks.length === 0) return { kind: "allow" };
      if (point === "tool-call" || point === "egress") return { kind: "block", reason };
      const labels = new Set(leaks.map((leak) => (leak.label === "known" ? reason : `it holds something like a ${leak.label}`)));
      return { kind: "sanitise", text: scanner.redact(text), reason: [...labels].join(", ") };
    },
  };
}

/** A decision as one verdict, for callers that act on one. */
export function verdictOf(decision: Decision): Verdict {
  const reason = decision.findings.at(-1)?.reason ?? "";
  if (decision.outcome !== "pass") return { kind: decision.outcome, reason: decision.findings.find((finding) => finding.kind === decision.outcome)?.reason ?? reason };
  return decision.findings.some((finding) => finding.kind === "sanitise") ? { kind: "sanitise", text: decision.text, reason } : { kind: "allow" };
}
