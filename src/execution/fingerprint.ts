// Names a tool call by its meaning: same tool and same arguments, same digest, whatever the order of keys.
import { createHash } from "node:crypto";

/** SHA-256 of the arguments in one canonical spelling. */
export function argsDigest(args: unknown): string {
  return createHash("sha256").update(canonical(args)).digest("hex");
}

/** What repeated-call detection compares. */
export function fingerprint(tool: string, args: unknown): string {
  return `${tool}:${argsDigest(args)}`;
}

function canonical(value: unknown): string {
  const sorted = (_key: string, member: unknown): unknown =>
    member !== null && typeof member === "object" && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)))
      : member;
  return JSON.stringify(value, sorted) ?? "null";
}
