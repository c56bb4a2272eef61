// Events to connections: who sees which, numbered per connection, each text made once for all who see it alike.
import type { WireEvent } from "../protocol/events.ts";
import type { Connection } from "./connection.ts";
import type { Connections } from "./connections.ts";
import { toJson } from "./prepared.ts";
import { isVisible, type EventRing, type Pushed } from "./ring.ts";

export interface Broadcast {
  push(pushed: Pushed): void;
  /** One event for one connection, without a number. */
  send(connection: Connection, event: WireEvent, payload: unknown): void;
}

export function createBroadcast(deps: { connections: Connections; ring: EventRing }): Broadcast {
  return {
    push(pushed) {
      const index = deps.ring.push(pushed);
      const texts = new Map<string, { head: string; tail: string }>();
      for (const connection of deps.connections.signedIn()) {
        connection.position = index;
        if (isVisible(pushed, connection)) {
          const text = textFor(pushed, connection, texts);
          connection.send(`${text.head},"seq":${++connection.seq}${text.tail}`, pushed.event.droppable);
        } else if (pushed.session && isFollowingNode(connection, pushed)) {
          connection.send(targeted(pushed, connection), pushed.event.droppable);
        }
      }
    },
    send(connection, event, payload) {
      connection.send(`{"type":"event","event":${JSON.stringify(event.name)},"payload":${toJson(payload)}}`, event.droppable);
    },
  };
}

function textFor(pushed: Pushed, connection: Connection, texts: Map<string, { head: string; tail: string }>): { head: string; tail: string } {
  const protocol = connection.caller?.protocol ?? 4;
  const sessionKey = spelling(pushed, connection);
  const kind = `${protocol}|${sessionKey ?? ""}`;
  let text = texts.get(kind);
  if (!text) {
    const payload = pushed.render({ protocol, sessionKey });
    const version = pushed.stateVersion ? `,"stateVersion":${JSON.stringify(pushed.stateVersion())}` : "";
    text = { head: `{"type":"event","event":${JSON.stringify(pushed.event.name)},"payload":${toJson(payload)}`, tail: `${version}}` };
    texts.set(kind, text);
  }
  return text;
}

/** Protocol 4 always gets the canonical key; protocol 3 the one it used, else the one the sender used (protocol.md 6.2). */
export function spelling(pushed: Pushed, viewer: { caller: { protocol: 3 | 4 } | undefined; spoken(key: string): string | undefined }): string | undefined {
  if (!pushed.session) return undefined;
  if (viewer.caller?.protocol !== 3) return pushed.session.key;
  return viewer.spoken(pushed.session.key) ?? pushed.session.spoken ?? pushed.session.key;
}

/** A node that sent chat.subscribe gets that session's chat and agent events as targeted frames (protocol.md 5.1). */
function isFollowingNode(connection: Connection, pushed: Pushed): boolean {
  const { caller, subscriptions } = connection;
  return caller?.role === "node" && (pushed.event.name === "chat" || pushed.event.name === "agent") && pushed.protocols.includes(caller.protocol) && subscriptions?.sessions.has(pushed.session?.key ?? "") === true;
}

function targeted(pushed: Pushed, connection: Connection): string {
  const key = pushed.session?.key ?? "";
  const payload = pushed.render({ protocol: connection.caller?.protocol ?? 4, sessionKey: connection.subscriptions?.sessions.get(key) ?? key });
  return `{"type":"event","event":${JSON.stringify(pushed.event.name)},"payload":${toJson(payload)}}`;
}
