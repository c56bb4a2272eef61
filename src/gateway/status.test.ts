// What status and health warn of.
import { expect, it } from "vitest";
import { withDefaults } from "../config/defaults.ts";
import type { ConfigDocument } from "../config/schema.ts";
import type { ConfigSnapshot } from "../config/snapshot.ts";
import { configState, statusWarnings } from "./status.ts";

const snapshot = (document: ConfigDocument, change: Partial<ConfigSnapshot> = {}): ConfigSnapshot => ({ value: withDefaults(document), hash: "", path: "/s/config.yaml", exists: true, format: "yaml", warnings: [], issues: [], ...change });
const about = (document: ConfigDocument) => statusWarnings(snapshot(document)).join(" ");

it("warns of nothing on a fresh installation, and of each switch that lets more people in", () => {
  expect(statusWarnings(snapshot({}))).toEqual([]);
  expect(about({ gateway: { tailscale: { mode: "funnel" } } })).toMatch(/funnel: the whole internet/);
  expect(about({ gateway: { auth: { allowTailscale: true } } })).toMatch(/allowTailscale/);
  expect(about({ gateway: { tailscale: { mode: "serve" } } })).toMatch(/allowTailscale/);
  expect(about({ gateway: { tailscale: { mode: "serve" }, auth: { allowTailscale: false } } })).toBe("");
  expect(about({ gateway: { auth: { sharedTokenScopes: ["operator.read", "operator.admin"] } } })).toMatch(/sharedTokenScopes.*operator\.admin/);
});

it("tells a wrong file with place and time, and whether a change was refused", () => {
  const issues = [{ path: "gateway.prot", message: "unknown key gateway.prot", line: 2, column: 3 }, { path: "x", message: "y" }];
  const wrong = snapshot({}, { issues, isRefused: true, issuesSinceMs: 0 });
  expect(statusWarnings(wrong)).toEqual(["The configuration is wrong since 1970-01-01T00:00:00.000Z, its last change was refused and the one before is in force: /s/config.yaml line 2:3: unknown key gateway.prot (and 1 more)"]);
  expect(configState(wrong)).toEqual({ path: "/s/config.yaml", valid: false, issues, refused: true, sinceMs: 0 });
});
