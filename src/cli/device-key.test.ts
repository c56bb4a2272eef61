// The command line's keys: agree with what the gateway checks, are made once, and are not the same for every gateway.
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { systemClock } from "../base/clock.ts";
import { systemIds } from "../base/ids.ts";
import { signProof } from "../client/device-proof.ts";
import { readEnv } from "../config/env.ts";
import { checkProof, rawPublicKey } from "../devices/identity.ts";
import { createHostKeyCheck } from "../gateway/shared-secrets.ts";
import { systemDisk } from "../store/disk.ts";
import { hostKey, remoteKey } from "./device-key.ts";
import { createMachine } from "./machine.ts";

const dirs: string[] = [];
afterEach(async () => {
  for (const dir of dirs.splice(0)) await rm(dir, { recursive: true, force: true });
});

async function machine() {
  const dir = await mkdtemp(join(tmpdir(), "openclaw-key-"));
  dirs.push(dir);
  return { dir, machine: createMachine({ env: readEnv({ HOME: dir, OPENCLAW_STATE_DIR: join(dir, "state") }), disk: systemDisk, clock: systemClock, ids: systemIds }) };
}

describe("the host's key", () => {
  it("is what the gateway takes for the host's, with a proof that it accepts", async () => {
    const { machine: here } = await machine();
    const { path, identity } = await hostKey(here);
    const isHostKey = createHostKeyCheck({ disk: systemDisk, path: (await here.paths()).hostDevice, rawKey: rawPublicKey });
    expect(await isHostKey(identity.deviceId, identity.publicKey)).toBe(true);
    expect(await isHostKey(identity.deviceId, (await remoteKey(here, "wss://x")).identity.publicKey)).toBe(false);
    const now = Date.now();
    const input = { clientId: "cli", clientMode: "cli", role: "operator", scopes: ["operator.admin"], signedAtMs: now, token: "t", nonce: "n", platform: "Linux" };
    const proof = await signProof(identity, input);
    expect(checkProof(proof, { ...input, deviceFamily: "" }, { protocol: 4, nowMs: now, nonce: "n", allowNonceless: false })).toMatchObject({ ok: true, deviceId: identity.deviceId });
    expect(path.endsWith(join("identity", "device.json"))).toBe(true);
  });

  it("lies in a file that only its owner reads, in the form that other programs know", async () => {
    const { machine: here, dir } = await machine();
    const { path, identity } = await hostKey(here);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await stat(join(dir, "state"))).mode & 0o777).toBe(0o700);
    expect(JSON.parse(await readFile(path, "utf8"))).toEqual({ version: 1, deviceId: identity.deviceId, publicKeyPem: expect.stringContaining("BEGIN PUBLIC KEY"), privateKeyPem: expect.stringContaining("BEGIN PRIVATE KEY"), createdAtMs: expect.any(Number) });
  });

  it("is the same for commands that start at the same moment", async () => {
    const { machine: here } = await machine();
    const keys = await Promise.all(Array.from({ length: 8 }, () => hostKey(here)));
    expect(new Set(keys.map((key) => key.identity.deviceId)).size).toBe(1);
  });
});

describe("keys for gateways elsewhere", () => {
  it("differ from each other and from the host's, and keep their tokens", async () => {
    const { machine: here } = await machine();
    const [home, a, b] = [await hostKey(here), await remoteKey(here, "wss://a.example"), await remoteKey(here, "wss://b.example")];
    expect(new Set([home, a, b].map((key) => key.identity.deviceId)).size).toBe(3);
    expect(a.token).toBeUndefined();
    await a.keepToken("token-a", ["operator.read"]);
    const again = await remoteKey(here, "wss://a.example");
    expect(again).toMatchObject({ token: "token-a", identity: { deviceId: a.identity.deviceId } });
    expect((await stat(again.path)).mode & 0o777).toBe(0o600);
    await again.dropToken();
    expect((await remoteKey(here, "wss://a.example")).token).toBeUndefined();
    expect((await remoteKey(here, "wss://b.example")).token).toBeUndefined();
  });
});
