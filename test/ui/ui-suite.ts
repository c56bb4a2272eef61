// What every UI test file shares: one build, one browser, one scripted gateway, pages that are closed after each test.
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll } from "vitest";
import { launchBrowser, openPage, type PageOptions, type TestPage } from "./browser.ts";
import { buildUi, type BuiltUi } from "./built-ui.ts";
import { type Script, type ScriptedGateway, startScriptedGateway } from "./scripted-gateway.ts";

export interface UiSuite {
  readonly ui: BuiltUi;
  readonly browser: Browser;
  readonly gateway: ScriptedGateway;
  newPage(options?: PageOptions): Promise<TestPage>;
  /** Sets the script, opens a page at the place and waits until it is online. */
  visit(place: string, script: Script, options?: PageOptions): Promise<TestPage>;
}

export function uiSuite(): UiSuite {
  const parts: { ui?: BuiltUi; browser?: Browser; gateway?: ScriptedGateway } = {};
  const open: TestPage[] = [];
  const must = <K extends keyof typeof parts>(name: K): NonNullable<(typeof parts)[K]> => {
    const part = parts[name];
    if (part === undefined) throw new Error(`${name} is not there yet`);
    return part as NonNullable<(typeof parts)[K]>;
  };
  beforeAll(async () => {
    parts.ui = await buildUi();
    parts.browser = await launchBrowser();
    parts.gateway = await startScriptedGateway(parts.ui.dir);
  });
  afterEach(async () => {
    for (const { close } of open.splice(0)) await close();
    const gateway = must("gateway");
    gateway.script = {};
    gateway.closeNext = undefined;
    gateway.peers.length = 0;
    gateway.calls.length = 0;
  });
  afterAll(async () => {
    await parts.browser?.close();
    await parts.gateway?.stop();
    await parts.ui?.remove();
  });
  const suite: UiSuite = {
    get ui() {
      return must("ui");
    },
    get browser() {
      return must("browser");
    },
    get gateway() {
      return must("gateway");
    },
    async newPage(options) {
      const made = await openPage(must("browser"), options);
      open.push(made);
      return made;
    },
    async visit(place, script, options) {
      suite.gateway.script = script;
      const made = await suite.newPage(options);
      await made.page.goto(`${suite.gateway.url}#/${place}`);
      await online(made.page);
      return made;
    },
  };
  return suite;
}

export async function online(page: Page): Promise<void> {
  await page.getByRole("link", { name: "Connected", exact: true }).waitFor();
}

/** Waits until a condition of the test's own holds. */
export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const giveUpAt = performance.now() + 15_000;
  while (!(await holds())) {
    if (performance.now() > giveUpAt) throw new Error(`never came true: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 15));
  }
}
