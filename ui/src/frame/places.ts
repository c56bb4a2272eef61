// The places there are, in the order of the rail. A place appears here when it has something to show.
import { html, type TemplateResult } from "lit";
import type { App } from "../app/app.ts";

export interface PlaceEntry {
  name: string;
  label: string;
  icon: string;
  /** Second key of the `g` shortcut. */
  letter: string;
  load(): Promise<unknown>;
  draw(app: App): TemplateResult;
}

export const places: readonly PlaceEntry[] = [
  { name: "chat", label: "Chat", icon: "chat", letter: "c", load: () => import("../places/chat.ts"), draw: (app) => html`<oc-chat .app=${app}></oc-chat>` },
  { name: "sessions", label: "Sessions", icon: "sessions", letter: "s", load: () => import("../places/sessions.ts"), draw: (app) => html`<oc-sessions .app=${app}></oc-sessions>` },
  { name: "models", label: "Models", icon: "key", letter: "m", load: () => import("../places/models.ts"), draw: (app) => html`<oc-models .app=${app}></oc-models>` },
  { name: "devices", label: "Devices", icon: "devices", letter: "d", load: () => import("../places/devices.ts"), draw: (app) => html`<oc-devices .app=${app}></oc-devices>` },
  { name: "overview", label: "Overview", icon: "overview", letter: "o", load: () => import("../places/overview.ts"), draw: (app) => html`<oc-overview .app=${app}></oc-overview>` },
];

/** Not in the rail: every part in every state, for whoever builds with them. */
export const gallery: PlaceEntry = { name: "gallery", label: "Parts", icon: "list", letter: "", load: () => import("../places/gallery.ts"), draw: (app) => html`<oc-gallery .app=${app}></oc-gallery>` };
