// Who gets which authority from a fresh installation: the shared token alone, new devices, approval on the host, tokens that end, one-time links.
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openClawConfig, readLog, startGateway, testToken, type GatewayProcess } from "../fixtures/gateway-process.ts";
import { makeMutant, type Mutation } from "../fixtures/mutant.ts";
import { verdict } from "../fixtures/mutant-module.ts";
import { attempt, connectParams, connectWire, eventually, everyScope, makeDevice, makeHostKey, openWire, proofOf, sleep, type Hello, type TestDevice, type Wire } from "../fixtures/wire-client.ts";

const config = openClawConfig({ baseUrl: "http://127.0.0.1:9/v1" });
const auth = { token: testToken };
const plain = ["operator.read", "operator.write"];
const six = /^(\w+ ){5}\w+$/;

let gateway: GatewayProcess;
let host: Wire & { hello: Hello };
let hostDevice: TestDevice;

beforeAll(async () => {
  gateway = await startGateway({ config });
  hostDevice = await makeHostKey(gateway.stateDir);
  host = await connectWire(gateway.wsUrl, { device: hostDevice, scopes: everyScope });
});
afterAll(async () => {
  host?.close();
  await gateway?.destroy();
});

const pairingOf = (answer: { error?: { details?: Record<string, unknown> } }) => ({ code: answer.error?.details?.["code"], reason: answer.error?.details?.["reason"] });

/** What a stranger with the shared token can get hold of; empty is right. */
async function gains(target: GatewayProcess): Promise<string[]> {
  const wrong: string[] = [];
  let cases = 0;
  const higher = ["operator.admin", "operator.approvals", "operator.pairing", "operator.talk.secrets"];
  for (const protocol of [3, 4] as const) {
    for (const scopes of [...higher.map((scope) => [scope]), everyScope, undefined, []]) {
      for (const device of [undefined, makeDevice()]) {
        for (const client of [{ id: "cli", mode: "cli" }, { id: "gateway-client", mode: "backend" }, { id: "openclaw-probe", mode: "probe" }, { id: "openclaw-macos", mode: "ui" }]) {
          cases++;
          const { answer, wire } = await attempt(target.wsUrl, { protocol, client, ...(scopes === undefined ? {} : { scopes }), auth, ...(device === undefined ? {} : { device }) });
          const name = `protocol ${protocol}, ${client.id}, ${device ? "device" : "no device"}, ${String(scopes)}`;
          const held = answer.ok === true ? (answer.payload as unknown as Hello).auth.scopes : [];
          const beyond = held.filter((scope) => higher.includes(scope));
          if (beyond.length > 0) wrong.push(`${name}: got ${beyond.join(" ")}`);
          if (answer.ok === true) for (const method of ["config.set", "device.pair.list", "wizard.start", "no.such.method"]) if ((await wire.request(method, {})).error?.message.startsWith("missing scope: ") !== true) wrong.push(`${name}: ${method} was not refused by scope`);
          wire.close();
        }
      }
    }
  }
  const asNode = await attempt(target.wsUrl, { role: "node", client: { id: "node-host", mode: "node" }, device: makeDevice(), scopes: [], auth });
  if (asNode.answer.ok === true) wrong.push("a new node came in without approval");
  asNode.wire.close();
  console.log(`I.6: ${cases + 1} connects with the shared token alone`);
  return wrong;
}

test("[I.6] neither a new device nor a client without one gets admin, approvals or pairing from the shared token", async () => {
  expect(await gains(gateway)).toEqual([]);
});

const mutants: Mutation[] = [
  { name: "the secret is worth everything", file: "src/gateway/shared-auth.ts", from: "scopes: (local) => secrets.scopes.filter(isScope)", to: 'scopes: (local) => [...secrets.scopes, "operator.admin"].filter(isScope)' },
  { name: "the shared secret approves devices in silence", file: "src/gateway/admission.ts", from: "if (!asked.every((scope) => holds(proven.worth, scope))) return undefined;", to: "" },
];
for (const mutation of mutants) {
  test(`[I.6] the check catches a gateway where ${mutation.name}`, async () => {
    const mutant = await makeMutant(mutation);
    const other = await startGateway({ config, command: mutant.command });
    try {
      expect((await gains(other)).length).toBeGreaterThan(0);
    } finally {
      await other.destroy();
      await mutant.remove();
    }
  });
}

test("[I.6] the host's own key has all scopes without the token", () => {
  expect(host.hello.auth.scopes.toSorted()).toEqual(everyScope);
});

test("[I.6] raising scopes is a new approval with six words on both sides, which the host gives and a lesser device cannot", async () => {
  const device = makeDevice();
  const low = await connectWire(gateway.wsUrl, { device, scopes: plain, auth });
  const asked = await attempt(gateway.wsUrl, { device, scopes: ["operator.admin"], auth });
  expect(pairingOf(asked.answer)).toEqual({ code: "PAIRING_REQUIRED", reason: "scope-upgrade" });
  expect(asked.answer.error?.details?.["pairingCode"]).toMatch(six);
  const requestId = asked.answer.error?.details?.["requestId"] as string;
  const { pending } = await host.call<{ pending: { requestId: string; code: string; deviceId: string }[] }>("device.pair.list", {});
  expect(pending.find((one) => one.requestId === requestId)?.code).toBe(asked.answer.error?.details?.["pairingCode"]);
  // A device with pairing alone gives what it holds, and admin is more.
  const middle = makeDevice();
  const middleAsk = await attempt(gateway.wsUrl, { device: middle, scopes: ["operator.pairing"], auth });
  await host.call("device.pair.approve", { requestId: middleAsk.answer.error?.details?.["requestId"] });
  const pairer = await connectWire(gateway.wsUrl, { device: middle, scopes: ["operator.pairing"], auth });
  expect((await pairer.request("device.pair.approve", { requestId })).error?.message).toMatch(/^missing scope: /);
  expect((await low.request("device.pair.approve", { requestId })).error?.message).toBe("missing scope: operator.pairing");
  await host.call("device.pair.approve", { requestId });
  const high = await connectWire(gateway.wsUrl, { device, scopes: ["operator.admin"], auth });
  expect(high.hello.auth.scopes).toEqual(["operator.admin"]);
  // Now it can approve others.
  const third = makeDevice();
  const thirdAsk = await attempt(gateway.wsUrl, { device: third, scopes: ["operator.admin"], auth });
  await high.call("device.pair.approve", { requestId: thirdAsk.answer.error?.details?.["requestId"] });
  expect((await attempt(gateway.wsUrl, { device: third, scopes: ["operator.admin"], auth })).answer.ok).toBe(true);
  for (const wire of [low, pairer, high]) wire.close();
});

/** A gateway and the connection of its host's own key. */
interface Place { gateway: GatewayProcess; host: Wire }

/** The code a socket was closed with, if it was within the second that is promised. */
const closedWithinASecond = (wire: Wire) => Promise.race([wire.closed.then(({ code }) => code), sleep(1_000).then(() => "still open")]);

async function endsWithRevocation({ gateway: target, host: from }: Place): Promise<void> {
  const device = makeDevice();
  const ask = await attempt(target.wsUrl, { device, scopes: ["operator.admin"], auth });
  await from.call("device.pair.approve", { requestId: ask.answer.error?.details?.["requestId"] });
  const live = await connectWire(target.wsUrl, { device, scopes: ["operator.admin"], auth });
  const token = live.hello.auth.deviceToken ?? "";
  const also = await connectWire(target.wsUrl, { device, scopes: ["operator.admin"], auth: { token } });
  await from.call("device.token.revoke", { deviceId: device.id, role: "operator" });
  expect(await Promise.all([live, also].map(closedWithinASecond)), "its sockets").toEqual([1008, 1008]);
  expect((await attempt(target.wsUrl, { device, scopes: ["operator.read"], auth: { token } })).answer.ok, "the token again").toBe(false);
  expect(pairingOf((await attempt(target.wsUrl, { device, scopes: ["operator.admin"], auth })).answer).code, "the shared token").toBe("PAIRING_REQUIRED");
}

async function endsWithRotation({ gateway: target, host: from }: Place): Promise<void> {
  const device = makeDevice();
  const first = await connectWire(target.wsUrl, { device, scopes: plain, auth });
  const second = await connectWire(target.wsUrl, { device, scopes: ["operator.read"], auth });
  for (const token of [first.hello.auth.deviceToken, second.hello.auth.deviceToken]) {
    const again = await attempt(target.wsUrl, { device, scopes: ["operator.read"], auth: { deviceToken: token ?? "" } });
    expect(again.answer.ok, "one of two tokens").toBe(true);
    again.wire.close();
  }
  const old = first.hello.auth.deviceToken ?? "";
  const rotated = await from.call<{ token?: string; tokenDelivery: string }>("device.token.rotate", { deviceId: device.id, role: "operator" });
  expect(rotated).toMatchObject({ tokenDelivery: "withheld-cross-device" });
  expect(rotated.token).toBeUndefined();
  expect(await closedWithinASecond(first), "its socket").toBe(1008);
  expect((await attempt(target.wsUrl, { device, scopes: ["operator.read"], auth: { deviceToken: old } })).answer.ok, "the old token").toBe(false);
  const fresh = await connectWire(target.wsUrl, { device, scopes: ["operator.read"], auth });
  expect(fresh.hello.auth.deviceToken).not.toBe(old);
  fresh.close();
}

async function isBoundAndNotKept({ gateway: target }: Place): Promise<number> {
  const device = makeDevice();
  const wire = await connectWire(target.wsUrl, { device, scopes: plain, auth });
  const token = wire.hello.auth.deviceToken ?? "";
  expect((await attempt(target.wsUrl, { device: makeDevice(), scopes: plain, auth: { deviceToken: token } })).answer.ok, "another key").toBe(false);
  expect((await attempt(target.wsUrl, { scopes: plain, auth: { token } })).answer.ok, "no key").toBe(false);
  wire.close();
  let files = 0;
  for (const entry of await readdir(target.stateDir, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    files++;
    const bytes = await readFile(join(entry.parentPath, entry.name));
    expect(bytes.includes(token), `the token in ${entry.name}`).toBe(false);
    // The document that names the shared token, and its kept copies, are where it may stand.
    if (entry.name !== "openclaw.json" && !entry.parentPath.endsWith("config-history")) expect(bytes.includes(testToken), entry.name).toBe(false);
  }
  return files;
}

test("[I.7] a revoked token closes its sockets within a second and opens no more; the shared token brings back no more than it is worth", async () => {
  await endsWithRevocation({ gateway, host });
  console.log("I.7: 2 sockets of a revoked token closed within a second");
});

test("[I.7] two connects of one device keep both tokens good; a rotation ends the old one and its sockets", () => endsWithRotation({ gateway, host }));

test("[I.7] a device token is worth nothing to another key, and no token is on disk in clear", async () => {
  const files = await isBoundAndNotKept({ gateway, host });
  console.log(`I.7: ${files} files of the state directory hold no device token, and the shared one only where it was written`);
});

for (const { check, says, ...mutation } of [
  { name: "leaves sockets open whose token ended", file: "src/gateway/wire-events.ts", from: 'events.on("device.changed", (change) => {', to: 'events.on("device.changed", (change) => { if (change.reason !== "renamed") return;', check: endsWithRevocation, says: /its sockets/ },
  { name: "rotates to the same token", file: "src/devices/devices.ts", from: "{ generation: row.generation + 1, createdAt: row.createdAt", to: "{ generation: row.generation, createdAt: row.createdAt", check: endsWithRotation, says: /the old token/ },
  { name: "keeps tokens in clear", file: "src/devices/devices.ts", from: "scopes: JSON.stringify([...new Set(scopes)].sort()), revokedAt: null,", to: "scopes: JSON.stringify([...new Set<string>(scopes), token].sort()), revokedAt: null,", check: isBoundAndNotKept, says: /the token in state\.db/ },
]) {
  test(`[I.7] the check catches a gateway that ${mutation.name}`, async () => {
    const mutant = await makeMutant(mutation);
    const other = await startGateway({ config, command: mutant.command });
    try {
      const from = await connectWire(other.wsUrl, { device: await makeHostKey(other.stateDir), scopes: everyScope });
      expect(await verdict(() => check({ gateway: other, host: from }))).toMatch(says);
      from.close();
    } finally {
      await other.destroy();
      await mutant.remove();
    }
  });
}

/** Bad proofs that came in. */
async function forgeries(target: GatewayProcess): Promise<{ wrong: string[]; cases: number }> {
  const device = makeDevice();
  const good = { device, scopes: plain, auth };
  const forge = async (change: (params: Record<string, unknown>) => void) => {
    const wire = openWire(target.wsUrl);
    const params = connectParams(good, await wire.challenge);
    change(params);
    const answer = await wire.request("connect", params);
    wire.close();
    return answer;
  };
  const proof = (params: Record<string, unknown>) => params["device"] as Record<string, unknown>;
  const smallOrder = Buffer.alloc(32).toString("base64url");
  const cases: [string, (params: Record<string, unknown>) => void][] = [
    ["no nonce", (params) => delete proof(params)["nonce"]],
    ["another socket's nonce, signed", (params) => void (params["device"] = proofOf(device, { ...good, nonce: "0f8fad5b-d9cb-469f-a165-70867728950e" }, { nonce: "", ts: Date.now() }))],
    ["a signature by another key", (params) => void (proof(params)["signature"] = makeDevice().sign("x"))],
    ["a short signature", (params) => void (proof(params)["signature"] = "AAAA")],
    ["no base64", (params) => void (proof(params)["signature"] = "\u0000\u0001")],
    ["another's public key", (params) => void (proof(params)["publicKey"] = makeDevice().publicKey)],
    ["a key of small order", (params) => Object.assign(proof(params), { publicKey: smallOrder, id: "66687aadf862bd776c8fc18b8e9f8e20089714856ee233b3902a591d0d5f2925", signature: Buffer.alloc(64).toString("base64url") })],
    ["a later time than signed", (params) => void (proof(params)["signedAt"] = (proof(params)["signedAt"] as number) + 1)],
    ["a clock that is 3 minutes off", (params) => void (proof(params)["signedAt"] = Date.now() - 180_000)],
    ["another role than signed", (params) => void (params["role"] = "node")],
    ["another platform than signed", (params) => void ((params["client"] as Record<string, string>)["platform"] = "plan9")],
    ["another token than signed", (params) => void (params["auth"] = { token: testToken, deviceToken: "y".repeat(43) }, (params["auth"] as Record<string, string>)["token"] = "")],
  ];
  const wrong: string[] = [];
  for (const [name, change] of cases) if ((await forge(change)).ok === true) wrong.push(name);
  if ((await forge(() => undefined)).ok !== true) wrong.push("the good one is refused");
  return { wrong, cases: cases.length };
}

test("[I.5] missing, replayed, foreign and malformed proofs are refused", async () => {
  const { wrong, cases } = await forgeries(gateway);
  console.log(`I.5: ${cases} bad proofs refused`);
  expect(wrong).toEqual([]);
});

const proofMutants: Mutation[] = [
  { name: "signatures are not verified", file: "src/devices/identity.ts", from: 'if (!signed) return { ok: false, failure: "signature-invalid" };', to: "" },
  { name: "any nonce will do", file: "src/devices/identity.ts", from: 'if (nonce !== "" && nonce !== rules.nonce) return { ok: false, failure: "nonce-mismatch" };', to: "" },
];
for (const mutation of proofMutants) {
  test(`[I.5] the check catches a gateway where ${mutation.name}`, async () => {
    const mutant = await makeMutant(mutation);
    const other = await startGateway({ config, command: mutant.command });
    try {
      expect((await forgeries(other)).wrong.length).toBeGreaterThan(0);
    } finally {
      await other.destroy();
      await mutant.remove();
    }
  });
}

test("[I.2] a one-time link signs one browser in, once; its code is in the fragment and in no log", async () => {
  const link = await host.call<{ code: string; url: string; expiresAtMs: number }>("device.link.create", {});
  expect(new URL(link.url).hash).toBe(`#link=${link.code}`);
  expect(new URL(link.url).search).toBe("");
  expect(link.expiresAtMs - Date.now()).toBeLessThanOrEqual(600_000);
  expect(link.expiresAtMs - Date.now()).toBeGreaterThan(590_000);
  const redeem = async (code: string, device = makeDevice(), signedFor = code) => {
    const signedAt = Date.now();
    const client = { id: "openclaw-control-ui", version: "1", platform: "web", mode: "webchat" };
    const text = ["v3", device.id, client.id, client.mode, "operator", "", String(signedAt), signedFor, signedFor, "web", ""].join("|");
    const body = { code, device: { id: device.id, publicKey: device.publicKey, signature: device.sign(text), signedAt, nonce: signedFor }, client };
    return fetch(`${gateway.url}/api/signin/redeem`, { method: "POST", headers: { "content-type": "application/json", origin: gateway.url }, body: JSON.stringify(body) });
  };
  expect((await redeem("A".repeat(43))).ok).toBe(false);
  expect((await redeem(link.code, makeDevice(), "B".repeat(43))).ok).toBe(false);
  const browser = makeDevice();
  const answer = await redeem(link.code, browser);
  expect(answer.status).toBe(200);
  const grant = (await answer.json()) as { deviceToken: string; scopes: string[] };
  expect(grant.scopes).toContain("operator.admin");
  expect((await redeem(link.code)).ok).toBe(false);
  const wire = await connectWire(gateway.wsUrl, { device: browser, client: { id: "openclaw-control-ui", mode: "webchat", platform: "web" }, scopes: everyScope, auth: { deviceToken: grant.deviceToken } }, { headers: { origin: gateway.url } });
  expect(wire.hello.auth.scopes.toSorted()).toEqual(everyScope);
  wire.close();
  const log = await readLog(gateway, '"message"');
  for (const secret of [link.code, grant.deviceToken, testToken]) expect(log.includes(secret) || gateway.output().includes(secret)).toBe(false);
});

test("[I.2] `gateway run --print-link` prints the link to standard output and nowhere else", async () => {
  const other = await startGateway({ config, args: ["--print-link"] });
  try {
    await eventually(() => other.output().includes("#link="), "the printed link");
    const code = /#link=([\w-]+)/.exec(other.output())?.[1] ?? "";
    expect(code.length).toBeGreaterThanOrEqual(43);
    expect(await other.stop()).toBe(0);
    expect(await readFile(join(other.stateDir, "logs/openclaw.log"), "utf8")).not.toContain(code);
  } finally {
    await other.destroy();
  }
});
