// Why a connection was refused or closed, in words for a person, and what the client does next. Pure.
import type { ErrorShape } from "../protocol/errors.ts";
import { detailFlag, detailText } from "./call-error.ts";

/** What the client does about a refusal by itself. */
export type Reaction =
  /** Nothing helps but a person. */
  | "stop"
  /** Try again with growing pauses. */
  | "retry"
  /** Ask again at a steady pace until a person has approved. */
  | "await-approval"
  /** Forget the stored device token and try once with what else there is. */
  | "drop-device-token"
  /** Try once with the stored device token instead of the shared secret. */
  | "use-device-token";

export interface Refusal {
  /** The gateway's `details.code`, else its wire code, else `CLOSE_<number>`. */
  code: string;
  /** What happened, one sentence. */
  reason: string;
  /** What to do about it, one sentence. */
  nextStep: string;
  reaction: Reaction;
  retryAfterMs?: number;
}

type Row = readonly [reason: string, nextStep: string, reaction?: Reaction];

const signInAgain = "Enter the gateway's token or password, or open a fresh sign-in link (openclaw dashboard).";
const fixClock = "Set this device's clock to automatic and try again.";
const newKey = "Forget this device's key here and pair it again.";

const byDetail: Record<string, Row> = {
  PROTOCOL_MISMATCH: ["This client and the gateway speak no common protocol version.", "Update whichever is older; for the Control UI, reload the page."],
  CLIENT_VERSION_MISMATCH: ["The gateway does not accept this client's version.", "Update the client; for the Control UI, reload the page."],
  CONTROL_UI_BUILD_MISMATCH: ["This page was built for another version of the gateway.", "Reload the page."],
  CONTROL_UI_DEVICE_IDENTITY_REQUIRED: ["The Control UI must prove which device it is, and browsers allow that only on a secure page.", "Open the gateway over HTTPS, or as http://localhost on its own machine."],
  CONTROL_UI_ORIGIN_NOT_ALLOWED: ["The gateway does not accept pages from this address.", "Open the Control UI at the gateway's own address, or add this one to gateway.controlUi.allowedOrigins."],
  DEVICE_IDENTITY_REQUIRED: ["The gateway wants to know which device this is.", "Connect with a device key, or give the shared token."],
  DEVICE_AUTH_DEVICE_ID_MISMATCH: ["The device's id does not belong to its key.", newKey],
  DEVICE_AUTH_SIGNATURE_EXPIRED: ["The device's clock and the gateway's are too far apart.", fixClock],
  DEVICE_AUTH_NONCE_REQUIRED: ["The proof lacked the gateway's challenge.", "Update the client."],
  DEVICE_AUTH_NONCE_MISMATCH: ["The proof answered another challenge.", "Try again.", "retry"],
  DEVICE_AUTH_SIGNATURE_INVALID: ["The device's proof does not fit its key.", newKey],
  DEVICE_AUTH_PUBLIC_KEY_INVALID: ["The gateway cannot read this device's key.", newKey],
  AUTH_TOKEN_MISSING: ["This device is not signed in yet.", signInAgain],
  AUTH_TOKEN_MISMATCH: ["The token is not the gateway's.", "Check gateway.auth.token on the gateway's machine, then enter it again."],
  AUTH_TOKEN_NOT_CONFIGURED: ["The gateway has no token to compare with.", "Set gateway.auth.token on the gateway's machine."],
  AUTH_PASSWORD_MISSING: ["This gateway asks for a password.", signInAgain],
  AUTH_PASSWORD_MISMATCH: ["The password is not the gateway's.", "Check gateway.auth.password on the gateway's machine, then enter it again."],
  AUTH_PASSWORD_NOT_CONFIGURED: ["The gateway has no password to compare with.", "Set gateway.auth.password on the gateway's machine."],
  AUTH_DEVICE_TOKEN_MISMATCH: ["This device's own token is no longer valid.", signInAgain, "drop-device-token"],
  AUTH_BOOTSTRAP_TOKEN_INVALID: ["The set-up code is used up or too old.", "Make a new one on the gateway's machine."],
  AUTH_SCOPE_MISMATCH: ["This device's token does not cover what the client asks for.", "Ask for less, or have the device approved again."],
  AUTH_RATE_LIMITED: ["There were too many failed sign-ins from here.", "Wait a moment; the gateway will answer again.", "retry"],
  AUTH_IDENTITY_HEADER_REQUIRED: ["The proxy in front of the gateway did not say who you are.", "Sign in at the proxy, then reload."],
  AUTH_VERIFIED_USER_REQUIRED: ["The proxy's user may not use this gateway.", "Ask the gateway's owner to add you to gateway.auth.trustedProxy.allowUsers."],
  AUTH_UNAUTHORIZED: ["The gateway did not accept the sign-in.", signInAgain],
  PAIRING_REQUIRED: ["This device waits for approval.", "Compare the words on both sides, then approve it: openclaw devices approve, or Devices in an approved Control UI.", "await-approval"],
};

const byClose: Record<number, Row> = {
  1000: ["The gateway closed the connection.", "It is tried again by itself; if that goes on, look into the gateway's log.", "retry"],
  1001: ["The gateway went away.", "It is tried again by itself.", "retry"],
  1002: ["This client and the gateway speak no common protocol version.", "Update whichever is older; for the Control UI, reload the page."],
  1006: ["The gateway cannot be reached.", "Check that it runs (openclaw gateway status) and that this address is right.", "retry"],
  1008: ["The gateway refused the connection.", "It is tried again by itself; if that goes on, sign in again.", "retry"],
  1009: ["A message was larger than the gateway accepts.", "Send it in smaller parts or with smaller attachments.", "retry"],
  1011: ["The gateway met an error of its own.", "It is tried again by itself; the gateway's log says more.", "retry"],
  1012: ["The gateway is restarting.", "Nothing to do: it is tried again by itself.", "retry"],
  1013: ["The gateway is still starting.", "Nothing to do: it is tried again by itself.", "retry"],
  4000: ["Nothing was heard from the gateway for too long.", "It is tried again by itself; check the network if that goes on.", "retry"],
  4008: ["The connection could not be set up.", "It is tried again by itself.", "retry"],
};

/** Words in the reason of a close that say more than its number. */
const byCloseReason: readonly (readonly [RegExp, Row])[] = [
  [/slow consumer/, ["This client could not keep up with what the gateway sent.", "It is tried again by itself; what was missed is read anew.", "retry"]],
  [/connect timeout/, ["The gateway took the connection but did not answer.", "It is tried again by itself; if that goes on, look into the gateway's log.", "retry"]],
  [/revoked|removed/, ["The gateway withdrew this device's access.", signInAgain, "retry"]],
  [/invalid request frame/, ["The gateway could not read the first message.", "Update the client.", "stop"]],
];

/** Codes for gateways that send words only. */
const byMessage: readonly (readonly [RegExp, string])[] = [
  [/pairing required/, "PAIRING_REQUIRED"],
  [/protocol mismatch/, "PROTOCOL_MISMATCH"],
  [/secure context/, "CONTROL_UI_DEVICE_IDENTITY_REQUIRED"],
  [/device identity required/, "DEVICE_IDENTITY_REQUIRED"],
  [/signature expired/, "DEVICE_AUTH_SIGNATURE_EXPIRED"],
  [/signature invalid/, "DEVICE_AUTH_SIGNATURE_INVALID"],
  [/token missing/, "AUTH_TOKEN_MISSING"],
  [/token mismatch/, "AUTH_TOKEN_MISMATCH"],
  [/password missing/, "AUTH_PASSWORD_MISSING"],
  [/password mismatch/, "AUTH_PASSWORD_MISMATCH"],
  [/unauthorized/, "AUTH_UNAUTHORIZED"],
];

/** What the client still has in hand when a sign-in fails. */
export interface Credentials {
  /** The attempt used the shared token or password. */
  usedShared: boolean;
  /** The attempt used the stored device token. */
  usedDeviceToken: boolean;
  /** A stored device token exists and was not tried yet. */
  hasOtherDeviceToken: boolean;
}

/** Reads a refused `connect`. */
export function refusalOf(error: ErrorShape, credentials: Credentials): Refusal {
  const code = detailText(error.details, "code") ?? byMessage.find(([words]) => words.test(error.message))?.[1] ?? error.code;
  const row = byDetail[code];
  const wait = error.retryAfterMs === undefined ? {} : { retryAfterMs: error.retryAfterMs };
  if (row === undefined) {
    const again = error.retryable === true || error.code === "UNAVAILABLE";
    return { code, reason: sentence(error.message), nextStep: again ? "It is tried again by itself." : "The gateway's log says more.", reaction: again ? "retry" : "stop", ...wait };
  }
  const [reason, usualStep, usual = "stop"] = row;
  const nextStep = detailText(error.details, "remediationHint") ?? usualStep;
  return { code, reason, nextStep, reaction: reactionTo(code, usual, error, credentials), ...wait };
}

function reactionTo(code: string, usual: Reaction, error: ErrorShape, credentials: Credentials): Reaction {
  const step = detailText(error.details, "recommendedNextStep");
  if (code === "PAIRING_REQUIRED") return usual;
  if (credentials.usedDeviceToken && code.startsWith("AUTH_") && code !== "AUTH_RATE_LIMITED") return "drop-device-token";
  if (usual === "drop-device-token") return "stop";
  const mayUseToken = step === "retry_with_device_token" || detailFlag(error.details, "canRetryWithDeviceToken") === true;
  if (credentials.hasOtherDeviceToken && credentials.usedShared && mayUseToken) return "use-device-token";
  return step === "wait_then_retry" ? "retry" : usual;
}

/** Reads the close of a socket. `welcomed` says whether it had been online: then a retry is always right. */
export function closeOf(close: { code: number; reason: string }, welcomed: boolean): Refusal {
  const [reason, nextStep, reaction = "stop"] = byCloseReason.find(([words]) => words.test(close.reason))?.[1] ??
    byClose[close.code] ?? ["The connection ended unexpectedly.", "It is tried again by itself.", "retry" as const];
  return { code: `CLOSE_${close.code}`, reason, nextStep, reaction: welcomed ? "retry" : reaction };
}

/** Every code this file has words for: the UI's test walks them. */
export const knownRefusalCodes: readonly string[] = Object.keys(byDetail);
export const knownCloseCodes: readonly number[] = Object.keys(byClose).map(Number);

function sentence(message: string): string {
  const text = message.trim();
  if (text === "") return "The gateway refused without saying why.";
  return `${text[0]?.toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? "" : "."}`;
}
