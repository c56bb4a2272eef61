// Every part in its states on one page: documentation to look at, and what the part tests walk through.
import { css, html } from "lit";
import { View } from "../app/view.ts";
import { iconNames } from "../parts/icon.ts";
import { sheet } from "../parts/sheet.ts";
import type { Column } from "../parts/table.ts";
import type { ToolUse } from "../chat/messages.ts";
import "../chat/message.ts";
import "../chat/tool-card.ts";
import "../parts/badge.ts";
import "../parts/banner.ts";
import "../parts/button.ts";
import "../parts/card.ts";
import "../parts/code.ts";
import "../parts/copy.ts";
import "../parts/dialog.ts";
import "../parts/drawer.ts";
import "../parts/empty.ts";
import "../parts/field.ts";
import "../parts/markdown.ts";
import "../parts/menu.ts";
import "../parts/select.ts";
import "../parts/skeleton.ts";
import "../parts/switch.ts";
import "../parts/table.ts";
import "../parts/time.ts";
import "../parts/words.ts";
import { page } from "./page.ts";

interface Row {
  name: string;
  size: number;
}

const rows: Row[] = Array.from({ length: 1_000 }, (_, index) => ({ name: `Row ${index + 1}`, size: (index * 7_919) % 1_000 }));
const columns: Column<Row>[] = [
  { key: "name", label: "Name", grow: true, by: (row) => row.name, draw: (row) => row.name },
  { key: "size", label: "Size", end: true, by: (row) => row.size, draw: (row) => String(row.size) },
];
const tones = ["plain", "accent", "good", "warn", "bad", "info"] as const;
const tools: ToolUse[] = [
  { id: "1", name: "read", args: { path: "notes/today.md" }, state: "running", output: "" },
  { id: "2", name: "search", args: { query: "lobster", limit: 5 }, state: "done", output: "one\ntwo\nthree\nfour\nfive", durationMs: 340 },
  { id: "3", name: "web_fetch", args: { url: "https://example.org" }, state: "failed", output: "The address does not answer.", durationMs: 20_000 },
];
const sample = "## Heading\n\nText with **strong**, *soft*, `code` and [a link](https://example.org).\n\n- one\n- two\n  - inner\n\n- [x] done\n- [ ] to do\n\n> Quoted words.\n\n| Left | Right |\n| --- | --- |\n| 1 | 2 |\n\n```ts\nexport function greet(name: string): string {\n  return `Hello ${name}`; // a greeting\n}\n```\n\n<script>window.unsafe = true</script><img src=x onerror='window.unsafe = true'>";

export class OcGallery extends View {
  static override properties = { ...View.properties, dialog: { state: true }, drawer: { state: true } };
  declare dialog: boolean;
  declare drawer: boolean;
  constructor() {
    super();
    this.dialog = false;
    this.drawer = false;
  }

  static override styles = [
    sheet,
    page,
    css`
      .set {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: var(--gap-3);
      }
      .stack {
        display: grid;
        gap: var(--gap-3);
      }
      .icon {
        display: grid;
        justify-items: center;
        gap: 4px;
        inline-size: 76px;
        font-size: var(--size-12);
        color: var(--muted);
      }
      .icon oc-icon {
        font-size: var(--size-20);
        color: var(--text);
      }
      oc-table {
        block-size: 260px;
      }
    `,
  ];

  override render() {
    const now = Date.now();
    return html`<div class="page">
        <div class="head"><h1>Parts</h1><p>Each part in the states it can be in.</p></div>
        <oc-card heading="Button"><div class="set">
          <oc-button>Plain</oc-button><oc-button kind="primary" icon="plus">Primary</oc-button><oc-button kind="quiet">Quiet</oc-button><oc-button kind="danger" icon="trash">Danger</oc-button>
          <oc-button size="small">Small</oc-button><oc-button icon="copy" label="Icon only"></oc-button><oc-button disabled>Disabled</oc-button><oc-button busy>Busy</oc-button>
        </div></oc-card>
        <oc-card heading="Icon"><div class="set">${iconNames.map((name) => html`<span class="icon"><oc-icon name=${name}></oc-icon>${name}</span>`)}</div></oc-card>
        <oc-card heading="Badge"><div class="set">${tones.map((tone) => html`<oc-badge tone=${tone}>${tone}</oc-badge><oc-badge tone=${tone} dot>${tone}</oc-badge>`)}</div></oc-card>
        <oc-card heading="Banner"><div class="stack">
          <oc-banner heading="Something to know.">What it means.</oc-banner><oc-banner tone="good" heading="It worked."></oc-banner><oc-banner tone="warn" heading="Look at this.">Soon.</oc-banner>
          <oc-banner tone="bad" heading="It failed." code="MODEL_FAILED">What to do about it. <oc-button slot="actions" size="small">Retry</oc-button></oc-banner>
        </div></oc-card>
        <oc-card heading="Field, select, switch"><div class="stack">
          <oc-field label="Name" hint="As others see it."></oc-field><oc-field label="Key" type="password" error="The provider needs a key."></oc-field>
          <oc-select label="Model" value="b" .options=${[{ value: "a", label: "First" }, { value: "b", label: "Second", group: "Group" }]}></oc-select><oc-switch label="Switch" on></oc-switch>
        </div></oc-card>
        <oc-card heading="Menu, dialog, drawer"><div class="set">
          <oc-menu label="Menu" .items=${[{ label: "First", icon: "edit", run: () => undefined }, { label: "Danger", icon: "trash", danger: true, run: () => undefined }]}></oc-menu>
          <oc-button id="open-dialog" @click=${() => (this.dialog = true)}>Dialog</oc-button><oc-button id="open-drawer" @click=${() => (this.drawer = true)}>Drawer</oc-button><oc-button @click=${() => this.app.toasts.add("good", "A toast.")}>Toast</oc-button>
        </div></oc-card>
        <oc-card flush heading="Table" note="1,000 rows, of which only those in view are drawn."><oc-table label="Rows" .columns=${columns} .rows=${rows} .rowKey=${(row: Row) => row.name} opens></oc-table></oc-card>
        <oc-card heading="Empty and skeleton"><oc-empty icon="search" heading="Nothing found">One sentence.<oc-button slot="action">The next action</oc-button></oc-empty><oc-skeleton lines="3"></oc-skeleton></oc-card>
        <oc-card heading="Time, copy, words"><div class="stack"><div class="set"><oc-time .at=${now - 90_000}></oc-time><oc-copy text="an id" shown="an id" label="Copy the id"></oc-copy></div><oc-words words="amber lotus comet birch violin moon"></oc-words></div></oc-card>
        <oc-card heading="Tool cards"><div class="stack">${tools.map((tool) => html`<oc-tool .tool=${tool}></oc-tool>`)}</div></oc-card>
        <oc-card heading="Markdown and code"><oc-markdown .text=${sample}></oc-markdown></oc-card>
      </div>
      <oc-dialog heading="A question" ?open=${this.dialog} @dismiss=${() => (this.dialog = false)}>Shall it be done?<oc-button slot="actions" @click=${() => (this.dialog = false)}>Cancel</oc-button><oc-button slot="actions" kind="primary" @click=${() => (this.dialog = false)}>Do it</oc-button></oc-dialog>
      <oc-drawer heading="Details" ?open=${this.drawer} @dismiss=${() => (this.drawer = false)}><p>One thing in detail.</p></oc-drawer>`;
  }
}
customElements.define("oc-gallery", OcGallery);
