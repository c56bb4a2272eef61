// The Overview: what the gateway is, how it is, and how old that knowledge is. Nothing here is guessed.
import { css, html, nothing, svg } from "lit";
import { version as ownVersion } from "../app/browser.ts";
import { createResource, type Resource } from "../app/resource.ts";
import { View } from "../app/view.ts";
import { isDemo, shortKey, titleOf } from "../app/wire.ts";
import { count, duration, money, short, tokens } from "../parts/format.ts";
import { sheet } from "../parts/sheet.ts";
import { drawStates, stateStyles } from "../parts/states.ts";
import "../parts/badge.ts";
import "../parts/banner.ts";
import "../parts/button.ts";
import "../parts/card.ts";
import "../parts/copy.ts";
import "../parts/time.ts";
import { type Circuit, circuitBadge, standingFailure } from "./circuit.ts";
import { page } from "./page.ts";

interface Status {
  gateway?: { port: number; secure: boolean; hosts?: string[]; connections: number; signedIn: number; uptimeMs: number; tlsFingerprint?: string };
  runs?: { runId: string; sessionKey: string; state: string; startedAt?: number }[];
  models?: Circuit[];
  sessions?: { count: number; paths?: string[] };
  extensions?: { id: string; state: string; reason?: string }[];
  outbox?: { pending: number };
  warnings?: string[];
}

interface HealthView {
  ok?: boolean;
  ts?: number;
  durationMs?: number;
  eventLoop?: { degraded?: boolean; reasons?: string[]; delayP99Ms?: number };
  plugins?: { loaded?: string[]; errors?: { id: string; error: string }[] };
}

interface PresenceRow {
  host?: string;
  platform?: string;
  mode?: string;
  version?: string;
  reason?: string;
  instanceId?: string;
  deviceId?: string;
  ts: number;
}

interface Costs {
  totals: { totalTokens: number; totalCost: number; missingCostEntries: number };
  daily: { date: string; totalTokens: number; totalCost: number }[];
}

const secondMs = 1_000;
const dayWidth = 8;
const chartHeight = 48;

export class OcOverview extends View {
  private status: Resource<Status> | undefined;
  private health: Resource<HealthView> | undefined;
  private presence: Resource<PresenceRow[]> | undefined;
  private costs: Resource<Costs> | undefined;
  static override properties = { ...View.properties, checking: { state: true } };
  declare checking: boolean;

  constructor() {
    super();
    this.checking = false;
  }

  static override styles = [
    sheet,
    stateStyles,
    page,
    css`
      .list {
        display: grid;
        grid-template-columns: minmax(0, 1fr);
        gap: 6px;
        margin: 0;
        padding: 0;
        list-style: none;
        font-size: var(--size-13);
      }
      .list li {
        display: flex;
        align-items: center;
        gap: var(--gap-2);
        min-block-size: 24px;
      }
      .big {
        font-size: var(--size-28);
        font-weight: 600;
        letter-spacing: -0.02em;
      }
      .model {
        flex-wrap: wrap;
      }
      figure {
        margin: var(--gap-3) 0 0;
      }
      figure svg {
        display: block;
        inline-size: 100%;
        block-size: 64px;
        border-block-end: 1px solid var(--line-strong);
      }
      rect {
        fill: var(--accent);
      }
      rect.room {
        fill: transparent;
      }
      rect.room:hover {
        fill: var(--surface-2);
      }
      figcaption {
        display: flex;
        justify-content: space-between;
        margin-block-start: var(--gap);
        color: var(--muted);
        font-size: var(--size-12);
      }
      @media (forced-colors: active) {
        rect:not(.room) {
          fill: CanvasText;
        }
      }
      .figures {
        display: flex;
        flex-wrap: wrap;
        gap: var(--gap-2) var(--gap-8);
      }
      .warnings {
        display: grid;
        gap: var(--gap-2);
      }
    `,
  ];

  protected override follows() {
    const { gateway, live } = this.app;
    this.status ??= createResource<Status>({ gateway, refreshOn: ["config.changed", "health", "sessions.changed"], everyMs: 10_000, load: () => gateway.call<Status>("status", {}) });
    this.health ??= createResource<HealthView>({ gateway, refreshOn: ["health"], load: () => gateway.call<HealthView>("health", {}) });
    this.presence ??= createResource<PresenceRow[]>({ gateway, refreshOn: ["presence"], everyMs: 30_000, load: () => gateway.call<PresenceRow[]>("system-presence", {}) });
    this.costs ??= createResource<Costs>({ gateway, everyMs: 60_000, load: () => gateway.call<Costs>("usage.cost", { days: 30 }) });
    return [gateway.state, gateway.hello, gateway.offlineSinceMs, live.models, live.sessions, live.runs, this.status, this.health, this.presence, this.costs];
  }

  protected override begin() {
    const timer = setInterval(() => this.requestUpdate(), secondMs);
    const offered = new Set(this.app.gateway.hello.get()?.features.methods);
    const wanted: [string, Resource<unknown> | undefined][] = [["status", this.status], ["health", this.health], ["system-presence", this.presence], ["usage.cost", this.costs]];
    return [() => clearInterval(timer), ...wanted.flatMap(([method, resource]) => (resource !== undefined && offered.has(method) ? [resource.begin()] : []))];
  }

  override render() {
    const { status, health, presence, costs, app } = this;
    const offers = (method: string): boolean => app.gateway.hello.get()?.features.methods.includes(method) ?? false;
    const { warnings = [] } = status?.get().value ?? {};
    return html`<div class="page">
      <div class="head"><h1>Overview</h1></div>
      ${this.modelNotice()}
      ${warnings.length > 0 ? html`<div class="warnings">${warnings.map((warning) => html`<oc-banner tone="warn">${warning}</oc-banner>`)}</div>` : nothing}
      <div class="columns">
        ${this.connectionCard()} ${status && offers("status") ? this.gatewayCard(status) : nothing} ${health && offers("health") ? this.healthCard(health) : nothing}
        ${status && offers("status") ? this.runsCard(status) : nothing} ${status && offers("status") ? this.modelsCard(status) : nothing} ${costs && offers("usage.cost") ? this.costCard(costs) : nothing} ${presence && offers("system-presence") ? this.presenceCard(presence) : nothing}
      </div>
    </div>`;
  }

  private modelNotice() {
    const models = this.app.live.models.get().value;
    const usable = models?.filter((model) => model.available !== false);
    if (usable === undefined || (usable.length > 0 && !usable.every(isDemo))) return nothing;
    const link = html`<oc-button slot="actions" size="small" @click=${() => this.app.route.go("models")}>Add a key</oc-button>`;
    return usable.length === 0
      ? html`<oc-banner tone="bad" heading="No model can be used.">Every message would fail. Add a provider's key: openclaw onboard, or here. ${link}</oc-banner>`
      : html`<oc-banner tone="info" heading="The demo model answers.">To use a real one, add a provider's key here or with <code>openclaw onboard</code>; it works without a restart. ${link}</oc-banner>`;
  }

  private connectionCard() {
    const { gateway } = this.app;
    const state = gateway.state.get();
    const hello = gateway.hello.get();
    const lost = gateway.offlineSinceMs.get();
    const deviceId = gateway.deviceId();
    return html`<oc-card heading="This connection">
      <dl>
        <dt>State</dt><dd>${state.kind === "online" ? html`<oc-badge tone="good" dot>Connected</oc-badge>` : html`<oc-badge tone="warn" dot>Not connected</oc-badge>${lost ? html` for <oc-time .at=${lost}></oc-time>` : nothing}`}</dd>
        ${state.kind === "online" ? html`<dt>Since</dt><dd><oc-time .at=${state.sinceMs}></oc-time></dd>` : nothing}
        <dt>Protocol</dt><dd>${hello?.protocol}</dd>
        <dt>Rights</dt><dd>${(hello?.auth?.scopes ?? []).map((scope) => scope.replace("operator.", "")).join(", ") || "none"}</dd>
        ${hello?.auth?.method ? html`<dt>Signed in by</dt><dd>${hello.auth.method}</dd>` : nothing}
        <dt>This page</dt><dd>${ownVersion}${hello && hello.server.version !== ownVersion ? html` <oc-badge tone="warn">not the gateway's ${hello.server.version}: reload</oc-badge>` : nothing}</dd>
        ${deviceId ? html`<dt>Device</dt><dd><oc-copy text=${deviceId} shown=${deviceId.slice(0, 12)} label="Copy the device id"></oc-copy></dd>` : nothing}
      </dl>
    </oc-card>`;
  }

  private gatewayCard(status: Resource<Status>) {
    const hello = this.app.gateway.hello.get();
    const { loadedAtMs = Date.now() } = status.get();
    return html`<oc-card heading="Gateway">
      ${drawStates(this.app, status, {
        lines: 5,
        ready: ({ gateway, sessions, outbox }) => {
          const uptimeMs = gateway === undefined ? undefined : gateway.uptimeMs + (this.app.gateway.isOnline() ? Date.now() - loadedAtMs : 0);
          return html`<dl>
            <dt>Version</dt><dd>${hello?.server.version}</dd>
            ${uptimeMs === undefined ? nothing : html`<dt>Up for</dt><dd>${duration(uptimeMs)}</dd>`}
            ${gateway ? html`<dt>Listens on</dt><dd>${(gateway.hosts ?? []).join(", ")} port ${gateway.port}${gateway.secure ? ", TLS" : ""}</dd><dt>Connections</dt><dd>${count(gateway.signedIn)}</dd>` : nothing}
            ${sessions ? html`<dt>Sessions</dt><dd><a href=${this.app.route.href("sessions")}>${count(sessions.count)}</a></dd>` : nothing}
            ${outbox ? html`<dt>To be sent</dt><dd>${count(outbox.pending)}</dd>` : nothing}
            ${hello?.snapshot.configPath ? html`<dt>Configuration</dt><dd class="mono small">${hello.snapshot.configPath}</dd>` : nothing}
            ${hello?.snapshot.stateDir ? html`<dt>State</dt><dd class="mono small">${hello.snapshot.stateDir}</dd>` : nothing}
          </dl>`;
        },
      })}
    </oc-card>`;
  }

  private healthCard(health: Resource<HealthView>) {
    return html`<oc-card heading="Health">
      <oc-button slot="actions" size="small" icon="refresh" ?busy=${this.checking} ?disabled=${!this.app.gateway.isOnline()} @click=${() => void this.check()}>Check now</oc-button>
      ${drawStates(this.app, health, {
        lines: 4,
        ready: (value) => {
          const errors = value.plugins?.errors ?? [];
          const degraded = value.eventLoop?.degraded === true;
          return html`<dl>
              <dt>State</dt><dd>${errors.length > 0 || degraded ? html`<oc-badge tone="warn" dot>Working, with trouble</oc-badge>` : html`<oc-badge tone="good" dot>Well</oc-badge>`}</dd>
              ${value.ts ? html`<dt>Looked at</dt><dd><oc-time .at=${value.ts}></oc-time>${value.durationMs === undefined ? nothing : html`, took ${duration(value.durationMs)}`}</dd>` : nothing}
              ${value.eventLoop?.delayP99Ms === undefined ? nothing : html`<dt>Answers within</dt><dd>${duration(value.eventLoop.delayP99Ms)} <span class="muted">(99 of 100)</span></dd>`}
              <dt>Extensions</dt><dd>${(value.plugins?.loaded ?? []).join(", ") || "none loaded yet"}</dd>
            </dl>
            ${degraded ? html`<br /><oc-banner tone="warn" heading="The gateway is slow to react.">${(value.eventLoop?.reasons ?? []).join(", ")}</oc-banner>` : nothing}
            ${errors.map((error) => html`<br /><oc-banner tone="bad" heading="${error.id} does not work.">${error.error}</oc-banner>`)}`;
        },
      })}
    </oc-card>`;
  }

  private runsCard(status: Resource<Status>) {
    const runs = this.app.live.runs.get();
    const rows = this.app.live.sessions.get().value?.rows ?? [];
    const nameOf = (key: string): string => {
      const row = rows.find((candidate) => candidate.key === key);
      return row ? titleOf(row) : shortKey(key);
    };
    const known = new Map((status.get().value?.runs ?? []).map((run) => [run.runId, run]));
    return html`<oc-card heading="Running now">
      ${runs.size === 0
        ? html`<p class="muted">Nothing is running.</p>`
        : html`<ul class="list">
            ${[...runs].map(([runId, key]) => {
              const startedAt = known.get(runId)?.startedAt;
              return html`<li><oc-badge tone="info" dot>Running</oc-badge><a class="grow cut" href=${this.app.route.href("chat", [key])}>${nameOf(key)}</a>${startedAt ? html`<span class="muted">${duration(Date.now() - startedAt)}</span>` : nothing}</li>`;
            })}
          </ul>`}
    </oc-card>`;
  }

  private modelsCard(status: Resource<Status>) {
    return html`<oc-card heading="Models asked" note="Since the gateway started.">
      ${drawStates(this.app, status, {
        lines: 2,
        ready: ({ models = [] }) => models.length === 0
          ? html`<p class="muted">None was asked yet.</p>`
          : html`<ul class="list">
              ${models.map((model) => {
                const failure = standingFailure([model]);
                return html`<li class="model"><a class="cut" href=${this.app.route.href("models")}>${model.id}</a>${circuitBadge([model])}
                  ${failure ? html`<span class="small muted">${failure.reason}, <oc-time .at=${failure.at}></oc-time></span>` : model.lastSuccessAt ? html`<oc-time class="small muted" .at=${model.lastSuccessAt}></oc-time>` : nothing}</li>`;
              })}
            </ul>`,
      })}
    </oc-card>`;
  }

  private costCard(costs: Resource<Costs>) {
    return html`<oc-card heading="Last 30 days" note="From the providers' own figures.">
      ${drawStates(this.app, costs, {
        lines: 2,
        ready: ({ totals, daily }) => html`<div class="figures">
            <div><div class="big">${short(totals.totalTokens)}</div><div class="muted small">tokens</div></div>
            <div><div class="big">${money(totals.totalCost)}</div><div class="muted small">US dollars</div></div>
          </div>
          ${chart(daily)}
          ${totals.missingCostEntries > 0 ? html`<p class="muted small">${count(totals.missingCostEntries)} answers had no price and are not in the sum.</p>` : nothing}`,
      })}
    </oc-card>`;
  }

  private presenceCard(presence: Resource<PresenceRow[]>) {
    return html`<oc-card heading="Who is here">
      ${drawStates(this.app, presence, {
        lines: 3,
        ready: (rows) => html`<ul class="list">
          ${rows.map((row) => html`<li><oc-badge tone=${row.reason === "disconnect" ? "plain" : "good"} dot>${row.reason === "disconnect" ? "Left" : "Here"}</oc-badge><span class="grow cut">${row.host ?? row.mode ?? "A client"} <span class="muted">${row.platform ?? ""} ${row.mode ?? ""}</span></span><oc-time class="muted small" .at=${row.ts}></oc-time></li>`)}
        </ul>`,
      })}
    </oc-card>`;
  }

  private async check(): Promise<void> {
    this.checking = true;
    try {
      await this.app.gateway.call("health", { probe: true });
      await this.health?.reload();
    } catch (error) {
      this.app.toasts.failed("Not checked", error);
    }
    this.checking = false;
  }
}
customElements.define("oc-overview", OcOverview);

/** Tokens by day, the newest at the end; each day says its figures when it is pointed at. */
function chart(daily: Costs["daily"]) {
  const most = Math.max(0, ...daily.map((day) => day.totalTokens));
  const busiest = daily.find((day) => day.totalTokens === most);
  if (most === 0 || busiest === undefined) return nothing;
  const [first, last] = [daily[0]?.date ?? "", daily.at(-1)?.date ?? ""];
  return html`<figure>
    <svg role="img" aria-label="Tokens by day from ${first} to ${last}; most on ${busiest.date}: ${tokens(most)}" viewBox="0 0 ${daily.length * dayWidth} ${chartHeight}" preserveAspectRatio="none">
      ${daily.map((day, index) => {
        const height = day.totalTokens === 0 ? 0 : Math.max(1, (day.totalTokens / most) * chartHeight);
        return svg`<rect class="room" x=${index * dayWidth} y="0" width=${dayWidth} height=${chartHeight}><title>${dayWords(day)}</title></rect><rect x=${index * dayWidth + 1} y=${chartHeight - height} width=${dayWidth - 2} height=${height}><title>${dayWords(day)}</title></rect>`;
      })}
    </svg>
    <figcaption><span>${first}</span><span>most: ${tokens(most)}</span><span>${last}</span></figcaption>
  </figure>`;
}

function dayWords(day: Costs["daily"][number]): string {
  return `${day.date}: ${tokens(day.totalTokens)}, ${money(day.totalCost)}`;
}
