import { describe, expect, it } from "vitest";
import { describeSchema } from "./describe.ts";
import { configNode, configSchema } from "./schema.ts";
import { entrySchema, hasHint, schemaAt, type SchemaNode } from "./schema-node.ts";
import { uiHints } from "./ui-hints.ts";

function eachField(node: SchemaNode, path: string, visit: (path: string, node: SchemaNode) => void): void {
  for (const [key, child] of Object.entries(node.properties ?? {})) {
    visit(`${path}${key}`, child);
    eachField(child, `${path}${key}.`, visit);
  }
  const entry = entrySchema(node);
  if (entry) eachField(entry, `${path}<id>.`, visit);
  if (node.items) eachField(node.items, `${path}[].`, visit);
  for (const branch of node.anyOf ?? []) eachField(branch, path, visit);
}

describe("the schema", () => {
  it("describes every field, as a sentence or as words", () => {
    let fields = 0;
    eachField(configNode, "", (path, node) => {
      fields++;
      expect(node.description, path).toMatch(/\S/);
    });
    expect(fields).toBeGreaterThan(150);
  });

  it("has a page per section, with each key, its default and its hints, and no broken table", () => {
    const pages = describeSchema(configSchema);
    expect(pages[0]?.text).toContain("| [`gateway`](gateway.md) | The door: port, sign-in, TLS, HTTP. |");
    const gateway = pages.find((page) => page.file === "gateway.md")?.text ?? "";
    expect(gateway).toContain("| `gateway.port` | whole number | `18789` | Port of HTTP and WebSocket. Needs a restart. 0 to 65535. |");
    expect(gateway).toContain("| `gateway.auth.token` | text or reference |");
    const models = pages.find((page) => page.file === "models.md")?.text ?? "";
    expect(models).toContain("| `models.providers.<id>.models[].cost.input` | number |");
    expect(pages.find((page) => page.file === "agents.md")?.text).toContain("| `agents.list[].tools.deny` | list of text |");
    for (const page of pages) for (const line of page.text.split("\n").filter((text) => text.startsWith("|"))) expect(line.replaceAll("\\|", "").split("|").length, line).toBe(page.file === "README.md" ? 4 : 6);
  });

  it("gives forms a label, a help text and what must be masked", () => {
    const hints = uiHints();
    expect(hints["gateway.auth.token"]).toMatchObject({ label: "Token", sensitive: true, group: "gateway" });
    expect(hints["models.providers.*.apiKey"]).toMatchObject({ sensitive: true });
    expect(hints["agents.list[].tools.deny"]).toMatchObject({ help: "Tools never allowed; deny wins." });
    expect(hints["gateway.http.endpoints.responses.maxBodyBytes"]).toMatchObject({ label: "Max body bytes", advanced: true, placeholder: "20000000" });
    expect(Object.values(hints).every((hint) => hint.help !== "")).toBe(true);
  });

  it("finds hints of a field in its parents", () => {
    expect(hasHint(configNode, ["gateway", "port"], "x-restart")).toBe(true);
    expect(hasHint(configNode, ["gateway", "limits", "preAuthTotal"], "x-advanced")).toBe(true);
    expect(hasHint(configNode, ["gateway", "auth", "mode"], "x-restart")).toBe(false);
    expect(schemaAt(configNode, ["models", "providers", "any", "models", 3, "id"])?.type).toBe("string");
    expect(schemaAt(configNode, ["nothing", "here"])).toBeUndefined();
  });
});
