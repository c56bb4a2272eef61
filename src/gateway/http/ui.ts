// The Control UI: the files that the build put into dist/ui, with a strict policy on every page. No file outside that folder is reachable.
import { createHash } from "node:crypto";
import { extname, join } from "node:path";
import { errorCode, type Disk } from "../../store/disk.ts";
import { pageHeaders } from "./headers.ts";
import type { HttpRoute } from "./route.ts";

const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".mjs": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".json": "application/json; charset=utf-8",
  ".svg": "image/svg+xml", ".png": "image/png", ".ico": "image/x-icon", ".webp": "image/webp", ".woff2": "font/woff2", ".webmanifest": "application/manifest+json", ".map": "application/json; charset=utf-8", ".txt": "text/plain; charset=utf-8",
};

interface Asset { bytes: Uint8Array<ArrayBuffer>; type: string; etag: string; /** The name holds a hash of the content. */ immutable: boolean; scriptHashes: string[] }

/** `dir`: where the built UI is; undefined when there is none. */
export function uiRoute(deps: { disk: Disk; dir: string }): HttpRoute {
  const kept = new Map<string, Asset>();

  const load = async (name: string): Promise<Asset | undefined> => {
    const known = kept.get(name);
    if (known) return known;
    const found = await deps.disk.stat(join(deps.dir, name)).catch(noSuchName);
    if (!found || found.isDirectory) return undefined;
    const bytes = await deps.disk.readFile(join(deps.dir, name));
    if (!bytes) return undefined;
    const asset: Asset = {
      bytes: new Uint8Array(bytes),
      type: types[extname(name)] ?? "application/octet-stream",
      etag: `"${createHash("sha256").update(bytes).digest("base64url").slice(0, 22)}"`,
      immutable: /^assets\/.*[-.][A-Za-z0-9_-]{8,}\.\w+$/.test(name),
      scriptHashes: name.endsWith(".html") ? inlineScriptHashes(bytes.toString("utf8")) : [],
    };
    kept.set(name, asset);
    return asset;
  };

  return {
    methods: ["GET"],
    path: "/*",
    access: "open",
    enabled: (app) => app.config.current().value.gateway.controlUi?.enabled ?? true,
    async handle({ app, request, rest }) {
      const base = (app.config.current().value.gateway.controlUi?.basePath ?? "").replace(/^\/+|\/+$/g, "");
      const path = rest.replace(/^\/+/, "");
      if (base !== "" && path === base) return new Response(null, { status: 302, headers: { location: `/${base}/` } });
      const inside = base === "" ? path : path.startsWith(`${base}/`) ? path.slice(base.length + 1) : undefined;
      if (inside === undefined || !isPlainName(inside)) return missing();
      // An address that names no file is a place in the app; a missing file with an extension is an error.
      const asset = (await load(inside === "" ? "index.html" : inside)) ?? (extname(inside) === "" ? await load("index.html") : undefined);
      if (!asset) return inside === "" || extname(inside) === "" ? notBuilt() : missing();
      const headers = { ...pageHeaders(asset.scriptHashes), "content-type": asset.type, etag: asset.etag, "cache-control": asset.immutable ? "public, max-age=31536000, immutable" : "no-cache" };
      if (request.headers.get("if-none-match") === asset.etag) return new Response(null, { status: 304, headers });
      return new Response(request.method === "HEAD" ? null : asset.bytes, { headers });
    },
  };
}

/** No dot segments, no hidden files, no odd characters: what the build writes and nothing else. */
function isPlainName(path: string): boolean {
  return path === "" || path.split("/").every((part) => /^[A-Za-z0-9_@~-][A-Za-z0-9._@~-]*$/.test(part));
}

/** A name that is too long for the disk, or lies below a file, names nothing either. */
function noSuchName(error: unknown): undefined {
  const code = errorCode(error);
  if (code !== "ENAMETOOLONG" && code !== "ENOTDIR") throw error;
}

function inlineScriptHashes(html: string): string[] {
  return [...html.matchAll(/<script(?![^>]*\bsrc=)[^>]*>([\s\S]*?)<\/script>/g)].map((match) => createHash("sha256").update(match[1] ?? "").digest("base64"));
}

function missing(): Response {
  return new Response("Not Found", { status: 404, headers: { "content-type": "text/plain; charset=utf-8" } });
}

function notBuilt(): Response {
  return new Response("The Control UI is not built. Run: node scripts/boot.mjs build\n", { status: 404, headers: { "content-type": "text/plain; charset=utf-8" } });
}
