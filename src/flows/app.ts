// The App: the record of all managers that flows and methods receive. Built once in src/app.ts.
import type { Clock } from "../base/clock.ts";
import type { Ids } from "../base/ids.ts";
import type { Log } from "../base/log.ts";
import type { Agents } from "../agents/agents.ts";
import type { Runs } from "../agents/runs.ts";
import type { Inbox } from "../channels/inbox.ts";
import type { Outbox } from "../channels/outbox.ts";
import type { Config } from "../config/config.ts";
import type { Devices } from "../devices/devices.ts";
import type { Nodes } from "../devices/nodes.ts";
import type { Execution } from "../execution/execution.ts";
import type { ExtensionHost } from "../host/host.ts";
import type { Models } from "../models/models.ts";
import type { UsageLedger } from "../models/usage.ts";
import type { SessionStore } from "../sdk/backends.ts";
import type { Bus } from "../sdk/events.ts";
import type { Sessions } from "../sessions/sessions.ts";
import type { AuditLog } from "../store/audit-log.ts";
import type { Paths } from "../store/paths.ts";
import type { Egress } from "../vault/egress.ts";
import type { Vault } from "../vault/vault.ts";

export interface App {
  readonly version: string;
  readonly startedAt: number;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
  readonly paths: Paths;
  readonly config: Config;
  readonly vault: Vault;
  readonly egress: Egress;
  readonly store: SessionStore;
  readonly events: Bus;
  readonly audit: AuditLog;
  readonly extensions: ExtensionHost;
  readonly sessions: Sessions;
  readonly devices: Devices;
  readonly nodes: Nodes;
  readonly models: Models;
  readonly usage: UsageLedger;
  readonly execution: Execution;
  readonly agents: Agents;
  readonly runs: Runs;
  readonly inbox: Inbox;
  readonly outbox: Outbox;
  /** Aborts when the process stops; every run and `once` handler hangs on it. */
  readonly signal: AbortSignal;
}
