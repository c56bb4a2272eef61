// An answer on its way to the terminal: every piece at once, nothing twice, messages of one turn apart from each other.
import { plainLines } from "./terminal.ts";

export interface ReplyPrinter {
  /** A piece of the answer; `isNew` begins another message of the same turn. */
  delta(text: string, isNew: boolean): void;
  /** Before something else is written: true when the line is not finished. */
  isMidLine(): boolean;
  /** The whole answer as the gateway keeps it; what of it was not shown yet is added. */
  end(whole: string): void;
}

export function createReplyPrinter(write: (text: string) => void): ReplyPrinter {
  /** The message being written, as received. */
  let message = "";
  let hasShown = false;
  let lastChar = "\n";

  const show = (text: string): void => {
    const clean = plainLines(text);
    if (clean === "") return;
    write(clean);
    hasShown = true;
    lastChar = clean.at(-1) ?? lastChar;
  };
  const newParagraph = (): void => {
    if (hasShown) show(lastChar === "\n" ? "\n" : "\n\n");
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
    isMidLine: () => hasShown && lastChar !== "\n",
    end(whole) {
      const [shown, final] = [message.trimStart(), whole.trim()];
      if (final !== "" && !shown.trimEnd().endsWith(final)) {
        if (shown !== "" && final.startsWith(shown)) show(final.slice(shown.length));
        else {
          newParagraph();
          show(final);
        }
      }
      if (hasShown && lastChar !== "\n") show("\n");
    },
  };
}
