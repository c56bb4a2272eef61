import { describe, expect, it } from "vitest";
import { findStateDir, readEnv } from "./env.ts";

describe("the environment", () => {
  it("prefers today's names and still reads the older ones", () => {
    expect(readEnv({ OPENCLAW_GATEWAY_URL: "new", MOLTBOT_GATEWAY_URL: "older", CLAWDBOT_GATEWAY_URL: "oldest" }).gatewayUrl).toBe("new");
    expect(readEnv({ CLAWDBOT_GATEWAY_TOKEN: "oldest" }).gatewayToken?.reveal()).toBe("oldest");
    expect(readEnv({ OPENCLAW_GATEWAY_TOKEN: "" }).gatewayToken).toBeUndefined();
  });

  it("is a copy: what is set later does not count", () => {
    const source: Record<string, string> = { A: "1" };
    const env = readEnv(source);
    source["A"] = "2";
    expect(env.get("A")).toBe("1");
  });

  it("takes ports only when they are ports", () => {
    const port = (value: string) => readEnv({ OPENCLAW_GATEWAY_PORT: value }).gatewayPort;
    expect([port("19000"), port("0"), port("70000"), port("-1"), port("80a"), port("")]).toEqual([19000, 0, undefined, undefined, undefined, undefined]);
  });

  it("finds a provider's key under its customary names", () => {
    const env = readEnv({ GEMINI_API_KEY: "g", MY_OWN_LLM_API_KEY: "own", OPENAI_API_KEY: "o", AWS_BEARER_TOKEN_BEDROCK: "b", OPENAI_CODEX_API_KEY: "none of its", GH_TOKEN: "not a key of a model" });
    expect(["google", "openai", "my-own-llm", "amazon-bedrock"].map((id) => env.providerKey(id)?.reveal())).toEqual(["g", "o", "own", "b"]);
    expect(["anthropic", "openai-codex", "github-copilot", "__proto__"].map((id) => env.providerKey(id))).toEqual([undefined, undefined, undefined, undefined]);
    expect(env.providerKeyNames("anthropic")).toEqual(["ANTHROPIC_API_KEY", "ANTHROPIC_OAUTH_TOKEN"]);
  });

  it("keeps secrets out of what child processes see and out of what is printed", () => {
    const env = readEnv({ PATH: "/bin", HOME: "/home/x", LC_ALL: "C", OPENAI_API_KEY: "k-1", OPENCLAW_GATEWAY_TOKEN: "t-1", LD_PRELOAD: "/evil.so", NODE_OPTIONS: "--require evil" });
    expect(env.forChildren()).toEqual({ PATH: "/bin", HOME: "/home/x", LC_ALL: "C" });
    expect(JSON.stringify(env)).not.toMatch(/k-1|t-1/);
  });

  it("finds the state directory: named, else the newest that is there, else today's; profiles apart", async () => {
    const find = (vars: Record<string, string>, there: string[] = []) => findStateDir(readEnv({ HOME: "/h", ...vars }), async (path) => there.includes(path));
    expect(await find({})).toBe("/h/.openclaw");
    expect(await find({}, ["/h/.clawdbot"])).toBe("/h/.clawdbot");
    expect(await find({}, ["/h/.clawdbot", "/h/.moltbot"])).toBe("/h/.moltbot");
    expect(await find({}, ["/h/.clawdbot", "/h/.openclaw"])).toBe("/h/.openclaw");
    expect(await find({ OPENCLAW_PROFILE: "work" }, ["/h/.openclaw"])).toBe("/h/.openclaw-work");
    expect(await find({ OPENCLAW_STATE_DIR: "~/s" }, ["/h/.openclaw"])).toBe("/h/s");
    expect(await find({ OPENCLAW_HOME: "/other" })).toBe("/other/.openclaw");
    expect(await find({ CLAWDBOT_STATE_DIR: "/old" })).toBe("/old");
  });
});
