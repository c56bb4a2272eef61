// The six words of a pairing, as the device and the gateway's owner both see them, side by side to compare.
import { css, html, LitElement } from "lit";
import { sheet } from "./sheet.ts";

export class OcWords extends LitElement {
  static override properties = { words: { type: String } };
  declare words: string;
  constructor() {
    super();
    this.words = "";
  }

  static override styles = [
    sheet,
    css`
      ol {
        display: grid;
        grid-template-columns: repeat(3, minmax(0, 1fr));
        gap: var(--gap-2);
        margin: 0;
        padding: 0;
        list-style: none;
        counter-reset: word;
      }
      li {
        padding: var(--gap-2) var(--gap-3);
        border: 1px solid var(--line);
        border-radius: var(--radius);
        background: var(--surface-0);
        font: 600 var(--size-14) / 1.3 var(--mono);
        counter-increment: word;
        overflow-wrap: anywhere;
      }
      li::before {
        content: counter(word) " ";
        color: var(--muted);
        font-weight: 400;
      }
    `,
  ];

  override render() {
    return html`<ol aria-label="Six words to compare">
      ${this.words.split(/[\s-]+/).filter((word) => word !== "").map((word) => html`<li>${word}</li>`)}
    </ol>`;
  }
}
customElements.define("oc-words", OcWords);
