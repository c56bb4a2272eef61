// A real Chromium for the UI tests: one per file, a fresh profile per page, and a record of everything that should not happen.
import { accessSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import path from "node:path";
import axe from "axe-core";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";

const candidates = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
const flags = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

export const desktop = { width: 1440, height: 900 };
export const phone = { width: 390, height: 844 };

/** What a page did that it must not. */
export interface Trouble {
  console: string[];
  policy: string[];
  foreign: string[];
}

export interface TestPage {
  page: Page;
  context: BrowserContext;
  trouble: Trouble;
  close(): Promise<void>;
}

export interface PageOptions {
  viewport?: { width: number; height: number };
  colorScheme?: "light" | "dark";
  reducedMotion?: "reduce" | "no-preference";
  forcedColors?: "active" | "none";
  touch?: boolean;
}

export async function launchBrowser(): Promise<Browser> {
  const executablePath = candidates.find(isThere);
  if (executablePath === undefined) throw new Error(`the UI tests need Chromium (sh scripts/debian-deps.sh); looked for ${candidates.join(", ")}`);
  return chromium.launch({ executablePath, args: flags, headless: true });
}

export async function openPage(browser: Browser, options: PageOptions = {}): Promise<TestPage> {
  const context = await browser.newContext({
    viewport: options.viewport ?? desktop,
    colorScheme: options.colorScheme ?? "light",
    reducedMotion: options.reducedMotion ?? "reduce",
    forcedColors: options.forcedColors ?? "none",
    hasTouch: options.touch ?? false,
    isMobile: options.touch ?? false,
    locale: "en-GB",
    permissions: ["clipboard-read", "clipboard-write"],
  });
  context.setDefaultTimeout(15_000);
  const trouble: Trouble = { console: [], policy: [], foreign: [] };
  await context.exposeBinding("reportViolation", (_source, text: string) => void trouble.policy.push(text));
  await context.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", (event) => {
      (window as unknown as { reportViolation(text: string): void }).reportViolation(`${event.effectiveDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber} ${event.sample}`);
    });
  });
  const page = await context.newPage();
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") trouble.console.push(`${message.type()}: ${message.text()}`);
  });
  page.on("pageerror", (error) => trouble.console.push(`uncaught: ${error.stack ?? error.message}`));
  page.on("request", (request) => {
    const own = page.url() === "about:blank" ? undefined : new URL(page.url()).host;
    const { host, protocol } = new URL(request.url());
    if (own !== undefined && protocol.startsWith("http") && host !== own) trouble.foreign.push(request.url());
  });
  return { page, context, trouble, close: () => context.close() };
}

/** Serious and critical findings of axe on the page as it stands, one line each. */
export async function seriousFindings(page: Page): Promise<string[]> {
  // Evaluated by the debugger, not as a script of the page, so the content policy stays as it is.
  await page.evaluate(axe.source);
  return page.evaluate(async () => {
    const { axe: inPage } = window as unknown as { axe: { run(root: Document, options: object): Promise<{ violations: { id: string; impact?: string; nodes: { html: string; target: unknown; failureSummary?: string }[] }[] }> } };
    const { violations } = await inPage.run(document, { resultTypes: ["violations"] });
    return violations
      .filter((violation) => violation.impact === "serious" || violation.impact === "critical")
      .flatMap((violation) => violation.nodes.map((node) => `${violation.id}: ${node.html.slice(0, 160)} | ${(node.failureSummary ?? "").replace(/\s+/g, " ").slice(0, 240)}`));
  });
}

/** Keeps a picture when OPENCLAW_SCREENSHOTS names a folder; a person looks at them before a change is called done. */
export async function picture(page: Page, name: string): Promise<void> {
  const folder = process.env["OPENCLAW_SCREENSHOTS"];
  if (folder === undefined || folder === "") return;
  await mkdir(folder, { recursive: true });
  await page.screenshot({ path: path.join(folder, `${name}.png`) });
}

function isThere(file: string): boolean {
  try {
    accessSync(file);
    return true;
  } catch {
    return false;
  }
}
