// The handshake over real sockets: every refusal with its words and close code, every form of signature, every kind of client.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connectParams, dial, helloOf, kitToken, makeDevice, startKit, Wire, type ConnectWish, type Kit } from "../../test/fixtures/gateway-kit.ts";

let kit: Kit;
beforeAll(async () => {
  kit = await startKit();
});
afterAll(() => kit.close());

async function refused(wish: ConnectWish): Promise<{ code: string; message: string; details: Record<string, unknown>; close: { code: number; reason: string } }> {
  const wire = new Wire(kit.url);
  const answer = await wire.connect(wish);
  expect(answer.ok).toBe(false);
  const close = await wire.closed;
  return { code: answer.error?.code ?? "", message: answer.error?.message ?? "", details: answer.error?.details ?? {}, close };
}

describe("negotiation", () => {
  it("[rpc.handshake.negotiate] answers the highest version both sides speak", async () => {
    for (const [range, expected] of [[[3, 3], 3], [[3, 4], 4], [[4, 4], 4], [[1, 3], 3], [[2, 9], 4]] as const) {
      const wire = await dial(kit, { protocol: range });
      expect(helloOf(wire).protocol).toBe(expected);
      wire.close();
    }
  });

  it("[rpc.handshake.mismatch] closes with 1002 when the ranges do not meet", async () => {
    for (const range of [[1, 2], [5, 9], [4, 3]] as const) {
      const { code, message, details, close } = await refused({ protocol: range });
      expect({ code, message, close }).toEqual({ code: "INVALID_REQUEST", message: "protocol mismatch", close: { code: 1002, reason: "protocol mismatch" } });
      expect(details.code).toBe("PROTOCOL_MISMATCH");
      expect(details.expectedProtocol).toBe(range[1] < 3 ? 3 : 4);
    }
  });
});

describe("the first frame", () => {
  it("[rpc.handshake.challenge] is a challenge with a nonce of its own for every socket", async () => {
    const wires = await Promise.all([1, 2, 3].map(async () => {
      const wire = new Wire(kit.url);
      await wire.event("connect.challenge");
      return wire;
    }));
    const nonces = wires.map((wire) => wire.events("connect.challenge")[0]?.nonce);
    expect(new Set(nonces).size).toBe(3);
    expect(wires[0]?.frames[0]?.seq).toBeUndefined();
    for (const wire of wires) wire.close();
  });

  const silentCloses: [name: string, text: string, close: { code: number; reason: string }][] = [
    ["is not JSON", "{not json", { code: 1000, reason: "" }],
    ["is JSON but no request", "[1,2,3]", { code: 1008, reason: "invalid request frame" }],
    ["is an event", '{"type":"event","event":"x"}', { code: 1008, reason: "invalid request frame" }],
    ["has no id", '{"type":"req","method":"connect"}', { code: 1008, reason: "invalid request frame" }],
    ["is deeper than 64 levels", `{"type":"req","id":"1","method":"connect","params":${"[".repeat(70)}${"]".repeat(70)}}`, { code: 1008, reason: "invalid request frame" }],
  ];
  it.each(silentCloses)("[rpc.handshake.first-frame] that %s closes the socket without an answer", async (_name, text, close) => {
    const wire = new Wire(kit.url);
    await wire.event("connect.challenge");
    wire.socket.send(text);
    expect(await wire.closed).toEqual(close);
    expect(wire.frames.filter((frame) => frame.type === "res")).toEqual([]);
  });

  it("[rpc.handshake.first-frame] that asks for something else is refused with words", async () => {
    const wire = new Wire(kit.url);
    await wire.event("connect.challenge");
    const answer = await wire.ask("health", {});
    expect(answer.error).toMatchObject({ code: "INVALID_REQUEST", message: "invalid handshake: first request must be connect" });
    expect(await wire.closed).toEqual({ code: 1008, reason: "invalid handshake: first request must be connect" });
  });

  it("[rpc.limits.pre-auth-frame] larger than 64 KiB ends with 1009 before sign-in, and is fine after it", async () => {
    const wire = new Wire(kit.url);
    await wire.event("connect.challenge");
    wire.socket.send(JSON.stringify({ type: "req", id: "1", method: "connect", params: { pad: "x".repeat(70_000) } }));
    expect((await wire.closed).code).toBe(1009);
    const signedIn = await dial(kit, { scopes: ["operator.read"] });
    const answer = await signedIn.ask("health", { pad: "x".repeat(700_000) });
    expect(answer.ok).toBe(true);
    signedIn.close();
  });

  it("[rpc.trap.binary] may be a binary message, as may every later one", async () => {
    const wire = new Wire(kit.url);
    const challenge = await wire.event("connect.challenge");
    const params = connectParams({ protocol: 3 }, challenge.payload as { nonce: string; ts: number });
    wire.socket.send(Buffer.from(JSON.stringify({ type: "req", id: "b1", method: "connect", params })), { binary: true });
    expect((await wire.until((frame) => frame.id === "b1")).ok).toBe(true);
    wire.socket.send(Buffer.from(JSON.stringify({ type: "req", id: "b2", method: "health" })), { binary: true });
    expect((await wire.until((frame) => frame.id === "b2")).ok).toBe(true);
    wire.close();
  });
});

describe("params", () => {
  it("[rpc.handshake.params] of an unknown client, unknown members and wrong types are refused by name", async () => {
    for (const extra of [{ client: { id: "nobody", mode: "test", version: "1", platform: "x" } }, { zzz: 1 }, { scopes: "operator.read" }, { auth: { token: 5 } }]) {
      const { code, message, close } = await refused({ extra });
      expect(code).toBe("INVALID_REQUEST");
      expect(message).toMatch(/^invalid connect params: /);
      expect(close.code).toBe(1008);
      expect(Buffer.byteLength(close.reason)).toBeLessThanOrEqual(120);
    }
  });

  it("[rpc.trap.v4-members] of protocol 4 are accepted from everybody", async () => {
    const wire = await dial(kit, { protocol: 3, auth: { token: kitToken, deviceToken: "x" }, extra: { locale: "de", userAgent: "t", computerUse: {} }, client: { buildId: "b", timeZone: "UTC" } });
    expect(helloOf(wire).protocol).toBe(3);
    wire.close();
  });

  it("[rpc.names.brands] take client ids in all three spellings", async () => {
    const device = makeDevice();
    for (const id of ["openclaw-macos", "moltbot-macos", "clawdbot-macos"]) {
      const wire = await dial(kit, { client: { id, mode: "ui" }, device, scopes: ["operator.read"] });
      wire.close();
    }
  });

  it("[rpc.handshake.role] other than operator and node is refused", async () => {
    expect(await refused({ role: "admin" })).toMatchObject({ code: "INVALID_REQUEST", message: "invalid role" });
  });
});

describe("hello-ok", () => {
  it("[rpc.handshake.hello] tells protocol 3 its host and protocol 4 its boot, integers everywhere", async () => {
    const [old, now] = [await dial(kit, { protocol: 3 }), await dial(kit)];
    const [three, four] = [helloOf(old), helloOf(now)];
    expect(three.server.host).toBeTypeOf("string");
    expect(four.server.host).toBeUndefined();
    expect(four.server.bootId).toBeTypeOf("string");
    for (const hello of [three, four]) {
      expect(hello).toMatchObject({ type: "hello-ok", policy: { maxPayload: 26_214_400, tickIntervalMs: 30_000 } });
      expect(Number.isInteger(hello.snapshot.uptimeMs)).toBe(true);
      for (const row of hello.snapshot.presence as { ts: number }[]) expect(Number.isInteger(row.ts)).toBe(true);
      expect(hello.features.methods).toContain("health");
      expect(hello.features.methods).not.toContain("connect");
    }
    old.close();
    now.close();
  });
});

describe("device proof", () => {
  it("[rpc.device.forms] is good in every form of its protocol", async () => {
    for (const wish of [{ protocol: 3, form: "v2" }, { protocol: 3, form: "v3" }, { protocol: 4, form: "v3" }, { protocol: 4, form: "v2" }] as const) {
      const wire = await dial(kit, { ...wish, device: makeDevice(), scopes: ["operator.read"] });
      expect(helloOf(wire).auth.deviceToken).toHaveLength(43);
      wire.close();
    }
  });

  it("[rpc.trap.signed-scopes] covers the scopes as sent, an empty list as an empty field", async () => {
    const kitCompatible = await startKit({ gatewayConfig: { auth: { sharedTokenScopes: ["operator.read", "operator.write", "operator.admin", "operator.approvals", "operator.pairing"] } } });
    const wire = await dial(kitCompatible, { protocol: 3, device: makeDevice(), client: { id: "clawdbot-control-ui", mode: "ui", platform: "android" } });
    expect(helloOf(wire).auth.scopes).toEqual(["operator.admin"]);
    wire.close();
    await kitCompatible.close();
  });

  it("[I.5] is refused when anything under the signature is missing, replayed, late, foreign or malformed", async () => {
    const device = makeDevice();
    const other = makeDevice();
    const cases: [name: string, wish: ConnectWish, message: string, detail: string][] = [
      ["another device's id", { tamper: (proof) => ({ ...proof, id: other.id }) }, "device identity mismatch", "DEVICE_AUTH_DEVICE_ID_MISMATCH"],
      ["another device's key", { tamper: (proof) => ({ ...proof, publicKey: other.publicKey }) }, "device identity mismatch", "DEVICE_AUTH_DEVICE_ID_MISMATCH"],
      ["a key that is no key", { tamper: (proof) => ({ ...proof, publicKey: "AAAA" }) }, "device identity mismatch", "DEVICE_AUTH_DEVICE_ID_MISMATCH"],
      ["a late signature", { signedAt: Date.now() - 125_000 }, "device signature expired", "DEVICE_AUTH_SIGNATURE_EXPIRED"],
      ["a signature of the future", { signedAt: Date.now() + 125_000 }, "device signature expired", "DEVICE_AUTH_SIGNATURE_EXPIRED"],
      ["no nonce", { form: "v1" }, "device nonce required", "DEVICE_AUTH_NONCE_REQUIRED"],
      ["another socket's nonce", { tamper: (proof) => ({ ...proof, nonce: "00000000-0000-4000-8000-000000000000" }) }, "device nonce mismatch", "DEVICE_AUTH_NONCE_MISMATCH"],
      ["other bytes", { tamper: (proof) => ({ ...proof, signature: Buffer.alloc(64, 7).toString("base64url") }) }, "device signature invalid", "DEVICE_AUTH_SIGNATURE_INVALID"],
      ["a cut signature", { tamper: (proof) => ({ ...proof, signature: String(proof.signature).slice(0, 40) }) }, "device signature invalid", "DEVICE_AUTH_SIGNATURE_INVALID"],
      ["another role than signed", { extra: { role: "node" } }, "device signature invalid", "DEVICE_AUTH_SIGNATURE_INVALID"],
      ["more scopes than signed", { scopes: ["operator.read"], extra: { scopes: ["operator.admin"] } }, "device signature invalid", "DEVICE_AUTH_SIGNATURE_INVALID"],
      ["another token than signed", { extra: { auth: { token: "another-token-entirely" } } }, "device signature invalid", "DEVICE_AUTH_SIGNATURE_INVALID"],
      ["another platform than signed", { extra: { client: { id: "test", mode: "test", version: "1.0.0", platform: "darwin" } } }, "device signature invalid", "DEVICE_AUTH_SIGNATURE_INVALID"],
    ];
    for (const [name, wish, message, detail] of cases) {
      const answer = await refused({ device, scopes: ["operator.read"], ...wish });
      expect({ name, message: answer.message, detail: answer.details.code, close: answer.close }).toEqual({ name, message, detail, close: { code: 1008, reason: message } });
    }
    console.log(`[I.5] ${cases.length} bad proofs refused`);
  }, 60_000);

  it("[I.5] of an earlier socket is worth nothing on another", async () => {
    const device = makeDevice();
    const first = new Wire(kit.url);
    const challenge = await first.event("connect.challenge");
    const params = connectParams({ device, scopes: ["operator.read"] }, challenge.payload as { nonce: string; ts: number });
    const second = new Wire(kit.url);
    await second.event("connect.challenge");
    expect((await second.ask("connect", params)).error?.message).toBe("device nonce mismatch");
    expect((await first.ask("connect", params)).ok).toBe(true);
    first.close();
  });

  it("[rpc.trap.nonceless] without a nonce is good once, from loopback under protocol 3, unless switched off", async () => {
    const device = makeDevice();
    const wish: ConnectWish = { protocol: 3, form: "v1", device, scopes: ["operator.read"], signedAt: Date.now() };
    (await dial(kit, wish)).close();
    expect((await refused(wish)).message).toBe("device signature expired");
    // The same 64 bytes in other letters: the last of 86 characters holds four bits that say nothing.
    const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const respelt = (signature: string, bits: number) => `${signature.slice(0, -1)}${letters[letters.indexOf(signature.slice(-1)) ^ bits]}`;
    for (const spell of [(text: string) => respelt(text, 1), (text: string) => respelt(text, 15), (text: string) => `${text}==`, (text: string) => text.replaceAll("-", "+").replaceAll("_", "/")]) {
      expect((await refused({ ...wish, tamper: (proof) => ({ ...proof, signature: spell(String(proof.signature)) }) })).message).toBe("device signature expired");
    }
    expect((await refused({ ...wish, protocol: 4 })).message).toBe("device nonce required");
    const strict = await startKit({ gatewayConfig: { auth: { allowLegacySignatures: false } } });
    await expect(dial(strict, { ...wish, signedAt: Date.now() + 1 })).rejects.toThrow("device nonce required");
    await strict.close();
  });

  it("[rpc.device.skew] of protocol 3 may be ten minutes off, of protocol 4 two", async () => {
    const device = makeDevice();
    (await dial(kit, { protocol: 3, device, scopes: ["operator.read"], signedAt: Date.now() - 500_000 })).close();
    expect((await refused({ protocol: 3, device, signedAt: Date.now() - 700_000 })).message).toBe("device signature expired");
  });
});

describe("who needs a device", () => {
  it("[rpc.handshake.device-required] the Control UI always, others unless they show a secret", async () => {
    const page = await refused({ client: { id: "openclaw-control-ui", mode: "webchat" } });
    expect(page).toMatchObject({ code: "INVALID_REQUEST", message: "control ui requires HTTPS or localhost (secure context)", details: { code: "CONTROL_UI_DEVICE_IDENTITY_REQUIRED" } });
    const nobody = await refused({ auth: null });
    expect(nobody).toMatchObject({ code: "NOT_PAIRED", message: "device identity required", details: { code: "DEVICE_IDENTITY_REQUIRED" }, close: { code: 1008, reason: "device identity required" } });
    expect(await refused({ protocol: 3, auth: { password: "x" } })).toMatchObject({ code: "NOT_PAIRED", message: "device identity required" });
    expect(await refused({ role: "node" })).toMatchObject({ code: "NOT_PAIRED" });
  });

  it("[rpc.auth.refusals] a wrong secret is told apart from a missing one", async () => {
    const device = makeDevice();
    expect(await refused({ auth: { token: "wrong-token-entirely" } })).toMatchObject({ code: "INVALID_REQUEST", details: { code: "AUTH_TOKEN_MISMATCH", authReason: "token_mismatch", canRetryWithDeviceToken: false } });
    expect((await refused({ auth: { token: "wrong-token-entirely" } })).message).toMatch(/^unauthorized: gateway token mismatch \(/);
    expect(await refused({ device, auth: null })).toMatchObject({ details: { code: "AUTH_TOKEN_MISSING" } });
    expect(await refused({ device, auth: { deviceToken: "x".repeat(43) } })).toMatchObject({ details: { code: "AUTH_DEVICE_TOKEN_MISMATCH" } });
    expect(await refused({ device, auth: { bootstrapToken: "x".repeat(43) } })).toMatchObject({ details: { code: "AUTH_BOOTSTRAP_TOKEN_INVALID" } });
  });

  it("[rpc.auth.either-field] protocol 4 takes the secret in either field, protocol 3 in its own", async () => {
    (await dial(kit, { auth: { password: kitToken } })).close();
    expect((await refused({ protocol: 3, auth: { token: "", password: kitToken } })).message).toBe("device identity required");
  });
});

it("[rpc.handshake.timeout] a socket that says nothing is closed with 1000 and no words after ten seconds", async () => {
  const wire = new Wire(kit.url);
  const begun = performance.now();
  expect(await wire.closed).toEqual({ code: 1000, reason: "" });
  expect(performance.now() - begun).toBeGreaterThan(9_000);
});

it("[rpc.handshake.inside] a handshake that fails inside is answered under the request's own id", async () => {
  const own = await startKit();
  Object.assign(own.gateway.app.devices, { get: () => Promise.reject(new Error("no such luck")) });
  const answer = await new Wire(own.url).connect({ device: makeDevice(), scopes: ["operator.read"] });
  expect(answer.error).toMatchObject({ code: "UNAVAILABLE", details: { reason: "internal" }, retryable: true });
  expect(answer.error?.message).not.toContain("luck");
  await own.close();
});

it("[rpc.connect.later] connect after the handshake is refused and the socket stays", async () => {
  const wire = await dial(kit, { scopes: ["operator.read"] });
  expect((await wire.ask("connect", {})).error).toMatchObject({ code: "INVALID_REQUEST", message: "connect is only valid as the first request" });
  expect((await wire.ask("health")).ok).toBe(true);
  wire.close();
});
