import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Message } from "../sdk/provider.ts";
import { cut, oneLine, plainText, spokenText } from "./text.ts";

const user = (content: string): Message => ({ role: "user", content, timestamp: 1 });
const answer = (content: unknown): Message => ({ role: "assistant", content }) as Message; // only what is read here

describe("messages as plain text", () => {
  it.each([
    ["[WhatsApp Ann +1 2026-01-27 10:00] hello", "hello"],
    ["[Telegram Bob 2026-01-27T10:00Z]\nhello", "hello"],
    ["hello\n[message_id: 5]", "hello"],
    ["[note] this stays", "[note] this stays"],
    ["plain", "plain"],
  ])("%j was spoken as %j", (text, spoken) => {
    expect(spokenText(text)).toBe(spoken);
    expect(plainText(user(text))).toBe(spoken);
  });

  it("shows media and, without words, calls", () => {
    expect(plainText(answer([{ type: "thinking", thinking: "hm" }, { type: "text", text: "yes" }, { type: "toolCall", name: "read" }]))).toBe("yes");
    expect(plainText(answer([{ type: "toolCall", name: "a" }, { type: "toolCall", name: "b" }, { type: "toolCall", name: "c" }]))).toBe("call a, b +1");
    expect(plainText({ role: "user", content: [{ type: "text", text: "look" }, { type: "image", data: "", mimeType: "image/png" }] })).toBe("look\n[image]");
  });

  it("is cut on one line without half a character", () => {
    expect(oneLine("a  b\n\nc", 10)).toBe("a b c");
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), fc.integer({ min: 2, max: 20 }), (text, limit) => {
        const short = cut(text, limit);
        expect(short.length).toBeLessThanOrEqual(limit);
        expect(short.isWellFormed()).toBe(true);
      }),
    );
  });
});
