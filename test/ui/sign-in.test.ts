// What a browser sees before it is let in: links, secrets, pairing, and words for every refusal and close.
import { createHash, createPublicKey, verify } from "node:crypto";
import { describe, expect, it } from "vitest";
import { proofPayload } from "../../src/client/device-proof.ts";
import { closeOf, knownCloseCodes, knownRefusalCodes, refusalOf } from "../../src/client/refusals.ts";
import { phone, picture, seriousFindings } from "./browser.ts";
import { sampleMethods } from "./sample-world.ts";
import { uiSuite, until } from "./ui-suite.ts";

const suite = uiSuite();
const { newPage } = suite;

const refused = (code: string, message = "refused") => () => ({ code: "INVALID_REQUEST", message, details: { code } });
const nothing = { usedShared: false, usedDeviceToken: false, hasOtherDeviceToken: false };

describe("a sign-in link", () => {
  it("is traded for this browser's enrolment, leaves no trace in the address, and signs in again after a reload", async () => {
    const redeemed: Record<string, unknown>[] = [];
    suite.gateway.script = {
      methods: sampleMethods(),
      redeem: (body) => {
        redeemed.push(body);
        return { status: 200, body: { deviceToken: "token-from-link" } };
      },
    };
    const { page, trouble } = await newPage();
    await page.goto(`${suite.gateway.url}#link=one-time-code-0123456789`);
    await page.getByRole("navigation", { name: "Places" }).waitFor();
    expect(page.url()).toBe(suite.gateway.url);
    expect(await page.evaluate(() => history.length)).toBe(2); // about:blank and this page: nothing to go back to

    const { code, device, client } = redeemed[0] as { code: string; device: { id: string; publicKey: string; signature: string; signedAt: number; nonce: string }; client: { id: string; mode: string; platform: string } };
    const raw = Buffer.from(device.publicKey, "base64url");
    expect(createHash("sha256").update(raw).digest("hex")).toBe(device.id);
    const text = proofPayload(device.id, { clientId: client.id, clientMode: client.mode, role: "operator", scopes: [], signedAtMs: device.signedAt, token: code, nonce: device.nonce, platform: client.platform });
    const key = createPublicKey({ key: Buffer.concat([Buffer.from("302a300506032b6570032100", "hex"), raw]), format: "der", type: "spki" });
    expect(verify(null, Buffer.from(text), key, Buffer.from(device.signature, "base64url"))).toBe(true);
    expect(suite.gateway.peers[0]?.connect).toMatchObject({ auth: { deviceToken: "token-from-link" }, device: { id: device.id } });

    await page.reload();
    await page.getByRole("navigation", { name: "Places" }).waitFor();
    expect(redeemed.length).toBe(1);
    // The hello's own token is the newer one.
    expect(suite.gateway.peers.at(-1)?.connect).toMatchObject({ auth: { deviceToken: "device-token" }, device: { id: device.id } });
    expect(trouble).toEqual({ console: [], policy: [], foreign: [] });
  });

  it("says what to do when it was used already", async () => {
    suite.gateway.script = { redeem: () => ({ status: 401, body: { error: { code: "LINK_INVALID", message: "used" } } }) };
    const { page } = await newPage();
    await page.goto(`${suite.gateway.url}#link=one-time-code-0123456789`);
    await page.getByText("This link was used already").waitFor();
    await page.getByText("openclaw dashboard", { exact: true }).waitFor();
    await page.getByRole("button", { name: "Copy the command" }).click();
    await until("the command was copied", async () => (await page.evaluate(() => navigator.clipboard.readText())) === "openclaw dashboard");
    expect(page.url()).toBe(suite.gateway.url);
    expect(suite.gateway.peers.length).toBe(0);
  });

  it("keeps a private key that no script can read out", async () => {
    suite.gateway.script = { methods: sampleMethods() };
    const { page } = await newPage();
    await page.goto(suite.gateway.url);
    await page.getByRole("navigation", { name: "Places" }).waitFor();
    const kept = await page.evaluate(async () => {
      const database = await new Promise<IDBDatabase>((resolve) => {
        const request = indexedDB.open("openclaw");
        request.onsuccess = () => resolve(request.result);
      });
      const pair = await new Promise<CryptoKeyPair>((resolve) => {
        const request = database.transaction("identity").objectStore("identity").get("key");
        request.onsuccess = () => resolve(request.result as CryptoKeyPair);
      });
      const exported = await crypto.subtle.exportKey("pkcs8", pair.privateKey).then(() => "exported", () => "refused");
      return { extractable: pair.privateKey.extractable, exported, type: pair.privateKey.type };
    });
    expect(kept).toEqual({ extractable: false, exported: "refused", type: "private" });
  });
});

describe("a secret", () => {
  it("is asked for, sent once, and not kept", async () => {
    suite.gateway.script = { methods: sampleMethods(), refuse: (params) => ((params.auth as { token?: string } | undefined)?.token === "sesame" ? undefined : refused("AUTH_TOKEN_MISSING")()) };
    const { page } = await newPage();
    await page.goto(suite.gateway.url);
    await page.getByText("This device is not signed in yet.").waitFor();
    await picture(page, "sign-in");
    await page.getByRole("button", { name: "Connect" }).click();
    await page.getByText("Enter the gateway's token first.").waitFor();
    await page.getByLabel("Gateway token").fill("sesame");
    await page.getByLabel("Gateway token").press("Enter");
    await page.getByRole("navigation", { name: "Places" }).waitFor();
    const stored = await page.evaluate(() => JSON.stringify([Object.entries(localStorage), Object.entries(sessionStorage)]));
    expect(stored).not.toContain("sesame");
  });

  it("tells a wrong one from a missing one", async () => {
    suite.gateway.script = { refuse: (params) => refused(params.auth === undefined ? "AUTH_PASSWORD_MISSING" : "AUTH_PASSWORD_MISMATCH")() };
    const { page } = await newPage();
    await page.goto(suite.gateway.url);
    await page.getByLabel("Gateway password").fill("wrong");
    await page.getByRole("button", { name: "Connect" }).click();
    await page.getByText("The password is not the gateway's.").waitFor();
    expect(suite.gateway.peers.at(-1)?.connect.auth).toEqual({ password: "wrong" });
  });
});

describe("pairing", () => {
  const words = "amber lotus comet birch violin moon";
  const pairing = { code: "NOT_PAIRED", message: "pairing required", details: { code: "PAIRING_REQUIRED", reason: "not-paired", requestId: "9b0c5f1e-6a2d", pairingCode: words } };

  it("shows request, words and command, and lets the page in once approved", async () => {
    let approved = false;
    suite.gateway.script = { methods: sampleMethods(), refuse: () => (approved ? undefined : pairing) };
    const { page, trouble } = await newPage({ viewport: phone, touch: true, colorScheme: "dark" });
    await page.goto(suite.gateway.url);
    await page.getByRole("heading", { name: "This browser waits for approval" }).waitFor();
    for (const word of words.split(" ")) await page.getByText(word, { exact: true }).waitFor();
    await page.getByText("openclaw devices approve 9b0c5f1e-6a2d").waitFor();
    expect(await seriousFindings(page)).toEqual([]);
    await picture(page, "pairing-phone-dark");
    approved = true;
    await page.getByRole("button", { name: "Check now" }).click();
    await page.getByRole("navigation", { name: "Places" }).waitFor();
    expect(trouble).toEqual({ console: [], policy: [], foreign: [] });
  });

  it("offers what the secret alone allows while the device waits", async () => {
    suite.gateway.script = {
      methods: sampleMethods(),
      hello: { auth: { role: "operator", scopes: ["operator.read", "operator.write"] } },
      refuse: (params) => {
        if (params.auth === undefined) return refused("AUTH_TOKEN_MISSING")();
        return (params.scopes as string[]).includes("operator.admin") ? pairing : undefined;
      },
    };
    const { page } = await newPage();
    await page.goto(suite.gateway.url);
    await page.getByLabel("Gateway token").fill("sesame");
    await page.getByRole("button", { name: "Connect" }).click();
    await page.getByRole("button", { name: "Only read and write for now" }).click();
    await page.getByRole("link", { name: "Limited access" }).waitFor();
    await page.getByRole("link", { name: "Limited access" }).click();
    await page.getByText("This browser may not manage devices.").waitFor();
    expect(suite.gateway.peers.at(-1)?.connect.scopes).toEqual(["operator.read", "operator.write"]);
  });
});

describe("refusals and closes", () => {
  it("has a reason and a next step on screen for every code of a refused connect", async () => {
    const { page, trouble } = await newPage();
    let shown = 0;
    for (const code of knownRefusalCodes) {
      const details = { code, ...(code === "PAIRING_REQUIRED" && { requestId: "request-1" }) };
      suite.gateway.script = { refuse: () => ({ code: "INVALID_REQUEST", message: "refused", details, closeCode: code === "PROTOCOL_MISMATCH" ? 1002 : 1008 }) };
      await page.goto("about:blank");
      await page.goto(suite.gateway.url);
      const view = refusalOf({ code: "INVALID_REQUEST", message: "refused", details }, nothing);
      if (code === "PAIRING_REQUIRED") await page.getByText("This browser waits for approval").waitFor();
      else {
        await page.getByText(view.reason, { exact: true }).waitFor();
        await page.getByText(view.nextStep).waitFor();
        await page.getByText(code, { exact: true }).waitFor();
      }
      shown++;
    }
    console.log(`refusal codes shown: ${shown} of ${knownRefusalCodes.length}`);
    expect(shown).toBe(knownRefusalCodes.length);
    expect(trouble.policy).toEqual([]);
  });

  it("has a reason and a next step on screen for every code with which a gateway closes before the hello", async () => {
    // 1006 and the 4000s are the client's own findings; a gateway cannot send 1006.
    const codes = knownCloseCodes.filter((code) => code !== 1006);
    const { page } = await newPage();
    for (const code of codes) {
      const close = { code, reason: "" };
      const { reason, nextStep } = closeOf(close, false);
      await page.goto("about:blank");
      suite.gateway.closeNext = close;
      await page.goto(suite.gateway.url);
      await page.getByText(reason, { exact: true }).waitFor();
      await page.getByText(nextStep).waitFor();
    }
    suite.gateway.closeNext = undefined;
  });

  it("says that it cannot reach a gateway that is gone, and comes back by itself", async () => {
    suite.gateway.script = { methods: sampleMethods() };
    const { page } = await newPage();
    await page.goto(suite.gateway.url);
    await page.getByRole("link", { name: "Connected" }).waitFor();
    suite.gateway.closeNext = { code: 1012, reason: "service restart" };
    suite.gateway.cut();
    await page.getByText("Not connected").first().waitFor();
    suite.gateway.closeNext = undefined;
    await page.getByRole("link", { name: "Connected" }).waitFor();
  });
});
