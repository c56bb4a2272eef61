// All methods as one table: joined from the namespaces and extensions, checked once at start, asked for access on every call.
import { fault } from "../base/faults.ts";
import { isScope, type Access, type ProtocolVersion } from "../protocol/scopes.ts";
import type { Method } from "../sdk/method.ts";
import type { GatewayApp } from "./gateway-app.ts";

export type GatewayMethod = Method<GatewayApp>;

export interface Registry {
  get(name: string): GatewayMethod | undefined;
  /** What a name asks for; an unknown one needs admin, so that nothing is learnt without it. */
  access(name: string, protocol: ProtocolVersion): Access;
  /** `features.methods`. */
  advertised(): readonly string[];
  all(): readonly GatewayMethod[];
}

/** Throws when two methods share a name or one says not who may call it. */
export function createRegistry(methods: readonly GatewayMethod[]): Registry {
  const byName = new Map<string, GatewayMethod>();
  for (const method of methods) {
    if (byName.has(method.name)) throw fault("gateway.registry", { reason: `method ${method.name} is defined twice` });
    if (!isAccess(method.access) || (method.v3?.access !== undefined && !isAccess(method.v3.access))) {
      throw fault("gateway.registry", { reason: `method ${method.name} does not say who may call it` });
    }
    byName.set(method.name, method);
  }
  const advertised = methods.filter((method) => !method.unadvertised).map((method) => method.name);
  return {
    get: (name) => byName.get(name),
    access(name, protocol) {
      const method = byName.get(name);
      if (!method) return "operator.admin";
      return protocol === 3 ? (method.v3?.access ?? method.access) : method.access;
    },
    advertised: () => advertised,
    all: () => [...byName.values()],
  };
}

function isAccess(access: unknown): access is Access {
  return access === "node" || access === "any" || (typeof access === "string" && isScope(access));
}
