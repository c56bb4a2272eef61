// Which gateway is asked, with which secrets, and which key is shown to it.
import { describe, expect, it } from "vitest";
import { createFakeClock } from "../base/fake-clock.ts";
import { createCountingIds } from "../base/ids.ts";
import { readEnv } from "../config/env.ts";
import { writeHolder } from "../store/lock.ts";
import { createMemoryDisk } from "../store/memory-disk.ts";
import { createMachine, type Machine } from "./machine.ts";
import { clearRunning, findRunning, writeRunning } from "./running.ts";
import { chooseTarget, socketUrl } from "./target.ts";

interface At { env?: Record<string, string>; config?: string; running?: { url: string; fingerprint?: string } }

async function machine({ env = {}, config, running }: At = {}): Promise<Machine> {
  const clock = createFakeClock();
  const disk = createMemoryDisk();
  if (config !== undefined) disk.plant("/state/config.yaml", Buffer.from(config));
  const made = createMachine({ env: readEnv({ HOME: "/home/u", OPENCLAW_STATE_DIR: "/state", ...env }), disk, clock, ids: createCountingIds() });
  await disk.makeDir("/state");
  if (running) {
    await writeHolder(disk, (await made.paths()).lock, clock.now());
    await writeRunning(made, { pid: process.pid, startedAt: 1, version: "1", args: [], ...running });
  }
  return made;
}

describe("the gateway", () => {
  it("that runs here is found without reading the configuration", async () => {
    const here = await machine({ running: { url: "ws://127.0.0.1:18999" }, config: "gateway: {port: [" });
    expect(await chooseTarget(here, {})).toEqual({ url: "ws://127.0.0.1:18999", auth: {}, isHome: true });
  });

  it("that serves TLS is held to its own certificate", async () => {
    expect(await chooseTarget(await machine({ running: { url: "wss://127.0.0.1:18999", fingerprint: "AB:CD" } }), {})).toEqual({ url: "wss://127.0.0.1:18999", auth: {}, isHome: true, fingerprint: "AB:CD" });
  });

  it("of the configuration is assumed when none runs", async () => {
    expect(await chooseTarget(await machine(), {})).toEqual({ url: "ws://127.0.0.1:18789", auth: {}, isHome: true });
    expect((await chooseTarget(await machine({ config: "gateway:\n  port: 19000\n  tls: {enabled: true}\n" }), {})).url).toBe("wss://127.0.0.1:19000");
    expect((await chooseTarget(await machine({ config: "gateway: {port: [" }), {})).url).toBe("ws://127.0.0.1:18789");
  });

  it("elsewhere gets what the configuration holds for it, and not the host's key", async () => {
    const config = "gateway:\n  mode: remote\n  port: 19000\n  remote:\n    url: wss://home.example:443\n    token: ${HOME_TOKEN}\n    tlsFingerprint: aa11\n";
    expect(await chooseTarget(await machine({ config, env: { HOME_TOKEN: "t0" } }), {})).toEqual({ url: "wss://home.example", auth: { token: "t0" }, fingerprint: "aa11", isHome: false });
    await expect(chooseTarget(await machine({ config: "gateway: {mode: remote}\n" }), {})).rejects.toMatchObject({ code: "NO_REMOTE_URL" });
  });

  it("of the environment is asked with the environment's secrets", async () => {
    const env = { OPENCLAW_GATEWAY_URL: "wss://home.example", OPENCLAW_GATEWAY_TOKEN: "t1" };
    expect(await chooseTarget(await machine({ env, running: { url: "ws://127.0.0.1:18999" } }), {})).toEqual({ url: "wss://home.example", auth: { token: "t1" }, isHome: false });
    const port = { OPENCLAW_GATEWAY_PORT: "19001", OPENCLAW_GATEWAY_TOKEN: "t1" };
    expect(await chooseTarget(await machine({ env: port }), {})).toEqual({ url: "ws://127.0.0.1:19001", auth: { token: "t1" }, isHome: true });
    expect((await chooseTarget(await machine({ env: port, running: { url: "ws://127.0.0.1:18999" } }), {})).isHome).toBe(false);
    expect(await chooseTarget(await machine({ env: port, running: { url: "wss://127.0.0.1:19001", fingerprint: "AB" } }), {})).toMatchObject({ url: "wss://127.0.0.1:19001", isHome: true, fingerprint: "AB" });
  });

  it("of the command line gets only what the command line gives", async () => {
    const env = { OPENCLAW_GATEWAY_TOKEN: "secret-of-this-machine" };
    const at = await machine({ env, running: { url: "ws://127.0.0.1:18999" }, config: "gateway:\n  auth: {token: another-secret}\n" });
    expect(await chooseTarget(at, { url: "wss://evil.example" })).toEqual({ url: "wss://evil.example", auth: {}, isHome: false });
    expect(await chooseTarget(at, { url: "wss://home.example", token: "t2", fingerprint: "cc" })).toEqual({ url: "wss://home.example", auth: { token: "t2" }, isHome: false, fingerprint: "cc" });
    expect((await chooseTarget(at, { url: "ws://127.0.0.1:18999" })).isHome).toBe(true);
    expect((await chooseTarget(at, { url: "ws://127.0.0.1:18998" })).isHome).toBe(false);
  });

  it("is not spoken to in clear over a network unless that is allowed", async () => {
    await expect(chooseTarget(await machine(), { url: "ws://192.168.1.5:18789" })).rejects.toMatchObject({ code: "INSECURE_URL" });
    expect((await chooseTarget(await machine({ env: { OPENCLAW_ALLOW_INSECURE_PRIVATE_WS: "1" } }), { url: "ws://192.168.1.5:18789" })).url).toBe("ws://192.168.1.5:18789");
  });
});

describe("addresses", () => {
  it.each([["127.0.0.1:18789", "ws://127.0.0.1:18789"], ["localhost:1", "ws://localhost:1"], ["[::1]:1", "ws://[::1]:1"], ["home.example", "wss://home.example"], ["https://home.example/base", "wss://home.example/base"], ["http://127.0.0.1:9/", "ws://127.0.0.1:9"]])("%s is %s", (text, url) => {
    expect(socketUrl(text)).toBe(url);
  });

  it.each(["ftp://x", "::::", "wss://user:secret@home.example", ""])("%j is refused", (text) => {
    expect(() => socketUrl(text)).toThrow(expect.objectContaining({ exitCode: 2 }));
  });
});

describe("the record of a running gateway", () => {
  it("counts only while its process holds the state directory", async () => {
    const here = await machine({ running: { url: "ws://127.0.0.1:1" } });
    expect((await findRunning(here))?.url).toBe("ws://127.0.0.1:1");
    await here.disk.remove((await here.paths()).lock);
    expect(await findRunning(here)).toBeUndefined();
    await clearRunning(here, process.pid + 1);
    await writeHolder(here.disk, (await here.paths()).lock, 0);
    expect(await findRunning(here)).toBeDefined();
    await clearRunning(here, process.pid);
    expect(await findRunning(here)).toBeUndefined();
  });
});
