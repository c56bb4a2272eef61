// The rail of places: a narrow column on wide screens, a bottom bar of at most five on phones.
import { css, html, nothing } from "lit";
import { View } from "../app/view.ts";
import { sheet } from "../parts/sheet.ts";
import type { PlaceEntry } from "./places.ts";
import "../parts/icon.ts";

export class OcRail extends View {
  static override properties = { ...View.properties, places: { attribute: false }, current: { type: String } };
  declare places: readonly PlaceEntry[];
  declare current: string;
  constructor() {
    super();
    this.places = [];
    this.current = "";
  }

  static override styles = [
    sheet,
    css`
      :host {
        display: flex;
        border-inline-end: 1px solid var(--line);
        background: var(--surface-0);
      }
      nav {
        display: flex;
        flex-direction: column;
        gap: 2px;
        inline-size: 76px;
        padding: var(--gap-2) 6px;
      }
      .mark {
        display: grid;
        place-items: center;
        block-size: 44px;
        margin-block-end: var(--gap);
        color: var(--accent);
      }
      .mark svg {
        inline-size: 26px;
        fill: none;
        stroke: currentColor;
        stroke-width: 3;
        stroke-linecap: round;
      }
      a,
      button {
        position: relative;
        display: flex;
        flex-direction: column;
        align-items: center;
        gap: 3px;
        padding: 7px 2px 6px;
        border: 0;
        border-radius: var(--radius);
        background: none;
        color: var(--muted);
        font: 500 var(--size-12) / 1.2 var(--font);
        text-decoration: none;
        cursor: pointer;
      }
      a:hover,
      button:hover {
        background: var(--surface-2);
        color: var(--text);
      }
      a[aria-current] {
        background: var(--accent-soft);
        color: var(--accent);
      }
      oc-icon {
        font-size: var(--size-16);
      }
      .count {
        position: absolute;
        inset-block-start: 3px;
        inset-inline-end: 12px;
        min-inline-size: 17px;
        padding: 0 4px;
        border-radius: 9px;
        background: var(--bad);
        color: var(--on-bad);
        font-size: 11px;
        font-weight: 650;
        line-height: 17px;
        text-align: center;
      }
      .space {
        flex: 1;
      }
      @media (forced-colors: active) {
        a[aria-current] {
          outline: 2px solid Highlight;
          outline-offset: -2px;
        }
      }
      @media (max-width: 720px) {
        :host {
          border-inline-end: 0;
          border-block-start: 1px solid var(--line);
          padding-block-end: env(safe-area-inset-bottom);
        }
        nav {
          flex: 1;
          flex-direction: row;
          inline-size: auto;
          padding: 4px 6px;
        }
        a {
          flex: 1;
          min-inline-size: 0;
        }
        .mark,
        .space,
        button {
          display: none;
        }
      }
    `,
  ];

  protected override follows() {
    return [this.app.live.pairing];
  }

  override render() {
    const waiting = this.app.live.pairing.get().value?.pending.length ?? 0;
    return html`<nav aria-label="Places">
      <div class="mark" aria-hidden="true"><svg viewBox="0 0 32 32"><path d="M9 23C6 15 9 8 16 7M23 23c3-8 0-15-7-16M16 24v-8"></path></svg></div>
      ${this.places.map(
        (place) => html`<a href=${this.app.route.href(place.name)} aria-current=${place.name === this.current ? "page" : nothing}>
          <oc-icon name=${place.icon}></oc-icon>${place.label}
          ${place.name === "devices" && waiting > 0 ? html`<span class="count">${waiting}<span class="unseen"> waiting</span></span>` : nothing}
        </a>`,
      )}
      <div class="space"></div>
      <button type="button" title="Search everything (Ctrl K)" @click=${() => this.dispatchEvent(new CustomEvent("palette"))}><oc-icon name="search"></oc-icon>Search</button>
    </nav>`;
  }
}
customElements.define("oc-rail", OcRail);
