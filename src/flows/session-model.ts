// The model a person chose for one conversation, as its entry keeps it.
import type { SessionEntry } from "../sdk/backends.ts";

/** `<provider>/<id>`, or what was written without a provider; undefined when the configuration decides. */
export function sessionModelOf(entry: SessionEntry | undefined): string | undefined {
  if (!entry || typeof entry.modelOverride !== "string" || entry.modelOverride === "") return undefined;
  return typeof entry.providerOverride === "string" && entry.providerOverride !== "" ? `${entry.providerOverride}/${entry.modelOverride}` : entry.modelOverride;
}
