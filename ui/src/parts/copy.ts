// Copies a text with one click and says so: ids, code, messages, commands.
import { css, html, LitElement, nothing } from "lit";
import { sheet } from "./sheet.ts";
import "./icon.ts";

const saidMs = 1_500;

export class OcCopy extends LitElement {
  static override shadowRootOptions = { ...LitElement.shadowRootOptions, delegatesFocus: true };
  static override properties = { text: { type: String }, shown: { type: String }, label: { type: String }, said: { state: true } };
  declare text: string;
  /** What stands beside the icon; empty for the icon alone. */
  declare shown: string;
  declare label: string;
  declare said: "" | "Copied" | "Not allowed";
  constructor() {
    super();
    this.text = "";
    this.shown = "";
    this.label = "Copy";
    this.said = "";
  }

  static override styles = [
    sheet,
    css`
      :host {
        display: inline-flex;
        min-inline-size: 0;
        max-inline-size: 100%;
      }
      button {
        display: inline-flex;
        align-items: center;
        gap: 5px;
        min-inline-size: 24px;
        min-block-size: 24px;
        max-inline-size: 100%;
        padding: 0 var(--gap);
        border: 0;
        border-radius: 4px;
        background: none;
        color: var(--muted);
        font: 400 var(--size-12) / 1.4 var(--font);
        cursor: pointer;
      }
      button:hover {
        background: var(--surface-2);
        color: var(--text);
      }
      :host([shown]) {
        margin-inline-start: -4px;
      }
      .shown {
        font-family: var(--mono);
      }
    `,
  ];

  override render() {
    return html`<button type="button" aria-label=${this.shown ? `${this.label}: ${this.shown}` : this.label} title=${this.said || this.label} @click=${this.copy}>
      ${this.shown ? html`<span class="shown cut">${this.shown}</span>` : nothing}<oc-icon name=${this.said === "Copied" ? "check" : "copy"}></oc-icon>
      <span class="unseen" role="status">${this.said}</span>
    </button>`;
  }

  private async copy(event: Event): Promise<void> {
    event.stopPropagation();
    this.said = (await written(this.text)) ? "Copied" : "Not allowed";
    setTimeout(() => (this.said = ""), saidMs);
  }
}
customElements.define("oc-copy", OcCopy);

async function written(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false; // no permission, or not a secure page: the button says so
  }
}
