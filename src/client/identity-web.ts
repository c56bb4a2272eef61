// A browser's device key: made once, kept in IndexedDB, its private half never readable by any script. Beside it the device token.
import type { ClientIdentity } from "./device-proof.ts";

export interface WebIdentityStore {
  /** The device's key; made on first use. */
  identity(): Promise<ClientIdentity>;
  deviceToken(): Promise<string | undefined>;
  saveDeviceToken(token: string): Promise<void>;
  dropDeviceToken(): Promise<void>;
  /** Forgets key and token: the next start is a new device. */
  forget(): Promise<void>;
}

const storeName = "identity";

/** False on plain http outside localhost, and in browsers without Ed25519. */
export function canKeepIdentity(): boolean {
  return typeof indexedDB !== "undefined" && globalThis.isSecureContext && globalThis.crypto?.subtle !== undefined;
}

export async function openWebIdentity(databaseName = "openclaw"): Promise<WebIdentityStore> {
  const database = await openDatabase(databaseName);
  const read = <T>(key: string): Promise<T | undefined> => done(database.transaction(storeName).objectStore(storeName).get(key)) as Promise<T | undefined>; // only this file writes here
  const write = async (key: string, value: unknown): Promise<void> => void (await done(database.transaction(storeName, "readwrite").objectStore(storeName).put(value, key)));
  const remove = (key: string): Promise<undefined> => done(database.transaction(storeName, "readwrite").objectStore(storeName).delete(key));

  const keys = async (): Promise<CryptoKeyPair> => {
    const kept = await read<CryptoKeyPair>("key");
    if (kept !== undefined) return kept;
    const made = (await crypto.subtle.generateKey({ name: "Ed25519" }, false, ["sign", "verify"])) as CryptoKeyPair; // an asymmetric algorithm makes a pair
    // Two tabs may get here at once; `add` lets only the first one's key live.
    return (await addOnce(database, made)) ? made : ((await read<CryptoKeyPair>("key")) ?? made);
  };

  return {
    identity: async () => identityOf(await keys()),
    deviceToken: () => read<string>("token"),
    saveDeviceToken: (token) => write("token", token),
    dropDeviceToken: async () => remove("token"),
    async forget() {
      await remove("token");
      await remove("key");
    },
  };
}

async function identityOf({ publicKey, privateKey }: CryptoKeyPair): Promise<ClientIdentity> {
  const raw = new Uint8Array(await crypto.subtle.exportKey("raw", publicKey));
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", raw));
  return {
    deviceId: [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join(""),
    publicKey: base64Url(raw),
    sign: async (payload) => base64Url(new Uint8Array(await crypto.subtle.sign({ name: "Ed25519" }, privateKey, new TextEncoder().encode(payload)))),
  };
}

function openDatabase(name: string): Promise<IDBDatabase> {
  const request = indexedDB.open(name, 1);
  request.addEventListener("upgradeneeded", () => request.result.createObjectStore(storeName));
  return done(request);
}

async function addOnce(database: IDBDatabase, pair: CryptoKeyPair): Promise<boolean> {
  try {
    await done(database.transaction(storeName, "readwrite").objectStore(storeName).add(pair, "key"));
    return true;
  } catch (error) {
    if (error instanceof DOMException && error.name === "ConstraintError") return false;
    throw error;
  }
}

function done<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.addEventListener("success", () => resolve(request.result));
    request.addEventListener("error", (event) => {
      event.preventDefault(); // handled here; unhandled it would abort the transaction and be reported as an uncaught error
      reject(request.error ?? new Error("the browser's storage failed"));
    });
  });
}

function base64Url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}
