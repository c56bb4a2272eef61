// Something read from the gateway: loaded when first needed, read anew after gaps and reconnects, kept and marked stale while offline.
import type { Gateway } from "./gateway.ts";
import { problemOf, type Problem } from "./problem.ts";
import { createValue, type Subscribable } from "./value.ts";

export interface Reading<T> {
  phase: "loading" | "ready" | "error";
  value?: T;
  problem?: Problem;
  loadedAtMs?: number;
}

export interface Resource<T> extends Subscribable {
  get(): Reading<T>;
  /** Reads anew; what is shown stays until the answer is there. */
  reload(): Promise<void>;
  /** The same, merged with what is asked for in the same moment. */
  soon(): void;
  /** Changes the value in hand, for events that say what changed. */
  change(edit: (value: T) => T): void;
  /** Loads now and keeps fresh; the returned function stops that. */
  begin(): () => void;
}

/** Bursts of events cause one read. */
const quietMs = 60;

export function createResource<T>(deps: { gateway: Gateway; load: () => Promise<T>; refreshOn?: readonly string[]; everyMs?: number }): Resource<T> {
  const { gateway } = deps;
  const reading = createValue<Reading<T>>({ phase: "loading" });
  let turn = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const reload = async (): Promise<void> => {
    const own = ++turn;
    try {
      const value = await deps.load();
      if (own === turn) reading.set({ phase: "ready", value, loadedAtMs: Date.now() });
    } catch (error) {
      // Offline is not the resource's own failure: what is known stays and is marked stale.
      if (own === turn && gateway.isOnline()) reading.set({ ...reading.get(), phase: "error", problem: problemOf(error) });
    }
  };

  const soon = (): void => {
    timer ??= setTimeout(() => {
      timer = undefined;
      void reload();
    }, quietMs);
  };

  return {
    get: () => reading.get(),
    subscribe: (listener) => reading.subscribe(listener),
    reload,
    soon,
    change(edit) {
      const now = reading.get();
      if (now.value !== undefined) reading.set({ ...now, value: edit(now.value) });
    },
    begin() {
      const stops = [gateway.on("online", () => void reload()), gateway.on("gap", soon), ...(deps.refreshOn ?? []).map((event) => gateway.on(event, soon))];
      const ticking = deps.everyMs === undefined ? undefined : setInterval(() => gateway.isOnline() && void reload(), deps.everyMs);
      if (gateway.isOnline()) void reload();
      return () => {
        for (const stop of stops) stop();
        clearTimeout(timer);
        timer = undefined;
        clearInterval(ticking);
      };
    },
  };
}
