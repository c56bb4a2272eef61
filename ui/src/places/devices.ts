// The Devices place: who waits with six words to compare, who is paired and with which rights, which nodes lend their commands.
import { css, html, nothing } from "lit";
import { View } from "../app/view.ts";
import { createResource, type Resource } from "../app/resource.ts";
import type { PairedDevice, PendingDevice } from "../app/wire.ts";
import type { MenuItem } from "../parts/menu.ts";
import type { OcField } from "../parts/field.ts";
import { sheet } from "../parts/sheet.ts";
import { drawStates, stateStyles } from "../parts/states.ts";
import "../parts/badge.ts";
import "../parts/banner.ts";
import "../parts/button.ts";
import "../parts/card.ts";
import "../parts/copy.ts";
import "../parts/dialog.ts";
import "../parts/empty.ts";
import "../parts/field.ts";
import "../parts/menu.ts";
import "../parts/time.ts";
import "../parts/words.ts";
import { page } from "./page.ts";

interface NodeRow {
  nodeId: string;
  displayName?: string;
  platform?: string;
  version?: string;
  caps?: string[];
  commands?: string[];
  connected: boolean;
  paired: boolean;
  connectedAtMs?: number;
}

interface SignInLink {
  url: string;
  expiresAtMs: number;
}

type Question = { kind: "remove" | "revoke" | "rename" | "approve"; device: PairedDevice; role?: string } | { kind: "token"; device: PairedDevice; token?: string };

export class OcDevices extends View {
  static override properties = { ...View.properties, question: { state: true }, busy: { state: true }, link: { state: true } };
  declare question: Question | undefined;
  /** Request ids being decided. */
  declare busy: ReadonlySet<string>;
  /** A link that was just made, to be shown once. */
  declare link: SignInLink | undefined;
  private nodes: Resource<NodeRow[]> | undefined;
  constructor() {
    super();
    this.busy = new Set();
  }

  static override styles = [
    sheet,
    stateStyles,
    page,
    css`
      .device {
        display: grid;
        gap: var(--gap-2);
        padding: var(--gap-3) var(--gap-4);
        border-block-start: 1px solid var(--line);
      }
      .device:first-child {
        border-block-start: 0;
      }
      .who {
        display: flex;
        align-items: center;
        gap: var(--gap-2);
      }
      .who .names {
        display: flex;
        flex: 1;
        flex-wrap: wrap;
        align-items: center;
        gap: 2px var(--gap-2);
        min-inline-size: 0;
      }
      .who strong {
        font-weight: 600;
      }
      .pending {
        display: grid;
        gap: var(--gap-3);
        padding: var(--gap-4);
        border-block-start: 1px solid var(--line);
      }
      .pending oc-words {
        max-inline-size: 480px;
      }
      .facts {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 2px var(--gap-4);
        color: var(--muted);
        font-size: var(--size-12);
      }
      .token {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: var(--gap-2);
        font-size: var(--size-12);
      }
    `,
  ];

  protected override follows() {
    const { gateway, live } = this.app;
    this.nodes ??= createResource<NodeRow[]>({ gateway, refreshOn: ["presence", "device.pair.changed", "node.pair.resolved"], load: async () => (gateway.can("node.list", "operator.read") ? (await gateway.call<{ nodes: NodeRow[] }>("node.list", {})).nodes : []) });
    return [gateway.state, gateway.hello, live.pairing, this.nodes];
  }

  protected override begin() {
    void this.app.live.pairing.reload();
    return [this.nodes?.begin() ?? (() => undefined)];
  }

  override render() {
    const { gateway, live } = this.app;
    const allowed = gateway.holds("operator.pairing");
    return html`<div class="page">
      <div class="head"><h1>Devices</h1><span class="grow"></span>${gateway.can("device.link.create", "operator.admin") ? html`<oc-button icon="plus" ?disabled=${!gateway.isOnline()} @click=${() => void this.makeLink()}>Sign-in link</oc-button>` : nothing}<p>Everything that may talk to this gateway. Approve a device only when both show the same six words.</p></div>
      ${allowed
        ? html`${drawStates(this.app, live.pairing, { ready: ({ pending, paired }) => html`${this.pending(pending)}<br />${this.paired(paired)}` })}`
        : html`<oc-banner tone="warn" heading="This browser may not manage devices.">It reads and writes only. Ask for full access, then approve it on the gateway's machine. <oc-button slot="actions" size="small" @click=${() => void gateway.ask("full")}>Ask for full access</oc-button></oc-banner>`}
      ${this.nodes ? drawStates(this.app, this.nodes, { lines: 2, ready: (nodes) => this.nodeList(nodes) }) : nothing} ${this.dialog()} ${this.linkDialog()}
    </div>`;
  }

  private pending(pending: readonly PendingDevice[]) {
    return html`<oc-card flush heading="Waiting for approval" note=${pending.length === 0 ? "No device waits." : ""}>
      ${pending.map(
        (request) => html`<div class="pending" role="group" aria-label="Request of ${request.displayName ?? "a device"}">
          <div class="who"><div class="names"><strong>${request.displayName ?? request.clientId ?? "A device"}</strong>${request.isRepair ? html`<oc-badge tone="warn">Known device, new request</oc-badge>` : nothing}</div><span class="small muted">asked <oc-time .at=${request.ts}></oc-time></span></div>
          ${request.code ? html`<oc-words words=${request.code}></oc-words>` : html`<p class="small muted">This gateway shows no words for the request: compare the device id instead.</p>`}
          <div class="facts">
            <span>Wants: ${(request.scopes ?? []).map(scopeWord).join(", ") || (request.role ?? "operator")}</span>
            ${request.platform ? html`<span>${request.platform}</span>` : nothing}${request.remoteIp ? html`<span>from ${request.remoteIp}</span>` : nothing}
            <span>Device <oc-copy text=${request.deviceId} shown=${request.deviceId.slice(0, 12)} label="Copy the device id"></oc-copy></span>
          </div>
          <div class="row">
            <oc-button kind="primary" icon="check" ?busy=${this.busy.has(request.requestId)} @click=${() => void this.decide(request, "approve")}>Approve</oc-button>
            <oc-button kind="danger" icon="close" ?disabled=${this.busy.has(request.requestId)} @click=${() => void this.decide(request, "reject")}>Reject</oc-button>
          </div>
        </div>`,
      )}
    </oc-card>`;
  }

  private paired(paired: readonly PairedDevice[]) {
    return html`<oc-card flush heading="Paired" note="Rights end at once when a token is revoked or a device removed.">
      ${paired.length === 0 ? html`<oc-empty>No device is paired: this browser uses the shared secret.</oc-empty>` : paired.map((device) => this.device(device))}
    </oc-card>`;
  }

  private device(device: PairedDevice) {
    const own = device.deviceId === this.app.gateway.deviceId();
    return html`<div class="device">
      <div class="who">
        <div class="names">
          <strong>${device.displayName ?? device.clientId ?? device.deviceId.slice(0, 12)}</strong>
          ${own ? html`<oc-badge tone="accent">This browser</oc-badge>` : nothing} ${device.connected ? html`<oc-badge tone="good" dot>Connected</oc-badge>` : nothing}
        </div>
        <span class="small muted">${device.lastSeenAtMs && !device.connected ? html`seen <oc-time .at=${device.lastSeenAtMs}></oc-time>` : nothing}</span>
        <oc-menu label="Actions for ${device.displayName ?? device.deviceId.slice(0, 12)}" .items=${this.menu(device, own)}></oc-menu>
      </div>
      <div class="facts">
        <span>${(device.roles ?? []).join(", ") || "no role"}</span>
        <span>${(device.scopes ?? []).map(scopeWord).join(", ") || "no rights"}</span>
        ${device.platform ? html`<span>${device.platform}</span>` : nothing}
        ${device.approvedVia ? html`<span>approved by ${viaWord(device.approvedVia)}${device.approvedAtMs ? html` <oc-time .at=${device.approvedAtMs}></oc-time>` : nothing}</span>` : nothing}
        <span>Device <oc-copy text=${device.deviceId} shown=${device.deviceId.slice(0, 12)} label="Copy the device id"></oc-copy></span>
      </div>
      ${(device.tokens ?? []).map(
        (token) => html`<div class="token">
          <oc-icon name="key"></oc-icon><span>${token.role} token</span>
          ${token.revokedAtMs ? html`<oc-badge tone="bad">Revoked</oc-badge>` : nothing}
          <span class="muted">${token.rotatedAtMs ? html`rotated <oc-time .at=${token.rotatedAtMs}></oc-time>` : html`made <oc-time .at=${token.createdAtMs}></oc-time>`}${token.lastUsedAtMs ? html`, used <oc-time .at=${token.lastUsedAtMs}></oc-time>` : nothing}</span>
        </div>`,
      )}
    </div>`;
  }

  private menu(device: PairedDevice, own: boolean): MenuItem[] {
    const { gateway } = this.app;
    const lacks = (method: string): boolean => !gateway.can(method, "operator.pairing");
    const tokens = (device.tokens ?? []).filter((token) => token.revokedAtMs === undefined);
    return [
      { label: "Rename", icon: "edit", disabled: lacks("device.pair.rename"), run: () => (this.question = { kind: "rename", device }) },
      // A rotated device is cut off before it could be told its new token, so nobody rotates the one they use.
      ...tokens.map((token) => ({ label: `Rotate ${token.role} token`, icon: "refresh", disabled: own || lacks("device.token.rotate"), run: () => void this.rotate(device, token.role) })),
      ...tokens.map((token) => ({ label: `Revoke ${token.role} token`, icon: "lock", danger: true, disabled: lacks("device.token.revoke"), run: () => (this.question = { kind: "revoke" as const, device, role: token.role }) })),
      { label: own ? "Remove this browser" : "Remove", icon: "trash", danger: true, disabled: lacks("device.pair.remove"), run: () => (this.question = { kind: "remove", device }) },
    ];
  }

  private nodeList(nodes: readonly NodeRow[]) {
    if (nodes.length === 0) return html`<oc-card heading="Nodes" note="Phones and computers that lend their camera, screen or shell appear here once they are paired with the node role."></oc-card>`;
    return html`<oc-card flush heading="Nodes" note="Devices that lend commands to the assistant.">
      ${nodes.map((node) => html`<div class="device">
          <div class="who"><strong>${node.displayName ?? node.nodeId.slice(0, 12)}</strong><oc-badge tone=${node.connected ? "good" : "plain"} dot>${node.connected ? "Connected" : "Away"}</oc-badge></div>
          <div class="facts"><span>${node.platform ?? ""}${node.version ? ` ${node.version}` : ""}</span><span>${(node.commands ?? []).join(", ") || "offers no commands"}</span></div>
        </div>`)}
    </oc-card>`;
  }

  private dialog() {
    const question = this.question;
    if (question === undefined) return nothing;
    const name = question.device.displayName ?? question.device.deviceId.slice(0, 12);
    const close = (): void => void (this.question = undefined);
    if (question.kind === "token") {
      return html`<oc-dialog heading="Token rotated" open @dismiss=${close}>${question.token ? html`<p>Give this to “${name}”; it is shown once.</p><br /><oc-copy text=${question.token} shown=${question.token} label="Copy the token"></oc-copy>` : html`<p>The old token ended. “${name}” stays paired, and gets its new token when it signs in again with a link or the gateway's secret.</p>`}<oc-button slot="actions" kind="primary" @click=${close}>Done</oc-button></oc-dialog>`;
    }
    if (question.kind === "rename") {
      return html`<oc-dialog heading="Rename" open @dismiss=${close}><oc-field label="Name" .value=${question.device.displayName ?? ""} @enter=${() => void this.rename(question.device)}></oc-field>
        <oc-button slot="actions" @click=${close}>Cancel</oc-button><oc-button slot="actions" kind="primary" @click=${() => void this.rename(question.device)}>Rename</oc-button></oc-dialog>`;
    }
    const removes = question.kind === "remove";
    return html`<oc-dialog heading=${removes ? `Remove “${name}”?` : `Revoke the token of “${name}”?`} open @dismiss=${close}>
      <p>${removes ? "Its connections are closed at once, and it must be paired again to return." : "Its connections are closed within a second, and it must be approved again to return."}</p>
      ${question.device.deviceId === this.app.gateway.deviceId() ? html`<br /><oc-banner tone="warn">This is the browser you are using: you will be signed out.</oc-banner>` : nothing}
      <oc-button slot="actions" @click=${close}>Cancel</oc-button>
      <oc-button slot="actions" kind="danger" @click=${() => void this.end(question)}>${removes ? "Remove" : "Revoke"}</oc-button>
    </oc-dialog>`;
  }

  private linkDialog() {
    if (this.link === undefined) return nothing;
    const close = (): void => void (this.link = undefined);
    return html`<oc-dialog heading="A sign-in link" open @dismiss=${close}>
      <p>Whoever opens it first is signed in with all rights. It works once, ends <oc-time .at=${this.link.expiresAtMs}></oc-time>, and is not shown again.</p>
      <br /><oc-copy text=${this.link.url} shown=${this.link.url} label="Copy the link"></oc-copy>
      <oc-button slot="actions" kind="primary" @click=${close}>Done</oc-button>
    </oc-dialog>`;
  }

  private async makeLink(): Promise<void> {
    try {
      const { code, expiresAtMs } = await this.app.gateway.call("device.link.create", {});
      // On this page's own address: that is the one from which the gateway is known to be reached.
      this.link = { url: new URL(`#link=${code}`, document.baseURI).href, expiresAtMs };
    } catch (error) {
      this.app.toasts.failed("No link was made", error);
    }
  }

  private async decide(request: PendingDevice, decision: "approve" | "reject"): Promise<void> {
    this.busy = new Set([...this.busy, request.requestId]);
    try {
      await this.app.gateway.call(`device.pair.${decision}`, { requestId: request.requestId });
      this.app.toasts.add("good", `${request.displayName ?? "The device"} was ${decision === "approve" ? "approved" : "rejected"}.`);
    } catch (error) {
      this.app.toasts.failed(decision === "approve" ? "Not approved" : "Not rejected", error);
    }
    this.busy = new Set([...this.busy].filter((id) => id !== request.requestId));
    await this.app.live.pairing.reload();
  }

  private async rotate(device: PairedDevice, role: string): Promise<void> {
    try {
      const { token } = await this.app.gateway.call<{ token?: string }>("device.token.rotate", { deviceId: device.deviceId, role });
      this.question = { kind: "token", device, ...(token !== undefined && { token }) };
    } catch (error) {
      this.app.toasts.failed("Not rotated", error);
    }
    await this.app.live.pairing.reload();
  }

  private async rename(device: PairedDevice): Promise<void> {
    const label = this.renderRoot.querySelector<OcField>("oc-dialog oc-field")?.value.trim() ?? "";
    this.question = undefined;
    if (label === "") return;
    try {
      await this.app.gateway.call("device.pair.rename", { deviceId: device.deviceId, label });
    } catch (error) {
      this.app.toasts.failed("Not renamed", error);
    }
    await this.app.live.pairing.reload();
  }

  private async end(question: Extract<Question, { kind: "remove" | "revoke" | "rename" | "approve" }>): Promise<void> {
    this.question = undefined;
    const { device, role = "operator" } = question;
    try {
      if (question.kind === "remove") await this.app.gateway.call("device.pair.remove", { deviceId: device.deviceId });
      else await this.app.gateway.call("device.token.revoke", { deviceId: device.deviceId, role });
      this.app.toasts.add("good", question.kind === "remove" ? "Removed." : "Revoked.");
    } catch (error) {
      this.app.toasts.failed(question.kind === "remove" ? "Not removed" : "Not revoked", error);
    }
    await this.app.live.pairing.reload();
  }
}
customElements.define("oc-devices", OcDevices);

const scopeWords: Record<string, string> = { "operator.admin": "administer", "operator.read": "read", "operator.write": "write", "operator.approvals": "approve commands", "operator.pairing": "pair devices", "operator.questions": "answer questions", "operator.talk": "talk", "operator.talk.secrets": "talk secrets" };

function scopeWord(scope: string): string {
  return scopeWords[scope] ?? scope;
}

function viaWord(via: string): string {
  if (via.startsWith("device:")) return `device ${via.slice(7, 19)}`;
  return { host: "the host", "shared-secret": "the shared secret", "sign-in-link": "a sign-in link", loopback: "loopback" }[via] ?? via;
}
