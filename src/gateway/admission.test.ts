// Who gets in, with what, and how that ends: the shared secret, approval, device tokens, links, rates. Over real sockets.
import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connectParams, compatible, dial, helloOf, kitToken, makeDevice, startKit, Wire, type ConnectWish, type DeviceKey, type Frame, type Kit } from "../../test/fixtures/gateway-kit.ts";
import { verdictOnKit } from "../../test/fixtures/mutant-kit.ts";
import { systemClock, type Clock } from "../base/clock.ts";

let kit: Kit;
beforeAll(async () => {
  kit = await startKit();
});
afterAll(() => kit.close());

const everything = ["operator.admin", "operator.approvals", "operator.pairing"];

async function refusal(on: Kit, wish: ConnectWish): Promise<NonNullable<Frame["error"]>> {
  const wire = new Wire(on.url);
  const answer = await wire.connect(wish);
  if (answer.ok) wire.close();
  expect(answer.ok, "let in").toBe(false);
  return answer.error as NonNullable<Frame["error"]>; // what is not ok has one
}

/** The command line's own key: what makes a device one of this host. */
async function hostDevice(on: Kit): Promise<DeviceKey> {
  const device = makeDevice();
  await writeFile(join(on.stateDir, "identity", "device.json"), JSON.stringify({ version: 1, deviceId: device.id, publicKeyPem: device.publicKeyPem, privateKeyPem: "", createdAtMs: 1 }), { mode: 0o600 });
  return device;
}

async function asHost(on: Kit): Promise<Wire> {
  return dial(on, { device: await hostDevice(on), scopes: everything, auth: null });
}

describe("the shared secret", () => {
  it("[I.6] alone gives read and write, whoever asks for more", async () => {
    const cases: [wish: ConnectWish, scopes: string[]][] = [
      [{ scopes: everything }, ["operator.read", "operator.write"]],
      [{ scopes: ["operator.read"] }, ["operator.read"]],
      [{ scopes: ["operator.write", "operator.approvals"] }, ["operator.write", "operator.read"]],
      [{ scopes: [] }, []],
      [{ protocol: 3 }, ["operator.read", "operator.write"]],
      [{ protocol: 3, scopes: everything }, ["operator.read", "operator.write"]],
      [{ scopes: ["operator.future"] }, []],
    ];
    for (const [wish, scopes] of cases) {
      const wire = await dial(kit, wish);
      expect([...helloOf(wire).auth.scopes].sort()).toEqual([...scopes].sort());
      expect((await wire.ask("config.set", { raw: "{}" })).error?.message).toBe("missing scope: operator.admin");
      wire.close();
    }
    console.log(`[I.6] ${cases.length} clients without a device`);
  });

  it("[I.6] with a new device opens a request for more, and a read-only device stays one", async () => {
    const device = makeDevice();
    for (const protocol of [3, 4] as const) {
      const error = await refusal(kit, { protocol, device, scopes: everything });
      expect(error.code).toBe("NOT_PAIRED");
      expect(error.message).toBe(protocol === 3 ? "pairing required" : "pairing required: device is not approved yet");
      expect(error.details).toMatchObject({ code: "PAIRING_REQUIRED", reason: "not-paired", deviceId: device.id, requestedRole: "operator", requestedScopes: everything });
    }
    const reader = makeDevice();
    (await dial(kit, { device: reader, scopes: ["operator.read"] })).close();
    const error = await refusal(kit, { device: reader, scopes: ["operator.admin"] });
    expect(error.details).toMatchObject({ reason: "scope-upgrade", approvedScopes: ["operator.read"] });
  });

  it("[rpc.trap.v3-no-scopes] protocol 3 without scopes asks for admin, protocol 4 for nothing", async () => {
    const device = makeDevice();
    expect((await refusal(kit, { protocol: 3, device })).details).toMatchObject({ requestedScopes: ["operator.admin"] });
    const wire = await dial(kit, { device: makeDevice() });
    expect(helloOf(wire).auth.scopes).toEqual([]);
    expect((await wire.ask("health")).error).toMatchObject({ code: "FORBIDDEN", message: "missing scope: operator.read", details: { code: "MISSING_SCOPE", missingScope: "operator.read", requiredScopes: ["operator.read"] } });
    wire.close();
  });

  it("[rpc.pairing.compatible] widened on purpose pairs in silence on loopback and says so in status", async () => {
    const open = await startKit({ gatewayConfig: { auth: { sharedTokenScopes: compatible } } });
    const device = makeDevice();
    const wire = await dial(open, { protocol: 3, device, scopes: everything, client: { id: "cli", mode: "cli" } });
    expect(helloOf(wire).auth).toMatchObject({ role: "operator", scopes: everything });
    expect(helloOf(wire).auth.deviceToken).toHaveLength(43);
    const status = await wire.call<{ warnings: string[] }>("status");
    expect(status.warnings.join()).toContain("sharedTokenScopes");
    const list = await wire.call<{ paired: { deviceId: string }[] }>("device.pair.list");
    expect(list.paired.map((row) => row.deviceId)).toContain(device.id);
    wire.close();
    await open.close();
  });

  it("[rpc.trap.role-upgrade] raises a role in silence under protocol 3 only", async () => {
    const open = await startKit({ gatewayConfig: { auth: { sharedTokenScopes: compatible } } });
    const device = makeDevice();
    (await dial(open, { protocol: 4, device, scopes: ["operator.read"] })).close();
    const error = await refusal(open, { protocol: 4, device, role: "node", client: { id: "node-host", mode: "node" } });
    expect(error.details).toMatchObject({ reason: "role-upgrade", requestedRole: "node" });
    const node = await dial(open, { protocol: 3, device, role: "node", client: { id: "node-host", mode: "node" } });
    expect(helloOf(node).auth.role).toBe("node");
    node.close();
    await open.close();
  });
});

describe("approval", () => {
  it("[rpc.pairing.flow] by a device of this host lets a device in with what it asked for, and both see the same six words", async () => {
    const host = await asHost(kit);
    const device = makeDevice();
    const first = await refusal(kit, { device, scopes: everything, client: { displayName: "Laptop" } });
    const again = await refusal(kit, { device, scopes: everything, client: { displayName: "Laptop" } });
    expect(again.details?.requestId).toBe(first.details?.requestId);
    const asked = await host.event("device.pair.requested", (payload) => payload.deviceId === device.id);
    expect(asked.payload).toMatchObject({ requestId: first.details?.requestId, role: "operator", displayName: "Laptop" });
    expect(asked.payload).not.toHaveProperty("code");
    const { pending } = await host.call<{ pending: { requestId: string; code: string }[] }>("device.pair.list");
    const row = pending.find((one) => one.requestId === first.details?.requestId);
    expect(row?.code).toBe(first.details?.pairingCode);
    expect(row?.code.split(" ")).toHaveLength(6);
    const approved = await host.call<{ requestId: string; device: { scopes: string[] } }>("device.pair.approve", { requestId: first.details?.requestId });
    expect(approved.device.scopes).toEqual([...everything].sort());
    await host.event("device.pair.resolved", (payload) => payload.deviceId === device.id && payload.decision === "approved");
    const wire = await dial(kit, { device, scopes: everything });
    expect(helloOf(wire).auth.scopes).toEqual(everything);
    expect((await host.ask("device.pair.approve", { requestId: first.details?.requestId })).error?.message).toBe("unknown requestId");
    wire.close();
    host.close();
  });

  it("[I.6] cannot give what the approver does not hold", async () => {
    const host = await asHost(kit);
    const helper = makeDevice();
    const asked = await refusal(kit, { device: helper, scopes: ["operator.read", "operator.pairing"] });
    await host.call("device.pair.approve", { requestId: asked.details?.requestId });
    const wire = await dial(kit, { device: helper, scopes: ["operator.read", "operator.pairing"] });
    const wants = await refusal(kit, { device: makeDevice(), scopes: ["operator.admin"] });
    expect((await wire.ask("device.pair.approve", { requestId: wants.details?.requestId })).error).toMatchObject({ code: "FORBIDDEN", message: "missing scope: operator.admin" });
    const own = await wire.ask("device.token.rotate", { deviceId: helper.id, role: "operator", scopes: ["operator.admin"] });
    expect(own.error?.message).toBe("missing scope: operator.admin");
    wire.close();
    host.close();
  });

  it("[rpc.pairing.reject] turned down ends the request; a new one is a new request", async () => {
    const host = await asHost(kit);
    const device = makeDevice();
    const first = await refusal(kit, { device, scopes: ["operator.admin"] });
    expect(await host.call("device.pair.reject", { requestId: first.details?.requestId })).toEqual({ requestId: first.details?.requestId, deviceId: device.id });
    expect((await refusal(kit, { device, scopes: ["operator.admin"] })).details?.requestId).not.toBe(first.details?.requestId);
    host.close();
  });
});

/** A token of one device, used by others, for other roles, for more. */
async function areBound(on: Kit): Promise<number> {
  const device = makeDevice();
  const first = await dial(on, { device, scopes: ["operator.read"] });
  const token = helloOf(first).auth.deviceToken ?? "";
  expect(token).toMatch(/^[A-Za-z0-9_-]{43}$/);
  for (const auth of [{ token }, { deviceToken: token }]) (await dial(on, { device, scopes: ["operator.read"], auth })).close();
  const foreign: [wish: ConnectWish, code: string][] = [
    [{ device: makeDevice(), scopes: ["operator.read"], auth: { token } }, "AUTH_TOKEN_MISMATCH"],
    [{ auth: { token } }, "AUTH_TOKEN_MISMATCH"],
    [{ device, scopes: ["operator.read"], auth: { deviceToken: "A".repeat(43) } }, "AUTH_DEVICE_TOKEN_MISMATCH"],
    [{ device, role: "node", auth: { deviceToken: token } }, "AUTH_DEVICE_TOKEN_MISMATCH"],
    [{ device, scopes: ["operator.admin"], auth: { deviceToken: token } }, "PAIRING_REQUIRED"],
  ];
  for (const [wish, code] of foreign) expect((await refusal(on, wish)).details?.code).toBe(code);
  await on.gateway.app.audit.flush();
  expect(await holders(on.stateDir, token), "on disk").toEqual([]);
  first.close();
  return foreign.length + 2;
}

/** The code a socket was closed with, if it was within the second that is promised. */
const closedWithinASecond = (wire: Wire) => Promise.race([wire.closed.then(({ code }) => code), systemClock.sleep(1_000)]);

async function endAtOnce(on: Kit): Promise<void> {
  const host = await asHost(on);
  const device = makeDevice();
  const wish = { device, scopes: ["operator.read"] };
  const live = await dial(on, wish);
  const old = helloOf(live).auth.deviceToken ?? "";
  const rotated = await host.call("device.token.rotate", { deviceId: device.id, role: "operator" });
  expect(await closedWithinASecond(live), "after the rotation").toBe(1008);
  expect(rotated).toMatchObject({ deviceId: device.id, tokenDelivery: "withheld-cross-device" });
  expect(rotated).not.toHaveProperty("token");
  expect((await refusal(on, { ...wish, auth: { deviceToken: old } })).details?.code).toBe("AUTH_DEVICE_TOKEN_MISMATCH");

  const next = await dial(on, wish);
  const current = helloOf(next).auth.deviceToken ?? "";
  expect(current).not.toBe(old);
  await host.call("device.token.revoke", { deviceId: device.id, role: "operator" });
  expect(await closedWithinASecond(next), "after the revocation").toBe(1008);
  expect((await refusal(on, { ...wish, auth: { deviceToken: current } })).details?.code).toBe("AUTH_DEVICE_TOKEN_MISMATCH");
  host.close();
}

async function stayNarrow(on: Kit): Promise<void> {
  const host = await asHost(on);
  const device = makeDevice();
  const wide = { device, scopes: ["operator.read", "operator.write"] };
  (await dial(on, wide)).close();
  await host.call("device.token.rotate", { deviceId: device.id, role: "operator", scopes: ["operator.read"] });
  const asked = await refusal(on, wide);
  expect(asked.details?.code).toBe("PAIRING_REQUIRED");
  const narrow = await dial(on, { device, scopes: ["operator.read"] });
  expect(helloOf(narrow).auth.scopes).toEqual(["operator.read"]);
  narrow.close();
  await host.call("device.pair.approve", { requestId: (await refusal(on, wide)).details?.requestId });
  const allowed = await dial(on, wide);
  expect(helloOf(allowed).auth.scopes).toEqual(wide.scopes);
  allowed.close();
  host.close();
}

async function loseAdmin(on: Kit): Promise<void> {
  const host = await asHost(on);
  const device = makeDevice();
  const asked = await refusal(on, { device, scopes: everything });
  await host.call("device.pair.approve", { requestId: asked.details?.requestId });
  (await dial(on, { device, scopes: everything })).close();
  await host.call("device.token.revoke", { deviceId: device.id, role: "operator" });
  expect((await refusal(on, { device, scopes: everything })).details?.code).toBe("PAIRING_REQUIRED");
  host.close();
}

describe("device tokens", () => {
  it("[I.7] are good for their device, role and scopes only, and no token is on disk", async () => {
    console.log(`[I.7] ${await areBound(kit)} uses of a token`);
  });

  it("[rpc.device.two-connects] stay the same over two connects of one device", async () => {
    const device = makeDevice();
    const [one, two] = await Promise.all([dial(kit, { device, scopes: ["operator.read"] }), dial(kit, { device, scopes: ["operator.read"] })]);
    expect(helloOf(one).auth.deviceToken).toBe(helloOf(two).auth.deviceToken);
    const token = helloOf(one).auth.deviceToken ?? "";
    (await dial(kit, { device, scopes: ["operator.read"], auth: { deviceToken: token } })).close();
    one.close();
    two.close();
  });

  it("[I.7] rotated or revoked, the old one is refused and live sockets are closed within a second", async () => {
    await endAtOnce(kit);
    console.log("[I.7] a rotation and a revocation of a token in use");
  });

  it("a device that rotates its own token hears the new one before its socket ends", async () => {
    const host = await asHost(kit);
    const device = makeDevice();
    const scopes = ["operator.read", "operator.pairing"];
    await host.call("device.pair.approve", { requestId: (await refusal(kit, { device, scopes })).details?.requestId });
    const own = await dial(kit, { device, scopes });
    const rotated = await own.call("device.token.rotate", { deviceId: device.id, role: "operator" });
    expect((await own.closed).code).toBe(1008);
    (await dial(kit, { device, scopes, auth: { deviceToken: String(rotated.token) } })).close();
    host.close();
  });

  it("[I.7] rotated to fewer scopes, a device gets more only by an approval, even with the shared secret", () => stayNarrow(kit));

  it("[I.7] revoked, an admin device is no admin any more, even with the shared secret", () => loseAdmin(kit));

  it.each([
    { name: "takes any token of a known device", file: "src/devices/devices.ts", from: 'if (!sameHash(row.hash, token)) return { ok: false, reason: "mismatch" };', to: "", check: areBound, says: /let in/ },
    { name: "keeps tokens in clear", file: "src/devices/devices.ts", from: "scopes: JSON.stringify([...new Set(scopes)].sort()), revokedAt: null,", to: "scopes: JSON.stringify([...new Set<string>(scopes), token].sort()), revokedAt: null,", check: areBound, says: /on disk/ },
    { name: "gives a token's device what it asks for", file: "src/gateway/admission.ts", from: 'if (proven.method === "device-token") return undefined;', to: 'if (proven.method === "device-token") return "shared-secret";', check: areBound, says: /let in/ },
    { name: "leaves sockets open whose token ended", file: "src/gateway/wire-events.ts", from: 'events.on("device.changed", (change) => {', to: 'events.on("device.changed", (change) => { if (change.reason !== "renamed") return;', check: endAtOnce, says: /after the rotation/ },
    { name: "rotates to the same token", file: "src/devices/devices.ts", from: "{ generation: row.generation + 1, createdAt: row.createdAt", to: "{ generation: row.generation, createdAt: row.createdAt", check: endAtOnce, says: /let in/ },
    { name: "takes revoked tokens", file: "src/devices/devices.ts", from: 'if (row.revokedAt !== null) return { ok: false, reason: "revoked" };', to: "", check: endAtOnce, says: /to be 'AUTH_DEVICE_TOKEN_MISMATCH'/ },
    { name: "forgets that a device was narrowed", file: "src/gateway/admission.ts", from: "if (paired?.isNarrowed === true && ", to: "if (paired?.isNarrowed === undefined && paired?.isNarrowed && ", check: stayNarrow, says: /let in/ },
    { name: "revokes nothing", file: "src/devices/devices.ts", from: '{ table: "tokens", put: { ...row, revokedAt: revokedAtMs } },\n        // What a person approved ends with the token: else the shared secret would bring it all back.\n        { table: "devices", put: { ...device.row, roles: JSON.stringify(roles), ...(role === "operator" ? { scopes: "[]" } : {}) } },', to: "", check: loseAdmin, says: /let in/ },
  ])("[I.7] the check sees a gateway that $name", async ({ check, says, ...mutation }) => {
    expect(await verdictOnKit(mutation, {}, check)).toMatch(says);
  });

  it("[rpc.trap.token-per-role] are one per role of a device", async () => {
    const open = await startKit({ gatewayConfig: { auth: { sharedTokenScopes: compatible } } });
    const device = makeDevice();
    const operator = await dial(open, { protocol: 3, device, scopes: ["operator.read"] });
    const node = await dial(open, { protocol: 3, device, role: "node", client: { id: "moltbot-android", mode: "node", platform: "android" } });
    const [one, other] = [helloOf(operator).auth.deviceToken ?? "", helloOf(node).auth.deviceToken ?? ""];
    expect(one).not.toBe(other);
    (await dial(open, { protocol: 3, device, scopes: ["operator.read"], auth: { token: one } })).close();
    (await dial(open, { protocol: 3, device, role: "node", auth: { token: other }, client: { id: "moltbot-android", mode: "node", platform: "android" } })).close();
    operator.close();
    node.close();
    await open.close();
  });

  it("[rpc.device.restart] are the same after a restart", async () => {
    const own = await startKit();
    const device = makeDevice();
    const before = helloOf(await dial(own, { device, scopes: ["operator.read"] })).auth.deviceToken;
    await own.restart();
    const wire = await dial(own, { device, scopes: ["operator.read"], auth: { deviceToken: before ?? "" } });
    expect(helloOf(wire).auth.deviceToken).toBe(before);
    wire.close();
    await own.close();
  });
});

describe("the host's own key", () => {
  it("[I.6] is approved by its place in the state directory; the same file with another key is not", async () => {
    const host = await asHost(kit);
    expect(helloOf(host).auth.scopes).toEqual(everything);
    const stranger = makeDevice();
    const mine = await hostDevice(kit);
    await writeFile(join(kit.stateDir, "identity", "device.json"), JSON.stringify({ version: 1, deviceId: stranger.id, publicKeyPem: mine.publicKeyPem }));
    expect((await refusal(kit, { device: stranger, scopes: everything })).code).toBe("NOT_PAIRED");
    host.close();
  });
});

describe("a one-time link", () => {
  const redeem = (on: Kit, code: string, device: DeviceKey, change: (body: Record<string, unknown>) => Record<string, unknown> = (body) => body) => {
    const client = { id: "openclaw-control-ui", mode: "webchat", version: "1", platform: "web" };
    const params = connectParams({ device, client, scopes: [], auth: { token: code } }, { nonce: code, ts: Date.now() });
    return fetch(`${on.gateway.url}/api/signin/redeem`, { method: "POST", headers: { "content-type": "application/json", origin: on.gateway.url }, body: JSON.stringify(change({ code, device: params.device, client })) });
  };

  const enrolOnce = async (on: Kit) => {
    const { url } = await on.gateway.link();
    const code = new URL(url).hash.replace("#link=", "");
    expect(Buffer.from(code, "base64url")).toHaveLength(32);
    const device = makeDevice();
    const answer = await redeem(on, code, device);
    expect(answer.status).toBe(200);
    const body = (await answer.json()) as { deviceToken: string; scopes: string[] };
    const wire = await dial(on, { device, client: { id: "openclaw-control-ui", mode: "webchat" }, scopes: everything, auth: { deviceToken: body.deviceToken } });
    expect(helloOf(wire).auth.scopes).toEqual(everything);
    wire.close();
    expect((await redeem(on, code, device)).status, "used again").toBe(401);
    expect(on.logs.join(""), "logs").not.toContain(code);
  };

  const takeNothingBad = async (on: Kit) => {
    const { url } = await on.gateway.link();
    const code = new URL(url).hash.replace("#link=", "");
    const device = makeDevice();
    expect((await redeem(on, code, device, (body) => ({ ...body, device: { ...(body.device as object), id: makeDevice().id } }))).status, "a bad proof").toBe(401);
    expect((await redeem(on, code, device, (body) => ({ ...body, device: { ...(body.device as object), signature: Buffer.alloc(64).toString("base64url") } }))).status, "a bad signature").toBe(401);
    expect((await redeem(on, "A".repeat(43), device)).status, "a wrong code").toBe(401);
    expect((await redeem(on, code, device, (body) => ({ ...body, extra: 1 }))).status, "an odd body").toBe(400);
    expect((await redeem(on, code, device)).status, "the good one").toBe(200);
  };

  it("[I.2] enrols a browser's key with all operator scopes, once", () => enrolOnce(kit));

  it("[I.2] is worth nothing with a bad proof, and a wrong code is worth nothing at all", () => takeNothingBad(kit));

  it.each([
    { name: "takes a code twice", file: "src/devices/links.ts", from: "const link = open.get(hash);\n      open.delete(hash);", to: "const link = open.get(hash);", check: enrolOnce, says: /used again/ },
    { name: "takes a code without proof", file: "src/devices/identity.ts", from: 'if (!signed) return { ok: false, failure: "signature-invalid" };', to: "", check: takeNothingBad, says: /a bad signature/ },
    { name: "takes any code", file: "src/devices/links.ts", from: "const link = open.get(hash);", to: "const link = open.get(hash) ?? [...open.values()][0];", check: takeNothingBad, says: /a wrong code/ },
  ])("[I.2] the check sees a link that $name", async ({ check, says, ...mutation }) => {
    expect(await verdictOnKit(mutation, {}, check)).toMatch(says);
  });
});

describe("failed sign-ins", () => {
  const strict = { gatewayConfig: { limits: { authFailuresPerMinute: 3 } } };
  /** Notes how long the gateway holds answers back; what else it waits for is shorter than the first delay. */
  const noting = () => {
    const waits: number[] = [];
    const sleep: Clock["sleep"] = (delayMs, signal) => {
      if (delayMs >= 100) waits.push(delayMs);
      return systemClock.sleep(delayMs, signal);
    };
    return { waits, clock: { ...systemClock, sleep } };
  };

  const holdBackGuesses = async (on: Kit, waits: readonly number[]) => {
    const device = makeDevice();
    const token = helloOf(await dial(on, { device, scopes: ["operator.read"] })).auth.deviceToken ?? "";
    for (let attempt = 0; attempt < 7; attempt++) {
      const begun = performance.now();
      const before = waits.length;
      await refusal(on, { auth: { token: `wrong-token-${attempt}-aaaaaaa` } });
      const held = waits.slice(before).reduce((sum, ms) => sum + ms, 0);
      expect(held, `guess ${attempt}`).toBe(attempt < 2 ? 0 : 100 * 2 ** (attempt - 2));
      expect(performance.now() - begun).toBeGreaterThanOrEqual(held - 5); // timers are whole milliseconds
    }
    const before = waits.length;
    (await dial(on, { device, scopes: ["operator.read"], auth: { deviceToken: token } })).close();
    (await dial(on, { auth: { token: kitToken } })).close();
    expect(waits.slice(before), "a paired key and the right token").toEqual([]);
  };

  it("[I.23] on loopback are answered later and later, while a paired key and the right token still come in at once", async () => {
    const { waits, clock } = noting();
    const own = await startKit({ ...strict, clock });
    await holdBackGuesses(own, waits);
    await own.close();
    console.log(`[I.23] 7 failures, waits ${waits.join(" ")} ms`);
  });

  /** Behind one address with somebody who sends bad signatures. */
  const behindOneAddress = async (on: Kit) => {
    const headers = { "x-forwarded-for": "203.0.113.7" };
    const from = async (wish: ConnectWish) => {
      const wire = new Wire(on.url, { headers });
      const answer = await wire.connect(wish);
      wire.close();
      return answer;
    };
    const device = makeDevice();
    const token = String(((await from({ device, scopes: ["operator.read"] })).payload as { auth: { deviceToken: string } }).auth.deviceToken);
    const tamper = (proof: Record<string, unknown>) => ({ ...proof, signature: Buffer.alloc(64).toString("base64url") });
    const codes: unknown[] = [];
    for (let n = 0; n < 6; n++) codes.push((await from({ device: makeDevice(), scopes: ["operator.read"], tamper })).error?.details?.code);
    expect(codes.at(-1), "the stranger").toBe("AUTH_RATE_LIMITED");
    const own = await from({ device, scopes: ["operator.read"], auth: { deviceToken: token } });
    expect(own.ok, "the paired key").toBe(true);
    expect((await from({ device, scopes: ["operator.read"], tamper })).error?.details?.code).toBe("DEVICE_AUTH_SIGNATURE_INVALID");
  };
  const proxied = { gatewayConfig: { trustedProxies: ["127.0.0.1"], limits: { authFailuresPerMinute: 3 } } };

  it("[I.23] by bad signatures lock strangers out, and not the paired key behind the same address", async () => {
    const own = await startKit(proxied);
    await behindOneAddress(own);
    await own.close();
  });

  it("[I.23] the check sees a gateway that locks the whole address out", async () => {
    const mutation = { name: "the whole address", file: "src/gateway/handshake.ts", from: "if (lockedMs > 0 && !isKnown) return", to: "if (lockedMs > 0) return" };
    expect(await verdictOnKit(mutation, proxied, behindOneAddress)).toMatch(/the paired key/);
  });

  it.each([
    { name: "answers guesses at once", file: "src/gateway/sockets.ts", from: "if (refusal.delayMs > 0) await clock.sleep(refusal.delayMs, connection.signal);", to: "", says: /guess 2/ },
    { name: "does not count guesses", file: "src/gateway/admission.ts", from: "const delayMs = gaveSomething ? failures.failed(key, kind, peer.local) : 0;", to: "const delayMs = 0;", says: /guess 2/ },
    { name: "lets the right token wait too", file: "src/gateway/admission.ts", from: "if (check.ok) return { method: check.method, worth: shared.scopes(peer.local) };", to: 'if (check.ok && failures.failed(key, "shared", peer.local) > 0) return refusals.rateLimited(1); if (check.ok) return { method: check.method, worth: shared.scopes(peer.local) };', says: /guess 1/ },
  ])("[I.23] the check sees a gateway that $name", async ({ says, ...mutation }) => {
    const { waits, clock } = noting();
    expect(await verdictOnKit(mutation, { ...strict, clock }, (on) => holdBackGuesses(on, waits))).toMatch(says);
  });
});

/** Files below the folder that hold the text. */
async function holders(dir: string, text: string): Promise<string[]> {
  const found: string[] = [];
  for (const name of await readdir(dir, { recursive: true })) {
    const path = join(dir, name);
    if ((await stat(path)).isFile() && (await readFile(path)).includes(text)) found.push(name);
  }
  return found;
}
