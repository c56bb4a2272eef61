// Models and keys: which providers have a key and how they behave, one form to add one, the default model and its fallbacks.
import { css, html, nothing } from "lit";
import { View } from "../app/view.ts";
import { createResource, type Resource } from "../app/resource.ts";
import { isDemo, modelName, type ModelRow, type ProviderRow, shownName } from "../app/wire.ts";
import { short } from "../parts/format.ts";
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
import { type Circuit, circuitBadge, lastGood as lastGoodOf, standingFailure } from "./circuit.ts";
import { page } from "./page.ts";

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
      .provider oc-banner,
      .provider details {
        grid-column: 1 / -1;
      }
      summary {
        min-block-size: 24px;
        cursor: pointer;
      }
      details ul {
        max-block-size: 20rem;
        margin: 0;
        padding: 0;
        overflow: auto;
        list-style: none;
        font-size: var(--size-13);
      }
      details li {
        display: flex;
        flex-wrap: wrap;
        align-items: baseline;
        gap: 0 var(--gap-3);
        padding-block: 3px;
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
    const rests = circuits.some((circuit) => circuit.circuit === "open");
    const lastGood = Math.max(lastGoodOf(circuits), probe?.state === "good" ? probe.at : 0);
    const failure = standingFailure(circuits, lastGood);
    const models = (this.app.live.models.get().value ?? []).filter((model) => model.provider === provider.id);
    const mayProbe = this.app.gateway.can("models.probe", "operator.admin");
    const inFile = this.chosen?.get().value?.inFile.has(provider.id) ?? false;
    return html`<div class="provider">
      <div>
        <div class="row wrap"><strong>${provider.label}</strong>${provider.id === "demo" ? html`<oc-badge tone="info">Demo</oc-badge>` : nothing}${circuitBadge(circuits, lastGood)}</div>
        <div class="facts">
          ${provider.id === provider.label.toLowerCase() ? nothing : html`<span class="mono">${provider.id}</span>`}
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
      ${failure && probe === undefined ? html`<oc-banner tone="warn" heading=${rests ? "Left alone for a while after failures." : "The last answer failed."}>${failure.reason} (${failure.kind}, <oc-time .at=${failure.at}></oc-time>).${rests ? " It is tried again by itself." : ""}</oc-banner>` : nothing}
      ${models.length > 0 ? this.modelList(models) : nothing}
    </div>`;
  }

  private modelList(models: readonly ModelRow[]) {
    return html`<details>
      <summary class="small muted">${models.length === 1 ? "1 model" : `${models.length} models`}</summary>
      <ul>
        ${models.map((model) => html`<li><span class="cut">${shownName(model)}</span><code class="cut">${modelName(model)}</code>
            <span class="muted">${model.available === false ? (model.unavailableReason ?? "not available") : [model.contextWindow && `${short(model.contextWindow)} context`, model.reasoning && "thinks", model.input?.includes("image") && "sees pictures"].filter(Boolean).join(", ")}</span></li>`)}
      </ul>
    </details>`;
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
