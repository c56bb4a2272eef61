// What the gateway's own methods receive: the App, and the few things that only a listening gateway has.
import type { App } from "../flows/app.ts";
import type { SharedAuth } from "./shared-auth.ts";
import type { Connections } from "./connections.ts";
import type { Health } from "./health.ts";
import type { LogFiles } from "./log-files.ts";
import type { Presence } from "./presence.ts";
import type { EventRing } from "./ring.ts";
import type { Wizards } from "./wizards.ts";

export interface GatewayApp extends App {
  readonly presence: Presence;
  readonly health: Health;
  readonly connections: Connections;
  readonly ring: EventRing;
  readonly wizards: Wizards;
  readonly logFiles: LogFiles;
  readonly auth: SharedAuth;
  /** The key from which device tokens and the gateway's id are derived. */
  serverKey(): Promise<Uint8Array>;
  /** The listener as it stands. */
  readonly listening: () => { port: number; secure: boolean; hosts: readonly string[]; fingerprint?: string };
}
