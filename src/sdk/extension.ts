// The contract of an extension: a function from Host to values. No registration calls, no globals.
import type { Clock } from "../base/clock.ts";
import type { Ids } from "../base/ids.ts";
import type { Log } from "../base/log.ts";
import type { Secret } from "../base/secret.ts";
import type { Guard } from "./guard.ts";
import type { Method } from "./method.ts";
import type { ModelProvider } from "./provider.ts";
import type { Tool } from "./tool.ts";

/** Everything an extension gets; no manager, no global. */
export interface Host<C = unknown> {
  readonly config: C;
  readonly log: Log;
  readonly clock: Clock;
  readonly ids: Ids;
  /** Aborted when the extension is unloaded. */
  readonly signal: AbortSignal;
  /** Its private state folder; made before it is set up when its manifest says `state`. */
  readonly dir: string;
  /** Only the secrets its manifest names. */
  secret(ref: string): Promise<Secret>;
  /** Guarded fetch: deadline, size and private-address rules. Throws egress.blocked or egress.failed. */
  fetch(request: { url: string; method?: string; headers?: Record<string, string>; body?: string | Uint8Array; maxBytes: number; timeoutMs: number; allowPrivate?: readonly string[] }, signal: AbortSignal): Promise<{ url: string; status: number; headers: Record<string, string>; body: Uint8Array; truncated: boolean }>;
}

/** Values an extension adds; each kind is absent when it adds none. */
export interface Contributions {
  tools?: Tool[];
  providers?: ModelProvider[];
  methods?: Method<void>[];
  guards?: Guard[];
  /** Called once when the extension is unloaded. */
  close?(): Promise<void>;
}

export type Extension<C = unknown> = (host: Host<C>) => Contributions | Promise<Contributions>;

/** Marks the default export of an extension's index.ts and keeps its config type. */
export function defineExtension<C = unknown>(extension: Extension<C>): Extension<C> {
  return extension;
}

// What an extension needs of the layer below; it imports nothing else of ours.
export type { Clock, Timer } from "../base/clock.ts";
export { Fault, fault } from "../base/faults.ts";
export type { Ids } from "../base/ids.ts";
export type { Log } from "../base/log.ts";
export { Secret } from "../base/secret.ts";
