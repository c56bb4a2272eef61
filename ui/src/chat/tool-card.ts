// One use of a tool: name, a line about its arguments, state, duration, and its output folded to the first lines.
import { css, html, LitElement, nothing } from "lit";
import { duration } from "../parts/format.ts";
import { sheet } from "../parts/sheet.ts";
import { argsSummary, type ToolUse } from "./messages.ts";
import "../parts/badge.ts";
import "../parts/copy.ts";
import "../parts/icon.ts";

const states = {
  running: { tone: "info", word: "Running" },
  done: { tone: "good", word: "Done" },
  failed: { tone: "bad", word: "Failed" },
  interrupted: { tone: "warn", word: "Interrupted" },
} as const;

const foldedLines = 3;
/** More than anybody reads here; the whole is in the gateway. */
const longestShown = 40_000;

export class OcTool extends LitElement {
  static override properties = { tool: { attribute: false }, open: { state: true } };
  declare tool: ToolUse;
  declare open: boolean;
  constructor() {
    super();
    this.open = false;
  }

  static override styles = [
    sheet,
    css`
      :host {
        display: block;
        border: 1px solid var(--line);
        border-radius: var(--radius);
        background: var(--surface-1);
        overflow: hidden;
      }
      button {
        display: flex;
        align-items: center;
        gap: var(--gap-2);
        inline-size: 100%;
        min-block-size: 38px;
        padding: 0 var(--gap-3);
        border: 0;
        background: none;
        color: inherit;
        font: inherit;
        font-size: var(--size-13);
        text-align: start;
        cursor: pointer;
      }
      button:hover {
        background: var(--surface-0);
      }
      button:focus-visible {
        outline-offset: -2px;
      }
      button > oc-icon {
        color: var(--muted);
      }
      .name {
        font-weight: 600;
      }
      .about {
        color: var(--muted);
        font-family: var(--mono);
        font-size: var(--size-12);
      }
      .took {
        color: var(--muted);
        font-size: var(--size-12);
      }
      .chevron {
        transition: rotate var(--quick);
      }
      :host([data-open]) .chevron {
        rotate: 90deg;
      }
      .output {
        position: relative;
        border-block-start: 1px solid var(--line);
        background: var(--surface-0);
      }
      pre {
        max-block-size: 24rem;
        margin: 0;
        padding: var(--gap-2) var(--gap-3);
        overflow: auto;
        font: 400 var(--size-12) / 1.55 var(--mono);
        white-space: pre-wrap;
        overflow-wrap: anywhere;
      }
      h4 {
        margin: 0;
        padding: var(--gap-2) var(--gap-3) 0;
        color: var(--muted);
        font-size: var(--size-12);
        font-weight: 550;
      }
      oc-copy {
        position: absolute;
        inset-block-start: 4px;
        inset-inline-end: 4px;
      }
    `,
  ];

  override render() {
    const { name, args, state, output, durationMs } = this.tool;
    const { tone, word } = states[state];
    this.toggleAttribute("data-open", this.open);
    const lines = output.split("\n");
    const folded = lines.slice(0, foldedLines).join("\n");
    const more = lines.length - foldedLines;
    return html`<button type="button" aria-expanded=${String(this.open)} @click=${() => (this.open = !this.open)}>
        <oc-icon name="tool"></oc-icon><span class="name">${name}</span><span class="about grow cut">${argsSummary(args)}</span>
        ${durationMs === undefined ? nothing : html`<span class="took">${duration(durationMs)}</span>`}<oc-badge tone=${tone} dot>${word}</oc-badge><oc-icon class="chevron" name="right"></oc-icon>
      </button>
      ${this.open
        ? html`<div class="output"><h4>Arguments</h4><pre tabindex="0" aria-label="Arguments">${JSON.stringify(args, null, 2) ?? "none"}</pre></div>
            <div class="output"><h4>Output</h4><oc-copy text=${output} label="Copy output"></oc-copy><pre tabindex="0" aria-label="Output">${output === "" ? (state === "running" ? "Nothing yet." : "Nothing.") : output.slice(0, longestShown)}${output.length > longestShown ? `\n… ${output.length - longestShown} more characters` : ""}</pre></div>`
        : output === ""
          ? nothing
          : html`<div class="output"><pre>${folded}${more > 0 ? `\n… ${more} more ${more === 1 ? "line" : "lines"}` : ""}</pre></div>`}`;
  }
}
customElements.define("oc-tool", OcTool);
