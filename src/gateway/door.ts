// Who is at the door, before anything is routed: Host, Origin and proxy headers, and what counts as local. Pure but for address parsing.
import { BlockList, isIP } from "node:net";
import type { IncomingHttpHeaders } from "node:http";

export interface DoorRules {
  /** Host names (without port, lower case) under which the gateway may be addressed. */
  hosts: ReadonlySet<string>;
  /** `*.ts.net` names are ours too. */
  tailscale: boolean;
  /** Exact origins, lower case. */
  origins: ReadonlySet<string>;
  isTrustedProxy(address: string): boolean;
}

export interface Peer {
  /** Of the client, behind a trusted proxy the one the proxy names. */
  address: string;
  /** Of the TCP connection. */
  socketAddress: string;
  /** On this machine, by the rule of protocol.md 2.6. */
  local: boolean;
  hostName: string;
  viaProxy: boolean;
  origin: string | undefined;
  secure: boolean;
}

export interface Knock {
  headers: IncomingHttpHeaders;
  socketAddress: string;
  encrypted: boolean;
}

export type Admission = { ok: true; peer: Peer } | { ok: false; status: 400 | 403 | 421; type: string; message: string };

const forwardedHeaders = ["x-forwarded-for", "x-real-ip", "x-forwarded-host", "x-forwarded-proto", "forwarded"] as const;

export function admit(knock: Knock, rules: DoorRules): Admission {
  const hostName = hostNameOf(knock.headers.host);
  if (hostName === undefined || !(rules.hosts.has(hostName) || (rules.tailscale && hostName.endsWith(".ts.net")))) {
    return { ok: false, status: 421, type: "host_not_allowed", message: "this host name is not served here; add it to gateway.publicOrigins" };
  }
  const socketAddress = plainAddress(knock.socketAddress);
  if (!knock.encrypted && !isLoopback(socketAddress) && !rules.isTrustedProxy(socketAddress)) {
    return { ok: false, status: 403, type: "tls_required", message: "connections from other machines need TLS or a trusted proxy" };
  }
  const isForwarded = forwardedHeaders.some((name) => knock.headers[name] !== undefined);
  const viaProxy = isForwarded && (rules.isTrustedProxy(socketAddress) || (rules.tailscale && isLoopback(socketAddress)));
  if (isForwarded && !viaProxy) {
    return { ok: false, status: 403, type: "proxy_attribution_required", message: "proxy headers from a peer that is not in gateway.trustedProxies" };
  }
  const address = viaProxy ? forwardedAddress(knock.headers, rules.isTrustedProxy) : socketAddress;
  if (address === undefined) return { ok: false, status: 403, type: "proxy_attribution_required", message: "the proxy did not say whom it speaks for" };
  const { origin } = knock.headers;
  const isServed = viaProxy && rules.tailscale && hostName.endsWith(".ts.net") && knock.headers["x-forwarded-proto"] === "https";
  // A page that tailscaled served under our name has that very name for its origin; pages of other machines have theirs.
  const isOwnPage = isServed && origin?.toLowerCase() === `https://${hostName}`;
  if (origin !== undefined && !rules.origins.has(origin.toLowerCase()) && !isOwnPage) {
    return { ok: false, status: 403, type: "origin_not_allowed", message: "this origin is not allowed; add it to gateway.controlUi.allowedOrigins" };
  }
  const isLocalName = localNames.has(hostName) || hostName.endsWith(".ts.net");
  const secure = knock.encrypted || (viaProxy && knock.headers["x-forwarded-proto"] === "https");
  return { ok: true, peer: { address, socketAddress, local: isLoopback(address) && isLocalName && !isForwarded, hostName, viaProxy, origin, secure } };
}

export const localNames: ReadonlySet<string> = new Set(["localhost", "127.0.0.1", "[::1]"]);

/** `Host` without its port, lower case; undefined when it is missing or malformed. */
export function hostNameOf(host: string | undefined): string | undefined {
  const match = /^(\[[0-9a-f:.]+\]|[a-z0-9_.-]+)(?::\d{1,5})?$/i.exec(host?.trim() ?? "");
  return match?.[1]?.toLowerCase();
}

/** IPv4 written as mapped IPv6 counts as IPv4. */
export function plainAddress(address: string): string {
  const bare = address.replace(/^\[|\]$/g, "").replace(/%.*$/, "");
  return /^::ffff:\d+\.\d+\.\d+\.\d+$/i.test(bare) ? bare.slice(7) : bare;
}

export function isLoopback(address: string): boolean {
  return address === "::1" || /^127\.\d+\.\d+\.\d+$/.test(address);
}

/** What attempts from one place are counted under: an IPv6 household has a whole /64. */
export function addressKey(address: string): string {
  if (isIP(address) !== 6 || address === "::1") return address;
  return expandedPrefix(address);
}

function expandedPrefix(address: string): string {
  const [left = "", right = ""] = address.split("::");
  const head = left === "" ? [] : left.split(":");
  const tail = right === "" ? [] : right.split(":");
  const groups = [...head, ...Array<string>(Math.max(0, 8 - head.length - tail.length)).fill("0"), ...tail];
  return `${groups.slice(0, 4).join(":")}::/64`;
}

/** Addresses and CIDR ranges of gateway.trustedProxies. Entries that are neither are left out. */
export function proxyMatcher(entries: readonly string[]): (address: string) => boolean {
  const list = new BlockList();
  for (const entry of entries) {
    const [address = "", bits] = entry.split("/");
    const family = isIP(address) === 6 ? "ipv6" : "ipv4";
    if (isIP(address) === 0) continue;
    if (bits === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(bits), family);
  }
  return (address) => isIP(address) !== 0 && list.check(address, isIP(address) === 6 ? "ipv6" : "ipv4");
}

/** The last entry of X-Forwarded-For that is no proxy of ours, else X-Real-IP: earlier entries are what the client claims. */
function forwardedAddress(headers: IncomingHttpHeaders, isProxy: (address: string) => boolean): string | undefined {
  const chain = joined(headers["x-forwarded-for"]).split(",").map((entry) => plainAddress(entry.trim())).filter((entry) => entry !== "");
  const client = chain.findLast((entry) => !isProxy(entry)) ?? chain[0];
  const address = client ?? plainAddress(joined(headers["x-real-ip"]).trim());
  return isIP(address) === 0 ? undefined : address;
}

function joined(value: string | string[] | undefined): string {
  return Array.isArray(value) ? value.join(",") : (value ?? "");
}
