// POST /api/signin/redeem: turns the code of a one-time link and the proof of a device key into a paired device with its token.
import { Type, type Static } from "typebox";
import { fault, type Fault } from "../../base/faults.ts";
import { checkProof } from "../../devices/identity.ts";
import { connectParams } from "../../protocol/connect.ts";
import { canonicalClientId } from "../../protocol/names.ts";
import type { AuthFailures } from "../auth-failures.ts";
import { addressKey } from "../door.ts";
import { problem } from "../validators.ts";
import { readJson } from "./body.ts";
import type { HttpCall, HttpRoute } from "./route.ts";

const body = Type.Object(
  {
    code: Type.String({ minLength: 16, maxLength: 256 }),
    device: Type.Object({
      id: Type.String({ minLength: 1, maxLength: 128 }),
      publicKey: Type.String({ minLength: 1, maxLength: 1_024 }),
      signature: Type.String({ minLength: 1, maxLength: 256 }),
      signedAt: Type.Integer({ minimum: 0 }),
      nonce: Type.String({ minLength: 1, maxLength: 256 }),
    }),
    client: connectParams.properties.client,
  },
  { additionalProperties: false },
);

const maxBodyBytes = 8_192;

/** Below any base path: the page asks relative to itself. */
export function signInRoutes(deps: { failures: AuthFailures }): HttpRoute[] {
  const handle = (call: HttpCall) => redeem(deps.failures, call);
  return ["/api/signin/redeem", "/:base{.+}/api/signin/redeem"].map((path) => ({ methods: ["POST"], path, access: "open", handle, refuse: (refusal) => answer(refusal.status, { error: { code: refusal.type, message: refusal.message } }) }));
}

async function redeem(failures: AuthFailures, { app, request, peer, signal }: HttpCall): Promise<Response> {
  const key = addressKey(peer.address);
  const lockedMs = failures.lockedMs(key, "link", peer.local);
  if (lockedMs > 0) return refusal(fault("auth.rate-limited"), "AUTH_RATE_LIMITED");
  const given = await readJson(request, maxBodyBytes, app.clock, signal);
  const wrong = problem(body, given);
  if (wrong !== undefined) throw fault("request.invalid", { reason: `invalid sign-in: ${wrong}` });
  const { code, device, client } = given as Static<typeof body>; // checked against the schema
  const failed = async (why: Fault, name: string) => {
    const delayMs = failures.failed(key, "link", peer.local);
    if (delayMs > 0) await app.clock.sleep(delayMs, signal);
    return refusal(why, name);
  };
  // The code stands in the places of token and challenge: the proof is worth nothing for another code.
  const context = { clientId: client.id, clientMode: client.mode, role: "operator", scopes: [], token: code, platform: client.platform, deviceFamily: client.deviceFamily ?? "" };
  const proof = checkProof(device, context, { protocol: 3, nowMs: app.clock.now(), nonce: code, allowNonceless: false });
  if (!proof.ok) return failed(fault("auth.missing", { reason: "the device did not prove its key" }), "DEVICE_AUTH_SIGNATURE_INVALID");
  const scopes = await app.devices.redeemLink(code);
  if (!scopes) return failed(fault("auth.missing", { reason: "this sign-in link was used or has expired" }), "LINK_INVALID");
  const { deviceId, publicKey } = proof;
  const wish = { deviceId, publicKey, ...(client.displayName === undefined ? {} : { displayName: client.displayName }), platform: client.platform, clientId: canonicalClientId(client.id) ?? client.id, clientMode: client.mode, role: "operator" as const, scopes: [...scopes] };
  await app.devices.admit(wish, "sign-in-link");
  const token = await app.devices.token(deviceId, "operator", scopes);
  app.audit.record({ at: app.clock.now(), actor: deviceId, scopes, method: "sign-in", outcome: "ok" });
  return answer(200, { deviceId, deviceToken: token.token, role: "operator", scopes: token.scopes, issuedAtMs: token.issuedAtMs });
}

function refusal(why: Fault, code: string): Response {
  return answer(why.httpStatus, { error: { code, message: why.message } });
}

function answer(status: number, value: unknown): Response {
  return new Response(JSON.stringify(value), { status, headers: { "content-type": "application/json; charset=utf-8", "cache-control": "no-store" } });
}
