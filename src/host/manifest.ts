// What an extension says of itself before any of its code runs.
import { accepts, checkDocument } from "../config/check.ts";
import { formatPath } from "../config/path.ts";
import type { SchemaNode } from "../config/schema-node.ts";

export const contributionKinds = ["providers", "tools", "channels", "memory", "sandboxes", "speech", "guards", "methods", "commands"] as const;
export type ContributionKind = (typeof contributionKinds)[number];

export interface ExtensionManifest {
  id: string;
  name: string;
  description: string;
  /** Kinds and ids, e.g. { providers: ["openai"], tools: ["web_fetch"] }; the id `*` stands for any. */
  provides: Partial<Record<ContributionKind, string[]>>;
  /** JSON Schema of `extensions.entries.<id>.config`. */
  configSchema?: unknown;
  /** Paths in that config which hold a secret. */
  secrets?: string[];
  requires?: { packages?: string[]; node?: string; os?: string[] };
  /** It keeps files of its own: a private folder is made before it is set up. */
  state?: boolean;
}

export const manifestName = "openclaw.plugin.json";

const texts: SchemaNode = { type: "array", items: { type: "string" } };
const schema: SchemaNode = {
  type: "object",
  required: ["id", "name", "description", "provides"],
  properties: {
    id: { type: "string", pattern: "^[a-z0-9][a-z0-9-]{0,63}$" },
    name: { type: "string", minLength: 1 },
    description: { type: "string" },
    provides: { type: "object", properties: Object.fromEntries(contributionKinds.map((kind) => [kind, texts])), additionalProperties: false },
    configSchema: {},
    secrets: texts,
    requires: { type: "object", properties: { packages: texts, node: { type: "string" }, os: texts }, additionalProperties: false },
    state: { type: "boolean" },
  },
};

/** Keys we do not know are left alone: other versions of the product may read them. */
export function readManifest(text: string): ExtensionManifest | { problem: string } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return { problem: `${manifestName} is not JSON: ${error instanceof Error ? error.message : String(error)}` };
  }
  const [finding] = checkDocument(schema, value);
  if (finding) return { problem: `${manifestName}: ${formatPath(finding.path)} ${finding.message}`.trim() };
  return value as ExtensionManifest; // the schema says so
}

/** Why an extension cannot run on this machine; undefined when it can. */
export function requirementProblem(manifest: ExtensionManifest, machine: { os: string; node: string }): string | undefined {
  const { os, node } = manifest.requires ?? {};
  if (os && !os.includes(machine.os)) return `needs ${os.join(" or ")}, this is ${machine.os}`;
  if (node !== undefined && !isAtLeast(machine.node, node)) return `needs Node ${node}, this is ${machine.node}`;
  return undefined;
}

/** Why its settings cannot be used; undefined when they fit its schema or it has none. */
export function configProblem(manifest: ExtensionManifest, config: unknown): string | undefined {
  const node = manifest.configSchema;
  if (typeof node !== "object" || node === null || accepts(node as SchemaNode, config)) return undefined; // a JSON Schema of whatever words
  const [finding] = checkDocument(node as SchemaNode, config);
  return `extensions.entries.${manifest.id}.config: ${formatPath(finding?.path ?? [])} ${finding?.message ?? "is not valid"}`;
}

/** `>=24.15`, `24` and the like: whether `version` is at least that. */
function isAtLeast(version: string, wanted: string): boolean {
  const numbers = (text: string) => (text.match(/\d+/g) ?? []).map(Number);
  const [have, want] = [numbers(version), numbers(wanted)];
  for (let index = 0; index < want.length; index++) {
    const difference = (have[index] ?? 0) - (want[index] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return true;
}
