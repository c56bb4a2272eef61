// The address is the state: `#/place/path?query` is read and written here and nowhere else.
import { createValue, type Value } from "./value.ts";

export interface Place {
  name: string;
  path: readonly string[];
  query: Readonly<Record<string, string>>;
}

export interface Router {
  readonly place: Value<Place>;
  href(name: string, path?: readonly string[], query?: Record<string, string | undefined>): string;
  go(name: string, path?: readonly string[], query?: Record<string, string | undefined>): void;
  /** Changes the query of the present place without a step in the history. */
  refine(query: Record<string, string | undefined>): void;
  start(): () => void;
}

export const firstPlace = "chat";

/** Reads an address. Anything odd leads to the first place. */
export function readPlace(hash: string): Place {
  const [path = "", search = ""] = hash.replace(/^#\/?/, "").split("?", 2);
  const parts = path.split("/").filter((part) => part !== "").map(decoded);
  return { name: parts[0] ?? firstPlace, path: parts.slice(1), query: Object.fromEntries(new URLSearchParams(search)) };
}

export function writePlace(name: string, path: readonly string[] = [], query: Record<string, string | undefined> = {}): string {
  const search = new URLSearchParams(Object.entries(query).filter((entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== "")).toString();
  // A colon needs no escape here, and session keys are full of them.
  const parts = [name, ...path].map((part) => encodeURIComponent(part).replaceAll("%3A", ":"));
  return `#/${parts.join("/")}${search === "" ? "" : `?${search}`}`;
}

export function createRouter(page: Window): Router {
  const place = createValue(readPlace(page.location.hash));
  const read = (): void => place.set(readPlace(page.location.hash));
  return {
    place,
    href: writePlace,
    go(name, path, query) {
      const target = writePlace(name, path, query);
      if (page.location.hash !== target) page.location.hash = target;
    },
    refine(query) {
      const { name, path, query: before } = place.get();
      page.history.replaceState(null, "", writePlace(name, path, { ...before, ...query }));
      read();
    },
    start() {
      page.addEventListener("hashchange", read);
      return () => page.removeEventListener("hashchange", read);
    },
  };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part; // a stray percent sign: shown as it stands
  }
}
