// The list of shortcuts, made from the commands themselves, so that it cannot be wrong.
import { css, html } from "lit";
import { isMac } from "../app/browser.ts";
import { keysShown } from "../app/commands.ts";
import { View } from "../app/view.ts";
import { sheet } from "../parts/sheet.ts";
import "../parts/dialog.ts";

export class OcShortcuts extends View {
  static override styles = [
    sheet,
    css`
      h3 {
        margin-block: var(--gap-3) var(--gap);
        color: var(--muted);
        font-size: var(--size-12);
        font-weight: 550;
      }
      h3:first-child {
        margin-block-start: 0;
      }
      div.row {
        min-block-size: 28px;
      }
      kbd {
        padding: 1px 6px;
        border: 1px solid var(--line);
        border-radius: 4px;
        font: 500 var(--size-12) / 1.4 var(--font);
      }
    `,
  ];

  override render() {
    const commands = this.app.commands.list().filter((command) => command.keys !== undefined);
    const groups = [...new Set(commands.map((command) => command.group))];
    const fixed = [["Send", "Enter"], ["New line", "Shift+Enter"], ["Leave the message field", "Escape"], ["Move in tables and lists", "↑ ↓"], ["Open a row", "Enter"]] as const;
    return html`<oc-dialog heading="Keyboard shortcuts" open>
      ${groups.map((group) => html`<h3>${group}</h3>
          ${commands.filter((command) => command.group === group).map((command) => html`<div class="row"><span class="grow">${command.title}</span>${keysShown(command.keys ?? "", isMac()).map((key) => html`<kbd>${key}</kbd>`)}</div>`)}`)}
      <h3>Everywhere</h3>
      ${fixed.map(([title, keys]) => html`<div class="row"><span class="grow">${title}</span>${keysShown(keys, isMac()).map((key) => html`<kbd>${key}</kbd>`)}</div>`)}
    </oc-dialog>`;
  }
}
customElements.define("oc-shortcuts", OcShortcuts);
