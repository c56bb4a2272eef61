// One-time sign-in links: the code comes in the fragment, leaves the address at once, and is traded for this browser's enrolment.
import { type ClientIdentity, type DeviceProof, signProof } from "../../../src/client/device-proof.ts";
import { clientInfo } from "./browser.ts";

export interface SignInFailure {
  code: string;
  reason: string;
  nextStep: string;
}

export type Redeemed = { ok: true; deviceToken?: string } | { ok: false; failure: SignInFailure };

const freshLink = "Make a fresh link on the gateway's machine: openclaw dashboard.";

/** The code of a sign-in link, removed from the address and the history before anything else sees it. */
export function takeLinkCode(page: Window): string | undefined {
  const code = new URLSearchParams(page.location.hash.replace(/^#\/?/, "")).get("link") ?? undefined;
  if (code !== undefined) {
    page.history.replaceState(null, "", page.location.pathname + page.location.search);
    page.dispatchEvent(new HashChangeEvent("hashchange")); // whoever read the address before reads it again
  }
  return code === "" ? undefined : code;
}

export async function redeemLink(page: Window, code: string, identity: ClientIdentity | undefined): Promise<Redeemed> {
  if (identity === undefined) return failed("NO_DEVICE_KEY", "This browser keeps device keys only on a secure page.", "Open the link on the gateway's own machine as http://localhost, or over HTTPS.");
  const client = clientInfo(page);
  const device = await linkProof(identity, client, code);
  try {
    const answer = await page.fetch("api/signin/redeem", { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ code, device, client }), cache: "no-store" });
    const body = (await answer.json().catch(() => undefined)) as { deviceToken?: unknown; error?: { code?: unknown; message?: unknown } } | undefined;
    if (answer.ok) return { ok: true, ...(typeof body?.deviceToken === "string" && { deviceToken: body.deviceToken }) };
    return refused(answer.status, body?.error);
  } catch {
    return failed("UNREACHABLE", "The gateway could not be reached.", "Check that it runs, then open a fresh link: openclaw dashboard.");
  }
}

/** The proof of a redemption signs over the code itself, in the places of token and challenge. */
function linkProof(identity: ClientIdentity, client: { id: string; mode: string; platform: string }, code: string): Promise<DeviceProof> {
  return signProof(identity, { clientId: client.id, clientMode: client.mode, role: "operator", scopes: [], signedAtMs: Date.now(), token: code, nonce: code, platform: client.platform });
}

function refused(status: number, error: { code?: unknown; message?: unknown } | undefined): Redeemed {
  const code = typeof error?.code === "string" ? error.code : `HTTP_${status}`;
  if (status === 429) return failed(code, "There were too many attempts from here.", "Wait a minute, then open the link again.");
  if (status === 401 || status === 403 || status === 404 || status === 410) return failed(code, "This link was used already, is older than ten minutes, or is not the gateway's.", freshLink);
  return failed(code, typeof error?.message === "string" ? error.message : "The gateway did not accept the link.", freshLink);
}

function failed(code: string, reason: string, nextStep: string): Redeemed {
  return { ok: false, failure: { code, reason, nextStep } };
}
