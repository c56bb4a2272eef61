// Payloads of every event. Written by `npm run gen`.

export interface EventPayloads {
  /** The nonce that a device signs; first frame of every socket. */
  "connect.challenge": {
    nonce: string;
    ts: number;
  };
  /** What happens inside a run: lifecycle, assistant text, thinking, tools, compaction. */
  "agent": {
    runId: string;
    seq: number;
    stream: string;
    ts: number;
    data: Record<string, unknown>;
    sessionKey?: string;
    agentId?: string;
  };
  /** The answer of a run as a chat client shows it: delta, final, aborted, error. */
  "chat": {
    runId: string;
    sessionKey: string;
    agentId?: string;
    seq: number;
    state: "delta" | "final" | "aborted" | "error";
    /** What was added; protocol 4. */
    deltaText?: string;
    /** deltaText begins a new message; protocol 4. */
    replace?: boolean;
    message?: {
      role: "assistant";
      content: {
        type: "text";
        text: string;
      }[];
      timestamp: number;
      stopReason?: string;
      usage?: unknown;
    };
    errorMessage?: string;
    /** refusal, timeout, rate_limit, context_length or unknown; protocol 4. */
    errorKind?: string;
    stopReason?: string;
    yielded?: true;
  };
  /** Who is connected, after it changed. */
  "presence": {
    presence: {
      host?: string;
      ip?: string;
      version?: string;
      platform?: string;
      deviceFamily?: string;
      modelIdentifier?: string;
      timeZone?: string;
      mode?: string;
      lastInputSeconds?: number;
      reason?: string;
      tags?: string[];
      text?: string;
      ts: number;
      onlineSince?: number;
      deviceId?: string;
      roles?: string[];
      scopes?: string[];
      instanceId?: string;
    }[];
  };
  /** Sign of life every policy.tickIntervalMs. */
  "tick": {
    ts: number;
  };
  /** The health snapshot after a refresh. */
  "health": Record<string, unknown>;
  /** The gateway stops or restarts. */
  "shutdown": {
    reason: string;
    restartExpectedMs?: number | null;
  };
  /** A device asks to be let in. */
  "device.pair.requested": {
    requestId: string;
    deviceId: string;
    publicKey: string;
    displayName?: string;
    platform?: string;
    deviceFamily?: string;
    clientId?: string;
    clientMode?: string;
    role?: string;
    roles?: string[];
    scopes?: string[];
    remoteIp?: string;
    silent?: boolean;
    isRepair?: boolean;
    ts: number;
  };
  /** A device's request was decided. */
  "device.pair.resolved": {
    requestId: string;
    deviceId: string;
    decision: "approved" | "rejected";
    ts: number;
  };
  /** A paired device was renamed, removed, or its token rotated or revoked. */
  "device.pair.changed": {
    deviceId: string;
    role?: string;
    reason: string;
    ts: number;
  };
  /** A node asks to be let in. */
  "node.pair.requested": Record<string, unknown>;
  /** A node's request was decided. */
  "node.pair.resolved": {
    requestId: string;
    nodeId: string;
    decision: "approved" | "rejected";
    ts: number;
  };
  /** A command for one node; its params travel as a JSON string. */
  "node.invoke.request": {
    id: string;
    nodeId: string;
    command: string;
    paramsJSON?: string | null;
    timeoutMs?: number;
    idempotencyKey?: string;
  };
  /** A line was added to a session this connection subscribed to. */
  "session.message": {
    sessionKey: string;
    sessionId: string;
    agentId: string;
    kind: string;
    text: string;
    messageId: string;
    runId?: string;
  };
  /** The list of sessions changed; sent after sessions.subscribe. */
  "sessions.changed": {
    sessionKey: string;
    agentId: string;
    reason: string;
    ts: number;
  };
  /** The configuration was changed and applied. */
  "config.changed": {
    paths: string[];
    hash: string;
  };
}

export type EventName = keyof EventPayloads;
