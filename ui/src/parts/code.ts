// A piece of code: its language, colours once the highlighter is there, copying, and wrapping on demand.
import { css, html, LitElement, nothing } from "lit";
import { sheet } from "./sheet.ts";
import "./copy.ts";
import "./button.ts";

/** Longer code is a window of this many lines: half of the next one shows that it goes on. */
const shownLines = 24;

export class OcCode extends LitElement {
  static override properties = { code: { type: String }, language: { type: String }, wraps: { state: true }, whole: { state: true } };
  declare code: string;
  declare language: string;
  declare wraps: boolean;
  /** All lines at once instead of a window that scrolls. */
  declare whole: boolean;
  private turn = 0;

  constructor() {
    super();
    this.code = "";
    this.language = "";
    this.wraps = false;
    this.whole = false;
  }

  static override styles = [
    sheet,
    css`
      :host {
        display: block;
        margin-block: var(--gap-3);
        border: 1px solid var(--line);
        border-radius: var(--radius);
        background: var(--surface-0);
        overflow: hidden;
      }
      header {
        display: flex;
        align-items: center;
        gap: var(--gap);
        padding: 2px 6px 2px var(--gap-3);
        border-block-end: 1px solid var(--line);
        color: var(--muted);
        font-size: var(--size-12);
      }
      header span {
        flex: 1;
      }
      pre {
        max-block-size: calc(${shownLines + 0.5} * var(--size-13) * 1.55 + var(--gap-3));
        margin: 0;
        padding: var(--gap-3);
        overflow: auto;
        font: 400 var(--size-13) / 1.55 var(--mono);
        tab-size: 2;
      }
      pre.whole {
        max-block-size: none;
      }
      .more {
        display: block;
        inline-size: 100%;
        min-block-size: var(--control);
        padding: 0;
        border: 0;
        border-block-start: 1px solid var(--line);
        background: none;
        color: var(--muted);
        font: 500 var(--size-12) / 1.3 var(--font);
        cursor: pointer;
      }
      .more:hover {
        background: var(--surface-2);
        color: var(--text);
      }
      .more:focus-visible {
        outline-offset: -2px;
      }
      pre.wraps {
        white-space: pre-wrap;
        overflow-wrap: anywhere;
      }
      .hljs-keyword,
      .hljs-literal,
      .hljs-selector-tag,
      .hljs-meta {
        color: var(--code-keyword);
      }
      .hljs-string,
      .hljs-regexp,
      .hljs-addition,
      .hljs-attr {
        color: var(--code-string);
      }
      .hljs-number,
      .hljs-symbol,
      .hljs-variable {
        color: var(--code-number);
      }
      .hljs-title,
      .hljs-section,
      .hljs-name,
      .hljs-built_in,
      .hljs-type {
        color: var(--code-title);
      }
      .hljs-comment,
      .hljs-quote {
        color: var(--muted);
        font-style: italic;
      }
      .hljs-deletion {
        color: var(--bad);
      }
    `,
  ];

  override render() {
    const lines = this.code.split("\n").length;
    return html`<header>
        <span>${this.language || "text"}</span>
        <oc-button kind="quiet" size="small" icon="wrap" label="Wrap lines" .pressed=${this.wraps} @click=${() => (this.wraps = !this.wraps)}></oc-button>
        <oc-copy text=${this.code} label="Copy code"></oc-copy>
      </header>
      <pre class="${this.wraps ? "wraps" : ""} ${this.whole ? "whole" : ""}" tabindex="0" aria-label="Code"><code></code></pre>
      ${lines > shownLines ? html`<button class="more" type="button" aria-expanded=${String(this.whole)} @click=${() => (this.whole = !this.whole)}>${this.whole ? "Show less" : `Show all ${lines} lines`}</button>` : nothing}`;
  }

  override updated(changed: Map<string, unknown>): void {
    if (changed.has("code") || changed.has("language")) void this.paint();
  }

  /** Plain first, so that nothing waits for colours. The node is ours alone: the template leaves it empty. */
  private async paint(): Promise<void> {
    const own = ++this.turn;
    const target = this.renderRoot.querySelector("code");
    if (!target) return;
    target.textContent = this.code;
    if (this.language === "") return;
    const { highlighted } = await import("./highlight.ts");
    const coloured = own === this.turn ? highlighted(this.code, this.language.toLowerCase()) : undefined;
    if (coloured !== undefined) target.replaceChildren(coloured);
  }
}
customElements.define("oc-code", OcCode);
