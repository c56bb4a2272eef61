// Tools a /v1 caller brings, in both forms: nested under `function` and flat.
import { fault } from "../../base/faults.ts";
import type { ClientTool, DirectPrompt } from "../../flows/accept.ts";

const toolName = /^[A-Za-z0-9_-]{1,64}$/;

export function readTools(raw: unknown): ClientTool[] {
  if (raw === undefined || raw === null) return [];
  if (!Array.isArray(raw)) throw fault("request.invalid", { reason: "`tools` must be an array" });
  return raw.map((item: Record<string, unknown>, index) => {
    if (typeof item !== "object" || item === null || item.type !== "function") throw fault("request.invalid", { reason: `tools.${index}: only function tools are supported` });
    const spec = (item.function ?? item) as Record<string, unknown>;
    if (typeof spec.name !== "string" || !toolName.test(spec.name)) throw fault("request.invalid", { reason: `tools.${index}: a name of letters, digits, _ and - is required` });
    return {
      name: spec.name,
      ...(typeof spec.description === "string" ? { description: spec.description } : {}),
      ...(typeof spec.parameters === "object" && spec.parameters !== null ? { parameters: spec.parameters } : {}),
    };
  });
}

export function readChoice(raw: unknown): { toolChoice?: NonNullable<DirectPrompt["toolChoice"]> } {
  if (raw === undefined || raw === null) return {};
  if (raw === "auto" || raw === "none" || raw === "required") return { toolChoice: raw };
  const named = raw as { type?: string; name?: string; function?: { name?: string } };
  const name = named.function?.name ?? named.name;
  if (named.type === "function" && typeof name === "string") return { toolChoice: { name } };
  throw fault("request.invalid", { reason: "`tool_choice` must be auto, none, required or a function" });
}
