// The in-process Bus: domain events to whoever subscribed, at once and in order. A subscriber that throws hurts nobody else.
import type { Log } from "../base/log.ts";
import type { Bus, DomainEventName, DomainEvents } from "../sdk/events.ts";

export function createBus(log: Log): Bus {
  const handlers = new Map<DomainEventName, Set<(payload: never) => void>>();
  return {
    emit<N extends DomainEventName>(name: N, payload: DomainEvents[N]) {
      for (const handler of handlers.get(name) ?? []) {
        try {
          handler(payload as never); // `on` took it under the same name
        } catch (error) {
          log.error("a subscriber of an event failed", { event: name, error });
        }
      }
    },
    on(name, handler) {
      const known = handlers.get(name) ?? new Set();
      handlers.set(name, known);
      known.add(handler as (payload: never) => void);
      return () => void known.delete(handler as (payload: never) => void);
    },
  };
}
