// Everything that can be done, in one list: the palette searches it, the keyboard reaches it, `?` shows it.
import type { Subscribable } from "./value.ts";
import { createValue } from "./value.ts";

export interface Command {
  id: string;
  title: string;
  group: string;
  /** `mod+k`, `?`, `Escape`, or a sequence such as `g c`. */
  keys?: string;
  icon?: string;
  /** Also while typing. */
  always?: boolean;
  enabled?: () => boolean;
  run(): void;
}

export interface Commands extends Subscribable {
  /** Adds commands while something is on screen; the returned function takes them away. */
  add(commands: readonly Command[]): () => void;
  list(): readonly Command[];
  /** Handles a key press; true when a command took it. */
  press(event: KeyboardEvent): boolean;
}

const sequenceMs = 1_000;

export function createCommands(now: () => number): Commands {
  const sets = createValue<readonly (readonly Command[])[]>([]);
  let pending: { key: string; at: number } | undefined;

  const usable = (): Command[] => sets.get().flat().filter((command) => command.enabled?.() ?? true);

  return {
    subscribe: (listener) => sets.subscribe(listener),
    add(commands) {
      sets.set([...sets.get(), commands]);
      return () => sets.set(sets.get().filter((set) => set !== commands));
    },
    list: usable,
    press(event) {
      if (event.defaultPrevented || event.isComposing) return false;
      const typing = isTyping(event);
      const stroke = strokeOf(event);
      const earlier = pending !== undefined && now() - pending.at < sequenceMs ? pending.key : undefined;
      pending = undefined;
      // The newest set wins: what is on top answers first.
      const candidates = usable().reverse().filter((command) => command.keys !== undefined && (!typing || command.always === true || stroke.startsWith("mod+")));
      const hit = (earlier === undefined ? undefined : candidates.find((command) => command.keys === `${earlier} ${stroke}`)) ?? candidates.find((command) => command.keys === stroke);
      if (hit === undefined) {
        if (!typing && candidates.some((command) => command.keys?.startsWith(`${stroke} `))) pending = { key: stroke, at: now() };
        return false;
      }
      event.preventDefault();
      hit.run();
      return true;
    },
  };
}

function strokeOf(event: KeyboardEvent): string {
  const mod = event.ctrlKey || event.metaKey ? "mod+" : "";
  const alt = event.altKey ? "alt+" : "";
  return `${mod}${alt}${event.key.length === 1 ? event.key.toLowerCase() : event.key}`;
}

/** Shadow roots hide the real target; the composed path does not. */
function isTyping(event: KeyboardEvent): boolean {
  const target = event.composedPath()[0];
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || target.matches("input:not([type=checkbox], [type=radio], [type=button]), textarea, select");
}

/** Keys as shown in lists: `mod+k` → `Ctrl K`. */
export function keysShown(keys: string, mac: boolean): string[] {
  return keys.split(/[ +]/).map((key) => (key === "mod" ? (mac ? "⌘" : "Ctrl") : key.length === 1 ? key.toUpperCase() : key === "Escape" ? "Esc" : key));
}
