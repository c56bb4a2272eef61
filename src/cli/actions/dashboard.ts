// A one-time link to the Control UI, opened in a browser where there is one.
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { startDetached } from "../../base/spawn.ts";
import { writeWhole } from "../../store/disk.ts";
import type { CommandCall, Outcome } from "../command.ts";
import { localTime } from "../format.ts";
import type { Machine } from "../machine.ts";

interface Link {
  code: string;
  path: string;
  url: string;
  expiresAtMs: number;
}

export async function run(call: CommandCall): Promise<Outcome> {
  const connection = await call.gateway();
  const link = await connection.call<Link>("device.link.create", {});
  // The gateway knows the address it listens on; the way there is what this command used.
  const url = new URL(link.path, `${connection.target.url.replace(/^ws/, "http")}/`).href;
  // commander keeps `--no-open` as open: false.
  const opens = call.options.flag("open") && !call.json && call.terminal.isOutTty && hasBrowser(call.machine);
  const isOpened = opens && (await open(call.machine, url));
  const text = `${isOpened ? "The Control UI opens in your browser. If it does not, open this link:" : "Open this link; it signs in once:"}\n\n  ${url}\n\nIt is valid until ${localTime(link.expiresAtMs)}.`;
  return { json: { url, expiresAtMs: link.expiresAtMs, opened: isOpened }, text };
}

function hasBrowser({ env }: Machine): boolean {
  if (env.get("SSH_CONNECTION") !== undefined) return false;
  return process.platform === "darwin" || process.platform === "win32" || env.get("DISPLAY") !== undefined || env.get("WAYLAND_DISPLAY") !== undefined;
}

/** By way of a private page: the link itself would stand in the process list. */
async function open(machine: Machine, url: string): Promise<boolean> {
  const { stateDir } = await machine.paths();
  const page = join(stateDir, "open.html");
  await writeWhole(machine.disk, page, Buffer.from(`<!doctype html><meta charset="utf-8"><meta name="referrer" content="no-referrer"><meta http-equiv="refresh" content="0;url=${url}"><title>OpenClaw</title>\n`));
  const [command, ...args] = process.platform === "darwin" ? ["open"] : process.platform === "win32" ? ["explorer.exe"] : ["xdg-open"];
  try {
    await startDetached({ command: command ?? "xdg-open", args: [...args, pathToFileURL(page).href] });
    return true;
  } catch {
    return false; // no opener: the link is printed
  }
}
