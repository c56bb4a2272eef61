// The shared secret and what stands in for it: first start, weak ones, the modes, Tailscale and a trusted proxy.
import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { compatible, dial, helloOf, kitToken, makeDevice, startKit, Wire, type Kit } from "../../test/fixtures/gateway-kit.ts";
import { importMutant, verdict, verdictOn } from "../../test/fixtures/mutant-module.ts";
import { createFakeClock } from "../base/fake-clock.ts";
import { Secret } from "../base/secret.ts";
import { createAuthFailures } from "./auth-failures.ts";
import { createSharedAuth, weakness } from "./shared-auth.ts";

describe("[I.2] a secret is always there", () => {
  it("[I.2] the first start makes 256 bits in a file of its own, and keeps them", async () => {
    const tokens = new Set<string>();
    for (let n = 0; n < 3; n++) {
      const kit = await startKit({ env: { OPENCLAW_GATEWAY_TOKEN: "" } });
      const path = join(kit.stateDir, "identity", "gateway.token");
      const token = (await readFile(path, "utf8")).trim();
      expect(Buffer.from(token, "base64url")).toHaveLength(32);
      expect((await stat(path)).mode & 0o777).toBe(0o600);
      (await dial(kit, { auth: { token } })).close();
      await expect(dial(kit, { auth: { token: kitToken } })).rejects.toThrow("token mismatch");
      await expect(dial(kit, { auth: null })).rejects.toThrow("device identity required");
      await kit.restart();
      expect((await readFile(path, "utf8")).trim()).toBe(token);
      expect(kit.logs.join("")).not.toContain(token);
      tokens.add(token);
      await kit.close();
    }
    expect(tokens.size).toBe(3);
    console.log("[I.2] 3 first starts, 3 tokens of 256 bits");
  }, 30_000);

  it("[I.2] a placeholder or a short one is refused at start", async () => {
    for (const token of ["short", "changeme", "YOUR-TOKEN-HERE", "       "]) expect(weakness(token)).toBeTypeOf("string");
    for (const token of ["test-token", kitToken, "t".repeat(32)]) expect(weakness(token)).toBeUndefined();
    await expect(startKit({ env: { OPENCLAW_GATEWAY_TOKEN: "changeme" } })).rejects.toThrow("is a placeholder");
    await expect(startKit({ env: { OPENCLAW_GATEWAY_TOKEN: "" }, gatewayConfig: { auth: { token: "abc" } } })).rejects.toThrow("is shorter than 8 characters");
    await expect(startKit({ gatewayConfig: { auth: { mode: "password" } } })).rejects.toThrow("is missing");
  }, 30_000);

  it("[I.1] a bind that strangers can reach is refused at start without TLS or a proxy", async () => {
    await expect(startKit({ gatewayConfig: { bind: "lan" } })).rejects.toMatchObject({ code: "gateway.unsafe-bind" });
    const kit = await startKit({ gatewayConfig: { bind: "lan", tls: { enabled: true } } });
    expect(kit.gateway.fingerprint).toMatch(/^([0-9A-F]{2}:){31}[0-9A-F]{2}$/);
    const before = kit.gateway.fingerprint;
    const wire = new Wire(kit.url, { ca: await readFile(join(kit.stateDir, "tls", "gateway-cert.pem"), "utf8") });
    expect((await wire.connect()).ok).toBe(true);
    wire.close();
    await kit.restart();
    expect(kit.gateway.fingerprint).toBe(before);
    await kit.close();
  }, 30_000);

  it("[I.1] the same is refused when it is set while it runs, and in a file that is edited", async () => {
    expect(await verdict(() => keepsItsBind(startKit))).toBe("nothing");
  }, 60_000);

  it.each([
    { name: "nobody asks before a change", file: "src/gateway/gateway.ts", from: "checkListening(value.gateway, deps.machine, { plan, options: deps });", to: "", fails: /accepted/ },
    { name: "the proxies are taken out unseen", file: "src/gateway/gateway.ts", from: ', "gateway.trustedProxies"]', to: "]", fails: /accepted/ },
    { name: "the fault loses its code", file: "src/config/config.ts", from: "throw answer.fault ?? invalid(", to: "throw invalid(", fails: /the code of the refusal/ },
  ])("[I.1] the check of changes sees a mutant in which $name", async ({ fails, ...mutation }) => {
    expect(await verdictOn<{ startKit: typeof startKit }>(mutation, (mutant) => keepsItsBind(mutant.startKit), "test/fixtures/gateway-kit.ts")).toMatch(fails);
  }, 60_000);

  it("a password alone, as older files have it, is the mode", async () => {
    const kit = await startKit({ env: { OPENCLAW_GATEWAY_TOKEN: "" }, gatewayConfig: { auth: { password: "a long enough password" } } });
    const wire = await dial(kit, { protocol: 3, device: makeDevice(), scopes: ["operator.read"], auth: { password: "a long enough password" } });
    expect(helloOf(wire).auth.scopes).toEqual(["operator.read"]);
    await expect(dial(kit, { protocol: 3, device: makeDevice(), auth: { password: "another password" } })).rejects.toThrow("password mismatch");
    wire.close();
    await kit.close();
  });
});

/** Every way to change a bind while the gateway runs. */
async function keepsItsBind(start: typeof startKit): Promise<void> {
  const kit = await start({ gatewayConfig: { bind: "loopback", reload: { mode: "off" }, auth: { sharedTokenScopes: compatible } } });
  try {
    const wire = await dial(kit, { device: makeDevice(), scopes: ["operator.read", "operator.admin"] });
    const path = join(kit.stateDir, "openclaw.json");
    const { config } = kit.gateway.app;
    let refusals = 0;
    const refused = async (method: string, gateway: Record<string, unknown>) => {
      const [before, { hash }] = [await readFile(path, "utf8"), await wire.call<{ hash: string }>("config.get")];
      const { ok, error } = await wire.ask(method, { raw: JSON.stringify({ gateway }), baseHash: hash });
      expect(ok, `${method} ${JSON.stringify(gateway)} accepted`).toBe(false);
      expect(error?.details?.code, "the code of the refusal").toBe("gateway.unsafe-bind");
      expect(error).toMatchObject({ code: "INVALID_REQUEST", message: expect.stringContaining("needs TLS or a trusted proxy") as unknown, details: { next: expect.stringContaining("Enable gateway.tls") as unknown } });
      refusals++;
      expect(await readFile(path, "utf8")).toBe(before);
      expect((await wire.call<{ hash: string }>("config.get")).hash).toBe(hash);
    };
    const set = async (gateway: Record<string, unknown>) => wire.call("config.patch", { raw: JSON.stringify({ gateway }), baseHash: (await wire.call<{ hash: string }>("config.get")).hash });

    for (const method of ["config.set", "config.patch", "config.apply"]) await refused(method, { bind: "lan" });
    await refused("config.patch", { bind: "custom", customBindHost: "0.0.0.0" });
    // Protected it is taken, and then the protection stays; back to loopback all of it may go.
    await set({ bind: "lan", trustedProxies: ["10.0.0.9"] });
    await refused("config.patch", { trustedProxies: null });
    await set({ trustedProxies: null, tls: { enabled: true } });
    await refused("config.patch", { tls: { enabled: false } });
    await set({ bind: null, tls: null });

    const good = await readFile(path, "utf8");
    await writeFile(path, JSON.stringify({ gateway: { bind: "lan" }, session: { mainKey: "other" } }));
    const change = await config.reload();
    expect(change.applied, "the edited file accepted").toBe(false);
    expect(change.issues).toEqual([{ path: "gateway.bind", message: "bind lan needs TLS or a trusted proxy. Enable gateway.tls, name gateway.trustedProxies, or use bind: loopback." }]);
    expect(config.current()).toMatchObject({ isRefused: true, value: { session: { mainKey: "main" } } });
    expect(kit.logs.join("")).toContain("a changed configuration was refused; the old one stays");
    await writeFile(path, good);
    expect(await config.reload()).toMatchObject({ applied: true });
    wire.close();
    console.log(`[I.1] ${refusals + 1} changes refused while it ran`);
  } finally {
    await kit.close();
  }
}

/** What a comparison lets through. */
function compareFailures(create: typeof createSharedAuth): string[] {
  const auth = create({ mode: "token", token: new Secret("correct-horse-battery"), scopes: ["operator.read", "operator.admin", "operator.pairing"] });
  const failures: string[] = [];
  const wrong = ["", "correct-horse-batter", "correct-horse-battery ", "Correct-horse-battery", "correct-horse-batterycorrect-horse-battery", "x"];
  for (const token of wrong) if (auth.check({ token }, true).ok) failures.push(`token ${token}`);
  if (!auth.check({ token: "correct-horse-battery" }, false).ok) failures.push("the right token");
  if (auth.check({ password: "correct-horse-battery" }, false).ok) failures.push("the wrong field under protocol 3");
  if (auth.scopes(false).some((scope) => scope === "operator.admin" || scope === "operator.pairing")) failures.push("admin from afar");
  return failures;
}

describe("[I.6] the comparison", () => {
  it("[I.6] knows the secret from everything near it, and never gives admin from afar", () => {
    expect(compareFailures(createSharedAuth)).toEqual([]);
  });

  it.each([
    { name: "compares a prefix", from: "timingSafeEqual(wanted, digest(text))", to: "\"correct-horse-battery\".startsWith(text)" },
    { name: "gives everything to everybody", from: ".filter((scope) => local || remoteScopes.has(scope))", to: "" },
  ])("[I.6] the check sees a mutant that $name", async ({ name, from, to }) => {
    const mutant = await importMutant<{ createSharedAuth: typeof createSharedAuth }>({ name, file: "src/gateway/shared-auth.ts", from, to });
    expect(compareFailures(mutant.createSharedAuth).length).toBeGreaterThan(0);
  }, 60_000);
});

type Failures = typeof createAuthFailures;

async function lockedFromAfar(create: Failures): Promise<number[]> {
  const clock = createFakeClock();
  const failures = create({ clock, limit: () => 5 });
  for (let n = 0; n < 4; n++) failures.failed("a", "shared", false);
  expect(failures.lockedMs("a", "shared", false), "below the limit").toBe(0);
  const locks: number[] = [];
  for (let n = 0; n < 12; n++) {
    failures.failed("a", "shared", false);
    locks.push(failures.lockedMs("a", "shared", false));
    await clock.advance(locks.at(-1) ?? 0);
  }
  expect(locks.slice(0, 4), "locks").toEqual([1_000, 2_000, 4_000, 8_000]);
  expect(Math.max(...locks), "the longest").toBe(300_000);
  expect(failures.lockedMs("b", "shared", false), "another address").toBe(0);
  expect(failures.lockedMs("a", "device-token", false), "another credential").toBe(0);
  await clock.advance(600_000);
  failures.failed("a", "shared", false);
  expect(failures.lockedMs("a", "shared", false), "later").toBe(0);
  return locks;
}

async function delayedHere(create: Failures): Promise<number[]> {
  const failures = create({ clock: createFakeClock(), limit: () => 3 });
  const delays = Array.from({ length: 12 }, () => failures.failed("127.0.0.1", "shared", true));
  expect(failures.lockedMs("127.0.0.1", "shared", true), "locked").toBe(0);
  expect(delays.slice(0, 5), "delays").toEqual([0, 0, 100, 200, 400]);
  expect(Math.max(...delays), "the longest").toBe(5_000);
  for (let n = 0; n < 20_000; n++) failures.failed(`10.0.${n >> 8}.${n & 255}`, "shared", false);
  expect(failures.failed("127.0.0.1", "shared", true), "after 20,000 others").toBe(0);
  return delays;
}

describe("[I.23] failures", () => {
  it("[I.23] from afar lock their address out for longer and longer, others not", async () => {
    console.log(`[I.23] locks ${(await lockedFromAfar(createAuthFailures)).join(" ")} ms`);
  });

  it("[I.23] on this machine only delay, up to a bound, and addresses are forgotten", async () => {
    console.log(`[I.23] delays ${(await delayedHere(createAuthFailures)).join(" ")} ms`);
  });

  it.each([
    { name: "locks nobody out", from: "track.lockedUntil = now + lockMs;", to: "", check: lockedFromAfar, says: /locks/ },
    { name: "locks for no longer each time", from: "const factor = 2 ** Math.min(over, 20);", to: "const factor = 1;", check: lockedFromAfar, says: /locks/ },
    { name: "counts all addresses as one", from: "const track = trackOf(`${kind}|${addressKey}`);", to: "const track = trackOf(`${kind}|`);", check: lockedFromAfar, says: /locks/ },
    { name: "locks this machine out", from: "if (local) return Math.min(firstDelayMs * factor, longestDelayMs);", to: "", check: delayedHere, says: /delays/ },
    { name: "delays without a bound", from: "Math.min(firstDelayMs * factor, longestDelayMs)", to: "firstDelayMs * factor", check: delayedHere, says: /the longest/ },
    { name: "remembers every address", from: "if (tracks.size > maxTracked) {", to: "if (tracks.size > Infinity) {", check: delayedHere, says: /after 20,000 others/ },
  ])("[I.23] the check sees a mutant that $name", async ({ check, says, ...mutation }) => {
    expect(await verdictOn<{ createAuthFailures: Failures }>({ file: "src/gateway/auth-failures.ts", ...mutation }, ({ createAuthFailures: mutated }) => check(mutated))).toMatch(says);
  });
});

describe("identity from the transport", () => {
  const asTailscale = { "x-forwarded-for": "100.64.0.7", "x-forwarded-proto": "https", "x-forwarded-host": "box.tail.ts.net", "tailscale-user-login": "Owner@example.com", host: "box.tail.ts.net" };
  const tailscale = (whois: (address: string) => Promise<string | undefined>) => startKit({ gatewayConfig: { tailscale: { mode: "serve" } }, whois });

  it("[rpc.auth.tailscale] a login counts when tailscaled says the same of the address", async () => {
    const asked: string[] = [];
    const kit = await tailscale(async (address) => {
      asked.push(address);
      return "owner@example.com";
    });
    const wire = await dial(kit, { auth: null, scopes: ["operator.admin"] }, { headers: asTailscale });
    expect(helloOf(wire).auth.scopes).toEqual(["operator.read", "operator.write"]);
    expect(asked).toEqual(["100.64.0.7"]);
    const models = await fetch(`${kit.gateway.url}/v1/models`, { headers: { ...asTailscale, host: "localhost" } });
    expect([200, 403]).toContain(models.status);
    wire.close();
    await kit.close();
  });

  it("[rpc.auth.tailscale] the header alone is worth nothing", async () => {
    const cases: [whois: string | undefined, headers: Record<string, string>, code: string][] = [
      ["other@example.com", asTailscale, "AUTH_TAILSCALE_IDENTITY_MISMATCH"],
      [undefined, asTailscale, "AUTH_TAILSCALE_WHOIS_FAILED"],
      ["owner@example.com", { "x-forwarded-for": "100.64.0.7", host: "box.tail.ts.net", "tailscale-user-login": "owner@example.com" }, "AUTH_TAILSCALE_PROXY_MISSING"],
      ["owner@example.com", { "x-forwarded-for": "100.64.0.7", host: "box.tail.ts.net" }, "AUTH_TAILSCALE_IDENTITY_MISSING"],
    ];
    for (const [whois, headers, code] of cases) {
      const kit = await tailscale(async () => whois);
      const wire = new Wire(kit.url, { headers });
      const answer = await wire.connect({ device: makeDevice(), auth: null });
      expect(answer.error?.details?.code).toBe(code);
      await kit.close();
    }
    const off = await startKit();
    await expect(new Wire(off.url, { headers: asTailscale }).opened()).rejects.toThrow("HTTP 421");
    await off.close();
  }, 30_000);

  const proxied = (): Promise<Kit> => startKit({ gatewayConfig: { auth: { mode: "trusted-proxy", trustedProxy: { userHeader: "x-user", allowUsers: ["ann"] } }, trustedProxies: ["127.0.0.1"] } });

  it("[rpc.auth.trusted-proxy] lets in the users that are named, and says why it does not", async () => {
    const kit = await proxied();
    const through = (headers: Record<string, string>) => new Wire(kit.url, { headers: { "x-forwarded-for": "203.0.113.7", ...headers } }).connect({ auth: null, scopes: ["operator.admin"] });
    const good = await through({ "x-user": "ann" });
    expect(good.payload).toMatchObject({ auth: { scopes: ["operator.read", "operator.write"] } });
    expect((await through({ "x-user": "bob" })).error?.details?.code).toBe("AUTH_VERIFIED_USER_REQUIRED");
    expect((await through({})).error?.details?.code).toBe("AUTH_IDENTITY_HEADER_REQUIRED");
    await kit.close();
  });
});
