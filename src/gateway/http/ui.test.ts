// The page and its files: strict policy, right types, places in the app, nothing from outside the folder.
import { createHash } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createMemoryDisk } from "../../store/memory-disk.ts";
import { systemDisk, writeWhole } from "../../store/disk.ts";
import type { GatewayApp } from "../gateway-app.ts";
import { contentSecurityPolicy } from "./headers.ts";
import type { HttpCall } from "./route.ts";
import { verdictOn } from "../../../test/fixtures/mutant-module.ts";
import { uiRoute } from "./ui.ts";

const files: Record<string, string> = {
  "index.html": '<!doctype html><script type="module" src="./assets/main-abcdef12.js"></script>',
  "inline.html": "<script>start()</script>",
  "assets/main-abcdef12.js": "export {}",
  "assets/style-abcdef12.css": "body{}",
  "favicon.svg": "<svg/>",
};

async function served(basePath?: string, makeRoute: typeof uiRoute = uiRoute) {
  const disk = createMemoryDisk();
  await disk.makeDir("/ui/assets");
  for (const [name, text] of Object.entries(files)) await writeWhole(disk, `/ui/${name}`, Buffer.from(text));
  await writeWhole(disk, "/secret.txt", Buffer.from("outside"));
  const route = makeRoute({ disk, dir: "/ui" });
  const app = { config: { current: () => ({ value: { gateway: { controlUi: { enabled: true, ...(basePath === undefined ? {} : { basePath }) } } } }) } } as unknown as GatewayApp; // the route asks for nothing else
  const get = (path: string, headers: Record<string, string> = {}, method = "GET") =>
    route.handle({ app, request: new Request(`http://localhost/${path}`, { method, headers }), rest: path } as HttpCall);
  return { get, route, app };
}

describe("the page", () => {
  const strictPolicy = async (makeRoute: typeof uiRoute) => {
    const { get } = await served(undefined, makeRoute);
    const response = await get("");
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("text/html; charset=utf-8");
    const policy = Object.fromEntries((response.headers.get("content-security-policy") ?? "").split("; ").map((part) => [part.split(" ")[0], part.split(" ").slice(1).join(" ")]));
    expect(policy, "the policy").toMatchObject({ "default-src": "'none'", "script-src": "'self'", "connect-src": "'self'", "img-src": "'self' data: blob:", "frame-ancestors": "'none'", "base-uri": "'none'", "form-action": "'none'", "require-trusted-types-for": "'script'" });
    expect(JSON.stringify(policy), "the policy").not.toMatch(/unsafe|https?:|\*/);
  };

  const hashedScripts = async (makeRoute: typeof uiRoute) => {
    const { get } = await served(undefined, makeRoute);
    const hash = createHash("sha256").update("start()").digest("base64");
    expect((await get("inline.html")).headers.get("content-security-policy"), "the hash").toContain(`'sha256-${hash}'`);
    expect(contentSecurityPolicy()).not.toContain("sha256");
  };

  it("[I.21] has a policy that allows nothing from elsewhere, nothing inline and no strings as code", () => strictPolicy(uiRoute));

  it("[I.21] names inline scripts of the built page by their hash", async () => {
    await hashedScripts(uiRoute);
    console.log("[I.21] 1 page, 1 inline script");
  });

  it.each([
    { name: "allows inline code", from: `["script-src 'self'",`, to: `["script-src 'self' 'unsafe-inline'",`, check: strictPolicy, says: /the policy/ },
    { name: "talks to any origin", from: `"connect-src 'self'",`, to: `"connect-src *",`, check: strictPolicy, says: /the policy/ },
    { name: "loads styles from elsewhere", from: `"style-src 'self'",`, to: `"style-src 'self' https:",`, check: strictPolicy, says: /the policy/ },
    { name: "takes strings for code", from: `"require-trusted-types-for 'script'",`, to: "", check: strictPolicy, says: /the policy/ },
    { name: "names no inline script", from: "...scriptHashes.map((hash) => `'sha256-${hash}'`)", to: "", check: hashedScripts, says: /the hash/ },
  ])("[I.21] the check sees a page that $name", async ({ check, says, ...mutation }) => {
    expect(await verdictOn<{ uiRoute: typeof uiRoute }>({ file: "src/gateway/http/headers.ts", ...mutation }, ({ uiRoute: mutated }) => check(mutated), "src/gateway/http/ui.ts")).toMatch(says);
  });

  it("is given for every place in the app, and missing files are missing", async () => {
    const { get } = await served();
    for (const place of ["chat", "sessions/agent:main:main", "settings"]) {
      if (place.includes(":")) continue;
      expect(await (await get(place)).text()).toBe(files["index.html"]);
    }
    expect((await get("assets/other-abcdef12.js")).status).toBe(404);
    expect((await get("nothing.png")).status).toBe(404);
  });

  it("keeps hashed files for good and asks about the others", async () => {
    const { get } = await served();
    const asset = await get("assets/main-abcdef12.js");
    expect(asset.headers.get("cache-control")).toContain("immutable");
    expect(asset.headers.get("content-type")).toBe("text/javascript; charset=utf-8");
    const page = await get("");
    expect(page.headers.get("cache-control")).toBe("no-cache");
    expect((await get("", { "if-none-match": page.headers.get("etag") ?? "" })).status).toBe(304);
    expect(await (await get("favicon.svg", {}, "HEAD")).text()).toBe("");
  });

  it("leads nowhere outside its folder", async () => {
    const { get } = await served();
    for (const path of ["../secret.txt", "..%2fsecret.txt", "/secret.txt", "assets/../../secret.txt", ".hidden", "assets/.env", "a\u0000b", "assets\\..\\..\\secret.txt", "%2e%2e/secret.txt"]) {
      const response = await get(path);
      expect(await response.text()).not.toContain("outside");
    }
  });

  it("takes names that no disk has for missing ones", async () => {
    const dir = await mkdtemp(join(tmpdir(), "openclaw-ui-"));
    try {
      await writeFile(join(dir, "index.html"), files["index.html"] ?? "");
      const { app } = await served();
      const route = uiRoute({ disk: systemDisk, dir });
      for (const [rest, status] of [["a".repeat(9_000), 200], ["index.html/x", 200], ["index.html/x.js", 404], [`${"b/".repeat(4_000)}c.js`, 404]] as const) {
        const response = await route.handle({ app, request: new Request(`http://localhost/${rest}`), rest } as HttpCall);
        expect(response.status, rest.slice(0, 20)).toBe(status);
      }
    } finally {
      await rm(dir, { recursive: true });
    }
  });

  it("may stand below a base path", async () => {
    const { get } = await served("/ui/");
    expect((await get("ui")).headers.get("location")).toBe("/ui/");
    expect((await get("ui/")).status).toBe(200);
    expect((await get("ui/assets/main-abcdef12.js")).status).toBe(200);
    expect((await get("assets/main-abcdef12.js")).status).toBe(404);
  });

  it("says what to do when it was not built", async () => {
    const { route, app } = await served();
    const empty = uiRoute({ disk: createMemoryDisk(), dir: "/ui" });
    const response = await empty.handle({ app, request: new Request("http://localhost/"), rest: "" } as HttpCall);
    expect(response.status).toBe(404);
    expect(await response.text()).toContain("node scripts/boot.mjs build");
    expect(route.access).toBe("open");
  });
});
