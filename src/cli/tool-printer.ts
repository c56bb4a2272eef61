// What an agent does with tools, one line each, on standard error.
import type { ReplyPrinter } from "./reply-printer.ts";
import { plain, type Terminal } from "./terminal.ts";
import { fit } from "./width.ts";

const longestDetail = 100;

export function createToolPrinter(terminal: Pick<Terminal, "err" | "paintErr">, reply: Pick<ReplyPrinter, "breakLine">) {
  const line = (text: string) => terminal.err(`${reply.breakLine() ? "\n" : ""}${terminal.paintErr("dim", text)}\n`);
  return {
    show(data: Record<string, unknown>): void {
      const name = plain(String(data["name"] ?? "tool"));
      if (data["phase"] === "start") line(`⚙ ${name} ${argumentsOf(data["args"])}`.trimEnd());
      else if (data["phase"] === "result") line(`  ${data["isError"] === true ? "✗" : "✓"} ${name}${typeof data["meta"] === "string" ? ` (${plain(data["meta"])})` : ""}`);
    },
  };
}

/** `path=notes.md limit=10` */
function argumentsOf(args: unknown): string {
  if (typeof args !== "object" || args === null) return "";
  const parts = Object.entries(args).map(([key, value]) => `${plain(key)}=${plain(typeof value === "string" ? value : (JSON.stringify(value) ?? ""))}`);
  return fit(parts.join(" "), longestDetail);
}
