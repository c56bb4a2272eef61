// Models and keys: which providers have a key and how they behave, one form to add one, the default model and its fallbacks.
import { css, html, nothing } from "lit";
import { View } from "../app/view.ts";
import { createResource, type Resource } from "../app/resource.ts";
import { isDemo, modelName, type ProviderRow, shownName } from "../app/wire.ts";
import type { Option } from "../parts/select.ts";
import { sheet } from "../parts/sheet.ts";
import { drawStates, stateStyles } from "../parts/states.ts";
import "../parts/badge.ts";
import "../parts/banner.ts";
import "../parts/button.ts";
import "../parts/card.ts";
import "../parts/dialog.ts";
import "../parts/empty.ts";
import "../parts/select.ts";
import "../parts/time.ts";
import "./model-key-form.ts";
import { page } from "./page.ts";

interface Circuit {
  id: string;
  provider: string;
  circuit: "closed" | "open" | "half-open";
  lastFailure?: { at: number; kind: string; reason: string };
  lastSuccessAt?: number;
}

interface Keys {
  providers: ProviderRow[];
  circuits: Circuit[];
}

interface Chosen {
  hash?: string;
  primary: string;
  fallbacks: string[];
  /** Providers that stand in the file, so that they can be taken out. */
  inFile: ReadonlySet<string>;
}

interface ConfigView {
  hash?: string;
  parsed?: { agents?: { defaults?: { model?: string | { primary?: string; fallbacks?: string[] } } }; models?: { providers?: Record<string, unknown> } } | null;
}

type Probe = { state: "running" } | { state: "good"; at: number } | { state: "bad"; reason: string; at: number };

export class OcModels extends View {
  static override properties = { ...View.properties, adding: { state: true }, probes: { state: true }, removing: { state: true } };
  /** Provider whose key is being given; empty for a new one; undefined when the form is closed. */
  declare adding: string | undefined;
  declare probes: Readonly<Record<string, Probe>>;
  declare removing: ProviderRow | undefined;
  private keys: Resource<Keys> | undefined;
  private chosen: Resource<Chosen> | undefined;

  constructor() {
    super();
    this.probes = {};
  }

  static override styles = [
    sheet,
    stateStyles,
    page,
    css`
      .provider {
        display: grid;
        grid-template-columns: minmax(0, 1fr) auto;
        align-items: center;
        gap: var(--gap) var(--gap-3);
        padding: var(--gap-3) var(--gap-4);
        border-block-start: 1px solid var(--line);
      }
      .provider:first-child {
        border-block-start: 0;
      }
      .provider strong {
        font-weight: 600;
      }
      .facts {
        display: flex;
        flex-wrap: wrap;
        gap: 2px var(--gap-4);
        color: var(--muted);
        font-size: var(--size-12);
      }
      .provider oc-banner {
        grid-column: 1 / -1;
      }
      .fallback {
        display: flex;
        align-items: center;
        gap: var(--gap-2);
        min-block-size: 36px;
      }
      .defaults {
        display: grid;
        gap: var(--gap-3);
        max-inline-size: 480px;
      }
    `,
  ];

  protected override follows() {
    const { gateway, live } = this.app;
    this.keys ??= createResource<Keys>({ gateway, refreshOn: ["config.changed"], everyMs: 15_000, load: () => gateway.call<Keys>("models.authStatus", {}) });
    this.chosen ??= createResource<Chosen>({ gateway, refreshOn: ["config.changed"], load: async () => chosenOf(await gateway.call<ConfigView>("config.get", {})) });
    return [gateway.state, gateway.hello, live.models, this.keys, this.chosen];
  }

  protected override begin() {
    return [this.keys, this.chosen].map((resource) => resource?.begin() ?? (() => undefined));
  }

  override render() {
    const { app, keys } = this;
    const mayChange = app.gateway.can("config.patch", "operator.admin");
    const models = app.live.models.get().value ?? [];
    const demoOnly = models.length > 0 && models.filter((model) => model.available !== false).every(isDemo);
    return html`<div class="page">
      <div class="head"><h1>Models and keys</h1><span class="grow"></span>${mayChange ? html`<oc-button kind="primary" icon="plus" ?disabled=${!app.gateway.isOnline()} @click=${() => (this.adding = "")}>Add a key</oc-button>` : nothing}</div>
      ${demoOnly ? html`<oc-banner tone="info" heading="Only the demo model answers.">It is built in, works offline and costs nothing, but it knows only a few tricks. Add a provider's key to use a real model; no restart is needed.</oc-banner>` : nothing}
      ${mayChange ? nothing : html`<oc-banner tone="warn" heading="This browser may look, but not change.">Ask for full access under Devices.</oc-banner>`}
      ${this.adding === undefined ? nothing : html`<oc-model-key-form .app=${app} .providers=${keys?.get().value?.providers ?? []} provider=${this.adding} @done=${this.added} @dismiss=${() => (this.adding = undefined)}></oc-model-key-form>`}
      ${keys ? drawStates(app, keys, { lines: 5, ready: (value) => this.providers(value, mayChange) }) : nothing}
      ${this.chosen ? drawStates(app, this.chosen, { lines: 3, ready: (value) => this.defaults(value, mayChange) }) : nothing} ${this.dialog()}
    </div>`;
  }

  private providers({ providers, circuits }: Keys, mayChange: boolean) {
    const configured = providers.filter((provider) => provider.configured);
    if (configured.length === 0) return html`<oc-card heading="Providers"><oc-empty icon="key" heading="No provider has a key">${mayChange ? "A key takes one form and works at once." : "An owner can add one."}${mayChange ? html`<oc-button slot="action" @click=${() => (this.adding = "")}>Add a key</oc-button>` : nothing}</oc-empty></oc-card>`;
    return html`<oc-card flush heading="Providers">${configured.map((provider) => this.provider(provider, circuits.filter((circuit) => circuit.provider === provider.id), mayChange))}</oc-card>`;
  }

  private provider(provider: ProviderRow, circuits: readonly Circuit[], mayChange: boolean) {
    const probe = this.probes[provider.id];
    const open = circuits.find((circuit) => circuit.circuit === "open") ?? circuits.find((circuit) => circuit.circuit === "half-open");
    const lastGood = Math.max(0, ...circuits.map((circuit) => circuit.lastSuccessAt ?? 0));
    const mayProbe = this.app.gateway.can("models.probe", "operator.admin");
    const inFile = this.chosen?.get().value?.inFile.has(provider.id) ?? false;
    return html`<div class="provider">
      <div>
        <div class="row wrap"><strong>${provider.label}</strong>${provider.id === "demo" ? html`<oc-badge tone="info">Demo</oc-badge>` : nothing}${this.circuitBadge(open, probe?.state === "good" ? probe.at : lastGood)}</div>
        <div class="facts">
          <span class="mono">${provider.id}</span>
          ${keyWords(provider)}
          ${provider.baseUrl ? html`<span class="mono">${provider.baseUrl}</span>` : nothing} ${lastGood > 0 ? html`<span>last answer <oc-time .at=${lastGood}></oc-time></span>` : nothing}
        </div>
      </div>
      <div class="row">
        ${mayProbe ? html`<oc-button size="small" ?busy=${probe?.state === "running"} @click=${() => void this.probe(provider.id)}>Test</oc-button>` : nothing}
        ${mayChange && provider.id !== "demo" ? html`<oc-button size="small" icon="edit" label="Replace the key of ${provider.label}" @click=${() => (this.adding = provider.id)}></oc-button>` : nothing}
        ${mayChange && inFile ? html`<oc-button size="small" kind="danger" icon="trash" label="Remove ${provider.label}" @click=${() => (this.removing = provider)}></oc-button>` : nothing}
      </div>
      ${probe?.state === "good" ? html`<oc-banner tone="good" heading="It works.">The provider answered <oc-time .at=${probe.at}></oc-time>.</oc-banner>` : nothing}
      ${probe?.state === "bad" ? html`<oc-banner tone="bad" heading="It does not work.">${probe.reason}</oc-banner>` : nothing}
      ${open?.lastFailure && probe === undefined ? html`<oc-banner tone="warn" heading="Left alone for a while after failures.">Last: ${open.lastFailure.reason} (${open.lastFailure.kind}, <oc-time .at=${open.lastFailure.at}></oc-time>). It is tried again by itself.</oc-banner>` : nothing}
    </div>`;
  }

  private circuitBadge(open: Circuit | undefined, lastGood: number) {
    if (open?.circuit === "open") return html`<oc-badge tone="bad" dot>Resting after failures</oc-badge>`;
    if (open?.circuit === "half-open") return html`<oc-badge tone="warn" dot>Being tried again</oc-badge>`;
    return lastGood > 0 ? html`<oc-badge tone="good" dot>Answering</oc-badge>` : html`<oc-badge>Not used yet</oc-badge>`;
  }

  private defaults(chosen: Chosen, mayChange: boolean) {
    const models = (this.app.live.models.get().value ?? []).filter((model) => model.available !== false);
    const known: Option[] = models.map((model) => ({ value: modelName(model), label: shownName(model), group: model.provider }));
    const withOwn = (value: string): Option[] => (value === "" || known.some((option) => option.value === value) ? known : [{ value, label: `${value} (not available)` }, ...known]);
    const fixed = !mayChange || !this.app.gateway.isOnline();
    const rest = known.filter((option) => option.value !== chosen.primary && !chosen.fallbacks.includes(option.value));
    return html`<oc-card heading="Default model" note="Answers wherever a conversation or agent names no other. The fallbacks are tried in order when it fails before saying anything.">
      <div class="defaults">
        <oc-select label="Default" value=${chosen.primary} .options=${[{ value: "", label: "Chosen by the gateway" }, ...withOwn(chosen.primary)]} ?disabled=${fixed} @change=${(event: CustomEvent<string>) => void this.save(chosen, event.detail, chosen.fallbacks)}></oc-select>
        ${chosen.fallbacks.length > 0
          ? html`<div role="group" aria-label="Fallbacks">
              <h2>Fallbacks</h2>
              ${chosen.fallbacks.map((name, index) => html`<div class="fallback"><span class="muted">${index + 1}</span><span class="grow cut mono">${name}</span>
                  <oc-button size="small" kind="quiet" icon="up" label="Move ${name} up" ?disabled=${fixed || index === 0} @click=${() => void this.save(chosen, chosen.primary, moved(chosen.fallbacks, index))}></oc-button>
                  <oc-button size="small" kind="quiet" icon="close" label="Remove ${name}" ?disabled=${fixed} @click=${() => void this.save(chosen, chosen.primary, chosen.fallbacks.filter((other) => other !== name))}></oc-button></div>`)}
            </div>`
          : nothing}
        ${rest.length > 0 && chosen.primary !== "" ? html`<oc-select label="Add a fallback" value="" .options=${[{ value: "", label: "Choose a model" }, ...rest]} ?disabled=${fixed} @change=${(event: CustomEvent<string>) => event.detail !== "" && void this.save(chosen, chosen.primary, [...chosen.fallbacks, event.detail])}></oc-select>` : nothing}
      </div>
    </oc-card>`;
  }

  private dialog() {
    const provider = this.removing;
    if (provider === undefined) return nothing;
    return html`<oc-dialog heading="Remove ${provider.label}?" open @dismiss=${() => (this.removing = undefined)}>
      <p>Its key and settings leave the configuration. Conversations that chose one of its models answer with an error until another is chosen.</p>
      <oc-button slot="actions" @click=${() => (this.removing = undefined)}>Cancel</oc-button>
      <oc-button slot="actions" kind="danger" @click=${() => void this.takeOut(provider)}>Remove</oc-button>
    </oc-dialog>`;
  }

  private async probe(provider: string): Promise<void> {
    this.probes = { ...this.probes, [provider]: { state: "running" } };
    try {
      const { status, error } = await this.app.gateway.call<{ status: string; error?: string }>("models.probe", { provider }, { timeoutMs: 60_000 });
      this.probes = { ...this.probes, [provider]: status === "ok" ? { state: "good", at: Date.now() } : { state: "bad", reason: error ?? "The provider refused without a reason.", at: Date.now() } };
    } catch (error) {
      const { [provider]: _gone, ...rest } = this.probes;
      this.probes = rest;
      this.app.toasts.failed("Not tested", error);
    }
    void this.keys?.reload();
  }

  private async save(chosen: Chosen, primary: string, fallbacks: readonly string[]): Promise<void> {
    const model = primary === "" ? null : { primary, fallbacks: fallbacks.filter((name) => name !== primary) };
    await this.patch({ agents: { defaults: { model } } }, chosen.hash, "Not changed");
  }

  private async takeOut(provider: ProviderRow): Promise<void> {
    this.removing = undefined;
    await this.patch({ models: { providers: { [provider.id]: null } } }, this.chosen?.get().value?.hash, "Not removed");
  }

  private async patch(change: object, hash: string | undefined, failed: string): Promise<void> {
    try {
      await this.app.gateway.call("config.patch", { raw: JSON.stringify(change), ...(hash !== undefined && { baseHash: hash }) });
    } catch (error) {
      this.app.toasts.failed(failed, error);
    }
    await Promise.all([this.chosen?.reload(), this.keys?.reload(), this.app.live.models.reload(), this.app.live.sessions.reload()]);
  }

  private async added(event: CustomEvent<string>): Promise<void> {
    this.adding = undefined;
    await Promise.all([this.chosen?.reload(), this.keys?.reload(), this.app.live.models.reload(), this.app.live.sessions.reload()]);
    await this.probe(event.detail);
  }
}
customElements.define("oc-models", OcModels);

function keyWords({ keySource, keyEnv, needsKey }: ProviderRow) {
  if (keySource === "environment") return html`<span>key from ${keyEnv ?? "the environment"}</span>`;
  if (keySource === "config") return html`<span>key in the configuration</span>`;
  if (keySource === "ambient") return html`<span>signed in by this machine</span>`;
  return needsKey ? nothing : html`<span>needs no key</span>`;
}

function chosenOf({ hash, parsed }: ConfigView): Chosen {
  const model = parsed?.agents?.defaults?.model;
  const primary = typeof model === "string" ? model : (model?.primary ?? "");
  return { primary, fallbacks: typeof model === "string" ? [] : (model?.fallbacks ?? []), inFile: new Set(Object.keys(parsed?.models?.providers ?? {})), ...(hash !== undefined && { hash }) };
}

function moved(list: readonly string[], index: number): string[] {
  const next = [...list];
  const [item] = next.splice(index, 1);
  if (item !== undefined) next.splice(index - 1, 0, item);
  return next;
}
