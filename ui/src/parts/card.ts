// A titled surface for one thing or one group of facts; `actions` sit at its head.
import { css, html, LitElement, nothing } from "lit";
import { sheet } from "./sheet.ts";

export class OcCard extends LitElement {
  static override properties = { heading: { type: String }, note: { type: String }, flush: { type: Boolean, reflect: true } };
  declare heading: string;
  /** One muted sentence under the title. */
  declare note: string;
  /** Content reaches the edges: tables and lists. */
  declare flush: boolean;
  constructor() {
    super();
    this.heading = "";
    this.note = "";
    this.flush = false;
  }

  static override styles = [
    sheet,
    css`
      :host {
        display: block;
        min-inline-size: 0;
        border: 1px solid var(--line);
        border-radius: var(--radius-large);
        background: var(--surface-1);
      }
      header {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: var(--gap-2) var(--gap-3);
        padding: var(--gap-3) var(--gap-4) 0;
      }
      .titles {
        flex: 1;
        min-inline-size: 7rem;
      }
      .titles p {
        margin-block-start: 2px;
        color: var(--muted);
        font-size: var(--size-13);
      }
      .body {
        padding: var(--gap-3) var(--gap-4) var(--gap-4);
      }
      :host([flush]) .body {
        padding: var(--gap-2) 0 0;
        overflow: hidden;
        border-end-start-radius: var(--radius-large);
        border-end-end-radius: var(--radius-large);
      }
    `,
  ];

  override render() {
    return html`${this.heading ? html`<header><div class="titles"><h2>${this.heading}</h2>${this.note ? html`<p>${this.note}</p>` : nothing}</div><slot name="actions"></slot></header>` : nothing}
      <div class="body"><slot></slot></div>`;
  }
}
customElements.define("oc-card", OcCard);
