// A sentence across a panel that a person should know before anything else, with what to do about it.
import { css, html, LitElement, nothing } from "lit";
import { sheet } from "./sheet.ts";
import "./icon.ts";

const icons = { info: "info", good: "check", warn: "warn", bad: "warn" } as const;

export class OcBanner extends LitElement {
  static override properties = { tone: { type: String, reflect: true }, heading: { type: String }, code: { type: String } };
  declare tone: keyof typeof icons;
  declare heading: string;
  declare code: string;
  constructor() {
    super();
    this.tone = "info";
    this.heading = "";
    this.code = "";
  }

  static override styles = [
    sheet,
    css`
      :host {
        display: flex;
        flex-wrap: wrap;
        align-items: flex-start;
        gap: var(--gap-2) var(--gap-3);
        padding: 10px var(--gap-3);
        border-radius: var(--radius);
        border-inline-start: 3px solid var(--info);
        background: var(--info-soft);
        font-size: var(--size-13);
      }
      oc-icon {
        margin-block-start: 1px;
        color: var(--info);
      }
      :host([tone="good"]) {
        border-color: var(--good);
        background: var(--good-soft);
      }
      :host([tone="good"]) oc-icon {
        color: var(--good);
      }
      :host([tone="warn"]) {
        border-color: var(--warn);
        background: var(--warn-soft);
      }
      :host([tone="warn"]) oc-icon {
        color: var(--warn);
      }
      :host([tone="bad"]) {
        border-color: var(--bad);
        background: var(--bad-soft);
      }
      :host([tone="bad"]) oc-icon {
        color: var(--bad);
      }
      strong {
        font-weight: 650;
      }
      code {
        color: var(--muted);
        overflow-wrap: anywhere;
      }
      /* Where there is little room, what can be done stands below what is said. */
      .body {
        flex: 1 1 14rem;
        min-inline-size: 0;
      }
      ::slotted([slot="actions"]) {
        margin-inline-start: auto;
      }
    `,
  ];

  override render() {
    return html`<oc-icon name=${icons[this.tone]}></oc-icon>
      <div class="body">
        ${this.heading ? html`<strong>${this.heading}</strong>` : nothing} <slot></slot> ${this.code ? html`<code>${this.code}</code>` : nothing}
      </div>
      <slot name="actions"></slot>`;
  }
}
customElements.define("oc-banner", OcBanner);
