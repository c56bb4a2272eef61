// Checks a call's arguments against the tool's schema. Compiled at a tool's first call; the words are for a model to act on.
import type { TSchema } from "typebox";

const MAX_PROBLEMS = 3;

/** What is wrong with the arguments, or undefined. */
type Check = (args: unknown) => string | undefined;

export function createParamChecks(): (schema: TSchema, args: unknown) => Promise<string | undefined> {
  const compiled = new WeakMap<TSchema, Check>();
  return async (schema, args) => {
    const check = compiled.get(schema) ?? (await compile(schema));
    compiled.set(schema, check);
    return check(args);
  };
}

async function compile(schema: TSchema): Promise<Check> {
  const { Compile } = await import("typebox/compile"); // not at start: many sessions never call a tool
  const validator = Compile(schema);
  return (args) => {
    if (validator.Check(args)) return undefined;
    const problems = [...validator.Errors(args)].flatMap(describe).slice(0, MAX_PROBLEMS);
    return problems.join("; ") || "the arguments do not fit the tool's parameters";
  };
}

function describe(error: { keyword: string; instancePath: string; message: string; params: object }): string[] {
  if (error.keyword === "boolean") return []; // said again, with names, by additionalProperties
  const place = error.instancePath.slice(1).replaceAll("/", ".");
  const unknown = "additionalProperties" in error.params && Array.isArray(error.params.additionalProperties) ? error.params.additionalProperties : [];
  if (unknown.length > 0) return [`unknown argument ${unknown.join(", ")}`];
  return [place === "" ? error.message : `${place} ${error.message}`];
}
