// tailscaled's answers, good and bad, through a command that is played.
import { describe, expect, it } from "vitest";
import { createFakeClock } from "../base/fake-clock.ts";
import { silentLog } from "../base/log.ts";
import { createTailscale } from "./tailscale.ts";

function played(answer: (args: readonly string[], signal: AbortSignal) => Promise<{ code: number; stdout: string }>) {
  const clock = createFakeClock();
  const asked: (readonly string[])[] = [];
  const tailscale = createTailscale({
    clock,
    log: silentLog,
    run(args, signal) {
      asked.push(args);
      return answer(args, signal);
    },
  });
  return { clock, asked, tailscale };
}

const profile = (login: unknown) => ({ code: 0, stdout: JSON.stringify({ Node: {}, UserProfile: { LoginName: login } }) });

describe("whois", () => {
  it("[rpc.auth.tailscale] tells the login and remembers it for a minute", async () => {
    const { clock, asked, tailscale } = played(async () => profile("ann@example.com"));
    expect(await tailscale.whois("100.64.0.7")).toBe("ann@example.com");
    await tailscale.whois("100.64.0.7");
    expect(asked).toEqual([["whois", "--json", "100.64.0.7"]]);
    await clock.advance(60_001);
    await tailscale.whois("100.64.0.7");
    expect(asked).toHaveLength(2);
  });

  it("[rpc.auth.tailscale] tells nobody for any other answer, and asks again", async () => {
    for (const answer of [{ code: 1, stdout: "" }, { code: 0, stdout: "not json" }, { code: 0, stdout: "null" }, profile(""), profile(5)]) {
      const { asked, tailscale } = played(async () => answer);
      expect(await tailscale.whois("100.64.0.7")).toBeUndefined();
      await tailscale.whois("100.64.0.7");
      expect(asked).toHaveLength(2);
    }
  });

  it("does not wait for a tailscaled that hangs", async () => {
    const { clock, tailscale } = played((_args, signal) => new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error))));
    const answer = tailscale.whois("100.64.0.7");
    await clock.advance(5_000);
    expect(await answer).toBeUndefined();
    expect(clock.pending()).toBe(0);
  });
});

describe("serving", () => {
  it("asks for the mode and the port, says whether it went well, and takes it back", async () => {
    const { asked, tailscale } = played(async (args) => ({ code: args[0] === "serve" ? 0 : 1, stdout: "" }));
    expect(await tailscale.expose("serve", 18789)).toBe(true);
    expect(await tailscale.expose("funnel", 18789)).toBe(false);
    await tailscale.withdraw("serve");
    expect(asked).toEqual([["serve", "--bg", "--yes", "18789"], ["funnel", "--bg", "--yes", "18789"], ["serve", "reset"]]);
  });
});
