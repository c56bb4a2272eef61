// What a place shows when it has nothing: one sentence and the next action.
import { css, html, LitElement, nothing } from "lit";
import { sheet } from "./sheet.ts";
import "./icon.ts";

export class OcEmpty extends LitElement {
  static override properties = { icon: { type: String }, heading: { type: String } };
  declare icon: string;
  declare heading: string;
  constructor() {
    super();
    this.icon = "";
    this.heading = "";
  }

  static override styles = [
    sheet,
    css`
      :host {
        display: flex;
        flex-direction: column;
        align-items: center;
        gap: var(--gap-3);
        padding: var(--gap-8) var(--gap-4);
        text-align: center;
        color: var(--muted);
      }
      oc-icon {
        font-size: var(--size-28);
      }
      .heading {
        font-size: var(--size-16);
        font-weight: 600;
        color: var(--text);
      }
      .words {
        max-inline-size: 44ch;
      }
    `,
  ];

  override render() {
    return html`${this.icon ? html`<oc-icon name=${this.icon}></oc-icon>` : nothing} ${this.heading ? html`<div class="heading">${this.heading}</div>` : nothing}
      <div class="words"><slot></slot></div>
      <slot name="action"></slot>`;
  }
}
customElements.define("oc-empty", OcEmpty);
