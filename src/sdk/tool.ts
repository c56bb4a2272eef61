// The contract of a tool: something an agent may do, described by data and run through execution alone.
import type { Static, TSchema } from "typebox";
import type { Authority } from "../protocol/scopes.ts";

export type ToolRisk = "read" | "write" | "exec" | "network";

export interface Tool<P extends TSchema = TSchema> {
  /** Lowercase with underscores; unique over all extensions. */
  name: string;
  /** Shown to people. */
  label: string;
  /** Shown to the model. */
  description: string;
  params: P;
  risk: ToolRisk;
  /** Running it twice does no harm; a read always is. A call that is not repeatable gets its ledger row before it runs. */
  repeatable?: true;
  /** Not offered when the configuration switches it off. Absent: always on. */
  isEnabled?(settings: ToolSettings): boolean;
  /** What the effect falls on, as a person would name it: a path, an address. Without it, a tool with effects is refused once outside text is in the turn. */
  target?(params: Static<P>): string;
  /** Runs one call. Throw a Fault for an expected failure: its message is what the model sees. */
  run(params: Static<P>, call: ToolContext): Promise<ToolResult>;
}

/** The `tools` section of the configuration; a tool checks what it reads of it. */
export type ToolSettings = Readonly<Record<string, unknown>>;

export interface ToolContext {
  /** Fires on abort, deadline and shutdown; stop at once. */
  signal: AbortSignal;
  callId: string;
  runId: string;
  sessionKey: string;
  agentId: string;
  authority: Authority;
  /** Absolute path of the agent's workspace. */
  workspace: string;
  /** The `tools` section of the configuration this run began with. */
  settings: ToolSettings;
  /** Shows partial output to people who watch; not kept. */
  progress(text: string): void;
}

export type ToolContent = { type: "text"; text: string } | { type: "image"; data: string; mimeType: string };

export interface ToolResult {
  content: ToolContent[];
  /** For people and logs, never for the model. JSON. */
  details?: unknown;
  /** Text from outside the conversation (a web page, a mail): the turn becomes tainted. */
  untrusted?: true;
  /** Where outside text came from; shown to the model beside it. */
  source?: string;
}

/** Keeps the parameter type of a tool literal while it is collected as `Tool`. */
export function defineTool<P extends TSchema>(tool: Tool<P>): Tool {
  return tool as unknown as Tool; // parameters are validated against `params` before run is called
}
