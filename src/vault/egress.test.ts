import { createServer as createTlsServer } from "node:https";
import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import { afterEach, describe, expect, it } from "vitest";
import { systemClock } from "../base/clock.ts";
import { Fault } from "../base/faults.ts";
import { importMutant } from "../../test/fixtures/mutant-module.ts";
import type { Mutation } from "../../test/fixtures/mutant.ts";
import { addressProblem } from "./addresses.ts";
import type * as EgressModule from "./egress.ts";
import { createEgress, type Egress, type EgressRequest } from "./egress.ts";

const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

async function serve(handler: RequestListener, tls?: { key: string; cert: string }): Promise<{ port: number; seen: IncomingMessage[] }> {
  const seen: IncomingMessage[] = [];
  const listener: RequestListener = (request, response) => {
    seen.push(request);
    handler(request, response);
  };
  const server = tls ? createTlsServer(tls, listener) : createServer(listener);
  servers.push(server);
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  return { port: (server.address() as AddressInfo).port, seen };
}

const never = new AbortController().signal;
const system = createEgress({ clock: systemClock });
const ask = (url: string, more: Partial<EgressRequest> = {}, egress = system, signal = never) => egress.fetch({ url, maxBytes: 100_000, timeoutMs: 5_000, ...more }, signal);
const outcome = async (work: Promise<unknown>): Promise<string> => work.then(() => "answered", (error: unknown) => (error instanceof Fault ? `${error.code}: ${error.message}` : `error: ${String(error)}`));

/** Ways to write an address that is not the public Internet. */
const spellings = [
  ..."127.0.0.1 127.1 127.0.1 2130706433 0x7f000001 0x7f.1 0x7f.0x0.0x0.0x1 0177.0.0.1 017700000001 127.000.000.001 127.0.0.1. 127.255.255.254 0 0.0.0.0 00000000.0 0x0 localhost localhost. LOCALHOST a.localhost".split(" "),
  ..."10.0.0.1 10.255.255.255 172.16.0.1 172.31.255.255 192.168.0.1 192.168.1.254 3232235777 169.254.169.254 2852039166 0xa9fea9fe 0251.0376.0251.0376 169.254.0.1 100.64.0.1 100.127.255.255 100.100.100.200".split(" "),
  ..."192.0.0.1 192.0.0.170 192.0.2.1 192.88.99.1 198.18.0.1 198.19.255.255 198.51.100.7 203.0.113.9 224.0.0.1 239.255.255.250 240.0.0.1 255.255.255.255 4294967295".split(" "),
  ..."[::] [::1] [0:0:0:0:0:0:0:1] [0000::0001] [::ffff:127.0.0.1] [::ffff:7f00:1] [::ffff:10.0.0.1] [::ffff:169.254.169.254] [::127.0.0.1] [::7f00:1] [::ffff:0:127.0.0.1] [64:ff9b::127.0.0.1] [64:ff9b::a9fe:a9fe] [64:ff9b:1::1]".split(" "),
  ..."[2002:7f00:1::] [2002:a00:1::1] [2001::1] [2001:0:7f00:1::] [2001:db8::1] [2001:2::1] [2001:10::1] [2001:20::1] [fc00::1] [fd12:3456::1] [fe80::1] [febf::1] [fec0::1] [ff02::1] [ff05::c] [100::1] [3fff::1] [5f00::1] [4000::1] [::2]".split(" "),
  ..."①②⑦.⓪.⓪.① 127。0。0。1 127%2e0%2e0%2e1 １２７.0.0.1".split(" "),
];

describe("egress: where a request may lead", () => {
  it("[I.17] refuses every spelling of an address that is not public, and every scheme but http and https", async () => {
    let cases = 0;
    for (const spelling of spellings) {
      for (const url of [`http://${spelling}/`, `https://${spelling}:8443/x?y`]) {
        expect(await outcome(ask(url)), url).toMatch(/^egress\.blocked: /);
        cases++;
      }
    }
    for (const url of ["file:///etc/passwd", "ftp://8.8.8.8/", "gopher://8.8.8.8:70/_x", "data:text/plain,x", "javascript:1", "ws://8.8.8.8/", "//8.8.8.8/", "http://", "http://user:word@8.8.8.8/", "http://8.8.8.8:25/", "http://[fe80::1%25eth0]/", "http://256.256.256.256/", "http://./", ""]) {
      expect(await outcome(ask(url)), url).toMatch(/^egress\.blocked: /);
      cases++;
    }
    console.log(`[I.17] ${cases} addresses refused`);
    expect(spellings.length).toBeGreaterThanOrEqual(60);
  });

  it("lets public addresses pass the check", () => {
    for (const address of ["8.8.8.8", "1.1.1.1", "93.184.216.34", "2606:4700::1111", "2a00:1450:4001::64", "::ffff:8.8.8.8"]) expect(addressProblem(address, false)).toBeUndefined();
  });

  it("[I.17] refuses a name when any of its addresses is not public", async () => {
    const answers = [["127.0.0.1"], ["8.8.8.8", "10.0.0.1"], ["::1", "2606:4700::1111"], ["2606:4700::1111", "::ffff:192.168.0.1"], ["fe80::1"]];
    for (const addresses of answers) {
      const egress = createEgress({ clock: systemClock, lookup: async () => addresses.map((address) => ({ address, family: 0 })) });
      expect(await outcome(ask("http://innocent.example/", {}, egress)), String(addresses)).toMatch(/^egress\.blocked: /);
    }
    console.log(`[I.17] ${answers.length} answers of a resolver refused`);
  });

  it("[I.17] resolves a name once and connects to that address only, so rebinding gains nothing", async () => {
    const answered: unknown[] = [];
    const { port, seen } = await serve((request, response) => {
      answered.push(request.socket.localAddress);
      response.end("inside");
    });
    let lookups = 0;
    // First answer: allowed (granted); every later one would be what the attacker wants.
    const egress = createEgress({ clock: systemClock, lookup: async () => [{ address: lookups++ === 0 ? "127.0.0.1" : "127.0.0.2", family: 4 }] });
    const answer = await ask(`http://rebind.example:${port}/`, { allowPrivate: [`rebind.example:${port}`] }, egress);
    expect([lookups, answered[0], seen[0]?.headers.host]).toEqual([1, "127.0.0.1", `rebind.example:${port}`]);
    expect(Buffer.from(answer.body).toString()).toBe("inside");
  });

  it("[I.17] grants private addresses by exact host and port and nothing beside them", async () => {
    const { port } = await serve((_, response) => void response.end("ok"));
    expect(await outcome(ask(`http://127.0.0.1:${port}/`, { allowPrivate: [`127.0.0.1:${port}`] }))).toBe("answered");
    expect(await outcome(ask(`http://2130706433:${port}/`, { allowPrivate: [`127.0.0.1:${port}`] }))).toBe("answered");
    for (const grant of [`127.0.0.1:${port + 1}`, "127.0.0.1", `127.0.0.2:${port}`, `*:${port}`, "*", `http://127.0.0.1:${port}`, `.0.0.1:${port}`, ""]) {
      expect(await outcome(ask(`http://127.0.0.1:${port}/`, { allowPrivate: [grant] })), grant).toMatch(/^egress\.blocked: /);
    }
    for (const host of ["0.0.0.0", "255.255.255.255", "224.0.0.1", "[::]", "[ff02::1]", "240.0.0.1"]) {
      expect(await outcome(ask(`http://${host}:${port}/`, { allowPrivate: [`${host}:${port}`] })), host).toMatch(/^egress\.blocked: /);
    }
  });

  it("[I.17] checks every redirect anew and follows at most five", async () => {
    const inner = await serve((_, response) => void response.end("secret"));
    const targets = [`http://127.0.0.1:${inner.port}/`, `http://[::ffff:7f00:1]:${inner.port}/`, "http://169.254.169.254/latest/meta-data/", "file:///etc/passwd", `http://localhost:${inner.port}/`, "http://user@127.0.0.1/", `//127.0.0.1:${inner.port}/`, "gopher://x/"];
    const outer = await serve((request, response) => {
      const step = Number(new URL(request.url ?? "/", "http://x").searchParams.get("n"));
      const last = new URL(request.url ?? "/", "http://x").searchParams.get("to");
      response.writeHead(302, { location: step > 0 ? `/?n=${step - 1}&to=${encodeURIComponent(last ?? "")}` : (last ?? "/") }).end();
    });
    const allowPrivate = [`127.0.0.1:${outer.port}`];
    for (const target of targets) {
      expect(await outcome(ask(`http://127.0.0.1:${outer.port}/?n=3&to=${encodeURIComponent(target)}`, { allowPrivate })), target).toMatch(/^egress\.blocked: /);
    }
    expect(inner.seen).toHaveLength(0);
    outer.seen.length = 0;
    expect(await outcome(ask(`http://127.0.0.1:${outer.port}/?n=9&to=x`, { allowPrivate }))).toMatch(/more than 5 redirects/);
    expect(outer.seen).toHaveLength(6);
    console.log(`[I.17] ${targets.length} redirect chains refused`);
  });

  it("[I.17] hangs up when another address answers than the one that was checked", async () => {
    const { port, seen } = await serve((_, response) => void response.end("inside"));
    const egress = createEgress({ clock: systemClock, peerOf: () => "127.0.0.9" });
    expect(await outcome(ask(`http://127.0.0.1:${port}/`, { allowPrivate: [`127.0.0.1:${port}`] }, egress))).toMatch(/another address answered/);
    expect(seen).toHaveLength(0);
  });

  it("catches seeded mutants: one skipped check each", async () => {
    const { port, seen } = await serve((request, response) => void (request.url === "/to" ? response.writeHead(302, { location: `http://localhost:${port}/inside` }).end() : response.end("inside")));
    const mutations: [Omit<Mutation, "file">, (egress: Egress) => Promise<unknown>][] = [
      [{ name: "no check of what a name resolves to", from: "if (problem !== undefined) throw fault", to: "if (problem !== undefined && literal !== undefined) throw fault" }, (egress) => ask(`http://innocent.example:${port}/`, {}, egress)],
      [{ name: "no check of literal addresses", from: "if (problem !== undefined) throw fault", to: "if (problem !== undefined && literal === undefined) throw fault" }, (egress) => ask(`http://127.0.0.1:${port}/`, {}, egress)],
      [{ name: "a redirect inherits the permission of the first host", from: "const to = destinationOf(hop.url, request.allowPrivate ?? []);", to: "const to = { ...destinationOf(hop.url, [...(request.allowPrivate ?? []), new URL(hop.url).host]) };" }, (egress) => ask(`http://127.0.0.1:${port}/to`, { allowPrivate: [`127.0.0.1:${port}`] }, egress)],
      [{ name: "whoever answers is right", from: 'canonicalAddress(peerOf(socket) ?? "") === canonicalAddress(address)', to: "socket" }, (egress) => ask(`http://127.0.0.1:${port}/`, { allowPrivate: [`127.0.0.1:${port}`] }, egress)],
    ];
    for (const [mutation, attack] of mutations) {
      const mutant = await importMutant<typeof EgressModule>({ ...mutation, file: "src/vault/egress.ts" });
      const deps = { clock: systemClock, lookup: async () => [{ address: "127.0.0.1", family: 4 }], ...(mutation.name.startsWith("whoever") ? { peerOf: () => "127.0.0.9" } : {}) };
      expect(await outcome(attack(createEgress(deps))), mutation.name).toMatch(/egress\.blocked/);
      seen.length = 0;
      expect(await outcome(attack(mutant.createEgress(deps))), mutation.name).toBe("answered");
      expect(seen.length).toBeGreaterThan(0);
    }
  });
});

describe("egress: what is sent and read", () => {
  it("drops secrets and body when a redirect leaves the origin, keeps them when it stays", async () => {
    const other = await serve((_, response) => void response.end("other"));
    const first = await serve((request, response) => {
      if (request.url === "/away") return void response.writeHead(302, { location: `http://127.0.0.1:${other.port}/` }).end();
      if (request.url === "/away-with-body") return void response.writeHead(307, { location: `http://127.0.0.1:${other.port}/` }).end();
      if (request.url === "/here") return void response.writeHead(307, { location: "/end" }).end();
      response.end("end");
    });
    const allowPrivate = [`127.0.0.1:${first.port}`, `127.0.0.1:${other.port}`];
    const headers = { "Authorization": "Bearer x", "X-Api-Key": "y", "Cookie": "z", "Accept": "text/html", "Host": "evil.example", "Content-Type": "text/plain" };
    await ask(`http://127.0.0.1:${first.port}/away`, { allowPrivate, method: "POST", headers, body: "secret" });
    expect(other.seen[0]).toMatchObject({ method: "GET", headers: { accept: "text/html", host: `127.0.0.1:${other.port}` } });
    for (const name of ["authorization", "x-api-key", "cookie", "content-type", "content-length"]) expect(other.seen[0]?.headers[name]).toBeUndefined();
    expect(await outcome(ask(`http://127.0.0.1:${first.port}/away-with-body`, { allowPrivate, method: "POST", headers, body: "secret" }))).toMatch(/^egress\.blocked/);
    await ask(`http://127.0.0.1:${first.port}/here`, { allowPrivate, method: "POST", headers, body: "secret" });
    expect(first.seen.at(-1)).toMatchObject({ url: "/end", method: "POST", headers: { authorization: "Bearer x", host: `127.0.0.1:${first.port}`, "content-length": "6" } });
  });

  it("cuts bodies at the limit, packed ones too, and never unpacks a bomb", async () => {
    const bomb = gzipSync(Buffer.alloc(200_000_000));
    const text = "word ".repeat(1_000);
    const packed: Record<string, [string, Buffer]> = { "/gzip": ["gzip", gzipSync(text)], "/br": ["br", brotliCompressSync(text)], "/deflate": ["deflate", deflateSync(text)], "/plain": ["identity", Buffer.from(text)], "/bomb": ["gzip", bomb], "/twice": ["gzip, gzip", gzipSync(gzipSync(text))], "/lie": ["gzip", Buffer.from(text)] };
    const { port } = await serve((request, response) => {
      const [encoding, body] = packed[request.url ?? ""] ?? ["identity", Buffer.alloc(0)];
      response.writeHead(200, { "content-encoding": encoding, "content-type": "text/plain" }).end(body);
    });
    const at = (path: string, maxBytes = 100_000) => ask(`http://127.0.0.1:${port}${path}`, { allowPrivate: [`127.0.0.1:${port}`], maxBytes });
    for (const path of ["/gzip", "/br", "/deflate", "/plain"]) {
      const answer = await at(path);
      expect([Buffer.from(answer.body).toString(), answer.truncated, answer.headers["content-type"]], path).toEqual([text, false, "text/plain"]);
      expect(await at(path, 10)).toMatchObject({ truncated: true, body: { length: 10 } });
    }
    const before = process.memoryUsage().arrayBuffers;
    expect(await at("/bomb", 1_000_000)).toMatchObject({ truncated: true, body: { length: 1_000_000 } });
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64_000_000);
    expect(await outcome(at("/twice"))).toMatch(/^egress\.failed/);
    expect(await outcome(at("/lie"))).toMatch(/^egress\.failed/);
  });

  it("ends at the deadline whether the server is silent, slow or endless, and at once when aborted", async () => {
    const { port } = await serve((request, response) => {
      if (request.url === "/silent") return;
      response.writeHead(200);
      const drip = setInterval(() => response.write("x"), 20);
      request.socket.on("close", () => clearInterval(drip));
    });
    const allowPrivate = [`127.0.0.1:${port}`];
    for (const path of ["/silent", "/drip"]) expect(await outcome(ask(`http://127.0.0.1:${port}${path}`, { allowPrivate, timeoutMs: 150 })), path).toBe("egress.failed: no complete answer within 150 ms");
    const person = new AbortController();
    const work = outcome(ask(`http://127.0.0.1:${port}/drip`, { allowPrivate }, system, person.signal));
    setTimeout(() => person.abort(new Error("stopped by hand")), 50);
    expect(await work).toContain("stopped by hand");
  });

  it("says what failed when nobody listens or the name has no address", async () => {
    const { port } = await serve((_, response) => void response.end());
    const gone = servers.pop();
    await new Promise((resolve) => gone?.close(resolve));
    expect(await outcome(ask(`http://127.0.0.1:${port}/`, { allowPrivate: [`127.0.0.1:${port}`] }))).toMatch(/^egress\.failed: .*ECONNREFUSED/);
    expect(await outcome(ask("http://none.example/", {}, createEgress({ clock: systemClock, lookup: async () => [] })))).toMatch(/^egress\.failed: none\.example has no address/);
  });

  it("checks certificates against the name although it connects to the address", async () => {
    const { generate } = await import("selfsigned");
    const made = await generate([{ name: "commonName", value: "named.example" }], { algorithm: "sha256", extensions: [{ name: "subjectAltName", altNames: [{ type: 2, value: "named.example" }] }] });
    const { port } = await serve((request, response) => void response.end(String(request.headers.host)), { key: made.private, cert: made.cert });
    const lookup = async () => [{ address: "127.0.0.1", family: 4 }];
    const trusting = createEgress({ clock: systemClock, lookup, ca: made.cert });
    const to = (host: string) => ({ url: `https://${host}:${port}/`, allowPrivate: [`${host}:${port}`] });
    const answer = await ask(to("named.example").url, to("named.example"), trusting);
    expect(Buffer.from(answer.body).toString()).toBe(`named.example:${port}`);
    expect(await outcome(ask(to("other.example").url, to("other.example"), trusting))).toMatch(/^egress\.failed/);
    expect(await outcome(ask(to("named.example").url, to("named.example"), createEgress({ clock: systemClock, lookup })))).toMatch(/^egress\.failed/);
  });
});
