// The Sessions place: every conversation in a table; find, rename, choose its model and level, fork, start anew, delete.
import { css, html, nothing } from "lit";
import { View } from "../app/view.ts";
import { modelName, shownName, type SessionRow, titleOf } from "../app/wire.ts";
import { createResource, type Resource } from "../app/resource.ts";
import { exactly, tokens } from "../parts/format.ts";
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
          flex-wrap: nowrap;
          padding-inline: var(--gap-3);
        }
        .top .grow {
          display: none;
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
      load: async () => (await gateway.call<{ sessions: SessionRow[] }>("sessions.list", { limit: mostListed, includeDerivedTitles: true, includeLastMessage: true })).sessions,
    });
    return [gateway.state, route.place, live.runs, live.models, this.list];
  }

  protected override begin() {
    return [this.list?.begin() ?? (() => undefined)];
  }

  override render() {
    const { app, list } = this;
    if (!list) return nothing;
    const { query, path } = app.route.place.get();
    const chosen = list.get().value?.find((row) => row.key === path[0]);
    return html`<div class="top">
        <h1>Sessions</h1>
        <oc-field bare type="search" label="Find a session" placeholder="Find by name, key or words" .value=${query.find ?? ""} @input=${this.find}></oc-field>
        <span class="grow"></span>
        <oc-button icon="plus" ?disabled=${!app.gateway.can("sessions.create", "operator.write")} @click=${() => void this.fresh()}>New</oc-button>
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
    const words = (this.app.route.place.get().query.find ?? "").trim().toLowerCase();
    return words === "" ? rows : rows.filter((row) => `${titleOf(row)} ${row.key} ${row.lastMessagePreview ?? ""} ${row.channel ?? ""}`.toLowerCase().includes(words));
  }

  private table(rows: readonly SessionRow[]) {
    const { query, path } = this.app.route.place.get();
    if (rows.length === 0) return html`<oc-empty icon="search" heading="Nothing found">No session has “${query.find}” in its name, key or last message.</oc-empty>`;
    return html`<oc-table label="Sessions" .columns=${this.columns()} .rows=${rows} .rowKey=${(row: SessionRow) => row.key} sortBy="updated" descending opens .chosen=${path[0] ?? ""} @open=${(event: CustomEvent<SessionRow>) => this.app.route.go("sessions", [event.detail.key], query)}></oc-table>`;
  }

  private columns(): Column<SessionRow>[] {
    const running = new Set(this.app.live.runs.get().values());
    return [
      { key: "name", label: "Name", grow: true, by: (row) => titleOf(row).toLowerCase(), draw: (row) => html`<div class="name cut">${running.has(row.key) ? html`<span class="run" aria-hidden="true"></span>` : nothing}${titleOf(row)}</div><div class="small muted cut">${row.lastMessagePreview ?? row.key}</div>` },
      { key: "state", label: "State", wide: true, by: (row) => (running.has(row.key) ? "0" : (row.status ?? "")), draw: (row) => (running.has(row.key) ? html`<oc-badge tone="info" dot>Running</oc-badge>` : row.status === "failed" || row.status === "timeout" ? html`<oc-badge tone="bad" dot>${row.status === "failed" ? "Failed" : "Timed out"}</oc-badge>` : html`<span class="muted">Idle</span>`) },
      { key: "kind", label: "Kind", wide: true, by: (row) => row.kind, draw: (row) => html`<span class="muted">${row.channel ?? row.kind}</span>` },
      { key: "model", label: "Model", wide: true, by: (row) => row.model ?? "", draw: (row) => html`<span class="muted">${row.model ?? "Default"}</span>` },
      { key: "tokens", label: "Tokens", wide: true, end: true, by: (row) => row.totalTokens ?? 0, draw: (row) => html`<span class="muted">${row.totalTokens ? tokens(row.totalTokens) : "none"}</span>` },
      { key: "updated", label: "Updated", end: true, by: (row) => row.updatedAt ?? 0, draw: (row) => (row.updatedAt ? html`<oc-time class="muted" .at=${row.updatedAt}></oc-time>` : "") },
      { key: "actions", label: "", draw: (row) => html`<oc-menu label="Actions for ${titleOf(row)}" .items=${this.menu(row)} @click=${(event: Event) => event.stopPropagation()} @keydown=${(event: Event) => event.stopPropagation()}></oc-menu>` },
    ];
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

  private async fresh(): Promise<void> {
    try {
      const { key } = await this.app.gateway.call<{ key: string }>("sessions.create", {});
      this.app.route.go("chat", [key]);
    } catch (error) {
      this.app.toasts.failed("No new session", error);
    }
  }

  private find(event: Event): void {
    this.app.route.refine({ find: (event.currentTarget as HTMLElement & { value: string }).value }); // an oc-field
  }
}
customElements.define("oc-sessions", OcSessions);
