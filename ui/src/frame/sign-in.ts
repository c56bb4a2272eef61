// What a browser sees before it is let in: what the gateway said, why, and what to do; pairing with its six words; a field for the secret.
import { css, html, nothing } from "lit";
import type { LinkState } from "../app/gateway.ts";
import { View } from "../app/view.ts";
import { sheet } from "../parts/sheet.ts";
import type { OcField } from "../parts/field.ts";
import "../parts/banner.ts";
import "../parts/button.ts";
import "../parts/copy.ts";
import "../parts/field.ts";
import "../parts/skeleton.ts";
import "../parts/words.ts";

type Secret = "token" | "password";
type Pairing = Extract<LinkState, { kind: "pairing" }>;

export class OcSignIn extends View {
  static override properties = { ...View.properties, secret: { state: true }, tried: { state: true } };
  declare secret: Secret;
  /** A secret was given in this page, so the shared secret's own rights can be used while the device waits. */
  declare tried: Partial<Record<Secret, string>>;
  constructor() {
    super();
    this.secret = "token";
    this.tried = {};
  }

  static override styles = [
    sheet,
    css`
      :host {
        display: grid;
        min-block-size: 100dvh;
        padding: var(--gap-6) var(--gap-4);
        place-items: center;
      }
      main {
        display: grid;
        gap: var(--gap-5);
        inline-size: min(440px, 100%);
        padding: var(--gap-8) var(--gap-6);
        border: 1px solid var(--line);
        border-radius: var(--radius-large);
        background: var(--surface-1);
        box-shadow: var(--shadow);
      }
      .brand {
        display: flex;
        align-items: center;
        gap: 10px;
        color: var(--accent);
      }
      .brand svg {
        inline-size: 30px;
        fill: none;
        stroke: currentColor;
        stroke-width: 3;
        stroke-linecap: round;
      }
      .brand span {
        color: var(--text);
        font-size: var(--size-16);
        font-weight: 650;
      }
      .part {
        display: grid;
        gap: var(--gap-3);
      }
      .form {
        display: grid;
        gap: var(--gap-3);
      }
      .actions {
        display: flex;
        flex-wrap: wrap;
        gap: var(--gap-2);
      }
      .command {
        display: flex;
        align-items: center;
        justify-content: space-between;
        gap: var(--gap-2);
        padding: 6px 6px 6px var(--gap-3);
        border-radius: var(--radius);
        background: var(--surface-2);
        overflow-wrap: anywhere;
      }
      .command:not(:first-child) {
        margin-block-start: var(--gap);
      }
      footer {
        color: var(--muted);
        font-size: var(--size-12);
      }
    `,
  ];

  protected override follows() {
    return [this.app.gateway.state, this.app.gateway.wish];
  }

  override render() {
    const host = location.host;
    return html`<main>
      <div class="brand"><svg viewBox="0 0 32 32" aria-hidden="true"><path d="M9 23C6 15 9 8 16 7M23 23c3-8 0-15-7-16M16 24v-8"></path></svg><span>OpenClaw</span></div>
      ${this.body(this.app.gateway.state.get())}
      <footer>Gateway at <span class="mono">${host}</span></footer>
    </main>`;
  }

  private body(state: LinkState) {
    switch (state.kind) {
      case "pairing":
        return this.pairing(state);
      case "refused":
        return html`<div class="part">
            <h1>${state.code.startsWith("AUTH_") ? "Sign in" : "Not let in"}</h1>
            <oc-banner tone=${state.code.endsWith("_MISSING") ? "info" : "bad"} heading=${state.reason} code=${state.code}>${state.nextStep}</oc-banner>
          </div>
          ${this.refusedActions(state.code)}`;
      case "link-failed":
        return html`<div class="part"><h1>The link did not work</h1><oc-banner tone="bad" heading=${state.reason} code=${state.code}>${state.nextStep}</oc-banner></div>
          ${this.command("openclaw dashboard", "A fresh link, on the gateway's machine:")}${this.form()}`;
      case "offline":
        return html`<div class="part"><h1>Cannot reach the gateway</h1><oc-banner tone="warn" heading=${state.reason} code=${state.code}>${state.nextStep}</oc-banner></div>
          <div class="actions"><oc-button kind="primary" icon="retry" @click=${() => this.app.gateway.retryNow()}>Retry now</oc-button></div>`;
      case "signing-in":
        return html`<h1>Signing in with your link</h1><oc-skeleton lines="2"></oc-skeleton>`;
      default:
        return html`<h1>Connecting</h1><oc-skeleton lines="2"></oc-skeleton>`;
    }
  }

  private pairing(state: Pairing) {
    const basic = this.app.gateway.wish.get() === "full" && (this.tried.token !== undefined || this.tried.password !== undefined);
    const upgrade = state.why === "scope-upgrade";
    const command = `openclaw devices approve ${state.requestId}`;
    return html`<div class="part">
        <h1>${upgrade ? "More access needs approval" : "This browser waits for approval"}</h1>
        <p class="muted">Approve it on the gateway's machine, or under Devices in a browser that is signed in.${state.words ? " Check that both show the same six words." : ""}</p>
      </div>
      ${state.words ? html`<oc-words words=${state.words}></oc-words>` : nothing}
      <div class="part">
        ${this.command(command)}
        <div class="row small muted">Request <oc-copy text=${state.requestId} shown=${state.requestId.slice(0, 8)} label="Copy the request id"></oc-copy><span role="status">Waiting; this page goes on by itself.</span></div>
      </div>
      <div class="actions">
        ${basic ? html`<oc-button @click=${() => this.useBasic()}>Only read and write for now</oc-button>` : nothing}
        ${upgrade && this.app.gateway.wish.get() === "full" ? html`<oc-button @click=${() => void this.app.gateway.ask("basic")}>Go on with what I have</oc-button>` : nothing}
        <oc-button kind="quiet" icon="retry" @click=${() => this.app.gateway.retryNow()}>Check now</oc-button>
      </div>
      ${basic ? nothing : html`<details><summary class="small muted">I have the gateway's token or password</summary><br />${this.form()}</details>`}`;
  }

  private refusedActions(code: string) {
    if (code.startsWith("AUTH_")) return html`${this.command("openclaw dashboard", "A fresh link, on the gateway's machine:")}${this.form(code.startsWith("AUTH_PASSWORD") ? "password" : undefined)}`;
    return html`<div class="actions">
      <oc-button kind="primary" icon="refresh" @click=${() => location.reload()}>Reload the page</oc-button>
      ${code.startsWith("DEVICE_AUTH") ? html`<oc-button icon="trash" @click=${() => void this.app.gateway.forget()}>Forget this browser's key</oc-button>` : nothing}
    </div>`;
  }

  private command(command: string, about?: string) {
    return html`<div>${about ? html`<p class="small muted">${about}</p>` : nothing}<div class="command"><code>${command}</code><oc-copy text=${command} label="Copy the command"></oc-copy></div></div>`;
  }

  private form(forced?: Secret) {
    const secret = forced ?? this.secret;
    const other = secret === "token" ? "password" : "token";
    return html`<div class="form" @enter=${() => this.submit(secret)}>
      <oc-field type="password" label=${secret === "token" ? "Gateway token" : "Gateway password"} autocomplete="current-password" ?mono=${secret === "token"}></oc-field>
      <div class="actions">
        <oc-button kind="primary" @click=${() => this.submit(secret)}>Connect</oc-button>
        ${forced ? nothing : html`<oc-button kind="quiet" @click=${() => (this.secret = other)}>Use a ${other} instead</oc-button>`}
      </div>
    </div>`;
  }

  private submit(secret: Secret): void {
    const field = this.renderRoot.querySelector<OcField>("oc-field");
    const value = field?.value.trim() ?? "";
    if (field && value === "") {
      field.error = `Enter the gateway's ${secret} first.`;
      return;
    }
    this.tried = { [secret]: value };
    void this.app.gateway.signIn(this.tried);
  }

  private useBasic(): void {
    this.app.gateway.wish.set("basic");
    void this.app.gateway.signIn(this.tried);
  }
}
customElements.define("oc-sign-in", OcSignIn);
