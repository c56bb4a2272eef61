// Grey lines in the shape of what is coming, shown only when it takes longer than a blink.
import { css, html, LitElement } from "lit";
import { sheet } from "./sheet.ts";

export class OcSkeleton extends LitElement {
  static override properties = { lines: { type: Number } };
  declare lines: number;
  constructor() {
    super();
    this.lines = 4;
  }

  static override styles = [
    sheet,
    css`
      :host {
        display: grid;
        gap: 14px;
        padding: var(--gap-4);
        animation: appear 1ms 150ms both;
      }
      span {
        block-size: 12px;
        border-radius: 4px;
        background: var(--surface-3);
        animation: breathe 1.6s ease-in-out infinite alternate;
      }
      span:nth-child(3n + 1) {
        inline-size: 62%;
      }
      span:nth-child(3n + 2) {
        inline-size: 88%;
      }
      span:nth-child(3n) {
        inline-size: 45%;
      }
      @keyframes appear {
        from {
          opacity: 0;
        }
      }
      @keyframes breathe {
        to {
          opacity: 0.45;
        }
      }
    `,
  ];

  override render() {
    return html`<div class="unseen" role="status">Loading</div>
      ${Array.from({ length: this.lines }, () => html`<span></span>`)}`;
  }
}
customElements.define("oc-skeleton", OcSkeleton);
