// Pieces of an answer on their way to the terminal.
import { describe, expect, it } from "vitest";
import { createFakeTerminal } from "./fake-terminal.ts";
import { createReplyPrinter } from "./reply-printer.ts";
import { createToolPrinter } from "./tool-printer.ts";

function printed(play: (printer: ReturnType<typeof createReplyPrinter>) => void): string[] {
  const writes: string[] = [];
  play(createReplyPrinter((text) => void writes.push(text)));
  return writes;
}

describe("an answer", () => {
  it("is written piece by piece, each at once, and ends its line", () => {
    expect(printed((reply) => {
      reply.delta("one ", false);
      reply.delta("two", false);
      reply.end("one two");
    })).toEqual(["one ", "two", "\n"]);
  });

  it("that came whole is written whole", () => {
    expect(printed((reply) => reply.end("all of it")).join("")).toBe("all of it\n");
  });

  it("whose end was missed is completed, not repeated", () => {
    expect(printed((reply) => {
      reply.delta("the begin", false);
      reply.end("the beginning and the end");
    }).join("")).toBe("the beginning and the end\n");
    expect(printed((reply) => {
      reply.delta("first ", false);
      reply.end("first second");
    }).join("")).toBe("first second\n");
  });

  it("of several messages keeps them apart", () => {
    expect(printed((reply) => {
      reply.delta("I look.", false);
      reply.delta("Found it.", true);
      reply.end("Found it.");
    }).join("")).toBe("I look.\n\nFound it.\n");
  });

  it("that differs from what was shown is shown as it is kept", () => {
    expect(printed((reply) => {
      reply.delta("half of a failed attempt", false);
      reply.end("the answer of the next model");
    }).join("")).toBe("half of a failed attempt\n\nthe answer of the next model\n");
  });

  it("cannot move the cursor or clear the screen", () => {
    expect(printed((reply) => reply.end("a\u001b[2Jb\rc\u0007\n\td")).join("")).toBe("a[2Jb\nc\n\td\n");
  });

  it("that is empty writes nothing", () => {
    expect(printed((reply) => reply.end(""))).toEqual([]);
  });
});

describe("tool activity", () => {
  it("is one line each, on a line of its own, with a stranger's text made harmless", () => {
    const terminal = createFakeTerminal();
    const reply = createReplyPrinter((text) => terminal.err(text), { shared: true });
    const tools = createToolPrinter(terminal, reply);
    reply.delta("I look.", false);
    tools.show({ phase: "start", name: "read", args: { path: "notes\u001b[1m.md", limit: 10 } });
    tools.show({ phase: "update", name: "read" });
    tools.show({ phase: "result", name: "read", isError: false, meta: "12 ms" });
    tools.show({ phase: "result", name: "write", isError: true });
    reply.delta("Found it.", true);
    reply.end("Found it.");
    expect(terminal.errors()).toBe("I look.\n⚙ read path=notes [1m.md limit=10\n  ✓ read (12 ms)\n  ✗ write\n\nFound it.\n");
  });

  it("leaves the answer as it is where that goes elsewhere", () => {
    const terminal = createFakeTerminal();
    const reply = createReplyPrinter((text) => terminal.out(text));
    const tools = createToolPrinter(terminal, reply);
    reply.delta("I look.", false);
    tools.show({ phase: "start", name: "read" });
    reply.delta("Found it.", true);
    reply.end("Found it.");
    expect(terminal.output()).toBe("I look.\n\nFound it.\n");
    expect(terminal.errors()).toBe("\n⚙ read\n");
  });
});
