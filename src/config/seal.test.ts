import { expect, test } from "vitest";
import { sealSecrets } from "./seal.ts";

test("a new key goes into the vault and the document keeps its name", async () => {
  const kept = new Map<string, string>();
  const store = async (name: string, value: string) => void kept.set(name, value);
  const document = { models: { providers: { acme: { baseUrl: "https://acme.test", apiKey: "key-1234567890" }, other: { apiKey: "${OTHER_KEY}" }, old: { apiKey: "as-it-was" } } }, gateway: { auth: { token: "read-by-clients-0123456789abcdef" } } };
  const sealed = await sealSecrets(document, { models: { providers: { old: { apiKey: "as-it-was" } } } }, store);
  expect(sealed).toEqual({
    models: { providers: { acme: { baseUrl: "https://acme.test", apiKey: { secret: "models.providers.acme.apiKey" } }, other: { apiKey: "${OTHER_KEY}" }, old: { apiKey: "as-it-was" } } },
    gateway: { auth: { token: "read-by-clients-0123456789abcdef" } },
  });
  expect([...kept]).toEqual([["models.providers.acme.apiKey", "key-1234567890"]]);
});

test("a field whose path has letters that no name takes is sealed under a name of its own", async () => {
  const names: string[] = [];
  const store = async (name: string) => void names.push(name);
  await sealSecrets({ models: { providers: { "my.server": { apiKey: "key-1" }, "my server": { apiKey: "key-2" }, "my/server": { apiKey: "key-3" } } } }, {}, store);
  expect(new Set(names).size).toBe(3);
  for (const name of names) expect(name).toMatch(/^[\w.:/@-]{1,200}$/);
});
