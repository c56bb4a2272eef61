// The Chat place: conversations at the side, the thread, the composer, and the inspector with a message's facts.
import { css, html, nothing } from "lit";
import { agentIdOf, agentName, agentOf } from "../app/agents.ts";
import { View } from "../app/view.ts";
import { type SessionRow, titleOf } from "../app/wire.ts";
import { duration, exactly, money, tokens } from "../parts/format.ts";
import { attachmentsOf } from "../chat/attach.ts";
import { type Conversation, createConversation } from "../chat/conversation.ts";
import { beginConversation } from "../chat/fresh.ts";
import type { MessageAction } from "../chat/message.ts";
import type { AnswerItem, Item } from "../chat/messages.ts";
import { plainText } from "../chat/messages.ts";
import type { OcComposer } from "../chat/composer.ts";
import { sheet } from "../parts/sheet.ts";
import type { MenuItem } from "../parts/menu.ts";
import "../chat/composer.ts";
import "../chat/session-list.ts";
import "../chat/thread.ts";
import "../parts/badge.ts";
import "../parts/button.ts";
import "../parts/copy.ts";
import "../parts/drawer.ts";
import "../parts/menu.ts";
import { askReset, askDelete, askRename, type Asking, drawAsking } from "./session-asks.ts";

export class OcChat extends View {
  static override properties = { ...View.properties, inspected: { state: true }, listOpen: { state: true }, dragging: { state: true }, asking: { state: true } };
  declare inspected: Item | undefined;
  /** On narrow screens the list of conversations lies over the chat. */
  declare listOpen: boolean;
  declare dragging: boolean;
  declare asking: Asking | undefined;
  private conversation: Conversation | undefined;
  private stopConversation: (() => void) | undefined;
  private focusedFor: string | undefined;
  private older: SessionRow | undefined;
  private olderFor = "";

  constructor() {
    super();
    this.listOpen = false;
    this.dragging = false;
  }

  static override styles = [
    sheet,
    css`
      :host {
        position: relative;
        display: grid;
        grid-template: minmax(0, 1fr) / 272px minmax(0, 1fr);
        min-block-size: 0;
      }
      .side {
        min-block-size: 0;
        border-inline-end: 1px solid var(--line);
        background: var(--surface-0);
      }
      .talk {
        display: flex;
        flex-direction: column;
        min-block-size: 0;
        min-inline-size: 0;
        background: var(--surface-1);
      }
      header {
        display: flex;
        align-items: center;
        gap: var(--gap-2);
        min-block-size: 48px;
        padding-inline: var(--gap-5) var(--gap-2);
        border-block-end: 1px solid var(--line);
      }
      h1 {
        font-size: var(--size-14);
      }
      oc-thread {
        flex: 1;
      }
      .open-list {
        display: none;
      }
      .drop {
        position: absolute;
        z-index: 10;
        inset: 12px;
        display: grid;
        place-items: center;
        border: 2px dashed var(--accent);
        border-radius: var(--radius-large);
        background: color-mix(in oklab, var(--surface-1) 88%, transparent);
        font-weight: 600;
        pointer-events: none;
      }
      dl {
        display: grid;
        grid-template-columns: auto minmax(0, 1fr);
        gap: var(--gap-2) var(--gap-4);
        margin: 0;
        padding: var(--gap-4);
        font-size: var(--size-13);
      }
      dt {
        color: var(--muted);
      }
      dd {
        margin: 0;
        overflow-wrap: anywhere;
      }
      dd oc-copy {
        vertical-align: middle;
        margin-block: -4px;
      }
      @media (max-width: 960px) {
        :host {
          grid-template-columns: minmax(0, 1fr);
        }
        .side {
          display: none;
        }
        .open-list {
          display: inline-flex;
        }
        header {
          padding-inline-start: var(--gap-2);
        }
      }
    `,
  ];

  protected override follows() {
    const { gateway, route, live } = this.app;
    return [gateway.state, gateway.hello, route.place, live.sessions, live.agents];
  }

  protected override begin() {
    const { app } = this;
    return [
      app.commands.add([
        { id: "chat.write", title: "Write a message", group: "Chat", keys: "/", icon: "edit", run: () => this.composer()?.focus() },
        { id: "chat.new", title: "New conversation", group: "Chat", keys: "n", icon: "plus", enabled: () => app.gateway.can("sessions.create", "operator.write"), run: () => void this.fresh(agentIdOf(this.key())) },
        { id: "chat.stop", title: "Stop the answer", group: "Chat", keys: "Escape", icon: "stop", always: true, enabled: () => (this.conversation?.running().length ?? 0) > 0, run: () => void this.conversation?.abort() },
      ]),
      () => this.stopConversation?.(),
    ];
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.conversation = undefined;
    this.stopConversation = undefined;
    this.focusedFor = undefined;
  }

  private key(): string {
    const asked = this.app.route.place.get().path[0];
    return asked ?? this.app.gateway.hello.get()?.snapshot.sessionDefaults?.mainSessionKey ?? "main";
  }

  override willUpdate(): void {
    const key = this.key();
    if (this.conversation?.key === key) return;
    this.stopConversation?.();
    this.conversation = createConversation({ app: this.app, key });
    this.stopConversation = this.conversation.begin();
    this.inspected = undefined;
    this.listOpen = false;
  }

  /** Who comes here to write just writes: else the first letters would be taken for shortcuts. Not where a keyboard would cover the page. */
  override updated(): void {
    void this.findOlder();
    const key = this.conversation?.key;
    if (key === undefined || key === this.focusedFor) return;
    this.focusedFor = key;
    if (matchMedia("(hover: hover) and (pointer: fine)").matches && isFree()) void this.composer()?.updateComplete.then(() => this.composer()?.focus());
  }

  override render() {
    const conversation = this.conversation;
    if (conversation === undefined) return nothing;
    const list = html`<oc-session-list .app=${this.app} current=${conversation.key} @fresh=${(event: CustomEvent<{ agentId?: string }>) => void this.fresh(event.detail.agentId)}></oc-session-list>`;
    const agent = agentOf(this.app.live.agents.get().value, conversation.key);
    const wide = matchMedia("(min-width: 961px)").matches;
    return html`<div class="side">${wide || !this.listOpen ? list : nothing}</div>
      <section class="talk" aria-label="Conversation" @act=${this.act} @dragenter=${this.drag} @dragover=${this.drag} @dragleave=${this.dragEnd} @drop=${this.dropped}>
        <header>
          <oc-button class="open-list" kind="quiet" icon="list" label="Conversations" @click=${() => (this.listOpen = true)}></oc-button>
          <h1 class="cut">${this.heading()}</h1>
          ${agent ? html`<oc-badge>${agentName(agent)}</oc-badge>` : nothing}<span class="grow"></span>
          <oc-menu label="Conversation actions" .items=${this.menu()}></oc-menu>
        </header>
        <oc-thread .app=${this.app} .conversation=${conversation} @try=${(event: CustomEvent<string>) => conversation.send(event.detail, [])}></oc-thread>
        <oc-composer .app=${this.app} .conversation=${conversation} @sent=${this.sent}></oc-composer>
        ${this.dragging ? html`<div class="drop">Drop files to attach them</div>` : nothing}
      </section>
      <oc-drawer heading="Conversations" side="start" ?open=${this.listOpen && !wide} @dismiss=${() => (this.listOpen = false)}>${this.listOpen && !wide ? list : nothing}</oc-drawer>
      <oc-drawer heading="Message" ?open=${this.inspected !== undefined} @dismiss=${() => (this.inspected = undefined)}>${this.inspected ? this.facts(this.inspected) : nothing}</oc-drawer>
      ${drawAsking(this.app, this.asking, () => (this.asking = undefined))}`;
  }

  private row() {
    const key = this.key();
    return this.app.live.sessions.get().value?.rows.find((row) => row.key === key) ?? (this.older?.key === key ? this.older : undefined);
  }

  /** The list holds the newest; an older conversation is asked for by itself, as often as the list is. */
  private async findOlder(): Promise<void> {
    const { value, loadedAtMs } = this.app.live.sessions.get();
    const key = this.key();
    const turn = `${key} ${loadedAtMs ?? 0}`;
    if (value === undefined || value.total <= value.rows.length || this.olderFor === turn || value.rows.some((row) => row.key === key)) return;
    this.olderFor = turn;
    try {
      const { sessions } = await this.app.gateway.call<{ sessions: SessionRow[] }>("sessions.list", { search: key, limit: 10, includeDerivedTitles: true });
      this.older = sessions.find((row) => row.key === key);
      this.requestUpdate();
    } catch {
      this.olderFor = ""; // its key names it meanwhile
    }
  }

  private heading(): string {
    return titleOf(this.row() ?? { key: this.key(), kind: "direct", updatedAt: null });
  }

  private menu(): MenuItem[] {
    const { gateway } = this.app;
    const row = this.row() ?? { key: this.key(), kind: "direct", updatedAt: null };
    return [
      { label: "Rename", icon: "edit", disabled: !gateway.can("sessions.patch", "operator.write"), run: () => (this.asking = askRename(row)) },
      { label: "Fork the whole conversation", icon: "fork", disabled: !gateway.can("sessions.fork", "operator.write"), run: () => void this.fork(undefined) },
      { label: "Start anew", icon: "refresh", disabled: !gateway.can("sessions.reset", "operator.admin"), run: () => (this.asking = askReset(row)) },
      { label: "Delete", icon: "trash", danger: true, disabled: row.isMain === true || this.isMainKey() || !gateway.can("sessions.delete", "operator.admin"), run: () => (this.asking = askDelete(row, () => this.app.route.go("chat"))) },
    ];
  }

  private isMainKey(): boolean {
    return this.key() === this.app.gateway.hello.get()?.snapshot.sessionDefaults?.mainSessionKey;
  }

  private composer(): OcComposer | null {
    return this.renderRoot.querySelector<OcComposer>("oc-composer");
  }

  private sent(): void {
    this.renderRoot.querySelector<HTMLElement & { goToEnd(): void }>("oc-thread")?.goToEnd();
  }

  private async fresh(agentId?: string): Promise<void> {
    if (!(await beginConversation(this.app, agentId))) return;
    await this.updateComplete;
    this.composer()?.focus();
  }

  private async fork(entryId: string | undefined): Promise<void> {
    try {
      const { sessionKey } = await this.app.gateway.call<{ sessionKey: string }>("sessions.fork", { sessionKey: this.key(), ...(entryId !== undefined && { entryId }) });
      this.app.toasts.add("good", "Forked: this is the copy.");
      this.app.route.go("chat", [sessionKey]);
    } catch (error) {
      this.app.toasts.failed("Not forked", error);
    }
  }

  private act(event: CustomEvent<{ action: MessageAction; item: Item }>): void {
    const { action, item } = event.detail;
    if (action === "details") this.inspected = item;
    else if (action === "fork") void this.fork(item.entryId);
    else if (action === "quote") this.composer()?.insert(`${plainText(item).split("\n").map((line) => `> ${line}`).join("\n")}\n\n`);
    else if (action === "resend" && item.runId !== undefined) this.app.outbox.retry(item.runId);
    else if (action === "discard" && item.runId !== undefined) this.app.outbox.remove(item.runId);
    else if (action === "keys") this.app.route.go("models");
    else if (action === "retry") this.retry(item);
  }

  /** Says again what the answer replied to. */
  private retry(item: Item): void {
    const items = this.conversation?.items() ?? [];
    const at = items.findIndex((candidate) => candidate.id === item.id);
    const question = items.slice(0, at === -1 ? undefined : at).findLast((candidate) => candidate.kind === "user");
    if (question?.kind !== "user") return this.app.toasts.add("info", "There is nothing to say again.");
    const attachments = attachmentsOf(question);
    if (question.text === "" && attachments.length === 0) return this.app.toasts.add("info", "There is nothing to say again.");
    this.conversation?.send(question.text, attachments);
    return undefined;
  }

  private facts(item: Item) {
    const answer = item.kind === "answer" ? item : undefined;
    const rows: [string, unknown][] = [
      ["From", item.kind === "user" ? (item.source ?? "You") : item.injected ? "The gateway" : "Assistant"],
      ["When", item.atMs > 0 ? exactly(item.atMs) : undefined],
      ["Model", answer?.model && `${answer.provider ?? ""}/${answer.model}`],
      ["Tokens", answer?.tokens !== undefined && tokens(answer.tokens)],
      ["Cost", answer?.cost !== undefined && money(answer.cost)],
      ["Took", answer?.durationMs !== undefined && duration(answer.durationMs)],
      ["Tools", toolNames(answer)],
      ["Run", item.runId && html`<oc-copy text=${item.runId} shown=${item.runId.slice(0, 13)} label="Copy the run id"></oc-copy>`],
      ["Entry", item.entryId && html`<oc-copy text=${item.entryId} shown=${item.entryId} label="Copy the entry id"></oc-copy>`],
      ["Conversation", html`<oc-copy text=${this.key()} shown=${this.key()} label="Copy the conversation's key"></oc-copy>`],
    ];
    return html`<dl>${rows.filter(([, value]) => value !== undefined && value !== false && value !== "").map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>`;
  }

  private drag(event: DragEvent): void {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    this.dragging = true;
  }

  private dragEnd(event: DragEvent): void {
    if (!(event.currentTarget as Element).contains(event.relatedTarget as Node | null)) this.dragging = false; // listens on the section
  }

  private dropped(event: DragEvent): void {
    event.preventDefault();
    this.dragging = false;
    void this.composer()?.attach([...(event.dataTransfer?.files ?? [])]);
  }
}
customElements.define("oc-chat", OcChat);

/** Nobody is at work elsewhere: the focus is nowhere, or on what led here. */
function isFree(): boolean {
  let active = document.activeElement;
  while (active?.shadowRoot?.activeElement) active = active.shadowRoot.activeElement;
  const root = active?.getRootNode();
  return active === null || active === document.body || (root instanceof ShadowRoot && ["oc-rail", "oc-session-list"].includes(root.host.localName) && active.localName === "a");
}

function toolNames(answer: AnswerItem | undefined): string | undefined {
  const names = answer?.blocks.flatMap((block) => (block.kind === "tool" ? [block.tool.name] : [])) ?? [];
  return names.length === 0 ? undefined : names.join(", ");
}
