// The offline outbox: one key per message, order kept, nothing forgotten over a reload.
import { describe, expect, it } from "vitest";
import { createOutbox, maxWaiting, type Outcome, type Sent } from "./outbox.ts";

function outboxWith(script: (entry: Sent) => Outcome | Promise<Outcome>, kept: Sent[] = []) {
  let online = true;
  let keys = 0;
  let saved: readonly Sent[] = [];
  const tried: string[] = [];
  const outbox = createOutbox({
    store: { load: async () => kept, save: async (entries) => void (saved = entries) },
    send: async (entry) => {
      tried.push(entry.key);
      return script(entry);
    },
    newKey: () => `k${++keys}`,
    now: () => 7,
    isOnline: () => online,
  });
  return { outbox, tried, saved: () => saved, setOnline: (next: boolean) => void (online = next) };
}

const say = (text: string) => ({ sessionKey: "s", text, attachments: [] });

describe("outbox", () => {
  it("waits while offline and sends in order once online", async () => {
    const { outbox, tried, setOnline } = outboxWith(() => ({ kind: "accepted" }));
    setOnline(false);
    outbox.add(say("one"));
    outbox.add(say("two"));
    await outbox.flush();
    expect(tried).toEqual([]);
    setOnline(true);
    await outbox.flush();
    expect(tried).toEqual(["k1", "k2"]);
    expect(outbox.list("s").map((entry) => entry.state)).toEqual(["accepted", "accepted"]);
  });

  it("tries again under the same key when the connection broke, and sends nothing younger before it", async () => {
    let broken = true;
    const { outbox, tried } = outboxWith(() => (broken ? { kind: "again" } : { kind: "accepted" }));
    outbox.add(say("one"));
    outbox.add(say("two"));
    await outbox.flush();
    expect(new Set(tried)).toEqual(new Set(["k1"]));
    broken = false;
    await outbox.flush();
    expect(tried.at(-2)).toBe("k1");
    expect(tried.at(-1)).toBe("k2");
  });

  it("keeps a refused message with its problem, lets the next one pass, and retries under the same key", async () => {
    const problem = { what: "no", code: "X", next: "." };
    const { outbox, tried } = outboxWith((entry) => (entry.key === "k1" && tried.filter((key) => key === "k1").length === 1 ? { kind: "failed", problem } : { kind: "accepted" }));
    outbox.add(say("one"));
    outbox.add(say("two"));
    await outbox.flush();
    expect(outbox.list("s")).toMatchObject([{ key: "k1", state: "failed", problem }, { key: "k2", state: "accepted" }]);
    outbox.retry("k1");
    await outbox.flush();
    expect(tried).toEqual(["k1", "k2", "k1"]);
    expect(outbox.list("s")[0]).not.toHaveProperty("problem");
  });

  it("sends again after a reload what was under way before it, under its own key", async () => {
    const kept: Sent[] = [
      { ...say("a"), key: "old1", atMs: 1, state: "sending" },
      { ...say("b"), key: "old2", atMs: 2, state: "accepted" },
      { ...say("c"), key: "old3", atMs: 3, state: "failed" },
    ];
    const { outbox, tried, saved } = outboxWith((entry) => (entry.key === "old2" ? { kind: "over" } : { kind: "accepted" }), kept);
    await outbox.restore();
    expect(tried).toEqual(["old1", "old2"]);
    expect(saved().map((entry) => [entry.key, entry.state])).toEqual([["old1", "accepted"], ["old3", "failed"]]);
  });

  it("takes no more than it can keep", () => {
    const { outbox, setOnline } = outboxWith(() => ({ kind: "again" }));
    setOnline(false);
    for (let index = 0; index < maxWaiting; index++) outbox.add(say("x"));
    expect(() => outbox.add(say("one too many"))).toThrow(/wait already/);
  });
});
