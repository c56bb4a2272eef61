// A moment in time: how long ago, kept current, with the exact time on hover.
import { html, LitElement } from "lit";
import { ago, exactly } from "./format.ts";

const periodMs = 10_000;

export class OcTime extends LitElement {
  static override properties = { at: { type: Number } };
  declare at: number;
  private timer: ReturnType<typeof setInterval> | undefined;
  constructor() {
    super();
    this.at = 0;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.timer = setInterval(() => this.requestUpdate(), periodMs);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearInterval(this.timer);
  }

  override render() {
    return html`<time datetime=${new Date(this.at).toISOString()} title=${exactly(this.at)}>${ago(this.at, Date.now())}</time>`;
  }
}
customElements.define("oc-time", OcTime);
