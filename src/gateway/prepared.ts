// Answers that many callers get alike, such as the health snapshot or the messages of a history, are turned into JSON once.

const texts = new WeakMap<object, string>();
const composites = new WeakSet<object>();

/** Remembers the JSON of a value that will not change any more. */
export function prepare<T extends object>(value: T): T {
  if (!texts.has(value)) texts.set(value, JSON.stringify(value));
  return value;
}

/** Length of the JSON of a prepared value. */
export function preparedLength(value: object): number {
  return texts.get(value)?.length ?? 0;
}

/** An answer with prepared parts: it and its lists are put together from their members' JSON. */
export function inParts<T extends object>(value: T): T {
  composites.add(value);
  return value;
}

export function toJson(value: unknown): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  const text = texts.get(value);
  if (text !== undefined) return text;
  if (!composites.has(value)) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(toJson).join(",")}]`;
  const members: string[] = [];
  for (const [name, member] of Object.entries(value)) if (member !== undefined) members.push(`${JSON.stringify(name)}:${toJson(member)}`);
  return `{${members.join(",")}}`;
}
