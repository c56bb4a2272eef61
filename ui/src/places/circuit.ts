// How a model fares, as Models and Overview say it: the newest of what is known decides.
import { html, type TemplateResult } from "lit";
import "../parts/badge.ts";

export interface Circuit {
  id: string;
  provider: string;
  circuit: "closed" | "open" | "half-open";
  lastFailure?: { at: number; kind: string; reason: string };
  lastSuccessAt?: number;
}

type Failure = NonNullable<Circuit["lastFailure"]>;

/** The failure after which nothing was answered; undefined when all is well. */
export function standingFailure(circuits: readonly Circuit[], lastGoodAt = lastGood(circuits)): Failure | undefined {
  const [newest] = circuits.flatMap(({ lastFailure }) => (lastFailure === undefined ? [] : [lastFailure])).toSorted((one, other) => other.at - one.at);
  return newest !== undefined && newest.at > lastGoodAt ? newest : undefined;
}

export function lastGood(circuits: readonly Circuit[]): number {
  return Math.max(0, ...circuits.map((circuit) => circuit.lastSuccessAt ?? 0));
}

export function circuitBadge(circuits: readonly Circuit[], lastGoodAt = lastGood(circuits)): TemplateResult {
  if (circuits.some(({ circuit }) => circuit === "open")) return html`<oc-badge tone="bad" dot>Resting after failures</oc-badge>`;
  if (circuits.some(({ circuit }) => circuit === "half-open")) return html`<oc-badge tone="warn" dot>Being tried again</oc-badge>`;
  if (standingFailure(circuits, lastGoodAt) !== undefined) return html`<oc-badge tone="warn" dot>Failed last</oc-badge>`;
  return lastGoodAt > 0 ? html`<oc-badge tone="good" dot>Answering</oc-badge>` : html`<oc-badge>Not used yet</oc-badge>`;
}
