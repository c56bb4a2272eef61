// Identity that the transport vouches for: a Tailscale login, or the user that a trusted proxy names.
import { isLoopback, type Peer } from "./door.ts";
import type { AuthReason } from "./refusals.ts";

type Headers = Readonly<Record<string, string | string[] | undefined>>;

export interface TransportIdentity {
  /** Worth asking; cheap. */
  mayIdentify(peer: Peer, headers: Headers): boolean;
  identify(peer: Peer, headers: Headers): Promise<{ ok: true; method: "tailscale" | "trusted-proxy"; user: string } | { ok: false; reason: AuthReason | undefined }>;
}

export interface TransportRules {
  allowTailscale: boolean;
  /** In mode trusted-proxy: the header with the user and who is let in. */
  proxy: { userHeader: string; allowUsers: readonly string[] } | undefined;
}

export interface TransportDeps {
  rules(): TransportRules;
  isTrustedProxy(address: string): boolean;
  /** The login behind a Tailscale address, as tailscaled knows it; undefined when it does not. */
  whois(address: string): Promise<string | undefined>;
}

export function createTransportIdentity(deps: TransportDeps): TransportIdentity {
  const tailscale = async (peer: Peer, headers: Headers): Promise<Awaited<ReturnType<TransportIdentity["identify"]>>> => {
    const login = one(headers["tailscale-user-login"]);
    if (login === undefined) return { ok: false, reason: "tailscale_user_missing" };
    const isProxied = isLoopback(peer.socketAddress) && ["x-forwarded-for", "x-forwarded-proto", "x-forwarded-host"].every((name) => one(headers[name]) !== undefined);
    if (!isProxied) return { ok: false, reason: "tailscale_proxy_missing" };
    const known = await deps.whois(peer.address);
    if (known === undefined) return { ok: false, reason: "tailscale_whois_failed" };
    // The header alone is anybody's claim; tailscaled's own answer is what counts.
    return known.toLowerCase() === login.toLowerCase() ? { ok: true, method: "tailscale", user: login } : { ok: false, reason: "tailscale_user_mismatch" };
  };

  const proxied = (peer: Peer, headers: Headers, rules: NonNullable<TransportRules["proxy"]>): Awaited<ReturnType<TransportIdentity["identify"]>> => {
    if (!deps.isTrustedProxy(peer.socketAddress)) return { ok: false, reason: "identity_header_required" };
    const user = one(headers[rules.userHeader.toLowerCase()]);
    if (user === undefined) return { ok: false, reason: "identity_header_required" };
    return rules.allowUsers.includes(user) ? { ok: true, method: "trusted-proxy", user } : { ok: false, reason: "verified_user_required" };
  };

  return {
    mayIdentify(peer, headers) {
      const rules = deps.rules();
      if (rules.proxy && deps.isTrustedProxy(peer.socketAddress)) return true;
      return rules.allowTailscale && !peer.local && one(headers["tailscale-user-login"]) !== undefined;
    },
    async identify(peer, headers) {
      const rules = deps.rules();
      if (rules.proxy && (deps.isTrustedProxy(peer.socketAddress) || !peer.local)) return proxied(peer, headers, rules.proxy);
      if (rules.allowTailscale && !peer.local && (peer.viaProxy || one(headers["tailscale-user-login"]) !== undefined)) return tailscale(peer, headers);
      return { ok: false, reason: undefined };
    },
  };
}

function one(value: string | string[] | undefined): string | undefined {
  const text = Array.isArray(value) ? value[0] : value;
  return text === undefined || text.trim() === "" ? undefined : text.trim();
}

/** A login that tailscaled vouches for is enough: when that was said, or by default behind `tailscale serve`. */
export function letsTailscaleIn({ auth, tailscale }: { auth?: { allowTailscale?: boolean | undefined; mode?: string | undefined } | undefined; tailscale?: { mode?: string | undefined } | undefined }): boolean {
  return auth?.allowTailscale ?? ((tailscale?.mode ?? "off") === "serve" && (auth?.mode ?? "token") !== "password");
}
