// The four states every list and panel has: loading, error, empty, and stale while there is no connection.
import { css, html, nothing, type TemplateResult } from "lit";
import type { App } from "../app/app.ts";
import type { Resource } from "../app/resource.ts";
import "./banner.ts";
import "./button.ts";
import "./skeleton.ts";
import "./time.ts";

export const stateStyles = css`
  .stale {
    filter: grayscale(0.6);
    opacity: 0.72;
  }
  .as-of {
    margin: var(--gap-2) var(--gap-4);
    color: var(--muted);
    font-size: var(--size-12);
  }
`;

interface Drawing<T> {
  lines?: number;
  /** What is shown instead when there is nothing; absent draws the value even then. */
  empty?: (value: T) => TemplateResult | undefined;
  ready: (value: T) => TemplateResult;
}

export function drawStates<T>(app: App, resource: Resource<T>, drawing: Drawing<T>): TemplateResult {
  const { phase, value, problem, loadedAtMs } = resource.get();
  const failed =
    phase === "error" && problem !== undefined
      ? html`<oc-banner tone="bad" heading=${problem.what} code=${problem.code}>${problem.next} <oc-button slot="actions" size="small" icon="retry" @click=${() => void resource.reload()}>Retry</oc-button></oc-banner>`
      : nothing;
  if (value === undefined) return failed === nothing ? html`<oc-skeleton lines=${drawing.lines ?? 6}></oc-skeleton>` : html`${failed}`;
  const online = app.gateway.isOnline();
  const age = !online && loadedAtMs !== undefined ? html`<p class="as-of" role="status">Not connected. What you see was read <oc-time .at=${loadedAtMs}></oc-time>.</p>` : nothing;
  return html`${failed}${age}
    <div class=${online ? "" : "stale"}>${drawing.empty?.(value) ?? drawing.ready(value)}</div>`;
}
