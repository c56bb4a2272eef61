// The contract suite of model providers: what every one of them must hold, run from each extension's own tests.
import { describe, expect, it } from "vitest";
import { Secret } from "../../base/secret.ts";
import type { ModelEvent, ModelProvider, ModelRequest, ProviderSetup } from "../provider.ts";

export interface ProviderCase {
  name: string;
  /** A new provider per test. */
  provider(): ModelProvider;
  setup: ProviderSetup;
  /** Answered with a few words, in more than one piece. */
  speaks: ModelRequest;
  /** Answered with at least one tool call; absent when the provider cannot call tools. */
  calls?: ModelRequest;
  /** Fails at the network or at the vendor. */
  fails?: ModelRequest;
  /** Never ends by itself. */
  hangs?: ModelRequest;
  /** How many requests reached the network since the test began. */
  attempts?(): number;
  /** Lets fake time pass while a stream is read; absent when the provider needs none. */
  pump?(): Promise<void>;
}

const terminal = (event: ModelEvent): boolean => event.type === "done" || event.type === "failed";
const wordsOf = (events: readonly ModelEvent[]): string => events.map((event) => (event.type === "text" ? event.delta : "")).join("");

/** Call it once at the top of a test file. */
export function testProvider(subject: ProviderCase): void {
  const read = async (request: ModelRequest, signal = new AbortController().signal, onEvent: (event: ModelEvent) => void = () => undefined): Promise<ModelEvent[]> => {
    const events: ModelEvent[] = [];
    let isOver = false;
    const reading = (async () => {
      for await (const event of subject.provider().stream(request, signal)) {
        events.push(event);
        onEvent(event);
      }
      isOver = true;
    })();
    while (subject.pump && !isOver) await subject.pump();
    await reading;
    return events;
  };

  describe(`model provider contract: ${subject.name}`, () => {
    it("describes itself", () => {
      const { id, label, access } = subject.provider();
      expect(id).toMatch(/^(?:\*|[a-z0-9][a-z0-9-]*)$/);
      expect(label).not.toBe("");
      expect(Array.isArray(access.keyEnv)).toBe(true);
    });

    it("lists models under the asked provider's name with sizes that make sense", async () => {
      const models = await subject.provider().models(subject.setup, new AbortController().signal);
      expect(models.length).toBeGreaterThan(0);
      for (const model of models) {
        expect(model.provider).toBe(subject.setup.provider);
        expect(model.id).not.toBe("");
        expect(model.contextWindow).toBeGreaterThan(0);
        expect(model.maxTokens).toBeGreaterThan(0);
        expect(model.input).toContain("text");
      }
      expect(new Set(models.map((model) => model.id)).size).toBe(models.length);
    });

    it("ends a stream with exactly one last event, whose message holds what was streamed", async () => {
      const events = await read(subject.speaks);
      const last = events.at(-1);
      expect(events.filter(terminal)).toHaveLength(1);
      expect(last?.type).toBe("done");
      if (last?.type !== "done") return;
      const text = last.message.content.map((block) => (block.type === "text" ? block.text : "")).join("");
      expect(text).toBe(wordsOf(events));
      expect(events.filter((event) => event.type === "text").length).toBeGreaterThan(1);
      expect(last.message.stopReason).toBe("stop");
      expect(last.message.usage.totalTokens).toBeGreaterThan(0);
    });

    it("answers the same request the same way twice on one provider", async () => {
      expect(wordsOf(await read(subject.speaks))).toBe(wordsOf(await read(subject.speaks)));
    });

    it("makes one attempt per call", async () => {
      const before = subject.attempts?.() ?? 0;
      await read(subject.speaks);
      if (subject.attempts) expect(subject.attempts() - before).toBe(1);
      if (!subject.fails) return;
      const failing = subject.attempts?.() ?? 0;
      await read(subject.fails);
      if (subject.attempts) expect(subject.attempts() - failing).toBeLessThanOrEqual(1);
    });

    it("says nothing after an abort", async () => {
      const stop = new AbortController();
      const events = await read(subject.speaks, stop.signal, (event) => {
        if (event.type === "text") stop.abort(new Error("enough"));
      });
      const last = events.at(-1);
      expect(events.filter(terminal)).toHaveLength(1);
      // What had arrived together with the first word may still be whole.
      if (last?.type === "failed") expect(last.kind).toBe("aborted");
    });

    it("does nothing when it is aborted before it begins", async () => {
      const before = subject.attempts?.() ?? 0;
      const events = await read(subject.speaks, AbortSignal.abort(new Error("never mind")));
      expect(wordsOf(events)).toBe("");
      expect(events.at(-1)).toMatchObject({ type: "failed", kind: "aborted" });
      if (subject.attempts) expect(subject.attempts()).toBe(before);
    });

    it("lets go when its reader leaves early", async () => {
      const iterator = subject.provider().stream(subject.speaks, new AbortController().signal)[Symbol.asyncIterator]();
      const first = iterator.next();
      await subject.pump?.();
      await first;
      await expect(iterator.return?.()).resolves.toMatchObject({ done: true });
    });

    const { calls, fails, hangs } = subject;
    if (calls) {
      it("gives tool calls once, each with an id, a name and its arguments", async () => {
        const events = await read(calls);
        const given = events.flatMap((event) => (event.type === "tool-call" ? [event.call] : []));
        const last = events.at(-1);
        expect(given.length).toBeGreaterThan(0);
        expect(new Set(given.map((call) => call.id)).size).toBe(given.length);
        for (const call of given) expect(call).toMatchObject({ type: "toolCall", name: expect.stringMatching(/./), arguments: expect.any(Object) });
        expect(last?.type === "done" && last.message.content.filter((block) => block.type === "toolCall")).toEqual(given);
        expect(last?.type === "done" && last.message.stopReason).toBe("toolUse");
      });
    }
    if (fails) {
      it("reports a failure as its last event, in words, without its key", async () => {
        const key = "sk-secret-0123456789abcdef";
        const events = await read({ ...fails, credential: new Secret(key) });
        const last = events.at(-1);
        expect(events.filter(terminal)).toHaveLength(1);
        expect(last?.type).toBe("failed");
        if (last?.type !== "failed") return;
        expect(last.reason).not.toBe("");
        expect(JSON.stringify(last)).not.toContain(key);
        expect(last.message.content.filter((block) => block.type === "toolCall")).toEqual([]);
      });
    }
    if (hangs) {
      it("ends at once when a silent call is aborted", async () => {
        const stop = new AbortController();
        const reading = read(hangs, stop.signal);
        await Promise.resolve();
        stop.abort(new Error("enough"));
        expect((await reading).at(-1)).toMatchObject({ type: "failed", kind: "aborted" });
      });
    }
  });
}
