// A question that must be answered before anything else goes on. The platform traps the focus; Escape and the backdrop cancel.
import { css, html, LitElement, nothing } from "lit";
import { sheet } from "./sheet.ts";
import "./button.ts";

export class OcDialog extends LitElement {
  static override properties = { heading: { type: String }, open: { type: Boolean } };
  declare heading: string;
  declare open: boolean;
  constructor() {
    super();
    this.heading = "";
    this.open = false;
  }

  static override styles = [
    sheet,
    css`
      /* Takes no place of its own where it stands in a grid. */
      :host {
        display: contents;
      }
      dialog {
        inline-size: min(480px, calc(100vw - 32px));
        max-block-size: calc(100dvh - 48px);
        padding: 0;
        border: 1px solid var(--line);
        border-radius: var(--radius-large);
        background: var(--surface-1);
        color: var(--text);
        box-shadow: var(--shadow-large);
      }
      dialog:focus-visible {
        outline: 0;
      }
      dialog::backdrop {
        background: #0008;
      }
      .inner {
        display: grid;
        grid-template-columns: minmax(0, 1fr);
        gap: var(--gap-4);
        padding: var(--gap-5);
      }
      header {
        display: flex;
        align-items: center;
        justify-content: space-between;
        gap: var(--gap-3);
      }
      h2 {
        font-size: var(--size-16);
      }
      footer {
        display: flex;
        flex-wrap: wrap;
        justify-content: flex-end;
        gap: var(--gap-2);
      }
    `,
  ];

  override render() {
    return html`<dialog aria-labelledby="heading" @close=${this.closed} @click=${(event: Event) => event.target === event.currentTarget && this.dismiss()}>
      ${this.open
        ? html`<div class="inner">
            <header><h2 id="heading">${this.heading}</h2><oc-button kind="quiet" size="small" icon="close" label="Close" @click=${this.dismiss}></oc-button></header>
            <div><slot></slot></div>
            <footer><slot name="actions"></slot></footer>
          </div>`
        : nothing}
    </dialog>`;
  }

  override updated(): void {
    const dialog = this.renderRoot.querySelector("dialog");
    if (this.open && dialog?.open === false) {
      dialog.showModal();
      void this.focusField();
    }
    if (!this.open && dialog?.open === true) dialog.close();
  }

  /** A question with something to fill in begins there. */
  private async focusField(): Promise<void> {
    const field = this.querySelector<LitElement>("oc-field, oc-select");
    await field?.updateComplete;
    field?.focus();
    field?.shadowRoot?.querySelector("input")?.select();
  }

  private dismiss(): void {
    this.renderRoot.querySelector("dialog")?.close();
  }

  private closed(): void {
    if (!this.open) return;
    this.open = false;
    this.dispatchEvent(new CustomEvent("dismiss", { bubbles: true, composed: true }));
  }
}
customElements.define("oc-dialog", OcDialog);
