// Pinning: a self-signed gateway is reached with the right fingerprint and with no other.
import { X509Certificate } from "node:crypto";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocketServer } from "ws";
import { selfSignedCertificate } from "../../test/fixtures/model-server/certificate.ts";
import { CallError } from "../client/call-error.ts";
import { refusalFailure } from "./connection.ts";
import { fingerprintDigits, nodeSocket } from "./node-socket.ts";

const certificate = selfSignedCertificate();
const { fingerprint256 } = new X509Certificate(certificate.cert);
let server: Server;
let url: string;
let heard: string[] = [];

beforeAll(async () => {
  server = createServer(certificate);
  new WebSocketServer({ server }).on("connection", (socket) => socket.on("message", (data) => {
    heard.push(String(data));
    socket.send("hello");
  }));
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  url = `wss://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => void server.close());

function visit(fingerprint: string | undefined): Promise<string> {
  heard = [];
  return new Promise((resolve) => {
    const socket = nodeSocket(url, fingerprint);
    socket.addEventListener("open", () => socket.send("secret"));
    socket.addEventListener("message", (message) => {
      socket.close();
      resolve(String(message.data));
    });
    socket.addEventListener("error", () => undefined);
    socket.addEventListener("close", (event) => resolve(`closed ${event.code}`));
  });
}

describe("a self-signed gateway", () => {
  it("is reached with its fingerprint, however that is written", async () => {
    for (const text of [fingerprint256, fingerprint256.replaceAll(":", "").toLowerCase(), `sha256:${fingerprint256}`]) {
      expect(await visit(text)).toBe("hello");
    }
    expect(heard).toEqual(["secret"]);
  });

  it("is not spoken to with another fingerprint, or with none", async () => {
    const other = new X509Certificate(selfSignedCertificate().cert).fingerprint256;
    expect(await visit(other)).toBe("closed 1006");
    expect(heard).toEqual([]);
    expect(await visit("")).toBe("closed 1006");
    expect(await visit(undefined)).toBe("closed 1006");
    expect(heard).toEqual([]);
  });

  it("is told apart from one that is not there, with what to do about it", async () => {
    const reasonFor = (address: string, fingerprint?: string) => new Promise<Error | undefined>((resolve) => {
      let error: Error | undefined;
      nodeSocket(address, fingerprint, (broken) => (error = broken)).addEventListener("close", () => resolve(error));
    });
    const close = new CallError({ code: "OFFLINE", message: "closed", details: { code: "CLOSE_1006" } });
    const unpinned = refusalFailure(close, { url, isHome: false }, await reasonFor(url));
    expect(unpinned.code).toBe("CERTIFICATE");
    expect(unpinned.message).toContain("self-signed certificate");
    expect(unpinned.next).toContain("--tls-fingerprint");
    const wrong = refusalFailure(close, { url, isHome: false, fingerprint: "ab" }, await reasonFor(url, "ab"));
    expect(wrong.message).toContain("not the pinned one");
    expect(refusalFailure(close, { url, isHome: false }, await reasonFor("wss://127.0.0.1:1")).code).toBe("GATEWAY_UNREACHABLE");
  });

  it("has a fingerprint that reads the same in every spelling", () => {
    expect(fingerprintDigits("SHA-256=Ab:Cd")).toBe("abcd");
  });
});
