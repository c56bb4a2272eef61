// Where a person writes: several lines, attachments by picker, paste and drop, `/` commands with help, model, thinking and queue choices.
import { css, html, nothing } from "lit";
import { agentOf } from "../app/agents.ts";
import { View } from "../app/view.ts";
import { modelName, shownName } from "../app/wire.ts";
import { bytes } from "../parts/format.ts";
import type { Option } from "../parts/select.ts";
import { sheet } from "../parts/sheet.ts";
import { type AttachLimits, readFiles } from "./attach.ts";
import type { Conversation, Queued } from "./conversation.ts";
import type { Attachment } from "./outbox.ts";
import { slashCommands } from "./slash.ts";
import "../parts/button.ts";
import "../parts/icon.ts";
import "../parts/select.ts";

const queueModes: readonly Option[] = [
  { value: "", label: "Queue as configured" },
  { value: "steer", label: "Steer: into the running answer" },
  { value: "followup", label: "Follow up: after it" },
  { value: "collect", label: "Collect: together after it" },
  { value: "interrupt", label: "Interrupt: stop it first" },
];
const usualLevels = ["off", "minimal", "low", "medium", "high"].map((id) => ({ id, label: id }));
const draftKey = "openclaw.draft.";
/** What hello says, unless it says nothing. */
const usualLimits: AttachLimits = { maxBytes: 19_464_192, maxImageBytes: 6_291_456 };

export class OcComposer extends View {
  static override properties = { ...View.properties, conversation: { attribute: false }, text: { state: true }, files: { state: true }, queueMode: { state: true }, helpAt: { state: true }, helpOff: { state: true } };
  declare conversation: Conversation;
  declare text: string;
  declare files: readonly Attachment[];
  declare queueMode: string;
  declare helpAt: number;
  /** Escape hides the command help until the text changes. */
  declare helpOff: boolean;
  private stop: (() => void) | undefined;

  constructor() {
    super();
    this.text = "";
    this.files = [];
    this.queueMode = "";
    this.helpAt = 0;
    this.helpOff = false;
  }

  static override styles = [
    sheet,
    css`
      :host {
        display: block;
        inline-size: min(calc(var(--prose) + 2 * var(--gap-5)), 100%);
        font-size: var(--size-16);
        margin-inline: auto;
        padding: 0 var(--gap-5) var(--gap-3);
      }
      .box {
        position: relative;
        border: 1px solid var(--line-strong);
        border-radius: var(--radius-large);
        background: var(--surface-1);
      }
      .box:focus-within {
        border-color: var(--accent);
        box-shadow: 0 0 0 1px var(--accent);
      }
      textarea {
        display: block;
        inline-size: 100%;
        min-block-size: 46px;
        max-block-size: min(40dvh, 320px);
        padding: 11px var(--gap-3) 4px;
        border: 0;
        outline: 0;
        background: none;
        color: var(--text);
        font: 400 var(--size-16) / 1.5 var(--font);
        resize: none;
        field-sizing: content;
      }
      /* The whole box shows the focus. */
      textarea:focus-visible {
        outline: 0;
      }
      textarea::placeholder {
        color: var(--muted);
        opacity: 1;
      }
      .controls {
        display: flex;
        align-items: center;
        gap: 2px;
        padding: 2px 6px 6px;
      }
      .controls oc-select {
        min-inline-size: 0;
        flex: 0 1 auto;
        max-inline-size: 260px;
      }
      .controls oc-button {
        margin-inline-start: 2px;
      }
      .files {
        display: flex;
        flex-wrap: wrap;
        gap: 6px;
        padding: var(--gap-2) var(--gap-2) 0;
      }
      .file {
        display: flex;
        align-items: center;
        gap: 6px;
        max-inline-size: 240px;
        padding: 2px 2px 2px 8px;
        border: 1px solid var(--line);
        border-radius: var(--radius);
        font-size: var(--size-12);
      }
      .file img {
        inline-size: 28px;
        block-size: 28px;
        border-radius: 3px;
        object-fit: cover;
      }
      .queue {
        display: grid;
        gap: 4px;
        margin-block-end: 6px;
        padding: 6px 6px 6px var(--gap-3);
        border: 1px dashed var(--line-strong);
        border-radius: var(--radius);
        font-size: var(--size-13);
      }
      .help {
        position: absolute;
        z-index: 5;
        inset-block-end: calc(100% + 6px);
        inset-inline: 0;
        max-block-size: 280px;
        margin: 0;
        padding: 4px;
        border: 1px solid var(--line);
        border-radius: var(--radius-large);
        background: var(--surface-1);
        box-shadow: var(--shadow-large);
        overflow: auto;
        list-style: none;
      }
      .help li {
        display: flex;
        gap: var(--gap-3);
        padding: 6px 10px;
        border-radius: var(--radius);
        font-size: var(--size-13);
        cursor: pointer;
      }
      .help li[aria-selected="true"] {
        background: var(--accent-soft);
      }
      .help code {
        min-inline-size: 84px;
        font-weight: 600;
      }
      @media (max-width: 720px) {
        :host {
          padding-inline: var(--gap-2);
          padding-block-end: var(--gap-2);
        }
        .controls .level {
          flex: none;
        }
      }
    `,
  ];

  protected override follows() {
    return [this.app.live.models, this.app.live.sessions, this.app.live.agents, this.app.gateway.state];
  }

  override willUpdate(changed: Map<string, unknown>): void {
    if (!changed.has("conversation")) return;
    this.stop?.();
    this.stop = this.conversation.subscribe(() => this.requestUpdate());
    this.text = sessionStorage.getItem(draftKey + this.conversation.key) ?? "";
    this.files = [];
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.stop?.();
    this.stop = undefined;
  }

  override focus(): void {
    this.renderRoot.querySelector("textarea")?.focus();
  }

  /** Puts words in, as quoting and forking do. */
  insert(words: string): void {
    this.write(this.text === "" ? words : `${this.text}\n${words}`);
    void this.updateComplete.then(() => this.focus());
  }

  async attach(files: Iterable<File>): Promise<void> {
    const limits = this.app.gateway.hello.get()?.policy.attachments ?? usualLimits;
    const { read, refused } = await readFiles(files, limits);
    this.files = [...this.files, ...read];
    for (const reason of refused) this.app.toasts.add("bad", reason);
  }

  override render() {
    const busy = this.conversation.running().length > 0;
    const online = this.app.gateway.isOnline();
    const canWrite = !online || this.app.gateway.holds("operator.write");
    return html`${this.queue()}
      <div class="box">
        ${this.help()} ${this.attached()}
        <label class="unseen" for="text">Message</label>
        <textarea
          id="text"
          rows="1"
          placeholder=${!canWrite ? "This browser may only read" : online ? "Message" : "Message, sent once connected"}
          ?disabled=${!canWrite}
          .value=${this.text}
          aria-controls=${this.commands().length > 0 ? "help" : nothing}
          aria-activedescendant=${this.commands().length > 0 ? `help-${this.helpAt}` : nothing}
          enterkeyhint="send"
          @input=${(event: Event) => this.write((event.target as HTMLTextAreaElement).value) /* this listener sits on the textarea */}
          @keydown=${this.key}
          @paste=${this.pasted}
        ></textarea>
        <div class="controls">
          <input id="file" type="file" multiple hidden @change=${this.picked} />
          <oc-button kind="quiet" icon="attach" label="Attach files" ?disabled=${!canWrite} @click=${() => this.renderRoot.querySelector<HTMLInputElement>("#file")?.click()}></oc-button>
          ${this.modelPicker()} ${this.levelPicker()}
          ${busy ? html`<oc-select bare quiet icon="clock" label="What a message does now" .options=${queueModes} value=${this.queueMode} @change=${(event: CustomEvent<string>) => (this.queueMode = event.detail)}></oc-select>` : nothing}
          <span class="grow"></span>
          ${busy ? html`<oc-button icon="stop" label="Stop (Esc)" @click=${this.stopRun}></oc-button>` : nothing}
          <oc-button kind="primary" icon="send" label="Send" ?disabled=${!canWrite || this.isEmpty()} @click=${this.send}></oc-button>
        </div>
      </div>`;
  }

  private queue() {
    const queued = this.conversation.queued();
    if (queued.length === 0) return nothing;
    return html`<div class="queue" role="group" aria-label="Queued messages">
      ${queued.map((entry) => html`<div class="row"><oc-icon name="clock"></oc-icon><span class="grow cut">${entry.text || "Attachment"}</span><span class="muted small">queued</span><oc-button size="small" kind="quiet" icon="close" label="Take back" @click=${() => this.takeBack(entry)}></oc-button></div>`)}
    </div>`;
  }

  /** What was taken back can be said in another way. */
  private takeBack({ runId, text }: Queued): void {
    const own = this.conversation.sent().find((entry) => entry.key === runId);
    void this.conversation.abort(runId);
    if (!this.isEmpty()) return;
    this.write(own?.text ?? text);
    this.files = own?.attachments ?? [];
    this.focus();
  }

  private attached() {
    if (this.files.length === 0) return nothing;
    return html`<div class="files" role="group" aria-label="Attachments">
      ${this.files.map((file, index) => html`<div class="file">
          ${file.mimeType.startsWith("image/") ? html`<img src="data:${file.mimeType};base64,${file.content}" alt="" />` : html`<oc-icon name="file"></oc-icon>`}
          <span class="cut">${file.fileName}</span><span class="muted">${bytes(file.sizeBytes)}</span>
          <oc-button size="small" kind="quiet" icon="close" label="Remove ${file.fileName}" @click=${() => (this.files = this.files.filter((_file, at) => at !== index))}></oc-button>
        </div>`)}
    </div>`;
  }

  private commands() {
    if (this.helpOff || !/^\/\w*$/.test(this.text)) return [];
    return slashCommands.filter((command) => command.name.startsWith(this.text));
  }

  private help() {
    const commands = this.commands();
    if (commands.length === 0) return nothing;
    const at = Math.min(this.helpAt, commands.length - 1);
    return html`<ul id="help" class="help" role="listbox" aria-label="Commands">
      ${commands.map((command, index) => html`<li id="help-${index}" role="option" aria-selected=${String(index === at)} @click=${() => this.choose(command.name)}><code>${command.name}</code><span class="muted">${command.help}</span></li>`)}
    </ul>`;
  }

  private modelPicker() {
    const models = (this.app.live.models.get().value ?? []).filter((model) => model.available !== false);
    const chosen = this.conversation.model() ?? "";
    const options: Option[] = [{ value: "", label: this.defaultLabel() }, ...models.map((model) => ({ value: modelName(model), label: shownName(model), group: model.provider }))];
    if (chosen !== "" && !options.some((option) => option.value === chosen)) options.push({ value: chosen, label: chosen });
    return html`<oc-select bare quiet label="Model" .options=${options} value=${chosen} ?disabled=${!this.app.gateway.isOnline()} @change=${(event: CustomEvent<string>) => void this.patch({ model: event.detail === "" ? null : event.detail }, "The model")}></oc-select>`;
  }

  private defaultLabel(): string {
    const usual = this.usualModel();
    const known = this.app.live.models.get().value?.find((candidate) => modelName(candidate) === usual);
    if (known === undefined) return usual ? `Default: ${usual.slice(usual.indexOf("/") + 1)}` : "Default model";
    return `Default: ${shownName(known)}`;
  }

  /** The agent's own default, else the gateway's, `provider/model`. */
  private usualModel(): string | undefined {
    const own = agentOf(this.app.live.agents.get().value, this.conversation.key)?.model?.primary;
    const { model, modelProvider } = this.app.live.sessions.get().value?.defaults ?? {};
    return own ?? (model ? `${modelProvider ?? ""}/${model}` : undefined);
  }

  private levelPicker() {
    const models = this.app.live.models.get().value ?? [];
    const chosen = this.conversation.model() ?? this.usualModel();
    const model = models.find((candidate) => modelName(candidate) === chosen);
    if (model?.reasoning === false) return nothing;
    const levels = model?.thinkingLevels ?? usualLevels;
    const narrow = matchMedia("(max-width: 720px)").matches;
    const level = this.conversation.thinkingLevel() || "off";
    const options = [...levels, ...(levels.some((known) => known.id === level) ? [] : [{ id: level, label: level }])].map((known) => ({ value: known.id, label: narrow ? known.label : `Thinking: ${known.label}` }));
    return html`<oc-select class="level" bare quiet icon="thought" label="Thinking level" .options=${options} value=${level} ?disabled=${!this.app.gateway.isOnline()} @change=${(event: CustomEvent<string>) => void this.patch({ thinkingLevel: event.detail }, "The thinking level")}></oc-select>`;
  }

  private async patch(change: Record<string, unknown>, what: string): Promise<void> {
    try {
      await this.app.gateway.call("sessions.patch", { key: this.conversation.key, ...change });
      await this.conversation.reload();
    } catch (error) {
      this.app.toasts.failed(`${what} was not changed`, error);
      this.requestUpdate();
    }
  }

  private isEmpty(): boolean {
    return this.text.trim() === "" && this.files.length === 0;
  }

  private write(text: string): void {
    this.text = text;
    this.helpAt = 0;
    this.helpOff = false;
    const key = draftKey + this.conversation.key;
    if (text === "") sessionStorage.removeItem(key);
    else sessionStorage.setItem(key, text);
  }

  private readonly send = (): void => {
    if (this.isEmpty()) return;
    try {
      this.conversation.send(this.text, this.files, this.conversation.running().length > 0 && this.queueMode !== "" ? this.queueMode : undefined);
    } catch (error) {
      this.app.toasts.failed("Not sent", error);
      return;
    }
    this.write("");
    this.files = [];
    this.dispatchEvent(new CustomEvent("sent"));
  };

  private readonly stopRun = (): void => {
    void this.conversation.abort();
    // The button goes with what it stopped; who writes goes on writing.
    if (matchMedia("(hover: hover) and (pointer: fine)").matches) this.focus();
  };

  private choose(name: string): void {
    this.write(`${name} `);
    void this.updateComplete.then(() => this.focus());
  }

  private key(event: KeyboardEvent): void {
    if (event.isComposing) return;
    const commands = this.commands();
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (commands.length > 0 && step !== undefined) this.helpAt = (this.helpAt + step + commands.length) % commands.length;
    else if (commands.length > 0 && event.key === "Escape") this.helpOff = true;
    else if (commands.length > 0 && (event.key === "Tab" || event.key === "Enter") && commands[this.helpAt]?.name !== this.text) this.choose(commands[this.helpAt]?.name ?? this.text);
    else if (event.key === "Escape" && this.conversation.running().length === 0) this.renderRoot.querySelector("textarea")?.blur();
    else if (event.key === "Enter" && !event.shiftKey && !event.altKey) this.send();
    else return;
    event.preventDefault();
  }

  private pasted(event: ClipboardEvent): void {
    const files = [...(event.clipboardData?.files ?? [])];
    if (files.length === 0) return;
    event.preventDefault();
    void this.attach(files);
  }

  private picked(event: Event): void {
    const input = event.target as HTMLInputElement; // this listener sits on the file input
    void this.attach([...(input.files ?? [])]);
    input.value = "";
  }
}
customElements.define("oc-composer", OcComposer);
