// A model provider that follows a script, for tests of whatever calls models: words, pauses on a fake clock, failures, silence.
import type { Clock } from "../../base/clock.ts";
import type { AssistantMessage, ModelFailure, ModelInfo, ModelProvider, ModelRequest, ToolCallBlock } from "../provider.ts";

export type Step =
  | { say: string }
  | { think: string }
  | { call: Omit<ToolCallBlock, "type"> }
  | { waitMs: number }
  | { started: true }
  /** Never goes on; with `deaf`, not even when aborted. */
  | { hang: true; deaf?: true }
  | { fail: ModelFailure; reason?: string; retryAfterMs?: number; httpStatus?: number }
  | { throw: string }
  | { stop: AssistantMessage["stopReason"] };

export interface ScriptedProvider extends ModelProvider {
  /** Every request, in order, with the clock's time. */
  readonly requests: { at: number; request: ModelRequest; signal: AbortSignal }[];
}

export interface Script {
  id: string;
  models: readonly string[];
  clock: Clock;
  access?: Partial<ModelProvider["access"]>;
  /** Steps of the n-th call (from 0) of a model. Ends with `done` unless a step ends it otherwise. */
  play(model: string, call: number): readonly Step[];
}

export function scriptedModel(provider: string, id: string): ModelInfo {
  return { id, provider, name: id, contextWindow: 100_000, maxTokens: 4_096, reasoning: false, input: ["text"] };
}

export function createScriptedProvider(script: Script): ScriptedProvider {
  const requests: ScriptedProvider["requests"] = [];
  const counts = new Map<string, number>();
  return {
    id: script.id,
    label: script.id,
    access: { needsKey: false, keyEnv: [], ...script.access },
    requests,
    models: async (setup) => script.models.map((id) => scriptedModel(setup.provider, id)),
    async *stream(request, signal) {
      requests.push({ at: script.clock.monotonic(), request, signal });
      const call = counts.get(request.model.id) ?? 0;
      counts.set(request.model.id, call + 1);
      const content: AssistantMessage["content"] = [];
      let stopReason: AssistantMessage["stopReason"] = "stop";
      const message = (reason: AssistantMessage["stopReason"]): AssistantMessage => ({ role: "assistant", content: [...content], api: "scripted", provider: request.model.provider, model: request.model.id, usage: { input: 10, output: 5, cacheRead: 0, cacheWrite: 0, totalTokens: 15 }, stopReason: reason, timestamp: script.clock.now() });
      for (const step of script.play(request.model.id, call)) {
        if (signal.aborted) return yield { type: "failed", kind: "aborted", reason: "stopped", message: message("aborted") };
        if ("say" in step) {
          content.push({ type: "text", text: step.say });
          yield { type: "text", delta: step.say };
        } else if ("think" in step) {
          content.push({ type: "thinking", thinking: step.think });
          yield { type: "thinking", delta: step.think };
        } else if ("call" in step) {
          const block: ToolCallBlock = { type: "toolCall", ...step.call };
          content.push(block);
          stopReason = "toolUse";
          yield { type: "tool-call", call: block };
        } else if ("waitMs" in step) await script.clock.sleep(step.waitMs, signal);
        else if ("started" in step) yield { type: "started" };
        else if ("hang" in step) await new Promise<void>((resolve) => step.deaf || signal.addEventListener("abort", () => resolve(), { once: true }));
        else if ("throw" in step) throw new Error(step.throw);
        else if ("stop" in step) stopReason = step.stop;
        else {
          const { fail, reason = fail, retryAfterMs, httpStatus } = step;
          return yield { type: "failed", kind: fail, reason, ...(retryAfterMs === undefined ? {} : { retryAfterMs }), ...(httpStatus === undefined ? {} : { httpStatus }), message: message("error") };
        }
      }
      yield { type: "done", message: message(stopReason) };
    },
  };
}
