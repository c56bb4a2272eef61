// Device identity: which text a device signed, and whether its Ed25519 key and signature are good. Pure but for the crypto.
import { createHash, createPublicKey, verify } from "node:crypto";
import type { ProtocolVersion } from "../protocol/scopes.ts";

/** The `device` object of `connect`. */
export interface DeviceProof {
  id: string;
  publicKey: string;
  signature: string;
  signedAt: number;
  nonce?: string;
}

/** What the signed text holds beside the device's own id. */
export interface ProofContext {
  clientId: string;
  clientMode: string;
  role: string;
  /** As sent, before any default. */
  scopes: readonly string[];
  /** `auth.token`, else for protocol 4 `auth.deviceToken`, else `auth.bootstrapToken`, else empty. */
  token: string;
  platform: string;
  deviceFamily: string;
}

export type ProofFailure = "id-mismatch" | "signature-expired" | "nonce-required" | "nonce-mismatch" | "signature-invalid" | "public-key-invalid";

export interface ProofRules {
  protocol: ProtocolVersion;
  nowMs: number;
  /** The nonce of this socket's challenge. */
  nonce: string;
  /** A v1 signature without a nonce is good enough: loopback, protocol 3, switched on. */
  allowNonceless: boolean;
}

export type ProofResult = { ok: true; deviceId: string; /** Raw 32 bytes, base64url. */ publicKey: string; legacy: boolean } | { ok: false; failure: ProofFailure };

/** How far a device's clock may be off, either way. */
export const skewMs = { 3: 600_000, 4: 120_000 } as const;

const spkiPrefix = Buffer.from("302a300506032b6570032100", "hex");

/** The signed text in one of its three forms (protocol.md 2.5). */
export function signedText(form: "v1" | "v2" | "v3", deviceId: string, context: ProofContext, signedAt: number, nonce: string): string {
  const fields = [form, deviceId, context.clientId, context.clientMode, context.role, context.scopes.join(","), String(signedAt), context.token];
  if (form !== "v1") fields.push(nonce);
  if (form === "v3") fields.push(lowered(context.platform), lowered(context.deviceFamily));
  return fields.join("|");
}

/** Checks id, clock, nonce, signature and key, in that order. */
export function checkProof(proof: DeviceProof, context: ProofContext, rules: ProofRules): ProofResult {
  const raw = rawPublicKey(proof.publicKey);
  if (raw === undefined || deviceIdOf(raw) !== proof.id) return { ok: false, failure: "id-mismatch" };
  if (Math.abs(rules.nowMs - proof.signedAt) > skewMs[rules.protocol]) return { ok: false, failure: "signature-expired" };
  const nonce = proof.nonce ?? "";
  if (nonce === "" && !(rules.allowNonceless && rules.protocol === 3)) return { ok: false, failure: "nonce-required" };
  if (nonce !== "" && nonce !== rules.nonce) return { ok: false, failure: "nonce-mismatch" };
  const forms = nonce === "" ? (["v1"] as const) : rules.protocol === 4 ? (["v3", "v2"] as const) : (["v2", "v3"] as const);
  const signature = decodeBase64(proof.signature, 64);
  const signed = signature !== undefined && forms.some((form) => verifies(raw, signature, signedText(form, proof.id, context, proof.signedAt, nonce)));
  if (!signed) return { ok: false, failure: "signature-invalid" };
  if (!isSoundKey(raw)) return { ok: false, failure: "public-key-invalid" };
  return { ok: true, deviceId: proof.id, publicKey: raw.toString("base64url"), legacy: nonce === "" };
}

/** Lower-case hex SHA-256 of the raw public key. */
export function deviceIdOf(raw: Uint8Array): string {
  return createHash("sha256").update(raw).digest("hex");
}

/** The raw 32 bytes of a key sent as base64url, base64 or PEM; undefined when it is none of them. */
export function rawPublicKey(text: string): Buffer | undefined {
  if (!text.includes("BEGIN")) return decodeBase64(text, 32);
  const body = Buffer.from(text.replace(/-----[^-]*-----/g, "").replace(/\s+/g, ""), "base64");
  const isSpki = body.length === spkiPrefix.length + 32 && body.subarray(0, spkiPrefix.length).equals(spkiPrefix);
  return isSpki ? body.subarray(spkiPrefix.length) : undefined;
}

/** Canonical (y below 2^255 − 19) and of large order: a small-order key verifies signatures that nobody made. */
export function isSoundKey(raw: Uint8Array): boolean {
  if (raw.length !== 32) return false;
  const y = Uint8Array.from(raw);
  y[31] = (y[31] ?? 0) & 0x7f; // the top bit is the sign of x
  if (isAtLeastPrime(y)) return false;
  const hex = Buffer.from(y).toString("hex");
  return !smallOrder.has(hex);
}

/** y coordinates of the eight points whose order divides the cofactor, without the sign bit and non-canonical spellings. */
const smallOrder: ReadonlySet<string> = new Set([
  "00".repeat(32),
  `01${"00".repeat(31)}`,
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
  `ec${"ff".repeat(30)}7f`,
]);

function isAtLeastPrime(y: Uint8Array): boolean {
  if (y[31] !== 0x7f || (y[0] ?? 0) < 0xed) return false;
  for (let index = 1; index < 31; index++) if (y[index] !== 0xff) return false;
  return true;
}

function verifies(raw: Buffer, signature: Buffer, text: string): boolean {
  try {
    const key = createPublicKey({ key: Buffer.concat([spkiPrefix, raw]), format: "der", type: "spki" });
    return verify(null, Buffer.from(text, "utf8"), key, signature);
  } catch {
    return false; // bytes that are no point of the curve sign nothing
  }
}

/** Both base64 alphabets, with or without padding; undefined unless it is exactly `length` bytes. */
function decodeBase64(text: string, length: number): Buffer | undefined {
  if (!/^[A-Za-z0-9+/_-]+={0,2}$/.test(text)) return undefined;
  const bytes = Buffer.from(text.replace(/-/g, "+").replace(/_/g, "/"), "base64");
  return bytes.length === length ? bytes : undefined;
}

/** Trimmed, A–Z lowered; other alphabets stay as written. */
function lowered(text: string): string {
  return text.trim().replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}
