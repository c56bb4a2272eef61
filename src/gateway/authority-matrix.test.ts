// Every method and HTTP door × every kind of caller × both protocols against one table. A schema error where the table says no is a failure: it was looked at too early.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { compatible, dial, helloOf, kitToken, makeDevice, startKit, type ConnectWish, type Frame, type Kit, type Wire } from "../../test/fixtures/gateway-kit.ts";
import { coreMethods } from "./methods/all.ts";
import { createRegistry, type GatewayMethod } from "./registry.ts";

type Word = "read" | "write" | "admin" | "approvals" | "pairing" | "node" | "any";

/** The capability table, written down apart from the code: what protocol 4 asks for, and protocol 3 where it differs. */
const table: Record<string, Word | [now: Word, old: Word]> = {
  "health": "read", "status": "read", "system-presence": "read", "system-event": "admin", "system.info": "read", "gateway.identity.get": "read", "logs.tail": "read", "connect": "any",
  "config.get": ["read", "admin"], "config.set": "admin", "config.patch": "admin", "config.apply": "admin", "config.schema": ["read", "admin"], "config.schema.lookup": "read",
  "wizard.start": "admin", "wizard.next": "admin", "wizard.cancel": "admin", "wizard.status": "admin",
  "models.list": "read", "models.authStatus": "read", "models.probe": "admin", "usage.cost": "read", "usage.status": "read",
  "agents.list": "read", "agents.create": "admin", "agents.update": "admin", "agents.delete": "admin", "agents.files.list": "read", "agents.files.get": "read", "agents.files.set": "admin",
  "sessions.list": "read", "sessions.preview": "read", "sessions.resolve": ["read", "admin"], "sessions.patch": ["write", "admin"], "sessions.create": "write", "sessions.send": "write", "sessions.abort": "write",
  "sessions.reset": "admin", "sessions.delete": "admin", "sessions.fork": "write", "sessions.compact": "admin",
  "sessions.subscribe": "read", "sessions.unsubscribe": "read", "sessions.messages.subscribe": "read", "sessions.messages.unsubscribe": "read", "events.resume": "any",
  "device.pair.list": "pairing", "device.pair.approve": "pairing", "device.pair.reject": "pairing", "device.pair.remove": "pairing", "device.pair.rename": "pairing", "device.token.rotate": "pairing", "device.token.revoke": "pairing", "device.link.create": "admin",
  "node.list": "read", "node.describe": "read", "node.rename": "pairing", "node.invoke": "write", "node.invoke.result": "node", "node.event": "node", "node.pair.list": "pairing", "node.pair.approve": "pairing", "node.pair.reject": "pairing", "node.pair.remove": "pairing",
  "agent": "write", "agent.wait": "write", "agent.identity.get": "read", "chat.send": "write", "chat.history": "read", "chat.abort": "write", "chat.inject": "admin",
};
/** Names that do not exist ask for admin. */
const unknownNames = ["nope", "cron.list", "exec.approvals.get", "constructor", "__proto__", "toString"];

interface Kind { name: string; role: "operator" | "node"; holds: readonly Word[]; wish: ConnectWish }

const operator = (name: string, scopes: readonly string[], holds: readonly Word[]): Kind => ({ name, role: "operator", holds, wish: { scopes } });
const kinds: readonly Kind[] = [
  operator("read", ["operator.read"], ["read"]),
  operator("write", ["operator.write"], ["read", "write"]),
  operator("admin", ["operator.admin"], ["read", "write", "admin", "approvals", "pairing"]),
  operator("approvals", ["operator.approvals"], ["approvals"]),
  operator("pairing", ["operator.pairing"], ["pairing"]),
  operator("talk", ["operator.talk"], []),
  { name: "node", role: "node", holds: ["node"], wish: { role: "node", client: { id: "node-host", mode: "node" } } },
];

let kit: Kit;
beforeAll(async () => {
  kit = await startKit({ gatewayConfig: { auth: { sharedTokenScopes: [...compatible, "operator.talk"] } } });
});
afterAll(() => kit.close());

function allowed(kind: Kind, word: Word): boolean {
  return word === "any" || kind.holds.includes(word);
}

/** Params that fit no method: whoever may call is told so, whoever may not must not learn even that. */
const misfit = { zzz: 1 };
const isDenial = (answer: Frame) => /^(missing scope: |unauthorized role: )/.test(answer.error?.message ?? "");

async function connectAs(kind: Kind, protocol: 3 | 4): Promise<Wire> {
  return dial(kit, { ...kind.wish, protocol, device: makeDevice() });
}

describe("[I.8] every method × every caller", () => {
  it("[I.8] the table names every method and no other", () => {
    expect(coreMethods.map((method) => method.name).sort()).toEqual(Object.keys(table).sort());
  });

  it("[I.8] [I.9] allows exactly what the table says, and denies before it looks at the params", async () => {
    let cases = 0;
    const wrong: string[] = [];
    for (const protocol of [3, 4] as const) {
      for (const kind of kinds) {
        const wire = await connectAs(kind, protocol);
        for (const [name, entry] of [...Object.entries(table), ...unknownNames.map((unknown) => [unknown, "admin"] as const)]) {
          const word = typeof entry === "string" ? entry : entry[protocol === 3 ? 1 : 0];
          const answer = await wire.ask(name, misfit);
          const may = allowed(kind, word);
          if (may === isDenial(answer)) wrong.push(`protocol ${protocol}: ${kind.name} calling ${name} got ${answer.ok ? "an answer" : answer.error?.message}`);
          if (!may && answer.error) {
            const expectsForbidden = protocol === 4 && kind.role === "operator" && word !== "node";
            if (answer.error.code !== (expectsForbidden ? "FORBIDDEN" : "INVALID_REQUEST")) wrong.push(`protocol ${protocol}: ${kind.name} calling ${name} got code ${answer.error.code}`);
          }
          cases++;
        }
        wire.close();
      }
    }
    expect(wrong).toEqual([]);
    console.log(`[I.8] ${cases} cases: ${Object.keys(table).length} methods and ${unknownNames.length} unknown names × ${kinds.length} callers × 2 protocols`);
  }, 60_000);

  it("[rpc.trap.scope-before-method] an unknown method is a scope error without admin, and unknown with it", async () => {
    for (const protocol of [3, 4] as const) {
      const reader = await dial(kit, { protocol, scopes: ["operator.read"] });
      expect((await reader.ask("nope")).error?.message).toBe("missing scope: operator.admin");
      const admin = await dial(kit, { protocol, device: makeDevice(), scopes: ["operator.admin"] });
      expect((await admin.ask("nope")).error).toMatchObject({ code: "INVALID_REQUEST", message: "unknown method: nope" });
      reader.close();
      admin.close();
    }
  });

  it("[I.8] without a device the secret alone is worth what it is worth, whatever it asks for", async () => {
    const plain = await startKit();
    const wire = await dial(plain, { scopes: compatible });
    expect(helloOf(wire).auth.scopes.sort()).toEqual(["operator.read", "operator.write"]);
    let denied = 0;
    for (const [name, entry] of Object.entries(table)) {
      const word = typeof entry === "string" ? entry : entry[0];
      const answer = await wire.ask(name, misfit);
      expect({ name, denied: isDenial(answer) }).toEqual({ name, denied: !["read", "write", "any"].includes(word) });
      if (isDenial(answer)) denied++;
    }
    wire.close();
    await plain.close();
    console.log(`[I.8] ${Object.keys(table).length} methods without a device, ${denied} denied`);
  });

  it("[I.9] a scope that depends on the params is asked for before any effect", async () => {
    const wire = await dial(kit, { device: makeDevice(), scopes: ["operator.write"] });
    expect((await wire.ask("sessions.patch", { key: "main", sendPolicy: "deny" })).error?.message).toBe("missing scope: operator.admin");
    wire.close();
  });
});

describe("[I.8] HTTP", () => {
  const doors: [method: string, path: string, word: Word | "open"][] = [
    ["GET", "/health", "open"], ["GET", "/healthz", "open"], ["GET", "/ready", "open"], ["GET", "/readyz", "open"], ["GET", "/", "open"],
    ["GET", "/v1/models", "read"], ["GET", "/v1/models/openclaw", "read"], ["POST", "/v1/chat/completions", "write"], ["POST", "/v1/responses", "write"],
  ];

  it("[I.8] lets in exactly who the table names, before it reads a body", async () => {
    const readOnly = await startKit({ gatewayConfig: { auth: { sharedTokenScopes: ["operator.read"] } } });
    let cases = 0;
    for (const [on, holds] of [[kit, ["read", "write"]], [readOnly, ["read"]]] as const) {
      for (const [method, path, word] of doors) {
        for (const authorization of [undefined, "Bearer wrong-token-entirely", `Bearer ${kitToken}`, `Basic ${Buffer.from(`x:${kitToken}`).toString("base64")}`]) {
          const response = await fetch(`${on.gateway.url}${path}`, { method, ...(method === "POST" ? { body: "{not json" } : {}), headers: authorization === undefined ? {} : { authorization } });
          const isKnown = authorization === `Bearer ${kitToken}`;
          const expected = word === "open" ? [200, 304, 404] : !isKnown ? [401] : (holds as readonly string[]).includes(word) ? [200, 400] : [403];
          expect({ path, authorization, ok: expected.includes(response.status), status: response.status }).toMatchObject({ ok: true });
          await response.arrayBuffer();
          cases++;
        }
      }
    }
    await readOnly.close();
    console.log(`[I.8] ${cases} HTTP cases`);
  });
});

describe("[I.8] the registry", () => {
  const method = (change: Partial<GatewayMethod>): GatewayMethod => Object.assign({}, coreMethods[0], { name: "x" }, change);

  it("[I.8] does not start with a method that has no entry, or two of one name", () => {
    expect(() => createRegistry([method({ access: undefined as never })])).toThrow("does not say who may call it");
    expect(() => createRegistry([method({ access: "operator.everything" as never })])).toThrow("does not say who may call it");
    expect(() => createRegistry([method({ v3: { access: "" as never } })])).toThrow("does not say who may call it");
    expect(() => createRegistry([method({}), method({})])).toThrow("defined twice");
  });
});

it("[I.8] the host's key file decides nothing for a caller that does not prove the key", async () => {
  const plain = await startKit();
  const host = makeDevice();
  await writeFile(join(plain.stateDir, "identity", "device.json"), JSON.stringify({ version: 1, deviceId: host.id, publicKeyPem: host.publicKeyPem }));
  await expect(dial(plain, { device: host, scopes: ["operator.admin"], auth: null, tamper: (proof) => ({ ...proof, signature: Buffer.alloc(64).toString("base64url") }) })).rejects.toThrow("device signature invalid");
  await plain.close();
});
