import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { scopes, type Authority, type Caller, type Scope } from "../protocol/scopes.ts";
import { authorityOf, covers, effectiveScopes, equal, meet, narrow, nobody } from "./authority.ts";

const scopeSet = fc.subarray([...scopes]) as fc.Arbitrary<Scope[]>;
const authority: fc.Arbitrary<Authority> = fc.record({
  person: fc.constantFrom("owner", "anna", "ben"),
  scopes: scopeSet,
  door: fc.constantFrom("chat", "agent", "cron"),
  tainted: fc.boolean(),
});
const caller = (role: "operator" | "node", held: Scope[]): Caller => ({
  connId: "c1", door: "ws", role, scopes: held, person: "owner", protocol: 4, caps: [], local: true,
  client: { id: "cli", mode: "cli", version: "1", platform: "linux" },
});

describe("authority", () => {
  it("comes from the caller's own scopes and nothing else", () => {
    expect(authorityOf(caller("operator", ["operator.write"]), "chat")).toEqual({ person: "owner", scopes: ["operator.read", "operator.write", "operator.talk"], door: "chat", tainted: false });
  });

  it("gives a node no scopes whatever its record says", () => {
    expect(authorityOf(caller("node", ["operator.admin"]), "node").scopes).toEqual([]);
  });

  it("only shrinks when narrowed, met or both (invariant I5)", () => {
    let cases = 0;
    const anything = fc.array(fc.oneof(fc.constantFrom(...scopes), fc.string()));
    fc.assert(fc.property(authority, authority, anything, fc.boolean(), (a, b, wanted, tainted) => {
      cases++;
      const narrowed = narrow(a, { scopes: wanted, tainted });
      const both = meet(a, b);
      expect(covers(a, narrowed)).toBe(true);
      expect(covers(a, both) && covers(b, both)).toBe(true);
      expect(covers(a, narrow(both, { door: "cron" }))).toBe(true);
      for (const scope of scopes) if (narrowed.scopes.includes(scope)) expect(effectiveScopes(a.scopes)).toContain(scope);
    }), { numRuns: 2_000 });
    console.log(`I5: ${cases} authorities`);
  });

  it("meets the same whichever comes first and however often", () => {
    fc.assert(fc.property(authority, authority, authority, (a, b, c) => {
      expect(meet(a, b)).toEqual(meet(b, a));
      expect(meet(meet(a, b), c)).toEqual(meet(a, meet(b, c)));
      expect(equal(meet(a, a), a)).toBe(true);
    }));
  });

  it("stays tainted for good", () => {
    fc.assert(fc.property(authority, (a) => {
      const tainted = narrow(a, { tainted: true });
      expect(narrow(tainted, { tainted: false }).tainted).toBe(true);
      expect(covers(tainted, { ...tainted, tainted: false })).toBe(false);
    }));
  });

  it("leaves two people who meet with nothing", () => {
    const met = meet({ person: "anna", scopes: ["operator.admin"], door: "chat", tainted: false }, { person: "ben", scopes: ["operator.admin"], door: "chat", tainted: false });
    expect(met).toMatchObject({ person: nobody, scopes: [] });
  });

  it("catches a seeded mutant that unites instead of intersecting", () => {
    const unite = (a: Authority, b: Authority): Authority => ({ ...a, scopes: [...new Set([...a.scopes, ...b.scopes])] });
    const holdsFor = (rule: typeof meet) => fc.check(fc.property(authority, authority, (a, b) => covers(a, rule(a, b)) && covers(b, rule(a, b))));
    expect(holdsFor(meet).failed).toBe(false);
    expect(holdsFor(unite).failed).toBe(true);
  });
});
