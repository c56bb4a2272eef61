// A labelled text input with its hint and its error in place. Tells `input` while typing and `enter` on Enter.
import { css, html, LitElement, nothing } from "lit";
import { sheet } from "./sheet.ts";

export const fieldStyles = css`
  :host {
    display: block;
  }
  label {
    display: block;
    margin-block-end: var(--gap);
    font-size: var(--size-13);
    font-weight: 550;
  }
  input,
  select,
  textarea {
    inline-size: 100%;
    min-block-size: var(--control);
    padding: 0 10px;
    border: 1px solid var(--line-strong);
    border-radius: var(--radius);
    background: var(--surface-1);
    color: var(--text);
    font: 400 var(--size-14) / 1.4 var(--font);
  }
  input::placeholder {
    color: var(--muted);
    opacity: 1;
  }
  input[aria-invalid="true"] {
    border-color: var(--bad);
  }
  .hint,
  .error {
    margin-block-start: var(--gap);
    font-size: var(--size-12);
    color: var(--muted);
  }
  .error {
    color: var(--bad);
  }
  @media (pointer: coarse) {
    /* Below 16 px phones zoom into the field. */
    input,
    select,
    textarea {
      font-size: var(--size-16);
    }
  }
`;

export class OcField extends LitElement {
  static override shadowRootOptions = { ...LitElement.shadowRootOptions, delegatesFocus: true };
  static override properties = {
    label: { type: String },
    value: { type: String },
    type: { type: String },
    placeholder: { type: String },
    hint: { type: String },
    error: { type: String },
    bare: { type: Boolean },
    mono: { type: Boolean },
    disabled: { type: Boolean },
    autocomplete: { type: String },
  };
  declare label: string;
  declare value: string;
  declare type: "text" | "password" | "search" | "url";
  declare placeholder: string;
  declare hint: string;
  declare error: string;
  /** The label is for readers only. */
  declare bare: boolean;
  declare mono: boolean;
  declare disabled: boolean;
  declare autocomplete: AutoFill;

  constructor() {
    super();
    this.label = "";
    this.value = "";
    this.type = "text";
    this.placeholder = "";
    this.hint = "";
    this.error = "";
    this.bare = false;
    this.mono = false;
    this.disabled = false;
    this.autocomplete = "off";
  }

  static override styles = [
    sheet,
    fieldStyles,
    css`
      input.mono {
        font-family: var(--mono);
      }
    `,
  ];

  override render() {
    const about = this.error || this.hint;
    return html`<label for="input" class=${this.bare ? "unseen" : ""}>${this.label}</label>
      <input
        id="input"
        class=${this.mono ? "mono" : ""}
        type=${this.type}
        .value=${this.value}
        placeholder=${this.placeholder || nothing}
        autocomplete=${this.autocomplete}
        spellcheck="false"
        ?disabled=${this.disabled}
        aria-invalid=${this.error ? "true" : nothing}
        aria-describedby=${about ? "about" : nothing}
        @input=${(event: Event) => (this.value = (event.target as HTMLInputElement).value) /* this listener sits on the input */}
        @keydown=${(event: KeyboardEvent) => event.key === "Enter" && !event.isComposing && this.dispatchEvent(new CustomEvent("enter", { bubbles: true, composed: true }))}
      />
      ${about ? html`<div id="about" class=${this.error ? "error" : "hint"}>${about}</div>` : nothing}`;
  }
}
customElements.define("oc-field", OcField);
