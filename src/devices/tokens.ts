// Device tokens are derived, not stored: the same device, role and generation always give the same token, and only its hash is kept.
import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { Role } from "../protocol/scopes.ts";

/** 43 characters of base64url. */
export function deriveToken(serverKey: Uint8Array, deviceId: string, role: Role, generation: number): string {
  return createHmac("sha256", serverKey).update(`${deviceId}|${role}|${generation}`).digest("base64url");
}

export function hashToken(token: string): string {
  return createHash("sha256").update(token).digest("hex");
}

/** Constant time. */
export function sameHash(storedHash: string, token: string): boolean {
  return timingSafeEqual(Buffer.from(storedHash, "hex"), createHash("sha256").update(token).digest());
}

export function tokenRowId(deviceId: string, role: Role): string {
  return `${deviceId}|${role}`;
}

/** Which token an id names; a device id is hexadecimal. */
export function tokenRowOf(id: string): { deviceId: string; role: string } {
  const at = id.lastIndexOf("|");
  return { deviceId: id.slice(0, at), role: id.slice(at + 1) };
}
