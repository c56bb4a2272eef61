import { describe, expect, it } from "vitest";
import { createFakeClock } from "../base/fake-clock.ts";
import { silentLog } from "../base/log.ts";
import { createMemoryDisk, systemError, type MemoryDisk } from "./memory-disk.ts";
import { verdictOn } from "../../test/fixtures/mutant-module.ts";
import { openSessionDocument } from "./session-document.ts";

type Open = typeof openSessionDocument;

const path = "/state/agents/main/sessions/sessions.json";

async function setUp(text?: string, openDocument: Open = openSessionDocument, disk: MemoryDisk = createMemoryDisk()) {
  await disk.makeDir("/state/agents/main/sessions");
  if (text !== undefined) disk.plant(path, Buffer.from(text));
  let warnings = 0;
  const clock = createFakeClock();
  const document = await openDocument({ disk, clock, log: { ...silentLog, warn: () => void warnings++ }, path });
  return { disk, clock, document, warnings: () => warnings, text: () => disk.peek(path)?.toString() ?? "" };
}

describe("sessions.json", () => {
  it("is one JSON object that any reader takes, unknown members of older and newer gateways included", async () => {
    const older = JSON.stringify({ "agent:main:main": { sessionId: "s1", updatedAt: 3, skillsSnapshot: { prompt: "p" }, fromTheFuture: [1] } }, null, 2);
    const { document, text } = await setUp(older);
    await document.put("agent:main:two", { sessionId: "s2", updatedAt: 4 }, { durable: true });
    expect(JSON.parse(text())).toEqual({ ...JSON.parse(older), "agent:main:two": { sessionId: "s2", updatedAt: 4 } });
  });

  it("is an empty object when there are no sessions", async () => {
    const { document, text } = await setUp();
    await document.put("agent:main:a", { sessionId: "s", updatedAt: 1 }, { durable: true });
    await document.remove("agent:main:a");
    expect(JSON.parse(text())).toEqual({});
  });

  const loseOneEntry = async (openDocument: Open) => {
    const first = await setUp();
    for (let index = 0; index < 50; index++) await first.document.put(`agent:main:k${index}`, { sessionId: `s${index}`, updatedAt: index }, { durable: true });
    const good = first.text();
    const line = good.indexOf('"agent:main:k20"');
    const damaged = `${good.slice(0, line + 30)}\u0000${good.slice(line + 31)}`;
    const { document, warnings, disk } = await setUp(damaged, openDocument);
    expect(document.entries.size, "entries").toBe(49);
    expect(document.entries.has("agent:main:k20")).toBe(false);
    expect(disk.paths().filter((name) => name.includes(".damaged.")), "kept aside").toHaveLength(1);
    expect(warnings(), "warnings").toBe(1);
  };

  it("[R07] loses one entry to one damaged line, and keeps the damaged file aside", async () => {
    await loseOneEntry(openSessionDocument);
    console.log("[R07] 1 damaged line of 50");
  });

  it("leaves out what is no session, and ids that are paths", async () => {
    const { document, warnings } = await setUp(JSON.stringify({ a: 5, b: { updatedAt: 1 }, c: { sessionId: "../../x", updatedAt: 1 }, d: { sessionId: "ok", updatedAt: 1 } }));
    expect([...document.entries.keys()]).toEqual(["d"]);
    expect(warnings()).toBe(3);
  });

  it("writes facts that may wait within the time they were given, together", async () => {
    const { document, clock, disk } = await setUp();
    for (let index = 0; index < 10; index++) await document.put("agent:main:a", { sessionId: "s", updatedAt: index }, { durable: false, withinMs: 1_000 });
    await clock.advance(999);
    expect(disk.calls.filter((call) => call.op === "rename")).toHaveLength(0);
    await clock.advance(1);
    expect(disk.calls.filter((call) => call.op === "rename")).toHaveLength(1);
  });

  const holdNothingRefused = async (openDocument: Open) => {
    const { document, disk } = await setUp(undefined, openDocument);
    await document.put("agent:main:a", { sessionId: "s", updatedAt: 1 }, { durable: true });
    disk.fault = (op) => (op === "append" ? systemError("ENOSPC") : undefined);
    await expect(document.put("agent:main:b", { sessionId: "t", updatedAt: 1 }, { durable: true })).rejects.toMatchObject({ code: "store.full" });
    await expect(document.put("agent:main:a", { sessionId: "u", updatedAt: 2 }, { durable: true })).rejects.toMatchObject({ code: "store.full" });
    await expect(document.remove("agent:main:a")).rejects.toMatchObject({ code: "store.full" });
    expect([...document.entries], "in memory").toEqual([["agent:main:a", { sessionId: "s", updatedAt: 1 }]]);
  };

  it("[R08] does not keep in memory what the full disk refused", async () => {
    await holdNothingRefused(openSessionDocument);
    console.log("[R08] 3 refused changes");
  });

  it.each([
    { promise: "R07", name: "throws a damaged document away", from: "const saved = keepEntries(salvage(text), log, path);", to: "const saved = keepEntries({}, log, path);", check: loseOneEntry, says: /entries/ },
    { promise: "R07", name: "keeps nothing aside", from: "await writeWhole(disk, savedAs, bytes);", to: "", check: loseOneEntry, says: /kept aside/ },
    { promise: "R07", name: "says nothing", from: 'log.warn("sessions.json was damaged; what could be read was kept", { path, savedAs, entries: saved.size });', to: "", check: loseOneEntry, says: /warnings/ },
    { promise: "R08", name: "keeps what was refused", from: "if (entries.get(key) === entry) set(key, before);", to: "", check: holdNothingRefused, says: /in memory/ },
    { promise: "R08", name: "forgets what could not be removed", from: "if (!entries.has(key)) set(key, before);", to: "", check: holdNothingRefused, says: /in memory/ },
    { promise: "R08", name: "keeps quiet about a full disk", from: "if (entries.get(key) === entry) set(key, before);\n        throw error;", to: "if (entries.get(key) === entry) set(key, before);", check: holdNothingRefused, says: /instead of rejecting/ },
  ])("[$promise] the check catches a mutant that $name", async ({ check, says, name, from, to }) => {
    expect(await verdictOn<{ openSessionDocument: Open }>({ name, file: "src/store/session-document.ts", from, to }, ({ openSessionDocument: mutated }) => check(mutated))).toMatch(says);
  });

  it("takes keys like __proto__ as plain keys", async () => {
    const { document } = await setUp('{"__proto__": {"sessionId": "s", "updatedAt": 1}}');
    expect([...document.entries.keys()]).toEqual(["__proto__"]);
    expect(({} as Record<string, unknown>)["sessionId"]).toBeUndefined();
  });
});
