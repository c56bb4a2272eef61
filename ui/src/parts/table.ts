// A table one can trust: sortable columns, one row in the tab order moved by arrow keys, Enter opens, only what is seen is drawn above 200 rows.
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import { sheet } from "./sheet.ts";
import "./icon.ts";

export interface Column<R> {
  key: string;
  label: string;
  draw(row: R): TemplateResult | string | typeof nothing;
  /** What the column sorts by; absent means it does not. */
  by?(row: R): string | number;
  end?: boolean;
  /** Left out on narrow screens. */
  wide?: boolean;
  /** Takes what room there is. */
  grow?: boolean;
}

const rowHeight = 52;
const virtualAbove = 200;
const spare = 12;

export class OcTable<R = unknown> extends LitElement {
  static override properties = {
    columns: { attribute: false },
    rows: { attribute: false },
    rowKey: { attribute: false },
    label: { type: String },
    sortBy: { type: String },
    descending: { type: Boolean },
    opens: { type: Boolean },
    chosen: { type: String },
    at: { state: true },
    top: { state: true },
    room: { state: true },
  };
  declare columns: readonly Column<R>[];
  declare rows: readonly R[];
  declare rowKey: (row: R) => string;
  declare label: string;
  declare sortBy: string;
  declare descending: boolean;
  /** Rows open something: `open` is told with the row. */
  declare opens: boolean;
  /** Key of the row whose details are shown. */
  declare chosen: string;
  declare at: number;
  declare top: number;
  declare room: number;
  private watcher: ResizeObserver | undefined;

  constructor() {
    super();
    this.columns = [];
    this.rows = [];
    this.rowKey = String;
    this.label = "";
    this.sortBy = "";
    this.descending = false;
    this.opens = false;
    this.chosen = "";
    this.at = 0;
    this.top = 0;
    this.room = 600;
  }

  static override styles = [
    sheet,
    css`
      :host {
        display: block;
        min-block-size: 0;
        overflow: auto;
        overflow-anchor: none;
        container-type: inline-size;
      }
      table {
        inline-size: 100%;
        border-collapse: collapse;
        font-size: var(--size-13);
      }
      th {
        position: sticky;
        z-index: 1;
        inset-block-start: 0;
        padding: 0 var(--gap-3);
        block-size: 34px;
        border-block-end: 1px solid var(--line);
        background: var(--surface-1);
        color: var(--muted);
        font-size: var(--size-12);
        font-weight: 550;
        text-align: start;
        white-space: nowrap;
      }
      th button {
        display: inline-flex;
        align-items: center;
        gap: 3px;
        min-block-size: 28px;
        padding: 0;
        border: 0;
        background: none;
        color: inherit;
        font: inherit;
        cursor: pointer;
      }
      th button:hover {
        color: var(--text);
      }
      td {
        block-size: ${rowHeight}px;
        padding: var(--gap) var(--gap-3);
        border-block-end: 1px solid var(--line);
        vertical-align: middle;
        max-inline-size: 0;
        overflow: hidden;
        text-overflow: ellipsis;
        white-space: nowrap;
      }
      td.fit {
        inline-size: 1%;
        max-inline-size: none;
      }
      th:first-child,
      td:first-child {
        padding-inline-start: var(--gap-4);
      }
      th:last-child,
      td:last-child {
        padding-inline-end: var(--gap-4);
      }
      .end {
        text-align: end;
      }
      tbody tr:last-child td {
        border-block-end: 0;
      }
      tr.opens {
        cursor: pointer;
      }
      tbody tr:hover td {
        background: var(--surface-0);
      }
      tbody tr[aria-selected="true"] td {
        background: var(--accent-soft);
      }
      tr:focus-visible {
        outline-offset: -2px;
      }
      .gap td {
        padding: 0;
        border: 0;
        block-size: var(--before);
      }
      .gap + .gap td,
      tr + .gap td {
        block-size: var(--after);
      }
      @container (max-width: 640px) {
        .wide {
          display: none;
        }
      }
    `,
  ];

  override connectedCallback(): void {
    super.connectedCallback();
    this.watcher = new ResizeObserver(() => (this.room = this.clientHeight));
    this.watcher.observe(this);
    this.addEventListener("scroll", this.scrolled, { passive: true });
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.watcher?.disconnect();
    this.removeEventListener("scroll", this.scrolled);
  }

  private readonly scrolled = (): void => {
    if (this.rows.length > virtualAbove) this.top = this.scrollTop;
  };

  private sorted(): readonly R[] {
    const by = this.columns.find((column) => column.key === this.sortBy)?.by;
    if (by === undefined) return this.rows;
    const sign = this.descending ? -1 : 1;
    return [...this.rows].sort((one, other) => {
      const [a, b] = [by(one), by(other)];
      return sign * (typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b)));
    });
  }

  /** Which rows are drawn: those in view and some around them. */
  private span(): { first: number; last: number } {
    const count = this.rows.length;
    if (count <= virtualAbove) return { first: 0, last: count };
    return { first: Math.max(0, Math.floor(this.top / rowHeight) - spare), last: Math.min(count, Math.ceil((this.top + this.room) / rowHeight) + spare) };
  }

  override willUpdate(): void {
    // Before the rows change, so that the height never collapses; by the object model, as the content policy allows no style attributes.
    const { first, last } = this.span();
    this.style.setProperty("--before", `${first * rowHeight}px`);
    this.style.setProperty("--after", `${(this.rows.length - last) * rowHeight}px`);
  }

  override render() {
    const rows = this.sorted();
    const { first, last } = this.span();
    const tabbed = Math.min(this.at, rows.length - 1);
    return html`<table aria-label=${this.label} aria-rowcount=${rows.length + 1}>
      <thead>
        <tr>${this.columns.map((column) => this.head(column))}</tr>
      </thead>
      <tbody @keydown=${this.key}>
        ${this.spacer()}
        ${repeat(
          rows.slice(first, last),
          (row) => this.rowKey(row),
          (row, index) => html`<tr
            class=${this.opens ? "opens" : ""}
            tabindex=${first + index === tabbed ? 0 : -1}
            aria-rowindex=${first + index + 2}
            aria-selected=${this.chosen === "" ? nothing : String(this.chosen === this.rowKey(row))}
            data-at=${first + index}
            @click=${() => this.opened(row, first + index)}
          >
            ${this.columns.map((column) => html`<td class="${column.end ? "end" : ""} ${column.wide ? "wide" : ""} ${column.grow ? "" : "fit"}">${column.draw(row)}</td>`)}
          </tr>`,
        )}
        ${this.spacer()}
      </tbody>
    </table>`;
  }

  private spacer() {
    return this.rows.length <= virtualAbove ? nothing : html`<tr class="gap" aria-hidden="true"><td colspan=${this.columns.length}></td></tr>`;
  }

  private head(column: Column<R>) {
    const sorted = this.sortBy === column.key;
    const classes = `${column.end ? "end" : ""} ${column.wide ? "wide" : ""}`;
    if (column.by === undefined) return html`<th scope="col" class=${classes}>${column.label || html`<span class="unseen">Actions</span>`}</th>`;
    return html`<th scope="col" class=${classes} aria-sort=${sorted ? (this.descending ? "descending" : "ascending") : "none"}>
      <button type="button" @click=${() => this.sort(column.key)}>${column.label}${sorted ? html`<oc-icon name=${this.descending ? "down" : "up"}></oc-icon>` : nothing}</button>
    </th>`;
  }

  private sort(key: string): void {
    this.descending = this.sortBy === key ? !this.descending : false;
    this.sortBy = key;
  }

  private opened(row: R, at: number): void {
    this.at = at;
    if (this.opens) this.dispatchEvent(new CustomEvent("open", { detail: row }));
  }

  private key(event: KeyboardEvent): void {
    const row = event.target as HTMLElement; // keys arrive from inside the body only
    if (row.tagName !== "TR") return;
    const at = Number(row.dataset.at);
    const page = Math.max(1, Math.floor(this.room / rowHeight) - 1);
    const steps: Record<string, number> = { ArrowDown: at + 1, ArrowUp: at - 1, PageDown: at + page, PageUp: at - page, Home: 0, End: this.rows.length - 1 };
    const next = steps[event.key];
    if (event.key === "Enter") this.opened(this.sorted()[at] as R, at); // the row exists: it had the focus
    else if (next === undefined) return;
    else void this.focusRow(Math.max(0, Math.min(this.rows.length - 1, next)));
    event.preventDefault();
  }

  private async focusRow(at: number): Promise<void> {
    this.at = at;
    if (this.rows.length > virtualAbove) {
      const offset = at * rowHeight;
      if (offset < this.scrollTop || offset > this.scrollTop + this.room - 2 * rowHeight) this.scrollTop = offset - this.room / 2;
      this.top = this.scrollTop;
    }
    await this.updateComplete;
    // Scrolled already: the browser's own scrolling would start from where the rows stood before.
    this.renderRoot.querySelector<HTMLElement>(`tr[data-at="${at}"]`)?.focus({ preventScroll: this.rows.length > virtualAbove });
  }
}
customElements.define("oc-table", OcTable);
