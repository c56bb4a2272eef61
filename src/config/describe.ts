// The reference of the configuration as pages, one per section, made from the schema alone. Pure: whoever calls it writes the files.
import { choicesOf, entrySchema, type SchemaNode } from "./schema-node.ts";

export interface ConfigPage {
  /** File name below docs/config/. */
  file: string;
  text: string;
}

/** Every field of the schema with its type, default, hints and description. */
export function describeSchema(schema: unknown): ConfigPage[] {
  const root = schema as SchemaNode; // TypeBox values are JSON Schema
  const sections = Object.entries(root.properties ?? {}).filter(([key]) => !key.startsWith("$"));
  const pages = sections.map(([key, node]) => ({ file: `${key}.md`, text: sectionPage(key, node) }));
  return [{ file: "README.md", text: indexPage(sections) }, ...pages];
}

function indexPage(sections: readonly [string, SchemaNode][]): string {
  const rows = sections.map(([key, node]) => `| [\`${key}\`](${key}.md) | ${node.description ?? ""} |`);
  return [
    "# Configuration",
    "",
    "Generated from `src/config/schema.ts`; run `npm run gen` after changing it.",
    "",
    "The file is `config.yaml` in the state directory, or an `openclaw.json` that was there before. Every key may be left out. A key that is not listed here is an error that switches its section off.",
    "",
    "| Section | What it holds |",
    "| --- | --- |",
    ...rows,
    "",
  ].join("\n");
}

function sectionPage(key: string, node: SchemaNode): string {
  const rows: string[] = [];
  collect(key, node, false, rows);
  return [`# \`${key}\``, "", node.description ?? "", "", "Generated from `src/config/schema.ts`; run `npm run gen` after changing it.", "", "| Key | Type | Default | Description |", "| --- | --- | --- | --- |", ...rows, ""].join("\n");
}

function collect(path: string, node: SchemaNode, isField: boolean, rows: string[]): void {
  const branch = node["x-secret"] === true ? undefined : node.anyOf?.find((option) => option.properties);
  const entry = entrySchema(node);
  const inner = node.properties ?? branch?.properties ?? entry?.properties ?? node.items?.properties;
  if (isField && (!node.properties || Object.keys(node.properties).length === 0)) rows.push(row(path, node));
  const below = node.items?.properties ? `${path}[]` : node.properties === undefined && branch === undefined && entry?.properties ? `${path}.<id>` : path;
  for (const [key, child] of Object.entries(inner ?? {})) collect(`${below}.${key}`, child, true, rows);
  if (node.properties && entry) rows.push(row(`${path}.<name>`, entry));
}

function row(path: string, node: SchemaNode): string {
  const notes = [node["x-secret"] === true ? "Secret." : "", node["x-restart"] === true ? "Needs a restart." : "", bounds(node)].filter((note) => note !== "");
  const example = node.examples?.[0] === undefined ? "" : ` Example: ${code(node.examples[0])}.`;
  const words = `${node.description ?? ""}${example}${notes.length > 0 ? ` ${notes.join(" ")}` : ""}`.trim();
  return `| \`${path}\` | ${cell(typeOf(node))} | ${node.default === undefined ? "" : code(node.default)} | ${cell(words)} |`;
}

function bounds(node: SchemaNode): string {
  if (node.minimum !== undefined && node.maximum !== undefined) return `${node.minimum} to ${node.maximum}.`;
  return node.minimum === undefined || node.minimum === 0 ? "" : `At least ${node.minimum}.`;
}

function typeOf(node: SchemaNode): string {
  if (node["x-secret"] === true) return "text or reference";
  const choices = choicesOf(node);
  if (choices) return choices.map((choice) => `\`${choice}\``).join(", ");
  if (node.anyOf) return [...new Set(node.anyOf.map(typeOf))].join(" or ");
  if (node.type === "array") return `list of ${node.items ? typeOf(node.items) : "values"}`;
  if (node.type === "object") return entrySchema(node) ? "map" : "section";
  return { string: "text", integer: "whole number", number: "number", boolean: "true or false" }[node.type ?? ""] ?? "any";
}

function code(value: unknown): string {
  return `\`${cell(typeof value === "string" ? value : JSON.stringify(value))}\``;
}

/** A table's cell cannot hold a bar or a line break. */
function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("\n", " ");
}
