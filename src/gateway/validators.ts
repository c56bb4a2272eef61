// Schemas as compiled checks: each is compiled when it is first needed, because compiling all would cost the start.
import type { TSchema } from "typebox";
import { Compile, type Validator } from "typebox/compile";

const compiled = new WeakMap<TSchema, Validator>();

/** What is wrong with the value, as text for the peer; undefined when it fits. */
export function problem(schema: TSchema, value: unknown): string | undefined {
  let check = compiled.get(schema);
  if (!check) compiled.set(schema, (check = Compile(schema)));
  return check.Check(value) ? undefined : describe(check.Errors(value));
}

interface SchemaError { keyword: string; instancePath: string; message: string; params: unknown }

/** Longer lists and paths help nobody and come from the peer. */
const maxTexts = 4;
const maxTextChars = 300;

function describe(errors: Iterable<SchemaError>): string {
  const texts: string[] = [];
  for (const error of errors) {
    if (error.keyword === "boolean") continue; // said better by additionalProperties
    const where = error.instancePath === "" ? "at root" : `at ${error.instancePath}`;
    const text = `${where}: ${wording(error)}`.slice(0, maxTextChars);
    if (!texts.includes(text)) texts.push(text);
    if (texts.length === maxTexts) break;
  }
  return texts.length === 0 ? "at root: not valid" : texts.join("; ");
}

function wording(error: SchemaError): string {
  const params = error.params as { additionalProperties?: string[]; requiredProperties?: string[] }; // shape by keyword
  if (error.keyword === "additionalProperties" && params.additionalProperties) return `unexpected property '${params.additionalProperties.join("', '")}'`;
  if (error.keyword === "required" && params.requiredProperties) return `missing property '${params.requiredProperties.join("', '")}'`;
  return error.message;
}
