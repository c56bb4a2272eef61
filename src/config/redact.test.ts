import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { importMutant } from "../../test/fixtures/mutant-module.ts";
import { Secret } from "../base/secret.ts";
import { withDefaults } from "./defaults.ts";
import { deepEqual } from "./path.ts";
import type * as RedactModule from "./redact.ts";
import { isSecretName, redactDocument, restoreMarks } from "./redact.ts";
import type { ConfigDocument } from "./schema.ts";
import { redactionMark } from "./snapshot.ts";

/** Each puts a secret at another place of a document; the last ones are places that only an adopted file has. */
const places: Record<string, (secret: string) => object> = {
  "token": (s) => ({ gateway: { auth: { token: s } } }),
  "password": (s) => ({ gateway: { auth: { password: s } } }),
  "remote token": (s) => ({ gateway: { remote: { token: s } } }),
  "remote password": (s) => ({ gateway: { remote: { password: s } } }),
  "remote url": (s) => ({ gateway: { remote: { url: `wss://me:${s}@host.example` } } }),
  "provider key": (s) => ({ models: { providers: { a: { apiKey: s } } } }),
  "provider header": (s) => ({ models: { providers: { a: { headers: { "X-Api-Key": s } } } } }),
  "provider authorization": (s) => ({ models: { providers: { a: { headers: { authorization: `Bearer ${s}` } } } } }),
  "provider cookie": (s) => ({ models: { providers: { a: { headers: { Cookie: s } } } } }),
  "model header": (s) => ({ models: { providers: { a: { models: [{ id: "m", headers: { "x-goog-api-key": s } }] } } } }),
  "base url": (s) => ({ models: { providers: { a: { baseUrl: `https://user:${s}@host/v1` } } } }),
  "compat": (s) => ({ models: { providers: { a: { models: [{ id: "m", compat: { authToken: s } }] } } } }),
  "variable": (s) => ({ env: { vars: { ANYTHING: s } } }),
  "bare variable": (s) => ({ env: { OPENAI_API_KEY: s } }),
  "extension key": (s) => ({ extensions: { entries: { web: { config: { apiKey: s } } } } }),
  "extension nested": (s) => ({ extensions: { entries: { web: { config: { accounts: [{ name: "x", clientSecret: s }] } } } } }),
  "wizard": (s) => ({ wizard: { lastToken: s } }),
  "telegram": (s) => ({ channels: { telegram: { botToken: s } } }),
  "slack": (s) => ({ channels: { slack: { accounts: { a: { appToken: s, signingSecret: s } } } } }),
  "matrix": (s) => ({ channels: { matrix: { password: s, accessToken: s } } }),
  "webhook": (s) => ({ channels: { x: { webhookUrl: s } } }),
  "hooks": (s) => ({ hooks: { token: s, gmail: { pushToken: s } } }),
  "talk": (s) => ({ talk: { apiKey: s } }),
  "skills": (s) => ({ skills: { entries: { a: { apiKey: s, env: { SOME_SECRET: s } } } } }),
  "plugins": (s) => ({ plugins: { entries: { a: { config: { privateKeyPem: s } } } } }),
  "mcp": (s) => ({ mcp: { servers: { a: { headers: { Authorization: s }, env: { DB_PASSWORD: s } } } } }),
  "memory": (s) => ({ agents: { defaults: { memorySearch: { remote: { apiKey: s } } } } }),
  "search": (s) => ({ tools: { web: { search: { apiKey: s, perplexity: { apiKey: s } } } } }),
  "auth profile": (s) => ({ auth: { profiles: { a: { credential: s } } } }),
  "nostr": (s) => ({ channels: { nostr: { privateKey: s, seed: s, mnemonic: s } } }),
  "service account": (s) => ({ channels: { googlechat: { serviceAccount: s, serviceAccountKey: s } } }),
  "known value in words": (s) => ({ messages: { responsePrefix: `see ${s} there` } }),
};

function canaries(): { secret: string; document: object; name: string }[] {
  return Object.entries(places).flatMap(([name, place], index) => ["a", "b"].map((letter) => {
    const secret = `canary${letter}${index}-${"Zk3".repeat(4)}${index}`;
    return { name, secret, document: place(secret) };
  }));
}

describe("a view of the configuration", () => {
  it("[I.15] shows none of 60 canaries, in the document and with its defaults", () => {
    const all = canaries();
    for (const { name, secret, document } of all) {
      const known = name.startsWith("known") ? [new Secret(secret)] : [];
      for (const shown of [redactDocument(document, known), redactDocument(withDefaults(document as ConfigDocument), known)]) {
        expect(JSON.stringify(shown), name).not.toContain(secret);
        expect(JSON.stringify(shown), name).toContain(redactionMark);
      }
    }
    console.log(`[I.15] ${all.length} canaries at ${Object.keys(places).length} places of a configuration`);
    expect(all.length).toBeGreaterThanOrEqual(60);
  });

  it("[I.15] catches seeded mutants that forget names, marked fields or known values", async () => {
    const mutants: [string, string][] = [['(isFree(path) && isSecretPath(path))', "false"], ['schema?.["x-secret"] === true || (isFree', "(isFree"], ["for (const secret of known) if (shown.includes(secret)) shown", "for (const secret of known) if (false) shown"]];
    for (const [from, to] of mutants) {
      const mutant = await importMutant<typeof RedactModule>({ name: from, file: "src/config/redact.ts", from, to });
      const leaks = canaries().filter(({ document, secret }) => JSON.stringify(mutant.redactDocument(document, [])).includes(secret) || JSON.stringify(mutant.redactDocument(document, [new Secret(secret)])).includes(secret));
      expect(leaks.length, from).toBeGreaterThan(0);
    }
  });

  it("keeps what is no secret, and references to secrets", () => {
    const document = {
      gateway: { port: 1, auth: { mode: "token", token: "${TOKEN}", password: { secret: "gateway" } }, tls: { keyPath: "/etc/key.pem" } },
      session: { mainKey: "main" },
      models: { providers: { a: { apiKey: { source: "env", id: "KEY" }, headers: { "X-Title": "mine", "HTTP-Referer": "https://x.example" }, models: [{ id: "m", maxTokens: 5 }] } } },
      wizard: { lastRunAt: "2026-01-01", tokens: 5 },
    };
    expect(redactDocument(document, [new Secret("main"), new Secret("")])).toEqual(document);
  });

  it.each(["token", "API_KEY", "apiKey", "x-api-key", "Authorization", "botToken", "client_secret", "DB_PASSWORD", "private_key_id", "Set-Cookie", "webhookUrl", "passwords"])("takes %s for the name of a secret", (name) => {
    expect(isSecretName(name)).toBe(true);
  });
  it.each(["model", "baseUrl", "keyboard", "monkey", "author", "tokenizer", "X-Title", "lastRunAt", "cookieless", "secretary"])("does not take %s for one", (name) => {
    expect(isSecretName(name)).toBe(false);
  });
});

describe("writing a view back", () => {
  const known = [new Secret("known-value-1")];

  it("restores every stored value, whatever the document", () => {
    const merged = fc.array(fc.constantFrom(...canaries().map((one) => one.document)), { minLength: 1, maxLength: 6 }).map((parts) => Object.assign({}, ...parts) as object);
    fc.assert(fc.property(merged, (document) => {
      const { value, orphans } = restoreMarks(redactDocument(document, known), document, known);
      expect(orphans).toEqual([]);
      expect(deepEqual(value, document)).toBe(true);
    }));
  });

  it("follows list entries by id when the list changed, and refuses to guess", () => {
    const stored = { models: { providers: { a: { models: [{ id: "one", headers: { "X-Api-Key": "k1" } }, { id: "two", headers: { "X-Api-Key": "k2" } }] } } } };
    const entry = (id: string) => ({ id, headers: { "X-Api-Key": redactionMark } });
    const write = (models: object[]) => restoreMarks({ models: { providers: { a: { models } } } }, stored, []);
    expect(write([entry("two")]).value).toEqual({ models: { providers: { a: { models: [{ id: "two", headers: { "X-Api-Key": "k2" } }] } } } });
    expect(write([entry("two"), entry("one")]).value).toMatchObject({ models: { providers: { a: { models: [{ headers: { "X-Api-Key": "k2" } }, { headers: { "X-Api-Key": "k1" } }] } } } });
    expect(write([entry("one"), entry("renamed")]).value).toMatchObject({ models: { providers: { a: { models: [{}, { headers: { "X-Api-Key": "k2" } }] } } } });
    expect(write([entry("one"), entry("two"), entry("three")]).orphans).toEqual([["models", "providers", "a", "models", 2, "headers", "X-Api-Key"]]);
  });

  it("puts back a mark inside a text only when the text around it is the same", () => {
    const stored = { gateway: { remote: { url: "wss://me:word-1@host" } }, messages: { responsePrefix: "see known-value-1" } };
    const shown = redactDocument(stored, known) as typeof stored;
    expect(shown.gateway.remote.url).toBe(`wss://me:${redactionMark}@host`);
    expect(restoreMarks(shown, stored, known)).toEqual({ value: stored, orphans: [] });
    const moved = { ...shown, gateway: { remote: { url: `wss://me:${redactionMark}@evil` } } };
    expect(restoreMarks(moved, stored, known).orphans).toEqual([["gateway", "remote", "url"]]);
  });

  it("never moves a secret to another field", () => {
    const stored = { gateway: { auth: { token: "t-1" } } };
    expect(restoreMarks({ gateway: { auth: { password: redactionMark } } }, stored, []).orphans).toHaveLength(1);
    expect(restoreMarks({ messages: { responsePrefix: redactionMark } }, stored, []).orphans).toHaveLength(1);
  });
});
