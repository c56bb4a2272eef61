// Which addresses are the public Internet: everything that is not is closed unless one exact host and port is allowed.
import ipaddr from "ipaddr.js";

/** Where an explicit permission may lead; multicast, broadcast, unspecified and reserved stay closed. */
const grantable = new Set(["loopback", "private", "uniqueLocal", "linkLocal", "carrierGradeNat"]);

/** Ports on which another protocol would take a request for its own (the list browsers refuse). */
const badPorts = new Set([1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104, 109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515, 526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080]);

/** Names that never belong to the public Internet. */
const insideName = /(?:^|\.)(?:localhost|localdomain|local|internal|intranet|lan|home\.arpa|onion|test|invalid)$/;

/** The one spelling of an address: mapped IPv4 as IPv4. Undefined for what is not an address. */
export function canonicalAddress(text: string): string | undefined {
  return ipaddr.isValid(text) && !text.includes("%") ? ipaddr.process(text).toString() : undefined;
}

/** Why an address may not be connected to; undefined when it may. */
export function addressProblem(address: string, isGranted: boolean): string | undefined {
  const parsed = canonicalAddress(address);
  if (parsed === undefined) return `${address} is not an address`;
  const range = rangeOf(parsed);
  if (range === "unicast" || (isGranted && grantable.has(range))) return undefined;
  return `${parsed} is not on the public Internet (${range})`;
}

function rangeOf(address: string): string {
  const parsed = ipaddr.parse(address);
  const range = parsed.range();
  // Global unicast is 2000::/3; everything else that has no name of its own is unassigned or deprecated (::7f00:1 among it).
  if (parsed.kind() === "ipv6" && range === "unicast" && ((parsed.toByteArray()[0] ?? 0) & 0xe0) !== 0x20) return "unassigned";
  return range;
}

/** A host of a URL as an address, without brackets; undefined when it is a name. */
export function literalOf(hostname: string): string | undefined {
  const bare = hostname.startsWith("[") && hostname.endsWith("]") ? hostname.slice(1, -1) : hostname;
  return canonicalAddress(bare);
}

export interface Destination {
  url: URL;
  /** Without brackets and trailing dot, in lower case. */
  host: string;
  port: number;
  /** The person allowed exactly this host and port. */
  isGranted: boolean;
}

/** Reads a URL the way the network will. Returns why it may not be fetched, or where it leads. */
export function destinationOf(text: string, allowPrivate: readonly string[]): Destination | { problem: string } {
  if (!URL.canParse(text)) return { problem: "not a URL" };
  const url = new URL(text);
  if (url.protocol !== "http:" && url.protocol !== "https:") return { problem: `${url.protocol} is neither http nor https` };
  if (url.username !== "" || url.password !== "") return { problem: "a URL with a name or password in it" };
  // `localhost.` and `localhost` are one name to a resolver.
  url.hostname = url.hostname.replace(/(?<=[^.])\.$/, "");
  const port = url.port === "" ? (url.protocol === "https:" ? 443 : 80) : Number(url.port);
  const host = literalOf(url.hostname) ?? url.hostname.toLowerCase();
  if (host === "" || host.endsWith(".")) return { problem: "no host" };
  const isGranted = allowPrivate.some((entry) => grantOf(entry) === `${host} ${port}`);
  if (insideName.test(host) && !isGranted) return { problem: `${host} is a name of this machine or network` };
  if (badPorts.has(port) && !isGranted) return { problem: `port ${port} belongs to another protocol` };
  return { url, host, port, isGranted };
}

/** `host:port` or `[v6]:port` in one spelling; anything without a port grants nothing. */
function grantOf(entry: string): string | undefined {
  const match = /^(\[[^\]]+\]|[^:[\]\s/]+):(\d{1,5})$/.exec(entry.trim());
  if (match?.[1] === undefined) return undefined;
  return `${literalOf(match[1]) ?? match[1].toLowerCase()} ${Number(match[2])}`;
}
