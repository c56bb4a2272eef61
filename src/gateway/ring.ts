// The last events, kept so that a client that was away gets exactly what it missed, or is told to read anew.
import type { Clock } from "../base/clock.ts";
import type { WireEvent } from "../protocol/events.ts";
import type { Caller, ProtocolVersion } from "../protocol/scopes.ts";

/** What a connection asked to be told beyond what everybody gets. */
export interface Subscriptions {
  /** sessions.subscribe */
  sessionList: boolean;
  /** Canonical keys of sessions.messages.subscribe and of a node's chat.subscribe, with the spelling that was used. */
  sessions: Map<string, string>;
}

/** Whoever may be shown an event: an open connection, or what is remembered of a closed one. */
export interface Viewer {
  readonly caller: Caller | undefined;
  readonly subscriptions: Subscriptions | undefined;
  spoken(canonical: string): string | undefined;
}

/** One event as it was pushed. What it shows is made when it is asked for, so that keeping it costs little. */
export interface Pushed {
  event: WireEvent;
  /** Who among those with the scope; absent is all of them. */
  audience?: (viewer: Viewer) => boolean;
  protocols: readonly ProtocolVersion[];
  /** The session it is about: protocol 3 gets the spelling it knows. */
  session?: { key: string; spoken?: string };
  stateVersion?: () => { presence: number; health: number };
  render(view: { protocol: ProtocolVersion; sessionKey: string | undefined }): unknown;
  /** Rough size of what is held. */
  sizeBytes: number;
}

/** Where a connection stands in the stream; kept for a while after it closed. */
export interface StreamPosition {
  viewer: Viewer;
  /** Number of the last event it was sent. */
  seq: number;
  /** Ring position of the last event that was offered to it. */
  index: number;
  /** Since when the same events are visible to it. */
  stable: { seq: number; index: number };
}

export type Missed = { resync: false; events: { pushed: Pushed; seq: number }[] } | { resync: true; reason: string };

export interface EventRing {
  /** Position of the newest event. */
  head(): number;
  push(entry: Pushed): number;
  /** Remembers a closed connection. */
  retire(connId: string, position: StreamPosition): void;
  retired(connId: string): StreamPosition | undefined;
  /** What the viewer missed after `lastSeq`, up to and including ring position `until`. */
  missed(position: StreamPosition, lastSeq: number, until: number): Missed;
}

export const ringLimits = { events: 10_000, ageMs: 600_000, bytes: 16_777_216, retired: 2_048 } as const;

export function createEventRing(clock: Clock): EventRing {
  const entries: { pushed: Pushed; at: number }[] = [];
  /** Ring position of entries[first]. */
  let base = 1;
  let first = 0;
  let bytes = 0;
  const retired = new Map<string, { position: StreamPosition; at: number }>();

  const trim = () => {
    const oldest = clock.monotonic() - ringLimits.ageMs;
    for (let entry = entries[first]; entry; entry = entries[first]) {
      if (entries.length - first <= ringLimits.events && bytes <= ringLimits.bytes && entry.at >= oldest) break;
      bytes -= entry.pushed.sizeBytes;
      first++;
      base++;
    }
    if (first < 4_096 || first * 2 < entries.length) return;
    entries.splice(0, first);
    first = 0;
  };

  const head = () => base + entries.length - first - 1;
  const at = (index: number) => entries[first + index - base]?.pushed;

  return {
    head,
    push(pushed) {
      entries.push({ pushed, at: clock.monotonic() });
      bytes += pushed.sizeBytes;
      trim();
      return head();
    },
    retire(connId, position) {
      retired.delete(connId);
      retired.set(connId, { position, at: clock.monotonic() });
      const oldest = clock.monotonic() - ringLimits.ageMs;
      for (const [id, old] of retired) {
        if (retired.size <= ringLimits.retired && old.at >= oldest) break;
        retired.delete(id);
      }
    },
    retired: (connId) => retired.get(connId)?.position,
    missed(position, lastSeq, until) {
      trim();
      if (lastSeq > position.seq) return { resync: true, reason: "the number is ahead of the stream" };
      if (lastSeq < position.stable.seq) return { resync: true, reason: "what is visible changed since" };
      if (position.index + 1 < base && until > position.index) return { resync: true, reason: "too much happened since" };
      const events: { pushed: Pushed; seq: number }[] = [];
      let seq = position.seq;
      for (let index = position.index; seq > lastSeq; index--) {
        const pushed = at(index);
        if (!pushed) return { resync: true, reason: "too much happened since" };
        if (isVisible(pushed, position.viewer)) events.push({ pushed, seq: seq-- });
      }
      events.reverse();
      seq = position.seq;
      for (let index = position.index + 1; index <= until; index++) {
        const pushed = at(index);
        if (pushed && isVisible(pushed, position.viewer)) events.push({ pushed, seq: ++seq });
      }
      return { resync: false, events };
    },
  };
}

/** Scope first, then protocol, then what the connection asked for. Nodes get only what everybody may see. */
export function isVisible(pushed: Pushed, viewer: Viewer): boolean {
  const { caller } = viewer;
  if (!caller || !pushed.protocols.includes(caller.protocol)) return false;
  const { scope } = pushed.event;
  if (scope !== undefined && (caller.role !== "operator" || !holdsScope(caller, scope))) return false;
  return pushed.audience?.(viewer) ?? true;
}

function holdsScope(caller: Caller, scope: string): boolean {
  return caller.scopes.includes("operator.admin") || caller.scopes.some((held) => held === scope || (scope === "operator.read" && held === "operator.write"));
}
