// An on-off switch that acts at once. Tells `change` with the new state in `detail`.
import { css, html, LitElement } from "lit";
import { sheet } from "./sheet.ts";

export class OcSwitch extends LitElement {
  static override shadowRootOptions = { ...LitElement.shadowRootOptions, delegatesFocus: true };
  static override properties = { label: { type: String }, on: { type: Boolean, reflect: true }, disabled: { type: Boolean } };
  declare label: string;
  declare on: boolean;
  declare disabled: boolean;
  constructor() {
    super();
    this.label = "";
    this.on = false;
    this.disabled = false;
  }

  static override styles = [
    sheet,
    css`
      :host {
        display: inline-flex;
      }
      button {
        display: inline-flex;
        align-items: center;
        gap: var(--gap-2);
        min-block-size: var(--control);
        padding: 0;
        border: 0;
        background: none;
        color: inherit;
        font: inherit;
        cursor: pointer;
      }
      .track {
        display: block;
        inline-size: 32px;
        block-size: 18px;
        padding: 2px;
        border: 1px solid var(--line-strong);
        border-radius: 9px;
        background: var(--surface-2);
        transition: background var(--quick);
      }
      .knob {
        display: block;
        inline-size: 12px;
        block-size: 12px;
        border-radius: 50%;
        background: var(--muted);
        transition: margin var(--quick);
      }
      :host([on]) .track {
        background: var(--accent);
        border-color: var(--accent);
      }
      :host([on]) .knob {
        display: block;
        margin-inline-start: 14px;
        background: var(--on-accent);
      }
      button:disabled {
        opacity: 0.5;
        cursor: default;
      }
      @media (forced-colors: active) {
        .knob {
        display: block;
          background: ButtonText;
        }
        :host([on]) .track {
          background: Highlight;
        }
      }
    `,
  ];

  override render() {
    return html`<button type="button" role="switch" aria-checked=${String(this.on)} ?disabled=${this.disabled} @click=${this.turn}>
      <span class="track"><span class="knob"></span></span>${this.label}
    </button>`;
  }

  private turn(): void {
    this.on = !this.on;
    this.dispatchEvent(new CustomEvent("change", { detail: this.on, bubbles: true, composed: true }));
  }
}
customElements.define("oc-switch", OcSwitch);
