// What the gateway tells a client that it let in: the parts of `hello-ok` that our clients read.

export interface HelloOk {
  type: "hello-ok";
  protocol: number;
  server: { version: string; connId: string; host?: string; bootId?: string };
  features: { methods: string[]; events: string[]; capabilities?: string[] };
  snapshot: {
    presence: Record<string, unknown>[];
    health: Record<string, unknown>;
    stateVersion: { presence: number; health: number };
    uptimeMs: number;
    configPath?: string;
    stateDir?: string;
    sessionDefaults?: { defaultAgentId: string; mainKey: string; mainSessionKey: string; scope?: string; modelConfigured?: boolean };
    authMode?: string;
  };
  auth?: { deviceToken?: string; role: string; scopes: string[]; issuedAtMs?: number; method?: string };
  policy: { maxPayload: number; maxBufferedBytes: number; tickIntervalMs: number; attachments?: { maxBytes: number; maxImageBytes: number } };
}
