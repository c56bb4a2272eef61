// Sealing one value: AES-256-GCM under a key of its own, which is sealed under the wrapping key. Both are bound to name and version.
import { createCipheriv, createDecipheriv } from "node:crypto";

export const scheme = "aes-256-gcm";
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** What a box is bound to: moved to another name or version it does not open. */
export interface Binding {
  name: string;
  version: number;
}

export interface SealedValue {
  scheme: string;
  /** The value's own key, sealed under the wrapping key. */
  key: string;
  /** The value, sealed under its own key. */
  value: string;
}

/** That many random bytes. */
export type Random = (bytes: number) => Buffer;

export function newKey(random: Random): Buffer {
  return random(KEY_BYTES);
}

export function sealValue(value: string, wrapping: Buffer, binding: Binding, random: Random): SealedValue {
  const own = newKey(random);
  const sealed = { scheme, key: seal(own, wrapping, "key", binding, random), value: seal(Buffer.from(value), own, "value", binding, random) };
  own.fill(0);
  return sealed;
}

/** Throws when a bit was changed, the binding differs or the key is another. */
export function openValue(sealed: SealedValue, wrapping: Buffer, binding: Binding): string {
  if (sealed.scheme !== scheme) throw new Error(`unknown scheme ${sealed.scheme}`);
  const own = open(sealed.key, wrapping, "key", binding);
  return open(sealed.value, own, "value", binding).toString("utf8");
}

/** The same value under another wrapping key; the value itself is not opened. */
export function rewrap(sealed: SealedValue, from: Buffer, to: Buffer, binding: Binding, random: Random): SealedValue {
  return { ...sealed, key: seal(open(sealed.key, from, "key", binding), to, "key", binding, random) };
}

function seal(plain: Buffer, key: Buffer, part: string, binding: Binding, random: Random): string {
  const nonce = random(NONCE_BYTES);
  const cipher = createCipheriv(scheme, key, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(associated(part, binding));
  return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]).toString("base64");
}

function open(box: string, key: Buffer, part: string, binding: Binding): Buffer {
  const bytes = Buffer.from(box, "base64");
  if (bytes.length < NONCE_BYTES + TAG_BYTES || bytes.toString("base64") !== box) throw new Error("not a sealed value");
  const decipher = createDecipheriv(scheme, key, bytes.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES });
  decipher.setAAD(associated(part, binding));
  decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
  return Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]);
}

function associated(part: string, { name, version }: Binding): Buffer {
  return Buffer.from(JSON.stringify(["openclaw-vault", part, name, version]));
}
