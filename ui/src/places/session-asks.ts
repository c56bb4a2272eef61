// The questions about a conversation that Chat and Sessions share: rename, start anew, delete.
import { html, nothing, type TemplateResult } from "lit";
import type { App } from "../app/app.ts";
import { type SessionRow, titleOf } from "../app/wire.ts";
import type { OcField } from "../parts/field.ts";
import "../parts/button.ts";
import "../parts/dialog.ts";
import "../parts/field.ts";

export interface Asking {
  heading: string;
  body: TemplateResult | string;
  confirm: string;
  danger: boolean;
  /** Gets what was typed, when there is a field. */
  act(app: App, typed: string): Promise<unknown>;
  failed: string;
  field?: { label: string; value: string; hint: string };
  after?: () => void;
}

export function askRename(row: SessionRow): Asking {
  return {
    heading: "Rename",
    body: "",
    confirm: "Rename",
    danger: false,
    failed: "Not renamed",
    field: { label: "Name", value: row.label ?? "", hint: "Empty: named after its first message." },
    act: (app, typed) => app.gateway.call("sessions.patch", { key: row.key, label: typed.trim() === "" ? null : typed.trim() }),
  };
}

export function askReset(row: SessionRow): Asking {
  return {
    heading: "Start anew?",
    body: `“${titleOf(row)}” begins again without its history. Its settings stay, and the old transcript is kept on the gateway's disk.`,
    confirm: "Start anew",
    danger: true,
    failed: "Not started anew",
    act: (app) => app.gateway.call("sessions.reset", { key: row.key }),
  };
}

export function askDelete(row: SessionRow, after?: () => void): Asking {
  return {
    heading: "Delete this conversation?",
    body: `“${titleOf(row)}” leaves the list. Its transcript is set aside on the gateway's disk, not erased.`,
    confirm: "Delete",
    danger: true,
    failed: "Not deleted",
    act: (app) => app.gateway.call("sessions.delete", { key: row.key }),
    ...(after !== undefined && { after }),
  };
}

export function drawAsking(app: App, asking: Asking | undefined, done: () => void): TemplateResult | typeof nothing {
  if (asking === undefined) return nothing;
  const act = async (event: Event): Promise<void> => {
    const dialog = (event.currentTarget as Element).closest("oc-dialog"); // both listeners sit inside it
    const typed = dialog?.querySelector<OcField>("oc-field")?.value ?? "";
    done();
    try {
      await asking.act(app, typed);
      void app.live.sessions.reload();
      asking.after?.();
    } catch (error) {
      app.toasts.failed(asking.failed, error);
    }
  };
  return html`<oc-dialog heading=${asking.heading} open @dismiss=${done}>
    ${asking.body === "" ? nothing : html`<p>${asking.body}</p>`} ${asking.field ? html`<oc-field label=${asking.field.label} hint=${asking.field.hint} .value=${asking.field.value} @enter=${act}></oc-field>` : nothing}
    <oc-button slot="actions" @click=${done}>Cancel</oc-button>
    <oc-button slot="actions" kind=${asking.danger ? "danger" : "primary"} @click=${act}>${asking.confirm}</oc-button>
  </oc-dialog>`;
}
