// Where the shared secret comes from: environment, configuration, else a token made on first start and kept in a 0600 file.
import { fault } from "../base/faults.ts";
import type { Ids } from "../base/ids.ts";
import { Secret } from "../base/secret.ts";
import type { Config, ConfigSnapshot } from "../config/config.ts";
import { errorCode, writeWhole, type Disk } from "../store/disk.ts";
import { dirname } from "node:path";
import { weakness, type SharedSecrets } from "./shared-auth.ts";

export interface SharedSecretsDeps {
  config: Pick<Config, "secret">;
  disk: Disk;
  ids: Ids;
  /** OPENCLAW_GATEWAY_TOKEN and OPENCLAW_GATEWAY_PASSWORD. */
  env: { token: Secret | undefined; password: Secret | undefined };
  tokenPath: string;
  /** Takes the values for redaction. */
  register(secret: Secret): void;
}

const tokenBytes = 32;

/** Throws gateway.weak-secret for a secret that anybody could guess. */
export async function resolveSharedSecrets(deps: SharedSecretsDeps, snapshot: ConfigSnapshot): Promise<SharedSecrets> {
  const auth = snapshot.value.gateway.auth ?? {};
  const password = deps.env.password ?? (await deps.config.secret(auth.password));
  const given = deps.env.token ?? (await deps.config.secret(auth.token));
  // A file from before `mode` existed names a password and no token.
  const mode = (auth.mode ?? "token") === "token" && !given && password ? "password" : (auth.mode ?? "token");
  if (mode === "password" && !password) throw fault("gateway.weak-secret", { kind: "password", reason: "is missing although gateway.auth.mode is password" });
  const token = given ?? (mode === "password" ? undefined : await madeToken(deps));
  check("token", token);
  check("password", password);
  for (const secret of [token, password]) if (secret) deps.register(secret);
  return { mode, ...(token === undefined ? {} : { token }), ...(password === undefined ? {} : { password }), scopes: auth.sharedTokenScopes ?? ["operator.read", "operator.write"] };
}

function check(kind: "token" | "password", secret: Secret | undefined): void {
  const reason = secret && weakness(secret.reveal());
  if (reason !== undefined) throw fault("gateway.weak-secret", { kind, reason });
}

/** 256 bits, made once. */
async function madeToken(deps: SharedSecretsDeps): Promise<Secret> {
  const kept = (await deps.disk.readFile(deps.tokenPath))?.toString("utf8").trim();
  if (kept !== undefined && kept !== "") return new Secret(kept);
  const token = deps.ids.token(tokenBytes);
  await deps.disk.makeDir(dirname(deps.tokenPath));
  await writeWhole(deps.disk, deps.tokenPath, Buffer.from(`${token}\n`, "utf8"));
  return new Secret(token);
}

/** The key in a 0600 file, made on first use; from it device tokens, receipts and the gateway's id are derived. */
export function createServerKey(deps: { disk: Disk; ids: Ids; path: string }): () => Promise<Uint8Array> {
  let key: Promise<Uint8Array> | undefined;
  const read = async (): Promise<Uint8Array> => {
    const kept = await deps.disk.readFile(deps.path);
    if (kept) {
      const bytes = Buffer.from(kept.toString("utf8").trim(), "hex");
      if (bytes.length !== tokenBytes) throw fault("store.corrupt", { file: deps.path, reason: "it is not a key of 32 bytes" });
      return bytes;
    }
    const made = deps.ids.hex(tokenBytes);
    await deps.disk.makeDir(dirname(deps.path));
    await writeWhole(deps.disk, deps.path, Buffer.from(`${made}\n`, "utf8"));
    return Buffer.from(made, "hex");
  };
  return () => (key ??= read());
}

/** Whether a device key is the one in the state directory, which only this host's user can read. */
export function createHostKeyCheck(deps: { disk: Disk; path: string; rawKey(pem: string): Uint8Array | undefined }): (deviceId: string, publicKey: string) => Promise<boolean> {
  return async (deviceId, publicKey) => {
    try {
      const text = (await deps.disk.readFile(deps.path))?.toString("utf8");
      if (text === undefined) return false;
      const file = JSON.parse(text) as { deviceId?: unknown; publicKeyPem?: unknown } | null; // checked on the next line
      if (file?.deviceId !== deviceId || typeof file.publicKeyPem !== "string") return false;
      const raw = deps.rawKey(file.publicKeyPem);
      return raw !== undefined && Buffer.from(raw).toString("base64url") === publicKey;
    } catch (error) {
      if (error instanceof SyntaxError || errorCode(error) !== undefined) return false; // half written or unreadable: nobody is at home by it
      throw error;
    }
  };
}
