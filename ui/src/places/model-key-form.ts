// The one form that adds a model provider or replaces its key. It is written into the configuration and works at once.
import { css, html, nothing } from "lit";
import { problemOf, type Problem } from "../app/problem.ts";
import { View } from "../app/view.ts";
import type { ProviderRow } from "../app/wire.ts";
import type { OcField } from "../parts/field.ts";
import type { Option } from "../parts/select.ts";
import { sheet } from "../parts/sheet.ts";
import "../parts/banner.ts";
import "../parts/button.ts";
import "../parts/dialog.ts";
import "../parts/field.ts";
import "../parts/select.ts";

const other = "(other)";
const dialects: readonly Option[] = [
  { value: "openai-completions", label: "OpenAI chat completions" },
  { value: "openai-responses", label: "OpenAI responses" },
  { value: "anthropic-messages", label: "Anthropic messages" },
  { value: "ollama", label: "Ollama" },
];
const idPattern = /^[a-z0-9][a-z0-9_-]{0,63}$/;

export class OcModelKeyForm extends View {
  static override properties = { ...View.properties, providers: { attribute: false }, provider: { type: String }, chosen: { state: true }, dialect: { state: true }, problem: { state: true }, busy: { state: true } };
  declare providers: readonly ProviderRow[];
  /** Given when the key of a known provider is replaced. */
  declare provider: string;
  declare chosen: string;
  declare dialect: string;
  declare problem: Problem | undefined;
  declare busy: boolean;

  constructor() {
    super();
    this.providers = [];
    this.provider = "";
    this.chosen = "";
    this.dialect = "openai-completions";
    this.busy = false;
  }

  static override styles = [
    sheet,
    css`
      .fields {
        display: grid;
        gap: var(--gap-4);
      }
    `,
  ];

  override willUpdate(): void {
    if (this.chosen === "") this.chosen = this.provider || (this.options()[0]?.value ?? other);
  }

  private options(): Option[] {
    const familiar = ["anthropic", "openai", "google", "openrouter"];
    const rank = (id: string): number => (familiar.includes(id) ? familiar.indexOf(id) : familiar.length);
    const rows = this.providers.filter((row) => row.id !== "demo").toSorted((one, two) => rank(one.id) - rank(two.id) || one.label.localeCompare(two.label));
    return [...rows.map((row) => ({ value: row.id, label: row.configured ? `${row.label} (has a key)` : row.label })), { value: other, label: "Another, by its address" }];
  }

  override render() {
    const row = this.providers.find((candidate) => candidate.id === this.chosen);
    const own = this.chosen === other;
    return html`<oc-dialog heading=${this.provider ? `Key of ${row?.label ?? this.provider}` : "Add a provider"} open>
      <div class="fields">
        ${this.problem ? html`<oc-banner tone="bad" heading=${this.problem.what} code=${this.problem.code}>${this.problem.next}</oc-banner>` : nothing}
        ${this.provider ? nothing : html`<oc-select label="Provider" .options=${this.options()} value=${this.chosen} @change=${(event: CustomEvent<string>) => (this.chosen = event.detail)}></oc-select>`}
        ${own ? html`<oc-field id="id" label="Short name" placeholder="my-server" hint="Models are then named my-server/model." mono></oc-field>` : nothing}
        ${own || row?.id === "ollama" ? html`<oc-field id="url" type="url" label="Address" placeholder=${row?.id === "ollama" ? "http://127.0.0.1:11434" : "https://host/v1"} .value=${row?.baseUrl ?? ""} mono></oc-field>` : nothing}
        ${own ? html`<oc-select label="It speaks" .options=${dialects} value=${this.dialect} @change=${(event: CustomEvent<string>) => (this.dialect = event.detail)}></oc-select><oc-field id="models" label="Models" placeholder="llama-4, qwen-3" hint="Ids, separated by commas." mono></oc-field>` : nothing}
        <oc-field id="key" type="password" label=${own || row?.needsKey === false ? "Key, if it wants one" : "Key"} placeholder=${row?.keyHint ?? ""} hint="Stored on the gateway; never shown again." autocomplete="off" mono @enter=${this.save}></oc-field>
      </div>
      <oc-button slot="actions" @click=${() => this.dispatchEvent(new CustomEvent("dismiss"))}>Cancel</oc-button>
      <oc-button slot="actions" kind="primary" ?busy=${this.busy} @click=${this.save}>Save and test</oc-button>
    </oc-dialog>`;
  }

  private field(id: string): OcField | null {
    return this.renderRoot.querySelector<OcField>(`#${id}`);
  }

  private value(id: string): string {
    return this.field(id)?.value.trim() ?? "";
  }

  /** The entry to write, or undefined after marking what is missing. */
  private entry(): { id: string; entry: Record<string, unknown> } | undefined {
    const own = this.chosen === other;
    const row = this.providers.find((candidate) => candidate.id === this.chosen);
    const id = own ? this.value("id") : this.chosen;
    const models = this.value("models").split(",").map((name) => name.trim()).filter((name) => name !== "");
    const mark = (field: string, error: string): undefined => {
      const target = this.field(field);
      if (target) target.error = error;
      return undefined;
    };
    for (const field of this.renderRoot.querySelectorAll<OcField>("oc-field")) field.error = "";
    if (own && !idPattern.test(id)) return mark("id", "Lower-case letters, digits, - and _.");
    if (own && !URL.canParse(this.value("url"))) return mark("url", "A full address, such as https://host/v1.");
    if (own && models.length === 0) return mark("models", "At least one model id.");
    if (!own && row?.needsKey !== false && this.value("key") === "") return mark("key", "The provider needs a key.");
    return {
      id,
      entry: {
        ...(this.value("key") !== "" && { apiKey: this.value("key") }),
        ...(this.value("url") !== "" && { baseUrl: this.value("url") }),
        ...(own && { api: this.dialect, models: models.map((name) => ({ id: name, name })), ...(this.value("key") === "" && { auth: "none" }) }),
      },
    };
  }

  private async save(): Promise<void> {
    const made = this.entry();
    if (made === undefined || this.busy) return;
    this.busy = true;
    try {
      const { hash } = await this.app.gateway.call<{ hash?: string }>("config.get", {});
      await this.app.gateway.call("config.patch", { raw: JSON.stringify({ models: { providers: { [made.id]: made.entry } } }), ...(hash !== undefined && { baseHash: hash }) });
      this.dispatchEvent(new CustomEvent("done", { detail: made.id }));
    } catch (error) {
      this.problem = problemOf(error);
    }
    this.busy = false;
  }
}
customElements.define("oc-model-key-form", OcModelKeyForm);
