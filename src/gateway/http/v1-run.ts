// One /v1 request as one prompt through the accept path: what both OpenAI doors share.
import { authorityOf } from "../../guard/authority.ts";
import { acceptPrompt, type Attachment, type ClientTool, type DirectPrompt, type Outcome } from "../../flows/accept.ts";
import type { App } from "../../flows/app.ts";
import type { RunResult } from "../../agents/runs.ts";
import type { Caller } from "../../protocol/scopes.ts";
import type { RunEvent } from "../../sdk/events.ts";
import type { Message } from "../../sdk/provider.ts";
import { historyLines } from "./v1-content.ts";
import type { V1Route } from "./v1-route.ts";

/** What a request asks, in neither API's words. */
export interface V1Prompt {
  system: string;
  history: Message[];
  text: string;
  attachments: Attachment[];
  toolResults: { toolCallId: string; text: string; isError: boolean }[];
  tools: ClientTool[];
  toolChoice?: NonNullable<DirectPrompt["toolChoice"]>;
  maxTokens?: number;
  temperature?: number;
}

export interface V1Run {
  runId: string;
  /** The end of the run; never rejects for a run that failed. */
  result: Promise<RunResult>;
  /** The reader left: an ephemeral run ends with it, a kept conversation goes on. */
  abandon(): void;
}

export async function startRun(app: App, request: Request, caller: Caller, route: V1Route, prompt: V1Prompt, watch: (event: RunEvent) => void): Promise<V1Run> {
  const key = request.headers.get("idempotency-key") || app.ids.uuid(); // an empty one is none
  const isNew = !route.ephemeral && prompt.history.length > 0 && (await app.sessions.peek(route.sessionKey)) === undefined;
  const system = [prompt.system, isNew ? `Earlier turns of this conversation, as the client remembers them:\n${historyLines(prompt.history)}` : ""].filter((part) => part !== "").join("\n\n");
  const accepted = await acceptPrompt(app, {
    door: "http",
    key,
    sessionKey: route.sessionKey,
    spokenKey: route.sessionKey,
    agentId: route.agentId,
    text: prompt.text,
    attachments: prompt.attachments,
    authority: authorityOf(caller, "http"),
    literal: true,
    watch,
    ...(system === "" ? {} : { extraSystem: system }),
    ...(route.model === undefined ? {} : { model: route.model }),
    ...(prompt.tools.length === 0 ? {} : { clientTools: prompt.tools }),
    ...(prompt.toolChoice === undefined ? {} : { toolChoice: prompt.toolChoice }),
    ...(prompt.toolResults.length === 0 ? {} : { toolResults: prompt.toolResults }),
    ...(prompt.maxTokens === undefined ? {} : { maxTokens: prompt.maxTokens }),
    ...(prompt.temperature === undefined ? {} : { temperature: prompt.temperature }),
    ...(route.ephemeral ? { ephemeral: { history: prompt.history } } : {}),
  });
  const result = accepted.kind === "ended" ? Promise.resolve(accepted.result) : accepted.outcome.then((outcome) => resultOf(app, accepted.runId, outcome));
  const abandon = () => {
    if (route.ephemeral) app.runs.abort(route.sessionKey, { runId: accepted.runId, by: "rpc" });
  };
  // Also while nothing was said yet: a stream has no reader of its own before its first words.
  if (request.signal.aborted) abandon();
  request.signal.addEventListener("abort", abandon, { once: true });
  return { runId: accepted.runId, result: result.finally(() => request.signal.removeEventListener("abort", abandon)), abandon };
}

async function resultOf(app: App, runId: string, outcome: Outcome): Promise<RunResult> {
  if (outcome.kind === "ran") return outcome.result;
  const now = app.clock.now();
  if (outcome.kind === "command") return { runId, state: "done", startedAt: now, endedAt: now, text: outcome.text };
  if (outcome.kind === "refused") return { runId, state: "failed", startedAt: now, endedAt: now, text: "", error: { code: "refused", message: outcome.reason, kind: "refused" } };
  const joined = await app.runs.wait(outcome.into, 86_400_000, app.signal);
  return joined ?? { runId, state: "failed", startedAt: now, endedAt: now, text: "", error: { code: "busy", message: "the run it joined did not end" } };
}

/** Ends that are an answer, also a short one; everything else is an error to the caller. */
export function isAnswer(result: RunResult): boolean {
  return result.state === "done" || result.state === "joined" || (result.state === "aborted" && result.text !== "");
}

export const emptyReply = "No response from OpenClaw.";

/** A run may speak in several messages; their texts are kept apart by a blank line. */
export function joined(event: { text: string; delta: string }, saidBefore: boolean): string {
  return saidBefore && event.text === event.delta ? `\n\n${event.delta}` : event.delta;
}
