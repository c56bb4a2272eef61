// The welcome: `hello-ok` for one connection, put together from parts that are mostly the same for all.
import type { App } from "../flows/app.ts";
import { eventNames } from "../protocol/events.ts";
import { frameLimits } from "../protocol/frames.ts";
import type { Caller } from "../protocol/scopes.ts";
import type { Admission } from "./admission.ts";
import type { Health } from "./health.ts";
import { toJson } from "./prepared.ts";
import type { Presence } from "./presence.ts";
import type { Registry } from "./registry.ts";
import type { SharedAuth } from "./shared-auth.ts";

export interface HelloDeps {
  app: App;
  bootId: string;
  host: string;
  registry: Registry;
  presence: Presence;
  health: Health;
  auth: SharedAuth;
  maxBufferedBytes(): number;
  /** Largest attachment, decoded. */
  attachments: { maxBytes: number; maxImageBytes: number };
}

/** Returns the function that makes the payload of the answer to `connect`, as JSON. */
export function createHello(deps: HelloDeps): (caller: Caller, granted: Extract<Admission, { ok: true }>, presenceJson: string) => string {
  const { app } = deps;
  const features = { 3: featuresOf(deps.registry, 3), 4: featuresOf(deps.registry, 4) };
  return (caller, granted, presenceJson) => {
    const { protocol } = caller;
    const config = app.config.current();
    const server = { version: app.version, connId: caller.connId, ...(protocol === 4 ? { bootId: deps.bootId } : { host: deps.host }) };
    const uptimeMs = Math.max(0, Math.round(app.clock.now() - app.startedAt));
    const stateVersion = { presence: deps.presence.version(), health: deps.health.version() };
    const rest = {
      stateVersion,
      uptimeMs,
      configPath: config.path,
      stateDir: app.paths.stateDir,
      sessionDefaults: sessionDefaults(app),
      ...(protocol === 4 ? { authMode: deps.auth.mode(), ...(config.hash === "" ? {} : { appliedConfigHash: config.hash }) } : {}),
    };
    const auth = {
      ...(granted.deviceToken === undefined ? {} : { deviceToken: granted.deviceToken.token, issuedAtMs: granted.deviceToken.issuedAtMs }),
      role: caller.role,
      scopes: caller.scopes,
    };
    const policy = {
      maxPayload: frameLimits.maxPayloadBytes,
      maxBufferedBytes: deps.maxBufferedBytes(),
      tickIntervalMs: frameLimits.tickIntervalMs,
      ...(protocol === 4 ? { attachments: deps.attachments } : {}),
    };
    const snapshot = `{"presence":${presenceJson},"health":${toJson(deps.health.current())},${JSON.stringify(rest).slice(1)}`;
    return `{"type":"hello-ok","protocol":${protocol},"server":${JSON.stringify(server)},"features":${features[protocol]},"snapshot":${snapshot},"auth":${JSON.stringify(auth)},"policy":${JSON.stringify(policy)}}`;
  };
}

function featuresOf(registry: Registry, protocol: 3 | 4): string {
  return JSON.stringify({ methods: registry.advertised(), events: eventNames(protocol), ...(protocol === 4 ? { capabilities: [] } : {}) });
}

function sessionDefaults(app: App) {
  const { session } = app.config.current().value;
  const defaultAgentId = app.agents.defaultId();
  const mainKey = session.mainKey ?? "main";
  const scope = session.scope ?? "per-sender";
  return { defaultAgentId, mainKey, mainSessionKey: scope === "global" ? "global" : `agent:${defaultAgentId}:${mainKey}`, scope };
}
