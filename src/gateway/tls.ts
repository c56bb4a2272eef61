// The certificate: given files, or a self-signed one made once and kept, whose fingerprint our clients pin.
import { X509Certificate } from "node:crypto";
import { join } from "node:path";
import { fault } from "../base/faults.ts";
import { writeWhole, type Disk } from "../store/disk.ts";
import type { GatewaySection, Machine } from "./listen-plan.ts";

export interface Certificate { cert: string; key: string; ca?: string; /** SHA-256 of the certificate, upper-case hex with colons. */ fingerprint: string; selfSigned: boolean }

const validDays = 3_650;
/** A certificate about to end is replaced. */
const renewBeforeMs = 30 * 86_400_000;

export async function loadCertificate(deps: { disk: Disk; dir: string; now: number; machine: Machine }, tls: NonNullable<GatewaySection["tls"]>): Promise<Certificate> {
  const ca = tls.caPath === undefined ? {} : { ca: await text(deps.disk, tls.caPath) };
  if (tls.certPath !== undefined && tls.keyPath !== undefined) {
    const [cert, key] = await Promise.all([text(deps.disk, tls.certPath), text(deps.disk, tls.keyPath)]);
    return { cert, key, ...ca, fingerprint: fingerprintOf(cert), selfSigned: false };
  }
  if (tls.autoGenerate === false) throw fault("request.invalid", { reason: "gateway.tls is on, but there is neither a certificate nor leave to make one" });
  const certPath = join(deps.dir, "gateway-cert.pem");
  const keyPath = join(deps.dir, "gateway-key.pem");
  const kept = await Promise.all([deps.disk.readFile(certPath), deps.disk.readFile(keyPath)]);
  if (kept[0] && kept[1] && new X509Certificate(kept[0]).validToDate.getTime() - deps.now > renewBeforeMs) {
    const cert = kept[0].toString("utf8");
    return { cert, key: kept[1].toString("utf8"), ...ca, fingerprint: fingerprintOf(cert), selfSigned: true };
  }
  const made = await selfSigned(deps.machine, deps.now);
  await deps.disk.makeDir(deps.dir);
  await writeWhole(deps.disk, keyPath, Buffer.from(made.key, "utf8"));
  await writeWhole(deps.disk, certPath, Buffer.from(made.cert, "utf8"));
  return { ...made, ...ca, fingerprint: fingerprintOf(made.cert), selfSigned: true };
}

export function fingerprintOf(cert: string): string {
  return new X509Certificate(cert).fingerprint256;
}

async function selfSigned(machine: Machine, now: number): Promise<{ cert: string; key: string }> {
  const { generate } = await import("selfsigned"); // 90 ms that only a first start with TLS pays
  const names = ["localhost", machine.hostName, `${machine.hostName}.local`].map((value) => ({ type: 2 as const, value }));
  const addresses = ["127.0.0.1", "::1", ...machine.addresses.filter(({ internal }) => !internal).map(({ address }) => address.replace(/%.*$/, ""))].map((ip) => ({ type: 7 as const, ip }));
  const made = await generate([{ name: "commonName", value: "openclaw gateway" }], {
    keyType: "ec",
    curve: "P-256",
    algorithm: "sha256",
    notBeforeDate: new Date(now - 86_400_000),
    notAfterDate: new Date(now + validDays * 86_400_000),
    extensions: [{ name: "subjectAltName", altNames: [...names, ...addresses] }],
  });
  return { cert: made.cert, key: made.private };
}

async function text(disk: Disk, path: string): Promise<string> {
  const bytes = await disk.readFile(path);
  if (!bytes) throw fault("request.invalid", { reason: `there is no file ${path}` });
  return bytes.toString("utf8");
}
