// The signed device statement of `connect`: which text is signed (protocol.md 2.5, newest form) and the object that carries it.

/** A device's key. Made outside the client; the private half never enters it. */
export interface ClientIdentity {
  /** Lowercase hex SHA-256 of the raw public key. */
  deviceId: string;
  /** Raw 32 bytes, base64url. */
  publicKey: string;
  /** Ed25519 over the UTF-8 text, base64url. */
  sign(payload: string): Promise<string>;
}

export interface ProofInput {
  clientId: string;
  clientMode: string;
  role: string;
  scopes: readonly string[];
  signedAtMs: number;
  /** The secret in `auth.token`, or the device token; never the password. */
  token: string;
  nonce: string;
  platform: string;
  deviceFamily?: string | undefined;
}

export interface DeviceProof {
  id: string;
  publicKey: string;
  signature: string;
  signedAt: number;
  nonce: string;
}

/** The text under the signature, fields in the order the gateway puts them together. */
export function proofPayload(deviceId: string, input: ProofInput): string {
  return [
    "v3",
    deviceId,
    input.clientId,
    input.clientMode,
    input.role,
    input.scopes.join(","),
    String(input.signedAtMs),
    input.token,
    input.nonce,
    lowered(input.platform),
    lowered(input.deviceFamily ?? ""),
  ].join("|");
}

export async function signProof(identity: ClientIdentity, input: ProofInput): Promise<DeviceProof> {
  const signature = await identity.sign(proofPayload(identity.deviceId, input));
  return { id: identity.deviceId, publicKey: identity.publicKey, signature, signedAt: input.signedAtMs, nonce: input.nonce };
}

/** Only A–Z change: the gateway lowers by ASCII, and other alphabets must sign as written. */
function lowered(text: string): string {
  return text.trim().replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}
