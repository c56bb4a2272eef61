// An answer on its way to the terminal: every piece at once, nothing twice, messages of one turn apart from each other.
import { plainLines } from "./terminal.ts";

export interface ReplyPrinter {
  /** A piece of the answer; `isNew` begins another message of the same turn. */
  delta(text: string, isNew: boolean): void;
  /** Before something else is written: true when the line is not finished, once for each such line. */
  breakLine(): boolean;
  /** The whole answer as the gateway keeps it; what of it was not shown yet is added. */
  end(whole: string): void;
}

/** `shared`: what else is written stands on the same screen, so that a line that was broken for it has ended. */
export function createReplyPrinter(write: (text: string) => void, { shared = false }: { shared?: boolean } = {}): ReplyPrinter {
  /** The message being written, as received. */
  let message = "";
  let hasShown = false;
  let lastChar = "\n";
  let isBroken = false;
  const isMidLine = () => hasShown && lastChar !== "\n" && !(shared && isBroken);

  const show = (text: string): void => {
    const clean = plainLines(text);
    if (clean === "") return;
    write(clean);
    hasShown = true;
    isBroken = false;
    lastChar = clean.at(-1) ?? lastChar;
  };
  const newParagraph = (): void => {
    if (hasShown) show(isMidLine() ? "\n\n" : "\n");
  };

  return {
    delta(text, isNew) {
      if (isNew) {
        newParagraph();
        message = "";
      }
      message += text;
      show(text);
    },
    breakLine() {
      if (!hasShown || lastChar === "\n" || isBroken) return false;
      isBroken = true;
      return true;
    },
    end(whole) {
      const [shown, final] = [message.trimStart(), whole.trim()];
      if (final !== "" && !shown.trimEnd().endsWith(final)) {
        if (shown !== "" && final.startsWith(shown)) show(final.slice(shown.length));
        else {
          newParagraph();
          show(final);
        }
      }
      if (isMidLine()) show("\n");
    },
  };
}
