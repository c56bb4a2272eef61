// The contract of a guard: one check at one of seven points. It may change or stop what passes; hooks only watch.

export type GuardPoint = "inbound" | "prompt" | "tool-call" | "tool-result" | "outbound" | "egress" | "install";

export type Verdict =
  | { kind: "allow" }
  | { kind: "sanitise"; text: string; reason: string }
  | { kind: "warn"; reason: string }
  | { kind: "review"; reason: string }
  | { kind: "block"; reason: string };

export interface Guard {
  id: string;
  points: readonly GuardPoint[];
  /** Pure and quick; a throw counts as block. */
  check(point: GuardPoint, text: string, about: { tool?: string; sessionKey?: string; untrusted?: boolean }): Verdict;
}
