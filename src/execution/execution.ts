// The one way to call a tool: policy → guard → ledger → run under deadline → guard → trim → receipt.
import { DeadlineError, deadline, orAborted } from "../base/abort.ts";
import type { Clock } from "../base/clock.ts";
import { Fault } from "../base/faults.ts";
import type { Ids } from "../base/ids.ts";
import type { Log } from "../base/log.ts";
import type { Authority } from "../protocol/scopes.ts";
import type { ConfigSnapshot } from "../config/config.ts";
import type { ExtensionHost } from "../host/host.ts";
import type { SessionStore } from "../sdk/backends.ts";
import type { Guard, Verdict } from "../sdk/guard.ts";
import type { Tool, ToolContent, ToolContext, ToolResult } from "../sdk/tool.ts";
import { argsDigest } from "./fingerprint.ts";
import { createLedger, type LedgerCall } from "./ledger.ts";
import { createParamChecks } from "./params.ts";
import { isOffered, isWithin, taintedRefusal } from "./policy.ts";
import { createRateLimit } from "./rate-limit.ts";
import { labelOutside, trim } from "./trim.ts";

export interface ToolCallRequest {
  callId: string;
  tool: string;
  args: unknown;
  runId: string;
  sessionKey: string;
  agentId: string;
  workspace: string;
  authority: Authority;
  config: ConfigSnapshot;
  /** The person's own words of this turn. With outside text in the turn, only what they name may be changed or fetched. */
  said?: string;
  progress(text: string): void;
}

export interface ToolOutcome {
  content: ToolContent[];
  details?: unknown;
  isError: boolean;
  /** The context is now tainted by outside text. */
  untrusted: boolean;
  durationMs: number;
  /** Hash of the whole output in blobs/, when what the model sees was cut. */
  fullOutput?: string;
}

export interface Execution {
  /** Tools a run may see: what policy denies is absent. */
  toolsFor(who: { agentId: string; authority: Authority; config: ConfigSnapshot }): Promise<Tool[]>;
  /** Never throws: a denied, failing or aborted call is an outcome with isError. */
  call(request: ToolCallRequest, signal: AbortSignal): Promise<ToolOutcome>;
  /** At boot: calls begun and not ended become `interrupted`; returns their call ids and tools. */
  interrupted(runId: string): Promise<{ callId: string; tool: string }[]>;
}

export interface ExecutionDeps {
  clock: Clock;
  ids: Ids;
  log: Log;
  store: Pick<SessionStore, "rows" | "putBlob">;
  extensions: Pick<ExtensionHost, "offered" | "load">;
  /** Tools of the managers: files, session_status. */
  builtIn: readonly Tool[];
  /** Runs the guards of one point; the rule table is the guard's. */
  guard(point: "tool-call" | "tool-result", text: string, about: Parameters<Guard["check"]>[2]): Verdict;
  /** Signs receipts; derived from the server key. */
  receiptKey: Uint8Array;
}

const DEFAULT_TIMEOUT_MS = 120_000;
const DEFAULT_MAX_CHARS = 30_000;

type Content = Pick<ToolResult, "content"> & Partial<ToolResult> & { isError: boolean };

export function createExecution(deps: ExecutionDeps): Execution {
  const ledger = createLedger({ clock: deps.clock, rows: deps.store.rows, key: deps.receiptKey });
  const problemsOf = createParamChecks();
  const rateLimit = createRateLimit(deps.clock);

  const offered = async (agentId: string, config: ConfigSnapshot): Promise<Tool[]> => {
    const builtIn = deps.builtIn.filter((tool) => isOffered(tool, agentId, config));
    const taken = new Set(deps.builtIn.map((tool) => tool.name));
    const wanted = deps.extensions.offered("tools").filter(({ id }) => !taken.has(id) && isOffered({ name: id }, agentId, config));
    const loaded = await Promise.all(wanted.map(({ extension, id }) => loadTool(deps, extension, id)));
    const tools = [...builtIn, ...loaded.filter((tool) => tool !== undefined)];
    return tools.filter((tool) => tool.isEnabled?.(config.value.tools) ?? true);
  };

  /** Why the call may not be made, or undefined. */
  const refusal = async (tool: Tool | undefined, request: ToolCallRequest): Promise<string | undefined> => {
    if (!tool || !isWithin(tool, request.authority)) return `Tool not available: ${request.tool}`;
    const problem = await problemsOf(tool.params, request.args);
    if (problem !== undefined) return `Bad arguments for ${tool.name}: ${problem}`;
    const tainted = taintedRefusal(tool, tool.target?.(request.args as never), request.authority, request.said); // checked against its schema just above
    if (tainted !== undefined) return `Not allowed: ${tainted}.`;
    const verdict = deps.guard("tool-call", JSON.stringify(request.args) ?? "", { tool: tool.name, sessionKey: request.sessionKey });
    // A call is made as it is or not at all: arguments that a guard would change are not the model's any more.
    if (verdict.kind !== "allow" && verdict.kind !== "warn") return `Not allowed: ${verdict.reason}.`;
    const waitMs = rateLimit.take(request.sessionKey, tool);
    return waitMs > 0 ? `${tool.name} was called too often; wait ${Math.ceil(waitMs / 1000)} s.` : undefined;
  };

  const run = async (tool: Tool, request: ToolCallRequest, signal: AbortSignal): Promise<Content> => {
    const timeoutMs = request.config.value.tools.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    const limit = deadline(deps.clock, timeoutMs, signal);
    const { callId, runId, sessionKey, agentId, authority, workspace } = request;
    const context: ToolContext = { callId, runId, sessionKey, agentId, authority, workspace, signal: limit.signal, settings: request.config.value.tools, progress: (text) => request.progress(text) };
    try {
      const result = await orAborted(Promise.resolve(tool.run(request.args as never, context)), limit.signal); // checked against its schema in refusal
      return { ...result, isError: false };
    } catch (error) {
      return { ...said(reasonOf(deps.log, tool, error, signal)), isError: true };
    } finally {
      limit.clear();
    }
  };

  /** Guard, label, length: what of a result reaches the model. */
  const present = async (tool: Tool, request: ToolCallRequest, result: Content): Promise<Omit<ToolOutcome, "durationMs">> => {
    const untrusted = result.untrusted === true;
    const guarded = result.content.map((part) => guardPart(deps, tool, request, part, untrusted));
    const { content, whole } = trim(guarded, request.config.value.tools.maxResultChars ?? DEFAULT_MAX_CHARS);
    const labelled = untrusted && !result.isError ? labelOutside(content, result.source ?? tool.name, deps.ids.hex(6)) : content;
    const fullOutput = whole === undefined ? undefined : await keepWhole(deps, whole);
    return { content: labelled, isError: result.isError, untrusted, ...(result.details === undefined ? {} : { details: result.details }), ...(fullOutput === undefined ? {} : { fullOutput }) };
  };

  const callTool = async (request: ToolCallRequest, signal: AbortSignal): Promise<Omit<ToolOutcome, "durationMs">> => {
    const tool = (await offered(request.agentId, request.config)).find((one) => one.name === request.tool);
    const no = await refusal(tool, request);
    if (no !== undefined || !tool) return { ...said(no ?? ""), isError: true, untrusted: false };
    if (signal.aborted) return { ...said("Stopped before the call."), isError: true, untrusted: false };
    const call: LedgerCall | undefined = tool.risk === "read" || tool.repeatable ? undefined : { runId: request.runId, callId: request.callId, tool: tool.name, argsDigest: argsDigest(request.args) };
    if (call && !(await ledger.begin(call))) return { ...said("This call was already made; it is not made again."), isError: true, untrusted: false };
    const outcome = await present(tool, request, await run(tool, request, signal));
    if (call) await closeCall(call, outcome);
    return outcome;
  };

  /** The effect is there whether or not its receipt can be written; without one, a restart reports the call as interrupted. */
  const closeCall = async (call: LedgerCall, outcome: Omit<ToolOutcome, "durationMs">) => {
    try {
      await ledger.end(call, { isError: outcome.isError, result: JSON.stringify(outcome.content) });
    } catch (error) {
      deps.log.error("the receipt of a tool call could not be written", { tool: call.tool, callId: call.callId, runId: call.runId, error });
    }
  };

  return {
    toolsFor: async ({ agentId, authority, config }) => (await offered(agentId, config)).filter((tool) => isWithin(tool, authority)),
    async call(request, signal) {
      const begunAt = deps.clock.monotonic();
      const end = (outcome: Omit<ToolOutcome, "durationMs">): ToolOutcome => ({ ...outcome, durationMs: Math.round(deps.clock.monotonic() - begunAt) });
      try {
        return end(await callTool(request, signal));
      } catch (error) {
        // Only what comes before the effect can throw here: the record that must be written first.
        deps.log.error("tool call could not be begun", { tool: request.tool, runId: request.runId, error });
        return end({ ...said(`${request.tool} was not called: ${error instanceof Fault ? error.message : "its record could not be written"}`), isError: true, untrusted: false });
      }
    },
    interrupted: (runId) => ledger.interrupt(runId),
  };
}

function said(text: string): { content: ToolContent[] } {
  return { content: [{ type: "text", text }] };
}

async function loadTool(deps: ExecutionDeps, extension: string, id: string): Promise<Tool | undefined> {
  try {
    return (await deps.extensions.load(extension)).tools?.find((tool) => tool.name === id);
  } catch (error) {
    deps.log.warn("a tool's extension cannot be loaded", { extension, tool: id, error });
    return undefined;
  }
}

function guardPart(deps: ExecutionDeps, tool: Tool, request: ToolCallRequest, part: ToolContent, untrusted: boolean): ToolContent {
  if (part.type !== "text") return part;
  const verdict = deps.guard("tool-result", part.text, { tool: tool.name, sessionKey: request.sessionKey, untrusted });
  if (verdict.kind === "block" || verdict.kind === "review") return { type: "text", text: `[result withheld: ${verdict.reason}]` };
  return verdict.kind === "sanitise" ? { type: "text", text: verdict.text } : part;
}

async function keepWhole(deps: ExecutionDeps, whole: string): Promise<string | undefined> {
  try {
    return await deps.store.putBlob(new TextEncoder().encode(whole));
  } catch (error) {
    deps.log.warn("a whole tool output could not be kept", { error });
    return undefined;
  }
}

/** What the model is told; faults speak for themselves, everything else is named without insides. */
function reasonOf(log: Log, tool: Tool, error: unknown, signal: AbortSignal): string {
  if (signal.aborted) return "Stopped.";
  if (error instanceof DeadlineError) return `${tool.name} did not finish within ${error.afterMs} ms and was stopped.`;
  if (error instanceof Fault) return error.message;
  log.warn("a tool threw something unexpected", { tool: tool.name, error });
  return `${tool.name} failed: ${error instanceof Error ? error.message : "unknown error"}`;
}
