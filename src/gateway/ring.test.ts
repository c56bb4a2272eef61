// Catching up: a client that was away gets exactly what it missed, by number, or is told to read anew.
import { describe, expect, it } from "vitest";
import { createFakeClock } from "../base/fake-clock.ts";
import { wireEvents } from "../protocol/events.ts";
import type { Caller } from "../protocol/scopes.ts";
import { importMutant } from "../../test/fixtures/mutant-module.ts";
import { createEventRing, isVisible, ringLimits, type EventRing, type Pushed, type StreamPosition, type Viewer } from "./ring.ts";

const viewerOf = (scopes: string[], role: "operator" | "node" = "operator", protocol: 3 | 4 = 4): Viewer => ({ caller: { role, scopes, protocol, caps: [] } as unknown as Caller, subscriptions: undefined, spoken: () => undefined });
const pushed = (n: number, key: "chat" | "tick" | "devicePairResolved", sizeBytes = 100): Pushed => ({ event: wireEvents[key], protocols: [3, 4], sizeBytes, render: () => ({ n }) });

/** A small pseudo-random sequence, the same for the same seed. */
function random(seed: number): () => number {
  let state = seed;
  return () => ((state = (state * 1_103_515_245 + 12_345) % 2_147_483_648) / 2_147_483_648);
}

/** Drops a client at random places many times and compares what it gets with what it missed; returns what was wrong. */
function resumeFailures(make: typeof createEventRing, rounds: number): string[] {
  const failures: string[] = [];
  const next = random(4_711);
  const clock = createFakeClock();
  const ring: EventRing = make(clock);
  const viewer = viewerOf(["operator.read"]);
  const kinds = ["chat", "tick", "devicePairResolved"] as const;
  let n = 0;
  for (let round = 0; round < rounds; round++) {
    const position: StreamPosition = { viewer, seq: 0, index: ring.head(), stable: { seq: 0, index: ring.head() } };
    const sent: number[] = [];
    const push = (isConnected: boolean): number | undefined => {
      const one = pushed(++n, kinds[Math.floor(next() * 3)] ?? "chat");
      const index = ring.push(one);
      if (isConnected) position.index = index;
      if (!isVisible(one, viewer)) return undefined;
      if (isConnected) position.seq++;
      return n;
    };
    for (let i = Math.floor(next() * 60); i > 0; i--) {
      const shown = push(true);
      if (shown !== undefined) sent.push(shown);
    }
    const got = Math.floor(next() * (sent.length + 1)); // the rest was lost with the socket
    const whileAway: number[] = [];
    for (let i = Math.floor(next() * 60); i > 0; i--) {
      const shown = push(false);
      if (shown !== undefined) whileAway.push(shown);
    }
    const answer = ring.missed(position, got, ring.head());
    const expected = [...sent.slice(got), ...whileAway];
    const received = answer.resync ? ["resync"] : answer.events.map(({ pushed: one }) => (one.render({ protocol: 4, sessionKey: undefined }) as { n: number }).n);
    if (received.join() !== expected.join()) failures.push(`round ${round}: expected ${expected.length}, got ${received.length}`);
    if (!answer.resync && answer.events.some(({ seq }, i) => seq !== got + i + 1)) failures.push(`round ${round}: numbers have gaps`);
  }
  return failures;
}

describe("[R14] catching up", () => {
  it("[R14] gives exactly the missing events, in order, without gaps", () => {
    const rounds = 1_000;
    expect(resumeFailures(createEventRing, rounds)).toEqual([]);
    console.log(`[R14] ${rounds} cut connections`);
  });

  it.each([
    { name: "forgets what came while the client was away", from: "for (let index = position.index + 1; index <= until; index++) {", to: "for (let index = position.index + 1; index < 0; index++) {" },
    { name: "repeats the last event", from: "for (let index = position.index; seq > lastSeq; index--) {", to: "for (let index = position.index; seq >= lastSeq && index >= base; index--) {" },
    { name: "does not ask who may see an event", from: "if (isVisible(pushed, position.viewer)) events.push({ pushed, seq: seq-- });", to: "events.push({ pushed, seq: seq-- });" },
  ])("[R14] the check sees a mutant that $name", async ({ name, from, to }) => {
    const mutant = await importMutant<{ createEventRing: typeof createEventRing }>({ name, file: "src/gateway/ring.ts", from, to });
    expect(resumeFailures(mutant.createEventRing, 50).length).toBeGreaterThan(0);
  }, 60_000);

  it("[R14] asks for one resync beyond 10,000 events, ten minutes, or more than it can hold", async () => {
    const clock = createFakeClock();
    const ring = createEventRing(clock);
    const viewer = viewerOf(["operator.read"]);
    const position: StreamPosition = { viewer, seq: 0, index: 0, stable: { seq: 0, index: 0 } };
    for (let n = 0; n < ringLimits.events; n++) ring.push(pushed(n, "chat"));
    const all = ring.missed(position, 0, ring.head());
    expect(all.resync ? 0 : all.events.length).toBe(10_000);
    ring.push(pushed(1, "chat"));
    expect(ring.missed(position, 0, ring.head())).toMatchObject({ resync: true });
    const later: StreamPosition = { ...position, index: ring.head() };
    await clock.advance(ringLimits.ageMs - 1);
    ring.push(pushed(2, "chat"));
    expect(ring.missed(later, 0, ring.head())).toMatchObject({ resync: false, events: [{ seq: 1 }] });
    await clock.advance(ringLimits.ageMs + 1);
    expect(ring.missed(later, 0, ring.head())).toMatchObject({ resync: true });
    const heavy: StreamPosition = { ...position, index: ring.head() };
    for (let n = 0; n < 40; n++) ring.push(pushed(n, "chat", 1_000_000));
    expect(ring.missed(heavy, 0, ring.head())).toMatchObject({ resync: true });
  });

  it("asks for a resync when the number makes no sense or the view changed", () => {
    const ring = createEventRing(createFakeClock());
    const viewer = viewerOf(["operator.read"]);
    expect(ring.missed({ viewer, seq: 3, index: 0, stable: { seq: 0, index: 0 } }, 4, 0)).toMatchObject({ resync: true });
    expect(ring.missed({ viewer, seq: 3, index: 0, stable: { seq: 2, index: 0 } }, 1, 0)).toMatchObject({ resync: true });
  });

  it("remembers closed connections for a while and not without end", async () => {
    const clock = createFakeClock();
    const ring = createEventRing(clock);
    const position: StreamPosition = { viewer: viewerOf([]), seq: 0, index: 0, stable: { seq: 0, index: 0 } };
    for (let n = 0; n < ringLimits.retired + 500; n++) ring.retire(`c${n}`, position);
    expect(ring.retired("c0")).toBeUndefined();
    expect(ring.retired(`c${ringLimits.retired + 499}`)).toBe(position);
    await clock.advance(ringLimits.ageMs + 1);
    ring.retire("new", position);
    expect(ring.retired(`c${ringLimits.retired + 499}`)).toBeUndefined();
  });
});

describe("who sees what", () => {
  const cases: [scopes: string[], role: "operator" | "node", key: "chat" | "tick" | "devicePairResolved", seen: boolean][] = [
    [["operator.read"], "operator", "chat", true], [["operator.write"], "operator", "chat", true], [["operator.admin"], "operator", "chat", true], [["operator.pairing"], "operator", "chat", false], [[], "operator", "chat", false],
    [[], "node", "chat", false], [["operator.admin"], "node", "chat", false], [[], "node", "tick", true], [[], "operator", "tick", true],
    [["operator.read"], "operator", "devicePairResolved", false], [["operator.pairing"], "operator", "devicePairResolved", true], [["operator.admin"], "operator", "devicePairResolved", true], [["operator.write"], "operator", "devicePairResolved", false],
  ];
  it.each(cases)("scopes %j, role %s, event %s: %s", (scopes, role, key, seen) => {
    expect(isVisible(pushed(1, key), viewerOf(scopes, role))).toBe(seen);
  });

  it("an event that a protocol does not know is not sent to it", () => {
    expect(isVisible({ ...pushed(1, "tick"), protocols: [4] }, viewerOf([], "operator", 3))).toBe(false);
  });
});
