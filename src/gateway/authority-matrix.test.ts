// Every method and HTTP door × every kind of caller × both protocols against one table. A schema error where the table says no is a failure: it was looked at too early.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { compatible, dial, helloOf, kitToken, makeDevice, startKit, type ConnectWish, type Frame, type Kit, type Wire } from "../../test/fixtures/gateway-kit.ts";
import { verdictOnKit } from "../../test/fixtures/mutant-kit.ts";
import { verdictOn } from "../../test/fixtures/mutant-module.ts";
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
const everyScope = { gatewayConfig: { auth: { sharedTokenScopes: [...compatible, "operator.talk"] } } };
beforeAll(async () => {
  kit = await startKit(everyScope);
});
afterAll(() => kit.close());

function allowed(kind: Kind, word: Word): boolean {
  return word === "any" || kind.holds.includes(word);
}

/** Params that fit no method: whoever may call is told so, whoever may not must not learn even that. */
const misfit = { zzz: 1 };
const isDenial = (answer: Frame) => /^(missing scope: |unauthorized role: )/.test(answer.error?.message ?? "");

async function connectAs(on: Kit, kind: Kind, protocol: 3 | 4): Promise<Wire> {
  return dial(on, { ...kind.wish, protocol, device: makeDevice() });
}

function namesAllMethods(methods: readonly GatewayMethod[]): void {
  expect(methods.map((method) => method.name).sort()).toEqual(Object.keys(table).sort());
}

/** Every method, by every caller, with params that fit none. */
async function followsTheTable(on: Kit, protocols: readonly (3 | 4)[] = [3, 4], callers: readonly Kind[] = kinds): Promise<number> {
  let cases = 0;
  const wrong: string[] = [];
  for (const protocol of protocols) {
    for (const kind of callers) {
      const wire = await connectAs(on, kind, protocol);
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
  expect(wrong.length, wrong[0]).toBe(0);
  return cases;
}

/** With the secret alone, on a fresh installation. */
async function secretIsWorthItsWorth(on: Kit): Promise<number> {
  const wire = await dial(on, { scopes: compatible });
  expect(helloOf(wire).auth.scopes.sort(), "scopes").toEqual(["operator.read", "operator.write"]);
  let denied = 0;
  for (const [name, entry] of Object.entries(table)) {
    const word = typeof entry === "string" ? entry : entry[0];
    const answer = await wire.ask(name, misfit);
    expect({ name, denied: isDenial(answer) }).toEqual({ name, denied: !["read", "write", "any"].includes(word) });
    if (isDenial(answer)) denied++;
  }
  wire.close();
  return denied;
}

async function raisesBeforeEffects(on: Kit): Promise<void> {
  const wire = await dial(on, { device: makeDevice(), scopes: ["operator.write"] });
  expect((await wire.ask("sessions.patch", { key: "main", sendPolicy: "deny" })).error?.message, "a patch that asks for more").toBe("missing scope: operator.admin");
  wire.close();
}

describe("[I.8] every method × every caller", () => {
  it("[I.8] the table names every method and no other", () => namesAllMethods(coreMethods));

  it("[I.8] [I.9] allows exactly what the table says, and denies before it looks at the params", async () => {
    const cases = await followsTheTable(kit);
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
    const denied = await secretIsWorthItsWorth(plain);
    await plain.close();
    console.log(`[I.8] ${Object.keys(table).length} methods without a device, ${denied} denied`);
  });

  it("[I.9] a scope that depends on the params is asked for before any effect", () => raisesBeforeEffects(kit));

  const few = kinds.filter(({ name }) => ["read", "write", "node"].includes(name));
  it.each([
    { name: "asks nobody for a scope", file: "src/gateway/authorise.ts", from: "return holds(caller.scopes, access) ? undefined : missingScope(access);", to: "return undefined;", options: everyScope, check: (on: Kit) => followsTheTable(on, [4], few), says: /read calling \S+ got/ },
    { name: "takes a node for an operator", file: "src/gateway/authorise.ts", from: 'if (caller.role === "node") return fault("auth.role", { role: "node" });', to: 'if (caller.role === "node") return undefined;', options: everyScope, check: (on: Kit) => followsTheTable(on, [4], few), says: /node calling \S+ got/ },
    { name: "lets readers write the configuration", file: "src/gateway/methods/config.ts", from: 'name: "config.set",\n    access: "operator.admin"', to: 'name: "config.set",\n    access: "operator.read"', options: everyScope, check: (on: Kit) => followsTheTable(on, [4], few), says: /read calling config\.set got/ },
    { name: "tells anybody which names it knows", file: "src/gateway/registry.ts", from: 'if (!method) return "operator.admin";', to: 'if (!method) return "any";', options: everyScope, check: (on: Kit) => followsTheTable(on, [4], few), says: /read calling nope got unknown method/ },
    { name: "looks at the params first", file: "src/gateway/dispatch.ts", from: "const denied = refusal(caller, registry.access(name, caller.protocol));", to: "const known = registry.get(name); if (known) paramsOf(known, caller, raw); const denied = refusal(caller, registry.access(name, caller.protocol));", options: everyScope, check: (on: Kit) => followsTheTable(on, [4], few), says: /read calling \S+ got invalid \S+ params/ },
    { name: "gives whatever is asked for", file: "src/gateway/admission.ts", from: "scopes: intersection(askedScopes(applicant), proven.worth)", to: "scopes: askedScopes(applicant)", options: {}, check: secretIsWorthItsWorth, says: /scopes/ },
    { name: "does not look what the params ask for", file: "src/gateway/dispatch.ts", from: "if (raised !== undefined && !holds(caller.scopes, raised)) {", to: "if (raised === null && !holds(caller.scopes, raised)) {", options: everyScope, check: raisesBeforeEffects, says: /a patch that asks for more/ },
  ])("[I.8] [I.9] the check sees a gateway that $name", async ({ options, check, says, ...mutation }) => {
    expect(await verdictOnKit(mutation, options, check)).toMatch(says);
  });

  it("[I.8] the check sees a method that the table does not know", async () => {
    const mutation = { name: "another method", file: "src/gateway/methods/chat.ts", from: 'name: "chat.inject"', to: 'name: "chat.push"' };
    expect(await verdictOn<{ coreMethods: readonly GatewayMethod[] }>(mutation, ({ coreMethods: mutated }) => namesAllMethods(mutated), "src/gateway/methods/all.ts")).toMatch(/to deeply equal/);
  });
});

describe("[I.8] HTTP", () => {
  const doors: [method: string, path: string, word: Word | "open"][] = [
    ["GET", "/health", "open"], ["GET", "/healthz", "open"], ["GET", "/ready", "open"], ["GET", "/readyz", "open"], ["GET", "/", "open"],
    ["GET", "/v1/models", "read"], ["GET", "/v1/models/openclaw", "read"], ["POST", "/v1/chat/completions", "write"], ["POST", "/v1/responses", "write"],
  ];

  const letsInByTheTable = async (on: Kit, holds: readonly string[]) => {
    let cases = 0;
    for (const [method, path, word] of doors) {
      for (const authorization of [undefined, "Bearer wrong-token-entirely", `Bearer ${kitToken}`, `Basic ${Buffer.from(`x:${kitToken}`).toString("base64")}`]) {
        const response = await fetch(`${on.gateway.url}${path}`, { method, ...(method === "POST" ? { body: "{not json" } : {}), headers: authorization === undefined ? {} : { authorization } });
        const isKnown = authorization === `Bearer ${kitToken}`;
        const expected = word === "open" ? [200, 304, 404] : !isKnown ? [401] : holds.includes(word) ? [200, 400] : [403];
        await response.arrayBuffer();
        expect(expected, `${method} ${path} by ${authorization}: ${response.status}`).toContain(response.status);
        cases++;
      }
    }
    return cases;
  };
  const readersOnly = { gatewayConfig: { auth: { sharedTokenScopes: ["operator.read"] } } };

  it("[I.8] lets in exactly who the table names, before it reads a body", async () => {
    const readOnly = await startKit(readersOnly);
    const cases = (await letsInByTheTable(kit, ["read", "write"])) + (await letsInByTheTable(readOnly, ["read"]));
    await readOnly.close();
    console.log(`[I.8] ${cases} HTTP cases`);
  });

  it.each([
    { name: "asks no scope", file: "src/gateway/http/router.ts", from: "const missing = denied(caller, route.access);", to: "const missing = undefined as ReturnType<typeof denied>;", says: /POST \/v1\/chat\/completions by Bearer kit-token\S+: 400/ },
    { name: "takes any bearer", file: "src/gateway/http/caller.ts", from: "if (secret !== undefined && deps.shared.check(", to: "if (secret !== undefined || deps.shared.check(", says: /by Bearer wrong-token-entirely: 200/ },
    { name: "reads the body first", file: "src/gateway/http/router.ts", from: 'if (route.access !== "open") {', to: 'if (route.access !== "open" && (request.method !== "POST" || (await request.clone().json().then(() => true, () => false)))) {', says: /POST \/v1\/chat\/completions by undefined: 400/ },
  ])("[I.8] [I.9] the check sees a gateway that $name", async ({ says, ...mutation }) => {
    expect(await verdictOnKit(mutation, readersOnly, (on) => letsInByTheTable(on, ["read"]))).toMatch(says);
  });
});

describe("[I.8] the registry", () => {
  const method = (change: Partial<GatewayMethod>): GatewayMethod => Object.assign({}, coreMethods[0], { name: "x" }, change);
  const checksItsMethods = (create: typeof createRegistry) => {
    expect(() => create([method({ access: undefined as never })]), "no entry").toThrow("does not say who may call it");
    expect(() => create([method({ access: "operator.everything" as never })]), "an unknown one").toThrow("does not say who may call it");
    expect(() => create([method({ v3: { access: "" as never } })]), "an empty one").toThrow("does not say who may call it");
    expect(() => create([method({}), method({})]), "twice").toThrow("defined twice");
  };

  it("[I.8] does not start with a method that has no entry, or two of one name", () => checksItsMethods(createRegistry));

  it.each([
    { name: "takes methods without an entry", from: "if (!isAccess(method.access) || ", to: "if (", says: /no entry/ },
    { name: "does not look at protocol 3", from: "(method.v3?.access !== undefined && !isAccess(method.v3.access))", to: "false", says: /an empty one/ },
    { name: "takes the later of two", from: "if (byName.has(method.name)) throw", to: "if (byName.has(`${method.name} `)) throw", says: /twice/ },
  ])("[I.8] the check sees a registry that $name", async ({ says, ...mutation }) => {
    expect(await verdictOn<{ createRegistry: typeof createRegistry }>({ file: "src/gateway/registry.ts", ...mutation }, ({ createRegistry: mutated }) => checksItsMethods(mutated))).toMatch(says);
  });
});

/** The host's key is known, its signature is not. */
async function wantsProofOfTheHost(on: Kit): Promise<void> {
  const host = makeDevice();
  await writeFile(join(on.stateDir, "identity", "device.json"), JSON.stringify({ version: 1, deviceId: host.id, publicKeyPem: host.publicKeyPem }));
  const outcome = await dial(on, { device: host, scopes: ["operator.admin"], auth: null, tamper: (proof) => ({ ...proof, signature: Buffer.alloc(64).toString("base64url") }) }).then((wire) => (wire.close(), "let in"), (error: Error) => error.message);
  expect(outcome, "without proof").toBe("device signature invalid");
}

it("[I.8] the host's key file decides nothing for a caller that does not prove the key", async () => {
  const plain = await startKit();
  await wantsProofOfTheHost(plain);
  await plain.close();
});

it("[I.8] the check sees a gateway that takes the host's key without its proof", async () => {
  const mutation = { name: "signatures unseen", file: "src/devices/identity.ts", from: 'if (!signed) return { ok: false, failure: "signature-invalid" };', to: "" };
  expect(await verdictOnKit(mutation, {}, wantsProofOfTheHost)).toMatch(/without proof: expected 'let in'/);
});
