// What of a document may be shown: one serializer for every protocol version, and the way back when its marks are written again.
import type { Secret } from "../base/secret.ts";
import { redactionMark } from "./snapshot.ts";
import { define, isMap, type Path } from "./path.ts";
import { configNode, type SecretValue } from "./schema.ts";
import { childSchema, type SchemaNode } from "./schema-node.ts";

/** Shorter values would be found everywhere by chance. */
const MIN_KNOWN_CHARS = 8;

/** A copy in which every secret is the mark. References (`${ENV}`, a name in the vault) are no secrets and stay. */
export function redactDocument(document: unknown, known: readonly Secret[]): unknown {
  const values = known.map((secret) => secret.reveal()).filter((value) => value.length >= MIN_KNOWN_CHARS);
  const visit = (schema: SchemaNode | undefined, value: unknown, path: Path): unknown => {
    if (typeof value === "string") return redactText(schema, value, path, values);
    if (Array.isArray(value)) return value.map((item, index) => visit(schema && childSchema(schema, index, value), item, [...path, index]));
    if (!isMap(value)) return value;
    if (schema?.["x-secret"] === true) return value;
    const shown: Record<string, unknown> = {};
    for (const [key, child] of Object.entries(value)) define(shown, key, visit(schema && childSchema(schema, key, value), child, [...path, key]));
    return shown;
  };
  return visit(configNode, document, []);
}

function redactText(schema: SchemaNode | undefined, value: string, path: Path, known: readonly string[]): string {
  if (value === "" || /^\$\{[A-Z_][A-Z0-9_]*\}$/.test(value)) return value;
  if (schema?.["x-secret"] === true || (isFree(path) && isSecretPath(path))) return redactionMark;
  let shown = value.replace(/(\w:\/\/[^\s/:@]*:)[^\s/@]+@/g, `$1${redactionMark}@`);
  for (const secret of known) if (shown.includes(secret)) shown = shown.replaceAll(secret, redactionMark);
  return shown;
}

/** Every value of a document that is a secret or names one: what logs must hide. Variables count when their name says so. */
export function secretsIn(document: unknown): SecretValue[] {
  const found: SecretValue[] = [];
  const visit = (schema: SchemaNode | undefined, value: unknown, path: Path): void => {
    if (schema?.["x-secret"] === true) {
      if (typeof value === "string" || isMap(value)) found.push(value as SecretValue); // the schema of such a field
    } else if (typeof value === "string") {
      const password = /\w:\/\/[^\s/:@]*:([^\s/@]+)@/.exec(value)?.[1];
      if (password !== undefined) found.push(password);
      if (isFree(path) && isSecretName(String(path.findLast((step) => typeof step === "string")))) found.push(value.replace(/^(?:bearer|basic|token) +/i, ""));
    } else if (Array.isArray(value)) value.forEach((item, index) => visit(schema && childSchema(schema, index, value), item, [...path, index]));
    else if (isMap(value)) for (const [key, child] of Object.entries(value)) visit(schema && childSchema(schema, key, value), child, [...path, key]);
  };
  visit(configNode, document, []);
  return found;
}

/** Under keys that the schema does not list, names decide. */
function isFree(path: Path): boolean {
  let node: SchemaNode | undefined = configNode;
  for (const step of path) {
    if (typeof step === "string" && !Object.hasOwn(node?.properties ?? {}, step)) return true;
    node = node && childSchema(node, step);
  }
  return node === undefined;
}

function isSecretPath(path: Path): boolean {
  if (path[0] === "env") return true;
  const name = path.findLast((step) => typeof step === "string");
  return typeof name === "string" && isSecretName(name);
}

const secretWords = /(?:^|-)(?:api-?key|access-?key|key|secret|password|passwd|passphrase|pwd|token|jwt|credentials?|authorization|auth|cookie|bearer|signature|seed|mnemonic|webhook-?url|private-key.*|service-account.*)s?$/;

/** Whether a header, variable or key of this name usually holds a secret. */
export function isSecretName(name: string): boolean {
  const words = name.replace(/([a-z0-9])([A-Z])/g, "$1-$2").replace(/[\s_.]+/g, "-").toLowerCase();
  return secretWords.test(words);
}

/** The incoming document with each mark replaced by the value it stands for. Paths whose mark stands for nothing are listed. */
export function restoreMarks(incoming: unknown, stored: unknown, known: readonly Secret[]): { value: unknown; orphans: Path[] } {
  const orphans: Path[] = [];
  const shown = redactDocument(stored, known);
  const visit = (value: unknown, old: unknown, masked: unknown, path: Path): unknown => {
    if (typeof value === "string") {
      if (!value.includes(redactionMark)) return value;
      if (typeof old === "string" && (masked === value || value === redactionMark)) return old;
      if (value === redactionMark && isMap(old)) return old;
      orphans.push(path);
      return value;
    }
    if (Array.isArray(value)) {
      return value.map((item: unknown, index) => {
        const from = partnerOf(value, index, old);
        return visit(item, from === -1 ? undefined : (old as unknown[])[from], from === -1 ? undefined : (masked as unknown[])[from], [...path, index]); // partnerOf found a list
      });
    }
    if (!isMap(value)) return value;
    const restored: Record<string, unknown> = {};
    const at = (source: unknown, key: string) => (isMap(source) && Object.hasOwn(source, key) ? source[key] : undefined);
    for (const [key, child] of Object.entries(value)) define(restored, key, visit(child, at(old, key), at(masked, key), [...path, key]));
    return restored;
  };
  return { value: visit(incoming, stored, shown, []), orphans };
}

/** Which stored item a list item was: the one of the same id, else, where nothing was added or removed, the one at its place. */
function partnerOf(items: readonly unknown[], index: number, stored: unknown): number {
  if (!Array.isArray(stored)) return -1;
  const item = items[index];
  for (const name of ["id", "name", "key"]) {
    const id = isMap(item) ? item[name] : undefined;
    if (typeof id !== "string" && typeof id !== "number") continue;
    const at = stored.findIndex((candidate) => isMap(candidate) && candidate[name] === id);
    if (at !== -1) return at;
  }
  return stored.length === items.length ? index : -1;
}
