// Shows that the layering check bites: a copy of the tree with one bad import per rule, each of which must be reported.
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checkLayering, unseenFiles } from "../scripts/check/layering.mjs";

const root = path.dirname(import.meta.dirname);
const { forbidden } = createRequire(import.meta.url)("../.dependency-cruiser.cjs") as { forbidden: { name: string }[] };

interface Seed {
  rule: string;
  file: string;
  line: string;
}

/** Imports that a rule must refuse, in every form an import can take. */
const seeds: Seed[] = [
  { rule: "layer-base", file: "src/base/seed.ts", line: 'import type {} from "../protocol/scopes.ts";' },
  { rule: "layer-protocol", file: "src/protocol/seed.ts", line: 'export * from "../base/ids.ts";' },
  { rule: "layer-client", file: "src/client/seed.ts", line: 'import "../base/ids.ts";' },
  { rule: "layer-sdk", file: "src/sdk/seed.ts", line: 'import type {} from "../config/schema.ts";' },
  { rule: "layer-store", file: "src/store/seed.ts", line: 'import "../protocol/scopes.ts";' },
  { rule: "layer-store", file: "src/store/seed-sdk.ts", line: 'import type {} from "../sdk/tool.ts";' },
  { rule: "layer-config", file: "src/config/seed.ts", line: 'import "../vault/vault.ts";' },
  { rule: "layer-host", file: "src/host/seed.ts", line: 'import "../guard/anything.ts";' },
  { rule: "layer-guard", file: "src/guard/seed.ts", line: 'import "../vault/vault.ts";' },
  { rule: "layer-vault", file: "src/vault/seed.ts", line: 'import type {} from "../host/host.ts";' },
  { rule: "layer-sessions", file: "src/sessions/seed.ts", line: 'import "../agents/runs.ts";' },
  { rule: "layer-devices", file: "src/devices/seed.ts", line: 'import type {} from "../sessions/sessions.ts";' },
  { rule: "layer-channels", file: "src/channels/seed.ts", line: 'import "../sessions/sessions.ts";' },
  { rule: "layer-execution", file: "src/execution/seed.ts", line: 'import type {} from "../agents/runs.ts";' },
  { rule: "layer-models", file: "src/models/seed.ts", line: 'import "../sessions/sessions.ts";' },
  { rule: "layer-memory", file: "src/memory/seed.ts", line: 'import "../models/models.ts";' },
  { rule: "layer-agents", file: "src/agents/seed.ts", line: 'import type {} from "../channels/inbox.ts";' },
  { rule: "layer-cron", file: "src/cron/seed.ts", line: 'import "../agents/runs.ts";' },
  { rule: "layer-flows", file: "src/flows/seed.ts", line: 'export const late = () => import("../gateway/server.ts");' },
  { rule: "layer-gateway", file: "src/gateway/seed.ts", line: 'import "../cli/cli.ts";' },
  { rule: "layer-cli", file: "src/cli/seed.ts", line: 'import type {} from "../sessions/sessions.ts";' },
  { rule: "app-only-from-run", file: "src/cli/seed-app.ts", line: 'import "../app.ts";' },
  { rule: "main-is-the-end", file: "src/cli/seed-main.ts", line: 'import "../main.ts";' },
  { rule: "app-knows-no-face", file: "src/app.ts", line: 'import "./cli/cli.ts";' },
  { rule: "extension-only-sdk", file: "extensions/seed/seed.ts", line: 'import "../../src/base/ids.ts";' },
  { rule: "extension-only-sdk", file: "extensions/seed/seed-name.ts", line: 'import "openclaw/protocol/scopes";' },
  { rule: "extension-only-sdk", file: "extensions/seed/seed-other.ts", line: 'import "../seed-two/index.ts";' },
  { rule: "ui-only-client", file: "ui/src/seed.ts", line: 'import "../../src/sdk/tool.ts";' },
  { rule: "browser-safe", file: "src/protocol/seed-node.ts", line: 'import type {} from "node:fs";' },
  { rule: "browser-safe", file: "ui/src/seed-node.ts", line: 'import "node:path";' },
  { rule: "protocol-only-schema-library", file: "src/client/seed-ws.ts", line: 'import "ws";' },
  { rule: "one-engine-module", file: "src/models/seed-pi.ts", line: 'import type {} from "@earendil-works/pi-agent-core";' },
  { rule: "tests-stay-outside", file: "src/flows/seed-test.ts", line: 'import "../../test/requirements.ts";' },
  { rule: "tests-stay-outside", file: "src/flows/seed-suite.ts", line: 'import "../sdk/testing/seed.ts";' },
  { rule: "no-circular", file: "src/base/seed-cycle.ts", line: 'import type {} from "./seed-z-cycle-two.ts";' },
  { rule: "no-orphans", file: "src/flows/seed-orphan.ts", line: "export const alone = 1;" },
  { rule: "resolvable", file: "src/flows/seed-nowhere.ts", line: 'import "./no-such-file.ts";' },
];

/** What the seeds point at where the tree does not have it (yet). */
const targets: Record<string, string> = {
  "src/base/seed-z-cycle-two.ts": 'import type {} from "./seed-cycle.ts";',
  "src/guard/anything.ts": "",
  "src/gateway/server.ts": "",
  "src/cli/cli.ts": "",
  "src/app.ts": "",
  "src/sdk/testing/seed.ts": "",
  "test/requirements.ts": "",
  "extensions/seed-two/index.ts": "",
};

const scratch = mkdtempSync(path.join(tmpdir(), "openclaw-layering-"));

function copyTree(name: string): string {
  const copy = path.join(scratch, name);
  for (const entry of ["src", "extensions", "ui", "test", "package.json", "tsconfig.json", ".dependency-cruiser.cjs"]) {
    if (!existsSync(path.join(root, entry))) continue;
    cpSync(path.join(root, entry), path.join(copy, entry), { recursive: true, filter: (from) => !/[\\/](node_modules|dist)$/.test(from) });
  }
  symlinkSync(path.join(root, "node_modules"), path.join(copy, "node_modules"));
  return copy;
}

function write(copy: string, file: string, text: string): void {
  const full = path.join(copy, file);
  mkdirSync(path.dirname(full), { recursive: true });
  const before = existsSync(full) ? readFileSync(full, "utf8") : "export {};\n";
  writeFileSync(full, `${before}\n${text}\n`);
}

afterAll(() => rmSync(scratch, { recursive: true, force: true }));

describe("the layering check", () => {
  let report: Awaited<ReturnType<typeof checkLayering>>;

  beforeAll(async () => {
    const copy = copyTree("seeded");
    for (const [file, text] of Object.entries(targets)) if (!existsSync(path.join(copy, file)) || text) write(copy, file, text);
    for (const { file, line } of seeds) write(copy, file, line);
    report = await checkLayering(copy, { packages: root });
  });

  it.each(seeds)("reports $rule for $file", ({ rule, file }) => {
    expect(report.ok).toBe(false);
    expect(report.violations.filter((violation) => violation.rule === rule).map((violation) => violation.from)).toContain(file);
  });

  it("has a seeded import for every rule", () => {
    const seeded = new Set(seeds.map((seed) => seed.rule));
    expect(forbidden.map((rule) => rule.name).filter((name) => !seeded.has(name))).toEqual([]);
    console.log(`layering: ${seeds.length} seeded imports for ${forbidden.length} rules`);
  });

  it("fails when the cruiser lacks its parser and so sees fewer modules than there are files", async () => {
    const copy = copyTree("blind");
    const hook = path.join(scratch, "no-parser.mjs");
    writeFileSync(hook, `import { registerHooks } from "node:module";
registerHooks({ resolve(name, context, next) { if (name.startsWith("@swc/")) throw Object.assign(new Error("not installed"), { code: "ERR_MODULE_NOT_FOUND" }); return next(name, context); } });`);
    const blind = await checkLayering(copy, { packages: root, nodeArgs: ["--import", pathToFileURL(hook).href] });
    expect(blind.unseen.length).toBeGreaterThan(0);
    expect(blind.ok).toBe(false);
  });

  it("names the files that were not seen", () => {
    expect(unseenFiles(["src/a.ts", "src/b.ts"], ["src/a.ts"])).toEqual(["src/b.ts"]);
  });
});
