// The first request of a socket: who is it, may it come in, and as what. Reading it and proving the device; granting is in admission.ts.
import { createHash } from "node:crypto";
import type { Clock } from "../base/clock.ts";
import { checkProof, type ProofContext } from "../devices/identity.ts";
import { connectParams, type ConnectParams } from "../protocol/connect.ts";
import { negotiate } from "../protocol/frames.ts";
import { canonicalClientId } from "../protocol/names.ts";
import type { Caller, ClientInfo, ProtocolVersion, Role } from "../protocol/scopes.ts";
import type { Admission, Admit } from "./admission.ts";
import type { Applicant, ProvenDevice } from "./applicant.ts";
import { addressKey, type Peer } from "./door.ts";
import type { AuthFailures } from "./auth-failures.ts";
import { readFrame } from "./dispatch.ts";
import * as refusals from "./refusals.ts";
import type { Refusal } from "./refusals.ts";
import { problem } from "./validators.ts";

export type HandshakeResult =
  | { kind: "welcome"; requestId: string; caller: Caller; params: ConnectParams; granted: Extract<Admission, { ok: true }> }
  | { kind: "refused"; requestId: string; refusal: Refusal }
  /** No answer, only a close. */
  | { kind: "closed"; code: number; reason: string };

export interface HandshakeDeps {
  clock: Clock;
  failures: AuthFailures;
  admit: Admit;
  /** gateway.auth.allowLegacySignatures */
  allowsLegacy(): boolean;
}

export interface Handshake {
  run(socket: { connId: string; nonce: string; peer: Peer; headers: Applicant["headers"] }, text: string): Promise<HandshakeResult>;
}

const controlUiId = "openclaw-control-ui";
const maxLegacySignatures = 10_000;

export function createHandshake(deps: HandshakeDeps): Handshake {
  const usedSignatures = createUsedSignatures(deps.clock);

  const prove = (params: ConnectParams, role: Role, protocol: ProtocolVersion, socket: { nonce: string; peer: Peer }): { device?: ProvenDevice; refusal?: Refusal } => {
    const { device } = params;
    if (!device) return {};
    const auth = params.auth ?? {};
    const context: ProofContext = {
      clientId: params.client.id,
      clientMode: params.client.mode,
      role,
      scopes: params.scopes ?? [],
      token: (protocol === 3 ? auth.token : firstOf(auth.token, auth.deviceToken, auth.bootstrapToken)) ?? "",
      platform: params.client.platform,
      deviceFamily: params.client.deviceFamily ?? "",
    };
    const { nonce, ...proof } = device;
    const rules = { protocol, nowMs: deps.clock.now(), nonce: socket.nonce, allowNonceless: socket.peer.local && deps.allowsLegacy() };
    const result = checkProof({ ...proof, ...(nonce === undefined ? {} : { nonce }) }, context, rules);
    if (!result.ok) {
      const counts = result.failure === "signature-invalid" || result.failure === "public-key-invalid";
      const delayMs = counts ? deps.failures.failed(addressKey(socket.peer.address), "signature", socket.peer.local) : 0;
      return { refusal: refusals.badProof(result.failure, delayMs) };
    }
    // Without a nonce nothing else tells a replay apart.
    if (result.legacy && !usedSignatures.use(device.signature)) return { refusal: refusals.badProof("signature-expired", 0) };
    return { device: { deviceId: result.deviceId, publicKey: result.publicKey } };
  };

  const judge = async (params: ConnectParams, socket: Parameters<Handshake["run"]>[0]): Promise<{ caller: Caller; granted: Extract<Admission, { ok: true }> } | { refusal: Refusal; protocol: ProtocolVersion | undefined }> => {
    const protocol = negotiate(params);
    if (protocol === undefined) return { refusal: refusals.protocolMismatch(params), protocol };
    const role = params.role ?? "operator";
    if (role !== "operator" && role !== "node") return { refusal: refusals.badRole(), protocol };
    const clientId = canonicalClientId(params.client.id) ?? params.client.id;
    if (!params.device) {
      const shownSecret = protocol === 3 ? hasText(params.auth?.token) : hasText(params.auth?.token) || hasText(params.auth?.password);
      if (clientId === controlUiId) return { refusal: refusals.insecureControlUi(), protocol };
      if (!shownSecret && !deps.admit.knowsByTransport(socket.peer, socket.headers)) return { refusal: refusals.deviceRequired(), protocol };
    }
    const lockedMs = params.device ? deps.failures.lockedMs(addressKey(socket.peer.address), "signature", socket.peer.local) : 0;
    // A paired key keeps its way in while strangers at its address are locked out: its proof is looked at all the same.
    const isKnown = lockedMs > 0 && params.device !== undefined && (await deps.admit.isPaired(params.device.id));
    if (lockedMs > 0 && !isKnown) return { refusal: refusals.rateLimited(lockedMs), protocol };
    const proof = prove(params, role, protocol, socket);
    if (proof.refusal) return { refusal: proof.refusal, protocol };
    const granted = await deps.admit.decide({ connId: socket.connId, peer: socket.peer, protocol, role, scopes: params.scopes ?? [], params, clientId, device: proof.device, headers: socket.headers });
    if (!granted.ok) return { refusal: granted.refusal, protocol };
    return { caller: callerOf(params, socket, { protocol, role, clientId, device: proof.device, granted }), granted };
  };

  return {
    async run(socket, text) {
      const read = readFrame(text);
      if (read === undefined) return { kind: "closed", code: 1000, reason: "" };
      if (!read.ok) return { kind: "closed", code: 1008, reason: "invalid request frame" };
      const { frame } = read;
      const refused = (refusal: Refusal, protocol?: ProtocolVersion): HandshakeResult => ({ kind: "refused", requestId: frame.id, refusal: refusals.forProtocol(refusal, protocol) });
      if (frame.method !== "connect") return refused(refusals.notConnect());
      const wrong = problem(connectParams, frame.params ?? {});
      if (wrong !== undefined) return refused(refusals.badParams(wrong));
      const params = frame.params as ConnectParams; // checked against the schema
      const verdict = await judge(params, socket);
      if ("refusal" in verdict) return refused(verdict.refusal, verdict.protocol);
      return { kind: "welcome", requestId: frame.id, caller: verdict.caller, params, granted: verdict.granted };
    },
  };
}

function callerOf(params: ConnectParams, socket: { connId: string; peer: Peer }, about: { protocol: ProtocolVersion; role: Role; clientId: string; device: ProvenDevice | undefined; granted: Extract<Admission, { ok: true }> }): Caller {
  const { displayName, version, platform, deviceFamily, modelIdentifier, mode, instanceId } = params.client;
  const client: ClientInfo = {
    id: about.clientId,
    mode,
    version,
    platform,
    ...(displayName === undefined ? {} : { displayName }),
    ...(deviceFamily === undefined ? {} : { deviceFamily }),
    ...(modelIdentifier === undefined ? {} : { modelIdentifier }),
    ...(instanceId === undefined ? {} : { instanceId }),
  };
  return {
    connId: socket.connId,
    door: "ws",
    role: about.role,
    scopes: about.granted.scopes,
    person: "owner",
    protocol: about.protocol,
    client,
    caps: params.caps ?? [],
    ...(about.device === undefined ? {} : { deviceId: about.device.deviceId }),
    local: socket.peer.local,
  };
}

/** Signatures without a nonce count once within the time in which they would be accepted. */
function createUsedSignatures(clock: Clock) {
  const used = new Map<string, number>();
  const keepMs = 1_200_000;
  return {
    use(signature: string): boolean {
      const now = clock.monotonic();
      for (const [hash, until] of used) {
        if (until > now) break; // in order of time
        used.delete(hash);
      }
      // Of the bytes: the same ones can be written in sixteen ways and two alphabets.
      const hash = createHash("sha256").update(Buffer.from(signature, "base64")).digest("base64");
      if (used.has(hash) || used.size >= maxLegacySignatures) return false;
      used.set(hash, now + keepMs);
      return true;
    },
  };
}

function firstOf(...texts: (string | undefined)[]): string | undefined {
  return texts.find((text) => text !== undefined && text !== "");
}

function hasText(text: string | undefined): boolean {
  return text !== undefined && text !== "";
}
