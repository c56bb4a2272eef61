// A failure as one connection's protocol spells it.
import { Fault, toWire } from "../base/faults.ts";
import type { Ids } from "../base/ids.ts";
import type { Log } from "../base/log.ts";
import { codeForProtocol3, type ErrorShape } from "../protocol/errors.ts";
import type { ProtocolVersion } from "../protocol/scopes.ts";

/** Detail codes that protocol 4 clients look for, with the closed objects they come in. */
const closedDetails: Partial<Record<string, (details: Record<string, unknown>) => Record<string, unknown>>> = {
  "auth.scope": (details) => ({ code: "MISSING_SCOPE", missingScope: details.missingScope ?? details.scope, requiredScopes: details.requiredScopes ?? [details.scope] }),
  "agent.unknown": (details) => ({ code: "UNKNOWN_AGENT_ID", agentId: details.agentId }),
  "wizard.unknown": () => ({ code: "WIZARD_NOT_FOUND" }),
};

export function wireError(error: unknown, protocol: ProtocolVersion, deps: { ids: Ids; log: Log }): ErrorShape {
  const hide = (cause: unknown) => {
    const logId = deps.ids.hex(6);
    deps.log.error("a request failed in an unforeseen way", { logId, error: cause });
    return logId;
  };
  const shape: ErrorShape = toWire(error, hide);
  const closed = error instanceof Fault ? closedDetails[error.code] : undefined;
  if (protocol === 3) return { ...shape, code: codeForProtocol3(shape.code) };
  return closed && error instanceof Fault ? { ...shape, details: closed(error.details) } : shape;
}
