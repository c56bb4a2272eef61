// A labelled choice of one, drawn by the platform. Tells `change` with the new value in `detail`.
import { css, html, LitElement, nothing } from "lit";
import { fieldStyles } from "./field.ts";
import { sheet } from "./sheet.ts";
import "./icon.ts";

export interface Option {
  value: string;
  label: string;
  group?: string;
  disabled?: boolean;
}

export class OcSelect extends LitElement {
  static override shadowRootOptions = { ...LitElement.shadowRootOptions, delegatesFocus: true };
  static override properties = { label: { type: String }, value: { type: String }, options: { attribute: false }, bare: { type: Boolean }, hint: { type: String }, disabled: { type: Boolean }, quiet: { type: Boolean, reflect: true }, icon: { type: String } };
  declare label: string;
  declare value: string;
  declare options: readonly Option[];
  declare bare: boolean;
  declare hint: string;
  declare disabled: boolean;
  /** Looks like text until it is needed. */
  declare quiet: boolean;
  /** Says at a glance what is chosen here, where there is no room for the label. */
  declare icon: string;

  constructor() {
    super();
    this.label = "";
    this.value = "";
    this.options = [];
    this.bare = false;
    this.hint = "";
    this.disabled = false;
    this.quiet = false;
    this.icon = "";
  }

  static override styles = [
    sheet,
    fieldStyles,
    css`
      .box {
        position: relative;
      }
      select {
        appearance: none;
        padding-inline: 10px 28px;
        text-overflow: ellipsis;
        cursor: pointer;
      }
      option,
      optgroup {
        background: var(--surface-1);
        color: var(--text);
      }
      oc-icon {
        position: absolute;
        inset-block: 0;
        inset-inline-end: 8px;
        margin-block: auto;
        font-size: var(--size-12);
        color: var(--muted);
        pointer-events: none;
      }
      .mark {
        inset-inline: 8px auto;
        font-size: var(--size-14);
      }
      .mark ~ select {
        padding-inline-start: 30px;
      }
      :host([quiet]) select {
        inline-size: auto;
        max-inline-size: 100%;
        field-sizing: content;
        border-color: transparent;
        background: transparent;
        color: var(--muted);
        font-size: var(--size-13);
      }
      :host([quiet]) select:hover {
        background: var(--surface-2);
        color: var(--text);
      }
      @media (pointer: coarse) {
        :host([quiet]) select {
          font-size: var(--size-16);
        }
      }
    `,
  ];

  override render() {
    const groups = [...new Set(this.options.map((option) => option.group))];
    const drawn = (option: Option) => html`<option value=${option.value} ?selected=${option.value === this.value} ?disabled=${option.disabled ?? false}>${option.label}</option>`;
    return html`<label for="select" class=${this.bare ? "unseen" : ""}>${this.label}</label>
      <div class="box">
        ${this.icon ? html`<oc-icon class="mark" name=${this.icon}></oc-icon>` : nothing}
        <select id="select" ?disabled=${this.disabled} title=${this.bare ? this.label : nothing} aria-describedby=${this.hint ? "about" : nothing} .value=${this.value} @change=${this.changed}>
          ${groups.map((group) => {
            const own = this.options.filter((option) => option.group === group).map(drawn);
            return group === undefined ? own : html`<optgroup label=${group}>${own}</optgroup>`;
          })}
        </select>
        <oc-icon name="down"></oc-icon>
      </div>
      ${this.hint ? html`<div id="about" class="hint">${this.hint}</div>` : nothing}`;
  }

  override updated(): void {
    const select = this.renderRoot.querySelector("select");
    if (select && select.value !== this.value) select.value = this.value;
  }

  private changed(event: Event): void {
    event.stopPropagation();
    this.value = (event.target as HTMLSelectElement).value; // this listener sits on the select
    this.dispatchEvent(new CustomEvent("change", { detail: this.value, bubbles: true, composed: true }));
  }
}
customElements.define("oc-select", OcSelect);
