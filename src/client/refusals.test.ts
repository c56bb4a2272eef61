// Table tests of what a refusal or close makes the client do, and that every one has words.
import { describe, expect, it } from "vitest";
import { closeOf, type Credentials, knownCloseCodes, knownRefusalCodes, type Reaction, refusalOf } from "./refusals.ts";

const nothing: Credentials = { usedShared: false, usedDeviceToken: false, hasOtherDeviceToken: false };
const error = (details: Record<string, unknown> | undefined, message = "no", code: "INVALID_REQUEST" | "UNAVAILABLE" = "INVALID_REQUEST") => ({ code, message, ...(details && { details }) });

describe("what a refusal leads to", () => {
  const table: [string, Record<string, unknown>, Partial<Credentials>, Reaction][] = [
    ["a missing token needs a person", { code: "AUTH_TOKEN_MISSING" }, {}, "stop"],
    ["a refused device token is dropped", { code: "AUTH_DEVICE_TOKEN_MISMATCH" }, { usedDeviceToken: true }, "drop-device-token"],
    ["any refused sign-in by device token drops it", { code: "AUTH_TOKEN_MISMATCH" }, { usedDeviceToken: true }, "drop-device-token"],
    ["a limited sign-in keeps its device token", { code: "AUTH_RATE_LIMITED" }, { usedDeviceToken: true }, "retry"],
    ["without a device token there is none to drop", { code: "AUTH_DEVICE_TOKEN_MISMATCH" }, {}, "stop"],
    ["the other token is tried when the gateway recommends it", { code: "AUTH_TOKEN_MISMATCH", recommendedNextStep: "retry_with_device_token" }, { usedShared: true, hasOtherDeviceToken: true }, "use-device-token"],
    ["the other token is not tried twice", { code: "AUTH_TOKEN_MISMATCH", recommendedNextStep: "retry_with_device_token" }, { usedShared: true }, "stop"],
    ["pairing waits, whatever token was used", { code: "PAIRING_REQUIRED" }, { usedDeviceToken: true }, "await-approval"],
    ["the gateway may ask to wait", { code: "AUTH_UNAUTHORIZED", recommendedNextStep: "wait_then_retry" }, {}, "retry"],
    ["a version that does not fit needs a person", { code: "PROTOCOL_MISMATCH" }, {}, "stop"],
  ];
  it.each(table)("%s", (_name, details, credentials, reaction) => {
    expect(refusalOf(error(details), { ...nothing, ...credentials }).reaction).toBe(reaction);
  });

  it("reads the words of gateways that send no code", () => {
    expect(refusalOf(error(undefined, "unauthorized: gateway token missing (set it)"), nothing).code).toBe("AUTH_TOKEN_MISSING");
    expect(refusalOf(error({ requestId: "r" }, "pairing required"), nothing)).toMatchObject({ code: "PAIRING_REQUIRED", reaction: "await-approval" });
    expect(refusalOf(error(undefined, "database is on holiday", "UNAVAILABLE"), nothing)).toMatchObject({ reason: "Database is on holiday.", reaction: "retry" });
    expect(refusalOf(error(undefined, "invalid role"), nothing)).toMatchObject({ code: "INVALID_REQUEST", reaction: "stop" });
  });

  it("always has a reason and a next step", () => {
    expect(knownRefusalCodes.length).toBeGreaterThan(20);
    for (const code of knownRefusalCodes) {
      const { reason, nextStep } = refusalOf(error({ code }), nothing);
      expect(reason, code).toMatch(/^[A-Z].{10,}\.$/);
      expect(nextStep, code).toMatch(/^[A-Z].{8,}\.$/);
    }
  });
});

describe("what a close leads to", () => {
  it("retries after every close of a connection that was up", () => {
    for (const code of [...knownCloseCodes, 1999]) expect(closeOf({ code, reason: "" }, true).reaction).toBe("retry");
  });

  it("has words for every code, also before the hello", () => {
    for (const code of [...knownCloseCodes, 1999]) expect(closeOf({ code, reason: "" }, false)).toMatchObject({ code: `CLOSE_${code}`, reason: expect.stringMatching(/\.$/), nextStep: expect.stringMatching(/\.$/) });
    expect(closeOf({ code: 1002, reason: "protocol mismatch" }, false).reaction).toBe("stop");
  });

  it("prefers what the reason says to the bare number", () => {
    expect(closeOf({ code: 1008, reason: "slow consumer" }, true).reason).toContain("keep up");
    expect(closeOf({ code: 1008, reason: "device token revoked" }, true).reason).toContain("withdrew");
  });
});
