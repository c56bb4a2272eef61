// The OpenAI doors as routes: models, chat completions, responses; every refusal in OpenAI's shape.
import type { GatewayApp } from "../gateway-app.ts";
import { chatCompletions } from "./openai.ts";
import { responses } from "./responses.ts";
import type { HttpRefusal, HttpRoute } from "./route.ts";
import { errorResponse } from "./v1-error.ts";
import { listModels } from "./v1-models.ts";

const endpoints = (app: GatewayApp) => app.config.current().value.gateway.http?.endpoints;
const hasChat = (app: GatewayApp) => endpoints(app)?.chatCompletions?.enabled ?? true;
const hasResponses = (app: GatewayApp) => endpoints(app)?.responses?.enabled ?? true;

function refuse(refusal: HttpRefusal): Response {
  const response = errorResponse({ status: refusal.status, message: refusal.message, type: refusal.type, code: refusal.type, param: null });
  if (refusal.retryAfterSeconds !== undefined) response.headers.set("retry-after", String(refusal.retryAfterSeconds));
  return response;
}

export const v1Routes: readonly HttpRoute[] = [
  { methods: ["GET"], path: "/v1/models", access: "operator.read", refuse, enabled: (app) => hasChat(app) || hasResponses(app), handle: ({ app }) => listModels(app) },
  { methods: ["GET"], path: "/v1/models/*", access: "operator.read", refuse, enabled: (app) => hasChat(app) || hasResponses(app), handle: ({ app, rest }) => listModels(app, rest) },
  { methods: ["POST"], path: "/v1/chat/completions", access: "operator.write", refuse, enabled: hasChat, handle: ({ app, request, caller, signal }) => chatCompletions(app, request, caller, signal) },
  { methods: ["POST"], path: "/v1/responses", access: "operator.write", refuse, enabled: hasResponses, handle: ({ app, request, caller, signal }) => responses(app, request, caller, signal) },
  // What OpenAI has and we have not is said so, instead of handing out the Control UI's page.
  { methods: ["GET", "POST"], path: "/v1/*", access: "operator.read", refuse, handle: ({ request, rest }) => errorResponse({ status: 404, message: `Unknown endpoint: ${request.method} /v1/${rest.slice(0, 200)}`, type: "invalid_request_error", code: "unknown_url", param: null }) },
];
