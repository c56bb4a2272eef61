// A JSON schema as the text of a TypeScript type.

export interface Schema {
  type?: string | string[];
  const?: unknown;
  enum?: unknown[];
  anyOf?: Schema[];
  allOf?: Schema[];
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: boolean | Schema;
  patternProperties?: Record<string, Schema>;
  items?: Schema | Schema[];
  not?: unknown;
  description?: string;
  [member: string]: unknown;
}

export function typeText(schema: Schema, indent = ""): string {
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  if (schema.anyOf) return union(schema.anyOf.map((one) => typeText(one, indent)));
  if (schema.not !== undefined) return "never";
  if (Array.isArray(schema.type)) return union(schema.type.map((type) => typeText({ ...schema, type }, indent)));
  switch (schema.type) {
    case "string":
      return "string";
    case "number":
    case "integer":
      return "number";
    case "boolean":
      return "boolean";
    case "null":
      return "null";
    case "array":
      return Array.isArray(schema.items) ? `[${schema.items.map((item) => typeText(item, indent)).join(", ")}]` : `${wrapped(typeText(schema.items ?? {}, indent))}[]`;
    case "object":
      return objectText(schema, indent);
    default:
      return "unknown";
  }
}

function objectText(schema: Schema, indent: string): string {
  const inner = `${indent}  `;
  const required = new Set(schema.required ?? []);
  const members = Object.entries(schema.properties ?? {}).map(([name, member]) => {
    const note = member.description === undefined ? "" : `${inner}/** ${member.description.replace(/\*\//g, "* /")} */\n`;
    return `${note}${inner}${/^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name)}${required.has(name) ? "" : "?"}: ${typeText(member, inner)};`;
  });
  const rest = restOf(schema);
  if (members.length === 0) return rest === undefined ? "Record<string, never>" : `Record<string, ${typeText(rest, indent)}>`;
  if (rest !== undefined) members.push(`${inner}[member: string]: unknown;`);
  return `{\n${members.join("\n")}\n${indent}}`;
}

/** The schema of further members; undefined when there are none. */
function restOf(schema: Schema): Schema | undefined {
  const pattern = Object.values(schema.patternProperties ?? {})[0];
  if (pattern) return pattern;
  if (schema.additionalProperties === false) return undefined;
  if (typeof schema.additionalProperties === "object") return schema.additionalProperties;
  return schema.additionalProperties === true || schema.properties === undefined || Object.keys(schema.properties).length === 0 ? {} : undefined;
}

function union(parts: string[]): string {
  return [...new Set(parts)].join(" | ");
}

function wrapped(text: string): string {
  return text.includes(" | ") ? `(${text})` : text;
}
