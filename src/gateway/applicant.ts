// Who asks to come in: what `connect` said, where it came from, and the device it proved to be.
import type { ConnectParams } from "../protocol/connect.ts";
import type { ProtocolVersion, Role } from "../protocol/scopes.ts";
import type { Peer } from "./door.ts";

/** The device behind a connection, proved. */
export interface ProvenDevice { deviceId: string; publicKey: string }

export interface Applicant {
  connId: string;
  peer: Peer;
  protocol: ProtocolVersion;
  role: Role;
  /** As sent. */
  scopes: readonly string[];
  params: ConnectParams;
  clientId: string;
  device: ProvenDevice | undefined;
  headers: Readonly<Record<string, string | string[] | undefined>>;
}
