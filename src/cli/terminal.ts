// The terminal as a command sees it: two ways out, colours where they show, input that is read to its end.
import { styleText } from "node:util";

export type Paint = Parameters<typeof styleText>[0];

export interface Terminal {
  /** To standard output, exactly as given. */
  out(text: string): void;
  /** To standard error, exactly as given. */
  err(text: string): void;
  readonly isOutTty: boolean;
  readonly isErrTty: boolean;
  readonly isInTty: boolean;
  readonly columns: number;
  /** For text on standard output; plain where colours do not belong. */
  paint(style: Paint, text: string): string;
  paintErr(style: Paint, text: string): string;
  /** All of standard input. Throws when it is larger than `limitBytes`. */
  readInput(limitBytes: number): Promise<string>;
}

export function systemTerminal(options: { color: boolean }): Terminal {
  const { stdin, stdout, stderr } = process;
  const paintOn = (stream: NodeJS.WriteStream, style: Paint, text: string) => (options.color ? styleText(style, text, { stream }) : text);
  return {
    out: (text) => void stdout.write(text),
    err: (text) => void stderr.write(text),
    isOutTty: stdout.isTTY === true,
    isErrTty: stderr.isTTY === true,
    isInTty: stdin.isTTY === true,
    columns: stdout.columns ?? 100,
    paint: (style, text) => paintOn(stdout, style, text),
    paintErr: (style, text) => paintOn(stderr, style, text),
    async readInput(limitBytes) {
      const parts: Buffer[] = [];
      let size = 0;
      for await (const part of stdin as AsyncIterable<Buffer>) {
        size += part.length;
        if (size > limitBytes) throw new Error(`standard input is larger than ${limitBytes} bytes`);
        parts.push(part);
      }
      return Buffer.concat(parts).toString("utf8");
    },
  };
}

/** Text from elsewhere on one line: no escapes, no control or direction characters that could forge a line. */
export function plain(text: string): string {
  return text.replace(/[\s\p{Cc}\u2028\u2029]+/gu, " ").replace(hidden, "").trim();
}

/** The same for running text: lines and tabs stay. */
export function plainLines(text: string): string {
  return text.replace(/\r\n?/g, "\n").replace(/(?![\n\t])\p{Cc}/gu, "").replace(hidden, "");
}

const hidden = /[\u202a-\u202e\u2066-\u2069]/g;
