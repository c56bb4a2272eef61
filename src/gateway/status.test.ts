// What status and health warn of.
import { expect, it } from "vitest";
import { dial, startKit } from "../../test/fixtures/gateway-kit.ts";
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
  expect(statusWarnings(wrong)).toHaveLength(1);
  expect(statusWarnings(wrong)[0]).toMatch(/^The configuration is wrong since \d{4}-\d\d-\d\d \d\d:\d\d, its last change was refused and the one before is in force: \/s\/config\.yaml line 2:3: unknown key gateway\.prot \(and 1 more\)$/);
  expect(configState(wrong)).toEqual({ path: "/s/config.yaml", valid: false, issues, refused: true, sinceMs: 0 });
});

it("counts all sessions of each agent and shows the newest ten", async () => {
  const kit = await startKit();
  const wire = await dial(kit, { scopes: ["operator.write"] });
  for (let n = 0; n < 12; n++) await wire.call("sessions.create", { key: `agent:main:talk-${n}` });
  const { sessions } = await wire.call<{ sessions: { count: number; byAgent: { agentId: string; count: number; recent: unknown[] }[] } }>("status");
  expect(sessions.count).toBe(12);
  expect(sessions.byAgent.map(({ agentId, count, recent }) => [agentId, count, recent.length])).toEqual([["main", 12, 10]]);
  wire.close();
  await kit.close();
});
