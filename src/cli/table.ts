// Rows as aligned columns. The widest columns give way when the terminal is narrow; output that is not a terminal is never cut.
import type { Paint, Terminal } from "./terminal.ts";
import { plain } from "./terminal.ts";
import { fit, padTo, widthOf } from "./width.ts";

export interface Column<R> {
  title: string;
  value(row: R): string;
  paint?(row: R): Paint | undefined;
  align?: "right";
  /** What is copied into the next command: the last to give way, and never cut; a row that is too long runs on. */
  keep?: true;
}

const gap = 2;
const narrowest = 6;

/** Ends with a line break; empty for no rows. */
export function table<R>(terminal: Pick<Terminal, "columns" | "isOutTty" | "paint">, columns: readonly Column<R>[], rows: readonly R[]): string {
  if (rows.length === 0) return "";
  const cells = rows.map((row) => columns.map((column) => plain(column.value(row))));
  const widths = columns.map((column, index) => Math.max(widthOf(column.title), ...cells.map((line) => widthOf(line[index] ?? ""))));
  if (terminal.isOutTty) {
    shrink(widths, terminal.columns, columns.map((column) => column.keep !== true));
    shrink(widths, terminal.columns, columns.map(() => true));
  }
  const place = (text: string, index: number, last: boolean) => {
    const width = widths[index] ?? 0;
    const cut = terminal.isOutTty && columns[index]?.keep !== true ? fit(text, width) : text;
    if (columns[index]?.align === "right") return " ".repeat(Math.max(0, width - widthOf(cut))) + cut;
    return last ? cut : padTo(cut, width);
  };
  const line = (texts: readonly string[], paint: (text: string, index: number) => string) => texts.map((text, index) => paint(place(text, index, index === texts.length - 1), index)).join(" ".repeat(gap)).trimEnd();
  const head = line(columns.map((column) => column.title), (text) => terminal.paint("dim", text));
  const body = cells.map((texts, at) =>
    line(texts, (text, index) => {
      const style = columns[index]?.paint?.(rows[at] as R); // same length as cells
      return style === undefined ? text : terminal.paint(style, text);
    }),
  );
  return `${[head, ...body].join("\n")}\n`;
}

/** `name: value` lines with aligned values. */
export function facts(terminal: Pick<Terminal, "paint">, pairs: readonly (readonly [string, string | undefined])[]): string {
  const shown = pairs.filter((pair): pair is readonly [string, string] => pair[1] !== undefined && pair[1] !== "");
  const width = Math.max(0, ...shown.map(([name]) => widthOf(name)));
  return shown.map(([name, value]) => `${terminal.paint("dim", padTo(name, width))}  ${value}\n`).join("");
}

function shrink(widths: number[], columns: number, gives: readonly boolean[]): void {
  const total = () => widths.reduce((sum, width) => sum + width, 0) + gap * (widths.length - 1);
  for (let over = total() - columns; over > 0; over = total() - columns) {
    const giving = widths.map((width, index) => (gives[index] ? width : 0));
    const widest = Math.max(...giving);
    if (widest <= narrowest) return;
    const index = giving.indexOf(widest);
    const next = Math.max(narrowest, ...giving.filter((width) => width < widest));
    widths[index] = Math.max(next, widest - over);
    if (next === widest) widths[index] = widest - 1;
  }
}
