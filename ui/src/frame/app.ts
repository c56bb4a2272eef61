// The page: the sign-in screen until the gateway let this browser in, then rail, place and status line.
import { css, html, nothing } from "lit";
import { View } from "../app/view.ts";
import { sheet } from "../parts/sheet.ts";
import { gallery, type PlaceEntry, places } from "./places.ts";
import "../parts/toasts.ts";
import "./rail.ts";
import "./sign-in.ts";
import "./status-line.ts";

const quietMs = 300;

export class OcApp extends View {
  static override properties = { ...View.properties, loaded: { state: true }, overlay: { state: true } };
  /** Places whose code is here. */
  declare loaded: ReadonlySet<string>;
  declare overlay: "" | "palette" | "shortcuts";
  /** Places whose code could not be had. */
  private readonly failed = new Set<string>();

  constructor() {
    super();
    this.loaded = new Set();
    this.overlay = "";
  }

  static override styles = [
    sheet,
    css`
      :host {
        display: grid;
        grid-template: "rail main" minmax(0, 1fr) "status status" auto / auto minmax(0, 1fr);
        block-size: 100dvh;
        overflow: hidden;
      }
      :host(.outside) {
        display: block;
        overflow: auto;
      }
      oc-rail {
        grid-area: rail;
      }
      main {
        grid-area: main;
        position: relative;
        display: grid;
        min-inline-size: 0;
        min-block-size: 0;
        overflow: hidden;
      }
      main:focus {
        outline: none;
      }
      oc-status-line {
        grid-area: status;
      }
      .failed {
        padding: var(--gap-6);
      }
      .skip {
        position: absolute;
        z-index: 50;
        inset-block-start: 4px;
        inset-inline-start: 4px;
        padding: 6px 12px;
        border-radius: var(--radius);
        background: var(--surface-1);
        translate: 0 -60px;
      }
      .skip:focus {
        translate: 0;
      }
      @media (max-width: 720px) {
        :host {
          grid-template: "status" auto "main" minmax(0, 1fr) "rail" auto / minmax(0, 1fr);
        }
      }
    `,
  ];

  protected override follows() {
    const { gateway, route, commands } = this.app;
    return [gateway.state, gateway.hello, route.place, commands];
  }

  protected override begin() {
    const { commands, route, theme } = this.app;
    const keys = (event: KeyboardEvent): void => void commands.press(event);
    addEventListener("keydown", keys);
    return [
      this.app.gateway.on("online", () => {
        // A browser never asks again for a script that it could not have, but for a new page it does. Drafts and what waits to be sent stay.
        if (this.failed.has(this.app.route.place.get().name)) location.reload();
        else if (this.loaded.size > 0) this.fetchOthers();
      }),
      () => removeEventListener("keydown", keys),
      commands.add([
        ...places.map((place) => ({ id: `go.${place.name}`, title: `Go to ${place.label}`, group: "Places", keys: `g ${place.letter}`, icon: place.icon, run: () => route.go(place.name) })),
        { id: "go.gallery", title: "Go to Parts", group: "Places", icon: gallery.icon, run: () => route.go(gallery.name) },
        { id: "palette", title: "Search everything", group: "General", keys: "mod+k", icon: "search", always: true, run: () => void this.show("palette") },
        { id: "shortcuts", title: "Keyboard shortcuts", group: "General", keys: "?", icon: "keyboard", run: () => void this.show("shortcuts") },
        { id: "theme", title: "Switch between light, dark and automatic", group: "General", keys: "t", icon: "sun", run: () => theme.next() },
      ]),
    ];
  }

  override render() {
    const state = this.app.gateway.state.get();
    const inside = this.app.gateway.hello.get() !== undefined && state.kind !== "refused" && state.kind !== "pairing" && state.kind !== "link-failed" && state.kind !== "signing-in";
    this.classList.toggle("outside", !inside);
    if (!inside) return html`<oc-sign-in .app=${this.app}></oc-sign-in><oc-toasts .app=${this.app}></oc-toasts>`;
    const name = this.app.route.place.get().name;
    const place = name === gallery.name ? gallery : (places.find((entry) => entry.name === name) ?? places[0]);
    if (place === undefined) return nothing;
    document.title = `${place.label} · OpenClaw`;
    return html`<a class="skip" href="#main" @click=${this.skip}>Skip to content</a>
      <oc-rail .app=${this.app} .places=${places} current=${place.name} @palette=${() => this.show("palette")}></oc-rail>
      <main id="main" tabindex="-1" aria-label=${place.label}>${this.draw(place)}</main>
      <oc-status-line .app=${this.app} @palette=${() => this.show("palette")}></oc-status-line>
      <oc-toasts .app=${this.app}></oc-toasts>
      ${this.overlay === "palette" ? html`<oc-palette .app=${this.app} @dismiss=${this.hideOverlay}></oc-palette>` : nothing}
      ${this.overlay === "shortcuts" ? html`<oc-shortcuts .app=${this.app} @dismiss=${this.hideOverlay}></oc-shortcuts>` : nothing}`;
  }

  private draw(place: PlaceEntry) {
    if (this.loaded.has(place.name)) return place.draw(this.app);
    if (!this.failed.has(place.name)) {
      void this.load(place);
      return nothing;
    }
    const online = this.app.gateway.isOnline();
    return html`<div class="failed" role="alert"><strong>This part of the page could not be loaded.</strong> ${online ? "The gateway may have been updated: reload the page." : "It comes from the gateway, which is not connected; the page is loaded anew once it is."}
      <button type="button" @click=${() => location.reload()}>Reload the page</button></div>`;
  }

  private async load(place: PlaceEntry): Promise<void> {
    try {
      await place.load();
      this.loaded = new Set([...this.loaded, place.name]);
      this.fetchOthers();
    } catch {
      this.failed.add(place.name);
      this.requestUpdate();
    }
  }

  /** Once there is nothing better to do, so that a place opens at once, and while the gateway is away. */
  private fetchOthers(): void {
    const next = places.find((place) => !this.loaded.has(place.name) && !this.failed.has(place.name));
    if (next !== undefined) setTimeout(() => this.isConnected && this.app.gateway.isOnline() && !this.loaded.has(next.name) && void this.load(next), quietMs);
  }

  private async show(overlay: "palette" | "shortcuts"): Promise<void> {
    await (overlay === "palette" ? import("./palette.ts") : import("./shortcuts.ts"));
    this.overlay = overlay;
  }

  private hideOverlay(): void {
    this.overlay = "";
  }

  private skip(event: Event): void {
    event.preventDefault(); // the address is ours
    this.renderRoot.querySelector("main")?.focus();
  }
}
customElements.define("oc-app", OcApp);
