// Text as markdown. Plain until the renderer is loaded; while it streams only the last piece is drawn again, so nothing jumps.
import { css, html, LitElement } from "lit";
import type { Piece, piecesOf } from "./markdown-render.ts";
import { sheet } from "./sheet.ts";

/** Loaded once for all; what is drawn before that is plain text. */
let renderer: { piecesOf: typeof piecesOf } | undefined;

export class OcMarkdown extends LitElement {
  static override properties = { text: { type: String } };
  declare text: string;
  private drawn: { raw: string; holder: HTMLElement }[] = [];
  constructor() {
    super();
    this.text = "";
  }

  static override styles = [
    sheet,
    css`
      :host {
        display: block;
        max-inline-size: var(--prose);
        overflow-wrap: anywhere;
        line-height: 1.6;
      }
      .plain {
        white-space: pre-wrap;
      }
      .piece > :first-child {
        margin-block-start: 0;
      }
      .piece > :last-child {
        margin-block-end: 0;
      }
      .piece + .piece {
        margin-block-start: 0.75em;
      }
      p,
      ul,
      ol,
      blockquote {
        margin-block: 0.75em;
      }
      ul,
      ol {
        padding-inline-start: 1.5em;
      }
      li + li,
      li > ul,
      li > ol {
        margin-block-start: 0.25em;
      }
      li:has(> input, > p > input) {
        list-style: none;
      }
      li input {
        margin-block: 0;
        margin-inline: -1.35em 0.5em;
        vertical-align: -0.1em;
        accent-color: var(--accent);
      }
      h1,
      h2,
      h3,
      h4,
      h5,
      h6 {
        margin-block: 1.1em 0.4em;
        font-size: var(--size-16);
        font-weight: 650;
        line-height: 1.3;
      }
      h1 {
        font-size: var(--size-20);
      }
      blockquote {
        margin-inline: 0;
        padding-inline-start: var(--gap-3);
        border-inline-start: 3px solid var(--line);
        color: var(--muted);
      }
      code {
        padding: 1px 4px;
        border-radius: 4px;
        background: var(--surface-2);
        font-size: 0.88em;
      }
      hr {
        border: 0;
        border-block-start: 1px solid var(--line);
      }
      .table {
        overflow-x: auto;
      }
      table {
        border-collapse: collapse;
        font-size: var(--size-14);
      }
      th,
      td {
        padding: 4px 10px;
        border: 1px solid var(--line);
        /* A table wider than the page scrolls; its words are not torn apart for that. */
        overflow-wrap: normal;
        text-align: start;
      }
      [align="right"] {
        text-align: end;
        white-space: nowrap;
      }
      [align="center"] {
        text-align: center;
      }
      th {
        background: var(--surface-2);
      }
    `,
  ];

  override render() {
    return html`<div id="pieces"></div>`;
  }

  override updated(): void {
    if (renderer === undefined) void this.load();
    this.draw();
  }

  private async load(): Promise<void> {
    renderer ??= await import("./markdown-render.ts");
    this.draw();
  }

  /** The nodes below `#pieces` are ours alone: the template never touches them. */
  private draw(): void {
    const root = this.renderRoot.querySelector("#pieces");
    if (!root) return;
    if (renderer === undefined) {
      root.className = "plain";
      root.textContent = this.text;
      this.drawn = [];
      return;
    }
    if (root.className !== "") {
      root.className = "";
      root.replaceChildren();
    }
    const pieces = renderer.piecesOf(this.text);
    pieces.forEach((piece, index) => this.drawPiece(root, piece, index));
    for (const { holder } of this.drawn.splice(pieces.length)) holder.remove();
  }

  private drawPiece(root: Element, piece: Piece, index: number): void {
    const before = this.drawn[index];
    if (before?.raw === piece.raw) return;
    const growing = before && growingCode(before.holder, piece);
    if (growing) {
      before.raw = piece.raw;
      return;
    }
    const holder = before?.holder ?? root.appendChild(Object.assign(document.createElement("div"), { className: "piece" }));
    holder.replaceChildren(piece.nodes());
    this.drawn[index] = { raw: piece.raw, holder };
  }
}
customElements.define("oc-markdown", OcMarkdown);

/** A code block that grew keeps its element, and with it the reader's place in it. */
function growingCode(holder: HTMLElement, piece: Piece): boolean {
  const old = holder.firstElementChild;
  if (old?.tagName !== "OC-CODE" || holder.childElementCount !== 1) return false;
  const next = piece.nodes().firstChild;
  if (!(next instanceof HTMLElement) || next.tagName !== "OC-CODE") return false;
  const { code, language } = next as HTMLElement & { code: string; language: string }; // the renderer made it just now
  Object.assign(old, { code, language });
  return true;
}
