// A few values of the configuration without its schema: what a command needs to find the gateway. The whole reading is config/config.ts.
import { parseSource } from "../config/source.ts";
import { isMap, parsePath, valueAt } from "../config/path.ts";
import { lookupFor, substituteText } from "../config/substitute.ts";
import type { Machine } from "./machine.ts";

export interface Peek {
  /** A dot path as text, `${NAME}` filled in; undefined when absent, empty, of another type, or its variable is missing. */
  text(path: string): string | undefined;
  number(path: string): number | undefined;
  flag(path: string): boolean;
  /** Names of the entries of a map. */
  keys(path: string): string[];
}

/** A file that is missing or cannot be parsed reads as empty: the commands that care about it say so themselves. */
export async function peekConfig(machine: Machine): Promise<Peek> {
  const location = await machine.location();
  const bytes = await machine.disk.readFile(location.path);
  const parsed = bytes === undefined ? undefined : await parseSource(bytes.toString("utf8"), location.format);
  const source = parsed?.ok ? parsed.value : {};
  const lookup = lookupFor(source, machine.env.get);
  const at = (path: string) => valueAt(source, parsePath(path));
  const filled = (text: string) => {
    const { text: value, missing } = substituteText(text, lookup);
    return missing.length > 0 || value === "" ? undefined : value;
  };
  return {
    text(path) {
      const value = at(path);
      if (typeof value === "string") return filled(value);
      return isMap(value) && value["source"] === "env" && typeof value["id"] === "string" ? lookup(value["id"]) : undefined;
    },
    number(path) {
      const value = at(path);
      const number = typeof value === "string" ? Number(filled(value)) : value;
      return typeof number === "number" && Number.isFinite(number) ? number : undefined;
    },
    flag: (path) => at(path) === true,
    keys(path) {
      const value = at(path);
      return isMap(value) ? Object.keys(value) : [];
    },
  };
}
