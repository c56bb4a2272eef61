// The record that every view gets: connection, address, theme, notes, commands and what is live. Built once in main.ts.
import type { Outbox } from "../chat/outbox.ts";
import type { Commands } from "./commands.ts";
import type { Gateway } from "./gateway.ts";
import type { Live } from "./live.ts";
import type { Router } from "./route.ts";
import type { Theme } from "./theme.ts";
import type { Toasts } from "./toasts.ts";

export interface App {
  readonly gateway: Gateway;
  readonly route: Router;
  readonly theme: Theme;
  readonly toasts: Toasts;
  readonly commands: Commands;
  readonly live: Live;
  /** What was said and not yet answered for: it is sent from every place, not only from Chat. */
  readonly outbox: Outbox;
}
