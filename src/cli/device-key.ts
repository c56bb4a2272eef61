// The command line's own device keys: one for the gateway of this state directory, and one for each gateway elsewhere,
// so that no other gateway can pass on a signature that is worth something at home.
import { createHash, createPublicKey, generateKeyPairSync, sign } from "node:crypto";
import { dirname, join } from "node:path";
import type { ClientIdentity } from "../client/device-proof.ts";
import { errorCode, writeWhole } from "../store/disk.ts";
import { failure } from "./failure.ts";
import type { Machine } from "./machine.ts";

/** The file as other programs of OpenClaw write it; `url` and `grant` are ours, for gateways elsewhere. */
interface KeyFile {
  version: 1;
  deviceId: string;
  publicKeyPem: string;
  privateKeyPem: string;
  createdAtMs: number;
  url?: string;
  grant?: { token: string; scopes: string[] };
}

export interface DeviceKey {
  readonly path: string;
  readonly identity: ClientIdentity;
  /** The device token that a gateway elsewhere gave it. */
  readonly token: string | undefined;
  keepToken(token: string, scopes: readonly string[]): Promise<void>;
  dropToken(): Promise<void>;
}

const spkiPrefixBytes = 12;
const readTries = 50;
const readPauseMs = 10;

/** The key of this host: whoever can read it is approved here. Made on first use. */
export async function hostKey(machine: Machine): Promise<DeviceKey> {
  return openKey(machine, (await machine.paths()).hostDevice, undefined);
}

/** The key for a gateway elsewhere, by its address. */
export async function remoteKey(machine: Machine, url: string): Promise<DeviceKey> {
  const { identityDir } = await machine.paths();
  const name = createHash("sha256").update(url).digest("hex").slice(0, 16);
  return openKey(machine, join(identityDir, "gateways", `${name}.json`), url);
}

async function openKey(machine: Machine, path: string, url: string | undefined): Promise<DeviceKey> {
  const { disk } = machine;
  let file = (await read(machine, path)) ?? (await make(machine, path, url));
  const save = async (next: KeyFile) => {
    file = next;
    await writeWhole(disk, path, encode(next));
  };
  const raw = createPublicKey(file.publicKeyPem).export({ format: "der", type: "spki" }).subarray(spkiPrefixBytes);
  return {
    path,
    identity: {
      deviceId: createHash("sha256").update(raw).digest("hex"),
      publicKey: raw.toString("base64url"),
      sign: async (payload) => sign(null, Buffer.from(payload, "utf8"), file.privateKeyPem).toString("base64url"),
    },
    token: file.grant?.token,
    async keepToken(token, scopes) {
      if (file.grant?.token !== token) await save({ ...file, grant: { token, scopes: [...scopes] } });
    },
    async dropToken() {
      const { grant: _, ...rest } = file;
      await save(rest);
    },
  };
}

async function read(machine: Machine, path: string): Promise<KeyFile | undefined> {
  for (let left = readTries; ; left--) {
    const bytes = await machine.disk.readFile(path);
    if (bytes === undefined) return undefined;
    const file = decode(bytes.toString("utf8"));
    if (file) return file;
    // Another command may be writing it this moment.
    if (left === 0) throw failure("DEVICE_KEY", `The device key ${path} cannot be read.`, "Remove that file; a new key is made.");
    await machine.clock.sleep(readPauseMs);
  }
}

async function make(machine: Machine, path: string, url: string | undefined): Promise<KeyFile> {
  const { disk } = machine;
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const raw = publicKey.export({ format: "der", type: "spki" }).subarray(spkiPrefixBytes);
  const file: KeyFile = {
    version: 1,
    deviceId: createHash("sha256").update(raw).digest("hex"),
    publicKeyPem: publicKey.export({ format: "pem", type: "spki" }).toString(),
    privateKeyPem: privateKey.export({ format: "pem", type: "pkcs8" }).toString(),
    createdAtMs: machine.clock.now(),
    ...(url === undefined ? {} : { url }),
  };
  await disk.makeDir(dirname(path));
  try {
    const made = await disk.open(path, "new");
    try {
      await made.append(encode(file));
      await made.sync();
    } finally {
      await made.close();
    }
    return file;
  } catch (error) {
    if (errorCode(error) !== "EEXIST") throw error;
    const other = await read(machine, path);
    return other ?? make(machine, path, url);
  }
}

function encode(file: KeyFile): Buffer {
  return Buffer.from(`${JSON.stringify(file, null, 2)}\n`);
}

function decode(text: string): KeyFile | undefined {
  try {
    const file = JSON.parse(text) as Partial<KeyFile> | null; // checked on the next line
    return typeof file?.publicKeyPem === "string" && typeof file.privateKeyPem === "string" ? (file as KeyFile) : undefined; // the two members that are used
  } catch {
    return undefined; // half written, or no key file: the caller decides
  }
}
