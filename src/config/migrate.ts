// Older and other spellings of the configuration, each turned into today's by one numbered step. The file itself is not touched: steps run on what was read.
import type { Path } from "./path.ts";
import { formatPath, isMap, valueAt, withValue } from "./path.ts";

export interface MigrationNote {
  step: number;
  path: string;
  message: string;
}

interface Step {
  number: number;
  from: Path;
  to: Path;
  /** The value under its new key; `present` is what stands there already. Undefined leaves the document as it is. */
  carry(old: unknown, present: unknown): unknown;
}

const joinLists = (old: unknown, present: unknown): unknown => {
  const added = typeof old === "string" ? [old] : old;
  if (!Array.isArray(added)) return undefined;
  return Array.isArray(present) ? [...new Set([...(present as unknown[]), ...(added as unknown[])])] : added;
};
const unlessPresent = (old: unknown, present: unknown): unknown => (present === undefined ? old : present);

/** In order; a step is never changed once released, only followed by another. */
const steps: readonly Step[] = [
  { number: 1, from: ["gateway", "publicOrigin"], to: ["gateway", "publicOrigins"], carry: joinLists },
  { number: 2, from: ["gateway", "nodes", "commands", "allow"], to: ["gateway", "nodes", "allowCommands"], carry: joinLists },
  { number: 3, from: ["gateway", "nodes", "commands", "deny"], to: ["gateway", "nodes", "denyCommands"], carry: joinLists },
  { number: 4, from: ["agents", "entries"], to: ["agents", "list"], carry: listOfAgents },
  { number: 5, from: ["agent", "model"], to: ["agents", "defaults", "model"], carry: unlessPresent },
  { number: 6, from: ["agent", "workspace"], to: ["agents", "defaults", "workspace"], carry: unlessPresent },
  { number: 7, from: ["identity"], to: ["agents", "list"], carry: (old, present) => (present === undefined && isMap(old) ? [{ id: "main", default: true, identity: old }] : undefined) },
];

/** Agents were a map by id for a while. */
function listOfAgents(old: unknown, present: unknown): unknown {
  if (!isMap(old)) return undefined;
  const listed = Array.isArray(present) ? (present as unknown[]) : [];
  const taken = new Set(listed.map((agent) => valueAt(agent, ["id"])));
  return [...listed, ...Object.entries(old).filter(([id, agent]) => isMap(agent) && !taken.has(id)).map(([id, agent]) => ({ id, ...(agent as Record<string, unknown>) }))]; // filtered above
}

/** Idempotent. Notes name what was read under an older key. */
export function migrate(document: unknown): { value: unknown; notes: MigrationNote[] } {
  let value = document;
  const notes: MigrationNote[] = [];
  for (const step of steps) {
    const old = valueAt(value, step.from);
    if (old === undefined) continue;
    const carried = step.carry(old, valueAt(value, step.to));
    if (carried === undefined) continue;
    value = withoutEmpty(withValue(withValue(value, step.from, undefined), step.to, carried), step.from);
    notes.push({ step: step.number, path: formatPath(step.from), message: `${formatPath(step.from)} is an older name; it is read as ${formatPath(step.to)}` });
  }
  return { value, notes };
}

/** Drops the maps that became empty by moving `path` away. */
function withoutEmpty(document: unknown, path: Path): unknown {
  let value = document;
  for (let length = path.length - 1; length > 0; length--) {
    const parent = valueAt(value, path.slice(0, length));
    if (!isMap(parent) || Object.keys(parent).length > 0) break;
    value = withValue(value, path.slice(0, length), undefined);
  }
  return value;
}
