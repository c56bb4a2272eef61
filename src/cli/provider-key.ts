// Where a provider's key comes from, in words: one that needs none may still have one.
export interface ProviderKey {
  needsKey: boolean;
  keySource?: string;
  keyEnv?: string;
}

export function keyText({ needsKey, keySource, keyEnv }: ProviderKey): string {
  if (keySource !== undefined) return `from ${keySource}`;
  return needsKey ? `missing${keyEnv === undefined ? "" : ` (${keyEnv})`}` : "not needed";
}

export function keyFinding({ needsKey, keySource }: ProviderKey): "has a key" | "has no key" | "needs no key" {
  if (keySource !== undefined) return "has a key";
  return needsKey ? "has no key" : "needs no key";
}
