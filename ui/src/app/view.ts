// The base of every element that shows state: it gets the App and draws again when what it follows changes.
import { LitElement } from "lit";
import type { App } from "./app.ts";
import type { Subscribable } from "./value.ts";

export abstract class View extends LitElement {
  static override properties: Record<string, object> = { app: { attribute: false } };
  declare app: App;
  private stops: (() => void)[] = [];

  /** What this element draws from; subscribed while it is in the page. */
  protected follows(): Subscribable[] {
    return [];
  }

  /** Work that lasts while the element is in the page; the returned functions end it. */
  protected begin(): (() => void)[] {
    return [];
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.stops = [...this.follows().map((source) => source.subscribe(() => this.requestUpdate())), ...this.begin()];
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    for (const stop of this.stops) stop();
    this.stops = [];
  }
}
