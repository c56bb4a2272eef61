// A button: `kind` says how much it weighs, `label` names an icon-only one, `busy` keeps it from being pressed twice.
import { css, html, LitElement, nothing } from "lit";
import { sheet } from "./sheet.ts";
import "./icon.ts";

export class OcButton extends LitElement {
  static override shadowRootOptions = { ...LitElement.shadowRootOptions, delegatesFocus: true };
  static override properties = {
    kind: { type: String, reflect: true },
    icon: { type: String },
    label: { type: String },
    size: { type: String, reflect: true },
    disabled: { type: Boolean, reflect: true },
    busy: { type: Boolean, reflect: true },
    expanded: { attribute: false },
    popup: { type: String },
    pressed: { attribute: false },
  };
  declare kind: "plain" | "primary" | "quiet" | "danger";
  declare icon: string;
  /** Accessible name and tooltip; needed when there is no text inside. */
  declare label: string;
  declare size: "small" | "normal";
  declare disabled: boolean;
  declare busy: boolean;
  declare expanded: boolean | undefined;
  declare popup: string;
  declare pressed: boolean | undefined;

  constructor() {
    super();
    this.kind = "plain";
    this.icon = "";
    this.label = "";
    this.size = "normal";
    this.disabled = false;
    this.busy = false;
    this.popup = "";
    // A disabled button must not act, whoever listens on the host.
    this.addEventListener("click", (event) => (this.disabled || this.busy) && event.stopImmediatePropagation(), { capture: true });
  }

  static override styles = [
    sheet,
    css`
      :host {
        display: inline-flex;
        flex: none;
      }
      button {
        display: inline-flex;
        align-items: center;
        justify-content: center;
        gap: 6px;
        inline-size: 100%;
        min-block-size: var(--control);
        min-inline-size: var(--control);
        padding: 0 var(--gap-3);
        border: 1px solid var(--line);
        border-radius: var(--radius);
        background: var(--surface-1);
        color: var(--text);
        font: 550 var(--size-13) / 1.2 var(--font);
        white-space: nowrap;
        cursor: pointer;
        transition: background var(--quick), border-color var(--quick);
      }
      button:hover {
        background: var(--surface-2);
      }
      button:active {
        background: var(--surface-3);
      }
      :host([size="small"]) button {
        min-block-size: calc(var(--control) - 6px);
        min-inline-size: calc(var(--control) - 6px);
        padding: 0 var(--gap-2);
        font-size: var(--size-12);
      }
      button.bare {
        padding: 0;
      }
      :host([kind="primary"]) button {
        background: var(--accent);
        border-color: var(--accent);
        color: var(--on-accent);
      }
      :host([kind="primary"]) button:hover {
        background: color-mix(in oklab, var(--accent) 88%, var(--text));
      }
      :host([kind="danger"]) button {
        color: var(--bad);
        border-color: color-mix(in oklab, var(--bad) 40%, var(--line));
      }
      :host([kind="danger"]) button:hover {
        background: var(--bad-soft);
      }
      :host([kind="quiet"]) button {
        border-color: transparent;
        background: transparent;
        color: var(--muted);
      }
      :host([kind="quiet"]) button:hover,
      :host([kind="quiet"]) button[aria-expanded="true"],
      :host([kind="quiet"]) button[aria-pressed="true"] {
        background: var(--surface-2);
        color: var(--text);
      }
      button:disabled {
        opacity: 0.5;
        cursor: default;
      }
      :host([busy]) oc-icon {
        animation: turn 0.9s linear infinite;
      }
      @keyframes turn {
        to {
          rotate: 1turn;
        }
      }
      @media (forced-colors: active) {
        button {
          border-color: ButtonBorder;
        }
        :host([kind="quiet"]) button {
          border-color: transparent;
        }
      }
    `,
  ];

  override render() {
    const bare = this.textContent?.trim() === "";
    const icon = this.busy ? "refresh" : this.icon;
    return html`<button
      class=${bare ? "bare" : ""}
      type="button"
      ?disabled=${this.disabled}
      aria-busy=${this.busy ? "true" : nothing}
      aria-label=${this.label || nothing}
      title=${bare && this.label ? this.label : nothing}
      aria-haspopup=${this.popup || nothing}
      aria-expanded=${this.expanded === undefined ? nothing : String(this.expanded)}
      aria-pressed=${this.pressed === undefined ? nothing : String(this.pressed)}
    >
      ${icon ? html`<oc-icon name=${icon}></oc-icon>` : nothing}<slot></slot>
    </button>`;
  }
}
customElements.define("oc-button", OcButton);
