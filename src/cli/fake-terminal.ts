// A terminal for tests: keeps what is written, has no colours unless asked.
import type { Terminal } from "./terminal.ts";

export interface FakeTerminal extends Terminal {
  output(): string;
  errors(): string;
}

export function createFakeTerminal(options: { input?: string; isTty?: boolean; columns?: number } = {}): FakeTerminal {
  let [out, err] = ["", ""];
  const isTty = options.isTty ?? false;
  return {
    out: (text) => void (out += text),
    err: (text) => void (err += text),
    isOutTty: isTty,
    isErrTty: isTty,
    isInTty: options.input === undefined,
    columns: options.columns ?? 80,
    paint: (_style, text) => text,
    paintErr: (_style, text) => text,
    readInput: async () => options.input ?? "",
    output: () => out,
    errors: () => err,
  };
}
