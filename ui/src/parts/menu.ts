// A button that opens a short list of actions. Arrow keys move, Enter acts, Escape closes and gives the focus back.
import { css, html, LitElement, nothing } from "lit";
import { sheet } from "./sheet.ts";
import "./button.ts";
import "./icon.ts";

export interface MenuItem {
  label: string;
  icon?: string;
  danger?: boolean;
  disabled?: boolean;
  run(): void;
}

export class OcMenu extends LitElement {
  static override properties = { label: { type: String }, icon: { type: String }, kind: { type: String }, text: { type: String }, items: { attribute: false }, open: { state: true } };
  declare label: string;
  declare icon: string;
  declare kind: "plain" | "quiet";
  /** Words on the button itself. */
  declare text: string;
  declare items: readonly MenuItem[];
  declare open: boolean;
  constructor() {
    super();
    this.label = "More actions";
    this.icon = "more";
    this.kind = "quiet";
    this.text = "";
    this.items = [];
    this.open = false;
  }

  static override styles = [
    sheet,
    css`
      :host {
        display: inline-flex;
      }
      [popover] {
        position: fixed;
        inset: auto;
        min-inline-size: 180px;
        margin: 0;
        padding: var(--gap);
        border: 1px solid var(--line);
        border-radius: var(--radius-large);
        background: var(--surface-1);
        color: var(--text);
        box-shadow: var(--shadow-large);
      }
      button {
        display: flex;
        align-items: center;
        gap: var(--gap-2);
        inline-size: 100%;
        min-block-size: var(--control);
        padding: 0 var(--gap-2);
        border: 0;
        border-radius: var(--radius);
        background: none;
        color: inherit;
        font: 400 var(--size-13) / 1.3 var(--font);
        text-align: start;
        cursor: pointer;
      }
      button:hover,
      button:focus-visible {
        background: var(--surface-2);
      }
      button:disabled {
        opacity: 0.5;
        cursor: default;
      }
      .danger {
        color: var(--bad);
      }
      button:not(.danger) oc-icon {
        color: var(--muted);
      }
    `,
  ];

  override render() {
    return html`<oc-button kind=${this.kind} icon=${this.icon} label=${this.label} popup="menu" .expanded=${this.open} @click=${this.toggle}>${this.text}</oc-button>
      <div popover role="menu" aria-label=${this.label} @toggle=${(event: ToggleEvent) => (this.open = event.newState === "open")} @keydown=${this.key}>
        ${this.items.map(
          (item) => html`<button type="button" role="menuitem" tabindex="-1" class=${item.danger ? "danger" : ""} ?disabled=${item.disabled ?? false} @click=${() => this.act(item)}>
            ${item.icon ? html`<oc-icon name=${item.icon}></oc-icon>` : nothing}${item.label}
          </button>`,
        )}
      </div>`;
  }

  private list(): HTMLElement {
    return this.renderRoot.querySelector("[popover]") as HTMLElement; // drawn always
  }

  private toggle(event: Event): void {
    event.stopPropagation();
    const list = this.list();
    if (this.open) return list.hidePopover();
    list.showPopover();
    const anchor = this.getBoundingClientRect();
    const { offsetWidth: width, offsetHeight: height } = list;
    const rightToLeft = getComputedStyle(this).direction === "rtl";
    const wished = rightToLeft ? anchor.left : anchor.right - width;
    list.style.left = `${Math.max(8, Math.min(wished, innerWidth - width - 8))}px`;
    list.style.top = `${anchor.bottom + height + 8 > innerHeight ? Math.max(8, anchor.top - height - 4) : anchor.bottom + 4}px`;
    this.focusItem(0);
    return undefined;
  }

  private focusItem(index: number): void {
    const items = [...this.renderRoot.querySelectorAll<HTMLElement>("[role=menuitem]:not(:disabled)")];
    items.at(index % Math.max(1, items.length))?.focus();
  }

  private key(event: KeyboardEvent): void {
    const items = [...this.renderRoot.querySelectorAll<HTMLElement>("[role=menuitem]:not(:disabled)")];
    const at = items.indexOf(this.shadowRoot?.activeElement as HTMLElement);
    const step: Record<string, number> = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1 };
    const next = step[event.key];
    if (event.key === "Escape" || event.key === "Tab") {
      this.list().hidePopover();
      this.renderRoot.querySelector<HTMLElement>("oc-button")?.focus();
      if (event.key === "Escape") event.preventDefault();
    } else if (next !== undefined) {
      event.preventDefault();
      this.focusItem(next);
    }
  }

  private act(item: MenuItem): void {
    this.list().hidePopover();
    this.renderRoot.querySelector<HTMLElement>("oc-button")?.focus();
    item.run();
  }
}
customElements.define("oc-menu", OcMenu);
