// Every place as it is looked at: both widths, both schemes, nothing against the content policy, nothing that axe calls serious; and what can be done there.
import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { desktop, phone, picture, seriousFindings } from "./browser.ts";
import { demoModel, sampleMethods, sessionRows } from "./sample-world.ts";
import { online, uiSuite, until } from "./ui-suite.ts";

const suite = uiSuite();
const clean = { console: [], policy: [], foreign: [] };
const places = ["chat", "sessions", "models", "devices", "overview", "gallery"];

const callsOf = (method: string): Record<string, unknown>[] => suite.gateway.calls.filter((call) => call.method === method).map((call) => call.params);
const go = async (page: Page, place: string): Promise<void> => {
  await page.evaluate((hash) => (location.hash = hash), `#/${place}`);
  await page.getByRole("heading", { level: 1 }).first().waitFor();
  await page.waitForLoadState("networkidle");
};

describe("every place", () => {
  for (const [size, viewport] of [["desktop", desktop], ["phone", phone]] as const) {
    for (const colorScheme of ["light", "dark"] as const) {
      it(`is sound on a ${size} in ${colorScheme}`, async () => {
        const { page, trouble } = await suite.visit("chat", { methods: sampleMethods() }, { viewport, colorScheme, touch: size === "phone" });
        let looked = 0;
        for (const place of places) {
          await go(page, place);
          await picture(page, `${place}-${size}-${colorScheme}`);
          expect(await seriousFindings(page), `${place} ${size} ${colorScheme}`).toEqual([]);
          expect(await page.evaluate(() => document.documentElement.scrollWidth), `${place} is wider than the screen`).toBeLessThanOrEqual(viewport.width);
          looked++;
        }
        console.log(`places looked at: ${looked}`);
        expect(trouble).toEqual(clean);
      });
    }
  }

  it("can be seen with forced colours", async () => {
    const { page, trouble } = await suite.visit("chat", { methods: sampleMethods() }, { forcedColors: "active", colorScheme: "dark" });
    for (const place of places) {
      await go(page, place);
      await picture(page, `${place}-forced`);
    }
    const chosen = page.getByRole("link", { name: "Chat", exact: true });
    await go(page, "chat");
    expect(await chosen.getAttribute("aria-current")).toBe("page");
    expect(trouble).toEqual(clean);
  });

  it("keeps still when motion is unwanted", async () => {
    const { page } = await suite.visit("gallery", { methods: sampleMethods() }, { reducedMotion: "reduce" });
    const moving = await page.evaluate(() => document.getAnimations().filter((animation) => animation.playState === "running" && Number(animation.effect?.getComputedTiming().activeDuration) > 10).length);
    expect(moving).toBe(0);
  });

  it("works from right to left", async () => {
    const { page } = await suite.visit("sessions", { methods: sampleMethods() });
    await page.evaluate(() => (document.documentElement.dir = "rtl"));
    await page.getByRole("row", { name: /Notes for Thursday/ }).waitFor();
    const rail = await page.getByRole("navigation", { name: "Places" }).boundingBox();
    expect((rail?.x ?? 0) > desktop.width / 2).toBe(true);
    await picture(page, "sessions-rtl");
  });

  it("is found again by its address, reloaded and gone back from", async () => {
    const { page } = await suite.visit("sessions?find=tax", { methods: sampleMethods() });
    await page.getByRole("row", { name: /Tax letters/ }).waitFor();
    expect(await page.getByRole("row").count()).toBe(2);
    await page.getByRole("row", { name: /Tax letters/ }).click();
    await until("the row is in the address", () => page.url().includes("/sessions/agent:main:chat-000001"));
    await page.reload();
    await page.getByRole("complementary", { name: "Tax letters" }).waitFor();
    await page.goBack();
    await page.getByRole("complementary", { name: "Tax letters" }).waitFor({ state: "detached" });
    expect(await page.getByLabel("Find a session").inputValue()).toBe("tax");
  });
});

describe("the four states", () => {
  it("loading is a skeleton, an error says what, its code and what to do, and can be retried", async () => {
    let release: (() => void) | undefined;
    let fails = true;
    const methods = sampleMethods();
    const answer = methods["sessions.list"];
    methods["sessions.list"] = async (params, peer) => {
      if (params.limit !== 2_000) return answer?.(params, peer);
      await new Promise<void>((resolve) => (release = resolve));
      if (fails) throw new Error("the list is unreadable");
      return answer?.(params, peer);
    };
    const { page } = await suite.visit("sessions", { methods });
    await page.getByRole("status").getByText("Loading").waitFor({ state: "attached" });
    await picture(page, "state-loading");
    release?.();
    await page.getByText("The list is unreadable").waitFor();
    await page.getByText("UNAVAILABLE").waitFor();
    await picture(page, "state-error");
    fails = false;
    await page.getByRole("button", { name: "Retry" }).click();
    await until("it is read again", () => release !== undefined);
    await until("the answer is let go", async () => {
      release?.();
      return (await page.getByRole("row", { name: /Notes for Thursday/ }).count()) === 1;
    });
  });

  it("empty is one sentence and the next action", async () => {
    const methods = { ...sampleMethods(), "sessions.list": () => ({ ts: 1, path: "", count: 0, totalCount: 0, sessions: [] }) };
    const { page } = await suite.visit("sessions", { methods });
    await page.getByText("No sessions yet").waitFor();
    await picture(page, "state-empty");
    await page.getByRole("button", { name: "Go to Chat" }).click();
    await page.getByLabel("Message", { exact: true }).waitFor();
  });

  it("of a place that was never opened is there while the gateway is away", async () => {
    const fetched: string[] = [];
    suite.gateway.script = { methods: sampleMethods() };
    const { page } = await suite.newPage();
    page.on("requestfinished", (request) => void fetched.push(request.url()));
    await page.goto(`${suite.gateway.url}#/chat`);
    await online(page);
    await until("the other places were fetched", () => ["sessions", "models", "devices", "overview"].every((place) => fetched.some((url) => url.includes(`/assets/${place}-`) && url.endsWith(".js"))));
    await page.route("**/assets/**", (route) => route.abort());
    suite.gateway.closeNext = { code: 1012, reason: "service restart" };
    suite.gateway.cut();
    await page.getByText("Not connected").first().waitFor();
    await page.evaluate(() => (location.hash = "#/overview"));
    await page.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
    await picture(page, "overview-offline");
    // A conversation that was never read says why there is nothing.
    await page.evaluate(() => (location.hash = "#/chat/agent:main:chat-000003"));
    await page.getByText("This conversation is read once the connection is back.").waitFor();
  });

  it("of a place that could not be loaded say so, and go when it can", async () => {
    suite.gateway.script = { methods: sampleMethods() };
    const { page } = await suite.newPage();
    await page.route("**/assets/overview-*.js", (route) => route.abort());
    await page.goto(`${suite.gateway.url}#/overview`);
    await page.getByRole("alert").getByText("This part of the page could not be loaded.").waitFor();
    await picture(page, "place-not-loaded");
    expect(await seriousFindings(page)).toEqual([]);
    await page.unroute("**/assets/overview-*.js");
    suite.gateway.cut();
    await page.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
  });

  it("stale is greyed with its age while there is no connection, and fresh again after", async () => {
    const { page } = await suite.visit("sessions", { methods: sampleMethods() });
    await page.getByRole("row", { name: /Notes for Thursday/ }).waitFor();
    suite.gateway.closeNext = { code: 1012, reason: "service restart" };
    suite.gateway.cut();
    await page.getByText("Not connected. What you see was read").waitFor();
    await page.getByRole("button", { name: /Not connected .*Retry now/ }).waitFor();
    await picture(page, "state-stale");
    suite.gateway.closeNext = undefined;
    await online(page);
    await page.getByText("Not connected. What you see was read").waitFor({ state: "detached" });
  });
});

describe("sessions", () => {
  it("are sorted by what is clicked, renamed, patched, forked, reset and deleted after a question", async () => {
    const { page } = await suite.visit("sessions", { methods: sampleMethods() });
    const first = page.getByRole("row").nth(1);
    await first.getByText("Notes for Thursday").waitFor();
    await page.getByRole("button", { name: "Name" }).click();
    await until("sorted by name", async () => ((await first.textContent()) ?? "").includes("Birthday speech"));
    expect(await page.getByRole("columnheader", { name: "Name" }).getAttribute("aria-sort")).toBe("ascending");

    const act = async (name: string): Promise<void> => {
      await page.getByRole("row", { name: /Tax letters/ }).getByRole("button", { name: "Actions for Tax letters" }).click();
      await page.getByRole("menuitem", { name }).click();
    };
    await act("Rename");
    // The question begins in its field, so a name is typed and done.
    await until("the field has the focus", () => page.getByLabel("Name", { exact: true }).evaluate((field) => (field.getRootNode() as ShadowRoot).activeElement === field));
    await page.keyboard.type("Letters");
    await page.keyboard.press("Enter");
    await act("Start anew");
    await page.getByText("begins again without its history").waitFor();
    await page.getByRole("button", { name: "Cancel" }).click();
    expect(callsOf("sessions.reset")).toEqual([]);
    await act("Start anew");
    await page.getByRole("button", { name: "Start anew" }).click();
    await act("Delete");
    await page.getByRole("button", { name: "Delete" }).click();
    await until("all were asked", () => callsOf("sessions.delete").length === 1);
    expect([...callsOf("sessions.patch"), ...callsOf("sessions.reset"), ...callsOf("sessions.delete")]).toEqual([{ key: "agent:main:chat-000001", label: "Letters" }, { key: "agent:main:chat-000001" }, { key: "agent:main:chat-000001" }]);

    await page.getByRole("row", { name: /Lisbon in May/ }).click();
    await page.locator("oc-drawer").getByLabel("Thinking level").selectOption("high");
    await page.locator("oc-drawer").getByLabel("Model", { exact: true }).selectOption("demo/assistant");
    await until("both were patched", () => callsOf("sessions.patch").length === 3);
    await picture(page, "session-inspector");
    expect(callsOf("sessions.patch").slice(1)).toEqual([{ key: "agent:main:chat-000002", thinkingLevel: "high" }, { key: "agent:main:chat-000002", model: "demo/assistant" }]);
  });

  it("cannot delete the main conversation", async () => {
    const { page } = await suite.visit("sessions", { methods: sampleMethods() });
    await page.getByRole("button", { name: "Actions for Notes for Thursday" }).click();
    expect(await page.getByRole("menuitem", { name: "Delete" }).isDisabled()).toBe(true);
  });

  it("are a thousand without a thousand rows in the page", async () => {
    const methods = { ...sampleMethods(), "sessions.list": () => ({ ts: 1, path: "", count: 1_000, totalCount: 1_000, sessions: sessionRows(Date.now(), 1_000) }) };
    const { page } = await suite.visit("sessions", { methods });
    await page.getByRole("row").nth(5).waitFor();
    expect(await page.getByRole("row").count()).toBeLessThan(80);
    await page.getByRole("row").nth(1).focus();
    await page.keyboard.press("End");
    await until("the last row has the focus", async () => page.evaluate(() => {
      let active: Element | null = document.activeElement;
      while (active?.shadowRoot?.activeElement) active = active.shadowRoot.activeElement;
      return active?.getAttribute("aria-rowindex") === "1001";
    }));
  });
});

describe("very many conversations", () => {
  it("are the newest in Chat, which says how many more there are, and names an older one that is open", async () => {
    const all = sessionRows(Date.now(), 463);
    const old: Record<string, unknown> = { ...all[460], derivedTitle: "What we said last year" };
    const methods = {
      ...sampleMethods(),
      "sessions.list": ({ limit = 100, search }: Record<string, unknown>) => {
        const found = search === undefined ? all : [old].filter((row) => row.key === search);
        return { count: Math.min(found.length, Number(limit)), totalCount: found.length, sessions: found.slice(0, Number(limit)) };
      },
    };
    const { page } = await suite.visit(`chat/${String(old.key)}`, { methods });
    await page.getByRole("heading", { level: 1, name: "What we said last year" }).waitFor();
    await page.getByLabel("Find a conversation").fill("tax");
    await page.getByRole("link", { name: "Look through 263 older in Sessions" }).click();
    await page.getByRole("status").getByText(/^\d+ of 463$/).waitFor();
    expect(page.url()).toContain("#/sessions?find=tax");
  });
});

describe("several agents", () => {
  const agents = [{ id: "main", name: "Clawd" }, { id: "research", name: "Research", identity: { emoji: "🔬" }, model: { primary: "anthropic/claude-haiku" } }];
  const withAgents = () => {
    const methods = sampleMethods();
    let made = 0;
    const rows = [...sessionRows(Date.now()), { key: "agent:research:chat-77", kind: "direct", updatedAt: Date.now(), sessionId: "9a8b7c6d-1", derivedTitle: "9a8b7c6d (2026-11-21)" }];
    return {
      ...methods,
      "agents.list": () => ({ defaultId: "main", mainKey: "main", scope: "per-sender", agents }),
      "sessions.list": () => ({ count: rows.length, totalCount: rows.length, defaults: { modelProvider: "anthropic", model: "claude-sonnet" }, sessions: rows }),
      "sessions.create": ({ agentId }: Record<string, unknown>) => ({ ok: true, key: `agent:${String(agentId ?? "main")}:chat-${++made}` }),
    };
  };

  it("are chosen between for a new conversation, from the list, the table and the palette", async () => {
    const { page, trouble } = await suite.visit("chat", { methods: withAgents() });
    await page.getByRole("button", { name: "New conversation" }).click();
    await picture(page, "agents-new");
    expect(await seriousFindings(page)).toEqual([]);
    await page.getByRole("menuitem", { name: "With 🔬 Research" }).click();
    await page.getByLabel("Conversation", { exact: true }).getByText("🔬 Research").first().waitFor();
    expect(page.url()).toContain("#/chat/agent:research:chat-1");
    await page.getByLabel("Model", { exact: true }).getByText("Default: Claude Haiku").waitFor({ state: "attached" });
    // A further one is with the agent one is talking to.
    await page.getByRole("log").click();
    await page.keyboard.press("n");
    await until("another was begun", () => page.url().endsWith("#/chat/agent:research:chat-2"));

    await page.goto(`${suite.gateway.url}#/sessions`);
    await page.getByRole("button", { name: "New session" }).click();
    await page.getByRole("menuitem", { name: "With Clawd" }).click();
    await until("a third was begun", () => page.url().endsWith("#/chat/agent:main:chat-3"));
    expect(callsOf("sessions.create")).toEqual([{ agentId: "research" }, { agentId: "research" }, { agentId: "main" }]);

    await page.keyboard.press("Control+k");
    await page.getByRole("combobox", { name: /^Search/ }).fill("talk res");
    await page.keyboard.press("Enter");
    await until("its main conversation is open", () => page.url().endsWith("#/chat/agent:research:main"));
    expect(trouble).toEqual({ console: [], policy: [], foreign: [] });
  });

  it("are told apart and filtered by in Sessions, and the address keeps the filter", async () => {
    const { page } = await suite.visit("sessions?agent=research", { methods: withAgents() });
    await page.getByRole("status").getByText("1 of 8").waitFor();
    expect(await page.getByRole("row").count()).toBe(2);
    await page.getByRole("row", { name: /New conversation.*🔬 Research/ }).waitFor();
    await page.getByLabel("Agent", { exact: true }).selectOption("");
    await page.getByRole("row", { name: /Tax letters.*Clawd/ }).waitFor();
    await page.getByLabel("Agent", { exact: true }).selectOption("main");
    await until("the address has it", () => page.url().endsWith("sessions?agent=main"));
    await page.getByRole("status").getByText("7 of 8").waitFor();
  });

  it("are not spoken of while there is one", async () => {
    const { page } = await suite.visit("sessions", { methods: { ...withAgents(), "agents.list": () => ({ defaultId: "main", mainKey: "main", scope: "per-sender", agents: agents.slice(0, 1) }) } });
    await page.getByRole("row", { name: /Tax letters/ }).waitFor();
    expect(await page.getByRole("columnheader", { name: "Agent" }).count()).toBe(0);
    await page.getByRole("button", { name: "New session" }).click();
    await until("one was begun", () => page.url().endsWith("#/chat/agent:main:chat-1"));
    await page.getByRole("button", { name: "New conversation" }).click();
    await until("another was begun", () => page.url().endsWith("#/chat/agent:main:chat-2"));
    expect(callsOf("sessions.create")).toEqual([{}, {}]);
  });
});

describe("models and keys", () => {
  it("adds a key by one form, applies it with the hash it read, and tests it", async () => {
    const { page } = await suite.visit("models", { methods: sampleMethods() });
    await page.getByRole("button", { name: "Add a key" }).click();
    await page.getByLabel("Provider", { exact: true }).selectOption("openai");
    await page.getByRole("button", { name: "Save and test" }).click();
    await page.getByText("The provider needs a key.").waitFor();
    await picture(page, "models-form");
    expect(await seriousFindings(page)).toEqual([]);
    await page.getByLabel("Key", { exact: true }).fill("sk-test-123");
    await page.getByRole("button", { name: "Save and test" }).click();
    await until("it was tested", () => callsOf("models.probe").length === 1);
    const [patch] = callsOf("config.patch");
    expect(patch?.baseHash).toBe("hash-1");
    expect(JSON.parse(String(patch?.raw))).toEqual({ models: { providers: { openai: { apiKey: "sk-test-123" } } } });
    expect(callsOf("models.probe")).toEqual([{ provider: "openai" }]);
  });

  it("adds a server by its address", async () => {
    const { page } = await suite.visit("models", { methods: sampleMethods() });
    await page.getByRole("button", { name: "Add a key" }).click();
    await page.getByLabel("Provider", { exact: true }).selectOption({ label: "Another, by its address" });
    await page.getByLabel("Short name").fill("My Server");
    await page.getByRole("button", { name: "Save and test" }).click();
    await page.getByText("Lower-case letters, digits, - and _.").waitFor();
    await page.getByLabel("Short name").fill("my-server");
    await page.getByLabel("Address").fill("http://127.0.0.1:9/v1");
    await page.getByLabel("Models", { exact: true }).and(page.getByRole("textbox")).fill("one, two");
    await page.getByRole("button", { name: "Save and test" }).click();
    await until("it was written", () => callsOf("config.patch").length === 1);
    expect(JSON.parse(String(callsOf("config.patch")[0]?.raw))).toEqual({ models: { providers: { "my-server": { baseUrl: "http://127.0.0.1:9/v1", api: "openai-completions", auth: "none", models: [{ id: "one", name: "one" }, { id: "two", name: "two" }] } } } });
  });

  it("tells a working key from a broken one, and shows an open circuit", async () => {
    const { page } = await suite.visit("models", { methods: sampleMethods() });
    await page.getByText("Resting after failures").waitFor();
    await page.getByText("connect ECONNREFUSED").first().waitFor();
    await page.getByText("3 models", { exact: true }).or(page.getByText("2 models", { exact: true })).first().click();
    await page.getByText("anthropic/claude-haiku", { exact: true }).first().waitFor();
    await page.getByText("connect ECONNREFUSED (network").waitFor();
    await page.getByRole("button", { name: "Test" }).nth(1).click();
    await page.getByText("It does not work.").waitFor();
    await page.getByRole("button", { name: "Test" }).nth(0).click();
    await page.getByText("It works.").waitFor();
  });

  it("chooses the default model and its fallbacks", async () => {
    const { page } = await suite.visit("models", { methods: sampleMethods() });
    await page.getByLabel("Add a fallback").selectOption("demo/assistant");
    await until("it was written", () => callsOf("config.patch").length === 1);
    await page.getByLabel("Default", { exact: true }).selectOption("anthropic/claude-haiku");
    await until("it was written", () => callsOf("config.patch").length === 2);
    expect(callsOf("config.patch").map((params) => JSON.parse(String(params.raw)))).toEqual([
      { agents: { defaults: { model: { primary: "anthropic/claude-sonnet", fallbacks: ["anthropic/claude-haiku", "demo/assistant"] } } } },
      { agents: { defaults: { model: { primary: "anthropic/claude-haiku", fallbacks: [] } } } },
    ]);
  });

  it("says on every screen that only the demo answers", async () => {
    const methods = { ...sampleMethods(), "models.list": () => ({ models: [demoModel] }) };
    const { page } = await suite.visit("models", { methods });
    await page.getByText("Only the demo model answers.").waitFor();
    await page.getByRole("link", { name: "Demo model: add a key" }).waitFor();
    await go(page, "overview");
    await page.getByText("The demo model answers.").waitFor();
    await page.getByText("openclaw onboard").waitFor();
  });
});

describe("devices", () => {
  it("are approved by their six words, rejected, renamed, rotated, revoked and removed", async () => {
    const { page } = await suite.visit("devices", { methods: sampleMethods() });
    const request = page.getByRole("group", { name: "Request of Firefox on Android" });
    for (const word of ["amber", "lotus", "comet", "birch", "violin", "moon"]) await request.getByText(word, { exact: true }).waitFor();
    await request.getByRole("button", { name: "Approve" }).click();
    await page.getByText("Firefox on Android was approved.").waitFor();
    await request.getByRole("button", { name: "Reject" }).click();
    await page.getByText("Firefox on Android was rejected.").waitFor();

    const act = async (name: string): Promise<void> => {
      await page.getByRole("button", { name: "Actions for Chrome on Linux" }).click();
      await page.getByRole("menuitem", { name }).click();
    };
    await act("Rename");
    await page.getByLabel("Name", { exact: true }).fill("Desk");
    await page.getByLabel("Name", { exact: true }).press("Enter");
    await act("Rotate operator token");
    await page.getByText("The old token ended.").waitFor();
    await page.getByRole("button", { name: "Done" }).click();
    await act("Revoke operator token");
    await page.getByRole("button", { name: "Revoke", exact: true }).click();
    await act("Remove");
    await page.getByText("it must be paired again").waitFor();
    await page.getByRole("button", { name: "Remove", exact: true }).click();
    await until("all were asked", () => callsOf("device.pair.remove").length === 1);
    const deviceId = "a1".repeat(32);
    expect([...callsOf("device.pair.rename"), ...callsOf("device.token.rotate"), ...callsOf("device.token.revoke"), ...callsOf("device.pair.remove")]).toEqual([{ deviceId, label: "Desk" }, { deviceId, role: "operator" }, { deviceId, role: "operator" }, { deviceId }]);
  });

  it("that begin to wait are counted at once, everywhere", async () => {
    const methods = sampleMethods();
    const list = methods["device.pair.list"];
    let waiting = false;
    methods["device.pair.list"] = (params, peer) => ({ ...(list?.(params, peer) as object), ...(waiting ? {} : { pending: [] }) });
    const { page } = await suite.visit("chat", { methods });
    expect(await page.getByText("1 device waits").count()).toBe(0);
    waiting = true;
    suite.gateway.push("device.pair.requested", { requestId: "r" });
    await page.getByRole("link", { name: "1 device waits" }).click();
    await page.getByRole("group", { name: "Request of Firefox on Android" }).waitFor();
  });
});

describe("the overview", () => {
  it("calls runs by their conversation's name, says how each model fared last and what each day took", async () => {
    const methods = sampleMethods();
    const world = await methods.status?.({}, undefined as never) as object; // the sample needs no peer
    const { page, trouble } = await suite.visit("overview", { methods: { ...methods, status: () => ({ ...world, runs: [{ runId: "r1", sessionKey: "agent:main:chat-000001", state: "running", startedAt: Date.now() - 3_000 }] }) } });
    const card = (heading: string) => page.locator("oc-card").filter({ has: page.getByRole("heading", { level: 2, name: heading }) });
    await card("Running now").getByRole("link", { name: "Tax letters" }).waitFor();
    await card("Models asked").getByText("anthropic/claude-haiku").waitFor();
    expect(await card("Models asked").getByRole("listitem").allInnerTexts()).toEqual([expect.stringMatching(/claude-sonnet\s+Answering/), expect.stringMatching(/claude-haiku\s+Failed last\s+HTTP 429: slow down/)]);
    await card("Last 30 days").getByRole("img", { name: /^Tokens by day from .* to .*; most on .*: \d/ }).waitFor();
    await picture(page, "overview");
    expect(trouble).toEqual(clean);
  });

  it("draws no picture of nothing", async () => {
    const none = { totalTokens: 0, totalCost: 0, missingCostEntries: 0 };
    const { page } = await suite.visit("overview", { methods: { ...sampleMethods(), "usage.cost": () => ({ updatedAt: 1, days: 30, daily: [{ date: "2026-11-21", ...none }], totals: none }) } });
    await page.getByText("US dollars").waitFor();
    expect(await page.getByRole("img", { name: /^Tokens by day/ }).count()).toBe(0);
  });
});

describe("the keyboard", () => {
  it("reaches every place, finds everything in the palette and lists its shortcuts", async () => {
    const { page } = await suite.visit("overview", { methods: sampleMethods() });
    for (const [letter, heading] of [["s", "Sessions"], ["m", "Models and keys"], ["d", "Devices"], ["o", "Overview"]] as const) {
      await page.keyboard.press("g");
      await page.keyboard.press(letter);
      await page.getByRole("heading", { level: 1, name: heading }).waitFor();
    }
    await page.keyboard.press("Control+k");
    await page.getByRole("combobox").waitFor();
    await page.keyboard.type("lisbon");
    await page.getByRole("option", { name: "Lisbon in May" }).waitFor();
    await picture(page, "palette");
    expect(await seriousFindings(page)).toEqual([]);
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Lisbon in May" }).waitFor();
    // Who comes here to write just writes; Escape leaves the field to the shortcuts.
    const field = page.getByLabel("Message", { exact: true });
    await until("the composer has the focus", () => field.evaluate((element) => (element.getRootNode() as ShadowRoot).activeElement === element));
    await page.keyboard.type("n g t");
    expect(await field.inputValue()).toBe("n g t");
    await field.fill("");
    await page.keyboard.press("Escape");
    await page.keyboard.press("?");
    await page.getByRole("heading", { name: "Keyboard shortcuts" }).waitFor();
    await page.getByText("Stop the answer").waitFor({ state: "detached" }); // nothing runs, so it is not offered
    await picture(page, "shortcuts");
    await page.keyboard.press("Escape");
    await page.keyboard.press("/");
    await page.keyboard.type("typed, not a shortcut: g s ?");
    expect(await page.getByLabel("Message", { exact: true }).inputValue()).toBe("typed, not a shortcut: g s ?");
  });

  it("walks a page from the skip link to the status line and is always seen", async () => {
    const { page } = await suite.visit("sessions", { methods: sampleMethods() });
    await page.getByRole("row", { name: /Notes for Thursday/ }).waitFor();
    const seen: string[] = [];
    for (let step = 0; step < 40; step++) {
      await page.keyboard.press("Tab");
      const stop = await page.evaluate(() => {
        let active: Element | null = document.activeElement;
        while (active?.shadowRoot?.activeElement) active = active.shadowRoot.activeElement;
        if (active === null || active === document.body) return undefined;
        const style = getComputedStyle(active);
        const box = active.getBoundingClientRect();
        return { name: active.getAttribute("aria-label") ?? active.textContent?.trim().slice(0, 30) ?? "", tag: active.tagName, ring: style.outlineStyle !== "none" && style.outlineWidth !== "0px", sized: box.width > 0 && box.height > 0 };
      });
      if (stop === undefined) break;
      expect(stop.ring, `no focus ring on ${stop.tag} ${stop.name}`).toBe(true);
      expect(stop.sized, `${stop.tag} ${stop.name} has no size`).toBe(true);
      seen.push(`${stop.tag} ${stop.name}`);
    }
    expect(seen[0]).toContain("Skip to content");
    expect(seen.some((stop) => stop.startsWith("TR"))).toBe(true);
    expect(seen.filter((stop) => stop.startsWith("TR")).length).toBe(1); // one row in the tab order, arrows move it
    expect(seen.some((stop) => stop.includes("Connected"))).toBe(true);
    await page.getByRole("row").nth(1).focus();
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await page.getByRole("complementary", { name: "Plan the garden" }).waitFor();
  });

  it("moves through a menu and gives the focus back", async () => {
    const { page } = await suite.visit("gallery", { methods: sampleMethods() });
    const button = page.getByRole("button", { name: "Menu", exact: true });
    await button.focus();
    await page.keyboard.press("Enter");
    await page.getByRole("menuitem", { name: "First" }).waitFor();
    const focused = () => page.evaluate(() => {
      let active: Element | null = document.activeElement;
      while (active?.shadowRoot?.activeElement) active = active.shadowRoot.activeElement;
      return active?.getAttribute("aria-label") ?? active?.textContent?.trim();
    });
    expect(await focused()).toBe("First");
    await page.keyboard.press("ArrowDown");
    expect(await focused()).toBe("Danger");
    await page.keyboard.press("Escape");
    expect(await focused()).toBe("Menu");
    expect(await page.getByRole("menuitem", { name: "First" }).isVisible()).toBe(false);
  });
});

describe("the theme", () => {
  it("follows the system until chosen, and is kept", async () => {
    const { page } = await suite.visit("overview", { methods: sampleMethods() }, { colorScheme: "dark" });
    const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const dark = await background();
    await page.keyboard.press("t");
    await until("it is light", async () => (await background()) !== dark);
    await page.reload();
    await online(page);
    expect(await background()).not.toBe(dark);
    expect(await page.evaluate(() => document.documentElement.dataset.theme)).toBe("light");
  });
});
