// The palette: every place, conversation and action by a few letters; arrows move, Enter goes.
import { css, html, nothing } from "lit";
import { agentName, choiceOf } from "../app/agents.ts";
import { keysShown } from "../app/commands.ts";
import { isMac } from "../app/browser.ts";
import { View } from "../app/view.ts";
import { titleOf } from "../app/wire.ts";
import { sheet } from "../parts/sheet.ts";
import "../parts/icon.ts";

interface Entry {
  title: string;
  group: string;
  icon: string;
  keys?: string;
  detail?: string;
  run(): void;
}

const shownEntries = 40;

export class OcPalette extends View {
  static override properties = { ...View.properties, query: { state: true }, at: { state: true } };
  declare query: string;
  declare at: number;
  constructor() {
    super();
    this.query = "";
    this.at = 0;
  }

  static override styles = [
    sheet,
    css`
      dialog {
        inline-size: min(600px, calc(100vw - 24px));
        max-block-size: min(520px, calc(100dvh - 48px));
        margin-block-start: min(14vh, 120px);
        padding: 0;
        border: 1px solid var(--line);
        border-radius: var(--radius-large);
        background: var(--surface-1);
        color: var(--text);
        box-shadow: var(--shadow-large);
        overflow: hidden;
      }
      dialog[open] {
        display: flex;
        flex-direction: column;
      }
      dialog::backdrop {
        background: #0006;
      }
      .search {
        display: flex;
        align-items: center;
        gap: var(--gap-3);
        padding: 0 var(--gap-4);
        border-block-end: 1px solid var(--line);
        color: var(--muted);
      }
      input {
        flex: 1;
        min-block-size: 48px;
        border: 0;
        outline: 0;
        background: none;
        color: var(--text);
        font: 400 var(--size-16) / 1.4 var(--font);
      }
      /* The caret shows where the focus is: it is nowhere else while this is open. */
      input:focus-visible {
        outline: 0;
      }
      ul {
        margin: 0;
        padding: 6px;
        overflow: auto;
        list-style: none;
      }
      li[role="presentation"] {
        padding: 8px 10px 3px;
        color: var(--muted);
        font-size: var(--size-12);
        font-weight: 550;
      }
      li[role="option"] {
        display: flex;
        align-items: center;
        gap: 10px;
        min-block-size: 36px;
        padding: 0 10px;
        border-radius: var(--radius);
        cursor: pointer;
      }
      li[aria-selected="true"] {
        background: var(--accent-soft);
      }
      li oc-icon {
        color: var(--muted);
      }
      kbd {
        padding: 1px 5px;
        border: 1px solid var(--line);
        border-radius: 4px;
        color: var(--muted);
        font: 500 var(--size-12) / 1.3 var(--font);
      }
      .none {
        padding: var(--gap-6);
        color: var(--muted);
        text-align: center;
      }
      @media (forced-colors: active) {
        li[aria-selected="true"] {
          outline: 2px solid Highlight;
          outline-offset: -2px;
        }
      }
    `,
  ];

  protected override follows() {
    return [this.app.live.sessions, this.app.live.agents, this.app.commands];
  }

  override firstUpdated(): void {
    this.renderRoot.querySelector("dialog")?.showModal();
    this.renderRoot.querySelector("input")?.focus();
  }

  private entries(): Entry[] {
    const { commands, live, route } = this.app;
    const actions = commands.list().filter((command) => command.id !== "palette").map((command): Entry => ({ title: command.title, group: command.group, icon: command.icon ?? "right", run: () => command.run(), ...(command.keys !== undefined && { keys: command.keys }) }));
    const rows = live.sessions.get().value?.rows ?? [];
    const sessions = rows.map((row): Entry => ({ title: titleOf(row), group: "Conversations", icon: "chat", detail: row.key, run: () => route.go("chat", [row.key]) }));
    const list = live.agents.get().value;
    const agents = choiceOf(list).flatMap((agent): Entry[] => [
      { title: `Talk to ${agentName(agent)}`, group: "Agents", icon: "chat", run: () => route.go("chat", [`agent:${agent.id}:${list?.mainKey ?? "main"}`]) },
      { title: `New conversation with ${agentName(agent)}`, group: "Agents", icon: "plus", run: () => void import("../chat/fresh.ts").then(({ beginConversation }) => beginConversation(this.app, agent.id)) },
    ]);
    const words = this.query.toLowerCase().split(/\s+/).filter((word) => word !== "");
    const matches = [...actions, ...agents, ...sessions].filter((entry) => words.every((word) => `${entry.title} ${entry.group} ${entry.detail ?? ""}`.toLowerCase().includes(word)));
    return matches.slice(0, shownEntries);
  }

  override render() {
    const entries = this.entries();
    const at = Math.min(this.at, Math.max(0, entries.length - 1));
    return html`<dialog aria-label="Search everything" @close=${() => this.dispatchEvent(new CustomEvent("dismiss"))} @click=${(event: Event) => event.target === event.currentTarget && this.close()}>
      <div class="search">
        <oc-icon name="search"></oc-icon>
        <input
          type="text"
          role="combobox"
          aria-label="Search places, conversations and actions"
          aria-expanded="true"
          aria-controls="list"
          aria-activedescendant=${entries.length > 0 ? `entry-${at}` : nothing}
          placeholder="Search places, conversations and actions"
          autocomplete="off"
          spellcheck="false"
          @input=${this.typed}
          @keydown=${(event: KeyboardEvent) => this.key(event, entries, at)}
        />
      </div>
      ${entries.length === 0
        ? html`<p class="none" role="status">Nothing is called that.</p>`
        : html`<ul id="list" role="listbox" aria-label="Results">
            ${entries.map((entry, index) => html`${entry.group !== entries[index - 1]?.group ? html`<li role="presentation">${entry.group}</li>` : nothing}
                <li id="entry-${index}" role="option" aria-selected=${String(index === at)} @click=${() => this.take(entry)} @pointermove=${() => (this.at = index)}>
                  <oc-icon name=${entry.icon}></oc-icon><span class="grow cut">${entry.title}</span>
                  ${entry.keys ? keysShown(entry.keys, isMac()).map((key) => html`<kbd>${key}</kbd>`) : nothing}
                </li>`)}
          </ul>`}
    </dialog>`;
  }

  override updated(): void {
    this.renderRoot.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" });
  }

  private typed(event: Event): void {
    this.query = (event.target as HTMLInputElement).value; // this listener sits on the input
    this.at = 0;
  }

  private key(event: KeyboardEvent, entries: Entry[], at: number): void {
    const steps: Record<string, number> = { ArrowDown: at + 1, ArrowUp: at - 1 };
    const next = steps[event.key];
    const chosen = entries[at];
    if (next !== undefined && entries.length > 0) this.at = (next + entries.length) % entries.length;
    else if (event.key === "Enter" && chosen) this.take(chosen);
    else return;
    event.preventDefault();
  }

  private take(entry: Entry): void {
    this.close();
    entry.run();
  }

  private close(): void {
    this.renderRoot.querySelector("dialog")?.close();
  }
}
customElements.define("oc-palette", OcPalette);
