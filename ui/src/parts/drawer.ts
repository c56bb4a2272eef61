// The inspector: slides over from the end of the page and shows one thing in detail; the page beside it stays usable.
import { css, html, LitElement, nothing } from "lit";
import { sheet } from "./sheet.ts";
import type { OcButton } from "./button.ts";
import "./button.ts";

export class OcDrawer extends LitElement {
  static override properties = { heading: { type: String }, open: { type: Boolean, reflect: true }, side: { type: String, reflect: true } };
  declare heading: string;
  declare open: boolean;
  declare side: "end" | "start";
  constructor() {
    super();
    this.heading = "";
    this.open = false;
    this.side = "end";
  }

  static override styles = [
    sheet,
    css`
      :host {
        display: contents;
      }
      aside {
        position: absolute;
        z-index: 20;
        inset-block: 0;
        inset-inline-end: 0;
        display: flex;
        flex-direction: column;
        inline-size: min(420px, 100%);
        border-inline-start: 1px solid var(--line);
        background: var(--surface-1);
        box-shadow: var(--shadow-large);
        animation: slide var(--calm) ease-out;
      }
      :host([side="start"]) aside {
        inset-inline: 0 auto;
        inline-size: min(320px, 88%);
        border-inline: 0 1px solid var(--line);
      }
      @keyframes slide {
        from {
          opacity: 0;
        }
      }
      header {
        display: flex;
        align-items: center;
        justify-content: space-between;
        gap: var(--gap-2);
        padding: var(--gap-2) var(--gap-2) var(--gap-2) var(--gap-4);
        border-block-end: 1px solid var(--line);
      }
      .body {
        flex: 1;
        min-block-size: 0;
        overflow: auto;
      }
    `,
  ];

  override render() {
    if (!this.open) return nothing;
    return html`<aside aria-label=${this.heading}>
      <header><h2>${this.heading}</h2><oc-button kind="quiet" size="small" icon="close" label="Close" @click=${this.dismiss}></oc-button></header>
      <div class="body"><slot></slot></div>
    </aside>`;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    addEventListener("keydown", this.key, { capture: true });
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    removeEventListener("keydown", this.key, { capture: true });
  }

  override updated(changed: Map<string, unknown>): void {
    if (this.open && changed.has("open")) void this.takeFocus();
  }

  private async takeFocus(): Promise<void> {
    const close = this.renderRoot.querySelector<OcButton>("oc-button");
    await close?.updateComplete;
    close?.focus();
  }

  /** Wherever the focus is: what lies on top is closed before Escape means anything else. */
  private readonly key = (event: KeyboardEvent): void => {
    if (!this.open || event.key !== "Escape" || event.defaultPrevented) return;
    event.preventDefault();
    event.stopPropagation();
    this.dismiss();
  };

  private dismiss(): void {
    this.open = false;
    this.dispatchEvent(new CustomEvent("dismiss", { bubbles: true, composed: true }));
  }
}
customElements.define("oc-drawer", OcDrawer);
