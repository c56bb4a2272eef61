// The shared secret: which one the gateway has, whether a caller knows it, and how much it alone is worth.
import { createHash, timingSafeEqual } from "node:crypto";
import type { Secret } from "../base/secret.ts";
import { effectiveScopes } from "../guard/authority.ts";
import { isScope, type Scope } from "../protocol/scopes.ts";

export type AuthMode = "token" | "password" | "trusted-proxy";

export interface SharedSecrets { mode: AuthMode; token?: Secret; password?: Secret; /** gateway.auth.sharedTokenScopes */ scopes: readonly string[] }

export type SharedCheck =
  | { ok: true; method: "token" | "password" }
  /** Spelt as in protocol.md 2.7: token_missing, token_mismatch, token_missing_config and the same for password. */
  | { ok: false; reason: "token_missing" | "token_mismatch" | "token_missing_config" | "password_missing" | "password_mismatch" | "password_missing_config" };

export interface SharedAuth {
  mode(): AuthMode;
  /** Protocol 3 looks at the field of the mode only; protocol 4 takes the secret in either. */
  check(given: { token?: string | undefined; password?: string | undefined }, anyField: boolean): SharedCheck;
  /** All that the secret alone can claim here: admin, approvals and pairing never from afar. */
  scopes(local: boolean): Scope[];
  /** The switch that restores silent pairing on loopback. */
  isCompatible(): boolean;
  replace(secrets: SharedSecrets): void;
}

/** What the secret may give to a caller that is not on this machine, whatever the switch says. */
const remoteScopes: ReadonlySet<string> = new Set(["operator.read", "operator.write", "operator.questions", "operator.talk"]);

export function createSharedAuth(initial: SharedSecrets): SharedAuth {
  let secrets = initial;
  let digests = digestsOf(initial);

  const checkField = (kind: "token" | "password", given: readonly (string | undefined)[]): SharedCheck => {
    const wanted = digests[kind];
    const tries = given.filter((text): text is string => text !== undefined && text !== "");
    if (!wanted) return { ok: false, reason: `${kind}_missing_config` };
    if (tries.length === 0) return { ok: false, reason: `${kind}_missing` };
    return tries.some((text) => timingSafeEqual(wanted, digest(text))) ? { ok: true, method: kind } : { ok: false, reason: `${kind}_mismatch` };
  };

  return {
    mode: () => secrets.mode,
    check(given, anyField) {
      const kind = secrets.mode === "password" ? "password" : "token";
      return checkField(kind, anyField ? [given.token, given.password] : [given[kind]]);
    },
    scopes: (local) => secrets.scopes.filter(isScope).filter((scope) => local || remoteScopes.has(scope)),
    isCompatible: () => effectiveScopes(secrets.scopes).includes("operator.pairing"),
    replace(next) {
      secrets = next;
      digests = digestsOf(next);
    },
  };
}

function digestsOf(secrets: SharedSecrets): { token?: Buffer; password?: Buffer } {
  return {
    ...(secrets.token === undefined ? {} : { token: digest(secrets.token.reveal()) }),
    ...(secrets.password === undefined ? {} : { password: digest(secrets.password.reveal()) }),
  };
}

/** Equal length for every input, so that the comparison takes equal time. */
function digest(text: string): Buffer {
  return createHash("sha256").update(text, "utf8").digest();
}

const placeholders: ReadonlySet<string> = new Set(["changeme", "change-me", "change_me", "password", "placeholder", "your-token", "your-token-here", "your_token_here", "12345678", "123456789", "token123", "secret123", "example-token", "<token>", "xxxxxxxx"]);
const shortestSecret = 8;

/** Why a configured secret is no secret; undefined when it is good enough. */
export function weakness(secret: string): string | undefined {
  if (secret.trim().length < shortestSecret) return `is shorter than ${shortestSecret} characters`;
  if (placeholders.has(secret.trim().toLowerCase())) return "is a placeholder";
  return undefined;
}
