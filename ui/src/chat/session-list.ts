// The list of conversations beside the chat: find one, see what runs, begin another.
import { css, html, nothing } from "lit";
import { repeat } from "lit/directives/repeat.js";
import { agentName, agentOf } from "../app/agents.ts";
import { View } from "../app/view.ts";
import { previewOf, type SessionRow, titleOf } from "../app/wire.ts";
import { sheet } from "../parts/sheet.ts";
import { drawStates, stateStyles } from "../parts/states.ts";
import { drawFresh } from "./fresh.ts";
import "../parts/empty.ts";
import "../parts/field.ts";

export class OcSessionList extends View {
  static override properties = { ...View.properties, current: { type: String }, query: { state: true } };
  declare current: string;
  declare query: string;
  constructor() {
    super();
    this.current = "";
    this.query = "";
  }

  static override styles = [
    sheet,
    stateStyles,
    css`
      :host {
        display: flex;
        flex-direction: column;
        min-block-size: 0;
        block-size: 100%;
      }
      header {
        display: flex;
        gap: var(--gap-2);
        padding: var(--gap-3) var(--gap-3) var(--gap-2);
      }
      oc-field {
        flex: 1;
        min-inline-size: 0;
      }
      .list {
        flex: 1;
        min-block-size: 0;
        overflow: auto;
      }
      ul {
        margin: 0;
        padding: 0 var(--gap-2) var(--gap-3);
        list-style: none;
      }
      a {
        display: grid;
        grid-template-columns: minmax(0, 1fr) auto;
        gap: 1px var(--gap-2);
        padding: 7px 10px;
        border-radius: var(--radius);
        color: inherit;
        text-decoration: none;
        content-visibility: auto;
        contain-intrinsic-size: auto 52px;
      }
      a:hover {
        background: var(--surface-2);
      }
      a[aria-current] {
        background: var(--accent-soft);
      }
      .rest {
        margin: 0 var(--gap-2) var(--gap-3);
        color: var(--muted);
        font-size: var(--size-12);
        text-align: center;
      }
      .title {
        font-size: var(--size-13);
        font-weight: 550;
      }
      .meta,
      .preview {
        color: var(--muted);
        font-size: var(--size-12);
      }
      .preview {
        grid-column: 1 / -1;
        min-block-size: 1.4em;
      }
      .run {
        display: inline-block;
        inline-size: 7px;
        block-size: 7px;
        margin-inline-end: 5px;
        border-radius: 50%;
        background: var(--info);
      }
      @media (forced-colors: active) {
        a[aria-current] {
          outline: 1px solid Highlight;
        }
      }
    `,
  ];

  protected override follows() {
    const { gateway, live } = this.app;
    return [gateway.state, live.sessions, live.runs, live.agents];
  }

  override render() {
    return html`<header>
        <oc-field bare label="Find a conversation" type="search" placeholder="Find" .value=${this.query} @input=${this.typed}></oc-field>
        ${drawFresh(this.app, { label: "New conversation" }, (agent) => this.dispatchEvent(new CustomEvent("fresh", { detail: { agentId: agent?.id } })))}
      </header>
      <nav class="list" aria-label="Conversations">
        ${drawStates(this.app, this.app.live.sessions, { lines: 9, empty: ({ rows }) => (rows.length === 0 ? html`<oc-empty>Conversations appear here once something was said.</oc-empty>` : undefined), ready: ({ rows, total }) => html`${this.rows(rows)}${this.rest(total - rows.length)}` })}
      </nav>`;
  }

  private rows(rows: readonly SessionRow[]) {
    const words = this.query.trim().toLowerCase();
    const agents = this.app.live.agents.get().value;
    const nameOf = (row: SessionRow): string | undefined => {
      const agent = agentOf(agents, row.key);
      return agent && agentName(agent);
    };
    const found = words === "" ? rows : rows.filter((row) => `${titleOf(row)} ${row.key} ${nameOf(row) ?? ""} ${row.lastMessagePreview ?? ""}`.toLowerCase().includes(words));
    if (found.length === 0) return html`<oc-empty>No conversation has “${this.query}” in it.</oc-empty>`;
    const running = new Set(this.app.live.runs.get().values());
    return html`<ul>
      ${repeat(
        found,
        (row) => row.key,
        (row) => html`<li><a href=${this.app.route.href("chat", [row.key])} aria-current=${row.key === this.current ? "page" : nothing}>
            <span class="title cut">${running.has(row.key) ? html`<span class="run"></span><span class="unseen">Running: </span>` : nothing}${titleOf(row)}</span>
            <span class="meta">${row.updatedAt ? html`<oc-time .at=${row.updatedAt}></oc-time>` : nothing}</span>
            <span class="preview cut">${[nameOf(row), previewOf(row) ?? "Nothing said yet"].filter(Boolean).join(" · ")}</span>
          </a></li>`,
      )}
    </ul>`;
  }

  /** Only the newest are here: the table has them all. */
  private rest(count: number) {
    if (count <= 0) return nothing;
    return html`<a class="rest" href=${this.app.route.href("sessions", [], { find: this.query.trim() })}>${this.query.trim() === "" ? `${count} older in Sessions` : `Look through ${count} older in Sessions`}</a>`;
  }

  private typed(event: Event): void {
    this.query = (event.currentTarget as HTMLElement & { value: string }).value; // an oc-field
  }
}
customElements.define("oc-session-list", OcSessionList);
