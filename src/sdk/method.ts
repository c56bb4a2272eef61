// The contract of a gateway method: one RPC operation as a value, from which dispatch, docs and client types come.
import type { Static, TSchema } from "typebox";
import type { Log } from "../base/log.ts";
import type { Access, Caller, Scope } from "../protocol/scopes.ts";

export interface Call {
  caller: Caller;
  /** Fires when the connection closes or the deadline passes. A run never hangs on it. */
  signal: AbortSignal;
  log: Log;
  /** Sends the first of two answers with the same id (`agent`). */
  accept(early: unknown): void;
}

/** How protocol 3 spells a method whose handler knows only today's form. */
export interface Shim<P, R> {
  access?: Access;
  /** Runs before validation. */
  params?(raw: unknown): unknown;
  result?(result: R, params: P): unknown;
}

export interface Method<D, P extends TSchema = TSchema, R extends TSchema = TSchema> {
  name: string;
  access: Access;
  /** Where the scope depends on the params; may only ask for more. */
  raise?(params: Static<P>): Scope;
  /** One line for the reference. */
  summary: string;
  params: P;
  result: R;
  /** Shape of the first of two answers. */
  early?: TSchema;
  v3?: Shim<Static<P>, Static<R>>;
  /** A side effect: needs params.idempotencyKey; the answer is kept 7 days and another body under the same key refused. */
  once?: true;
  /** Callable but left out of features.methods (protocol.md 3.3). */
  unadvertised?: true;
  handle(deps: D, params: Static<P>, call: Call): Promise<Static<R>>;
}

/** Keeps parameter and result types of a method literal while it is collected in a list. */
export function defineMethod<D, P extends TSchema, R extends TSchema>(method: Method<D, P, R>): Method<D> {
  return method as unknown as Method<D>; // dispatch validates params and result against the schemas
}
