// May this applicant come in, and with which scopes: credentials first, then what a person approved (protocol.md 2.8, 2.9).
import type { Log } from "../base/log.ts";
import type { ApprovedVia, Devices, PairedDevice, PairingWish } from "../devices/devices.ts";
import { effectiveScopes } from "../guard/authority.ts";
import { holds, isScope, type Scope } from "../protocol/scopes.ts";
import type { AuthFailures, CredentialKind } from "./auth-failures.ts";
import { addressKey, type Peer } from "./door.ts";
import type { Applicant } from "./applicant.ts";
import * as refusals from "./refusals.ts";
import type { AuthReason, PairingReason, Refusal } from "./refusals.ts";
import type { SharedAuth } from "./shared-auth.ts";
import type { TransportIdentity } from "./transport-identity.ts";

export type AuthMethod = "token" | "password" | "device-token" | "host-key" | "tailscale" | "trusted-proxy";

export type Admission = { ok: true; scopes: Scope[]; method: AuthMethod; deviceToken?: { token: string; issuedAtMs: number }; approvedVia?: string } | { ok: false; refusal: Refusal };

export interface Admit {
  decide(applicant: Applicant): Promise<Admission>;
  /** The transport itself says who it is (Tailscale, a trusted proxy): then no secret is needed. */
  knowsByTransport(peer: Peer, headers: Applicant["headers"]): boolean;
  /** A device of this id is paired; whether it is the one that asks, its proof tells. */
  isPaired(deviceId: string): Promise<boolean>;
}

export interface AdmissionDeps {
  log: Log;
  devices: Devices;
  shared: SharedAuth;
  failures: AuthFailures;
  transport: TransportIdentity;
  /** The key in the state directory: whoever holds it is at home on this machine. */
  isHostKey(deviceId: string, publicKey: string): Promise<boolean>;
}

/** How somebody proved to be welcome, and what that alone is worth. */
type Proven = { method: AuthMethod; /** Scopes that need no approval. */ worth: Scope[] };

/** The shared secret could otherwise be used to fill the table with keys. */
const maxUnapprovedDevices = 1_000;

export function createAdmission(deps: AdmissionDeps): Admit {
  const { devices, shared, failures } = deps;

  const authenticate = async (applicant: Applicant, paired: PairedDevice | undefined, isHost: () => Promise<boolean>): Promise<Proven | Refusal> => {
    const { peer, protocol, role, device } = applicant;
    const auth = applicant.params.auth ?? {};
    const key = addressKey(peer.address);
    // A paired key keeps its way in while strangers at the same address are locked out.
    const ownTokens = [auth.deviceToken, auth.token].filter((text): text is string => text !== undefined && text !== "");
    if (device && paired) {
      for (const token of ownTokens) {
        const verdict = await devices.verifyToken(device.deviceId, role, token);
        if (verdict.ok) return { method: "device-token", worth: verdict.scopes };
      }
    }
    if (device && (await isHost())) return { method: "host-key", worth: effectiveScopes(["operator.admin"]) };
    const lockedMs = failures.lockedMs(key, "shared", peer.local);
    if (lockedMs > 0) return refusals.rateLimited(lockedMs);
    const check = shared.check({ token: auth.token, password: auth.password }, protocol === 4);
    if (check.ok) return { method: check.method, worth: shared.scopes(peer.local) };
    const byTransport = await deps.transport.identify(peer, applicant.headers);
    if (byTransport.ok) return { method: byTransport.method, worth: shared.scopes(false) };
    const reason = reasonOf(check.reason, applicant, byTransport.reason);
    const kind: CredentialKind = reason === "device_token_mismatch" ? "device-token" : "shared";
    const gaveSomething = ownTokens.length > 0 || (auth.password ?? "") !== "" || (auth.bootstrapToken ?? "") !== "";
    const delayMs = gaveSomething ? failures.failed(key, kind, peer.local) : 0;
    const hasToken = paired?.tokens.some((token) => token.role === role && token.revokedAtMs === undefined) ?? false;
    return refusals.unauthorised(reason, { clientId: applicant.clientId, canRetryWithDeviceToken: reason === "token_mismatch" && hasToken, delayMs });
  };

  /** Comes in as a device: with what was approved, with what the secret is worth, or not before a person decided. */
  const admitDevice = async (applicant: Applicant, device: NonNullable<Applicant["device"]>, paired: PairedDevice | undefined, proven: Proven): Promise<Admission> => {
    const { role } = applicant;
    const hasRole = paired?.roles.includes(role) ?? false;
    const approved = hasRole ? (paired?.scopes ?? []) : [];
    const asked = role === "node" ? [] : askedScopes(applicant);
    const withToken = async (known: PairedDevice): Promise<Admission> => {
      const token = await devices.token(device.deviceId, role, asked);
      devices.seen(device.deviceId, role);
      return { ok: true, scopes: asked, method: proven.method, deviceToken: { token: token.token, issuedAtMs: token.issuedAtMs }, approvedVia: known.approvedVia };
    };
    if (paired && hasRole && asked.every((scope) => holds(approved, scope))) return withToken(paired);
    const wish = wishOf(applicant, device, asked);
    const via = silently(applicant, proven, asked, hasRole, paired);
    if (via !== undefined) {
      const isFull = via === "shared-secret" && !paired && (await devices.list()).paired.length >= maxUnapprovedDevices;
      if (isFull) return { ok: true, scopes: asked, method: proven.method };
      return withToken(await devices.admit({ ...wish, ...(via === "loopback" ? { silent: true } : {}) }, via));
    }
    const { request } = await devices.request({ ...wish, ...(paired ? { isRepair: true } : {}) });
    const reason: PairingReason = !paired ? "not-paired" : !hasRole ? "role-upgrade" : "scope-upgrade";
    return { ok: false, refusal: refusals.pairingRequired(applicant.protocol, request, reason, { roles: paired?.roles ?? [], scopes: approved }) };
  };

  /** On whose word a device comes in without a person's decision; undefined when nobody's is enough. */
  const silently = (applicant: Applicant, proven: Proven, asked: readonly Scope[], hasRole: boolean, paired: PairedDevice | undefined): ApprovedVia | undefined => {
    if (proven.method === "host-key") return "host";
    if (proven.method === "device-token") return undefined;
    const isHome = applicant.peer.local && shared.isCompatible();
    const isKnown = paired !== undefined;
    // Somebody took scopes away from this device: the shared secret does not bring them back unseen.
    if (paired?.isNarrowed === true && applicant.role === "operator" && !isHome) return undefined;
    if (applicant.role === "node") return isHome && (!isKnown || applicant.protocol === 3) ? "loopback" : undefined;
    if (!asked.every((scope) => holds(proven.worth, scope))) return undefined;
    // Protocol 4 does not raise a role in silence (protocol.md 9.3); a device that was only a node asks.
    if (isKnown && !hasRole && applicant.protocol === 4 && isHome && asked.some((scope) => !plainScopes.has(scope))) return undefined;
    return isHome ? "loopback" : "shared-secret";
  };

  return {
    knowsByTransport: (peer, headers) => deps.transport.mayIdentify(peer, headers),
    isPaired: async (deviceId) => (await devices.get(deviceId)) !== undefined,
    async decide(applicant) {
      const { device } = applicant;
      const known = async () => {
        const found = device && (await devices.get(device.deviceId));
        return found?.publicKey === device?.publicKey ? found : undefined;
      };
      const paired = await known();
      let host: Promise<boolean> | undefined;
      const isHost = () => (host ??= device ? deps.isHostKey(device.deviceId, device.publicKey) : Promise.resolve(false));
      const proven = await authenticate(applicant, paired, isHost);
      if ("error" in proven) return { ok: false, refusal: proven };
      // As it stands now: somebody may have taken something away while the credentials were looked at.
      if (device) return admitDevice(applicant, device, await known(), proven);
      if (applicant.role === "node") {
        return applicant.peer.local && shared.isCompatible() ? { ok: true, scopes: [], method: proven.method } : { ok: false, refusal: refusals.deviceRequired() };
      }
      return { ok: true, scopes: intersection(askedScopes(applicant), proven.worth), method: proven.method };
    },
  };
}

const plainScopes: ReadonlySet<string> = new Set(["operator.read", "operator.write", "operator.talk", "operator.questions"]);

/** Protocol 3 without scopes means admin, protocol 4 without scopes means none (protocol.md 11, trap 4). */
function askedScopes(applicant: Applicant): Scope[] {
  if (applicant.scopes.length === 0) return applicant.protocol === 3 ? ["operator.admin"] : [];
  return [...new Set(applicant.scopes.filter(isScope))];
}

/** As asked when all is held, else what both sides amount to, in the words they were given in. */
function intersection(asked: readonly Scope[], worth: readonly Scope[]): Scope[] {
  const kept = asked.filter((scope) => holds(worth, scope));
  if (kept.length === asked.length) return kept;
  return [...new Set([...kept, ...worth.filter((scope) => holds(asked, scope))])];
}

function wishOf(applicant: Applicant, device: NonNullable<Applicant["device"]>, scopes: Scope[]): PairingWish {
  const { client } = applicant.params;
  return {
    deviceId: device.deviceId,
    publicKey: device.publicKey,
    ...(client.displayName === undefined ? {} : { displayName: client.displayName }),
    platform: client.platform,
    ...(client.deviceFamily === undefined ? {} : { deviceFamily: client.deviceFamily }),
    clientId: applicant.clientId,
    clientMode: client.mode,
    role: applicant.role,
    scopes,
    ...(applicant.peer.local ? {} : { remoteIp: applicant.peer.address }),
  };
}

/** The most telling of the reasons why nothing fitted. */
function reasonOf(sharedReason: AuthReason, applicant: Applicant, transportReason: AuthReason | undefined): AuthReason {
  const auth = applicant.params.auth ?? {};
  const gaveShared = (auth.token ?? "") !== "" || (auth.password ?? "") !== "";
  const gaveOwn = (auth.deviceToken ?? "") !== "";
  if (gaveOwn && (!gaveShared || auth.token === auth.deviceToken)) return "device_token_mismatch";
  if ((auth.bootstrapToken ?? "") !== "" && !gaveShared) return "bootstrap_token_invalid";
  if (!gaveShared && transportReason !== undefined) return transportReason;
  return sharedReason;
}
