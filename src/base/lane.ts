// Keyed serial queues under one global cap: work of one key runs in the order of its places, never two at once.
import { fault } from "./faults.ts";

/** A position in a key's order. Take it synchronously, wait for its turn later, always release it. */
export interface Place {
  readonly key: string;
  /** How many places of the same key stand before this one; 0 once it was released. */
  ahead(): number;
  /** Resolves when it is this place's turn and a global slot is free; rejects when aborted (the place is then released) and when the place is released meanwhile. */
  turn(signal: AbortSignal): Promise<void>;
  /** Gives the global slot back while waiting for something else, keeping the lane. */
  pause(): void;
  /** Takes a slot again after pause. Asked twice, it takes one. */
  resume(signal: AbortSignal): Promise<void>;
  /** Leaves the order. Idempotent. */
  release(): void;
}

export interface Lanes {
  /** Throws `lane.full` when the key already holds `maxPerKey` places; `always` is for work that was accepted before. */
  place(key: string, options?: { always: boolean }): Place;
  /** Places of a key, the active one included. */
  depth(key: string): number;
  /** Slots in use and places without one, over all keys. */
  load(): { active: number; waiting: number };
}

/** Someone waiting for a turn or a slot, ended by exactly one of the two. */
interface Waiter {
  grant(): void;
  refuse(reason: Error): void;
}

/** `limits` is read at every use: an object with getters follows the configuration. */
export function createLanes(limits: { readonly maxActive: number; readonly maxPerKey: number }): Lanes {
  const lanes = new Map<string, LanePlace[]>();
  const slotQueue = new Set<Waiter>();
  let active = 0;
  let places = 0;

  const giveSlot = () => {
    active--;
    for (const waiter of slotQueue) {
      if (active >= limits.maxActive) return;
      slotQueue.delete(waiter);
      active++;
      waiter.grant();
    }
  };

  class LanePlace implements Place {
    readonly key: string;
    #holdsSlot = false;
    #released = false;
    #untilHead: Waiter | undefined;
    #untilSlot: Waiter | undefined;
    #resuming: Promise<void> | undefined;
    constructor(key: string) {
      this.key = key;
    }
    ahead() {
      return Math.max(0, lanes.get(this.key)?.indexOf(this) ?? 0);
    }
    headed() {
      this.#untilHead?.grant();
    }
    async turn(signal: AbortSignal) {
      try {
        if (this.#released) throw releasedError(this.key);
        if (this.ahead() > 0) await this.#wait(signal, (waiter) => (this.#untilHead = waiter));
        await this.resume(signal);
      } catch (error) {
        this.release();
        throw error;
      }
    }
    pause() {
      if (!this.#holdsSlot) return;
      this.#holdsSlot = false;
      giveSlot();
    }
    resume(signal: AbortSignal) {
      if (this.#released) return Promise.reject(releasedError(this.key));
      if (this.#holdsSlot) return Promise.resolve();
      this.#resuming ??= this.#takeSlot(signal).finally(() => (this.#resuming = undefined));
      return this.#resuming;
    }
    async #takeSlot(signal: AbortSignal) {
      signal.throwIfAborted();
      if (active < limits.maxActive) active++;
      else {
        await this.#wait(signal, (waiter) => {
          if (this.#untilSlot) slotQueue.delete(this.#untilSlot);
          this.#untilSlot = waiter;
          if (waiter) slotQueue.add(waiter);
        });
      }
      this.#holdsSlot = true;
    }
    /** Waits for a grant; `keep` is told who waits, and undefined when the waiting is over. */
    #wait(signal: AbortSignal, keep: (waiter: Waiter | undefined) => void): Promise<void> {
      return new Promise((resolve, reject) => {
        const end = () => {
          signal.removeEventListener("abort", onAbort);
          keep(undefined);
        };
        const onAbort = () => {
          end();
          reject(signal.reason as Error);
        };
        if (signal.aborted) return onAbort();
        signal.addEventListener("abort", onAbort, { once: true });
        keep({
          grant: () => {
            end();
            resolve();
          },
          refuse: (reason) => {
            end();
            reject(reason);
          },
        });
      });
    }
    release() {
      if (this.#released) return;
      this.#released = true;
      places--;
      this.#untilHead?.refuse(releasedError(this.key));
      this.#untilSlot?.refuse(releasedError(this.key));
      this.pause();
      const lane = lanes.get(this.key);
      if (!lane) return;
      const wasHead = lane[0] === this;
      lane.splice(lane.indexOf(this), 1);
      if (lane.length === 0) lanes.delete(this.key);
      else if (wasHead) lane[0]?.headed();
    }
  }

  return {
    place(key, options) {
      const lane = lanes.get(key) ?? [];
      if (lane.length >= limits.maxPerKey && !options?.always) throw fault("lane.full", { key, limit: limits.maxPerKey });
      const place = new LanePlace(key);
      lane.push(place);
      lanes.set(key, lane);
      places++;
      return place;
    },
    depth: (key) => lanes.get(key)?.length ?? 0,
    load: () => ({ active, waiting: places - active }),
  };
}

function releasedError(key: string): Error {
  return new Error(`the place in ${key} was released`);
}
