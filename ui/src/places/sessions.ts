// The Sessions place: every conversation in a table; find, rename, choose its model and level, fork, start anew, delete.
import { css, html, nothing } from "lit";
import { type AgentRow, agentIdOf, agentName, agentOf, choiceOf } from "../app/agents.ts";
import { View } from "../app/view.ts";
import { modelName, previewOf, shownName, type SessionRow, titleOf } from "../app/wire.ts";
import { createResource, type Resource } from "../app/resource.ts";
import { beginConversation, drawFresh } from "../chat/fresh.ts";
import { count, exactly, tokens } from "../parts/format.ts";
import type { MenuItem } from "../parts/menu.ts";
import { sheet } from "../parts/sheet.ts";
import { drawStates, stateStyles } from "../parts/states.ts";
import type { Column } from "../parts/table.ts";
import "../parts/badge.ts";
import "../parts/button.ts";
import "../parts/copy.ts";
import "../parts/drawer.ts";
import "../parts/empty.ts";
import "../parts/field.ts";
import "../parts/menu.ts";
import "../parts/select.ts";
import "../parts/table.ts";
import "../parts/time.ts";
import { page } from "./page.ts";
import { askDelete, type Asking, askRename, askReset, drawAsking } from "./session-asks.ts";

const mostListed = 2_000;

export class OcSessions extends View {
  static override properties = { ...View.properties, asking: { state: true } };
  declare asking: Asking | undefined;
  private list: Resource<SessionRow[]> | undefined;
  /** How many the gateway has; more than are listed here when there are very many. */
  private total = 0;

  static override styles = [
    sheet,
    stateStyles,
    page,
    css`
      :host {
        position: relative;
        display: flex;
        flex-direction: column;
        overflow: hidden;
      }
      .top {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: var(--gap-2) var(--gap-3);
        padding: var(--gap-3) var(--gap-4);
        border-block-end: 1px solid var(--line);
      }
      .total {
        white-space: nowrap;
      }
      .top oc-field {
        flex: 1;
        min-inline-size: 160px;
        max-inline-size: 320px;
      }
      .body {
        flex: 1;
        min-block-size: 0;
        display: flex;
        flex-direction: column;
        overflow: auto;
        background: var(--surface-1);
      }
      .body > div {
        flex: 1;
        min-block-size: 0;
      }
      oc-table {
        block-size: 100%;
      }
      .name {
        font-weight: 550;
      }
      .run {
        display: inline-block;
        inline-size: 7px;
        block-size: 7px;
        margin-inline-end: 6px;
        border-radius: 50%;
        background: var(--info);
      }
      @media (max-width: 720px) {
        .top {
          padding-inline: var(--gap-3);
        }
        /* What finds comes below what names and begins. */
        .top oc-field,
        .top oc-select {
          order: 1;
          max-inline-size: none;
        }
        .top oc-select {
          flex: 0 1 40%;
        }
      }
      .inspect {
        display: grid;
        gap: var(--gap-4);
        padding: var(--gap-4);
      }
    `,
  ];

  protected override follows() {
    const { gateway, route, live } = this.app;
    this.list ??= createResource<SessionRow[]>({
      gateway,
      refreshOn: ["sessions.changed"],
      load: async () => {
        const { sessions, totalCount } = await gateway.call<{ sessions: SessionRow[]; totalCount?: number }>("sessions.list", { limit: mostListed, includeDerivedTitles: true, includeLastMessage: true });
        this.total = totalCount ?? sessions.length;
        return sessions;
      },
    });
    return [gateway.state, route.place, live.runs, live.models, live.agents, this.list];
  }

  protected override begin() {
    return [this.list?.begin() ?? (() => undefined)];
  }

  override render() {
    const { app, list } = this;
    if (!list) return nothing;
    const { query, path } = app.route.place.get();
    const rows = list.get().value;
    const chosen = rows?.find((row) => row.key === path[0]);
    const agents = choiceOf(app.live.agents.get().value);
    const shown = rows && this.found(rows).length;
    return html`<div class="top">
        <h1>Sessions</h1>
        <oc-field bare type="search" label="Find a session" placeholder="Name, key or words" .value=${query.find ?? ""} @input=${this.find}></oc-field>
        ${agents.length > 0 ? html`<oc-select bare label="Agent" value=${query.agent ?? ""} .options=${[{ value: "", label: "All agents" }, ...agents.map((agent) => ({ value: agent.id, label: agentName(agent) }))]} @change=${(event: CustomEvent<string>) => app.route.refine({ agent: event.detail })}></oc-select>` : nothing}
        <span class="grow"></span>
        ${shown === undefined ? nothing : html`<span class="small muted total" role="status">${shown === this.total ? (shown === 1 ? "1 session" : `${count(shown)} sessions`) : `${count(shown)} of ${count(this.total)}`}</span>`}
        ${drawFresh(app, { label: "New session", text: "New" }, (agent) => void beginConversation(app, agent?.id))}
      </div>
      <div class="body">
        ${drawStates(app, list, {
          lines: 12,
          empty: (rows) => (rows.length === 0 ? html`<oc-empty icon="sessions" heading="No sessions yet">A session begins with its first message.<oc-button slot="action" @click=${() => app.route.go("chat")}>Go to Chat</oc-button></oc-empty>` : undefined),
          ready: (rows) => this.table(this.found(rows)),
        })}
      </div>
      <oc-drawer heading=${chosen ? titleOf(chosen) : ""} ?open=${chosen !== undefined} @dismiss=${() => app.route.go("sessions", [], query)}>${chosen ? this.inspect(chosen) : nothing}</oc-drawer>
      ${drawAsking(app, this.asking, () => {
        this.asking = undefined;
        void list.reload();
      })}`;
  }

  private found(rows: readonly SessionRow[]): readonly SessionRow[] {
    const { find = "", agent = "" } = this.app.route.place.get().query;
    const words = find.trim().toLowerCase();
    const own = agent === "" ? rows : rows.filter((row) => (agentIdOf(row.key) ?? this.app.live.agents.get().value?.defaultId) === agent);
    return words === "" ? own : own.filter((row) => `${titleOf(row)} ${row.key} ${row.lastMessagePreview ?? ""} ${row.channel ?? ""}`.toLowerCase().includes(words));
  }

  private table(rows: readonly SessionRow[]) {
    const { query, path } = this.app.route.place.get();
    if (rows.length === 0) return html`<oc-empty icon="search" heading="Nothing found">${query.find ? html`No session has “${query.find}” in its name, key or last message.` : "This agent has no session yet."}</oc-empty>`;
    return html`<oc-table label="Sessions" .columns=${this.columns()} .rows=${rows} .rowKey=${(row: SessionRow) => row.key} sortBy="updated" descending opens .chosen=${path[0] ?? ""} @open=${(event: CustomEvent<SessionRow>) => this.app.route.go("sessions", [event.detail.key], query)}></oc-table>`;
  }

  private columns(): Column<SessionRow>[] {
    const running = new Set(this.app.live.runs.get().values());
    return [
      { key: "name", label: "Name", grow: true, by: (row) => titleOf(row).toLowerCase(), draw: (row) => html`<div class="name cut">${running.has(row.key) ? html`<span class="run" aria-hidden="true"></span>` : nothing}${titleOf(row)}</div><div class="small muted cut">${previewOf(row) ?? row.key}</div>` },
      ...this.agentColumn(),
      { key: "state", label: "State", wide: true, by: (row) => (running.has(row.key) ? "0" : (row.status ?? "")), draw: (row) => (running.has(row.key) ? html`<oc-badge tone="info" dot>Running</oc-badge>` : row.status === "failed" || row.status === "timeout" ? html`<oc-badge tone="bad" dot>${row.status === "failed" ? "Failed" : "Timed out"}</oc-badge>` : html`<span class="muted">Idle</span>`) },
      { key: "kind", label: "Kind", wide: true, by: (row) => row.kind, draw: (row) => html`<span class="muted">${row.channel ?? row.kind}</span>` },
      { key: "model", label: "Model", wide: true, by: (row) => row.model ?? "", draw: (row) => html`<span class="muted">${row.model ?? "Default"}</span>` },
      { key: "tokens", label: "Tokens", wide: true, end: true, by: (row) => row.totalTokens ?? 0, draw: (row) => html`<span class="muted">${row.totalTokens ? tokens(row.totalTokens) : "none"}</span>` },
      { key: "updated", label: "Updated", end: true, by: (row) => row.updatedAt ?? 0, draw: (row) => (row.updatedAt ? html`<oc-time class="muted" .at=${row.updatedAt}></oc-time>` : "") },
      { key: "actions", label: "", draw: (row) => html`<oc-menu label="Actions for ${titleOf(row)}" .items=${this.menu(row)} @click=${(event: Event) => event.stopPropagation()} @keydown=${(event: Event) => event.stopPropagation()}></oc-menu>` },
    ];
  }

  private agentColumn(): Column<SessionRow>[] {
    const list = this.app.live.agents.get().value;
    if (choiceOf(list).length === 0) return [];
    const named = (agent: AgentRow | undefined): string => (agent === undefined ? "" : agentName(agent));
    return [{ key: "agent", label: "Agent", wide: true, by: (row) => named(agentOf(list, row.key)).toLowerCase(), draw: (row) => html`<span class="muted">${named(agentOf(list, row.key))}</span>` }];
  }

  private menu(row: SessionRow): MenuItem[] {
    const { gateway, route } = this.app;
    const isMain = row.isMain === true || row.key === gateway.hello.get()?.snapshot.sessionDefaults?.mainSessionKey;
    return [
      { label: "Open", icon: "chat", run: () => route.go("chat", [row.key]) },
      { label: "Rename", icon: "edit", disabled: !gateway.can("sessions.patch", "operator.write"), run: () => (this.asking = askRename(row)) },
      { label: "Fork", icon: "fork", disabled: !gateway.can("sessions.fork", "operator.write"), run: () => void this.fork(row) },
      { label: "Start anew", icon: "refresh", disabled: !gateway.can("sessions.reset", "operator.admin"), run: () => (this.asking = askReset(row)) },
      { label: "Delete", icon: "trash", danger: true, disabled: isMain || !gateway.can("sessions.delete", "operator.admin"), run: () => (this.asking = askDelete(row, () => this.app.route.go("sessions"))) },
    ];
  }

  private inspect(row: SessionRow) {
    const { gateway, live } = this.app;
    const agent = agentOf(live.agents.get().value, row.key);
    const models = (live.models.get().value ?? []).filter((model) => model.available !== false);
    const chosen = row.modelOverride === undefined ? "" : row.providerOverride === undefined ? row.modelOverride : `${row.providerOverride}/${row.modelOverride}`;
    const options = [{ value: "", label: "Default model" }, ...models.map((model) => ({ value: modelName(model), label: shownName(model), group: model.provider }))];
    if (chosen !== "" && !options.some((option) => option.value === chosen)) options.push({ value: chosen, label: chosen });
    const levels = ["off", "minimal", "low", "medium", "high"].map((level) => ({ value: level, label: level }));
    const fixed = !gateway.can("sessions.patch", "operator.write") || !gateway.isOnline();
    return html`<div class="inspect">
      <div class="row wrap">
        <oc-button kind="primary" icon="chat" @click=${() => this.app.route.go("chat", [row.key])}>Open</oc-button>
        <oc-menu label="Session actions" .items=${this.menu(row).slice(1)}></oc-menu>
      </div>
      <oc-select label="Model" .options=${options} value=${chosen} ?disabled=${fixed} @change=${(event: CustomEvent<string>) => void this.patch(row, { model: event.detail === "" ? null : event.detail })}></oc-select>
      <oc-select label="Thinking level" .options=${[{ value: "", label: "As the agent says" }, ...levels]} value=${row.thinkingLevel ?? ""} ?disabled=${fixed} @change=${(event: CustomEvent<string>) => void this.patch(row, { thinkingLevel: event.detail === "" ? null : event.detail })}></oc-select>
      <dl>
        <dt>Key</dt><dd><oc-copy text=${row.key} shown=${row.key} label="Copy the key"></oc-copy></dd>
        ${row.sessionId ? html`<dt>Id</dt><dd><oc-copy text=${row.sessionId} shown=${row.sessionId.slice(0, 8)} label="Copy the id"></oc-copy></dd>` : nothing}
        ${agent ? html`<dt>Agent</dt><dd>${agentName(agent)}</dd>` : nothing}
        <dt>Kind</dt><dd>${row.kind}${row.channel ? `, ${row.channel}` : ""}</dd>
        <dt>Updated</dt><dd>${row.updatedAt ? exactly(row.updatedAt) : "Never"}</dd>
        <dt>Tokens</dt><dd>${row.totalTokens ? tokens(row.totalTokens) : "None yet"}${row.contextTokens && row.totalTokens ? html` <span class="muted">of ${tokens(row.contextTokens)} context</span>` : nothing}</dd>
      </dl>
    </div>`;
  }

  private async patch(row: SessionRow, change: Record<string, unknown>): Promise<void> {
    try {
      await this.app.gateway.call("sessions.patch", { key: row.key, ...change });
      this.app.toasts.add("good", "Changed.");
    } catch (error) {
      this.app.toasts.failed("Not changed", error);
    }
    void this.list?.reload();
  }

  private async fork(row: SessionRow): Promise<void> {
    try {
      const { sessionKey } = await this.app.gateway.call<{ sessionKey: string }>("sessions.fork", { sessionKey: row.key });
      this.app.toasts.add("good", "Forked: this is the copy.");
      this.app.route.go("chat", [sessionKey]);
    } catch (error) {
      this.app.toasts.failed("Not forked", error);
    }
  }

  private find(event: Event): void {
    this.app.route.refine({ find: (event.currentTarget as HTMLElement & { value: string }).value }); // an oc-field
  }
}
customElements.define("oc-sessions", OcSessions);
