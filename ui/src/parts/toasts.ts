// The corner where short notes appear; read out politely, dismissed by hand or by themselves.
import { css, html } from "lit";
import { repeat } from "lit/directives/repeat.js";
import { View } from "../app/view.ts";
import { sheet } from "./sheet.ts";
import "./button.ts";
import "./icon.ts";

const icons = { good: "check", info: "info", bad: "warn" } as const;

export class OcToasts extends View {
  static override styles = [
    sheet,
    css`
      :host {
        position: fixed;
        z-index: 40;
        inset-block-end: calc(var(--gap-12) + env(safe-area-inset-bottom));
        inset-inline: var(--gap-4);
        display: flex;
        flex-direction: column;
        align-items: flex-end;
        gap: var(--gap-2);
        pointer-events: none;
      }
      .toast {
        display: flex;
        align-items: center;
        gap: var(--gap-2);
        max-inline-size: min(460px, 100%);
        padding: var(--gap) var(--gap) var(--gap) var(--gap-3);
        border: 1px solid var(--line);
        border-radius: var(--radius-large);
        background: var(--surface-1);
        box-shadow: var(--shadow-large);
        font-size: var(--size-13);
        overflow-wrap: anywhere;
        pointer-events: auto;
        animation: rise var(--calm) ease-out;
      }
      .good oc-icon:first-child {
        color: var(--good);
      }
      .bad oc-icon:first-child {
        color: var(--bad);
      }
      @keyframes rise {
        from {
          opacity: 0;
          translate: 0 6px;
        }
      }
    `,
  ];

  protected override follows() {
    return [this.app.toasts.list];
  }

  override render() {
    const { list, dismiss } = this.app.toasts;
    return html`<div role="status" aria-live="polite">
      ${repeat(
        list.get(),
        (toast) => toast.id,
        (toast) => html`<div class="toast ${toast.tone}"><oc-icon name=${icons[toast.tone]}></oc-icon><span>${toast.text}</span><oc-button kind="quiet" size="small" icon="close" label="Dismiss" @click=${() => dismiss(toast.id)}></oc-button></div>`,
      )}
    </div>`;
  }
}
customElements.define("oc-toasts", OcToasts);
