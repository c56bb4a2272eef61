// The thread: items in order, pinned to the bottom only while the reader is there, older ones read when the top comes near.
import { css, html, nothing } from "lit";
import { repeat } from "lit/directives/repeat.js";
import { View } from "../app/view.ts";
import { isDemo } from "../app/wire.ts";
import { sheet } from "../parts/sheet.ts";
import { stateStyles } from "../parts/states.ts";
import type { Conversation } from "./conversation.ts";
import type { Item } from "./messages.ts";
import "../parts/banner.ts";
import "../parts/button.ts";
import "../parts/empty.ts";
import "../parts/skeleton.ts";
import "./message.ts";

/** Closer to the end than this counts as being there. */
const nearPx = 40;
const olderPx = 600;
const demoTries = ["What can you do?", "List my files", "Write hello to notes.md", "Read notes.md"];

/** The browser keeps the place itself when something above changes its height. */
const anchors = CSS.supports("overflow-anchor", "auto");

export class OcThread extends View {
  static override properties = { ...View.properties, conversation: { attribute: false }, away: { state: true } };
  declare conversation: Conversation;
  /** The reader has scrolled up. */
  declare away: boolean;
  private pinned = true;
  /** Where the last look or jump left the view: only a move up from there is the reader's. */
  private lastTop = 0;
  private heightBefore = 0;
  private firstKey = "";
  private stop: (() => void) | undefined;
  private sizes: ResizeObserver | undefined;

  constructor() {
    super();
    this.away = false;
  }

  static override styles = [
    sheet,
    stateStyles,
    css`
      :host {
        position: relative;
        display: flex;
        flex-direction: column;
        min-block-size: 0;
      }
      .scroll {
        flex: 1;
        min-block-size: 0;
        overflow-y: auto;
        overflow-anchor: none;
        overscroll-behavior: contain;
      }
      /* Who reads further up keeps the line that is read, whatever gets its true height above it. */
      .scroll.away {
        overflow-anchor: auto;
      }
      .scroll:focus-visible {
        outline-offset: -2px;
      }
      .items {
        display: grid;
        grid-template-columns: minmax(0, 1fr);
        gap: var(--gap-2);
        inline-size: min(calc(var(--prose) + 2 * var(--gap-5)), 100%);
        font-size: var(--size-16);
        margin-inline: auto;
        padding: var(--gap-5) var(--gap-5) var(--gap-3);
      }
      oc-message {
        content-visibility: auto;
        contain-intrinsic-size: auto 120px;
      }
      .tries {
        display: flex;
        flex-wrap: wrap;
        justify-content: center;
        gap: var(--gap-2);
      }
      .newest {
        position: absolute;
        inset-block-end: 10px;
        inset-inline: 0;
        display: flex;
        justify-content: center;
        pointer-events: none;
      }
      .newest oc-button {
        border-radius: 99px;
        box-shadow: var(--shadow-large);
        pointer-events: auto;
      }
      @media (max-width: 720px) {
        .items {
          padding-inline: var(--gap-3);
        }
      }
    `,
  ];

  protected override follows() {
    return [this.app.gateway.state, this.app.live.models];
  }

  override willUpdate(changed: Map<string, unknown>): void {
    if (changed.has("conversation")) {
      this.stop?.();
      this.stop = this.conversation.subscribe(() => this.requestUpdate());
      this.pinned = true;
      this.away = false;
    }
    this.heightBefore = this.scroller()?.scrollHeight ?? 0;
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.stop?.();
    this.stop = undefined;
    this.sizes?.disconnect();
  }

  override firstUpdated(): void {
    // Code that gets its colours, pictures that arrive, the composer that grows: the end stays in view for who was there.
    this.sizes = new ResizeObserver(() => this.pinned && this.toEnd());
    const items = this.renderRoot.querySelector(".items");
    const scroller = this.scroller();
    if (items) this.sizes.observe(items);
    if (scroller) this.sizes.observe(scroller);
  }

  override render() {
    const items = this.conversation.items();
    return html`<div class="scroll ${this.away ? "away" : ""}" tabindex="0" role="log" aria-label="Conversation" aria-live="off" @scroll=${this.scrolled}><div class="items">${this.contents(items)}</div></div>
      ${this.away ? html`<div class="newest"><oc-button size="small" icon="down" @click=${this.goToEnd}>Newest</oc-button></div>` : nothing}`;
  }

  private contents(items: readonly Item[] | undefined) {
    const problem = this.conversation.problem();
    const failed = problem ? html`<oc-banner tone="bad" heading=${problem.what} code=${problem.code}>${problem.next} <oc-button slot="actions" size="small" icon="retry" @click=${() => void this.conversation.reload()}>Retry</oc-button></oc-banner>` : nothing;
    if (items === undefined && problem === undefined && !this.app.gateway.isOnline()) return html`<oc-empty icon="chat" heading="Not connected">This conversation is read once the connection is back. What you write now is sent then.</oc-empty>`;
    if (items === undefined) return problem ? failed : html`<oc-skeleton lines="8"></oc-skeleton>`;
    if (items.length === 0) return html`${failed}${this.empty()}`;
    const online = this.app.gateway.isOnline();
    const loaded = this.conversation.loadedAtMs();
    const keys = keysOf(items);
    const lastAnswer = items.findLastIndex((item) => item.kind === "answer");
    const sent = new Map(this.conversation.sent().map((entry) => [entry.key, entry]));
    const forks = this.app.gateway.can("sessions.fork", "operator.write");
    this.firstKey = keys[0] ?? "";
    return html`${failed}
      ${!online && loaded !== undefined ? html`<p class="as-of" role="status">Not connected. What you see was read <oc-time .at=${loaded}></oc-time>. What you write now is sent later.</p>` : nothing}
      ${repeat(
        items,
        (_item, index) => keys[index],
        (item, index) => html`<oc-message .item=${item} .sent=${item.runId === undefined ? undefined : sent.get(item.runId)} ?last=${index === lastAnswer && !(item.kind === "answer" && item.live)} ?forks=${forks}></oc-message>`,
      )}`;
  }

  /** A newcomer with the demo alone is shown what it can do. */
  private empty() {
    const usable = (this.app.live.models.get().value ?? []).filter((model) => model.available !== false);
    const words = html`Write below to begin. Type <code>/</code> to see commands.`;
    if (usable.length === 0 || !usable.every(isDemo)) return html`<oc-empty icon="chat" heading="Nothing said yet">${words}</oc-empty>`;
    return html`<oc-empty icon="chat" heading="The demo model is here">${words} It works offline and shows streaming and tools; try one of these.
      <div slot="action" class="tries">${demoTries.map((text) => html`<oc-button size="small" @click=${() => this.dispatchEvent(new CustomEvent("try", { detail: text }))}>${text}</oc-button>`)}</div>
    </oc-empty>`;
  }

  override updated(changed: Map<string, unknown>): void {
    if (changed.has("conversation") || this.pinned) return this.toEnd();
    const scroller = this.scroller();
    // Older items grew in above: what was being read stays where it was.
    if (scroller && this.grewAbove && !anchors) {
      scroller.scrollTop += scroller.scrollHeight - this.heightBefore;
      this.lastTop = scroller.scrollTop;
    }
    this.grewAbove = false;
    return undefined;
  }

  private grewAbove = false;

  private scroller(): HTMLElement | null {
    return this.renderRoot?.querySelector<HTMLElement>(".scroll") ?? null;
  }

  private readonly scrolled = (): void => {
    const scroller = this.scroller();
    if (!scroller) return;
    const { scrollTop } = scroller;
    const atEnd = scroller.scrollHeight - scrollTop - scroller.clientHeight < nearPx;
    // Messages get their true heights as they come into view, so the end can move away from a reader who did not.
    if (atEnd) this.pinned = true;
    else if (scrollTop < this.lastTop - 1) this.pinned = false;
    this.lastTop = scrollTop;
    this.away = !this.pinned;
    if (this.pinned && !atEnd) this.toEnd();
    if (scroller.scrollTop < olderPx && this.conversation.hasOlder()) void this.readOlder();
  };

  private async readOlder(): Promise<void> {
    const before = this.firstKey;
    const scroller = this.scroller();
    // At the very top no browser anchors.
    if (anchors && scroller?.scrollTop === 0) scroller.scrollTop = 1;
    const stop = this.conversation.subscribe(() => {
      this.grewAbove = keysOf(this.conversation.items() ?? [])[0] !== before;
    });
    await this.conversation.loadOlder();
    stop();
  }

  private toEnd(): void {
    const scroller = this.scroller();
    if (!scroller) return;
    scroller.scrollTop = scroller.scrollHeight;
    this.lastTop = scroller.scrollTop;
  }

  private goToEnd(): void {
    this.pinned = true;
    this.away = false;
    this.toEnd();
  }
}
customElements.define("oc-thread", OcThread);

/** Keys that stay the same when a live run becomes history, so that its element stays too. */
function keysOf(items: readonly Item[]): string[] {
  const seen = new Map<string, number>();
  return items.map((item) => {
    const base = `${item.kind}:${item.runId ?? item.id}`;
    const times = seen.get(base) ?? 0;
    seen.set(base, times + 1);
    return times === 0 ? base : `${base}#${times}`;
  });
}
