// Scopes as they are typed after --scope: with or without `operator.`, and only those that exist.
import { isScope, type Scope } from "../protocol/scopes.ts";
import type { Options } from "./command.ts";
import { usageFailure } from "./failure.ts";

export function scopesOf(options: Pick<Options, "texts">): Scope[] {
  return options.texts("scope").map((given) => {
    const found = [given, `operator.${given}`].find((name) => isScope(name));
    if (found === undefined || !isScope(found)) throw usageFailure(`there is no scope ${given}`, "Scopes are operator.read, operator.write, operator.admin, operator.approvals, operator.pairing, …");
    return found;
  });
}
