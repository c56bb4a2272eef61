// How deep and how wide a JSON text is, before it is parsed: a small frame can otherwise grow to gigabytes. Pure.

export const maxDepth = 64;
export const maxKeys = 100_000;
/** Array elements and members together. */
const maxItems = 1_000_000;

/** What breaks the bounds; undefined when nothing does. It does not check that the text is JSON. */
export function boundsProblem(text: string): "too deep" | "too many keys" | "too many items" | undefined {
  let depth = 0;
  let keys = 0;
  let items = 0;
  for (let index = 0; index < text.length; index++) {
    switch (text.charCodeAt(index)) {
      case 0x22: // "
        index = endOfString(text, index);
        break;
      case 0x7b: // {
      case 0x5b: // [
        if (++depth > maxDepth) return "too deep";
        break;
      case 0x7d: // }
      case 0x5d: // ]
        depth--;
        break;
      case 0x3a: // :
        if (++keys > maxKeys) return "too many keys";
        break;
      case 0x2c: // ,
        if (++items > maxItems) return "too many items";
        break;
    }
  }
  return undefined;
}

/** Index of the closing quote; jumps from quote to quote so that long texts cost little. */
function endOfString(text: string, start: number): number {
  let from = start + 1;
  for (;;) {
    const quote = text.indexOf('"', from);
    if (quote === -1) return text.length;
    let slashes = 0;
    while (text.charCodeAt(quote - 1 - slashes) === 0x5c) slashes++;
    if (slashes % 2 === 0) return quote;
    from = quote + 1;
  }
}
