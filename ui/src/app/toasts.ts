// Short notes that come and go: the outcome of an action that has no place of its own.
import { createValue, type Value } from "./value.ts";
import { problemOf } from "./problem.ts";

export interface Toast {
  id: number;
  tone: "good" | "info" | "bad";
  text: string;
}

export interface Toasts {
  readonly list: Value<readonly Toast[]>;
  add(tone: Toast["tone"], text: string): void;
  /** Says what failed and why. */
  failed(what: string, error: unknown): void;
  dismiss(id: number): void;
}

const shownMs = 5_000;
const maxShown = 4;

export function createToasts(): Toasts {
  const list = createValue<readonly Toast[]>([]);
  let nextId = 1;
  const dismiss = (id: number): void => list.set(list.get().filter((toast) => toast.id !== id));
  const add = (tone: Toast["tone"], text: string): void => {
    const id = nextId++;
    list.set([...list.get().slice(1 - maxShown), { id, tone, text }]);
    // What went wrong stays until it is read.
    if (tone !== "bad") setTimeout(() => dismiss(id), shownMs);
  };
  return { list, add, dismiss, failed: (what, error) => add("bad", `${what}: ${problemOf(error).what}`) };
}
