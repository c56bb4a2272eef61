// One item of the thread: what a person said, or an answer with its thinking, tools and text; its facts and actions on hover and focus.
import { css, html, LitElement, nothing } from "lit";
import { exactly, money, tokens } from "../parts/format.ts";
import { sheet } from "../parts/sheet.ts";
import type { AnswerItem, Block, Item, Trouble, UserItem } from "./messages.ts";
import { plainText } from "./messages.ts";
import type { Sent } from "./outbox.ts";
import "../parts/banner.ts";
import "../parts/button.ts";
import "../parts/copy.ts";
import "../parts/icon.ts";
import "../parts/markdown.ts";
import "../parts/time.ts";
import "./tool-card.ts";

export type MessageAction = "retry" | "fork" | "quote" | "details" | "resend" | "discard" | "keys";

/** Troubles that are mended where keys are. */
const keyKinds: ReadonlySet<string> = new Set(["auth", "billing"]);

export class OcMessage extends LitElement {
  static override properties = { item: { attribute: false }, sent: { attribute: false }, forks: { type: Boolean }, last: { type: Boolean } };
  declare item: Item;
  /** The outbox entry behind a message that is not in the history yet. */
  declare sent: Sent | undefined;
  declare forks: boolean;
  /** The newest answer can be retried. */
  declare last: boolean;
  constructor() {
    super();
    this.forks = false;
    this.last = false;
  }

  static override styles = [
    sheet,
    css`
      :host {
        display: block;
      }
      article {
        display: grid;
        gap: var(--gap-2);
        font-size: var(--size-16);
      }
      .user {
        justify-items: end;
      }
      .said {
        max-inline-size: min(56ch, 86%);
        padding: var(--gap-2) var(--gap-3);
        border-radius: var(--radius-large);
        background: var(--surface-2);
        line-height: 1.5;
        white-space: pre-wrap;
        overflow-wrap: anywhere;
      }
      @media (forced-colors: active) {
        .said {
          border: 1px solid;
        }
      }
      .pictures {
        display: flex;
        flex-wrap: wrap;
        gap: var(--gap-2);
      }
      .pictures img,
      .answer img {
        max-inline-size: min(320px, 100%);
        max-block-size: 260px;
        border: 1px solid var(--line);
        border-radius: var(--radius);
      }
      .answer {
        max-inline-size: 100%;
        min-inline-size: 0;
        grid-template-columns: minmax(0, 1fr);
      }
      .foot {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 2px var(--gap-2);
        min-block-size: 26px;
        color: var(--muted);
        font-size: var(--size-12);
      }
      .facts {
        display: inline-flex;
        flex-wrap: wrap;
        gap: 0 var(--gap-2);
      }
      .quiet {
        opacity: 0;
        transition: opacity var(--quick);
      }
      article:hover .quiet,
      article:focus-within .quiet,
      :host(:focus) .quiet {
        opacity: 1;
      }
      @media (hover: none) {
        .quiet {
          opacity: 1;
        }
      }
      .actions {
        display: inline-flex;
      }
      @media (max-width: 720px) {
        /* Model, tokens and cost are one tap away, in the details. */
        .fact {
          display: none;
        }
      }
      .actions oc-button {
        --control: 30px;
      }
      details {
        color: var(--muted);
        font-size: var(--size-14);
      }
      summary {
        display: inline-flex;
        align-items: center;
        gap: 6px;
        min-block-size: 26px;
        cursor: pointer;
        font-size: var(--size-13);
      }
      .file {
        max-inline-size: 100%;
        color: var(--muted);
        font-size: var(--size-13);
        overflow-wrap: anywhere;
      }
      .file pre {
        max-block-size: 20rem;
        margin: var(--gap) 0 0;
        padding: var(--gap-2) var(--gap-3);
        border: 1px solid var(--line);
        border-radius: var(--radius);
        background: var(--surface-0);
        overflow: auto;
        font: 400 var(--size-12) / 1.55 var(--mono);
        white-space: pre-wrap;
      }
      .thought {
        margin-block-start: var(--gap);
        padding-inline-start: var(--gap-3);
        border-inline-start: 2px solid var(--line);
        white-space: pre-wrap;
        overflow-wrap: anywhere;
      }
      .working {
        display: inline-flex;
        gap: 4px;
        align-items: center;
        min-block-size: 24px;
        color: var(--muted);
        font-size: var(--size-13);
      }
      .working i {
        inline-size: 6px;
        block-size: 6px;
        border-radius: 50%;
        background: currentColor;
        animation: wait 1.2s infinite;
      }
      .working i:nth-child(2) {
        animation-delay: 0.2s;
      }
      .working i:nth-child(3) {
        animation-delay: 0.4s;
      }
      @keyframes wait {
        30% {
          opacity: 0.25;
        }
      }
    `,
  ];

  override render() {
    return this.item.kind === "user" ? this.user(this.item) : this.answer(this.item);
  }

  private user(item: UserItem) {
    const sent = this.sent;
    return html`<article class="user" aria-label="You">
      ${item.pictures.length > 0 ? html`<div class="pictures">${item.pictures.map((picture) => html`<img src=${picture.url} alt=${picture.name} />`)}</div>` : nothing}
      ${item.files.map((file) => (file.text === undefined ? html`<div class="file"><oc-icon name="file"></oc-icon> ${file.name}</div>` : html`<details class="file"><summary><oc-icon name="file"></oc-icon> ${file.name}</summary><pre tabindex="0" aria-label=${file.name}>${file.text}</pre></details>`))} ${item.text === "" ? nothing : html`<div class="said">${item.text}</div>`}
      ${sent?.state === "failed" && sent.problem
        ? html`<oc-banner tone="bad" heading=${sent.problem.what} code=${sent.problem.code}>${sent.problem.next}
            <span slot="actions" class="row"><oc-button size="small" icon="retry" @click=${() => this.tell("resend")}>Send again</oc-button><oc-button size="small" kind="quiet" icon="trash" label="Discard" @click=${() => this.tell("discard")}></oc-button></span></oc-banner>`
        : nothing}
      <div class="foot">
        <span class="quiet row"><span class="facts">${item.source ? html`<span>${item.source}</span>` : nothing}${this.time(item.atMs)}</span>${this.actions(item, [])}</span>
        ${sent?.state === "waiting" ? html`<span role="status">Waits for the connection</span><oc-button size="small" kind="quiet" @click=${() => this.tell("discard")}>Take back</oc-button>` : nothing}
      </div>
    </article>`;
  }

  private trouble({ what, code, next }: Trouble) {
    const keys = keyKinds.has(code) ? html`<oc-button size="small" icon="key" @click=${() => this.tell("keys")}>Models and keys</oc-button>` : nothing;
    const retry = this.last ? html`<oc-button size="small" icon="retry" @click=${() => this.tell("retry")}>Retry</oc-button>` : nothing;
    return html`<oc-banner tone="bad" heading=${what} code=${code}>${next} ${keys === retry ? nothing : html`<span slot="actions" class="row">${keys}${retry}</span>`}</oc-banner>`;
  }

  private answer(item: AnswerItem) {
    const talking = item.live && item.blocks.at(-1)?.kind === "text";
    const modelFacts = [item.model && `${item.provider ?? ""}${item.provider ? "/" : ""}${item.model}`, item.tokens !== undefined && tokens(item.tokens), item.cost !== undefined && item.cost > 0 && money(item.cost)].filter(Boolean);
    return html`<article class="answer" aria-label="Assistant" aria-busy=${item.live ? "true" : nothing}>
      ${item.blocks.map((block, index) => this.block(block, item.live && index === item.blocks.length - 1))}
      ${item.live && !talking ? html`<div class="working" role="status"><i></i><i></i><i></i><span class="unseen">Working</span></div>` : nothing}
      ${item.trouble ? this.trouble(item.trouble) : nothing}
      ${item.live
        ? nothing
        : html`<div class="foot">
            ${item.aborted ? html`<span>Stopped here</span>` : nothing}
            <span class="quiet row wrap"><span class="facts">${modelFacts.map((fact) => html`<span class="fact">${fact}</span>`)}${this.time(item.atMs)}</span>${this.actions(item, this.last ? ["retry"] : [])}</span>
          </div>`}
    </article>`;
  }

  private block(block: Block, growing: boolean) {
    switch (block.kind) {
      case "text":
        return html`<oc-markdown .text=${block.text}></oc-markdown>`;
      case "thinking":
        return html`<details><summary><oc-icon name="thought"></oc-icon>${growing ? "Thinking" : "Thought"}</summary><div class="thought">${block.text}</div></details>`;
      case "image":
        return html`<img src=${block.url} alt="Picture from the assistant" />`;
      case "tool":
        return html`<oc-tool .tool=${{ ...block.tool }}></oc-tool>`;
    }
  }

  private time(atMs: number) {
    return atMs > 0 ? html`<oc-time .at=${atMs} title=${exactly(atMs)}></oc-time>` : nothing;
  }

  private actions(item: Item, extra: ("retry")[]) {
    return html`<span class="actions" role="group" aria-label="Message actions">
      <oc-copy text=${plainText(item)} label="Copy message"></oc-copy>
      ${extra.includes("retry") ? html`<oc-button size="small" kind="quiet" icon="retry" label="Say it again" @click=${() => this.tell("retry")}></oc-button>` : nothing}
      <oc-button size="small" kind="quiet" icon="chat" label="Quote" @click=${() => this.tell("quote")}></oc-button>
      ${this.forks && item.entryId !== undefined ? html`<oc-button size="small" kind="quiet" icon="fork" label="Fork from here" @click=${() => this.tell("fork")}></oc-button>` : nothing}
      <oc-button size="small" kind="quiet" icon="info" label="Details" @click=${() => this.tell("details")}></oc-button>
    </span>`;
  }

  private tell(action: MessageAction): void {
    this.dispatchEvent(new CustomEvent("act", { detail: { action, item: this.item }, bubbles: true, composed: true }));
  }
}
customElements.define("oc-message", OcMessage);
