// GET /v1/models: the agents of this gateway as OpenAI clients list models.
import type { App } from "../../flows/app.ts";
import { json } from "./openai.ts";
import { errorResponse } from "./v1-error.ts";

/** With an id, one model; without, all. */
export function listModels(app: App, id?: string): Response {
  const created = Math.floor(app.startedAt / 1000);
  const names = ["openclaw", "openclaw/default", ...app.agents.list().map((agent) => `openclaw/${agent.id}`)];
  const models = names.map((name) => ({ id: name, object: "model", created, owned_by: "openclaw" }));
  if (id === undefined) return json({ object: "list", data: models });
  const one = models.find((model) => model.id === id);
  return one ? json(one) : errorResponse({ status: 404, message: `The model '${id}' does not exist.`, type: "invalid_request_error", code: "model_not_found", param: "model" });
}
