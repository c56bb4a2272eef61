import fc from "fast-check";
import { Check } from "typebox/value";
import { describe, expect, it } from "vitest";
import { accepts, checkDocument, nearest } from "./check.ts";
import { withDefaults } from "./defaults.ts";
import { configNode, configSchema } from "./schema.ts";
import { choicesOf, entrySchema, type SchemaNode } from "./schema-node.ts";

/** Documents that mostly fit a schema, with something wrong here and there. */
function near(schema: SchemaNode): fc.Arbitrary<unknown> {
  const odd = fc.oneof(fc.constantFrom<unknown>(null, true, -1, 1.5, 3, "", "text", Number.NaN), fc.constant([]), fc.constant({}), fc.constant({ odd: 1 }), fc.constant(["x", 1]));
  return fc.oneof({ weight: 12, arbitrary: fitting(schema) }, { weight: 1, arbitrary: odd });
}

function fitting(schema: SchemaNode): fc.Arbitrary<unknown> {
  const choices = choicesOf(schema);
  if (choices) return fc.oneof({ weight: 6, arbitrary: fc.constantFrom<unknown>(...choices) }, { weight: 1, arbitrary: fc.string({ maxLength: 5 }) });
  if (schema.anyOf) return fc.oneof(...schema.anyOf.map(near));
  const entry = entrySchema(schema);
  if (schema.properties) {
    const required = new Set(schema.required ?? []);
    const fields = Object.fromEntries(Object.entries(schema.properties).map(([key, child]) => [key, fc.option(near(child), { nil: absent, freq: required.has(key) ? 20 : 1 })]));
    const extra = fc.oneof({ weight: 15, arbitrary: fc.constant({}) }, { weight: 1, arbitrary: fc.constant({ unknownKey: 1 }) });
    return fc.tuple(fc.record(fields), extra).map(([given, more]) => ({ ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== absent)), ...more }));
  }
  if (entry) return fc.dictionary(fc.stringMatching(/^[a-z]{1,5}$/), near(entry), { maxKeys: 3, noNullPrototype: true });
  switch (schema.type) {
    case "array": return fc.array(near(schema.items ?? {}), { maxLength: 3 });
    case "string": return schema.const === undefined ? fc.string({ maxLength: 8 }) : fc.constant(schema.const);
    case "boolean": return fc.boolean();
    case "integer": return fc.integer({ min: -2, max: 100_000 });
    case "number": return fc.double({ min: -1, max: 10, noNaN: true });
    case undefined: return schema.const === undefined ? fc.constantFrom<unknown>(1, "x", null, { a: 1 }) : fc.constant(schema.const);
    default: return fc.constant({});
  }
}
const absent = Symbol("absent");

describe("checking a document", () => {
  it("agrees with TypeBox on what is valid, for documents that are nearly right", () => {
    let valid = 0;
    let all = 0;
    for (const [key, schema] of Object.entries(configNode.properties ?? {})) {
      fc.assert(fc.property(near(schema), (value) => {
        const document = { [key]: value };
        const ours = checkDocument(configNode, document).length === 0;
        if (ours) valid++;
        all++;
        expect(ours).toBe(Check(configSchema, document));
      }), { numRuns: 300 });
    }
    console.log(`${all} documents, ${valid} of them valid`);
    expect(valid).toBeGreaterThan(all / 20);
    expect(valid).toBeLessThan(all);
  });

  it("fills in every default so that the result is valid and nothing given is changed", () => {
    expect(Check(configSchema, withDefaults({}))).toBe(true);
    expect(withDefaults({ gateway: { port: 1, auth: { sharedTokenScopes: [] } } }).gateway).toMatchObject({ port: 1, bind: "loopback", auth: { mode: "token", sharedTokenScopes: [] }, http: { endpoints: { responses: { enabled: true } } } });
    expect(withDefaults({})).toEqual(withDefaults(withDefaults({})));
  });

  it.each([
    [{ gateway: { port: "19000" } }, "gateway.port", "must be a whole number, not text"],
    [{ gateway: { port: 70_000 } }, "gateway.port", "must be at most 65535"],
    [{ gateway: { auth: { token: 12345 } } }, "gateway.auth.token", "must be text or a map, not a number"],
    [{ gateway: { mode: 12345 } }, "gateway.mode", "must be one of local, remote"],
    [{ logging: { file: 5 } }, "logging.file", "must be text, not a number; put it in quotes"],
    [{ agents: { list: [{ name: "x" }] } }, "agents.list.0", "needs id"],
    [{ agents: { list: [{ id: "Not Good" }] } }, "agents.list.0.id", "must match ^[a-z0-9][a-z0-9_-]{0,63}$"],
    [{ agents: { defaults: { model: { primry: "x" } } } }, "agents.defaults.model.primry", "unknown key agents.defaults.model.primry; did you mean primary?"],
    [{ models: { providers: [] } }, "models.providers", "must be a map, not a list"],
    [{ tools: { deny: "exec" } }, "tools.deny", "must be a list, not text"],
  ])("says what to do about %j", (document, path, message) => {
    expect(checkDocument(configNode, document)).toMatchObject([{ path: path.split(".").map((step) => (/^\d+$/.test(step) ? Number(step) : step)), message }]);
  });

  it("never repeats a value, which may be a secret", () => {
    const secret = "do-not-show-this";
    const findings = checkDocument(configNode, { gateway: { auth: { mode: secret, token: { odd: secret } }, port: secret }, agents: { list: [{ id: secret.toUpperCase() }] } });
    expect(findings.length).toBeGreaterThan(3);
    expect(JSON.stringify(findings).toLowerCase()).not.toContain(secret);
  });

  it("finds the nearest word, and none when none is near", () => {
    expect(nearest("prot", ["port", "mode"])).toBe("port");
    expect(nearest("Port", ["port"])).toBe("port");
    expect(nearest("loopbak", ["loopback", "lan"])).toBe("loopback");
    expect(nearest("zzz", ["port", "mode"])).toBeUndefined();
    expect(nearest("x".repeat(500), ["port"])).toBeUndefined();
    expect(accepts({ type: "string" }, "x")).toBe(true);
  });
});
