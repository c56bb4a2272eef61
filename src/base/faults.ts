// Failures with a code: the catalogue of every fault, and the one decision of what of it leaves the process.

export type WireCode = "INVALID_REQUEST" | "UNAVAILABLE" | "NOT_PAIRED" | "NOT_LINKED" | "AGENT_TIMEOUT" | "FORBIDDEN" | "APPROVAL_NOT_FOUND";

interface Row {
  /** `{name}` is filled from the details. */
  message: string;
  wire: WireCode;
  http: number;
  retryable: boolean;
  /** What the reader can do next; one sentence. */
  next: string;
}

const row = (wire: WireCode, http: number, message: string, next: string, retryable = false): Row => ({ wire, http, message, next, retryable });

/** One row per code. `npm run gen` writes docs/protocol/errors.md from it. */
export const faultCatalogue = {
  "internal": row("UNAVAILABLE", 500, "internal error (log id {logId})", "Search the log for this id.", false),
  "request.invalid": row("INVALID_REQUEST", 400, "{reason}", "Correct the request and send it again."),
  "request.conflict": row("INVALID_REQUEST", 409, "idempotency key was used with another request", "Use a new idempotency key for a new request."),
  "request.interrupted": row("UNAVAILABLE", 503, "the first use of this idempotency key was interrupted by a restart; its outcome is unknown", "Look at what happened, then repeat it under a new key."),
  "request.too-large": row("INVALID_REQUEST", 413, "request is larger than {limitBytes} bytes", "Send less, or raise the limit."),
  "request.deadline": row("UNAVAILABLE", 504, "{what} did not finish in {afterMs} ms", "Try again; look at the log if it repeats.", true),
  "method.unknown": row("INVALID_REQUEST", 404, "unknown method: {method}", "See features.methods in hello-ok."),
  "gateway.registry": row("UNAVAILABLE", 500, "{reason}", "This is a fault of the program; report it."),
  "gateway.unsafe-bind": row("INVALID_REQUEST", 400, "bind {bind} needs TLS or a trusted proxy", "Enable gateway.tls, name gateway.trustedProxies, or use bind: loopback."),
  "gateway.weak-secret": row("INVALID_REQUEST", 400, "the gateway's {kind} {reason}", "Remove it, then a strong one is made, or set one of at least 8 characters that is no placeholder."),
  "gateway.port-taken": row("UNAVAILABLE", 503, "port {port} is in use", "Stop what listens there, or set gateway.port.", true),
  "auth.missing": row("INVALID_REQUEST", 401, "unauthorized: {reason}", "Give the gateway token or pair this device."),
  "auth.role": row("INVALID_REQUEST", 403, "unauthorized role: {role}", "Connect with the role this method needs."),
  "auth.scope": row("FORBIDDEN", 403, "missing scope: {scope}", "Pair this device with that scope and approve it."),
  "auth.rate-limited": row("UNAVAILABLE", 429, "too many failed sign-ins", "Wait and try again with the right credential.", true),
  "device.unknown": row("INVALID_REQUEST", 404, "unknown deviceId/role", "List devices with `openclaw devices list`."),
  "pairing.unknown": row("INVALID_REQUEST", 404, "unknown requestId", "The request expired or was decided; connect again to make a new one."),
  "pairing.required": row("NOT_PAIRED", 403, "pairing required", "Approve it with `openclaw devices approve {requestId}`."),
  "node.offline": row("UNAVAILABLE", 503, "node not connected", "Start the node and try again.", true),
  "node.unknown": row("INVALID_REQUEST", 404, "unknown nodeId", "List nodes with `node.list`."),
  "node.refused": row("INVALID_REQUEST", 403, "node command not allowed", "Allow the command under gateway.nodes."),
  "node.failed": row("UNAVAILABLE", 502, "{reason}", "Look at details.nodeError."),
  "lane.full": row("UNAVAILABLE", 429, "the queue of {key} is full ({limit})", "Wait for the running work to end, or stop it.", true),
  "busy": row("UNAVAILABLE", 503, "{reason}", "Try again shortly.", true),
  "store.full": row("UNAVAILABLE", 507, "the disk that holds the state is full", "Free some space; nothing accepted was lost.", true),
  "store.failed": row("UNAVAILABLE", 500, "the state could not be written: {reason}", "Check the state directory and its disk.", true),
  "store.corrupt": row("UNAVAILABLE", 500, "{file} cannot be read: {reason}", "Run `openclaw doctor`."),
  "store.locked": row("UNAVAILABLE", 503, "another gateway (pid {pid}) uses this state directory", "Stop it with `openclaw gateway stop`, or choose another OPENCLAW_STATE_DIR."),
  "config.invalid": row("INVALID_REQUEST", 400, "invalid config", "Look at details.issues; each has a line and the nearest valid key."),
  "config.stale": row("INVALID_REQUEST", 409, "config changed since last load; re-run config.get and retry", "Read the config again and repeat the change."),
  "config.hash-required": row("INVALID_REQUEST", 400, "config base hash required; re-run config.get and retry", "Send baseHash from config.get."),
  "secret.unknown": row("INVALID_REQUEST", 404, "no secret named {name}", "Store it first."),
  "vault.sealed": row("UNAVAILABLE", 500, "the vault cannot be opened: {reason}", "Check the vault key file."),
  "session.not-found": row("INVALID_REQUEST", 404, "No session found: {key}", "List sessions with `openclaw sessions`."),
  "session.key": row("INVALID_REQUEST", 400, "invalid session key: {key}", "Use agent:<id>:<rest> or a short name."),
  "session.main": row("INVALID_REQUEST", 400, "Cannot delete the main session ({key}).", "Reset it instead."),
  "session.label": row("INVALID_REQUEST", 409, "label already in use: {label}", "Choose another label."),
  "session.running": row("UNAVAILABLE", 409, "the session is still running", "Stop the run first.", true),
  "agent.unknown": row("INVALID_REQUEST", 404, "unknown agent id \"{agentId}\"", "List agents with `openclaw agents list`."),
  "agent.exists": row("INVALID_REQUEST", 409, "agent \"{agentId}\" already exists", "Choose another id."),
  "model.unknown": row("INVALID_REQUEST", 404, "unknown model: {model}", "List models with `openclaw models list`."),
  "model.no-credential": row("UNAVAILABLE", 503, "no credential for provider {provider}", "Add one with `openclaw onboard`."),
  "model.failed": row("UNAVAILABLE", 502, "{reason}", "Try again, or choose another model; `openclaw models status` shows what is wrong.", true),
  "model.circuit-open": row("UNAVAILABLE", 503, "{model} failed repeatedly and is rested until {until}", "Wait, or choose another model.", true),
  "run.limit": row("UNAVAILABLE", 422, "the run was stopped: {reason}", "Narrow the request or raise the limit under agents.defaults.limits."),
  "run.interrupted": row("UNAVAILABLE", 503, "the run was interrupted by a restart", "Ask again; what was already done is in the transcript."),
  "tool.unknown": row("INVALID_REQUEST", 404, "Tool not available: {tool}", "List tools with the agent's policy."),
  "tool.denied": row("FORBIDDEN", 403, "tool {tool} is not allowed here: {reason}", "Change the tool policy."),
  "tool.failed": row("UNAVAILABLE", 422, "{reason}", "Look at the tool's output."),
  "path.outside": row("INVALID_REQUEST", 403, "path is outside the workspace: {path}", "Use a path inside the workspace."),
  "egress.blocked": row("FORBIDDEN", 403, "address not allowed: {reason}", "Only public http and https addresses can be fetched."),
  "egress.failed": row("UNAVAILABLE", 502, "{reason}", "Check the address and try again.", true),
  "extension.broken": row("UNAVAILABLE", 500, "extension {id} cannot be loaded: {reason}", "Fix or disable the extension."),
  "wizard.unknown": row("INVALID_REQUEST", 404, "wizard not found", "Start the wizard again."),
  "wizard.running": row("UNAVAILABLE", 409, "wizard already running", "Finish or cancel the running wizard."),
} as const satisfies Record<string, Row>;

export type FaultCode = keyof typeof faultCatalogue;
export type FaultDetails = Record<string, unknown>;

export interface FaultOptions {
  cause?: unknown;
  retryAfterMs?: number;
  retryable?: boolean;
  payload?: unknown;
  /** Better words than the catalogue's, where more is known. */
  next?: string;
}

export class Fault extends Error {
  override readonly name = "Fault";
  readonly code: FaultCode;
  readonly details: FaultDetails;
  readonly retryable: boolean;
  readonly retryAfterMs: number | undefined;
  /** Sent beside the error: a failed `agent` or `chat.send` answers with both (protocol.md 1.2). */
  readonly payload: unknown;
  /** What the reader can do about it. */
  readonly next: string;
  constructor(code: FaultCode, details: FaultDetails = {}, options: FaultOptions = {}) {
    const entry: Row = faultCatalogue[code];
    super(entry.message.replace(/\{(\w+)\}/g, (_, name: string) => String(details[name] ?? "?")), options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.details = details;
    this.retryable = options.retryable ?? entry.retryable;
    this.retryAfterMs = options.retryAfterMs;
    this.payload = options.payload;
    this.next = options.next ?? entry.next.replace(/\{(\w+)\}/g, (_, name: string) => String(details[name] ?? "?"));
  }
  get wire(): WireCode {
    return faultCatalogue[this.code].wire;
  }
  get httpStatus(): number {
    return faultCatalogue[this.code].http;
  }
}

export function isFaultCode(code: string): code is FaultCode {
  return Object.hasOwn(faultCatalogue, code);
}

export function fault(code: FaultCode, details?: FaultDetails, options?: FaultOptions): Fault {
  return new Fault(code, details, options);
}

/** An error as it may leave the process: `code` and `message` are the wire's, `details.code` is ours. */
export interface WireError {
  code: WireCode;
  message: string;
  details?: FaultDetails;
  retryable?: boolean;
  retryAfterMs?: number;
}

/** Known faults as declared; everything else is hidden behind an id that finds the log line. */
export function toWire(error: unknown, hide: (error: unknown) => string): WireError {
  const known = error instanceof Fault ? error : fault("internal", { logId: hide(error) });
  return {
    code: known.wire,
    message: known.message,
    details: { code: known.code, next: known.next, ...known.details },
    ...(known.retryable ? { retryable: true } : {}),
    ...(known.retryAfterMs === undefined ? {} : { retryAfterMs: known.retryAfterMs }),
  };
}
