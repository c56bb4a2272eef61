// Nodes: paired devices now online that offer commands; invoke one and collect its result.
import type { Clock, Timer } from "../base/clock.ts";
import { fault } from "../base/faults.ts";
import type { Ids } from "../base/ids.ts";
import type { PairedDevice } from "./devices.ts";
import { isAllowed, type CommandRules } from "./node-commands.ts";

export interface NodeInfo { nodeId: string; displayName?: string; platform?: string; version?: string; coreVersion?: string; uiVersion?: string; deviceFamily?: string; modelIdentifier?: string; remoteIp?: string; clientId?: string; clientMode?: string; caps: string[]; commands: string[]; pathEnv?: string; permissions?: Record<string, boolean>; connectedAtMs?: number; paired: boolean; connected: boolean }

/** The socket of a node, as the gateway offers it. */
export interface NodeLink { connId: string; send(event: string, payload: unknown): void }

export interface Invocation { nodeId: string; command: string; params?: unknown; timeoutMs?: number; idempotencyKey: string }

export interface NodeAnswer { id: string; nodeId: string; ok: boolean; payload?: unknown; payloadJSON?: string | null; error?: { code?: string; message?: string } | null }

export interface Nodes {
  attach(info: Omit<NodeInfo, "paired" | "connected">, link: NodeLink): void;
  /** Only the socket that holds the entry removes it. */
  detach(nodeId: string, connId: string): void;
  list(): Promise<NodeInfo[]>;
  /** Throws node.unknown. */
  describe(nodeId: string): Promise<NodeInfo>;
  /** Throws node.offline, node.refused, node.failed. */
  invoke(request: Invocation, signal: AbortSignal): Promise<{ payload: unknown; payloadJSON: string | null }>;
  /** A node's answer; false when nobody waits for it any more. */
  settle(result: NodeAnswer): boolean;
}

export interface NodesDeps {
  clock: Clock;
  ids: Ids;
  /** gateway.nodes of the present configuration. */
  rules(): CommandRules;
  paired(): Promise<readonly PairedDevice[]>;
}

interface Online { info: Omit<NodeInfo, "paired" | "connected">; link: NodeLink }
interface Waiting { nodeId: string; connId: string; command: string; timer: Timer; settle(outcome: { answer: NodeAnswer } | { failure: Error }): void }

const defaultTimeoutMs = 30_000;
const maxTimeoutMs = 3_600_000;
const maxWaiting = 1_000;

export function createNodes(deps: NodesDeps): Nodes {
  const online = new Map<string, Online>();
  const waiting = new Map<string, Waiting>();

  const failAll = (connId: string, reason: (command: string) => string) => {
    for (const entry of waiting.values()) {
      if (entry.connId === connId) entry.settle({ failure: fault("node.failed", { reason: reason(entry.command), nodeError: { code: "DISCONNECTED", message: reason(entry.command) } }, { retryable: true }) });
    }
  };

  const allowed = (info: { platform?: string; deviceFamily?: string }, command: string) => isAllowed(info, command, deps.rules());

  const check = (node: Online, command: string): void => {
    const refuse = (reason: string) => fault("node.refused", { reason, command });
    if (command.trim() === "") throw refuse("command required");
    if (!allowed(node.info, command)) throw refuse("command not allowlisted");
    if (node.info.commands.length === 0) throw refuse("node did not declare commands");
    if (!node.info.commands.includes(command)) throw refuse("command not declared by node");
  };

  const wait = (request: Invocation, node: Online, id: string, signal: AbortSignal): Promise<NodeAnswer> =>
    new Promise((resolve, reject) => {
      const timeoutMs = Math.min(request.timeoutMs ?? defaultTimeoutMs, maxTimeoutMs);
      const onAbort = () => entry.settle({ failure: signal.reason as Error });
      const entry: Waiting = {
        nodeId: request.nodeId,
        connId: node.link.connId,
        command: request.command,
        timer: deps.clock.after(timeoutMs, () => entry.settle({ failure: fault("node.failed", { reason: "node invoke timed out", nodeError: { code: "TIMEOUT", message: "node invoke timed out" } }, { retryable: true }) })),
        settle(outcome) {
          if (!waiting.delete(id)) return;
          entry.timer.cancel();
          signal.removeEventListener("abort", onAbort);
          if ("answer" in outcome) resolve(outcome.answer);
          else reject(outcome.failure);
        },
      };
      waiting.set(id, entry);
      if (signal.aborted) return onAbort();
      signal.addEventListener("abort", onAbort, { once: true });
      const { nodeId, command, idempotencyKey } = request;
      node.link.send("node.invoke.request", { id, nodeId, command, paramsJSON: request.params === undefined || request.params === null ? null : JSON.stringify(request.params), timeoutMs, idempotencyKey });
    });

  const list = async (): Promise<NodeInfo[]> => {
    const paired = (await deps.paired()).filter((device) => device.roles.includes("node"));
    const rows = new Map<string, NodeInfo>(paired.map((device) => [device.deviceId, offlineInfo(device)]));
    for (const { info } of online.values()) rows.set(info.nodeId, { ...info, ...nameOf(rows.get(info.nodeId), info), paired: rows.has(info.nodeId), connected: true });
    return [...rows.values()].sort((a, b) => Number(b.connected) - Number(a.connected) || (a.displayName ?? a.nodeId).localeCompare(b.displayName ?? b.nodeId));
  };

  return {
    attach(info, link) {
      const commands = [...new Set(info.commands.map((command) => command.trim()).filter((command) => command !== "" && allowed(info, command)))];
      // What a replaced socket was asked can only be answered on it; a late answer there still counts, and its close ends the wait.
      online.set(info.nodeId, { info: { ...info, commands }, link });
    },
    detach(nodeId, connId) {
      if (online.get(nodeId)?.link.connId === connId) online.delete(nodeId);
      failAll(connId, (command) => `node disconnected (${command})`);
    },
    list,
    async describe(nodeId) {
      const found = (await list()).find((node) => node.nodeId === nodeId);
      if (!found) throw fault("node.unknown", { nodeId });
      return found;
    },
    async invoke(request, signal) {
      const node = online.get(request.nodeId);
      if (!node) throw fault("node.offline", { code: "NOT_CONNECTED", nodeId: request.nodeId });
      check(node, request.command);
      if (waiting.size >= maxWaiting) throw fault("busy", { reason: "too many node commands are waiting" });
      const answer = await wait(request, node, deps.ids.uuid(), signal);
      if (!answer.ok) throw fault("node.failed", { reason: answer.error?.message ?? "node invoke failed", nodeError: { code: answer.error?.code ?? "UNAVAILABLE", message: answer.error?.message ?? "node invoke failed" } });
      return readAnswer(answer);
    },
    settle(answer) {
      const entry = waiting.get(answer.id);
      if (!entry || entry.nodeId !== answer.nodeId) return false;
      entry.settle({ answer });
      return true;
    },
  };
}

function offlineInfo(device: PairedDevice): NodeInfo {
  const { deviceId, displayName, platform, deviceFamily, remoteIp, clientId, clientMode } = device;
  return {
    nodeId: deviceId,
    ...(displayName === undefined ? {} : { displayName }),
    ...(platform === undefined ? {} : { platform }),
    ...(deviceFamily === undefined ? {} : { deviceFamily }),
    ...(remoteIp === undefined ? {} : { remoteIp }),
    ...(clientId === undefined ? {} : { clientId }),
    ...(clientMode === undefined ? {} : { clientMode }),
    caps: [],
    commands: [],
    paired: true,
    connected: false,
  };
}

/** A name given here wins over the one the node tells. */
function nameOf(paired: NodeInfo | undefined, told: { displayName?: string }): { displayName?: string } {
  const displayName = paired?.displayName ?? told.displayName;
  return displayName === undefined ? {} : { displayName };
}

/** Apple and the node host answer with a JSON string, Android with a value. */
function readAnswer(answer: NodeAnswer): { payload: unknown; payloadJSON: string | null } {
  if (typeof answer.payloadJSON !== "string") return { payload: answer.payload ?? null, payloadJSON: null };
  try {
    return { payload: JSON.parse(answer.payloadJSON) as unknown, payloadJSON: answer.payloadJSON };
  } catch (error) {
    throw fault("node.failed", { reason: "the node answered with broken JSON", nodeError: { code: "INVALID_RESPONSE", message: String(error) } });
  }
}
