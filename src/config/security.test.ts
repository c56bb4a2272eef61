import { describe, expect, it } from "vitest";
import { importMutant } from "../../test/fixtures/mutant-module.ts";
import { Fault } from "../base/faults.ts";
import { withDefaults } from "./defaults.ts";
import { hashOf } from "./files.ts";
import type * as LoadModule from "./load.ts";
import { createLastGood, loadConfig, type LastGood, type Loaded } from "./load.ts";
import type { ConfigDocument } from "./schema.ts";
import { strengthen, weakerAspects } from "./security-order.ts";
import type { Format } from "./source.ts";

const strictYaml = `# what the owner decided
gateway:
  port: 19100
  bind: loopback # never the network
  auth:
    mode: token
    token: 0123456789abcdef0123456789abcdef
    sharedTokenScopes: [operator.read]
    allowLegacySignatures: false
  tls:
    enabled: true
  controlUi:
    enabled: false
  http:
    endpoints:
      chatCompletions: { enabled: false }
      responses:
        enabled: false
  nodes:
    denyCommands:
      - camera.snap
      - location.get
tools:
  profile: coding
  deny: [write, web_fetch]
  web:
    fetch:
      enabled: false
agents:
  defaults:
    tools:
      profile: messaging
  list:
    - id: main
      default: true
    - id: guest
      tools:
        profile: minimal
        allow: [read]
session:
  scope: per-sender
extensions:
  deny: [web]
`;
const strictJson = `{
  // what the owner decided
  gateway: {
    port: 19100, bind: "loopback",
    auth: { mode: "token", token: "0123456789abcdef0123456789abcdef", sharedTokenScopes: ["operator.read"] },
    tls: { enabled: true },
    http: { endpoints: { chatCompletions: { enabled: false }, responses: { enabled: false } } },
    nodes: { denyCommands: ["camera.snap"] },
  },
  tools: { profile: "coding", deny: ["write", "web_fetch"] },
  agents: { list: [ { id: "main", default: true }, { id: "guest", tools: { allow: ["read"] } } ] },
  session: { scope: "per-sender" },
}
`;

function randomFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const junk = ["\0", "\t", ":", "{", "}", "[", "]", "'", '"', "#", "- ", "&x ", "*x ", "!!", "x", "é", "\uFFFD", "true", "null", "~", "  ", "\n", ",", "|", ">", "%", "0", "-1", "lan", "admin"];

/** One to three small accidents: letters changed, swapped, cut, doubled; lines lost, moved, doubled; ends missing. */
function damage(text: string, random: (below: number) => number): string {
  let result = text;
  for (let times = 1 + random(3); times > 0; times--) {
    const at = random(result.length);
    const lines = result.split("\n");
    const line = random(lines.length);
    switch (random(10)) {
      case 0:
        result = result.slice(0, at) + (junk[random(junk.length)] ?? "") + result.slice(at + 1);
        break;
      case 1:
        result = result.slice(0, at) + (junk[random(junk.length)] ?? "") + result.slice(at);
        break;
      case 2:
        result = result.slice(0, at) + result.slice(at + 1 + random(8));
        break;
      case 3:
        result = result.slice(0, at) + (result[at + 1] ?? "") + (result[at] ?? "") + result.slice(at + 2);
        break;
      case 4:
        result = lines.toSpliced(line, 1).join("\n");
        break;
      case 5:
        result = lines.toSpliced(line, 0, lines[random(lines.length)] ?? "").join("\n");
        break;
      case 6:
        result = lines.toSpliced(line, 1, `${" ".repeat(random(4))}${lines[line] ?? ""}`).join("\n");
        break;
      case 7:
        result = lines.toSpliced(line, 1, (lines[line] ?? "").replace(/^ {1,2}/, "")).join("\n");
        break;
      case 8:
        result = result.slice(0, at);
        break;
      default: {
        const words = [...result.matchAll(/[A-Za-z]{3,}/g)];
        const word = words[random(words.length)];
        if (word) result = result.slice(0, word.index) + word[0].slice(0, -1) + result.slice(word.index + word[0].length);
      }
    }
  }
  return result;
}

const noEnv = () => undefined;
const open = (text: string, format: Format, lastGood: LastGood | undefined, load = loadConfig): Promise<Loaded> =>
  load({ file: { exists: true, text, hash: hashOf(text) }, location: { path: `/c.${format}`, format }, env: noEnv, lastGood });
const good = (text: string, format: Format = "yaml") => createLastGood(text, format, noEnv);

interface Tally { refused: number; lastGood: number; partly: number; clean: number; weaker: string[] }

/** Starts on each damaged file. A file that still is a valid document is the owner's word; everything else must not be weaker. */
async function run(original: string, format: Format, rounds: number, seed: number, hasLastGood: boolean, load = loadConfig): Promise<Tally> {
  const random = randomFrom(seed);
  const tally: Tally = { refused: 0, lastGood: 0, partly: 0, clean: 0, weaker: [] };
  const { snapshot } = await open(original, format, undefined);
  const lastGood = hasLastGood ? good(original, format) : undefined;
  expect(snapshot.issues).toEqual([]);
  for (let round = 0; round < rounds; round++) {
    const text = damage(original, random);
    let loaded: Loaded;
    try {
      loaded = await open(text, format, lastGood, load);
    } catch (error) {
      if (!(error instanceof Fault) || error.code !== "config.invalid" || typeof error.details["line"] !== "number" || typeof error.details["column"] !== "number") throw error;
      expect(hasLastGood).toBe(false);
      tally.refused++;
      continue;
    }
    const { issues, warnings, value } = loaded.snapshot;
    if (issues.length === 0) {
      tally.clean++;
      continue;
    }
    expect(issues.every((issue) => issue.message !== "" && (issue.line === undefined || issue.line >= 1))).toBe(true);
    if (warnings.some((warning) => warning.message.includes("last good configuration is used"))) tally.lastGood++;
    else tally.partly++;
    const weaker = weakerAspects(snapshot.value, value);
    if (hasLastGood && weaker.length > 0) tally.weaker.push(`${JSON.stringify(weaker)} after ${JSON.stringify(issues[0])}`);
  }
  return tally;
}

describe("a broken configuration", () => {
  it("[R38] starts on what is good, or ends with line and column, and is never weaker than the last good one", async () => {
    const from = performance.now();
    const tallies = [await run(strictYaml, "yaml", 3_000, 1, true), await run(strictJson, "json5", 5_000, 2, true), await run(strictYaml, "yaml", 1_000, 3, false), await run(strictJson, "json5", 1_000, 4, false)];
    const sum = (name: "refused" | "lastGood" | "partly" | "clean") => tallies.reduce((total, tally) => total + tally[name], 0);
    console.log(`[R38] 10000 damaged files in ${Math.round(performance.now() - from)} ms: ${sum("lastGood")} on the last good one, ${sum("partly")} without a part, ${sum("refused")} refused with line and column, ${sum("clean")} still valid`);
    expect(tallies.flatMap((tally) => tally.weaker)).toEqual([]);
    for (const name of ["refused", "lastGood", "partly", "clean"] as const) expect(sum(name)).toBeGreaterThan(100);
  }, 60_000);

  it("[R38] catches seeded mutants: no floor, a section that is only left out, cut-off files taken as they are", async () => {
    const noFloor = await importMutant<typeof LoadModule>({ name: "no floor", file: "src/config/assess.ts", from: "input.lastGood === undefined ? { document: document as ConfigDocument, restored: [] }", to: "true ? { document: document as ConfigDocument, restored: [] as Path[] }" }, "src/config/load.ts");
    expect((await run(strictYaml, "yaml", 600, 1, true, noFloor.loadConfig)).weaker.length).toBeGreaterThan(0);
    const unguarded = await importMutant<typeof LoadModule>({ name: "no strictest", file: "src/config/assess.ts", from: "?.strictest(broken)", to: "?.strictest && undefined" }, "src/config/load.ts");
    const text = "tools:\n  profil: minimal\n";
    expect((await open(text, "yaml", undefined)).snapshot.value.tools.profile).toBe("minimal");
    expect((await open(text, "yaml", undefined, unguarded.loadConfig)).snapshot.value.tools.profile).toBe("full");
    const trusting = await importMutant<typeof LoadModule>({ name: "cut-off files", file: "src/config/load.ts", from: "parsed.ok && input.isOurs !== true && isTorn(file, input.lastGood?.text)", to: "parsed.ok && false && isTorn(file, input.lastGood?.text)" });
    const torn = strictYaml.slice(0, strictYaml.indexOf("deny: [write") - 3);
    expect((await open(torn, "yaml", good(strictYaml))).snapshot.value.tools.deny).toEqual(["write", "web_fetch"]);
    expect((await open(torn, "yaml", good(strictYaml), trusting.loadConfig)).snapshot.value.tools.deny).toBeUndefined();
  }, 60_000);

  it("tells of every relaxation in a file without errors", async () => {
    const { snapshot } = await open(strictYaml.replace("bind: loopback", "bind: lan").replace("deny: [write, web_fetch]", "deny: [write]"), "yaml", good(strictYaml));
    expect(snapshot.issues).toEqual([]);
    expect(snapshot.value.gateway.bind).toBe("lan");
    expect(snapshot.warnings.map((warning) => warning.path).sort()).toEqual(["gateway.bind", "tools.deny"]);
  });
});

describe("the order of security", () => {
  const strict: ConfigDocument = { gateway: { bind: "loopback", auth: { sharedTokenScopes: ["operator.read"] }, nodes: { denyCommands: ["a", "b"] } }, tools: { deny: ["exec", "write"], allow: ["read", "write"], profile: "coding" } };
  it.each<[string, ConfigDocument, string[]]>([
    ["the same", strict, []],
    ["a wider bind", { ...strict, gateway: { ...strict.gateway, bind: "lan" } }, ["gateway.bind"]],
    ["more scopes", { ...strict, gateway: { ...strict.gateway, auth: { sharedTokenScopes: ["operator.read", "operator.admin"] } } }, ["gateway.auth.sharedTokenScopes"]],
    ["default scopes", { ...strict, gateway: { ...strict.gateway, auth: {} } }, ["gateway.auth.sharedTokenScopes"]],
    ["a shorter deny list", { ...strict, tools: { ...strict.tools, deny: ["exec"] } }, ["tools.deny"]],
    ["no allow list", { ...strict, tools: { deny: ["exec", "write"], profile: "coding" } }, ["tools.allow"]],
    ["a larger profile", { ...strict, tools: { ...strict.tools, profile: "full" } }, ["tools.profile"]],
    ["stricter everywhere", { ...strict, tools: { deny: ["exec", "write", "read"], allow: [], profile: "minimal" } }, []],
  ])("sees %s", (_, next, paths) => {
    expect(weakerAspects(withDefaults(strict), withDefaults(next)).map((path) => path.join("."))).toEqual(paths);
    const { document, restored } = strengthen(strict, next);
    expect(restored.map((path) => path.join("."))).toEqual(paths);
    expect(weakerAspects(withDefaults(strict), withDefaults(document))).toEqual([]);
  });

  it("does not let an agent with rules of its own lose them or change its name", () => {
    const last: ConfigDocument = { agents: { list: [{ id: "guest", tools: { allow: ["read"] } }] } };
    for (const list of [[], [{ id: "guest" }], [{ id: "guests", tools: { allow: ["read"] } }], [{ id: "guest", tools: { allow: ["read", "write"] } }]]) {
      expect(strengthen(last, { agents: { list } }).document.agents?.list, JSON.stringify(list)).toEqual(last.agents?.list);
    }
  });
});
