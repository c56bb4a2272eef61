// May this caller use this method: the order of protocol.md 3.1, before the method is even looked up. Pure.
import { fault, type Fault } from "../base/faults.ts";
import { holds, type Access, type Caller, type Scope } from "../protocol/scopes.ts";

/** undefined is yes. */
export function refusal(caller: Pick<Caller, "role" | "scopes">, access: Access): Fault | undefined {
  if (access === "any") return undefined;
  if (access === "node") return caller.role === "node" ? undefined : fault("auth.role", { role: caller.role });
  if (caller.role === "node") return fault("auth.role", { role: "node" });
  return holds(caller.scopes, access) ? undefined : missingScope(access);
}

/** The closed details object that protocol 4 clients read. */
export function missingScope(scope: Scope): Fault {
  return fault("auth.scope", { scope, missingScope: scope, requiredScopes: [scope] });
}
