// Every way in which `connect` is refused: code, words, details and close code, exactly as clients know them (protocol.md 2.7).
import { closeCodes, codeForProtocol3, type ErrorShape, type WireCode } from "../protocol/errors.ts";
import { maxProtocol, minProtocol } from "../protocol/frames.ts";
import { isBrowserClient } from "../protocol/names.ts";
import type { ProtocolVersion } from "../protocol/scopes.ts";
import type { ProofFailure } from "../devices/identity.ts";
import type { PairingRequest } from "../devices/devices.ts";

export interface Refusal {
  error: ErrorShape;
  closeCode: number;
  closeReason: string;
  /** Held back this long before it is told. */
  delayMs: number;
}

function refuse(code: WireCode, message: string, details?: Record<string, unknown>, more: { closeCode?: number; closeReason?: string; delayMs?: number; retryAfterMs?: number; retryable?: boolean } = {}): Refusal {
  return {
    error: {
      code,
      message,
      ...(details === undefined ? {} : { details }),
      ...(more.retryable === undefined ? {} : { retryable: more.retryable }),
      ...(more.retryAfterMs === undefined ? {} : { retryAfterMs: more.retryAfterMs }),
    },
    closeCode: more.closeCode ?? closeCodes.refused,
    closeReason: more.closeReason ?? message,
    delayMs: more.delayMs ?? 0,
  };
}

export const notConnect = () => refuse("INVALID_REQUEST", "invalid handshake: first request must be connect");

export const badParams = (text: string) => refuse("INVALID_REQUEST", `invalid connect params: ${text}`);

export const badRole = () => refuse("INVALID_REQUEST", "invalid role");

export function protocolMismatch(range: { minProtocol: number; maxProtocol: number }): Refusal {
  const expectedProtocol = range.maxProtocol < minProtocol ? minProtocol : maxProtocol;
  const details = { code: "PROTOCOL_MISMATCH", clientMinProtocol: range.minProtocol, clientMaxProtocol: range.maxProtocol, expectedProtocol, minimumProbeProtocol: minProtocol };
  return refuse("INVALID_REQUEST", "protocol mismatch", details, { closeCode: closeCodes.protocolMismatch });
}

export const insecureControlUi = () => refuse("INVALID_REQUEST", "control ui requires HTTPS or localhost (secure context)", { code: "CONTROL_UI_DEVICE_IDENTITY_REQUIRED" });

export const deviceRequired = () => refuse("NOT_PAIRED", "device identity required", { code: "DEVICE_IDENTITY_REQUIRED" });

const proofTexts: Record<ProofFailure, readonly [message: string, code: string, reason: string]> = {
  "id-mismatch": ["device identity mismatch", "DEVICE_AUTH_DEVICE_ID_MISMATCH", "device-id-mismatch"],
  "signature-expired": ["device signature expired", "DEVICE_AUTH_SIGNATURE_EXPIRED", "device-signature-stale"],
  "nonce-required": ["device nonce required", "DEVICE_AUTH_NONCE_REQUIRED", "device-nonce-missing"],
  "nonce-mismatch": ["device nonce mismatch", "DEVICE_AUTH_NONCE_MISMATCH", "device-nonce-mismatch"],
  "signature-invalid": ["device signature invalid", "DEVICE_AUTH_SIGNATURE_INVALID", "device-signature"],
  "public-key-invalid": ["device public key invalid", "DEVICE_AUTH_PUBLIC_KEY_INVALID", "device-public-key"],
};

export function badProof(failure: ProofFailure, delayMs: number): Refusal {
  const [message, code, reason] = proofTexts[failure];
  return refuse("INVALID_REQUEST", message, { code, reason }, { delayMs });
}

export type AuthReason =
  | "token_missing" | "token_mismatch" | "token_missing_config" | "password_missing" | "password_mismatch" | "password_missing_config"
  | "device_token_mismatch" | "bootstrap_token_invalid" | "tailscale_user_missing" | "tailscale_proxy_missing" | "tailscale_whois_failed" | "tailscale_user_mismatch"
  | "identity_header_required" | "verified_user_required";

const authTexts: Record<AuthReason, readonly [message: string, code: string, nextStep: string]> = {
  token_missing: ["gateway token missing", "AUTH_TOKEN_MISSING", "update_auth_configuration"],
  token_mismatch: ["gateway token mismatch", "AUTH_TOKEN_MISMATCH", "update_auth_credentials"],
  token_missing_config: ["gateway token not configured on gateway", "AUTH_TOKEN_NOT_CONFIGURED", "review_auth_configuration"],
  password_missing: ["gateway password missing", "AUTH_PASSWORD_MISSING", "update_auth_configuration"],
  password_mismatch: ["gateway password mismatch", "AUTH_PASSWORD_MISMATCH", "update_auth_credentials"],
  password_missing_config: ["gateway password not configured on gateway", "AUTH_PASSWORD_NOT_CONFIGURED", "review_auth_configuration"],
  device_token_mismatch: ["device token mismatch", "AUTH_DEVICE_TOKEN_MISMATCH", "update_auth_credentials"],
  bootstrap_token_invalid: ["bootstrap token invalid", "AUTH_BOOTSTRAP_TOKEN_INVALID", "update_auth_credentials"],
  tailscale_user_missing: ["tailscale identity missing", "AUTH_TAILSCALE_IDENTITY_MISSING", "review_auth_configuration"],
  tailscale_proxy_missing: ["tailscale proxy headers missing", "AUTH_TAILSCALE_PROXY_MISSING", "review_auth_configuration"],
  tailscale_whois_failed: ["tailscale identity check failed", "AUTH_TAILSCALE_WHOIS_FAILED", "review_auth_configuration"],
  tailscale_user_mismatch: ["tailscale identity mismatch", "AUTH_TAILSCALE_IDENTITY_MISMATCH", "review_auth_configuration"],
  identity_header_required: ["the proxy's identity header is missing", "AUTH_IDENTITY_HEADER_REQUIRED", "review_auth_configuration"],
  verified_user_required: ["this user may not use the gateway", "AUTH_VERIFIED_USER_REQUIRED", "review_auth_configuration"],
};

export function unauthorised(reason: AuthReason, about: { clientId: string; canRetryWithDeviceToken: boolean; delayMs: number }): Refusal {
  const [words, code, usual] = authTexts[reason];
  const details = { code, authReason: reason, canRetryWithDeviceToken: about.canRetryWithDeviceToken, recommendedNextStep: about.canRetryWithDeviceToken ? "retry_with_device_token" : usual };
  return refuse("INVALID_REQUEST", `unauthorized: ${words} (${hint(about.clientId)})`, details, { delayMs: about.delayMs });
}

export function rateLimited(retryAfterMs: number): Refusal {
  const details = { code: "AUTH_RATE_LIMITED", authReason: "rate_limited", recommendedNextStep: "wait_then_retry" };
  return refuse("UNAVAILABLE", "unauthorized: too many failed sign-ins (wait and try again)", details, { retryAfterMs, retryable: true });
}

export type PairingReason = "not-paired" | "role-upgrade" | "scope-upgrade";

const pairingTexts: Record<PairingReason, string> = {
  "not-paired": "device is not approved yet",
  "role-upgrade": "device is asking for a higher role than currently approved",
  "scope-upgrade": "device is asking for more scopes than currently approved",
};

export function pairingRequired(protocol: ProtocolVersion, request: PairingRequest, reason: PairingReason, approved: { roles: readonly string[]; scopes: readonly string[] }): Refusal {
  const message = protocol === 3 ? "pairing required" : `pairing required: ${pairingTexts[reason]}`;
  const details = {
    code: "PAIRING_REQUIRED",
    reason,
    requestId: request.requestId,
    remediationHint: `Compare the words, then approve it on the gateway's machine: openclaw devices approve ${request.requestId}`,
    pairingCode: request.code,
    deviceId: request.deviceId,
    requestedRole: request.role,
    requestedScopes: request.scopes,
    approvedRoles: approved.roles,
    approvedScopes: approved.scopes,
  };
  return refuse("NOT_PAIRED", message, details, { closeReason: protocol === 3 ? message : `${message} (requestId: ${request.requestId})` });
}

/** An unforeseen failure; the log says more. */
export const failedInside = (logId: string) => refuse("UNAVAILABLE", `internal error (log id ${logId})`, { reason: "internal" }, { retryable: true, retryAfterMs: 2_000 });

export function forProtocol(refusal: Refusal, protocol: ProtocolVersion | undefined): Refusal {
  return protocol === 3 ? { ...refusal, error: { ...refusal.error, code: codeForProtocol3(refusal.error.code) } } : refusal;
}

/** What to do, by kind of client; clients test only for words such as "unauthorized". */
function hint(clientId: string): string {
  if (isBrowserClient(clientId)) return "open a fresh sign-in link, or enter the token in the UI's settings";
  return clientId === "cli" ? "set OPENCLAW_GATEWAY_TOKEN or gateway.auth.token" : "give auth.token, auth.password or a device token";
}
