// One-time sign-in links: a code that lives ten minutes, works once and is kept only as a hash, in memory.
import { createHash } from "node:crypto";
import type { Clock } from "../base/clock.ts";
import type { Ids } from "../base/ids.ts";
import type { Scope } from "../protocol/scopes.ts";

export const linkTtlMs = 600_000;
const maxOpenLinks = 32;
const codeBytes = 32;

export interface Links {
  create(scopes: readonly Scope[]): { code: string; expiresAtMs: number };
  /** The scopes the link gives, once; undefined for a used, expired or unknown code. */
  redeem(code: string): readonly Scope[] | undefined;
}

export function createLinks(deps: { clock: Clock; ids: Ids }): Links {
  const open = new Map<string, { scopes: readonly Scope[]; expiresAt: number; expiresAtMs: number }>();
  return {
    create(scopes) {
      for (const [hash, link] of open) if (link.expiresAt <= deps.clock.monotonic() || open.size >= maxOpenLinks) open.delete(hash);
      const code = deps.ids.token(codeBytes);
      const expiresAtMs = deps.clock.now() + linkTtlMs;
      open.set(digest(code), { scopes: [...scopes], expiresAt: deps.clock.monotonic() + linkTtlMs, expiresAtMs });
      return { code, expiresAtMs };
    },
    redeem(code) {
      const hash = digest(code); // looked up by hash: the time tells nothing about the code
      const link = open.get(hash);
      open.delete(hash);
      return link && link.expiresAt > deps.clock.monotonic() ? link.scopes : undefined;
    },
  };
}

function digest(code: string): string {
  return createHash("sha256").update(code).digest("hex");
}
