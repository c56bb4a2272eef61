// The ways in which a known secret may be spelt in text, so that each can be searched for as it stands.

/** Shorter values would be found by chance; a person's four-digit code is not hidden by replacing every four digits. */
export const minSecretChars = 6;
/** Encoded spellings of very short values are too common to look for. */
const MIN_ENCODED_CHARS = 8;

/** The value itself and its encodings, without duplicates. */
export function disguisesOf(value: string): string[] {
  if (value.length < minSecretChars) return [];
  if (value.length < MIN_ENCODED_CHARS) return [value];
  const bytes = Buffer.from(value);
  const hex = bytes.toString("hex");
  const pairs = hex.match(/../g) ?? [];
  const codes = Array.from(value, (character) => character.codePointAt(0) ?? 0);
  const units = Array.from({ length: value.length }, (_, index) => value.charCodeAt(index).toString(16).padStart(4, "0"));
  const base64 = [0, 1, 2].map((offset) => alignedBase64(bytes, offset));
  const twice = alignedBase64(Buffer.from(bytes.toString("base64").replace(/=+$/, "")), 0);
  const spelt = [
    value,
    ...base64,
    ...base64.map((text) => text.replaceAll("+", "-").replaceAll("/", "_")),
    twice,
    base32(bytes),
    hex,
    hex.toUpperCase(),
    pairs.map((pair) => `\\x${pair}`).join(""),
    encodeURIComponent(value.toWellFormed()),
    pairs.map((pair) => `%${pair}`).join(""),
    pairs.map((pair) => `%${pair.toUpperCase()}`).join(""),
    Array.from(value).reverse().join(""),
    JSON.stringify(value).slice(1, -1),
    units.map((unit) => `\\u${unit}`).join(""),
    units.map((unit) => `\\u${unit.toUpperCase()}`).join(""),
    codes.map((code) => `&#${code};`).join(""),
    codes.map((code) => `&#x${code.toString(16)};`).join(""),
  ];
  // In a JSON log line a backslash is written twice.
  const escaped = spelt.filter((text) => text.includes("\\")).map((text) => text.replaceAll("\\", "\\\\"));
  return [...new Set([...spelt, ...escaped])].filter((text) => text.length >= minSecretChars);
}

/** What of a value's base64 is the same wherever in a longer text it starts, for one of the three possible offsets. */
function alignedBase64(bytes: Buffer, offset: number): string {
  const text = Buffer.concat([Buffer.alloc(offset), bytes]).toString("base64").replace(/=+$/, "");
  const first = Math.ceil((offset * 8) / 6);
  const last = Math.floor(((offset + bytes.length) * 8) / 6);
  return text.slice(first, last);
}

function base32(bytes: Buffer): string {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  let text = "";
  let bits = 0;
  let held = 0;
  for (const byte of bytes) {
    held = (held << 8) | byte;
    for (bits += 8; bits >= 5; bits -= 5) text += alphabet[(held >> (bits - 5)) & 31] ?? "";
    held &= (1 << bits) - 1;
  }
  return text;
}

/** Characters that may be strewn into a value without changing it for a reader: blanks, punctuation, zero-width ones. */
export const separatorCodes: ReadonlySet<number> = new Set([
  ...Array.from({ length: 33 }, (_, code) => code),
  ...Array.from("-_.,:;|/\\*+~'\"`<>()[]{}=#&!?^", (character) => character.charCodeAt(0)),
  0xa0, 0xad, 0x200b, 0x200c, 0x200d, 0x200e, 0x200f, 0x2060, 0xfeff,
]);

/** A value without its separators; undefined when too little is left to be sure. */
export function barePartOf(value: string): string | undefined {
  const bare = Array.from({ length: value.length }, (_, index) => value.charCodeAt(index)).filter((code) => !separatorCodes.has(code)).map((code) => String.fromCharCode(code)).join("");
  return bare.length >= 12 ? bare : undefined;
}
