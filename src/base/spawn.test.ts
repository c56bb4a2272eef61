// Child processes: what they are given, what they may print, and how they end.
import { describe, expect, it } from "vitest";
import { importMutant } from "../../test/fixtures/mutant-module.ts";
import { readEnv } from "../config/env.ts";
import { runCommand } from "./spawn.ts";

const print = (expression: string) => ({ command: process.execPath, args: ["-e", `process.stdout.write(${expression})`], env: {}, maxBytes: 1_000_000 });
const never = new AbortController().signal;

/** Names that a child sees although they are not on the list. */
async function leaks(run: typeof runCommand): Promise<string[]> {
  process.env["OPENCLAW_TEST_SECRET"] = "a secret of the test";
  const env = readEnv({ PATH: process.env["PATH"], HOME: "/home/x", LC_ALL: "C", OPENAI_API_KEY: "sk-1", OPENCLAW_GATEWAY_TOKEN: "t", NODE_OPTIONS: "--inspect", LD_PRELOAD: "/x.so", GIT_DIR: "/x", http_proxy: "http://x" }).forChildren();
  try {
    const { stdout } = await run({ ...print("JSON.stringify(Object.keys(process.env))"), env }, never);
    const allowed = ["PATH", "HOME", "LC_ALL"];
    return (JSON.parse(stdout) as string[]).filter((name) => !allowed.includes(name));
  } finally {
    delete process.env["OPENCLAW_TEST_SECRET"];
  }
}

describe("[I.14] a child's environment", () => {
  it("[I.14] holds what is on the list and nothing of ours", async () => {
    expect(await leaks(runCommand)).toEqual([]);
    console.log("[I.14] 1 child, 10 names around it");
  });

  it("[I.14] the check sees a mutant that hands on everything", async () => {
    const mutant = await importMutant<{ runCommand: typeof runCommand }>({ name: "hands on everything", file: "src/base/spawn.ts", from: "env: { ...wish.env }", to: "env: { ...process.env, ...wish.env }" });
    expect(await leaks(mutant.runCommand)).toContain("OPENCLAW_TEST_SECRET");
  }, 60_000);
});

describe("a command", () => {
  it("gives its code and what it printed", async () => {
    expect(await runCommand(print("'hello'"), never)).toEqual({ code: 0, stdout: "hello" });
    expect((await runCommand({ ...print("''"), args: ["-e", "process.exit(3)"] }, never)).code).toBe(3);
    await expect(runCommand({ ...print("''"), command: "/no/such/command" }, never)).rejects.toThrow("ENOENT");
  });

  it("is ended when it prints without end or its signal fires", async () => {
    const endless = { ...print("''"), args: ["-e", "setInterval(() => process.stdout.write('x'.repeat(100_000)), 1)"], maxBytes: 200_000 };
    const { code, stdout } = await runCommand(endless, never);
    expect(code).toBe("SIGKILL");
    expect(stdout.length).toBeLessThanOrEqual(200_000);
    const stop = new AbortController();
    const waiting = runCommand({ ...print("''"), args: ["-e", "setInterval(() => {}, 1000)"] }, stop.signal).catch((error: Error) => error.name);
    stop.abort();
    expect(await waiting).toBe("AbortError");
  });
});
