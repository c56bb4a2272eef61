// A short word or number with a tone: a state, a count, a label such as Demo.
import { css, html, LitElement } from "lit";
import { sheet } from "./sheet.ts";

export class OcBadge extends LitElement {
  static override properties = { tone: { type: String, reflect: true }, dot: { type: Boolean } };
  declare tone: "plain" | "accent" | "good" | "warn" | "bad" | "info";
  /** A dot before the word, for states. */
  declare dot: boolean;
  constructor() {
    super();
    this.tone = "plain";
    this.dot = false;
  }

  static override styles = [
    sheet,
    css`
      :host {
        display: inline-flex;
        align-items: center;
        gap: 5px;
        flex: none;
        padding: 1px 7px;
        border-radius: 9px;
        background: var(--surface-2);
        color: var(--muted);
        font-size: var(--size-12);
        font-weight: 550;
        line-height: 1.4;
        white-space: nowrap;
      }
      :host([tone="accent"]) {
        background: var(--accent-soft);
        color: var(--accent);
      }
      :host([tone="good"]) {
        background: var(--good-soft);
        color: var(--good);
      }
      :host([tone="warn"]) {
        background: var(--warn-soft);
        color: var(--warn);
      }
      :host([tone="bad"]) {
        background: var(--bad-soft);
        color: var(--bad);
      }
      :host([tone="info"]) {
        background: var(--info-soft);
        color: var(--info);
      }
      .dot {
        inline-size: 6px;
        block-size: 6px;
        border-radius: 50%;
        background: currentColor;
      }
      @media (forced-colors: active) {
        :host {
          border: 1px solid;
        }
        .dot {
          background: CanvasText;
        }
      }
    `,
  ];

  override render() {
    return html`${this.dot ? html`<span class="dot"></span>` : ""}<slot></slot>`;
  }
}
customElements.define("oc-badge", OcBadge);
