// Where to listen and under which names, from the configuration: loopback unless the way is protected. Pure.
import { fault } from "../base/faults.ts";
import type { ConfigSnapshot } from "../config/config.ts";
import { isLoopback, proxyMatcher, type DoorRules } from "./door.ts";

export type GatewaySection = ConfigSnapshot["value"]["gateway"];

export interface Machine {
  hostName: string;
  /** Addresses of its interfaces. */
  addresses: readonly { address: string; family: 4 | 6; internal: boolean }[];
}

export interface ListenPlan {
  /** The first must work; `::1` may be missing. */
  hosts: { address: string; optional: boolean }[];
  port: number;
  secure: boolean;
}

/** What the command that started the gateway says, instead of the configuration. */
export interface ListenOptions {
  /** 0 takes a free one. */
  port?: number | undefined;
  bind?: GatewaySection["bind"] | undefined;
}

const usualPort = 18_789;

/** Throws gateway.unsafe-bind when strangers could connect in the clear (promises, part I, rule 1). */
export function planListening(section: GatewaySection, machine: Machine, { port = section.port ?? usualPort, bind = section.bind }: ListenOptions = {}): ListenPlan {
  const gateway = bind === undefined ? section : { ...section, bind };
  const plan = { hosts: hostsOf(gateway, machine), port, secure: gateway.tls?.enabled === true };
  if (isUnprotected(plan, gateway)) throw fault("gateway.unsafe-bind", { bind: gateway.bind ?? "loopback" });
  return plan;
}

/** The same for a change while the gateway runs: the next start must go well, with the options of this one and without, and what listens until then stays protected. */
export function checkListening(next: GatewaySection, machine: Machine, running: { plan: ListenPlan; options: ListenOptions }): void {
  planListening(next, machine);
  planListening(next, machine, running.options);
  if (!isUnprotected(running.plan, next)) return;
  throw fault("gateway.unsafe-bind", { bind: next.bind ?? "loopback" }, { next: "A new bind or TLS begins with a restart: set that and restart first, then take gateway.trustedProxies out." });
}

function isUnprotected({ hosts, secure }: ListenPlan, { trustedProxies = [] }: GatewaySection): boolean {
  return !secure && trustedProxies.length === 0 && hosts.some(({ address }) => !isLoopback(address));
}

const loopback = [{ address: "127.0.0.1", optional: false }, { address: "::1", optional: true }];

function hostsOf(gateway: GatewaySection, machine: Machine): ListenPlan["hosts"] {
  switch (gateway.bind ?? "loopback") {
    case "lan":
      return [{ address: "0.0.0.0", optional: false }, { address: "::", optional: true }];
    case "custom": {
      const own = gateway.customBindHost?.trim();
      if (!own) throw fault("request.invalid", { reason: "gateway.bind is custom, but gateway.customBindHost is empty" }, { next: "Set gateway.customBindHost to the address first, or use bind: loopback." });
      return isLoopback(own) ? [{ address: own, optional: false }] : [{ address: own, optional: false }, ...loopback.map((host) => ({ ...host, optional: true }))];
    }
    case "tailnet": {
      const tailnet = machine.addresses.find(({ address, family }) => family === 4 && isTailnet(address));
      if (!tailnet) throw fault("request.invalid", { reason: "gateway.bind is tailnet, but this machine has no Tailscale address" }, { next: "Start Tailscale and then the gateway again, or use bind: loopback." });
      return [{ address: tailnet.address, optional: false }, ...loopback];
    }
    default:
      return loopback;
  }
}

/** Names and origins under which the gateway answers. `port` is the one it really listens on. */
export function doorRules(gateway: GatewaySection, machine: Machine, listening: { port: number; secure: boolean; hosts: readonly string[] }): DoorRules {
  const own = [...new Set(["localhost", "127.0.0.1", "[::1]", ...reachableNames(machine, listening.hosts)])].map((name) => name.toLowerCase());
  const given = [...(gateway.publicOrigins ?? []), ...(gateway.controlUi?.allowedOrigins ?? [])];
  const origins = new Set<string>();
  for (const name of own) {
    for (const scheme of listening.secure ? ["https"] : ["http"]) origins.add(`${scheme}://${name}${isUsualPort(scheme, listening.port) ? "" : `:${listening.port}`}`);
  }
  const hosts = new Set(own);
  for (const entry of given) {
    const url = parse(entry);
    if (url) origins.add(url.origin.toLowerCase());
  }
  // Origins of controlUi.allowedOrigins may open sockets, but they are not names of ours.
  for (const entry of gateway.publicOrigins ?? []) hosts.add((parse(entry)?.hostname ?? entry.replace(/:\d+$/, "")).toLowerCase());
  const mode = gateway.tailscale?.mode ?? "off";
  return { hosts, origins, tailscale: mode !== "off" || gateway.auth?.allowTailscale === true, isTrustedProxy: proxyMatcher(gateway.trustedProxies ?? []) };
}

function reachableNames(machine: Machine, hosts: readonly string[]): string[] {
  const names = hosts.filter((host) => host !== "0.0.0.0" && host !== "::").map(bracketed);
  if (names.length === hosts.length && hosts.every((host) => isLoopback(host))) return names;
  return [...names, machine.hostName, `${machine.hostName}.local`, ...machine.addresses.filter(({ internal }) => !internal).map(({ address }) => bracketed(address))];
}

function bracketed(address: string): string {
  return address.includes(":") ? `[${address.replace(/%.*$/, "")}]` : address;
}

function isUsualPort(scheme: string, port: number): boolean {
  return (scheme === "https" && port === 443) || (scheme === "http" && port === 80);
}

/** 100.64.0.0/10 */
function isTailnet(address: string): boolean {
  const [a, b] = address.split(".").map(Number);
  return a === 100 && b !== undefined && b >= 64 && b <= 127;
}

function parse(text: string): URL | undefined {
  return URL.canParse(text) ? new URL(text) : undefined;
}
