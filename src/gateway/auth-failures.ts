// Failed sign-ins, counted per address and kind of credential: strangers are locked out for longer and longer, this machine only waits.
import type { Clock } from "../base/clock.ts";

export type CredentialKind = "shared" | "device-token" | "signature" | "link";

export interface AuthFailures {
  /** How long this address must stay away; 0 when it may try. Loopback is never locked out. */
  lockedMs(addressKey: string, kind: CredentialKind, local: boolean): number;
  /** Books a failure; returns how long the refusal should be held back. */
  failed(addressKey: string, kind: CredentialKind, local: boolean): number;
}

const windowMs = 60_000;
const firstDelayMs = 100;
const longestDelayMs = 5_000;
const firstLockMs = 1_000;
const longestLockMs = 300_000;
const maxTracked = 10_000;

interface Track { count: number; windowEndsAt: number; lockedUntil: number }

export function createAuthFailures(deps: { clock: Clock; /** Failures per minute before delays start. */ limit(): number }): AuthFailures {
  const { clock } = deps;
  const tracks = new Map<string, Track>();

  const trackOf = (key: string): Track => {
    const now = clock.monotonic();
    const known = tracks.get(key);
    if (known && known.windowEndsAt > now) return known;
    const fresh: Track = { count: 0, windowEndsAt: now + windowMs, lockedUntil: 0 };
    tracks.delete(key);
    tracks.set(key, fresh);
    if (tracks.size > maxTracked) {
      for (const oldest of tracks.keys()) {
        tracks.delete(oldest);
        break;
      }
    }
    return fresh;
  };

  return {
    lockedMs(addressKey, kind, local) {
      const track = tracks.get(`${kind}|${addressKey}`);
      return local || !track ? 0 : Math.max(0, Math.ceil(track.lockedUntil - clock.monotonic()));
    },
    failed(addressKey, kind, local) {
      const track = trackOf(`${kind}|${addressKey}`);
      track.count++;
      const over = track.count - deps.limit();
      if (over < 0) return 0;
      const factor = 2 ** Math.min(over, 20);
      if (local) return Math.min(firstDelayMs * factor, longestDelayMs);
      const now = clock.monotonic();
      const lockMs = Math.min(firstLockMs * factor, longestLockMs);
      track.lockedUntil = now + lockMs;
      track.windowEndsAt = Math.max(track.windowEndsAt, now + lockMs + windowMs); // patience does not reset the growth
      return 0;
    },
  };
}
