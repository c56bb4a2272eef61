// Which secret a connect shows: the shared one or the device's own token, and which of them is left after a refusal.
import type { Credentials as Used, Reaction } from "./refusals.ts";

export interface Auth {
  token?: string;
  password?: string;
  deviceToken?: string;
}

export interface Credentials {
  /** `auth` of connect. The device token travels in `token` as well: that is the member the signature covers. */
  chosen(): Auth | undefined;
  /** What the last attempt used, for reading its refusal. */
  used(): Used;
  /** A token that came with a hello. */
  keep(deviceToken: string): void;
  /** True when a refusal leaves something else to try at once. */
  apply(reaction: Reaction): boolean;
  /** The gateway let us in: both are good again. */
  welcomed(): void;
}

export function createCredentials(given: Auth | undefined, onDropped: () => void): Credentials {
  const { token, password } = given ?? {};
  const hasShared = token !== undefined || password !== undefined;
  const shared: Auth | undefined = hasShared ? { ...(token !== undefined && { token }), ...(password !== undefined && { password }) } : undefined;
  let deviceToken = given?.deviceToken;
  let preferOwn = !hasShared;
  let swapped = false;
  const usesOwn = (): boolean => preferOwn && deviceToken !== undefined;
  return {
    chosen: () => (usesOwn() && deviceToken !== undefined ? { token: deviceToken, deviceToken } : shared),
    used: () => ({ usedShared: !usesOwn() && hasShared, usedDeviceToken: usesOwn(), hasOtherDeviceToken: !usesOwn() && deviceToken !== undefined && !swapped }),
    keep(fresh) {
      deviceToken = fresh;
      if (!hasShared) preferOwn = true;
    },
    apply(reaction) {
      if (reaction === "drop-device-token") {
        deviceToken = undefined; // at most once: there is none any more
        preferOwn = false;
        onDropped();
        return true;
      }
      if (reaction !== "use-device-token") return false;
      preferOwn = true;
      swapped = true;
      return true;
    },
    welcomed() {
      swapped = false;
    },
  };
}
