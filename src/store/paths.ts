// The state directory's layout, in one place.
import { join } from "node:path";

export interface Paths {
  readonly stateDir: string;
  /** The configuration in use: config.yaml, or an adopted openclaw.json. */
  readonly config: string;
  readonly stateDb: string;
  readonly lock: string;
  readonly identityDir: string;
  /** 0600 key from which device tokens are derived. */
  readonly serverKey: string;
  /** 0600: the shared token made on first start when neither the configuration nor the environment has one. */
  readonly gatewayToken: string;
  /** 0600: the key of this host's own command line; whoever can read it is approved on the host. */
  readonly hostDevice: string;
  readonly vault: string;
  readonly vaultKey: string;
  readonly blobs: string;
  readonly audit: string;
  readonly logs: string;
  readonly tls: string;
  readonly workspace: string;
  readonly extensionsDir: string;
  agentDir(agentId: string): string;
  sessionsDir(agentId: string): string;
  scratchDir(agentId: string): string;
}

export function createPaths(stateDir: string, config: string): Paths {
  const at = (...parts: string[]) => join(stateDir, ...parts);
  return {
    stateDir,
    config,
    stateDb: at("state.db"),
    lock: at("gateway.lock"),
    identityDir: at("identity"),
    serverKey: at("identity", "server.key"),
    gatewayToken: at("identity", "gateway.token"),
    hostDevice: at("identity", "device.json"),
    vault: at("vault.json"),
    vaultKey: at("identity", "vault.key"),
    blobs: at("blobs"),
    audit: at("audit"),
    logs: at("logs"),
    tls: at("tls"),
    workspace: at("workspace"),
    extensionsDir: at("extensions"),
    agentDir: (agentId) => at("agents", agentId, "agent"),
    sessionsDir: (agentId) => at("agents", agentId, "sessions"),
    scratchDir: (agentId) => at("agents", agentId, "scratch"),
  };
}
