// A value that tells when it changes: all the state handling the UI has.

export interface Subscribable {
  /** Called after every change. Returns the function that stops it. */
  subscribe(listener: () => void): () => void;
}

export interface Value<T> extends Subscribable {
  get(): T;
  set(next: T): void;
}

export function createValue<T>(initial: T): Value<T> {
  const listeners = new Set<() => void>();
  let current = initial;
  return {
    get: () => current,
    set(next) {
      if (Object.is(next, current)) return;
      current = next;
      for (const listener of listeners) listener();
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}
