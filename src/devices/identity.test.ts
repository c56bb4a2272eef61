// Keys and signatures: every spelling that is accepted, and every key that must not be.
import { createHash, generateKeyPairSync, sign } from "node:crypto";
import { describe, expect, it } from "vitest";
import { importMutant } from "../../test/fixtures/mutant-module.ts";
import { checkProof, deviceIdOf, isSoundKey, rawPublicKey, signedText, type DeviceProof, type ProofContext, type ProofRules } from "./identity.ts";

const pair = generateKeyPairSync("ed25519");
const raw = pair.publicKey.export({ format: "der", type: "spki" }).subarray(12);
const pem = pair.publicKey.export({ format: "pem", type: "spki" }).toString();
const id = deviceIdOf(raw);
const context: ProofContext = { clientId: "cli", clientMode: "cli", role: "operator", scopes: ["operator.read", "operator.write"], token: "t", platform: " Linux ", deviceFamily: "PC" };
const rules: ProofRules = { protocol: 4, nowMs: 1_000_000, nonce: "n", allowNonceless: false };

function proof(change: Partial<DeviceProof> = {}, form: "v1" | "v2" | "v3" = "v3"): DeviceProof {
  const signature = sign(null, Buffer.from(signedText(form, id, context, 1_000_000, "n")), pair.privateKey).toString("base64url");
  return { id, publicKey: raw.toString("base64url"), signature, signedAt: 1_000_000, nonce: "n", ...change };
}

function nonceless(): DeviceProof {
  const { id: own, publicKey, signature, signedAt } = proof({}, "v1");
  return { id: own, publicKey, signature, signedAt };
}

describe("the signed text", () => {
  it("has its fields in the order of each form, platform and family trimmed and lowered", () => {
    expect(signedText("v1", "d", context, 5, "n")).toBe("v1|d|cli|cli|operator|operator.read,operator.write|5|t");
    expect(signedText("v2", "d", context, 5, "n")).toBe("v2|d|cli|cli|operator|operator.read,operator.write|5|t|n");
    expect(signedText("v3", "d", context, 5, "n")).toBe("v3|d|cli|cli|operator|operator.read,operator.write|5|t|n|linux|pc");
    expect(signedText("v2", "d", { ...context, scopes: [], token: "" }, 5, "n")).toBe("v2|d|cli|cli|operator||5||n");
  });

  it("lowers A to Z only", () => {
    expect(signedText("v3", "d", { ...context, platform: "ÄİOS", deviceFamily: "" }, 5, "n").endsWith("|Äİos|")).toBe(true);
  });
});

describe("keys", () => {
  it("come as base64url, base64 or PEM", () => {
    for (const text of [raw.toString("base64url"), raw.toString("base64"), pem]) expect(rawPublicKey(text)?.equals(raw)).toBe(true);
    for (const text of ["", "AAAA", `${raw.toString("base64url")}AA`, "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----", "not base64 !"]) expect(rawPublicKey(text)).toBeUndefined();
    expect(id).toBe(createHash("sha256").update(raw).digest("hex"));
  });

  /** The eight points of small order, from the curve's own equation, with both signs and non-canonical spellings. */
  const p = 2n ** 255n - 19n;
  const bytes = (y: bigint) => Buffer.from(y.toString(16).padStart(64, "0"), "hex").reverse();
  const power = (base: bigint, exponent: bigint) => {
    let result = 1n;
    for (let b = base % p, e = exponent; e > 0n; e >>= 1n, b = (b * b) % p) if (e & 1n) result = (result * b) % p;
    return result;
  };
  const d = (p - ((121_665n * power(121_666n, p - 2n)) % p)) % p;
  const doubleY = (y: bigint): bigint => {
    const x2 = (((y * y - 1n + p * p) % p) * power((d * y * y + 1n) % p, p - 2n)) % p;
    return (((y * y + x2) % p) * power((1n + p * p - (d * x2 * y * y) % p) % p, p - 2n)) % p;
  };
  const known = ["26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05", "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"].map((hex) => BigInt(`0x${Buffer.from(hex, "hex").reverse().toString("hex")}`));

  it("[I.5] the refused points really have small order", () => {
    for (const y of known) {
      const order4 = doubleY(y);
      expect(order4).toBe(0n); // then 4·P has y = −1, 8·P is the neutral element
      expect(doubleY(order4)).toBe(p - 1n);
      expect(doubleY(p - 1n)).toBe(1n);
    }
  });

  it("[I.5] of small order or in a non-canonical spelling are refused", () => {
    const ys = [0n, 1n, p - 1n, ...known, p, p + 1n, p + 2n, p + 18n];
    let cases = 0;
    for (const y of ys) {
      for (const signBit of [0, 0x80]) {
        const key = bytes(y);
        key[31] = (key[31] ?? 0) | signBit;
        expect({ y, signBit, sound: isSoundKey(key) }).toEqual({ y, signBit, sound: false });
        cases++;
      }
    }
    for (let i = 0; i < 200; i++) expect(isSoundKey(generateKeyPairSync("ed25519").publicKey.export({ format: "der", type: "spki" }).subarray(12))).toBe(true);
    expect(isSoundKey(Buffer.alloc(31))).toBe(false);
    console.log(`[I.5] ${cases} unsound keys, 200 sound ones`);
  });
});

/** What a check lets through although it must not. */
function proofFailures(check: typeof checkProof): string[] {
  const other = generateKeyPairSync("ed25519");
  const bad: [string, DeviceProof, ProofRules][] = [
    ["another socket's nonce", proof(), { ...rules, nonce: "m" }],
    ["missing nonce", nonceless(), rules],
    ["clock", proof(), { ...rules, nowMs: 1_000_000 + 120_001 }],
    ["signature", proof({ signature: sign(null, Buffer.from("x"), pair.privateKey).toString("base64url") }), rules],
    ["foreign key", proof({ publicKey: other.publicKey.export({ format: "der", type: "spki" }).subarray(12).toString("base64url") }), rules],
    ["id", proof({ id: "0".repeat(64) }), rules],
    ["v1 form with a nonce", proof({}, "v1"), rules],
  ];
  return bad.filter(([, device, given]) => check(device, context, given).ok).map(([name]) => name);
}

describe("proofs", () => {
  it("[I.5] are good with the key, the nonce and the time of this socket, and with nothing less", () => {
    expect(checkProof(proof(), context, rules)).toEqual({ ok: true, deviceId: id, publicKey: raw.toString("base64url"), legacy: false });
    expect(checkProof(proof({ publicKey: pem, signature: Buffer.from(proof().signature, "base64url").toString("base64") }), context, rules).ok).toBe(true);
    expect(checkProof(nonceless(), context, { ...rules, protocol: 3, allowNonceless: true })).toMatchObject({ ok: true, legacy: true });
    expect(proofFailures(checkProof)).toEqual([]);
  });

  it.each([
    { name: "does not compare the nonce", from: "if (nonce !== \"\" && nonce !== rules.nonce) return", to: "if (nonce === \"never\" && nonce !== rules.nonce) return" },
    { name: "does not look at the clock", from: "> skewMs[rules.protocol]) return", to: "> skewMs[rules.protocol] * 1e9) return" },
    { name: "does not verify the signature", from: "if (!signed) return", to: "if (!signed && nonce === \"never\") return" },
    { name: "accepts no nonce from anybody", from: "if (nonce === \"\" && !(rules.allowNonceless && rules.protocol === 3)) return", to: "if (nonce === \"never\") return" },
  ])("[I.5] the check sees a mutant that $name", async ({ name, from, to }) => {
    const mutant = await importMutant<{ checkProof: typeof checkProof }>({ name, file: "src/devices/identity.ts", from, to });
    expect(proofFailures(mutant.checkProof).length).toBeGreaterThan(0);
  }, 60_000);
});
