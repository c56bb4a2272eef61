// Light, dark or as the system says; kept in this browser.
import { createValue, type Value } from "./value.ts";

export type ThemeChoice = "auto" | "light" | "dark";
export interface Theme {
  readonly choice: Value<ThemeChoice>;
  next(): void;
}

const key = "openclaw.theme";
const order: readonly ThemeChoice[] = ["auto", "light", "dark"];

export function createTheme(root: HTMLElement, storage: Storage): Theme {
  const kept = storage.getItem(key);
  const choice = createValue<ThemeChoice>(kept === "light" || kept === "dark" ? kept : "auto");
  const apply = (): void => {
    if (choice.get() === "auto") delete root.dataset.theme;
    else root.dataset.theme = choice.get();
  };
  choice.subscribe(() => {
    storage.setItem(key, choice.get());
    apply();
  });
  apply();
  return { choice, next: () => choice.set(order[(order.indexOf(choice.get()) + 1) % order.length] ?? "auto") };
}
