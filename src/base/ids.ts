// Randomness as an argument: the only caller of randomUUID, randomBytes and Math.random.
import { randomFillSync, randomUUID } from "node:crypto";

export interface Ids {
  /** A version 4 UUID. */
  uuid(): string;
  /** `bytes` random bytes as base64url without padding. */
  token(bytes: number): string;
  /** `bytes` random bytes as lowercase hex. */
  hex(bytes: number): string;
  /** A number in [0, 1), for jitter only. */
  fraction(): number;
}

/** Fetched from the system in one go, each byte given out once: a call for every few bytes costs more than all else that makes an id. */
const POOL_BYTES = 4_096;

function createPool(): (bytes: number, encoding: "hex" | "base64url") => string {
  const pool = Buffer.alloc(POOL_BYTES);
  let used = POOL_BYTES;
  return (bytes, encoding) => {
    if (bytes > POOL_BYTES) return randomFillSync(Buffer.alloc(bytes)).toString(encoding);
    if (used + bytes > POOL_BYTES) {
      randomFillSync(pool);
      used = 0;
    }
    const text = pool.toString(encoding, used, used + bytes);
    pool.fill(0, used, used + bytes); // what was given out may be a secret
    used += bytes;
    return text;
  };
}

const pooled = createPool();

export const systemIds: Ids = {
  uuid: () => randomUUID(),
  token: (bytes) => pooled(bytes, "base64url"),
  hex: (bytes) => pooled(bytes, "hex"),
  fraction: () => Math.random(),
};

/** Ids that count up, for tests that compare whole values. */
export function createCountingIds(): Ids {
  let next = 0;
  const padded = (width: number) => (++next).toString(16).padStart(width, "0");
  return {
    uuid: () => `00000000-0000-4000-8000-${padded(12)}`,
    token: (bytes) => padded(Math.ceil((bytes * 4) / 3)),
    hex: (bytes) => padded(bytes * 2),
    fraction: () => 0.5,
  };
}
