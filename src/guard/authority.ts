// What a run may do, derived from who caused it: pure rules, and none of them ever adds anything.
import { holds, scopes, type Authority, type Caller, type Scope } from "../protocol/scopes.ts";

/** Nobody: the person of an authority in which two people met. */
export const nobody = "nobody";

/** Every scope that a list amounts to, in the fixed order. */
export function effectiveScopes(held: readonly string[]): Scope[] {
  return scopes.filter((scope) => holds(held, scope));
}

/** The authority of a prompt that this caller sends through `door`. */
export function authorityOf(caller: Caller, door: string): Authority {
  return { person: caller.person, scopes: caller.role === "operator" ? effectiveScopes(caller.scopes) : [], door, tainted: false };
}

export interface Narrowing {
  /** Scopes to keep; absent keeps all. What is not held is not given. */
  scopes?: readonly string[];
  /** True once outside text entered the context; it cannot be taken back. */
  tainted?: boolean;
  /** The further door a prompt went through (cron, subagent). */
  door?: string;
}

/** A smaller authority, for a child run, a job or a turn whose context took in outside text. */
export function narrow(authority: Authority, to: Narrowing): Authority {
  return {
    person: authority.person,
    scopes: to.scopes === undefined ? effectiveScopes(authority.scopes) : common(authority.scopes, to.scopes),
    door: to.door ?? authority.door,
    tainted: authority.tainted || to.tainted === true,
  };
}

/** The most that both allow: what a text caused by two prompts may do. Two people share nothing. */
export function meet(a: Authority, b: Authority): Authority {
  const samePerson = a.person === b.person;
  return {
    person: samePerson ? a.person : nobody,
    scopes: samePerson ? common(a.scopes, b.scopes) : [],
    door: a.door === b.door ? a.door : [...new Set([...a.door.split("+"), ...b.door.split("+")])].sort().join("+"),
    tainted: a.tainted || b.tainted,
  };
}

/** Whether everything `inner` may do, `outer` may do too. */
export function covers(outer: Authority, inner: Authority): boolean {
  if (inner.scopes.some((scope) => !holds(outer.scopes, scope))) return false;
  if (outer.tainted && !inner.tainted) return false;
  return inner.person === outer.person || (inner.person === nobody && inner.scopes.length === 0);
}

/** Equal authority: only such texts may be joined by steer and collect. */
export function equal(a: Authority, b: Authority): boolean {
  return covers(a, b) && covers(b, a);
}

function common(a: readonly string[], b: readonly string[]): Scope[] {
  return scopes.filter((scope) => holds(a, scope) && holds(b, scope));
}
