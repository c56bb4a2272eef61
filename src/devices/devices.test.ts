// Devices on a real state.db: requests, approvals, derived tokens, links; what is kept and what is not.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createFakeClock, type FakeClock } from "../base/fake-clock.ts";
import { systemIds } from "../base/ids.ts";
import { silentLog } from "../base/log.ts";
import { createBus } from "../flows/bus.ts";
import type { Bus, DomainEventName } from "../sdk/events.ts";
import { systemDisk } from "../store/disk.ts";
import { createStateRows } from "../store/state-rows.ts";
import { openStateDb, type StateDb } from "../store/state-db.ts";
import { verdictOn } from "../../test/fixtures/mutant-module.ts";
import { createDevices, requestTtlMs, type Devices, type PairingWish } from "./devices.ts";
import { linkTtlMs } from "./links.ts";
import { hashToken } from "./tokens.ts";
import { pairingWords, wordCount } from "./words.ts";

let dir: string;
let db: StateDb;
let clock: FakeClock;
let events: Bus;
let seen: [DomainEventName, Record<string, unknown>][];
let devices: Devices;
const key = Buffer.alloc(32, 7);

const open = async (create: typeof createDevices = createDevices) => {
  db = await openStateDb({ disk: systemDisk, clock, log: silentLog, path: join(dir, "state.db"), durability: "process" });
  devices = create({ rows: createStateRows(db, clock), clock, ids: systemIds, log: silentLog, events, serverKey: async () => key });
};
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "openclaw-devices-"));
  clock = createFakeClock();
  events = createBus(silentLog);
  seen = [];
  for (const name of ["device.pair.requested", "device.pair.resolved", "device.changed", "node.pair.requested", "node.pair.resolved"] as const) events.on(name, (payload) => void seen.push([name, payload as Record<string, unknown>]));
  await open();
});
afterEach(async () => {
  await devices.close();
  await db.close();
  await rm(dir, { recursive: true, force: true });
});

const wish = (change: Partial<PairingWish> = {}): PairingWish => ({ deviceId: "d1", publicKey: "k1", role: "operator", scopes: ["operator.read"], platform: "linux", ...change });

describe("requests", () => {
  it("are one per device and wish, told once, and forgotten after five minutes", async () => {
    const first = await devices.request(wish());
    expect((await devices.request(wish())).request.requestId).toBe(first.request.requestId);
    const other = await devices.request(wish({ scopes: ["operator.admin"] }));
    expect(other.created).toBe(true);
    expect((await devices.list()).pending.map((request) => request.requestId)).toEqual([other.request.requestId]);
    expect(seen.filter(([name]) => name === "device.pair.requested")).toHaveLength(2);
    await clock.advance(requestTtlMs + 1);
    await expect(devices.approve(other.request.requestId, "host")).rejects.toThrow("unknown requestId");
    expect((await devices.list()).pending).toEqual([]);
  });

  it("are kept over a restart", async () => {
    const { request } = await devices.request(wish());
    await devices.close();
    await db.close();
    await open();
    expect(await devices.pending(request.requestId)).toEqual(request);
  });

  it("are at most a hundred", async () => {
    for (let n = 0; n < 130; n++) await devices.request(wish({ deviceId: `d${n}` }));
    expect((await devices.list()).pending.length).toBeLessThanOrEqual(100);
  });

  it("of nodes are told in both spellings", async () => {
    const { request } = await devices.request(wish({ role: "node", scopes: [] }));
    await devices.approve(request.requestId, "host");
    expect(seen.map(([name]) => name)).toEqual(["device.pair.requested", "node.pair.requested", "device.pair.resolved", "node.pair.resolved"]);
  });
});

describe("approval", () => {
  it("keeps the name a person gave, whatever the device calls itself later", async () => {
    await devices.admit(wish({ displayName: "ann-thinkpad" }), "shared-secret");
    await devices.rename("d1", "laptop");
    const again = await devices.admit(wish({ displayName: "ann-thinkpad-2", scopes: ["operator.write"] }), "shared-secret");
    expect(again.displayName).toBe("laptop");
    expect(again).not.toHaveProperty("givenName");
    await devices.close();
    await db.close();
    await open();
    expect((await devices.get("d1"))?.displayName).toBe("laptop");
  });

  it("makes roles and scopes the union of old and new", async () => {
    await devices.approve((await devices.request(wish())).request.requestId, "host");
    const device = await devices.approve((await devices.request(wish({ scopes: ["operator.admin"] }))).request.requestId, "host");
    expect(device).toMatchObject({ roles: ["operator"], scopes: ["operator.admin", "operator.read"], approvedVia: "host" });
    const both = await devices.approve((await devices.request(wish({ role: "node", scopes: [] }))).request.requestId, "device:other");
    expect(both.roles).toEqual(["operator", "node"]);
    expect(both.tokens.map((token) => token.role).sort()).toEqual(["node", "operator"]);
  });
});

describe("tokens", () => {
  const areDerived = async () => {
    await devices.admit(wish(), "host");
    await devices.admit(wish({ role: "node", scopes: [] }), "host");
    await devices.admit(wish({ deviceId: "d2", publicKey: "k2" }), "host");
    const one = (await devices.token("d1", "operator", ["operator.read"])).token;
    expect((await devices.token("d1", "operator", ["operator.read"])).token).toBe(one);
    const all = [one, (await devices.token("d1", "node", [])).token, (await devices.token("d2", "operator", [])).token];
    expect(new Set(all).size, "different ones").toBe(3);
    expect(await devices.verifyToken("d1", "operator", one)).toEqual({ ok: true, scopes: ["operator.read"] });
    expect(await devices.verifyToken("d2", "operator", one)).toEqual({ ok: false, reason: "mismatch" });
    expect(await devices.verifyToken("nobody", "operator", one)).toEqual({ ok: false, reason: "unknown" });
    const rows = await createStateRows(db, clock).find("tokens", {});
    expect(rows.map((row) => row.hash), "kept").toContain(hashToken(one));
    expect(JSON.stringify(rows)).not.toContain(one);
  };

  const end = async () => {
    await devices.admit(wish({ scopes: ["operator.admin"] }), "host");
    const old = (await devices.token("d1", "operator", [])).token;
    const { token } = await devices.rotate("d1", "operator");
    expect(await devices.verifyToken("d1", "operator", old)).toEqual({ ok: false, reason: "mismatch" });
    expect((await devices.verifyToken("d1", "operator", token)).ok).toBe(true);
    await devices.revoke("d1", "operator");
    expect(await devices.verifyToken("d1", "operator", token)).toEqual({ ok: false, reason: "revoked" });
    const device = await devices.get("d1");
    expect(device).toMatchObject({ roles: [], scopes: [] });
    expect(device?.tokens[0]?.revokedAtMs).toBe(clock.now());
    await expect(devices.token("d1", "operator", [])).rejects.toThrow("unknown deviceId/role");
    await devices.admit(wish(), "host");
    expect((await devices.token("d1", "operator", [])).token).not.toBe(token);
    expect(seen.filter(([name]) => name === "device.changed").map(([, payload]) => payload.reason)).toEqual(["rotated", "revoked"]);
  };

  it("[I.7] are derived: the same until rotated, others for every device and role, only the hash is kept", areDerived);
  it("[I.7] end with rotation and revocation, and revocation takes the approval along", end);

  it.each([
    { name: "derives the same for every device", file: "src/devices/tokens.ts", from: "`${deviceId}|${role}|${generation}`).digest", to: "`${role}|${generation}`).digest", check: areDerived, says: /different ones/ },
    { name: "derives the same for every role", file: "src/devices/tokens.ts", from: "`${deviceId}|${role}|${generation}`).digest", to: "`${deviceId}|${generation}`).digest", check: areDerived, says: /different ones/ },
    { name: "keeps the token itself", file: "src/devices/devices.ts", from: "scopes: JSON.stringify([...new Set(scopes)].sort()), revokedAt: null,", to: "scopes: JSON.stringify([...new Set<string>(scopes), token].sort()), revokedAt: null,", check: areDerived, says: /not to contain/ },
    { name: "knows a rotated token", file: "src/devices/devices.ts", from: "{ generation: row.generation + 1, createdAt: row.createdAt", to: "{ generation: row.generation, createdAt: row.createdAt", check: end, says: /ok: (true|false)/ },
    { name: "knows a revoked token", file: "src/devices/devices.ts", from: 'if (row.revokedAt !== null) return { ok: false, reason: "revoked" };', to: "", check: end, says: /revoked|ok: true/ },
  ])("[I.7] the check sees a mutant that $name", async ({ check, says, ...mutation }) => {
    const found = await verdictOn<{ createDevices: typeof createDevices }>(mutation, async ({ createDevices: mutated }) => {
      await devices.close();
      await db.close();
      await open(mutated);
      await check();
    }, "src/devices/devices.ts");
    expect(found).toMatch(says);
  });

  it("are refused for what is not there", async () => {
    await expect(devices.rotate("nobody", "operator")).rejects.toThrow("unknown deviceId/role");
    await expect(devices.revoke("nobody", "operator")).rejects.toThrow("unknown deviceId/role");
    await expect(devices.remove("nobody")).rejects.toThrow("unknown deviceId/role");
  });

  it("go with their device", async () => {
    await devices.admit(wish(), "host");
    const { token } = await devices.token("d1", "operator", []);
    await devices.remove("d1");
    expect(await devices.verifyToken("d1", "operator", token)).toEqual({ ok: false, reason: "unknown" });
    expect(await createStateRows(db, clock).find("tokens", {})).toEqual([]);
  });
});

describe("[I.7] several changes of one device at once", () => {
  const stand = async () => {
    const everything = wish({ scopes: ["operator.admin", "operator.pairing"] });
    const rounds: [string, () => Promise<unknown>][] = [
      ["a new name", () => devices.rename("d1", "laptop")],
      ["a new token", () => devices.rotate("d1", "operator").catch(() => undefined)],
      ["a sign-in that asks for more", () => devices.token("d1", "operator", ["operator.talk.secrets"]).catch(() => undefined)],
      ["what was seen of it", async () => {
        devices.seen("d1", "operator");
        await clock.advance(60_000);
      }],
    ];
    for (const [name, other] of rounds) {
      await devices.admit(everything, "host");
      await Promise.all([devices.revoke("d1", "operator"), other()]);
      const device = await devices.get("d1");
      expect(device, `revoked beside ${name}`).toMatchObject({ roles: [], scopes: [] });
      expect(device?.tokens[0]?.revokedAtMs, `token revoked beside ${name}`).toBeDefined();
      await devices.close();
      await db.close();
      await open();
      expect(await devices.get("d1"), `on disk, beside ${name}`).toMatchObject({ roles: [], scopes: [] });
    }
    return rounds.length;
  };

  it("[I.7] a revocation stands, whatever else happens to the device in the same moment", async () => {
    console.log(`[I.7] ${await stand()} changes beside a revocation`);
  });

  it("[I.7] the check sees a mutant that makes them side by side", async () => {
    const mutation = { name: "side by side", file: "src/devices/devices.ts", from: "(turns.get(deviceId) ?? Promise.resolve()).then(change, change)", to: "Promise.resolve().then(change)" };
    const found = await verdictOn<{ createDevices: typeof createDevices }>(mutation, async ({ createDevices: mutated }) => {
      await devices.close();
      await db.close();
      await open(mutated);
      await stand();
    }, "src/devices/devices.ts");
    expect(found).toMatch(/revoked beside/);
  });

  it("[rpc.pairing.one-decision] of several who decide about a request, one does, and it is told once", async () => {
    const { request } = await devices.request(wish());
    const outcomes = await Promise.allSettled([devices.approve(request.requestId, "host"), devices.reject(request.requestId), devices.approve(request.requestId, "device:other")]);
    expect(outcomes.map((outcome) => outcome.status)).toEqual(["fulfilled", "rejected", "rejected"]);
    expect(seen.filter(([name]) => name === "device.pair.resolved").map(([, payload]) => payload.decision)).toEqual(["approved"]);
  });

  it("asked twice in one moment, a request is one", async () => {
    const [one, other] = await Promise.all([devices.request(wish()), devices.request(wish())]);
    expect(one?.request.requestId).toBe(other?.request.requestId);
    expect((await devices.list()).pending).toHaveLength(1);
  });
});

describe("last seen", () => {
  it("is known at once and written behind", async () => {
    await devices.admit(wish(), "host");
    await clock.advance(5_000);
    devices.seen("d1", "operator");
    expect((await devices.get("d1"))?.lastSeenAtMs).toBe(clock.now());
    const at = clock.now();
    await devices.close();
    await db.close();
    await open();
    expect(await devices.get("d1")).toMatchObject({ lastSeenAtMs: at });
  });
});

describe("links", () => {
  it("work once, within ten minutes", async () => {
    const { code } = await devices.createLink(["operator.admin"]);
    expect(Buffer.from(code, "base64url")).toHaveLength(32);
    expect(await devices.redeemLink("x".repeat(43))).toBeUndefined();
    expect(await devices.redeemLink(code)).toEqual(["operator.admin"]);
    expect(await devices.redeemLink(code)).toBeUndefined();
    const late = await devices.createLink(["operator.admin"]);
    await clock.advance(linkTtlMs);
    expect(await devices.redeemLink(late.code)).toBeUndefined();
  });

  it("outlive a jump of the wall clock", async () => {
    const { code } = await devices.createLink(["operator.read"]);
    clock.jump(86_400_000);
    expect(await devices.redeemLink(code)).toEqual(["operator.read"]);
  });
});

it("the six words come from a list that a byte can pick from, and differ with the text", () => {
  expect(wordCount).toBeGreaterThanOrEqual(256);
  expect(pairingWords("a").split(" ")).toHaveLength(6);
  expect(pairingWords("a")).toBe(pairingWords("a"));
  const many = new Set(Array.from({ length: 2_000 }, (_, n) => pairingWords(String(n))));
  expect(many.size).toBe(2_000);
});
