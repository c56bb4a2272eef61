// The session_status tool: lets an agent say which model it is, how full its context is and what was spent.
import { Type } from "typebox";
import { defineTool, type Tool } from "../sdk/tool.ts";

/** Given by the composition root: the same text that /status shows. */
export type SessionStatus = (sessionKey: string) => Promise<string>;

export function createSessionStatusTool(sessionStatus: SessionStatus): Tool {
  return defineTool({
    name: "session_status",
    label: "Session status",
    description: "Tells about this conversation: model, tokens in context, usage and cost, time.",
    params: Type.Object({}, { additionalProperties: false }),
    risk: "read",
    repeatable: true,
    run: async (_params, call) => ({ content: [{ type: "text", text: await sessionStatus(call.sessionKey) }] }),
  });
}
