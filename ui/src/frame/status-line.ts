// The line that is never wrong: connection, version, what runs, who waits, which model. Each leads to where it is mended.
import { css, html, nothing } from "lit";
import { View } from "../app/view.ts";
import { isDemo } from "../app/wire.ts";
import { sheet } from "../parts/sheet.ts";
import "../parts/icon.ts";
import "../parts/time.ts";

const secondMs = 1_000;

export class OcStatusLine extends View {
  static override styles = [
    sheet,
    css`
      :host {
        display: flex;
        align-items: center;
        gap: 2px;
        min-block-size: 28px;
        padding-inline: 6px;
        border-block-start: 1px solid var(--line);
        background: var(--surface-0);
        color: var(--muted);
        font-size: var(--size-12);
        overflow: hidden;
        white-space: nowrap;
      }
      a,
      button {
        display: inline-flex;
        align-items: center;
        gap: 6px;
        min-block-size: 24px;
        padding: 0 8px;
        border: 0;
        border-radius: 4px;
        background: none;
        color: inherit;
        font: inherit;
        text-decoration: none;
        cursor: pointer;
      }
      a:focus-visible,
      button:focus-visible {
        outline-offset: -2px;
      }
      a:hover,
      button:hover {
        background: var(--surface-2);
        color: var(--text);
      }
      .dot {
        inline-size: 8px;
        block-size: 8px;
        border-radius: 50%;
        background: var(--muted);
      }
      .good .dot {
        background: var(--good);
      }
      .warn {
        color: var(--warn);
      }
      .warn .dot {
        background: var(--warn);
      }
      .bad {
        color: var(--bad);
      }
      .space {
        flex: 1;
      }
      .tool {
        flex: none;
        justify-content: center;
      }
      a {
        min-inline-size: 0;
      }
      @media (min-width: 721px) {
        .narrow {
          display: none;
        }
      }
      @media (max-width: 720px) {
        :host {
          border-block: 0 1px solid var(--line);
          padding-block-start: env(safe-area-inset-top);
        }
        :host {
          border-block-start: 0;
          border-block-end: 1px solid var(--line);
        }
        .wide {
          display: none;
        }
        .tool {
          min-inline-size: 40px;
          min-block-size: 32px;
        }
      }
      @media (forced-colors: active) {
        .dot {
          background: CanvasText;
        }
      }
    `,
  ];

  protected override follows() {
    const { gateway, live, theme } = this.app;
    return [gateway.state, gateway.hello, gateway.offlineSinceMs, live.runs, live.pairing, live.models, live.sessions, theme.choice];
  }

  protected override begin() {
    // Only a countdown needs the second hand.
    const timer = setInterval(() => this.app.gateway.state.get().kind === "offline" && this.requestUpdate(), secondMs);
    return [() => clearInterval(timer)];
  }

  override render() {
    const { gateway, live, route, theme } = this.app;
    const hello = gateway.hello.get();
    const online = gateway.isOnline();
    const runs = live.runs.get();
    const waiting = live.pairing.get().value?.pending.length ?? 0;
    const full = gateway.holds("operator.admin");
    const [firstRun] = runs.values();
    return html`${this.connection()} ${hello ? html`<a class="wide" href=${route.href("overview")} title="The gateway's version">${hello.server.version}</a>` : nothing}
      ${online ? html`<a class=${runs.size === 0 ? "wide" : ""} href=${firstRun ? route.href("chat", [firstRun]) : route.href("sessions")}>${runs.size > 0 ? html`<oc-icon name="bolt"></oc-icon>` : nothing}${runs.size === 0 ? "Nothing running" : runs.size === 1 ? "1 run" : `${runs.size} runs`}</a>` : nothing}
      ${online && waiting > 0 ? html`<a class="warn" href=${route.href("devices")}><span class="dot"></span>${waiting === 1 ? "1 device waits" : `${waiting} devices wait`}</a>` : nothing}
      ${online && !full ? html`<a class="warn" href=${route.href("devices")} title="This browser may read and write, but not administer">Limited access</a>` : nothing}
      <span class="space"></span>
      ${this.model()}
      <button class="tool narrow" type="button" aria-label="Search everything" @click=${() => this.dispatchEvent(new CustomEvent("palette"))}><oc-icon name="search"></oc-icon></button>
      <button class="tool" type="button" title="Theme: ${theme.choice.get()}" aria-label="Theme: ${theme.choice.get()}" @click=${() => theme.next()}><oc-icon name=${{ auto: "auto", light: "sun", dark: "moon" }[theme.choice.get()]}></oc-icon></button>`;
  }

  private connection() {
    const { gateway, route } = this.app;
    const state = gateway.state.get();
    if (state.kind === "online") return html`<span class="unseen" role="status">Connected</span><a class="good" href=${route.href("overview")}><span class="dot"></span>Connected</a>`;
    const since = gateway.offlineSinceMs.get();
    const age = since === undefined ? nothing : html`· lost <oc-time .at=${since}></oc-time>`;
    if (state.kind === "offline") {
      const seconds = Math.max(0, Math.ceil((state.retryAtMs - Date.now()) / secondMs));
      return html`<button class="warn" type="button" title="${state.reason} ${state.nextStep}" @click=${() => gateway.retryNow()}><span class="dot"></span><span class="cut">Not connected<span class="wide"> ${age}</span> · ${seconds > 0 ? `next try in ${seconds} s` : "trying"} · Retry now</span></button>`;
    }
    return html`<span class="row warn" role="status"><span class="dot"></span>Connecting ${age}</span>`;
  }

  private model() {
    const { live, route } = this.app;
    const models = live.models.get().value;
    if (models === undefined) return nothing;
    const usable = models.filter((model) => model.available !== false);
    if (usable.length > 0 && !usable.every(isDemo)) {
      const { model, modelProvider } = live.sessions.get().value?.defaults ?? {};
      return model ? html`<a class="wide" href=${route.href("models")} title="Default model">${modelProvider}/${model}</a>` : nothing;
    }
    return html`<a class="warn" href=${route.href("models")}>${usable.length === 0 ? "No model: add a key" : "Demo model: add a key"}</a>`;
  }
}
customElements.define("oc-status-line", OcStatusLine);
