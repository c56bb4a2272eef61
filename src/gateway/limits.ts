// The bounds of the door as numbers, from the present configuration.
import type { Config } from "../config/config.ts";
import { frameLimits } from "../protocol/frames.ts";

export interface GatewayLimits {
  preAuthPerAddress: number;
  preAuthTotal: number;
  maxConnections: number;
  requestsPerSecond: number;
  inFlightPerConnection: number;
  maxBufferedBytes: number;
  authFailuresPerMinute: number;
}

const usual: GatewayLimits = {
  preAuthPerAddress: 64,
  preAuthTotal: 512,
  maxConnections: 12_000,
  requestsPerSecond: 5_000,
  inFlightPerConnection: 64,
  maxBufferedBytes: frameLimits.maxBufferedBytes,
  authFailuresPerMinute: 10,
};

/** Read often: worked out once per configuration. */
export function createLimits(config: Pick<Config, "current">): () => GatewayLimits {
  let seen: unknown;
  let limits = usual;
  return () => {
    const snapshot = config.current();
    if (snapshot !== seen) {
      seen = snapshot;
      limits = { ...usual, ...snapshot.value.gateway.limits };
    }
    return limits;
  };
}
