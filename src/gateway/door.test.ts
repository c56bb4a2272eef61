// The door by table: host names, origins, proxies, what is local. Then the same over a real listener.
import { request as httpRequest } from "node:http";
import { connect as connectTcp, type Socket } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { dial, kitToken, startKit, Wire, type Kit } from "../../test/fixtures/gateway-kit.ts";
import { verdictOnKit } from "../../test/fixtures/mutant-kit.ts";
import { importMutant } from "../../test/fixtures/mutant-module.ts";
import { addressKey, admit, hostNameOf, plainAddress, proxyMatcher, type DoorRules, type Knock } from "./door.ts";
import { withDefaults } from "../config/defaults.ts";
import type { ConfigDocument } from "../config/schema.ts";
import { checkListening, doorRules, planListening, type GatewaySection, type Machine } from "./listen-plan.ts";

const machine: Machine = { hostName: "box", addresses: [{ address: "192.168.1.5", family: 4, internal: false }, { address: "100.101.102.103", family: 4, internal: false }, { address: "fe80::1%eth0", family: 6, internal: false }] };

function section(gateway: NonNullable<ConfigDocument["gateway"]> = {}): GatewaySection {
  return withDefaults({ gateway }).gateway;
}

function rules(change: Partial<DoorRules> = {}): DoorRules {
  return { ...doorRules(section(), machine, { port: 18789, secure: false, hosts: ["127.0.0.1", "::1"] }), ...change };
}

function knock(headers: Record<string, string>, change: Partial<Knock> = {}): Knock {
  return { headers: { host: "127.0.0.1:18789", ...headers }, socketAddress: "127.0.0.1", encrypted: false, ...change };
}

const hosts: [host: string, ok: boolean][] = [
  ["127.0.0.1:18789", true], ["localhost:18789", true], ["[::1]:18789", true], ["LOCALHOST", true], ["127.0.0.1", true], ["localhost:80", true],
  ["evil.example", false], ["127.0.0.1.evil.example", false], ["localhost.evil.example:18789", false], ["", false], ["127.0.0.1:18789:1", false], ["127.0.0.2", false], ["[::2]", false], ["::1", false],
  ["localhost@evil.example", false], ["localhost evil", false], ["0.0.0.0", false], ["192.168.1.5", false], ["box", false], ["x.ts.net", false], ["[::ffff:127.0.0.1]", false],
];
const origins: [origin: string, ok: boolean][] = [
  ["http://127.0.0.1:18789", true], ["http://localhost:18789", true], ["http://[::1]:18789", true], ["HTTP://LOCALHOST:18789", true],
  ["null", false], ["https://127.0.0.1:18789", false], ["http://127.0.0.1:18790", false], ["http://127.0.0.1", false], ["http://evil.example", false], ["http://evil.example:18789", false], ["http://localhost:18789.evil.example", false],
  ["file://", false], ["", false], ["http://localhost:18789/", false], ["http://user@localhost:18789", false], ["chrome-extension://abc", false],
];

/** What the door does wrong, by the tables above. */
function doorFailures(check: typeof admit): string[] {
  const failures: string[] = [];
  for (const [host, ok] of hosts) {
    for (const origin of [undefined, "http://127.0.0.1:18789", "http://evil.example"]) {
      const result = check(knock({ host, ...(origin === undefined ? {} : { origin }) }), rules());
      const expected = ok && origin !== "http://evil.example";
      if (result.ok !== expected) failures.push(`host ${host}, origin ${origin}: ${result.ok}`);
      if (!ok && !result.ok && result.status !== 421) failures.push(`host ${host}: ${result.status}`);
    }
  }
  for (const [origin, ok] of origins) {
    const result = check(knock({ origin }), rules());
    if (result.ok !== ok) failures.push(`origin ${origin}: ${result.ok}`);
  }
  return failures;
}

describe("the table", () => {
  it("[I.4] serves the *.ts.net name of tailscale serve without further settings, and no page of another name", () => {
    const served = rules(doorRules(section({ tailscale: { mode: "serve" } }), machine, { port: 18789, secure: false, hosts: ["127.0.0.1"] }));
    const proxied = { host: "box.tail1.ts.net", "x-forwarded-for": "100.64.0.9", "x-forwarded-proto": "https", "x-forwarded-host": "box.tail1.ts.net" };
    const cases: [headers: Record<string, string>, ok: boolean][] = [
      [proxied, true],
      [{ ...proxied, origin: "https://box.tail1.ts.net" }, true],
      [{ ...proxied, origin: "https://BOX.tail1.ts.net" }, true],
      [{ ...proxied, origin: "https://other.tail1.ts.net" }, false],
      [{ ...proxied, origin: "http://box.tail1.ts.net" }, false],
      [{ ...proxied, origin: "https://box.tail1.ts.net:8443" }, false],
      [{ ...proxied, origin: "null" }, false],
      [{ ...proxied, "x-forwarded-proto": "http", origin: "https://box.tail1.ts.net" }, false],
      [{ host: "box.tail1.ts.net", origin: "https://box.tail1.ts.net" }, false],
    ];
    for (const [headers, ok] of cases) expect([headers, admit(knock(headers), served).ok]).toEqual([headers, ok]);
    const open = admit(knock({ ...proxied, origin: "https://box.tail1.ts.net" }), served);
    expect(open).toMatchObject({ ok: true, peer: { local: false, viaProxy: true, secure: true, address: "100.64.0.9" } });
    // Off: neither the name nor the origin.
    expect(admit(knock({ ...proxied, origin: "https://box.tail1.ts.net" }), rules()).ok).toBe(false);
    console.log(`[I.4] ${cases.length} knocks through tailscale serve`);
  });

  it("[I.3] [I.4] lets in our names and exact origins and nothing else", () => {
    expect(doorFailures(admit)).toEqual([]);
    console.log(`[I.3] ${hosts.length * 3} hosts, [I.4] ${origins.length} origins`);
  });

  it.each([
    { name: "skips the host check", from: "if (hostName === undefined || !(rules.hosts.has(hostName)", to: "if (hostName === undefined || !(true || rules.hosts.has(hostName)" },
    { name: "skips the origin check", from: "if (origin !== undefined && !rules.origins.has(origin.toLowerCase())", to: "if (origin === \"never\" && !rules.origins.has(origin.toLowerCase())" },
    { name: "takes any port of a host for its origin", from: "!rules.origins.has(origin.toLowerCase())", to: "![...rules.origins].some((one) => origin.toLowerCase().startsWith(one.slice(0, 12)))" },
  ])("[I.3] [I.4] the table sees a mutant that $name", async ({ name, from, to }) => {
    const mutant = await importMutant<{ admit: typeof admit }>({ name, file: "src/gateway/door.ts", from, to });
    expect(doorFailures(mutant.admit).length).toBeGreaterThan(0);
  }, 60_000);

  it("configured names and origins are added, allowed origins are no names of ours", () => {
    const own = rules(doorRules(section({ publicOrigins: ["https://assistant.example"], controlUi: { allowedOrigins: ["http://localhost:5173"] } }), machine, { port: 18789, secure: false, hosts: ["127.0.0.1"] }));
    expect(admit(knock({ host: "assistant.example", origin: "https://assistant.example" }), own).ok).toBe(true);
    expect(admit(knock({ origin: "http://localhost:5173" }), own).ok).toBe(true);
    expect(admit(knock({ origin: "http://localhost:5174" }), own).ok).toBe(false);
  });

  it("[rpc.trap.local] local is loopback, by a local name, without proxy headers", () => {
    const peer = (headers: Record<string, string>, change: Partial<Knock> = {}, own: DoorRules = rules()) => {
      const result = admit(knock(headers, change), own);
      return result.ok ? result.peer.local : result.type;
    };
    const proxied = rules({ isTrustedProxy: proxyMatcher(["10.0.0.9", "10.1.0.0/16", "127.0.0.1"]) });
    expect(peer({})).toBe(true);
    expect(peer({ host: "[::1]:18789" }, { socketAddress: "::ffff:127.0.0.1" })).toBe(true);
    expect(peer({ "x-forwarded-for": "127.0.0.1" })).toBe("proxy_attribution_required");
    expect(peer({ "x-real-ip": "127.0.0.1" })).toBe("proxy_attribution_required");
    expect(peer({ forwarded: "for=127.0.0.1" })).toBe("proxy_attribution_required");
    expect(peer({ "x-forwarded-for": "127.0.0.1" }, {}, proxied)).toBe(false);
    expect(peer({ "x-forwarded-for": "203.0.113.7" }, { socketAddress: "10.1.2.3" }, proxied)).toBe(false);
    expect(peer({}, { socketAddress: "192.168.1.77" })).toBe("tls_required");
    expect(peer({}, { socketAddress: "192.168.1.77", encrypted: true })).toBe(false);
  });

  it("takes the client's address from the proxy's own entry, not from what the client claims", () => {
    const proxied = rules({ isTrustedProxy: proxyMatcher(["10.0.0.9"]) });
    const address = (chain: string) => {
      const result = admit(knock({ "x-forwarded-for": chain }, { socketAddress: "10.0.0.9" }), proxied);
      return result.ok ? result.peer.address : result.type;
    };
    expect(address("203.0.113.7")).toBe("203.0.113.7");
    expect(address("127.0.0.1, 203.0.113.7")).toBe("203.0.113.7");
    expect(address("203.0.113.7, 10.0.0.9")).toBe("203.0.113.7");
    expect(address("nonsense")).toBe("proxy_attribution_required");
  });

  it("reads names and addresses in all their spellings", () => {
    expect(hostNameOf("[::1]:1")).toBe("[::1]");
    expect(hostNameOf(undefined)).toBeUndefined();
    expect(plainAddress("::ffff:10.0.0.1")).toBe("10.0.0.1");
    expect(plainAddress("fe80::1%eth0")).toBe("fe80::1");
    expect(addressKey("2001:db8:1:2:3:4:5:6")).toBe(addressKey("2001:db8:1:2:ffff::1"));
    expect(addressKey("2001:db8:1:2::1")).not.toBe(addressKey("2001:db8:1:3::1"));
    expect(addressKey("::1")).toBe("::1");
  });
});

describe("[I.1] where to listen", () => {
  it("[I.1] loopback unless the way is protected", () => {
    expect(planListening(section(), machine).hosts.map((host) => host.address)).toEqual(["127.0.0.1", "::1"]);
    for (const gateway of [{ bind: "lan" }, { bind: "tailnet" }, { bind: "custom", customBindHost: "192.168.1.5" }, { bind: "custom", customBindHost: "0.0.0.0" }] as const) {
      expect(() => planListening(section(gateway), machine)).toThrow(/needs TLS or a trusted proxy/);
      expect(planListening(section({ ...gateway, tls: { enabled: true } }), machine).secure).toBe(true);
      expect(planListening(section({ ...gateway, trustedProxies: ["10.0.0.9"] }), machine).hosts.length).toBeGreaterThan(0);
    }
    expect(planListening(section({ bind: "custom", customBindHost: "127.0.0.1" }), machine).hosts).toEqual([{ address: "127.0.0.1", optional: false }]);
    console.log("[I.1] 14 plans");
  });

  it("[I.1] a change must suit the next start, with its options and without, and what listens until then", () => {
    const check = (next: Parameters<typeof section>[0], running: Parameters<typeof section>[0] = {}, options: Parameters<typeof planListening>[2] = {}) =>
      checkListening(section(next), machine, { plan: planListening(section(running), machine, options), options });
    const [tls, trustedProxies] = [{ enabled: true }, ["10.0.0.9"]];
    expect(() => check({ bind: "lan" })).toThrow("bind lan needs TLS or a trusted proxy");
    expect(() => check({ bind: "lan" }, {}, { bind: "loopback" })).toThrow("bind lan needs TLS or a trusted proxy");
    expect(() => check({}, { tls }, { bind: "lan" })).toThrow("bind lan needs TLS or a trusted proxy");
    expect(() => check({ bind: "custom" })).toThrow("customBindHost is empty");
    check({ bind: "lan", tls });
    check({ bind: "loopback" }, { bind: "lan", tls });
    // What runs has no TLS before its next start.
    expect(() => check({ bind: "lan", tls }, { bind: "lan", trustedProxies })).toThrow(expect.objectContaining({ code: "gateway.unsafe-bind", next: expect.stringContaining("restart first") as unknown }));
    expect(() => check({ bind: "loopback" }, { bind: "lan", trustedProxies })).toThrow("needs TLS or a trusted proxy");
    check({ bind: "lan", tls, trustedProxies }, { bind: "lan", trustedProxies });
  });
});

describe("over a real listener", () => {
  let kit: Kit;
  beforeAll(async () => {
    kit = await startKit();
  });
  afterAll(() => kit.close());

  const get = (path: string, headers: Record<string, string>, method = "GET") =>
    new Promise<{ status: number; body: string }>((done, fail) => {
      const request = httpRequest({ host: "127.0.0.1", port: kit.gateway.port, path, method, headers }, (response) => {
        let body = "";
        response.on("data", (part: Buffer) => (body += part.toString()));
        response.on("end", () => done({ status: response.statusCode ?? 0, body }));
      });
      request.on("error", fail);
      request.end();
    });
  const upgradeStatus = (headers: Record<string, string>) =>
    {
      const wire = new Wire(kit.url, { headers });
      const outcome = wire.opened().then(() => "open", (error: Error) => error.message);
      return outcome.finally(() => wire.close());
    };

  it("[I.1] a fresh start listens on loopback only", () => {
    expect([...kit.gateway.hosts].every((host) => host === "127.0.0.1" || host === "::1")).toBe(true);
  });

  it("[I.3] refuses a rebinding host with 421 on every route and on upgrade, with and without an origin", async () => {
    const host = `rebound.example:${kit.gateway.port}`;
    for (const path of ["/", "/health", "/ready", "/v1/models", "/api/signin/redeem", "/nowhere"]) {
      for (const origin of [undefined, kit.gateway.url, `http://${host}`]) {
        expect((await get(path, { host, ...(origin === undefined ? {} : { origin }) })).status).toBe(421);
      }
    }
    expect(await upgradeStatus({ host })).toBe("HTTP 421");
    expect(await upgradeStatus({ host, origin: kit.gateway.url })).toBe("HTTP 421");
  });

  it("[I.4] refuses foreign, other-port and null origins on every route and on upgrade", async () => {
    for (const origin of ["http://evil.example", `http://127.0.0.1:${kit.gateway.port + 1}`, "null", kit.gateway.url.replace("http", "https")]) {
      for (const path of ["/", "/health", "/v1/models", "/nowhere"]) expect((await get(path, { origin })).status).toBe(403);
      expect((await get("/v1/chat/completions", { origin, authorization: `Bearer ${kitToken}` }, "POST")).status).toBe(403);
      expect(await upgradeStatus({ origin })).toBe("HTTP 403");
    }
    expect(await upgradeStatus({ origin: kit.gateway.url })).toBe("open");
    expect((await get("/health", { origin: kit.gateway.url })).status).toBe(200);
  });

  it("[rpc.http.proxy-attribution] refuses proxy headers of an unknown peer with 403 and says why", async () => {
    const answer = await get("/health", { "x-forwarded-for": "203.0.113.7" });
    expect(answer.status).toBe(403);
    expect(JSON.parse(answer.body)).toMatchObject({ error: { type: "proxy_attribution_required" } });
    expect(await upgradeStatus({ "x-forwarded-for": "203.0.113.7" })).toBe("HTTP 403");
  });

  it("[rpc.http.probes] tells that it lives and that it can write, without a sign-in", async () => {
    expect(JSON.parse((await get("/health", {})).body)).toEqual({ ok: true, status: "live" });
    expect(JSON.parse((await get("/readyz", {})).body)).toMatchObject({ ready: true, failing: [] });
    expect((await get("/health", {}, "POST")).status).toBe(405);
    expect((await get("/health", {}, "HEAD")).body).toBe("");
  });

  const strictHeaders = async (on: Kit) => {
    const paths = ["/", "/health", "/v1/models"];
    for (const path of paths) {
      const response = await fetch(`${on.gateway.url}${path}`);
      await response.arrayBuffer();
      expect(response.headers.get("x-content-type-options"), path).toBe("nosniff");
      expect(response.headers.get("x-frame-options"), path).toBe("DENY");
      expect(response.headers.get("referrer-policy"), path).toBe("no-referrer");
      const policy = response.headers.get("content-security-policy") ?? "";
      expect(policy, path).toContain("default-src 'none'");
      expect(policy, path).toContain("frame-ancestors 'none'");
      expect(policy, path).not.toMatch(/unsafe-inline|unsafe-eval|\*/);
    }
    return paths.length;
  };

  it("[I.21] sends the strict headers with every answer", async () => {
    console.log(`[I.21] ${await strictHeaders(kit)} answers`);
  });

  it.each([
    { name: "leaves the headers out", file: "src/gateway/http/router.ts", from: "for (const [name, value] of Object.entries(apiHeaders)) response.setHeader(name, value);", to: "", says: /to be 'nosniff'/ },
    { name: "lets itself be framed", file: "src/gateway/http/headers.ts", from: '"x-frame-options": "DENY",', to: "", says: /'DENY'/ },
  ])("[I.21] the check sees a gateway that $name", async ({ says, ...mutation }) => {
    expect(await verdictOnKit(mutation, {}, strictHeaders)).toMatch(says);
  });

  it("paths outside the built page lead nowhere", async () => {
    for (const path of ["/../package.json", "/..%2fpackage.json", "/%2e%2e/package.json", "/assets/../../openclaw.mjs", "/.git/config", "/assets//x.js", "/a%00.js"]) expect((await get(path, {})).body).not.toMatch(/"name": "openclaw"|\[core\]/);
  });

  it("a request that is no HTTP ends its socket and nothing else", async () => {
    const socket = connectTcp(kit.gateway.port, "127.0.0.1");
    socket.end("\u0000\u0001 nonsense\r\n\r\n");
    await new Promise((done) => socket.on("close", done).on("error", () => undefined).resume());
    (await dial(kit)).close();
  });
});

describe("[I.23] a flood of strangers", () => {
  const narrow = { gatewayConfig: { limits: { preAuthPerAddress: 16, preAuthTotal: 32 } } };

  const capped = async (on: Kit) => {
    const known = await dial(on, { scopes: ["operator.read"] });
    const strangers = Array.from({ length: 40 }, () => new Wire(on.url));
    const outcomes = await Promise.all(strangers.map((wire) => wire.opened().then(() => "open" as const, () => "refused" as const)));
    const open = outcomes.filter((outcome) => outcome === "open").length;
    const answers = await Promise.all(Array.from({ length: 20 }, () => known.ask("health")));
    for (const wire of strangers) wire.close();
    expect(open, "strangers inside").toBeLessThanOrEqual(16);
    expect(open).toBeGreaterThan(0);
    expect(answers.filter((answer) => !answer.ok)).toEqual([]);
    await expect.poll(async () => (await fetch(`${on.gateway.url}/health`)).status).toBe(200);
    (await dial(on)).close();
    known.close();
    return open;
  };

  it("[I.23] finds a cap per address, while who signed in is served", async () => {
    const kit = await startKit(narrow);
    const open = await capped(kit);
    await kit.close();
    console.log(`[I.23] 40 strangers, ${open} let wait, the others refused at once`);
  });

  /** Each asks once without a secret and then keeps its socket, or leaves the answer unread. */
  const capsHttp = async (on: Kit) => {
    /** One after another, each when the one before was answered. */
    const opened = async (count: number, request: (n: number) => string): Promise<Socket[]> => {
      const sockets: Socket[] = [];
      for (let n = 0; n < count; n++) {
        const socket = connectTcp(on.gateway.port, "127.0.0.1").on("error", () => undefined);
        sockets.push(socket);
        socket.write(`${request(n)}\r\n\r\n`);
        await new Promise<void>((done) => socket.once("data", () => done()).once("close", () => done()));
      }
      return sockets;
    };
    const open = (sockets: Socket[]) => sockets.filter((socket) => !socket.closed && socket.readyState === "open").length;
    const strangers = await opened(40, (n) => `GET /${n % 2 === 0 ? "healthz" : "no-such-page"} HTTP/1.1\r\nHost: 127.0.0.1`);
    await expect.poll(() => open(strangers), { message: "strangers' idle sockets" }).toBeLessThanOrEqual(16);
    const held = open(strangers);
    (await dial(on)).close();
    for (const socket of strangers) socket.destroy();
    // Who signs in is no stranger: more of them than the cap are kept.
    const known = await opened(24, () => `GET /v1/models HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${kitToken}`);
    await (await dial(on)).ask("health");
    expect(open(known), "sockets of who signed in").toBe(24);
    for (const socket of known) socket.destroy();
    return held;
  };

  it("[I.23] over HTTP finds the same cap: an idle socket of a stranger keeps its place", async () => {
    const kit = await startKit(narrow);
    console.log(`[I.23] 40 requests of strangers, ${await capsHttp(kit)} sockets kept`);
    await kit.close();
  });

  /** Refused at the door, they hang up as little as they can. */
  const lingering = async (on: Kit, request: string) => {
    const sockets: Socket[] = [];
    for (let n = 0; n < 20; n++) {
      const socket = connectTcp({ port: on.gateway.port, host: "127.0.0.1", allowHalfOpen: true }).on("error", () => undefined);
      sockets.push(socket);
      socket.write(request);
      await new Promise<void>((done) => socket.once("data", () => done()).once("close", () => done()));
    }
    // Only a write tells a half-closed side that the other one is gone.
    const gone = async () => {
      for (const socket of sockets) if (!socket.destroyed) socket.write("x");
      await new Promise((done) => setTimeout(done, 20));
      return sockets.filter((socket) => socket.destroyed).length;
    };
    try {
      await expect.poll(gone, { message: "sockets the gateway let go", timeout: 5_000 }).toBe(20);
    } finally {
      for (const socket of sockets) socket.destroy();
    }
  };
  const refusedUpgrade = "GET / HTTP/1.1\r\nHost: evil.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n";

  it.each([["an upgrade under a foreign name", refusedUpgrade], ["something that is no HTTP", "NONSENSE\r\n\r\n"]])("[I.23] %s is closed both ways, whether the other side hangs up or not", async (_name, request) => {
    const kit = await startKit(narrow);
    await lingering(kit, request);
    await kit.close();
  });

  it("[I.23] the check sees a gateway that waits for the other side to hang up", async () => {
    const mutation = { name: "waits", file: "src/gateway/server.ts", from: "socket.end(text, () => socket.destroy());", to: "socket.end(text, () => setTimeout(() => socket.destroy(), 8_000));" };
    expect(await verdictOnKit(mutation, narrow, (on) => lingering(on, refusedUpgrade))).toMatch(/let go/);
  }, 30_000);

  it("[I.23] the check sees a gateway that takes any request for a known one", async () => {
    const mutation = { name: "any request", file: "src/gateway/server.ts", from: "    const admission = admitted(deps, request);\n    if (!admission.ok) return refuseRequest", to: "    leave(socket);\n    const admission = admitted(deps, request);\n    if (!admission.ok) return refuseRequest" };
    expect(await verdictOnKit(mutation, narrow, capsHttp)).toMatch(/idle sockets/);
  }, 30_000);

  it.each([
    { name: "has no cap", from: "if (held >= perAddress || total >= most) return undefined;", to: "" },
    { name: "caps the whole only", from: "if (held >= perAddress || total >= most)", to: "if (total >= most)" },
  ])("[I.23] the check sees a gateway that $name", async (mutation) => {
    expect(await verdictOnKit({ file: "src/gateway/pre-auth.ts", ...mutation }, narrow, capped)).toMatch(/strangers inside/);
  });
});
